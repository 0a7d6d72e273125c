package dev.nido.cli;

import dev.nido.board.device.ByteSink;
import dev.nido.board.device.SerialInput;

import java.io.IOException;

/**
 * The guest's serial port on standard input and output. On a terminal every key goes to the guest,
 * except Ctrl-A commands; from a pipe or a file every byte does.
 */
final class GuestConsole implements ByteSink, AutoCloseable {
    private static final String KEYS =
            "Ctrl-A x quit · Ctrl-A c monitor · Ctrl-A h this help · Ctrl-A Ctrl-A send Ctrl-A";

    private final Streams streams;
    private final HostTerminal terminal;
    private volatile boolean outputLost;
    private volatile SerialInput guest;
    private volatile Runnable quit;
    private volatile Monitor monitor;
    private volatile boolean mayGiveInput;
    private boolean reading;

    private GuestConsole(Streams streams, HostTerminal terminal) {
        this.streams = streams;
        this.terminal = terminal;
    }

    /** Opens the console; a terminal goes into raw mode until {@link #close}. */
    static GuestConsole open(Streams streams) {
        HostTerminal terminal = streams.process() ? HostTerminal.open() : null;
        return new GuestConsole(streams, terminal);
    }

    /** True if the user has the Ctrl-A commands. */
    boolean interactive() {
        return terminal != null;
    }

    @Override
    public void write(byte[] bytes, int at, int length) {
        if (outputLost) {
            return;
        }
        try {
            streams.out().write(bytes, at, length);
            streams.out().flush();
        } catch (IOException e) {
            // The reader of a pipe has gone: the guest need not stop for it.
            outputLost = true;
        }
    }

    /** From now on, what the user types goes to this guest; the first call starts to read. */
    void attach(SerialInput serial, Runnable endRun, Monitor answers) {
        guest = serial;
        quit = endRun;
        monitor = answers;
        if (!reading) {
            reading = true;
            mayGiveInput = true;
            Thread.ofPlatform().daemon().name("console-input").start(this::readInput);
        }
    }

    private void readInput() {
        byte[] buffer = new byte[4096];
        EscapeKeys escape = new EscapeKeys();
        try {
            for (int n = streams.in().read(buffer); n >= 0; n = streams.in().read(buffer)) {
                if (terminal == null) {
                    guest.receive(buffer, 0, n);
                } else {
                    for (int i = 0; i < n; i++) {
                        key(escape.key(buffer[i] & 0xff), buffer, i);
                    }
                }
            }
        } catch (IOException e) {
            streams.say("standard input: " + e.getMessage() + "; the guest goes on without");
        } finally {
            mayGiveInput = false;
        }
    }

    private void key(EscapeKeys.Action action, byte[] buffer, int at) throws IOException {
        switch (action) {
            case SEND -> guest.receive(buffer, at, 1);
            case WAIT -> {}
            case QUIT -> quit.run();
            case HELP -> streams.err().print("\r\n" + KEYS + "\r\n");
            case MONITOR -> monitor();
        }
    }

    /** Reads lines with the terminal as it was, until the user resumes or quits. */
    private void monitor() throws IOException {
        terminal.restore();
        try {
            streams.err().print("\n" + Monitor.GREETING + "\n");
            Monitor.Reply reply = new Monitor.Reply(streams.err());
            while (!reply.finished()) {
                streams.err().print("(nido) ");
                streams.err().flush();
                String line = readLine();
                if (line == null) {
                    quit.run();
                    return;
                }
                monitor.command(line, reply);
            }
        } finally {
            terminal.raw();
        }
    }

    private String readLine() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = streams.in().read(); c >= 0; c = streams.in().read()) {
            if (c == '\n') {
                return line.toString();
            }
            line.append((char) c);
        }
        return null;
    }

    /** False once the input has ended: nothing more can come from it. */
    boolean mayGiveInput() {
        return mayGiveInput;
    }

    @Override
    public void close() {
        if (terminal != null) {
            terminal.close();
        }
    }
}

package dev.nido.cli;

import dev.nido.board.device.ByteSink;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** One of several consoles on one screen: whole lines, each with the console's name before it. */
final class LineConsole implements ByteSink {
    private static final int LONGEST = 4096;

    private final Streams streams;
    private final byte[] prefix;
    private final Object screen;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    /**
     * @param name printed before each line
     * @param screen what all consoles of a screen lock, so that lines stay whole
     */
    LineConsole(Streams streams, String name, Object screen) {
        this.streams = streams;
        this.prefix = (name + " │ ").getBytes(StandardCharsets.UTF_8);
        this.screen = screen;
    }

    @Override
    public void write(byte[] bytes, int at, int length) {
        synchronized (screen) {
            for (int i = at; i < at + length; i++) {
                byte b = bytes[i];
                if (b == '\n') {
                    end();
                } else if (b != '\r') {
                    line.write(b);
                    if (line.size() >= LONGEST) {
                        end();
                    }
                }
            }
        }
    }

    /** Prints what has no end of line yet. */
    void flush() {
        synchronized (screen) {
            if (line.size() > 0) {
                end();
            }
        }
    }

    private void end() {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        whole.writeBytes(prefix);
        whole.writeBytes(line.toByteArray());
        whole.write('\n');
        line.reset();
        try {
            streams.out().write(whole.toByteArray());
            streams.out().flush();
        } catch (IOException e) {
            // The reader of a pipe has gone: the guest need not stop for it.
            line.reset();
        }
    }
}

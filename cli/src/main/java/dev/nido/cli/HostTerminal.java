package dev.nido.cli;

import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The user's terminal in raw mode: every key goes to the guest. Whatever way the process ends (a
 * normal end, a signal, an internal error), the mode that was found is put back; {@code SIGKILL} is
 * the one exception.
 */
final class HostTerminal implements AutoCloseable {
    /** The one terminal in raw mode, for whoever ends the process. */
    private static final AtomicReference<HostTerminal> OPEN = new AtomicReference<>();

    static final int STANDARD_INPUT = 0;
    static final int STANDARD_ERROR = 2;

    private final Terminal device;
    private final Attributes found;
    private final Thread hook = new Thread(this::restore, "terminal-restore");

    private HostTerminal(Terminal device) {
        this.device = device;
        this.found = device.getAttributes();
    }

    /**
     * Puts the terminal of this process into raw mode.
     *
     * @return null if standard input is no terminal
     */
    static HostTerminal open() {
        if (!isTerminal(STANDARD_INPUT)) {
            return null;
        }
        // JLine tells its troubles to a logger; what matters here is only whether there is a
        // terminal.
        Logger.getLogger("org.jline").setLevel(Level.OFF);
        Terminal device;
        try {
            // Only its modes are wanted: a type that is not dumb, and no question put to it whose
            // answer the
            // guest would read.
            device =
                    TerminalBuilder.builder()
                            .system(true)
                            .dumb(false)
                            .type("xterm")
                            .graphemeCluster(false)
                            .nativeSignals(false)
                            .build();
        } catch (IOException | IllegalStateException e) {
            return null;
        }
        HostTerminal terminal = new HostTerminal(device);
        Runtime.getRuntime().addShutdownHook(terminal.hook);
        OPEN.set(terminal);
        terminal.raw();
        return terminal;
    }

    /** True if a file descriptor of this process is a terminal. */
    static boolean isTerminal(int descriptor) {
        try {
            String target =
                    Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
            return target.startsWith("/dev/pts/")
                    || target.startsWith("/dev/tty")
                    || target.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            // No /proc: the Java console knows about input and output together.
            return System.console() != null && System.console().isTerminal();
        }
    }

    /** Keys arrive one by one, unechoed, Ctrl-C among them; output is left as it is. */
    void raw() {
        Attributes raw = new Attributes(found);
        raw.setLocalFlags(
                EnumSet.of(
                        Attributes.LocalFlag.ICANON,
                        Attributes.LocalFlag.ECHO,
                        Attributes.LocalFlag.IEXTEN,
                        Attributes.LocalFlag.ISIG),
                false);
        raw.setInputFlags(
                EnumSet.of(
                        Attributes.InputFlag.IXON,
                        Attributes.InputFlag.ICRNL,
                        Attributes.InputFlag.INLCR,
                        Attributes.InputFlag.IGNCR,
                        Attributes.InputFlag.ISTRIP,
                        Attributes.InputFlag.BRKINT),
                false);
        raw.setControlChar(Attributes.ControlChar.VMIN, 1);
        raw.setControlChar(Attributes.ControlChar.VTIME, 0);
        device.setAttributes(raw);
    }

    /** The mode that was found. */
    void restore() {
        try {
            device.setAttributes(found);
        } catch (IllegalStateException e) {
            // The process is ending and JLine's own hook came first: it has put the mode back.
            OPEN.set(null);
        }
    }

    @Override
    public void close() {
        if (!OPEN.compareAndSet(this, null)) {
            return;
        }
        restore();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the process is ending and the hook runs anyway
        }
    }

    /** Puts back the mode of a terminal that is open; for ends of the process that run no hooks. */
    static void restoreAll() {
        HostTerminal terminal = OPEN.get();
        if (terminal != null) {
            terminal.restore();
        }
    }
}

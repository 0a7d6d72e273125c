package dev.nido.cli;

import java.io.IOException;
import java.util.EnumSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jline.terminal.Attributes;
import org.jline.terminal.TerminalBuilder;

/**
 * The user's terminal in raw mode: every key goes to the guest. Whatever way the process ends (a normal end, a signal,
 * an internal error), the mode that was found is put back; {@code SIGKILL} is the one exception.
 */
final class Terminal implements AutoCloseable {
    /** The one terminal in raw mode, for whoever ends the process. */
    private static final AtomicReference<Terminal> OPEN = new AtomicReference<>();

    private final org.jline.terminal.Terminal device;
    private final Attributes found;
    private final Thread hook = new Thread(this::restore, "terminal-restore");

    private Terminal(org.jline.terminal.Terminal device) {
        this.device = device;
        this.found = device.getAttributes();
    }

    /**
     * Puts the terminal of this process into raw mode.
     *
     * @return null if standard input is no terminal
     */
    static Terminal open() {
        // JLine tells its troubles to a logger; what matters here is only whether there is a terminal.
        Logger.getLogger("org.jline").setLevel(Level.OFF);
        org.jline.terminal.Terminal device;
        try {
            device = TerminalBuilder.builder().system(true).dumb(false).nativeSignals(false).build();
        } catch (IOException | IllegalStateException e) {
            return null;
        }
        Terminal terminal = new Terminal(device);
        Runtime.getRuntime().addShutdownHook(terminal.hook);
        OPEN.set(terminal);
        terminal.raw();
        return terminal;
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
        device.setAttributes(found);
    }

    @Override
    public void close() {
        restore();
        OPEN.set(null);
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the process is ending and the hook runs anyway
        }
    }

    /** Puts back the mode of a terminal that is open; for ends of the process that run no hooks. */
    static void restoreAll() {
        Terminal terminal = OPEN.get();
        if (terminal != null) {
            terminal.restore();
        }
    }
}

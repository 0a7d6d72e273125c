package dev.nido.cli;

import dev.nido.board.guest.Progress;

/** Progress on standard error: a line a stage, and a bar under it where that is a terminal. */
final class ConsoleProgress implements Progress {
    private static final int WIDTH = 30;
    private static final String CLEAR_LINE = "\r\033[K";

    private final Streams streams;
    private final boolean bar;
    private boolean drawn;

    ConsoleProgress(Streams streams) {
        this.streams = streams;
        this.bar = streams.process() && HostTerminal.isTerminal(HostTerminal.STANDARD_ERROR);
    }

    @Override
    public synchronized void stage(String what) {
        erase();
        streams.say(what);
    }

    @Override
    public synchronized void percent(String what, double percent) {
        if (!bar) {
            return;
        }
        int full = (int) Math.round(Math.clamp(percent, 0, 100) / 100 * WIDTH);
        String text = what.length() > 40 ? what.substring(0, 39) + "…" : what;
        streams.err()
                .printf(
                        "%s[%s%s] %3.0f %% %s",
                        CLEAR_LINE, "#".repeat(full), " ".repeat(WIDTH - full), percent, text);
        streams.err().flush();
        drawn = true;
        if (percent >= 100) {
            erase();
        }
    }

    private void erase() {
        if (drawn) {
            streams.err().print(CLEAR_LINE);
            streams.err().flush();
            drawn = false;
        }
    }
}

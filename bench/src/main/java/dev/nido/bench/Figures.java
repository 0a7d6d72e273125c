package dev.nido.bench;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a benchmark program printed.
 *
 * @param ticks of the counter between start and end of the kernel
 * @param frequency ticks a second
 * @param result what the kernel computed: the same on every machine
 * @param repetitions of the kernel
 */
record Figures(long ticks, long frequency, long result, long repetitions) {
    private static final Pattern LINE =
            Pattern.compile("([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{16})");

    /** The figures in a console's output, if the program came to its end. */
    static Optional<Figures> parse(String console) {
        Matcher m = LINE.matcher(console);
        return m.find()
                ? Optional.of(
                        new Figures(
                                hex(m.group(1)), hex(m.group(2)), hex(m.group(3)), hex(m.group(4))))
                : Optional.empty();
    }

    private static long hex(String digits) {
        return Long.parseUnsignedLong(digits, 16);
    }

    double seconds() {
        return (double) ticks / frequency;
    }
}

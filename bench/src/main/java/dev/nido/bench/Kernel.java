package dev.nido.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The work that is measured. Each kernel is a program in assembly, made by our own assembler: start
 * (MMU on, identity map), the kernel itself between two reads of the counter, and an end that
 * prints the figures on the serial port and powers off. The same bytes run on any machine that has
 * the virt board's memory map.
 */
enum Kernel {
    /** Bitwise CRC-32 of 4 KiB. */
    CRC(700, false),
    /** Quicksort of 8,192 words. */
    QSORT(100, false),
    /** Walk of a list of 8,192 nodes. */
    LIST(3000, false),
    /** Product of 64 by 64 matrices. */
    MATMUL(100, false),
    /** A million instructions, each run once. */
    ONCE(1, false),
    /** Sleep until a timer's interrupt 20 µs ahead; the figure is time, not instructions. */
    WFI(1000, true);

    /** Instructions of {@link #ONCE}. */
    static final int ONCE_LENGTH = 1 << 20;

    /** How often the kernel is repeated in a measured run. */
    final int repetitions;

    /** True if the kernel mostly sleeps. */
    final boolean sleeps;

    Kernel(int repetitions, boolean sleeps) {
        this.repetitions = repetitions;
        this.sleeps = sleeps;
    }

    /** What the command line calls it. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The program's source.
     *
     * @param count how often to repeat, 1 to 65535
     */
    String source(int count) {
        String body = this == ONCE ? once() : resource(label() + ".s");
        return resource("start.s")
                + "        movz    x19, #"
                + count
                + "\n"
                + body
                + resource("finish.s");
    }

    /**
     * Straight code without a loop: loads, stores and arithmetic that differ in their registers.
     */
    private static String once() {
        StringBuilder text = new StringBuilder(ONCE_LENGTH * 20);
        text.append("movz x1, #0x4a00, lsl #16\nmov x20, #0\nmrs x21, cntvct_el0\n");
        for (int i = 0; i < ONCE_LENGTH; i += 8) {
            int a = 2 + i / 8 % 13;
            int b = 2 + (i / 8 + 5) % 13;
            int offset = i % 4096 & ~7;
            text.append("add x")
                    .append(a)
                    .append(", x")
                    .append(b)
                    .append(", #")
                    .append(i % 4096)
                    .append('\n');
            text.append("eor x").append(b).append(", x").append(a).append(", x20\n");
            text.append("str x").append(a).append(", [x1, #").append(offset).append("]\n");
            text.append("lsr x").append(a).append(", x").append(b).append(", #3\n");
            text.append("ldr x").append(b).append(", [x1, #").append(offset).append("]\n");
            text.append("subs x")
                    .append(a)
                    .append(", x")
                    .append(a)
                    .append(", x")
                    .append(b)
                    .append('\n');
            text.append("csel x").append(b).append(", x").append(a).append(", x20, ne\n");
            text.append("add x20, x20, x").append(a).append(", lsl #1\n");
        }
        return text.append("mrs x22, cntvct_el0\nb finish\n").toString();
    }

    private static String resource(String name) {
        try (InputStream in = Kernel.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

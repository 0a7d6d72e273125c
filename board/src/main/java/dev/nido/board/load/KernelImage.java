package dev.nido.board.load;

import java.util.List;

/**
 * A program as it is to lie in memory.
 *
 * @param format what the file is, for people
 * @param segments its parts
 * @param entry physical address of its first instruction
 */
public record KernelImage(Format format, List<Segment> segments, long entry) {

    /** Kinds of program. */
    public enum Format {
        LINUX,
        ELF,
        RAW
    }

    /**
     * @param pa where it starts
     * @param bytes holds its content
     * @param at where in {@code bytes} it starts
     * @param length how much of {@code bytes} it is
     * @param memorySize bytes of memory it takes, from {@code pa}; what has no content is zero
     */
    public record Segment(long pa, byte[] bytes, int at, int length, long memorySize) {

        /** First address behind it. */
        public long end() {
            return pa + memorySize;
        }
    }

    public long start() {
        return segments.stream().mapToLong(Segment::pa).min().orElse(entry);
    }

    public long end() {
        return segments.stream().mapToLong(Segment::end).max().orElse(entry);
    }
}

package dev.nido.board.load;

import dev.nido.board.GuestMemory;
import dev.nido.board.load.ImageException.Kind;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The initial file system: archives that Linux unpacks one after the other, each from a multiple of
 * four bytes. The files are copied to the guest's memory piece by piece, so that a large one is
 * never in the Java heap.
 */
public final class Initrd {

    private static final int PIECE = 1 << 20;

    /** One archive: a file, or bytes where that is null. */
    private record Part(Path file, byte[] bytes, long size, long offset) {}

    private final List<Part> parts = new ArrayList<>();
    private long size;

    /**
     * @param files archives
     * @param last one more, from memory; empty for none
     * @throws ImageException if a file can't be read
     */
    public static Initrd of(List<Path> files, byte[] last) throws ImageException {
        Initrd initrd = new Initrd();
        for (Path file : files) {
            initrd.add(file, null, KernelLoader.sizeOf(file, "initrd"));
        }
        if (last.length > 0) {
            initrd.add(null, last, last.length);
        }
        return initrd;
    }

    private void add(Path file, byte[] bytes, long length) {
        long offset = size + 3 & ~3L;
        parts.add(new Part(file, bytes, length, offset));
        size = offset + length;
    }

    /** Bytes of memory that it takes. */
    public long size() {
        return size;
    }

    /**
     * Copies it to memory.
     *
     * @param pa its first address; all of it must be RAM
     * @throws ImageException if a file can't be read, or has become shorter
     */
    public void place(GuestMemory memory, long pa) throws ImageException {
        for (Part part : parts) {
            long to = pa + part.offset;
            if (part.file == null) {
                memory.write(to, part.bytes, 0, part.bytes.length);
            } else {
                copy(part, memory, to);
            }
        }
    }

    private static void copy(Part part, GuestMemory memory, long to) throws ImageException {
        byte[] piece = new byte[(int) Math.min(PIECE, part.size)];
        try (InputStream in = Files.newInputStream(part.file)) {
            for (long done = 0; done < part.size; ) {
                int count = in.read(piece, 0, (int) Math.min(piece.length, part.size - done));
                if (count < 0) {
                    throw new ImageException(
                            Kind.TRUNCATED,
                            "initrd %s became shorter while it was read".formatted(part.file));
                }
                memory.write(to + done, piece, 0, count);
                done += count;
            }
        } catch (IOException e) {
            throw new ImageException(
                    Kind.UNREADABLE,
                    "initrd %s can't be read: %s".formatted(part.file, e.getMessage()));
        }
    }
}

package dev.nido.board.guest;

import dev.nido.isa.Assembler.Program;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

/**
 * Makes an image of {@link InTreeGuest#MATRYOSHKA}, the hypervisor that runs itself by FEAT_NV2
 * (Arm ARM D8.11), with more or fewer levels, and with a payload of its own innermost.
 */
public final class Matryoshka {

    /** Levels that an image can have. */
    public static final int MAX_DEPTH = 7;

    /** What each level keeps of its memory, bytes. */
    public static final long WINDOW = 2L << 20;

    /** From the start of RAM to the payload: room for the windows of all levels. */
    private static final long PAYLOAD_OFFSET = 16L << 20;

    private final Program program;
    private final byte[] image;

    private Matryoshka(Program program) {
        this.program = program;
        image = program.bytes();
    }

    /**
     * An image whose payload is the built-in one, for a machine with 256 MiB or more.
     *
     * @param depth how many hypervisors are around the payload, 1 to {@value #MAX_DEPTH}
     */
    public static byte[] image(int depth) throws IOException {
        Matryoshka m = new Matryoshka(InTreeGuest.MATRYOSHKA.program());
        m.depth(depth);
        return m.image;
    }

    /**
     * An image with another payload.
     *
     * @param depth how many hypervisors are around the payload, 1 to {@value #MAX_DEPTH}
     * @param memory bytes of the machine's RAM, at most 1 GiB of which are used
     * @param payload a program that runs from any address that is a multiple of 2 MiB, such as
     *     Linux's Image; it finds the device tree's address in X0
     */
    public static byte[] image(int depth, long memory, byte[] payload) throws IOException {
        Objects.requireNonNull(payload);
        Matryoshka m = new Matryoshka(InTreeGuest.MATRYOSHKA.program());
        m.depth(depth);
        m.set("memory", Math.min(memory, 1L << 30));
        long ram = m.program.origin() & -WINDOW;
        m.set("payload", ram + PAYLOAD_OFFSET);
        int at = (int) (ram + PAYLOAD_OFFSET - m.program.origin());
        byte[] whole = Arrays.copyOf(m.image, at + needed(payload));
        System.arraycopy(payload, 0, whole, at, payload.length);
        return whole;
    }

    /** Linux says in its header how much memory it needs, which may be more than the file has. */
    private static int needed(byte[] payload) {
        ByteBuffer header = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
        boolean linux = payload.length >= 64 && header.getInt(56) == 0x644d5241;
        return Math.max(payload.length, linux ? Math.toIntExact(header.getLong(16)) : 0);
    }

    private void depth(int depth) {
        if (depth < 1 || depth > MAX_DEPTH) {
            throw new IllegalArgumentException(
                    "%d levels: there are 1 to %d".formatted(depth, MAX_DEPTH));
        }
        set("limit", depth);
    }

    private void set(String symbol, long value) {
        ByteBuffer.wrap(image)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong((int) (program.symbol(symbol) - program.origin()), value);
    }
}

package dev.nido.isa;

/**
 * An instruction word in the making: bits once decided, by the row's pattern or by an operand,
 * stay, so that a second operand that wants them otherwise does not fit.
 */
final class Encoder {
    private final A64 row;
    private int word;
    private int decided;

    /** log2 of the element size in bytes where no field but the immediate tells it; −1 unknown. */
    private int lane = -1;

    /** Address of the instruction. */
    final long pc;

    Encoder(A64 row, int value, int decided, long pc) {
        this.row = row;
        this.word = value;
        this.decided = decided;
        this.pc = pc;
    }

    A64 row() {
        return row;
    }

    int word() {
        return word;
    }

    int lane() {
        return lane;
    }

    /** Decides {@code width} bits from {@code lo}. */
    void put(OperandText in, int lo, int width, long value) throws Mismatch {
        if (value >>> width != 0) {
            throw in.mismatch("value out of range");
        }
        int m = (width == 32 ? -1 : (1 << width) - 1) << lo;
        int v = (int) value << lo;
        if (((word ^ v) & decided & m) != 0) {
            throw in.mismatch("operands do not agree");
        }
        word |= v;
        decided |= m;
    }

    void put(OperandText in, A64.Field f, long value) throws Mismatch {
        put(in, f.lo(), f.width(), value);
    }

    /** Whether all of these bits are decided. */
    boolean isDecided(int lo, int width) {
        int m = (1 << width) - 1 << lo;
        return (decided & m) == m;
    }

    void lane(OperandText in, int log2) throws Mismatch {
        if (lane >= 0 && lane != log2) {
            throw in.mismatch("element sizes do not agree");
        }
        lane = log2;
    }
}

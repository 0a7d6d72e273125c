package dev.nido.machine.audit;

import dev.nido.machine.pe.Pe;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Register states one after the other, as the audit program loads and stores them:
 *
 * <pre>
 *   0    X0–X30         248  NZCV (64 bits)
 *   256  V0–V31         768  FPCR    776  FPSR
 *   1024 memory of this state, {@code memorySize} bytes (a multiple of 16)
 * </pre>
 */
final class StateBlock {

    static final int NZCV = 248;
    static final int V = 256;
    static final int FPCR = 768;
    static final int FPSR = 776;
    static final int MEMORY = 1024;

    /** FPSR bits that exist in AArch64: QC and the cumulative flags. */
    static final int FPSR_BITS = 0x0800_009f;

    final int memorySize;
    final int stride;
    final ByteBuffer bytes;

    StateBlock(int count, int memorySize) {
        this(ByteBuffer.allocate(count * (MEMORY + memorySize)), memorySize);
    }

    StateBlock(ByteBuffer bytes, int memorySize) {
        this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
        this.memorySize = memorySize;
        this.stride = MEMORY + memorySize;
    }

    int count() {
        return bytes.capacity() / stride;
    }

    long x(int state, int r) {
        return bytes.getLong(state * stride + 8 * r);
    }

    void x(int state, int r, long value) {
        bytes.putLong(state * stride + 8 * r, value);
    }

    /** {@code half} 0 to 63: low half of Vn at 2n. */
    long v(int state, int half) {
        return bytes.getLong(state * stride + V + 8 * half);
    }

    void v(int state, int half, long value) {
        bytes.putLong(state * stride + V + 8 * half, value);
    }

    int word(int state, int offset) {
        return bytes.getInt(state * stride + offset);
    }

    void word(int state, int offset, int value) {
        bytes.putLong(state * stride + offset, value & 0xffff_ffffL);
    }

    /** Copies a state of another block into this one. */
    void copy(int state, StateBlock from, int fromState) {
        bytes.put(state * stride, from.bytes, fromState * stride, stride);
    }

    /** Loads the registers of a state into a PE. */
    void load(int state, Pe pe) {
        for (int r = 0; r < 31; r++) {
            pe.x[r] = x(state, r);
        }
        for (int half = 0; half < 64; half++) {
            pe.v[half] = v(state, half);
        }
        pe.nzcv = word(state, NZCV);
        pe.fpcr = word(state, FPCR);
        pe.fpsr = word(state, FPSR);
    }

    /** The first difference between a PE and a state, or null. */
    String difference(int state, Pe pe) {
        for (int r = 0; r < 31; r++) {
            if (pe.x[r] != x(state, r)) {
                return "X%d: ours %016x, QEMU's %016x".formatted(r, pe.x[r], x(state, r));
            }
        }
        for (int r = 0; r < 32; r++) {
            if (pe.v[2 * r] != v(state, 2 * r) || pe.v[2 * r + 1] != v(state, 2 * r + 1)) {
                return "V%d: ours %016x_%016x, QEMU's %016x_%016x"
                        .formatted(
                                r,
                                pe.v[2 * r + 1],
                                pe.v[2 * r],
                                v(state, 2 * r + 1),
                                v(state, 2 * r));
            }
        }
        if (pe.nzcv != word(state, NZCV)) {
            return "NZCV: ours %08x, QEMU's %08x".formatted(pe.nzcv, word(state, NZCV));
        }
        int fpsr = word(state, FPSR) & FPSR_BITS;
        if (pe.fpsr != fpsr) {
            return "FPSR: ours %08x, QEMU's %08x".formatted(pe.fpsr, fpsr);
        }
        return null;
    }
}

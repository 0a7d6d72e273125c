package dev.nido.machine.audit;

import dev.nido.isa.A64;
import dev.nido.machine.pe.Pe;

/** Where QEMU 7.2 and the Arm ARM differ, and the Arm ARM is followed. */
enum QemuDeviation implements DifferentialAudit.Deviation {
    /**
     * FCVTZS (scalar, fixed-point), half precision: the Arm ARM writes 16 bits and zeros above them
     * (C7.2 FCVTZS, SISD write of an element); QEMU extends the sign to 32 bits.
     */
    HALF_FIXED_POINT_SIGN(
            "FCVTZS of a scalar half to fixed point: zeros above bit 15 (C7.2, FCVTZS)") {
        @Override
        void correct(A64 row, int word, StateBlock before, StateBlock qemu) {
            if (row == A64.FCVTZS_FIX_S && (word >>> 20 & 7) == 1) {
                qemu.v(0, 2 * (word & 31), qemu.v(0, 2 * (word & 31)) & 0xffff);
            }
        }
    },

    /**
     * FJCVTZS of a denormal that FPCR.FZ flushes: FPToFixedJS clears Z because the operand was not
     * +0; QEMU sets it.
     */
    JAVASCRIPT_FLUSHED_DENORMAL("FJCVTZS of a flushed denormal: Z is 0 (FPToFixedJS)") {
        @Override
        void correct(A64 row, int word, StateBlock before, StateBlock qemu) {
            long magnitude = before.v(0, 2 * (word >>> 5 & 31)) & Long.MAX_VALUE;
            boolean denormal = magnitude != 0 && magnitude >>> 52 == 0;
            if (row == A64.FJCVTZS
                    && denormal
                    && (before.word(0, StateBlock.FPCR) & 1 << 24) != 0) {
                qemu.word(0, StateBlock.NZCV, 0);
            }
        }
    };

    private final String reason;

    QemuDeviation(String reason) {
        this.reason = reason;
    }

    /**
     * Puts into QEMU's result what the Arm ARM asks for, if this deviation concerns the
     * instruction.
     */
    abstract void correct(A64 row, int word, StateBlock before, StateBlock qemu);

    @Override
    public boolean explains(A64 row, int word, StateBlock before, StateBlock qemu, Pe ours) {
        StateBlock corrected = new StateBlock(1, qemu.memorySize);
        corrected.copy(0, qemu, 0);
        correct(row, word, before, corrected);
        return corrected.difference(0, ours) == null;
    }

    @Override
    public String toString() {
        return reason;
    }
}

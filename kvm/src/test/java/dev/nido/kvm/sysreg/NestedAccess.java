package dev.nido.kvm.sysreg;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;

import java.util.Map;

/** One access of a guest hypervisor or its guests under controls that a test chooses. */
final class NestedAccess implements AutoCloseable {

    /** What becomes of an access. */
    enum Outcome {
        /** It has been executed, or emulated. */
        DONE,
        /** The guest's EL2 has got it as it trapped. */
        FORWARDED,
        /** Undefined for the level that executed it. */
        UNDEFINED
    }

    private final NestedSide side;
    private final long[] state = new long[NestedSide.STATE];

    private NestedAccess(NestedSide side) {
        this.side = side;
    }

    /** A guest of the hypervisor. */
    static NestedAccess hosted(Feature nesting, String cpu) {
        return new NestedAccess(
                new NestedSide.Hosted(CpuModel.parse(cpu).forGuestHypervisor(12), nesting));
    }

    /** The machine itself. */
    static NestedAccess bare(String cpu) {
        return new NestedAccess(new NestedSide.Bare(CpuModel.parse(cpu).forGuestHypervisor(12)));
    }

    IdRegisters idRegisters() {
        return ((NestedSide.Hosted) side).vcpu().vm().idRegisters();
    }

    /**
     * Executes MRS X0 or MSR with X0.
     *
     * @param controls of {@link NestedCase#CONTROLS}; 0 where not named
     */
    Outcome execute(int key, boolean read, long x0, int el, Map<SysReg, Long> controls) {
        long[] values = new long[NestedCase.CONTROLS.length];
        for (int i = 0; i < values.length; i++) {
            SysReg r = NestedCase.CONTROLS[i];
            long otherwise =
                    switch (r) {
                        case SCTLR_EL1, SCTLR_EL2 -> SctlrEl1.RESET;
                        case VBAR_EL1, VBAR_EL2 -> DifferentialSide.vectors();
                        case MDCR_EL2 -> CpuModel.EVENT_COUNTERS;
                        case CNTHCTL_EL2 -> 3 | 3 << 10;
                        default -> 0;
                    };
            values[i] = controls.getOrDefault(r, otherwise);
        }
        int word = 0xd500_0000 | (read ? 1 << 21 : 0) | key << 5;
        long pstate = Spsr.DAIF | (el == 0 ? 0 : el << 2 | 1);
        NestedCase c = new NestedCase(word, x0, pstate, values);
        side.execute(c, state);
        long pc = state[1];
        if (pc == NestedSide.address(c) + 4) {
            return Outcome.DONE;
        }
        long esr = get(SysReg.ESR_EL2);
        boolean toEl2 = Spsr.el(state[2]) == 2;
        if (toEl2 && esr == Esr.of(Esr.EC_SYSTEM, true, Esr.systemAccess(key, 0, read))) {
            return Outcome.FORWARDED;
        }
        long undefined = Esr.of(Esr.EC_UNKNOWN, true, 0);
        if ((toEl2 ? esr : get(SysReg.ESR_EL1)) == undefined) {
            return Outcome.UNDEFINED;
        }
        throw new AssertionError("PC 0x%x, ESR_EL2 0x%x".formatted(pc, esr));
    }

    /** X0 afterwards. */
    long x0() {
        return state[0];
    }

    /** A register afterwards, by its virtual name. */
    long get(SysReg r) {
        for (int i = 0; i < NestedSide.COMPARED.length; i++) {
            if (NestedSide.COMPARED[i] == r) {
                return state[NestedSide.STATE - NestedSide.COMPARED.length + i];
            }
        }
        throw new IllegalArgumentException(r.name());
    }

    @Override
    public void close() {
        side.close();
    }
}

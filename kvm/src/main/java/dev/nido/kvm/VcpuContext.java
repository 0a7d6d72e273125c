package dev.nido.kvm;

import dev.nido.arch.SysReg;
import dev.nido.machine.pe.Pe;

import java.util.Arrays;

/**
 * The registers of a vCPU while it is not loaded on a PE ({@code struct kvm_cpu_context}). While it
 * is, they are in the PE.
 *
 * <p>System registers are kept by {@link SysReg#ordinal}; those of the interrupt controller's CPU
 * interface, the timers, the performance monitors and debug are elsewhere.
 */
public final class VcpuContext {

    private static final int[] SWITCHED =
            Arrays.stream(SysReg.values())
                    .filter(VcpuContext::isSwitched)
                    .mapToInt(SysReg::ordinal)
                    .toArray();

    /** The same without those of which EL2 has its own, which take turns. */
    private static final int[] COMMON =
            Arrays.stream(SWITCHED)
                    .filter(o -> SysReg.values()[o].el2Counterpart() == null)
                    .filter(o -> o != SysReg.SP_EL1.ordinal())
                    .toArray();

    private final int[] switched;
    final long[] x = new long[31];
    final long[] v = new long[64];
    final long[] sys = new long[SysReg.COUNT];
    long pc;
    long pstate;
    int fpcr;
    int fpsr;
    boolean event;
    private int exceptionsInARow;

    /**
     * @param virtualEl2 whether somebody else switches what EL1 and EL2 both have
     */
    VcpuContext(boolean virtualEl2) {
        switched = virtualEl2 ? COMMON : SWITCHED;
    }

    private static boolean isSwitched(SysReg r) {
        int op1 = r.key() >> 11 & 7;
        String n = r.name();
        boolean elsewhere =
                n.startsWith("ICC_")
                        || n.startsWith("ICH_")
                        || n.startsWith("CNTP_")
                        || n.startsWith("CNTV_")
                        || r.key() >> 14 == 2
                        || n.startsWith("PM") && r != SysReg.PMUSERENR_EL0;
        return !r.isId() && !elsewhere && (op1 < 4 || r == SysReg.SP_EL1);
    }

    /** The architectural reset state. */
    void reset(long newPstate) {
        Arrays.fill(x, 0);
        Arrays.fill(v, 0);
        for (SysReg r : SysReg.values()) {
            sys[r.ordinal()] = r.resetValue();
        }
        pc = 0;
        pstate = newPstate;
        fpcr = 0;
        fpsr = 0;
        event = false;
        exceptionsInARow = 0;
    }

    /** Puts the registers into a PE at EL2. */
    void load(Pe pe) {
        System.arraycopy(x, 0, pe.x, 0, 31);
        System.arraycopy(v, 0, pe.v, 0, 64);
        for (int o : switched) {
            pe.sys[o] = sys[o];
        }
        pe.fpcr = fpcr;
        pe.fpsr = fpsr;
        pe.eventRegister = event;
        pe.monitorBytes = 0;
        pe.setExceptionsInARow(exceptionsInARow);
        pe.sys[SysReg.ELR_EL2.ordinal()] = pc;
        pe.sys[SysReg.SPSR_EL2.ordinal()] = pstate;
    }

    /** Takes the registers out of a PE at EL2. */
    void put(Pe pe) {
        System.arraycopy(pe.x, 0, x, 0, 31);
        System.arraycopy(pe.v, 0, v, 0, 64);
        for (int o : switched) {
            sys[o] = pe.sys[o];
        }
        fpcr = pe.fpcr;
        fpsr = pe.fpsr;
        event = pe.eventRegister;
        exceptionsInARow = pe.exceptionsInARow();
        pc = pe.sys[SysReg.ELR_EL2.ordinal()];
        pstate = pe.sys[SysReg.SPSR_EL2.ordinal()];
    }
}

package dev.nido.kvm;

import dev.nido.arch.SysReg;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.kvm.sysreg.VirtualDebug;
import dev.nido.kvm.sysreg.VirtualPmu;
import dev.nido.machine.pe.Pe;

/**
 * A virtual CPU ({@code struct kvm_vcpu}). Its registers are in {@link VcpuContext}, or in the PE
 * on which it is loaded; whoever reads and writes them here need not know.
 */
public final class Vcpu {

    private static final int ELR = SysReg.ELR_EL2.ordinal();
    private static final int SPSR = SysReg.SPSR_EL2.ordinal();

    private final Vm vm;
    private final int id;
    private final VcpuContext context = new VcpuContext();
    private PhysicalCpu cpu;
    private Pe pe;
    private Exit exit;
    private final VirtualDebug debug;
    private final VirtualPmu pmu;

    Vcpu(Vm vm, int id) {
        this.vm = vm;
        this.id = id;
        debug = new VirtualDebug(this);
        pmu = new VirtualPmu(this, level -> {});
    }

    public Vm vm() {
        return vm;
    }

    /** Its number in the VM. */
    public int id() {
        return id;
    }

    /** The PE on which it is loaded, or null. */
    public PhysicalCpu cpu() {
        return cpu;
    }

    /** Its debug registers. */
    public VirtualDebug debug() {
        return debug;
    }

    /** Its performance monitors. */
    public VirtualPmu pmu() {
        return pmu;
    }

    // Registers

    /** X0–X30; 31 is the zero register. */
    public long reg(int n) {
        if (n == 31) {
            return 0;
        }
        return pe != null ? pe.x[n] : context.x[n];
    }

    /** Sets X0–X30; 31 is ignored. */
    public void setReg(int n, long value) {
        if (n == 31) {
            return;
        }
        if (pe != null) {
            pe.x[n] = value;
        } else {
            context.x[n] = value;
        }
    }

    public long pc() {
        return pe != null ? pe.sys[ELR] : context.pc;
    }

    public void setPc(long value) {
        if (pe != null) {
            pe.sys[ELR] = value;
        } else {
            context.pc = value;
        }
    }

    /** PSTATE in the layout of SPSR_ELx. */
    public long pstate() {
        return pe != null ? pe.sys[SPSR] : context.pstate;
    }

    public void setPstate(long value) {
        if (pe != null) {
            pe.sys[SPSR] = value;
        } else {
            context.pstate = value;
        }
    }

    /** Bits 63:0 of V0–V31, or bits 127:64. */
    public long vector(int n, boolean high) {
        return (pe != null ? pe.v : context.v)[2 * n + (high ? 1 : 0)];
    }

    /** Sets V0–V31: bits 63:0 and 127:64. */
    public void setVector(int n, long low, long high) {
        long[] v = pe != null ? pe.v : context.v;
        v[2 * n] = low;
        v[2 * n + 1] = high;
    }

    /** FPCR, 32 bits. */
    public int fpcr() {
        return pe != null ? pe.fpcr : context.fpcr;
    }

    public void setFpcr(int value) {
        if (pe != null) {
            pe.fpcr = value;
        } else {
            context.fpcr = value;
        }
    }

    /** FPSR, 32 bits. */
    public int fpsr() {
        return pe != null ? pe.fpsr : context.fpsr;
    }

    public void setFpsr(int value) {
        if (pe != null) {
            pe.fpsr = value;
        } else {
            context.fpsr = value;
        }
    }

    /** A system register of the guest, one of EL0 or EL1 ({@code vcpu_read_sys_reg}). */
    public long readSys(SysReg r) {
        return pe != null ? pe.readRegister(r) : context.sys[r.ordinal()];
    }

    /** Sets a system register of the guest ({@code vcpu_write_sys_reg}). */
    public void writeSys(SysReg r, long value) {
        if (pe != null) {
            pe.writeRegister(r, value);
        } else {
            context.sys[r.ordinal()] = value;
        }
    }

    // Exits

    /** Says why {@link #run} returns; for exit handlers that answer {@link Handled#LEAVE}. */
    public int leave(Exit reason) {
        exit = reason;
        return Handled.LEAVE;
    }

    /**
     * Completes the instruction that trapped: the PC goes on, and the instruction counts as
     * executed ({@code kvm_incr_pc}).
     */
    public void skipInstruction() {
        setPc(pc() + 4);
    }
}

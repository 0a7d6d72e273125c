package dev.nido.kvm.sysreg;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;

import java.util.ArrayList;
import java.util.List;

/**
 * Registers as user space gets and sets them, one at a time (KVM: {@code kvm_arm_get_reg()}, {@code
 * kvm_arm_set_reg()}, {@code kvm_arm_copy_reg_indices()}). Identifiers are {@link RegisterId}'s;
 * the vCPU must not be running.
 */
public final class OneReg {

    /** PSCI_VERSION, SMCCC workarounds 1 to 3. */
    private static final int FIRMWARE_REGISTERS = 4;

    /** PSCI 1.1; mitigations are not required (2, and 3 for the second). */
    private static final long[] FIRMWARE = {0x1_0001, 2, 3, 2};

    /** CSSELR_EL1 values: levels 1 to 7, data or instruction. */
    private static final int CACHES = 14;

    private static final long PSTATE_MODE = 0x1f;

    /** QC and the cumulative exception bits. */
    private static final int FPSR_MASK = 1 << 27 | 0x9f;

    /** AHP, DN, FZ, RMode. */
    private static final int FPCR_MASK = 0x07c0_0000;

    private static final int FPCR_FZ16 = 1 << 19;

    private OneReg() {}

    /**
     * Gets a register of at most 64 bits.
     *
     * @throws KvmException ENOENT if there is no such register, EINVAL if its size is another
     */
    public static long get(Vcpu vcpu, long id) {
        long[] value = new long[2];
        get(vcpu, id, value);
        return value[0];
    }

    /**
     * Sets a register of at most 64 bits.
     *
     * @throws KvmException ENOENT if there is no such register; EINVAL if its size is another or
     *     the value impossible; EBUSY if the VM has run and the register is fixed since
     */
    public static void set(Vcpu vcpu, long id, long value) {
        set(vcpu, id, new long[] {value, 0});
    }

    /**
     * Gets a register.
     *
     * @param value takes bits 63:0 and 127:64
     * @throws KvmException as {@link #get(Vcpu, long)}
     */
    public static void get(Vcpu vcpu, long id, long[] value) {
        value[1] = 0;
        requireArm64(id);
        vcpu.detach();
        switch (RegisterId.classOf(id)) {
            case RegisterId.CORE -> getCore(vcpu, id, value);
            case RegisterId.DEMUX -> value[0] = ccsidr(vcpu, id);
            case RegisterId.FIRMWARE -> value[0] = FIRMWARE[firmware(id)];
            case RegisterId.SYSREG -> value[0] = getSystem(vcpu, id);
            default -> throw noSuchRegister(id);
        }
    }

    /**
     * Sets a register.
     *
     * @param value bits 63:0 and 127:64
     * @throws KvmException as {@link #set(Vcpu, long, long)}
     */
    public static void set(Vcpu vcpu, long id, long[] value) {
        requireArm64(id);
        vcpu.detach();
        if (vcpu.nested() != null) {
            // The mode, and registers that decide which of the others are in the PE.
            vcpu.nested().switchContext(() -> setAny(vcpu, id, value));
        } else {
            setAny(vcpu, id, value);
        }
    }

    private static void setAny(Vcpu vcpu, long id, long[] value) {
        switch (RegisterId.classOf(id)) {
            case RegisterId.CORE -> setCore(vcpu, id, value);
            case RegisterId.DEMUX -> requireSame(id, ccsidr(vcpu, id), value[0]);
            case RegisterId.FIRMWARE -> requireSame(id, FIRMWARE[firmware(id)], value[0]);
            case RegisterId.SYSREG -> setSystem(vcpu, id, value[0]);
            default -> throw noSuchRegister(id);
        }
    }

    /** The identifiers of all registers of a vCPU (KVM_GET_REG_LIST). */
    public static List<Long> list(Vcpu vcpu) {
        List<Long> ids = new ArrayList<>();
        for (int n = 0; n < 31; n++) {
            ids.add(RegisterId.x(n));
        }
        ids.add(RegisterId.sp());
        ids.add(RegisterId.pc());
        ids.add(RegisterId.pstate());
        ids.add(RegisterId.spEl1());
        ids.add(RegisterId.elrEl1());
        for (int n = 0; n < 5; n++) {
            ids.add(RegisterId.spsr(n));
        }
        for (int n = 0; n < 32; n++) {
            ids.add(RegisterId.v(n));
        }
        ids.add(RegisterId.fpsr());
        ids.add(RegisterId.fpcr());
        for (int n = 0; n < FIRMWARE_REGISTERS; n++) {
            ids.add(RegisterId.firmware(n));
        }
        for (int n = 0; n < CACHES; n++) {
            if (vcpu.vm().cpu().ccsidr(n) != 0) {
                ids.add(RegisterId.ccsidr(n));
            }
        }
        for (EmulatedRegister row : EmulatedRegisters.all()) {
            if (row.forUser() && row.exists(vcpu)) {
                ids.add(RegisterId.ofKey(row.key()));
            }
        }
        ids.add(RegisterId.TIMER_CTL);
        ids.add(RegisterId.TIMER_CVAL);
        ids.add(RegisterId.TIMER_CNT);
        ids.add(RegisterId.PTIMER_CTL);
        ids.add(RegisterId.PTIMER_CVAL);
        ids.add(RegisterId.PTIMER_CNT);
        return ids;
    }

    private static void requireArm64(long id) {
        if (!RegisterId.isArm64(id)) {
            throw new KvmException(Errno.EINVAL, "register 0x%x is not of AArch64".formatted(id));
        }
    }

    private static void requireSize(long id, int bytes) {
        if (RegisterId.size(id) != bytes) {
            throw new KvmException(Errno.EINVAL, "register 0x%x has %d bytes".formatted(id, bytes));
        }
    }

    private static void requireSame(long id, long has, long wants) {
        if (has != wants) {
            throw new KvmException(
                    Errno.EINVAL, "register 0x%x is 0x%x for ever".formatted(id, has));
        }
    }

    private static KvmException noSuchRegister(long id) {
        return new KvmException(Errno.ENOENT, "no register 0x%x".formatted(id));
    }

    private static int firmware(long id) {
        int n = RegisterId.number(id);
        if (n >= FIRMWARE_REGISTERS) {
            throw noSuchRegister(id);
        }
        requireSize(id, 8);
        return n;
    }

    private static long ccsidr(Vcpu vcpu, long id) {
        int csselr = RegisterId.number(id);
        long value = csselr < CACHES ? vcpu.vm().cpu().ccsidr(csselr) : 0;
        if (value == 0) {
            throw noSuchRegister(id);
        }
        requireSize(id, 4);
        return value;
    }

    // System registers

    /** The timer register behind an identifier that is a timer's, or null. */
    private static SysReg timer(long id) {
        if (id == RegisterId.TIMER_CTL) {
            return SysReg.CNTV_CTL_EL0;
        } else if (id == RegisterId.TIMER_CVAL) {
            return SysReg.CNTV_CVAL_EL0;
        } else if (id == RegisterId.TIMER_CNT) {
            return SysReg.CNTVCT_EL0;
        } else if (id == RegisterId.PTIMER_CTL) {
            return SysReg.CNTP_CTL_EL0;
        } else if (id == RegisterId.PTIMER_CVAL) {
            return SysReg.CNTP_CVAL_EL0;
        } else if (id == RegisterId.PTIMER_CNT) {
            return SysReg.CNTPCT_EL0;
        }
        return null;
    }

    private static EmulatedRegister row(Vcpu vcpu, long id) {
        requireSize(id, 8);
        EmulatedRegister row = EmulatedRegisters.of(RegisterId.number(id));
        if (row == null || !row.forUser() || !row.exists(vcpu)) {
            throw noSuchRegister(id);
        }
        return row;
    }

    private static long getSystem(Vcpu vcpu, long id) {
        SysReg timer = timer(id);
        return timer != null ? vcpu.timer().userRead(timer) : row(vcpu, id).userGet(vcpu);
    }

    private static void setSystem(Vcpu vcpu, long id, long value) {
        SysReg timer = timer(id);
        if (timer == SysReg.CNTPCT_EL0) {
            // Guests see the physical count itself.
            return;
        }
        if (timer != null) {
            vcpu.timer().userWrite(timer, value);
        } else {
            row(vcpu, id).userSet(vcpu, value);
        }
    }

    // Core registers

    private static void getCore(Vcpu vcpu, long id, long[] value) {
        int word = coreWord(id);
        if (word >= RegisterId.CORE_V && word < RegisterId.CORE_FPSR) {
            int n = (word - RegisterId.CORE_V) / 4;
            value[0] = vcpu.vector(n, false);
            value[1] = vcpu.vector(n, true);
        } else if (word == RegisterId.CORE_FPSR) {
            value[0] = vcpu.fpsr() & 0xffff_ffffL;
        } else if (word == RegisterId.CORE_FPCR) {
            value[0] = vcpu.fpcr() & 0xffff_ffffL;
        } else if (word < RegisterId.CORE_SP) {
            value[0] = vcpu.reg(word / 2);
        } else if (word == RegisterId.CORE_PC) {
            value[0] = vcpu.pc();
        } else if (word == RegisterId.CORE_PSTATE) {
            value[0] = vcpu.pstate();
        } else {
            SysReg r = coreRegister(word);
            value[0] = r == null ? 0 : vcpu.readSys(r);
        }
    }

    private static void setCore(Vcpu vcpu, long id, long[] value) {
        int word = coreWord(id);
        if (word >= RegisterId.CORE_V && word < RegisterId.CORE_FPSR) {
            vcpu.setVector((word - RegisterId.CORE_V) / 4, value[0], value[1]);
        } else if (word == RegisterId.CORE_FPSR) {
            vcpu.setFpsr((int) value[0] & FPSR_MASK);
        } else if (word == RegisterId.CORE_FPCR) {
            vcpu.setFpcr(checkedFpcr(vcpu.vm().cpu(), (int) value[0]));
        } else if (word < RegisterId.CORE_SP) {
            vcpu.setReg(word / 2, value[0]);
        } else if (word == RegisterId.CORE_PC) {
            vcpu.setPc(value[0]);
        } else if (word == RegisterId.CORE_PSTATE) {
            vcpu.setPstate(checkedPstate(vcpu, value[0]));
        } else {
            SysReg r = coreRegister(word);
            if (r != null) {
                vcpu.writeSys(r, value[0]);
            }
        }
    }

    /** SP_EL0, SP_EL1, ELR_EL1, SPSR_EL1; null for the SPSRs of AArch32, which are zero. */
    private static SysReg coreRegister(int word) {
        return switch (word) {
            case RegisterId.CORE_SP -> SysReg.SP_EL0;
            case RegisterId.CORE_SP_EL1 -> SysReg.SP_EL1;
            case RegisterId.CORE_ELR_EL1 -> SysReg.ELR_EL1;
            case RegisterId.CORE_SPSR -> SysReg.SPSR_EL1;
            default -> null;
        };
    }

    /**
     * Where a core register is in struct kvm_regs, in words.
     *
     * @throws KvmException ENOENT beyond its end; EINVAL within a register, in the padding, or of
     *     another size
     */
    private static int coreWord(long id) {
        int word = RegisterId.number(id);
        if (word >= RegisterId.CORE_END) {
            throw noSuchRegister(id);
        }
        int bytes;
        boolean aligned;
        if (word < RegisterId.CORE_SPSR + 10) {
            bytes = 8;
            aligned = word % 2 == 0;
        } else if (word < RegisterId.CORE_V) {
            bytes = 0;
            aligned = false;
        } else if (word < RegisterId.CORE_FPSR) {
            bytes = 16;
            aligned = word % 4 == 0;
        } else {
            bytes = 4;
            aligned = word <= RegisterId.CORE_FPCR;
        }
        if (!aligned) {
            throw new KvmException(
                    Errno.EINVAL, "register 0x%x is not a whole register".formatted(id));
        }
        requireSize(id, bytes);
        return word;
    }

    /**
     * PSTATE: modes EL0t, EL1t, EL1h of AArch64, and EL2t, EL2h where the vCPU has an EL2; fields
     * of absent features are dropped.
     */
    private static long checkedPstate(Vcpu vcpu, long value) {
        CpuModel cpu = vcpu.vm().cpu();
        long mode = value & PSTATE_MODE;
        boolean el2 = vcpu.nested() != null && (mode == 8 || mode == 9);
        if (mode != 0 && mode != 4 && mode != 5 && !el2) {
            throw new KvmException(
                    Errno.EINVAL, "PSTATE 0x%x: not a mode of this vCPU".formatted(value));
        }
        return value
                & (Spsr.NZCV
                        | (cpu.has(Feature.DIT) ? Spsr.DIT : 0)
                        | (cpu.has(Feature.UAO) ? Spsr.UAO : 0)
                        | (cpu.has(Feature.PAN) ? Spsr.PAN : 0)
                        | Spsr.SS
                        | Spsr.IL
                        | (cpu.has(Feature.SSBS) ? Spsr.SSBS : 0)
                        | Spsr.DAIF
                        | PSTATE_MODE);
    }

    private static int checkedFpcr(CpuModel cpu, int value) {
        return value & (FPCR_MASK | (cpu.has(Feature.FP16) ? FPCR_FZ16 : 0));
    }
}

package dev.nido.kvm.sysreg;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.arch.Trap;
import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;

import java.util.ArrayList;
import java.util.List;

/**
 * The rows, by encoding (KVM: {@code sys_reg_descs[]}, {@code sys_insn_descs[]}). Those that trap
 * have accesses; those that user space saves and restores have user accesses; most have both.
 */
public final class EmulatedRegisters {

    private static final EmulatedRegister[] BY_KEY = new EmulatedRegister[1 << 16];
    private static final List<EmulatedRegister> ALL = new ArrayList<>();

    static {
        for (SysReg r : SysReg.values()) {
            row(r);
        }
        El2Registers.addRows(EmulatedRegisters::add);
        for (int crm = 1; crm <= 7; crm++) {
            for (int op2 = 0; op2 <= 7; op2++) {
                int key = SysReg.key(3, 0, 0, crm, op2);
                if (BY_KEY[key] == null) {
                    idRegister(
                            EmulatedRegister.of(
                                    key,
                                    "ID_RESERVED_0_%d_%d".formatted(crm, op2),
                                    SysReg.ID_RESERVED_EL1));
                }
            }
        }
        for (SystemOperation o :
                List.of(SystemOperation.DC_ISW, SystemOperation.DC_CSW, SystemOperation.DC_CISW)) {
            // Caches are coherent and hold nothing that memory does not.
            add(EmulatedRegister.of(o.key(), o.name(), null).write((vcpu, r, value) -> {}));
        }
    }

    private EmulatedRegisters() {}

    /** The row of an encoding, or null. */
    public static EmulatedRegister of(int key) {
        return BY_KEY[key & 0xffff];
    }

    /** All rows, in no particular order. */
    public static List<EmulatedRegister> all() {
        return List.copyOf(ALL);
    }

    private static void add(EmulatedRegister row) {
        BY_KEY[row.key()] = row;
        ALL.add(row);
    }

    private static void row(SysReg r) {
        EmulatedRegister row = EmulatedRegister.of(r.key(), r.name(), r);
        if (r.minimumEl() >= 2) {
            return;
        }
        if (r.key() >> 14 == 2) {
            debug(row);
        } else if (r.isId()) {
            idRegister(row);
        } else if (r.feature() == Feature.PMUv3) {
            pmu(row);
        } else if (r.name().startsWith("ICC_")) {
            interruptController(row);
        } else {
            other(row);
        }
    }

    // Identification

    private static void idRegister(EmulatedRegister row) {
        SysReg r = row.register();
        EmulatedRegister.Read value =
                switch (r) {
                    case MPIDR_EL1 -> (vcpu, self) -> CpuModel.mpidr(vcpu.id());
                    case CCSIDR_EL1 ->
                            (vcpu, self) -> vcpu.vm().cpu().ccsidr(vcpu.readSys(SysReg.CSSELR_EL1));
                    default -> (vcpu, self) -> vcpu.vm().idRegisters().get(self.register());
                };
        row.read(value);
        if (r.trap() != Trap.TID2_TID4 && r != SysReg.DCZID_EL0 || r == SysReg.CLIDR_EL1) {
            row.user(value::read, EmulatedRegisters::setId);
        }
        add(row.when(EmulatedRegisters::featured));
    }

    private static void setId(Vcpu vcpu, EmulatedRegister row, long value) {
        SysReg r = row.register();
        if (r != SysReg.MPIDR_EL1) {
            vcpu.vm().idRegisters().set(r, value);
        } else if (value != CpuModel.mpidr(vcpu.id())) {
            throw new KvmException(Errno.EINVAL, "MPIDR_EL1 follows from the vCPU's number");
        }
    }

    private static boolean featured(Vcpu vcpu, EmulatedRegister row) {
        Feature f = row.register().feature();
        return f == null || vcpu.vm().cpu().has(f);
    }

    // Debug

    private static void debug(EmulatedRegister row) {
        SysReg r = row.register();
        if (r.readable()) {
            row.read((vcpu, self) -> vcpu.debug().read(self.register()));
        }
        if (r.writable()) {
            row.write((vcpu, self, value) -> vcpu.debug().write(self.register(), value));
        }
        String n = r.name();
        if (n.matches("DBG[BW][VC]R\\d+_EL1") || r == SysReg.MDSCR_EL1 || r == SysReg.MDCCINT_EL1) {
            row.user(
                    (vcpu, self) -> vcpu.debug().stored(self.register()),
                    (vcpu, self, value) -> vcpu.debug().store(self.register(), value));
        } else if (r == SysReg.OSLSR_EL1) {
            row.user(
                    (vcpu, self) -> vcpu.debug().stored(self.register()),
                    EmulatedRegisters::setOsLock);
        }
        add(row);
    }

    /** Only the lock itself can be changed: OSLK, bit 1. */
    private static void setOsLock(Vcpu vcpu, EmulatedRegister row, long value) {
        if (((value ^ vcpu.debug().stored(SysReg.OSLSR_EL1)) & ~2L) != 0) {
            throw new KvmException(Errno.EINVAL, "OSLSR_EL1 = 0x%x".formatted(value));
        }
        vcpu.debug().store(SysReg.OSLSR_EL1, value);
    }

    // Performance monitors

    private static void pmu(EmulatedRegister row) {
        SysReg r = row.register();
        if (r.readable()) {
            row.read((vcpu, self) -> vcpu.pmu().read(self.register()));
        }
        if (r.writable()) {
            row.write((vcpu, self, value) ->
                    vcpu.pmu().write(self.register(), value, Spsr.el(vcpu.pstate())));
        }
        boolean indirect =
                r == SysReg.PMXEVTYPER_EL0
                        || r == SysReg.PMXEVCNTR_EL0
                        || r == SysReg.PMSWINC_EL0
                        || !r.writable();
        if (!indirect) {
            row.user(
                    (vcpu, self) -> vcpu.pmu().stored(self.register()),
                    (vcpu, self, value) -> vcpu.pmu().store(self.register(), value));
        } else if (r == SysReg.PMCEID0_EL0 || r == SysReg.PMCEID1_EL0) {
            row.user(
                    (vcpu, self) -> vcpu.pmu().stored(self.register()),
                    EmulatedRegisters::setInvariant);
        }
        add(row.when((vcpu, self) -> vcpu.pmu().exists(self.register())));
    }

    private static void setInvariant(Vcpu vcpu, EmulatedRegister row, long value) {
        if (value != row.userGet(vcpu)) {
            throw new KvmException(Errno.EINVAL, row + " = 0x%x".formatted(value));
        }
    }

    // What belongs to other rooms

    private static void interruptController(EmulatedRegister row) {
        // Only the generation of SGIs traps; the rest is the PE's virtual interface.
        if (row.register().trap() == Trap.ICC_SGI) {
            row.write((vcpu, self, value) -> vcpu.vgic().writeSgi(self.register(), value));
        }
        add(row);
    }

    // The rest

    private static void other(EmulatedRegister row) {
        SysReg r = row.register();
        switch (r.trap()) {
            case TACR, TID2_TID4 -> {
                // ACTLR_EL1 and CSSELR_EL1 are storage.
                row.read(EmulatedRegisters::stored).write(EmulatedRegisters::store);
            }
            case TLOR -> {
                // No limited ordering regions: LORID_EL1 is zero.
                row.read((vcpu, self) -> 0);
                if (r.writable()) {
                    row.write((vcpu, self, value) -> {});
                }
            }
            case VM, TCPAC -> row.read(El2Registers::read).write(El2Registers::write);
            default -> {
                if (r == SysReg.VBAR_EL1 || r == SysReg.ELR_EL1 || r == SysReg.SPSR_EL1) {
                    row.read(El2Registers::read).write(El2Registers::write);
                }
            }
        }
        if (isSaved(r)) {
            row.user(EmulatedRegisters::stored, EmulatedRegisters::store);
        }
        add(
                row.when(
                        r.trap() == Trap.TLOR
                                ? EmulatedRegisters::hasLor
                                : EmulatedRegisters::featured));
    }

    /** User space can take the limited ordering regions away: ID_AA64MMFR1_EL1.LO. */
    private static boolean hasLor(Vcpu vcpu, EmulatedRegister row) {
        return (vcpu.vm().idRegisters().get(SysReg.ID_AA64MMFR1_EL1) >>> 16 & 15) != 0;
    }

    private static long stored(Vcpu vcpu, EmulatedRegister row) {
        return vcpu.readSys(row.register());
    }

    private static void store(Vcpu vcpu, EmulatedRegister row, long value) {
        vcpu.writeSys(row.register(), value);
    }

    /** Storage of EL0 and EL1 that is not among the core registers. */
    private static boolean isSaved(SysReg r) {
        return switch (r) {
            case SCTLR_EL1,
                    ACTLR_EL1,
                    CPACR_EL1,
                    TTBR0_EL1,
                    TTBR1_EL1,
                    TCR_EL1,
                    AFSR0_EL1,
                    AFSR1_EL1,
                    ESR_EL1,
                    FAR_EL1,
                    PAR_EL1,
                    MAIR_EL1,
                    AMAIR_EL1,
                    VBAR_EL1,
                    CONTEXTIDR_EL1,
                    TPIDR_EL1,
                    CNTKCTL_EL1,
                    CSSELR_EL1,
                    TPIDR_EL0,
                    TPIDRRO_EL0 ->
                    true;
            default -> false;
        };
    }
}

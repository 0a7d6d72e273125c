package dev.nido.kvm.sysreg;

import dev.nido.arch.CpuModel;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * The identification registers of a VM: the values of its CPU, and what user space lowered before
 * the first run (KVM: {@code kvm->arch.id_regs[]}, {@code set_id_reg()}, {@code
 * arm64_check_features()}).
 *
 * <p>User space may hide features, never add them. A field is four bits; it is writable where the
 * hypervisor can do without the feature, and unsigned but for those where 15 means absent.
 * Instructions of a hidden feature still work, as on KVM, where no trap exists for them.
 */
public final class IdRegisters {

    /** The writable bits of registers, and of those the fields that are signed. */
    private record Writable(long fields, long signed) {}

    private static final Map<SysReg, Writable> WRITABLE = new EnumMap<>(SysReg.class);

    private static final int PMU_VERSION_SHIFT = 8;

    /** CTR_EL0: DIC, IDC, DminLine, IminLine. */
    private static final long CTR_WRITABLE = 0x300f_000fL;

    static {
        // GIC, DIT, CSV2, CSV3; the exception levels are what they are.
        writable(SysReg.ID_AA64PFR0_EL1, fields(24, 48, 56, 60), 0);
        writable(SysReg.ID_AA64PFR1_EL1, fields(4), 0);
        // DebugVer, PMUVer, WRPs, DoubleLock.
        writable(SysReg.ID_AA64DFR0_EL1, fields(0, 8, 20, 36), fields(36));
        writable(
                SysReg.ID_AA64ISAR0_EL1,
                fields(4, 8, 12, 16, 20, 28, 32, 36, 40, 44, 48, 52, 56, 60),
                0);
        writable(SysReg.ID_AA64ISAR1_EL1, fields(0, 12, 16, 20, 32, 36, 40, 44, 48, 52, 56), 0);
        writable(SysReg.ID_AA64ISAR2_EL1, fields(0, 4, 16, 20, 24, 28, 48, 52), 0);
        // PARange, SNSMem, TGran16, TGran64, TGran4, ExS.
        writable(SysReg.ID_AA64MMFR0_EL1, fields(0, 12, 20, 24, 28, 44), fields(24, 28));
        // HAFDBS, HPDS, LO, PAN.
        writable(SysReg.ID_AA64MMFR1_EL1, fields(0, 12, 16, 20), 0);
        // CnP, UAO, ST, AT, TTL, BBM, E0PD.
        writable(SysReg.ID_AA64MMFR2_EL1, fields(0, 4, 28, 32, 48, 52, 60), 0);
    }

    private static long fields(int... shifts) {
        long mask = 0;
        for (int s : shifts) {
            mask |= 15L << s;
        }
        return mask;
    }

    private static void writable(SysReg r, long fields, long signed) {
        WRITABLE.put(r, new Writable(fields, signed));
    }

    private final long[] limit = new long[SysReg.COUNT];
    private final long[] value = new long[SysReg.COUNT];
    private boolean fixed;

    /** The registers of a VM whose guest sees {@code cpu}. */
    public IdRegisters(CpuModel cpu) {
        for (SysReg r : SysReg.values()) {
            if (r.isId()) {
                limit[r.ordinal()] = cpu.idRegister(r);
                value[r.ordinal()] = cpu.idRegister(r);
            }
        }
    }

    /** The value that guests of the VM read; not for those that differ between vCPUs. */
    public long get(SysReg r) {
        return value[r.ordinal()];
    }

    /** What {@link #set} may change, and the bits. */
    public static Map<SysReg, Long> writableFields() {
        Map<SysReg, Long> masks = new EnumMap<>(SysReg.class);
        WRITABLE.forEach((r, w) -> masks.put(r, w.fields));
        masks.put(SysReg.CTR_EL0, CTR_WRITABLE);
        return Collections.unmodifiableMap(masks);
    }

    /**
     * Sets a register (KVM_SET_ONE_REG on it).
     *
     * @throws KvmException EINVAL if the value has more than the CPU, or changes what is fixed;
     *     EBUSY if it is not the present value after the first run
     */
    public synchronized void set(SysReg r, long newValue) {
        int o = r.ordinal();
        if (newValue == value[o]) {
            return;
        }
        if (fixed) {
            throw new KvmException(Errno.EBUSY, r + " after the VM has run");
        }
        if (!allowed(r, newValue, limit[o])) {
            throw new KvmException(
                    Errno.EINVAL,
                    "%s = 0x%x, where the CPU has 0x%x".formatted(r, newValue, limit[o]));
        }
        value[o] = newValue;
    }

    private static boolean allowed(SysReg r, long newValue, long limit) {
        if (r == SysReg.CTR_EL0) {
            return allowedCacheType(newValue, limit);
        }
        Writable w = WRITABLE.get(r);
        if (w == null || ((newValue ^ limit) & ~w.fields) != 0) {
            return newValue == limit;
        }
        for (int s = 0; s < 64; s += 4) {
            boolean signed = (w.signed >>> s & 15) != 0;
            int has = field(limit, s, signed);
            int wants = field(newValue, s, signed);
            if (wants > has) {
                return false;
            }
        }
        return true;
    }

    private static int field(long value, int shift, boolean signed) {
        int f = (int) (value >>> shift) & 15;
        return signed ? f << 28 >> 28 : f;
    }

    /** Lines may be called shorter, and maintenance necessary that is not. */
    private static boolean allowedCacheType(long newValue, long limit) {
        return ((newValue ^ limit) & ~CTR_WRITABLE) == 0
                && (newValue & 15) <= (limit & 15)
                && (newValue >> 16 & 15) <= (limit >> 16 & 15)
                && (newValue >> 28 & 3 & ~(limit >> 28 & 3)) == 0;
    }

    /** Whether CTR_EL0 is not the PE's own. */
    public boolean cacheTypeChanged() {
        int o = SysReg.CTR_EL0.ordinal();
        return value[o] != limit[o];
    }

    /** ID_AA64DFR0_EL1.PMUVer: 0 or 15 where there is no PMU. */
    public int pmuVersion() {
        return (int) (value[SysReg.ID_AA64DFR0_EL1.ordinal()] >>> PMU_VERSION_SHIFT) & 15;
    }

    /** Whether guests have performance monitors. */
    public boolean hasPmu() {
        int version = pmuVersion();
        return version != 0 && version != 15;
    }

    /** A vCPU of the VM runs for the first time: no more changes. */
    public synchronized void fix() {
        fixed = true;
    }

    /** Whether a vCPU has run. */
    public synchronized boolean isFixed() {
        return fixed;
    }
}

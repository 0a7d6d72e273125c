package dev.nido.kvm.sysreg;

import dev.nido.arch.CpuModel;
import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;

import java.util.Arrays;

/**
 * How user space debugs a vCPU (KVM: {@code struct kvm_guest_debug}, KVM_SET_GUEST_DEBUG). While it
 * does, every debug exception of the guest and every BRK ends {@code Vcpu.run} with {@code
 * Exit.Debug}, and the guest's own breakpoints, watchpoints and steps do nothing.
 *
 * @param singleStep one instruction each run
 * @param hardware the breakpoints and watchpoints below are in force
 * @param bvr DBGBVR values, addresses of breakpoints; at most {@link CpuModel#BREAKPOINTS}
 * @param bcr their DBGBCR values
 * @param wvr DBGWVR values; at most {@link CpuModel#WATCHPOINTS}
 * @param wcr their DBGWCR values
 */
public record GuestDebug(
        boolean singleStep, boolean hardware, long[] bvr, long[] bcr, long[] wvr, long[] wcr) {

    /** E, PMC = EL0 and EL1, BAS = a whole A64 instruction: a DBGBCR value for a breakpoint. */
    public static final long BREAKPOINT = 1 | 3 << 1 | 0xf << 5;

    /**
     * Takes copies; missing values are zero.
     *
     * @throws KvmException EINVAL for more than the CPU has
     */
    public GuestDebug {
        bvr = limited(bvr, CpuModel.BREAKPOINTS);
        bcr = limited(bcr, CpuModel.BREAKPOINTS);
        wvr = limited(wvr, CpuModel.WATCHPOINTS);
        wcr = limited(wcr, CpuModel.WATCHPOINTS);
    }

    private static long[] limited(long[] values, int limit) {
        if (values.length > limit) {
            throw new KvmException(
                    Errno.EINVAL, values.length + " of " + limit + " breakpoints or watchpoints");
        }
        return Arrays.copyOf(values, limit);
    }

    /** As KVM's {@code KVM_GUESTDBG_*} say it. */
    int flags() {
        return 0x1_0001 | (singleStep ? 2 : 0) | (hardware ? 0x2_0000 : 0);
    }

    /** BRK instructions only. */
    public static GuestDebug softwareBreakpoints() {
        return new GuestDebug(false, false, new long[0], new long[0], new long[0], new long[0]);
    }

    /** One instruction each run. */
    public static GuestDebug stepping() {
        return new GuestDebug(true, false, new long[0], new long[0], new long[0], new long[0]);
    }

    /** Breakpoints at addresses. */
    public static GuestDebug breakpoints(long... addresses) {
        long[] bcr = new long[addresses.length];
        Arrays.fill(bcr, BREAKPOINT);
        return new GuestDebug(false, true, addresses, bcr, new long[0], new long[0]);
    }
}

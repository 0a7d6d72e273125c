package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.ENOENT;

import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.mmu.GuestRam;

/**
 * The vendor-specific hypervisor services (SMCCC owner 6) by which a protected guest decides what
 * the host sees of it. Whatever is refused answers INVALID_PARAMETER, and changes nothing.
 *
 * <pre>
 *   0x8600ff01  CALL_UID      the UID 28b46fb6-2ec5-11e9-a9ca-4b564d003a74 in W0 to W3
 *   0x86000000  FEATURES      which of the functions below exist, one bit each
 *   0xc6000002  HYP_MEMINFO   bytes of the unit that is shared; X1 to X3 are 0
 *   0xc6000003  MEM_SHARE     lends the unit at guest physical address X1 to the host; X2, X3 are 0
 *   0xc6000004  MEM_UNSHARE   takes it back
 * </pre>
 *
 * <p>KVM: {@code kvm_handle_pvm_hvc64()}, {@code pkvm_memshare_call()}, {@code
 * pkvm_memunshare_call()}; the functions are in the kernel's documentation of KVM's hypercalls.
 */
public final class GuestHypercalls {

    public static final int CALL_UID = 0x8600_ff01;
    public static final int FEATURES = 0x8600_0000;
    public static final int HYP_MEMINFO = 0xc600_0002;
    public static final int MEM_SHARE = 0xc600_0003;
    public static final int MEM_UNSHARE = 0xc600_0004;

    public static final long SUCCESS = 0;
    public static final long INVALID_PARAMETER = -3;

    /** The UID's 16 bytes as four little-endian words. */
    private static final long[] UID = {0xb66f_b428L, 0xe911_c52eL, 0x564b_caa9L, 0x743a_004dL};

    private static final long AVAILABLE =
            1L << (FEATURES & 63)
                    | 1L << (HYP_MEMINFO & 63)
                    | 1L << (MEM_SHARE & 63)
                    | 1L << (MEM_UNSHARE & 63);

    private final ProtectedMode mode;
    private final Vm vm;
    private final GuestRam ram;

    /**
     * The services of one protected VM.
     *
     * @param ram its memory
     */
    public GuestHypercalls(ProtectedMode mode, Vm vm, GuestRam ram) {
        this.mode = mode;
        this.vm = vm;
        this.ram = ram;
    }

    /**
     * Answers a call, if it is one of these: function in W0, arguments in X1 to X3, results in X0
     * to X3.
     *
     * @return false if somebody else is to answer; nothing was done then
     */
    public boolean call(Vcpu vcpu) {
        switch ((int) vcpu.reg(0)) {
            case CALL_UID -> answer(vcpu, UID[0], UID[1], UID[2], UID[3]);
            case FEATURES -> answer(vcpu, AVAILABLE, 0, 0, 0);
            case HYP_MEMINFO -> answer(vcpu, meminfo(vcpu));
            case MEM_SHARE -> answer(vcpu, lend(vcpu, true));
            case MEM_UNSHARE -> answer(vcpu, lend(vcpu, false));
            default -> {
                return false;
            }
        }
        return true;
    }

    private long meminfo(Vcpu vcpu) {
        return vcpu.reg(1) == 0 && othersZero(vcpu) ? mode.granule() : INVALID_PARAMETER;
    }

    private long lend(Vcpu vcpu, boolean share) {
        if (!othersZero(vcpu)) {
            return INVALID_PARAMETER;
        }
        long ipa = vcpu.reg(1);
        return (share ? share(ipa) : mode.guestUnshare(vm, ipa)) == 0 ? SUCCESS : INVALID_PARAMETER;
    }

    private static boolean othersZero(Vcpu vcpu) {
        return (vcpu.reg(2) | vcpu.reg(3)) == 0;
    }

    private static void answer(Vcpu vcpu, long x0) {
        answer(vcpu, x0, 0, 0, 0);
    }

    private static void answer(Vcpu vcpu, long x0, long x1, long x2, long x3) {
        vcpu.setReg(0, x0);
        vcpu.setReg(1, x1);
        vcpu.setReg(2, x2);
        vcpu.setReg(3, x3);
    }

    /** Lends a page; one that the guest has not touched yet becomes its own first. */
    private int share(long ipa) {
        int error = mode.guestShare(vm, ipa);
        while (error == -ENOENT) {
            error = ram.claim(ipa);
            if (error == 0) {
                error = mode.guestShare(vm, ipa);
            }
        }
        return error;
    }
}

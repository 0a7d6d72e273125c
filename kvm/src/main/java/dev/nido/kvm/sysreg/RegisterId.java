package dev.nido.kvm.sysreg;

import dev.nido.arch.SysReg;

/**
 * The 64-bit identifiers of KVM_GET_ONE_REG and KVM_SET_ONE_REG (Linux UAPI, {@code asm/kvm.h}):
 * architecture in bits 63:56 (0x60), log2 of the size in bytes in bits 55:52, class in bits 31:16,
 * and the register within its class.
 */
public final class RegisterId {

    public static final long ARM64 = 0x6000_0000_0000_0000L;

    private static final long ARCH_MASK = 0xff00_0000_0000_0000L;
    private static final int SIZE_SHIFT = 52;
    public static final long U32 = 2L << SIZE_SHIFT;
    public static final long U64 = 3L << SIZE_SHIFT;
    public static final long U128 = 4L << SIZE_SHIFT;

    /** X0–X30, SP, PC, PSTATE, SPSRs, ELR_EL1, SP_EL1, V0–V31, FPSR, FPCR. */
    public static final int CORE = 0x10;

    /** One register behind a selector: CCSIDR_EL1 by CSSELR_EL1. */
    public static final int DEMUX = 0x11;

    /** System registers, by encoding. */
    public static final int SYSREG = 0x13;

    /** Pseudo-registers of the firmware's version. */
    public static final int FIRMWARE = 0x14;

    /** Bitmaps of the firmware's services. */
    public static final int FIRMWARE_FEATURES = 0x16;

    // Timers have identifiers of their own, in the class of system registers. Those of the virtual
    // timer's comparator and count are exchanged with respect to the encodings, once for ever.

    public static final long TIMER_CTL = ARM64 | U64 | SYSREG << 16 | 0xdf19;
    public static final long TIMER_CVAL = ARM64 | U64 | SYSREG << 16 | 0xdf02;
    public static final long TIMER_CNT = ARM64 | U64 | SYSREG << 16 | 0xdf1a;
    public static final long PTIMER_CTL = ARM64 | U64 | SYSREG << 16 | 0xdf11;
    public static final long PTIMER_CVAL = ARM64 | U64 | SYSREG << 16 | 0xdf12;
    public static final long PTIMER_CNT = ARM64 | U64 | SYSREG << 16 | 0xdf01;

    // Words of struct kvm_regs, that CORE counts in units of four bytes

    static final int CORE_SP = 31 * 2;
    static final int CORE_PC = 32 * 2;
    static final int CORE_PSTATE = 33 * 2;
    static final int CORE_SP_EL1 = 34 * 2;
    static final int CORE_ELR_EL1 = 35 * 2;
    static final int CORE_SPSR = 36 * 2;
    static final int CORE_V = 84;
    static final int CORE_FPSR = CORE_V + 128;
    static final int CORE_FPCR = CORE_FPSR + 1;
    static final int CORE_END = CORE_FPCR + 3;

    private RegisterId() {}

    /** The identifier of a system register. */
    public static long of(SysReg r) {
        return ofKey(r.key());
    }

    static long ofKey(int key) {
        return ARM64 | U64 | SYSREG << 16 | key;
    }

    private static long core(int word, long size) {
        return ARM64 | size | CORE << 16 | word;
    }

    /** X0–X30. */
    public static long x(int n) {
        return core(n * 2, U64);
    }

    /** SP_EL0. */
    public static long sp() {
        return core(CORE_SP, U64);
    }

    public static long pc() {
        return core(CORE_PC, U64);
    }

    public static long pstate() {
        return core(CORE_PSTATE, U64);
    }

    public static long spEl1() {
        return core(CORE_SP_EL1, U64);
    }

    public static long elrEl1() {
        return core(CORE_ELR_EL1, U64);
    }

    /** SPSR_EL1 is number 0; 1–4 are those of AArch32 modes. */
    public static long spsr(int n) {
        return core(CORE_SPSR + n * 2, U64);
    }

    /** V0–V31, 128 bits. */
    public static long v(int n) {
        return core(CORE_V + n * 4, U128);
    }

    public static long fpsr() {
        return core(CORE_FPSR, U32);
    }

    public static long fpcr() {
        return core(CORE_FPCR, U32);
    }

    /** CCSIDR_EL1 where CSSELR_EL1 has this value, 0–15. */
    public static long ccsidr(int csselr) {
        return ARM64 | U32 | DEMUX << 16 | csselr;
    }

    /** A firmware pseudo-register. */
    public static long firmware(int n) {
        return ARM64 | U64 | FIRMWARE << 16 | n;
    }

    static boolean isArm64(long id) {
        return (id & ARCH_MASK) == ARM64;
    }

    /** Bytes, a power of two. */
    public static int size(long id) {
        return 1 << (id >>> SIZE_SHIFT & 15);
    }

    static int classOf(long id) {
        return (int) (id >>> 16) & 0xffff;
    }

    static int number(long id) {
        return (int) id & 0xffff;
    }
}

package dev.nido.arch;

/**
 * Syndromes as ESR_ELx holds them (Arm ARM D19.2.37): exception classes, and the one place that
 * builds an ISS. Bits that the architecture leaves UNKNOWN are zero.
 */
public final class Esr {

    /** ESR_ELx.IL: a 32-bit instruction, and the exceptions that define it so. */
    public static final long IL = 1L << 25;

    public static final int EC_UNKNOWN = 0x00;
    public static final int EC_WFX = 0x01;
    public static final int EC_FP = 0x07;
    public static final int EC_ILLEGAL_STATE = 0x0e;
    public static final int EC_SVC = 0x15;
    public static final int EC_HVC = 0x16;
    public static final int EC_SMC = 0x17;
    public static final int EC_SYSTEM = 0x18;
    public static final int EC_ERET = 0x1a;
    public static final int EC_INSTRUCTION_ABORT = 0x20;
    public static final int EC_PC_ALIGNMENT = 0x22;
    public static final int EC_DATA_ABORT = 0x24;
    public static final int EC_SP_ALIGNMENT = 0x26;
    public static final int EC_FP_EXCEPTION = 0x2c;
    public static final int EC_SERROR = 0x2f;
    public static final int EC_BREAKPOINT = 0x30;
    public static final int EC_STEP = 0x32;
    public static final int EC_WATCHPOINT = 0x34;
    public static final int EC_BRK = 0x3c;

    /** Fault status codes; those with a level take it in bits 1:0 (Arm ARM D19.2.37, DFSC). */
    public static final int FSC_ADDRESS_SIZE = 0x00;

    public static final int FSC_TRANSLATION = 0x04;
    public static final int FSC_ACCESS_FLAG = 0x08;
    public static final int FSC_PERMISSION = 0x0c;
    public static final int FSC_EXTERNAL = 0x10;
    public static final int FSC_EXTERNAL_ON_WALK = 0x14;
    public static final int FSC_ALIGNMENT = 0x21;
    public static final int FSC_DEBUG = 0x22;
    public static final int FSC_TLB_CONFLICT = 0x30;
    public static final int FSC_UNSUPPORTED_ACCESS = 0x35;

    /** ISS of aborts: the access was a write, or DC, IC, AT of a kind that counts as one. */
    public static final int WNR = 1 << 6;

    /** ISS of aborts: a stage-2 fault on a stage-1 walk. */
    public static final int S1PTW = 1 << 7;

    /** ISS of data aborts: cache maintenance or address translation. */
    public static final int CM = 1 << 8;

    /** ISS of aborts: external abort type. */
    public static final int EA = 1 << 9;

    /** ISS of aborts: FAR is not valid. */
    public static final int FNV = 1 << 10;

    /** ISS of data aborts and watchpoints: a FEAT_NV2 memory access. */
    public static final int VNCR = 1 << 13;

    /** ISS of data aborts: bits 23:14 are valid. */
    public static final int ISV = 1 << 24;

    private Esr() {}

    /** A whole syndrome: {@code ec} in bits 31:26, {@code iss} in bits 24:0. */
    public static long of(int ec, boolean il, int iss) {
        return (long) (ec & 0x3f) << 26 | (il ? IL : 0) | iss & 0x1ff_ffff;
    }

    /** Bits 31:26. */
    public static int exceptionClass(long esr) {
        return (int) (esr >>> 26) & 0x3f;
    }

    /** Bits 24:0. */
    public static int iss(long esr) {
        return (int) esr & 0x1ff_ffff;
    }

    /**
     * ISS of EC 0x18, a trapped MSR, MRS or SYS.
     *
     * @param key the encoding ({@link SysReg#key})
     * @param rt 0–31
     * @param read MRS or SYSL
     */
    public static int systemAccess(int key, int rt, boolean read) {
        int op0 = key >> 14 & 3;
        int op1 = key >> 11 & 7;
        int crn = key >> 7 & 15;
        int crm = key >> 3 & 15;
        int op2 = key & 7;
        return op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | rt << 5 | crm << 1 | (read ? 1 : 0);
    }

    /** ISS of EC 0x01: COND 0b1110, CV = 1. */
    public static int wfx(boolean wfe) {
        return 1 << 24 | 14 << 20 | (wfe ? 1 : 0);
    }

    /** ISS of EC 0x07: COND 0b1110, CV = 1. */
    public static int fpAccess() {
        return 1 << 24 | 14 << 20;
    }

    /**
     * The access part of a data abort's ISS, with ISV = 1 (stage-2 aborts on simple loads and
     * stores).
     *
     * @param log2size 0–3
     * @param signExtend SSE
     * @param rt SRT, 0–31
     * @param sixtyFour SF
     * @param acquireRelease AR
     */
    public static int access(
            int log2size, boolean signExtend, int rt, boolean sixtyFour, boolean acquireRelease) {
        return ISV
                | log2size << 22
                | (signExtend ? 1 << 21 : 0)
                | (rt & 31) << 16
                | (sixtyFour ? 1 << 15 : 0)
                | (acquireRelease ? 1 << 14 : 0);
    }
}

package dev.nido.machine.mmu;

import dev.nido.machine.mmu.Invalidation.Scope;

/**
 * TLBI instructions to {@link Invalidation}s (Arm ARM C5.5). TTL hints are not needed: an entry
 * knows its size.
 */
final class TlbiDecoder {

    private TlbiDecoder() {}

    /** Whether the form names the Inner or Outer Shareable domain. */
    static boolean broadcast(int key) {
        int crm = key >> 3 & 15;
        if (op1(key) == 4 && crm == 4) {
            int op2 = key & 7; // IPAS2E1 and its kin: OS forms beside the local ones
            return op2 == 0 || op2 == 3 || op2 == 4 || op2 == 7;
        }
        return switch (crm) {
            case 0, 1, 2, 3, 5 -> true;
            default -> false;
        };
    }

    private static int op1(int key) {
        return key >> 11 & 7;
    }

    /**
     * @param key encoding of the SYS instruction: op0 1, CRn 8
     * @param el1 controls of the regime that EL1 forms work on: EL1&amp;0, or EL2&amp;0 at EL2 with
     *     HCR_EL2.{E2H, TGE} = {1, 1}
     * @param el2 controls of the regime that EL2 forms work on
     * @param vmid the current VMID
     * @return null if the encoding names no TLBI, or the operand none of the granules
     */
    static Invalidation decode(
            int key, long value, Stage1Controls el1, Stage1Controls el2, int vmid) {
        int op1 = op1(key);
        int crm = key >> 3 & 15;
        int op2 = key & 7;
        if (op1 == 0) {
            return el1(key, value, el1.regime, el1.vmid, el1.asidMask);
        }
        if (op1 != 4) {
            return null;
        }
        return switch (crm) {
            case 0, 4 -> stage2(crm, op2, value, vmid);
            case 1, 3, 7 ->
                    switch (op2) {
                        case 0 -> all(Scope.REGIME, el2.regime, 0);
                        case 1, 5 -> page(el2.regime, 0, el2.asidMask, el2.asidMask != 0, value);
                        case 4 -> all(Scope.EVERY_VMID, Stage1Controls.EL10, 0);
                        case 6 -> all(Scope.STAGE1_AND_2, Stage1Controls.EL10, vmid);
                        default -> null;
                    };
            case 2, 5, 6 ->
                    op2 == 1 || op2 == 5 ? range(el2.regime, 0, el2.asidMask, op2, value) : null;
            default -> null;
        };
    }

    /**
     * A form of EL1 (op1 0).
     *
     * @param regime the regime that it works on
     * @param vmid of the entries
     * @param asidMask the bits of the operand's ASID that count
     * @return as {@link #decode}
     */
    static Invalidation el1(int key, long value, int regime, int vmid, int asidMask) {
        int crm = key >> 3 & 15;
        int op2 = key & 7;
        boolean range = crm == 2 || crm == 5 || crm == 6;
        return range
                ? range(regime, vmid, asidMask, op2, value)
                : plain(regime, vmid, asidMask, op2, value);
    }

    private static Invalidation all(Scope scope, int regime, int vmid) {
        return new Invalidation(scope, regime, vmid, TlbSpace.GLOBAL, 0, 0);
    }

    private static Invalidation plain(int regime, int vmid, int asidMask, int op2, long value) {
        return switch (op2) {
            case 0 -> all(Scope.STAGE1, regime, vmid);
            case 1, 5 -> page(regime, vmid, asidMask, true, value);
            case 2 ->
                    new Invalidation(
                            Scope.ASID, regime, vmid, (int) (value >>> 48) & asidMask, 0, 0);
            case 3, 7 -> page(regime, vmid, asidMask, false, value);
            default -> null;
        };
    }

    private static Invalidation page(int regime, int vmid, int asidMask, boolean asid, long value) {
        // VA[55:12] in bits 43:0; bit 55 stands for those above.
        long va = value << 20 >> 8;
        return new Invalidation(
                asid || regime == Stage1Controls.EL2 ? Scope.ADDRESS : Scope.ADDRESS_ALL_ASIDS,
                regime,
                vmid,
                asid ? (int) (value >>> 48) & asidMask : TlbSpace.GLOBAL,
                va,
                1);
    }

    private static Invalidation range(int regime, int vmid, int asidMask, int op2, long value) {
        int granule = granule(value);
        if (granule == 0) {
            return null;
        }
        boolean asid = (op2 & 2) == 0 && regime != Stage1Controls.EL2;
        // BaseADDR, 37 bits, in granules; its top bit stands for those above.
        long va = value << 27 >> 27 << granule;
        long room = va < 0 ? -va : (1L << 48) - va;
        if (room <= 0) {
            return null;
        }
        boolean anyAsid = (op2 & 2) != 0;
        return new Invalidation(
                anyAsid ? Scope.ADDRESS_ALL_ASIDS : Scope.ADDRESS,
                regime,
                vmid,
                asid ? (int) (value >>> 48) & asidMask : TlbSpace.GLOBAL,
                va,
                Math.min(room, length(value, granule)));
    }

    private static Invalidation stage2(int crm, int op2, long value, int vmid) {
        boolean range = op2 == 2 || op2 == 6 || crm == 4 && (op2 == 3 || op2 == 7);
        boolean known = crm == 4 || op2 == 1 || op2 == 2 || op2 == 5 || op2 == 6;
        if (!known) {
            return null;
        }
        long ipa;
        long bytes = 1;
        if (range) {
            int granule = granule(value);
            if (granule == 0) {
                return null;
            }
            ipa = (value & 0x1f_ffff_ffffL) << granule;
            if (ipa >>> 48 != 0) {
                return null;
            }
            bytes = Math.min((1L << 48) - ipa, length(value, granule));
        } else {
            ipa = (value & 0xf_ffff_ffffL) << 12;
        }
        return new Invalidation(Scope.IPA, Stage1Controls.EL10, vmid, TlbSpace.GLOBAL, ipa, bytes);
    }

    /** TG, bits 47:46, to log2 of bytes; 0 where reserved. */
    private static int granule(long value) {
        return switch ((int) (value >>> 46) & 3) {
            case 1 -> 12;
            case 2 -> 14;
            case 3 -> 16;
            default -> 0;
        };
    }

    /** (NUM + 1) * 2^(5 * SCALE + 1) granules. */
    private static long length(long value, int granule) {
        int scale = (int) (value >>> 44) & 3;
        long num = value >>> 39 & 31;
        return num + 1 << 5 * scale + 1 << granule;
    }
}

package dev.nido.machine.mmu;

/**
 * What a TLBI or IC drops, with everything that depended on the issuing PE's state resolved (Arm
 * ARM D8.14, C5.5): it means the same on every PE.
 *
 * @param regime one of {@link Stage1Controls}' regimes; not for {@link Scope#IPA}, {@link
 *     Scope#EVERY_VMID} and {@link Scope#INSTRUCTIONS}
 * @param asid for {@link Scope#ADDRESS} and {@link Scope#ASID}; -1 where the regime has none
 * @param address first byte, a VA with bits 63:55 alike, or an IPA
 * @param bytes length of the range; 1 for the forms that name a page
 */
record Invalidation(Scope scope, int regime, int vmid, int asid, long address, long bytes) {

    /** IC IALLU, IALLUIS. */
    static final Invalidation ALL_INSTRUCTIONS =
            new Invalidation(Scope.INSTRUCTIONS, 0, 0, -1, 0, 0);

    /** Which entries go. */
    enum Scope {
        /** Those of an address, of one ASID or global. */
        ADDRESS,
        /** Those of an address. */
        ADDRESS_ALL_ASIDS,
        /** Those of one ASID that are not global. */
        ASID,
        /** All stage-1 entries of a regime and VMID. */
        STAGE1,
        /** All entries of both stages of a VMID. */
        STAGE1_AND_2,
        /** Stage-2 entries of an IPA of a VMID. */
        IPA,
        /** All entries of a regime. */
        REGIME,
        /** All entries of EL1&0, of both stages and all VMIDs. */
        EVERY_VMID,
        /** No entries: the predecoded pages that the fast arrays hold. */
        INSTRUCTIONS
    }
}

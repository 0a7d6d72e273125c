package dev.nido.observe;

/**
 * What the hypervisor did for a virtual EL2, beyond its exits.
 *
 * @param returns ERETs of the guest's EL2 that were emulated, but for those done on the spot
 * @param exceptions synchronous exceptions and SErrors that the guest's EL2 was given
 * @param interrupts interrupts of a guest's guest in favour of the guest's EL2
 * @param forwardedAccesses trapped MSR, MRS and SYS instructions that the guest's EL2 was given
 * @param contexts stage-2 contexts that were set up for translations of the guest's EL2
 * @param recycledContexts those of them that held others before
 * @param faults stage-2 faults of a guest's guest that were handled
 * @param forwardedFaults those that its hypervisor was given instead
 * @param invalidations TLBI instructions of the guest's EL2 that were emulated
 * @param fastInvalidations those done on the spot
 * @param linkedEnds interrupts of the guest's EL2 that ended because its guest ended a linked one
 */
public record NestedFigures(
        long returns,
        long exceptions,
        long interrupts,
        long forwardedAccesses,
        long contexts,
        long recycledContexts,
        long faults,
        long forwardedFaults,
        long invalidations,
        long fastInvalidations,
        long linkedEnds) {

    /** Nothing at all. */
    static final NestedFigures NONE = new NestedFigures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    /** Those of both. */
    NestedFigures plus(NestedFigures other) {
        return new NestedFigures(
                returns + other.returns,
                exceptions + other.exceptions,
                interrupts + other.interrupts,
                forwardedAccesses + other.forwardedAccesses,
                contexts + other.contexts,
                recycledContexts + other.recycledContexts,
                faults + other.faults,
                forwardedFaults + other.forwardedFaults,
                invalidations + other.invalidations,
                fastInvalidations + other.fastInvalidations,
                linkedEnds + other.linkedEnds);
    }
}

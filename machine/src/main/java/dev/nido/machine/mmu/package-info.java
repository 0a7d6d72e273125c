/**
 * Translation: regimes, walks of both stages, TLB and its maintenance, AT, and the slow paths of
 * memory accesses (Arm ARM D8).
 *
 * <p>The way of one load that misses everything: the engine calls {@link
 * dev.nido.machine.mmu.Mmu#load}; {@code Translator} finds no stage-1 entry in the {@code Tlb} and
 * walks the tables, each descriptor's address itself going through stage 2; the leaf becomes a
 * stage-1 entry (VA to IPA), its output goes through stage 2 (IPA to PA) likewise; the physical
 * address is read; and the page enters the {@link dev.nido.machine.mmu.FastTlb} of the current
 * {@code Context}, where the engine finds it next time.
 *
 * <p>Three rules. Both kinds of entry stay until a TLBI names them, and are used, stale or not. The
 * fast arrays cache the TLB and never outlive an entry of it. A change of EL, ASID, VMID or
 * PSTATE.PAN changes the context and flushes nothing.
 */
package dev.nido.machine.mmu;

/**
 * The page-table library: hyp stage 1, guest stage 2 and host stage 2, as real descriptors in the
 * machine's memory that its PEs walk.
 *
 * <p>A table gets everything it needs when it is created: the {@link
 * dev.nido.kvm.pgtable.Stage2Context} whose VMID it invalidates with, and {@link
 * dev.nido.kvm.pgtable.MemoryOps} for its pages and their reference counts. It knows no VM.
 *
 * <pre>{@code
 * Stage2PageTable table = Stage2PageTable.create(mmu, ops);
 * int r = table.map(ipa, 0x1000, pa, Prot.RWX, vcpuCache, PageTableWalker.SHARED);
 * Leaf leaf = new Leaf();
 * table.getLeaf(ipa, leaf);       // leaf.translate(ipa) is pa
 * table.unmap(ipa, 0x1000);       // with one TLBI of mmu's VMID
 * table.destroy();
 * }</pre>
 *
 * <p>One walker, {@link dev.nido.kvm.pgtable.PageTableWalker}, carries all operations. Each entry
 * of a table that isn't zero holds a reference to the page it is in; a table whose count falls to 1
 * is empty. Where a valid entry changes what it translates to, {@code BreakBeforeMake} takes it out
 * of all TLBs first. Faults of several vCPUs may map at the same time ({@link
 * dev.nido.kvm.pgtable.PageTableWalker#SHARED}): entries then change by compare-and-swap only, and
 * detached tables live on until the last walker has left.
 *
 * <p>KVM: {@code arch/arm64/kvm/hyp/pgtable.c}.
 */
package dev.nido.kvm.pgtable;

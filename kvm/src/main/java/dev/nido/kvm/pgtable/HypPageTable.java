package dev.nido.kvm.pgtable;

import dev.nido.kvm.Errno;

import java.lang.invoke.VarHandle;

/**
 * A stage-1 page table of L0 itself, for the EL2 or the EL2&amp;0 regime. One thread uses it at a
 * time. Operations return 0 or a negative {@link Errno}; {@code -ERANGE} is a range outside the
 * input address size.
 *
 * <p>KVM: {@code kvm_pgtable_hyp_init()}, {@code kvm_pgtable_hyp_map()}, {@code
 * kvm_pgtable_hyp_unmap()}, {@code kvm_pgtable_hyp_destroy()}, {@code kvm_pgtable_hyp_pte_prot()}.
 */
public final class HypPageTable {

    /** Index in MAIR_EL2 of Normal Write-Back memory. */
    public static final int MT_NORMAL = 0;

    /** Index in MAIR_EL2 of Device-nGnRE memory. */
    public static final int MT_DEVICE_NGNRE = 4;

    private static final int KNOWN = Prot.RWX | Prot.DEVICE | Prot.EL0_X | Prot.SW;

    private final HypContext context;
    private final MemoryOps ops;
    private TableGeometry geometry;
    private long pgd;

    /** A table that {@link #init} still has to give a root. */
    public HypPageTable(HypContext context, MemoryOps ops) {
        this.context = context;
        this.ops = ops;
    }

    /**
     * Gives the table its root, of one page.
     *
     * @param vaBits size of the input address
     * @return {@code -EINVAL} if that needs a level that there isn't, {@code -ENOMEM}
     */
    public int init(int vaBits) {
        int pageShift = ops.pageShift();
        int startLevel = 4 - (vaBits - 4) / (pageShift - 3);
        int limit = pageShift == 16 ? 52 : 48;
        if (vaBits > limit || startLevel < 0 || startLevel > TableGeometry.LAST_LEVEL) {
            return -Errno.EINVAL;
        }
        TableGeometry g = new TableGeometry(pageShift, vaBits, startLevel, pageShift == 12 ? 1 : 2);
        if (g.pgdPages() != 1) {
            return -Errno.EINVAL;
        }
        long root = ops.zallocPage(null);
        if (root == 0) {
            return -Errno.ENOMEM;
        }
        geometry = g;
        pgd = root;
        return 0;
    }

    /**
     * Physical address of the root, for TTBR0_EL2; 0 before {@link #init} and after destruction.
     */
    public long pgd() {
        return pgd;
    }

    /** Sizes and levels; null before {@link #init}. */
    public TableGeometry geometry() {
        return geometry;
    }

    /**
     * Maps a range with the largest blocks that fit. Mapping the same again does nothing, and may
     * change the software bits; nothing else can be changed without unmapping first.
     *
     * @param pa where to; advances with the address
     * @param prot R is needed; W and X exclude each other, and so do X and DEVICE
     * @return {@code -EINVAL}: other {@code prot}, something else is mapped there; {@code -ENOMEM}
     */
    public int map(long va, long size, long pa, int prot) {
        long attributes = attributes(prot);
        if (attributes < 0) {
            return (int) attributes;
        }
        if (pgd == 0 || !Descriptor.addressable(pa, geometry.pageShift())) {
            return -Errno.EINVAL;
        }
        int r = new Map(geometry, pa, attributes).walk(ops, geometry, pgd, va, size);
        VarHandle.fullFence();
        return r;
    }

    /**
     * Unmaps from an address on, until something isn't mapped or a block reaches over the end.
     *
     * @return bytes unmapped
     */
    public long unmap(long va, long size) {
        if (pgd == 0 || ops.pageCount(pgd) < 0) {
            return 0;
        }
        Unmap walker = new Unmap(context);
        walker.walk(ops, geometry, pgd, va, size);
        return walker.unmapped;
    }

    /** Frees everything, without TLB invalidation. */
    public void destroy() {
        if (pgd != 0) {
            Stage2Free.INSTANCE.walk(ops, geometry, pgd, 0, geometry.inputLimit());
            ops.putPage(pgd);
            pgd = 0;
        }
    }

    /** Finds the leaf for an address, valid or not. */
    public int getLeaf(long va, Leaf leaf) {
        return geometry == null ? -Errno.EINVAL : leaf.find(ops, geometry, pgd, va);
    }

    // The encoding: Arm ARM D8.3.1.2, D8.4.1

    private long attributes(int prot) {
        boolean execute = (prot & Prot.X) != 0;
        if ((prot & ~KNOWN) != 0
                || (prot & Prot.R) == 0
                || execute && (prot & (Prot.W | Prot.DEVICE)) != 0) {
            return -Errno.EINVAL;
        }
        boolean host = context.host();
        if (!host && (prot & Prot.EL0_X) != 0) {
            return -Errno.EINVAL;
        }
        long index = (prot & Prot.DEVICE) != 0 ? MT_DEVICE_NGNRE : MT_NORMAL;
        long attributes =
                index << Descriptor.S1_ATTR_SHIFT
                        | Descriptor.INNER_SHAREABLE
                        | Descriptor.AF
                        | Descriptor.software(prot);
        if ((prot & Prot.W) == 0) {
            attributes |= Descriptor.S1_READ_ONLY;
        }
        if (!host) {
            return attributes | Descriptor.S1_AP1 | (execute ? 0 : Descriptor.S1_XN);
        }
        return attributes
                | (execute ? 0 : Descriptor.S1_PXN)
                | ((prot & Prot.EL0_X) != 0 ? 0 : Descriptor.S1_XN);
    }

    /**
     * What {@link #map} was asked for, from a descriptor; an invalid one has only software bits.
     */
    public int pteProt(long pte) {
        int prot = Descriptor.softwareProt(pte);
        if (!Descriptor.valid(pte)) {
            return prot;
        }
        prot |= (pte & Descriptor.S1_READ_ONLY) != 0 ? Prot.R : Prot.RW;
        boolean host = context.host();
        if ((pte & (host ? Descriptor.S1_PXN : Descriptor.S1_XN)) == 0) {
            prot |= Prot.X;
        }
        if (host && (pte & Descriptor.S1_XN) == 0) {
            prot |= Prot.EL0_X;
        }
        if ((pte & Descriptor.S1_ATTR) >> Descriptor.S1_ATTR_SHIFT == MT_DEVICE_NGNRE) {
            prot |= Prot.DEVICE;
        }
        return prot;
    }

    /** KVM: {@code hyp_map_walker()}. */
    private static final class Map extends PageTableWalker {
        private final TableGeometry geometry;
        private final long pa;
        private final long attributes;

        Map(TableGeometry geometry, long pa, long attributes) {
            super(LEAF);
            this.geometry = geometry;
            this.pa = pa;
            this.attributes = attributes;
        }

        @Override
        protected int visit(Visit v, int kind) {
            long phys = pa + (v.addr - v.start);
            long size = v.size();
            if (geometry.hasLeaves(v.level)
                    && size <= v.end - v.addr
                    && ((phys | v.addr) & size - 1) == 0) {
                return placeLeaf(v, phys);
            }
            if (v.level == TableGeometry.LAST_LEVEL || Descriptor.valid(v.old)) {
                Warn.that("a part can't be mapped at 0x%x", v.addr);
                return -Errno.EINVAL;
            }
            long child = v.ops.zallocPage(null);
            if (child == 0) {
                return -Errno.ENOMEM;
            }
            v.getPage();
            v.storeRelease(Descriptor.tableEntry(child, v.pageShift));
            return 0;
        }

        private int placeLeaf(Visit v, long phys) {
            long leaf = Descriptor.leafEntry(phys, attributes, v.level, v.pageShift);
            if (leaf == v.old) {
                return 0;
            }
            if (!Descriptor.valid(v.old)) {
                v.getPage();
            } else if (((leaf ^ v.old) & ~Descriptor.SW) != 0) {
                Warn.that("something else is mapped at 0x%x", v.addr);
                return -Errno.EINVAL;
            }
            v.storeRelease(leaf);
            return 0;
        }
    }

    /** KVM: {@code hyp_unmap_walker()}. */
    private static final class Unmap extends PageTableWalker {
        private final HypContext context;
        private long unmapped;

        Unmap(HypContext context) {
            super(LEAF | TABLE_POST);
            this.context = context;
        }

        @Override
        protected int visit(Visit v, int kind) {
            if (!Descriptor.valid(v.old)) {
                return -Errno.EINVAL;
            }
            if (kind == TABLE_POST) {
                long child = v.oldAddress();
                if (v.ops.pageCount(child) == 1) {
                    v.storeRelease(0);
                    VarHandle.fullFence();
                    context.flushTable(v.addr);
                    v.putPage();
                    v.ops.putPage(child);
                }
                return 0;
            }
            long size = v.size();
            if (v.end - v.addr < size) {
                return -Errno.EINVAL;
            }
            v.storeRelease(0);
            VarHandle.fullFence();
            context.flushLeaf(v.addr, v.level);
            v.putPage();
            unmapped += size;
            return 0;
        }
    }
}

package dev.nido.machine.mmu;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * The architectural TLB of one PE. Stage-1 results (VA to IPA) and stage-2 results (IPA to PA) are
 * kept apart, both without limit, and each stays until a TLBI names it: a stale entry is used as
 * real hardware may use it, and always, so that runs repeat exactly. Only the PE's own thread, or
 * the thread that holds its {@link Shootdown} while the PE is idle, may touch it.
 *
 * <h2>Stage-1 entry</h2>
 *
 * <p>IPA[47:12] in place; bit 0 set; bits 2:1 level; bits 3–7 {@link #EL0}, {@link #READ_ONLY},
 * {@link #UXN}, {@link #PXN}, {@link #CLEAN}; bits 9:8 SH; bits 50:48 size index; bits 63:56 the
 * MAIR attribute; bit 10 {@link #NV1}. Permissions of table descriptors are folded in.
 *
 * <h2>Stage-2 entry</h2>
 *
 * <p>PA[47:12] in place; bit 0 set; bits 2:1 level; bits 4:3 S2AP; bits 6:5 XN; bit 7 {@link
 * #CLEAN}; bits 9:8 SH; bits 50:48 size index; bits 59:56 MemAttr.
 */
final class Tlb {

    static final long ADDRESS = 0xffff_ffff_f000L;
    static final long VALID = 1;
    static final int LEVEL_SHIFT = 1;
    static final long EL0 = 1 << 3;
    static final long READ_ONLY = 1 << 4;
    static final long UXN = 1 << 5;
    static final long PXN = 1 << 6;

    /** Writable only after a hardware update of the descriptor's dirty state (FEAT_HAFDBS). */
    static final long CLEAN = 1 << 7;

    /** Read with HCR_EL2.{NV, NV1} = {1, 1}: the descriptor had another format. */
    static final long NV1 = 1 << 10;

    static final int SH_SHIFT = 8;
    static final int SIZE_SHIFT = 48;
    static final int ATTRIBUTE_SHIFT = 56;

    static final int S2AP_SHIFT = 3;
    static final int XN_SHIFT = 5;

    /** In the place of a regime: the stage-2 entries. */
    private static final int STAGE2 = 3;

    private final TlbTable stage1 = new TlbTable();
    private final TlbTable stage2 = new TlbTable();
    private final Map<Integer, TlbGroup> groups = new HashMap<>();
    private final Contexts contexts;
    private final int numbers;
    private int lastNumber;

    Tlb(Contexts contexts) {
        this(contexts, 1 << TlbTable.SPACE_BITS);
    }

    /**
     * @param numbers how many space numbers there are before they are dealt out anew
     */
    Tlb(Contexts contexts, int numbers) {
        this.contexts = contexts;
        this.numbers = numbers;
    }

    static int level(long entry) {
        return (int) (entry >>> LEVEL_SHIFT) & 3;
    }

    /** The bits of an address that an entry does not translate. */
    static long offsetMask(long entry) {
        return (1L << TlbTable.shift((int) (entry >>> SIZE_SHIFT) & 7)) - 1;
    }

    TlbSpace globalSpace(int regime, int vmid) {
        return group(regime, vmid).global;
    }

    TlbSpace asidSpace(int regime, int vmid, int asid) {
        TlbGroup g = group(regime, vmid);
        TlbSpace s = g.byAsid.get(asid);
        if (s == null) {
            s = new TlbSpace(g, asid, nextNumber());
            g.byAsid.put(asid, s);
            g.nonGlobal.add(s);
        }
        return s;
    }

    TlbSpace stage2Space(int vmid) {
        return group(STAGE2, vmid).global;
    }

    private TlbGroup group(int regime, int vmid) {
        int key = regime << 16 | vmid;
        TlbGroup g = groups.get(key);
        if (g == null) {
            g = new TlbGroup(regime, vmid, nextNumber());
            groups.put(key, g);
        }
        return g;
    }

    /** The stage-1 entry for a VA, or {@link TlbTable#MISS}. */
    long lookup1(TlbSpace nonGlobal, TlbSpace global, long va) {
        long d = find(stage1, nonGlobal, va);
        return d != TlbTable.MISS ? d : find(stage1, global, va);
    }

    /** The stage-2 entry for an IPA, or {@link TlbTable#MISS}. */
    long lookup2(TlbSpace space, long ipa) {
        return find(stage2, space, ipa);
    }

    private static long find(TlbTable table, TlbSpace space, long address) {
        for (int m = space.sizes(address); m != 0; m &= m - 1) {
            int s = Integer.numberOfTrailingZeros(m);
            long d = table.get(TlbTable.key(address, s, space.number));
            if (d != TlbTable.MISS) {
                return d;
            }
        }
        return TlbTable.MISS;
    }

    void insert1(TlbSpace space, long va, long entry) {
        insert(stage1, space, va, entry);
    }

    void insert2(TlbSpace space, long ipa, long entry) {
        insert(stage2, space, ipa, entry);
    }

    private void insert(TlbTable table, TlbSpace space, long address, long entry) {
        if (table.needsRoom()) {
            table.rebuild(liveNumbers());
        }
        int s = (int) (entry >>> SIZE_SHIFT) & 7;
        space.noteSize(address, s);
        table.put(TlbTable.key(address, s, space.number), entry);
    }

    private BitSet liveNumbers() {
        BitSet live = new BitSet(lastNumber + 1);
        for (TlbGroup g : groups.values()) {
            live.set(g.global.number);
            for (TlbSpace s : g.nonGlobal) {
                live.set(s.number);
            }
        }
        return live;
    }

    private int nextNumber() {
        if (lastNumber == numbers - 1) {
            renumber();
        }
        return ++lastNumber;
    }

    /** Deals the numbers of spaces out anew, from 1, and moves their entries along. */
    private void renumber() {
        BitSet live = liveNumbers();
        int[] next = new int[numbers];
        int n = 0;
        for (int old = live.nextSetBit(0); old >= 0; old = live.nextSetBit(old + 1)) {
            next[old] = ++n;
        }
        for (TlbGroup g : groups.values()) {
            g.global.number = next[g.global.number];
            for (TlbSpace s : g.nonGlobal) {
                s.number = next[s.number];
            }
        }
        if (n == numbers - 1) {
            throw new IllegalStateException(n + " address spaces are live at once");
        }
        stage1.renumber(next);
        stage2.renumber(next);
        lastNumber = n;
    }

    /** Drops what a TLBI names. */
    void apply(Invalidation i) {
        switch (i.scope()) {
            case ADDRESS -> {
                TlbGroup g = groups.get(i.regime() << 16 | i.vmid());
                if (g != null) {
                    drop(stage1, g.global, i.address(), i.bytes());
                    TlbSpace s = g.byAsid.get(i.asid());
                    if (s != null) {
                        drop(stage1, s, i.address(), i.bytes());
                    }
                }
            }
            case ADDRESS_ALL_ASIDS -> {
                TlbGroup g = groups.get(i.regime() << 16 | i.vmid());
                if (g != null) {
                    drop(stage1, g.global, i.address(), i.bytes());
                    boolean high = (i.address() >>> 55 & 1) != 0;
                    if (high ? g.highNonGlobal : g.lowNonGlobal) {
                        for (TlbSpace s : g.nonGlobal) {
                            drop(stage1, s, i.address(), i.bytes());
                        }
                    }
                }
            }
            case ASID -> {
                TlbGroup g = groups.get(i.regime() << 16 | i.vmid());
                TlbSpace s = g == null ? null : g.byAsid.get(i.asid());
                if (s != null) {
                    empty(s);
                }
            }
            case STAGE1 -> emptyGroup(groups.get(i.regime() << 16 | i.vmid()));
            case STAGE1_AND_2 -> {
                emptyGroup(groups.get(i.regime() << 16 | i.vmid()));
                emptyGroup(groups.get(STAGE2 << 16 | i.vmid()));
            }
            case IPA -> {
                TlbGroup g = groups.get(STAGE2 << 16 | i.vmid());
                if (g != null) {
                    drop(stage2, g.global, i.address(), i.bytes());
                }
            }
            case REGIME -> emptyRegime(i.regime());
            case EVERY_VMID -> {
                emptyRegime(Stage1Controls.EL10);
                emptyRegime(STAGE2);
            }
            case INSTRUCTIONS -> contexts.flushInstructions();
        }
    }

    private void emptyRegime(int regime) {
        for (TlbGroup g : groups.values()) {
            if (g.regime == regime) {
                emptyGroup(g);
            }
        }
    }

    private void emptyGroup(TlbGroup g) {
        if (g == null) {
            return;
        }
        empty(g.global);
        if (g.lowNonGlobal || g.highNonGlobal) {
            for (TlbSpace s : g.nonGlobal) {
                empty(s);
            }
            g.lowNonGlobal = false;
            g.highNonGlobal = false;
        }
    }

    private void empty(TlbSpace s) {
        if (!s.empty()) {
            s.number = nextNumber();
            s.lowSizes = 0;
            s.highSizes = 0;
            contexts.flush(s);
        }
    }

    /** Drops the entries of a space that translate any byte of a range. */
    private void drop(TlbTable table, TlbSpace space, long address, long bytes) {
        for (int m = space.sizes(address); m != 0; m &= m - 1) {
            int index = Integer.numberOfTrailingZeros(m);
            int shift = TlbTable.shift(index);
            long first = address >>> shift;
            long count = (address + bytes - 1 >>> shift) - first + 1;
            if (count > table.capacity()) {
                scan(table, space, index, address, bytes);
                continue;
            }
            for (long n = 0; n < count; n++) {
                long at = first + n << shift;
                if (table.remove(TlbTable.key(at, index, space.number)) != TlbTable.MISS) {
                    contexts.flush(space, at, 1L << shift);
                }
            }
        }
    }

    /** The same for a range of more pages than the table has slots. */
    private void scan(TlbTable table, TlbSpace space, int index, long address, long bytes) {
        long keyBits = 0x1_ffff_ffff_f000L;
        int shift = TlbTable.shift(index);
        for (int slot = 0; slot < table.capacity(); slot++) {
            long key = table.keyAt(slot);
            if (TlbTable.spaceOf(key) == space.number && TlbTable.sizeIndexOf(key) == index) {
                long at = TlbTable.address(key);
                long from = at - (address & keyBits);
                if (from < bytes && from > -(1L << shift)) {
                    table.removeAt(slot);
                    contexts.flush(space, at, 1L << shift);
                }
            }
        }
    }
}

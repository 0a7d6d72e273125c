package dev.nido.kvm.pgtable;

import dev.nido.kvm.Errno;

import java.util.EnumSet;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Random sequences of operations on small tables of one granule. After each operation the table is
 * compared with a {@link PlainMap}, word for word; its pages with their references; and all TLBs
 * that there could be with the table.
 */
class RandomSequences implements AutoCloseable {

    private static final int[] PROTS = {
        Prot.R,
        Prot.RW,
        Prot.RX,
        Prot.RWX,
        Prot.RWX,
        Prot.R | Prot.DEVICE,
        Prot.RW | Prot.DEVICE,
        Prot.RW | Prot.NORMAL_NC,
    };

    final TestMemory memory;
    private final int pageShift;
    private final long page;
    private final long block;

    /**
     * Input sizes and start levels: with one root page, with concatenated ones, with blocks below.
     */
    private final int[][] geometries;

    /** Operations done. */
    long operations;

    /** Where operations are written down when a sequence is repeated; else null. */
    private StringBuilder log;

    // Of the sequence that runs

    private SplittableRandom random;
    private TlbContext context;
    private Stage2PageTable table;
    private PlainMap model;
    private long center;
    private long[] sizes;
    private boolean hugeBlocks;
    private boolean fwb;

    RandomSequences(int pageShift) {
        this(new TestMemory(pageShift, 128));
    }

    RandomSequences(TestMemory memory) {
        this.memory = memory;
        pageShift = memory.pageShift;
        page = 1L << pageShift;
        block = 1L << TableContents.shift(pageShift, 2);
        geometries =
                switch (pageShift) {
                    case 12 -> new int[][] {{32, 2}, {31, 2}, {33, 1}, {39, 1}, {40, 1}, {40, 0}};
                    case 14 -> new int[][] {{32, 2}, {36, 2}, {37, 2}, {37, 1}, {47, 1}};
                    default -> new int[][] {{32, 2}, {36, 2}, {43, 1}, {48, 1}};
                };
    }

    @Override
    public void close() {
        memory.close();
    }

    /** Seam: what the table gets as its context. */
    Stage2Context contextFor(TlbContext context) {
        return context;
    }

    /** Seam: a table that was just created. */
    void created(Stage2PageTable table) {}

    /** Runs one sequence; on failure again, to say what it was. */
    void run(long seed) {
        try {
            sequence(seed);
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    "granule %d, seed %d%s: %s"
                            .formatted(pageShift, seed, log == null ? "" : "\n" + log, e),
                    e);
        }
    }

    /** As {@link #run}, writing down the operations. */
    void explain(long seed) {
        log = new StringBuilder();
        run(seed);
    }

    private void sequence(long seed) {
        random = new SplittableRandom(seed);
        int[] geometry = geometries[random.nextInt(geometries.length)];
        long vtcr = TestContext.vtcr(pageShift, geometry[0], geometry[1]);
        context = new TlbContext(memory, vtcr);
        int options = random.nextInt(16);
        context.xnx = (options & 1) != 0;
        context.fwb = (options & 2) != 0;
        context.ranges = (options & 4) != 0;
        memory.maintainsCaches = (options & 8) != 0;
        fwb = context.fwb;
        boolean force = random.nextInt(8) == 0;
        table =
                Stage2PageTable.create(
                        contextFor(context),
                        memory,
                        EnumSet.noneOf(Stage2Flag.class),
                        force ? (start, end, prot) -> end - start <= 16 * page : null);
        created(table);
        context.start(table);
        hugeBlocks = pageShift == 12 && geometry[1] <= 1;
        sizes = hugeBlocks ? new long[] {1L << 30, block, page} : new long[] {block, page};
        model = new PlainMap(sizes, context.xnx);
        center = hugeBlocks ? 1L << 30 : (1L << geometry[0] - 1 & -block) / 2 & -block;
        center = Math.max(center, block);
        int n = 4 + random.nextInt(5);
        for (int i = 0; i < n; i++) {
            step(force);
            operations++;
            compare(context.check(0));
        }
        table.destroy();
        if (memory.liveTables() != 0) {
            throw new AssertionError("left after destruction: " + memory.liveTables());
        }
    }

    private void note(String format, Object... values) {
        if (log != null) {
            log.append(format.formatted(values)).append('\n');
        }
    }

    /** An address near a boundary of blocks: one before the center, two after. */
    private long address() {
        long pages = block >>> pageShift;
        int b = random.nextInt(3) - 1;
        int p = random.nextInt(7);
        long inBlock = p < 4 ? p : p < 6 ? pages - (p - 3) : pages / 2;
        return center + b * block + inBlock * page;
    }

    private long start;
    private long length;

    /** A few pages, or one or two whole blocks. */
    private void range() {
        int kind = random.nextInt(8);
        if (kind < 5) {
            start = address();
            length = (1 + random.nextInt(4)) * page;
        } else if (kind < 7 || !hugeBlocks) {
            start = center + (random.nextInt(3) - 1) * block;
            length = block * (1 + random.nextInt(2));
        } else {
            start = center;
            length = 1L << 30;
        }
    }

    private long outputFor(long ipa) {
        long unit = hugeBlocks && random.nextBoolean() ? 1L << 30 : block;
        return (1 + random.nextInt(3)) * (unit << 1) + (ipa & unit - 1);
    }

    private int prot() {
        int prot = PROTS[random.nextInt(PROTS.length)];
        if (random.nextInt(3) == 0) {
            prot |= Prot.sw(random.nextInt(16));
        }
        if (context.xnx && (prot & Prot.X) != 0 && random.nextInt(3) == 0) {
            prot &= random.nextBoolean() ? ~Prot.PX : ~Prot.UX;
        }
        return prot;
    }

    private void expect(int expected, int result) {
        if (expected != result) {
            throw new AssertionError(
                    "returned %s instead of %s"
                            .formatted(Errno.name(result), Errno.name(expected)));
        }
    }

    private void step(boolean force) {
        switch (random.nextInt(16)) {
            case 0, 1, 2, 3, 4, 5 -> map(force);
            case 6, 7 -> unmap();
            case 8 -> annotate();
            case 9 -> writeProtect();
            case 10, 11 -> relax();
            case 12 -> age();
            case 13 -> split();
            case 14 -> young();
            default -> collapse(force);
        }
    }

    private static int flagsOf(int bits) {
        return ((bits & 1) != 0 ? PageTableWalker.SHARED : 0)
                | ((bits & 2) != 0 ? PageTableWalker.HANDLE_FAULT : 0);
    }

    private void map(boolean force) {
        range();
        long pa = outputFor(start);
        if (length < block && random.nextInt(4) == 0) {
            pa += page * random.nextInt(3);
        }
        if (length >= block && random.nextInt(200) == 0) {
            length = block;
            pa += page; // pages only
        }
        map(start, length, pa, prot(), force, flagsOf(random.nextInt(8) & 3));
    }

    /** Something over what is there already, most often. */
    private void collapse(boolean force) {
        start = center + (random.nextInt(3) - 1) * block;
        map(start, block, outputFor(start), prot(), force, flagsOf(random.nextInt(4)));
    }

    private void map(long ipa, long size, long pa, int prot, boolean force, int flags) {
        note("map %x+%x to %x %s flags %x", ipa, size, pa, Prot.toString(prot), flags);
        boolean pagesOnly = force && size <= 16 * page;
        boolean ended =
                model.map(
                        ipa,
                        ipa + size,
                        pa,
                        prot,
                        pagesOnly,
                        (flags & PageTableWalker.HANDLE_FAULT) != 0);
        int r = table.map(ipa, size, pa, prot, memory.endless(), flags);
        expect(ended ? -Errno.EAGAIN : 0, r);
    }

    private void unmap() {
        range();
        note("unmap %x+%x", start, length);
        model.unmap(start, start + length);
        expect(0, table.unmap(start, length));
    }

    private void annotate() {
        start = address();
        length = page * (1 + random.nextInt(3));
        int owner = random.nextInt(4);
        note("owner %x+%x %d", start, length, owner);
        model.annotate(start, start + length, (long) owner << 2);
        expect(0, table.setOwner(start, length, memory.endless(), owner));
    }

    private void writeProtect() {
        range();
        note("wrprotect %x+%x", start, length);
        model.writeProtect(start, start + length);
        expect(0, table.wrprotect(start, length));
        context.flushVmidRange(start, length >>> pageShift);
    }

    private void relax() {
        long ipa = address();
        int prot = prot() & (Prot.RWX | Prot.SW);
        boolean software = random.nextBoolean();
        if (!software) {
            prot &= ~Prot.SW;
        }
        int flags = random.nextBoolean() ? PageTableWalker.SHARED : 0;
        note("relax %x %s, sw %s", ipa, Prot.toString(prot), software);
        int expected = model.relax(ipa, prot, software) ? 0 : -Errno.EAGAIN;
        expect(
                expected,
                software
                        ? table.relaxPermsAndSw(ipa, prot, flags)
                        : table.relaxPerms(ipa, prot, flags));
        context.flushVmidIpa(ipa, Stage2Context.LEVEL_UNKNOWN);
    }

    private void age() {
        range();
        boolean makeOld = random.nextBoolean();
        note("age %x+%x %s", start, length, makeOld);
        boolean expected = model.age(start, start + length, makeOld);
        if (table.testClearYoung(start, length, makeOld) != expected) {
            throw new AssertionError("young is not " + expected);
        }
    }

    private void young() {
        long ipa = address();
        note("young %x", ipa);
        boolean expected = model.makeYoung(ipa);
        expect(expected ? 0 : -Errno.EAGAIN, table.mkyoung(ipa, PageTableWalker.SHARED));
        if (table.isYoung(ipa) != expected) {
            throw new AssertionError("young is not " + expected);
        }
    }

    private void split() {
        if (pageShift != 12 && random.nextInt(64) != 0) {
            unmap(); // thousands of pages: not as often
            return;
        }
        range();
        int pages = random.nextInt(4);
        note("split %x+%x with %d", start, length, pages);
        TestMemory.TestCache cache = memory.cache(pages);
        boolean enough = model.split(start, start + length, pages);
        expect(enough ? 0 : -Errno.ENOMEM, table.split(start, length, cache));
        cache.drain(memory);
    }

    private void compare(TableContents c) {
        int i = 0;
        for (Map.Entry<Long, PlainMap.Entry> e : model.entries.entrySet()) {
            long ipa = e.getKey();
            long word = word(e.getValue());
            if (i == c.leaves
                    || c.ipa[i] != ipa
                    || c.pte[i] != word
                    || c.sizeOf(i) != e.getValue().size) {
                throw new AssertionError(
                        "0x%x should have 0x%x; there is %s"
                                .formatted(
                                        ipa,
                                        word,
                                        i == c.leaves
                                                ? "nothing"
                                                : "0x%x at 0x%x, level %d"
                                                        .formatted(
                                                                c.pte[i], c.ipa[i], c.level[i])));
            }
            i++;
        }
        if (i != c.leaves) {
            throw new AssertionError("0x%x should have nothing".formatted(c.ipa[i]));
        }
    }

    /** The descriptor for an entry, after Arm ARM D8.3.1. */
    private long word(PlainMap.Entry e) {
        if (!e.valid) {
            return e.annotation;
        }
        boolean device = (e.prot & Prot.DEVICE) != 0;
        boolean nonCacheable = (e.prot & Prot.NORMAL_NC) != 0;
        long memAttr = device ? 1 : nonCacheable ? 5 : fwb ? 6 : 15;
        long xn =
                switch (e.prot & Prot.X) {
                    case 0 -> 2;
                    case Prot.PX -> 3;
                    case Prot.UX -> 1;
                    default -> 0;
                };
        return e.pa
                | (e.size == page ? 3 : 1)
                | memAttr << 2
                | ((e.prot & Prot.R) != 0 ? 1L << 6 : 0)
                | ((e.prot & Prot.W) != 0 ? 1L << 7 : 0)
                | 3 << 8
                | (e.young ? 1L << 10 : 0)
                | xn << 53
                | (long) (e.prot >> 8 & 15) << 55;
    }
}

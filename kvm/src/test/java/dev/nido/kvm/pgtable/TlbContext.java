package dev.nido.kvm.pgtable;

/**
 * A context with the most unkind TLB there could be: before each operation it has cached every leaf
 * and every pointer to a table, it drops only what is invalidated, and takes up again at once what
 * is still valid when it is. {@link #check} then tells whether it ever could have gone wrong.
 */
class TlbContext extends TestContext {

    private static final long PERMISSIONS = 3L << 6 | 3L << 53;
    private static final long NOT_TRANSLATION = 15L << 55 | 1 << 10;

    private final TestMemory memory;
    private final int pageShift;
    private TableContents cached;
    private TableContents now;
    private boolean[] dropped = new boolean[64];
    private boolean[] tableDropped = new boolean[16];
    private String violation;
    long pgd;

    /** Number of calls of the primitives. */
    int calls;

    TlbContext(TestMemory memory, long vtcr) {
        super(vtcr);
        this.memory = memory;
        pageShift = memory.pageShift;
        cached = new TableContents(memory, vtcr);
        now = new TableContents(memory, vtcr);
    }

    /** The table as {@link #check} found it last. */
    TableContents contents() {
        return cached;
    }

    /** Begins with an empty TLB for a table. */
    void start(Stage2PageTable table) {
        start(table, 0);
    }

    /** Begins with everything that a table has in the TLB. */
    void start(Stage2PageTable table, int held) {
        pgd = table.pgd();
        violation = null;
        cached.read(pgd, held);
        clear();
    }

    private void clear() {
        if (dropped.length < cached.leaves) {
            dropped = new boolean[cached.leaves * 2];
        }
        java.util.Arrays.fill(dropped, 0, cached.leaves, false);
        if (tableDropped.length < cached.tables) {
            tableDropped = new boolean[cached.tables * 2];
        }
        java.util.Arrays.fill(tableDropped, 0, cached.tables, false);
    }

    private void violation(String format, Object... values) {
        if (violation == null) {
            violation = format.formatted(values);
        }
    }

    @Override
    public void flushVmid() {
        drop(0, 1L << 52, LEVEL_UNKNOWN, true);
    }

    @Override
    public void flushVmidIpa(long ipa, int level) {
        drop(ipa, ipa + 1, level, level == LEVEL_UNKNOWN);
    }

    @Override
    public void flushVmidIpaNsh(long ipa, int level) {
        drop(ipa, ipa + 1, level, level == LEVEL_UNKNOWN);
    }

    @Override
    public void flushVmidRange(long ipa, long pages) {
        drop(ipa, ipa + (pages << pageShift), LEVEL_UNKNOWN, true);
    }

    private void drop(long start, long end, int level, boolean withTables) {
        calls++;
        TableContents c = cached;
        for (int i = Math.max(0, c.floor(start)); i < c.leaves && c.ipa[i] < end; i++) {
            boolean covered = c.ipa[i] + c.sizeOf(i) > start;
            if (covered && (level == LEVEL_UNKNOWN || level == c.level[i])) {
                dropLeaf(i);
            }
        }
        if (withTables) {
            for (int i = 0; i < c.tables; i++) {
                long size = 1L << TableContents.shift(pageShift, c.tableLevel[i]);
                if (c.tableIpa[i] < end
                        && c.tableIpa[i] + size > start
                        && tableWord(c, i) != c.tablePte[i]) {
                    tableDropped[i] = true;
                }
            }
        }
    }

    /** The entry in the place of a pointer to a table, as a walk would find it now. */
    private long tableWord(TableContents c, int i) {
        return c.wordAt(pgd, c.tableIpa[i], c.tableLevel[i]);
    }

    /** Takes an entry out, and in again if the table still has it. */
    private void dropLeaf(int i) {
        TableContents c = cached;
        if ((c.pte[i] & 1) == 0 || dropped[i]) {
            return;
        }
        long current = c.leafFor(pgd, c.ipa[i]);
        if ((current & 1) == 0) {
            dropped[i] = true;
        } else if (current != c.pte[i] && conflict(c.pte[i], current, i)) {
            violation(
                    "not broken before make at 0x%x: 0x%x, then 0x%x", c.ipa[i], c.pte[i], current);
        } else {
            c.pte[i] = current;
        }
    }

    /** Whether a change of a valid entry needs break before make. */
    private boolean conflict(long a, long b, int i) {
        return ((a ^ b) & ~(PERMISSIONS | NOT_TRANSLATION)) != 0
                || (cached.wordAt(pgd, cached.ipa[i], cached.level[i]) ^ b) != 0;
    }

    /**
     * Compares what is cached with the table as it is now, checks its pages, and caches it anew.
     *
     * @param held pages in use and not in the tree
     * @throws AssertionError if anything is wrong
     */
    TableContents check(int held) {
        TableContents n = now;
        TableContents c = cached;
        n.read(pgd, held);
        if (violation != null) {
            throw new AssertionError(violation);
        }
        int at = 0;
        for (int i = 0; i < c.leaves; i++) {
            if ((c.pte[i] & 1) == 0 || dropped[i]) {
                continue;
            }
            while (at < n.leaves && n.ipa[at] < c.ipa[i]) {
                at++;
            }
            long current = at < n.leaves && n.ipa[at] == c.ipa[i] ? n.pte[at] : 0;
            if (current == c.pte[i] && n.level[at] == c.level[i]) {
                continue;
            }
            checkStale(c, i, current, current == 0 ? 0 : n.level[at]);
        }
        for (int i = 0; i < c.tables; i++) {
            if (!tableDropped[i] && tableWord(c, i) != c.tablePte[i]) {
                throw new AssertionError(
                        "a pointer to table 0x%x stays cached for 0x%x"
                                .formatted(c.tablePte[i], c.tableIpa[i]));
            }
        }
        cached = n;
        now = c;
        clear();
        return n;
    }

    private void checkStale(TableContents c, int i, long current, int level) {
        long old = c.pte[i];
        if ((current & 1) == 0
                || level != c.level[i]
                || ((old ^ current) & ~(PERMISSIONS | NOT_TRANSLATION)) != 0) {
            throw new AssertionError(
                    "stale at 0x%x: 0x%x is cached, 0x%x in the table"
                            .formatted(c.ipa[i], old, current));
        }
        boolean moreThanNow =
                (old & ~current & 3L << 6) != 0 || (rights(old) & ~rights(current)) != 0;
        if (moreThanNow) {
            throw new AssertionError(
                    "stale permissions at 0x%x: 0x%x is cached, 0x%x in the table"
                            .formatted(c.ipa[i], old, current));
        }
    }

    /** Execution at EL1 (bit 0) and EL0 (bit 1), by XN[1:0]. */
    private static int rights(long pte) {
        return switch ((int) (pte >>> 53) & 3) {
            case 0 -> 3;
            case 1 -> 2;
            case 2 -> 0;
            default -> 1;
        };
    }
}

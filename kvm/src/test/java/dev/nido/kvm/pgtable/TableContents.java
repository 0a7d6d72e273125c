package dev.nido.kvm.pgtable;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * What is in a stage-2 table, read from memory without help of the library, by the formats of Arm
 * ARM D8.3. Checks on the way that every page of the tree has as many references as it should, and
 * that every page in use is in the tree.
 */
final class TableContents {

    private static final VarHandle WORDS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final TestMemory memory;
    private final int pageShift;
    private final int startLevel;
    private final int iaBits;

    /** A page for each level. */
    private final byte[][] buffers;

    private final byte[] zeroes;

    /** Entries that aren't zero and aren't tables, ascending. */
    int leaves;

    long[] ipa = new long[64];
    long[] pte = new long[64];
    int[] level = new int[64];

    /** Entries that are tables: value, and what they translate. */
    int tables;

    long[] tablePte = new long[16];
    long[] tableIpa = new long[16];
    int[] tableLevel = new int[16];

    TableContents(TestMemory memory, long vtcr) {
        this.memory = memory;
        pageShift = memory.pageShift;
        iaBits = 64 - (int) (vtcr & 63);
        int sl0 = (int) (vtcr >> 6) & 3;
        buffers = memory.buffers;
        zeroes = memory.zeroes;
        startLevel = pageShift == 12 ? (sl0 == 3 ? 3 : 2 - sl0) : 3 - sl0;
    }

    static int shift(int pageShift, int level) {
        return pageShift + (3 - level) * (pageShift - 3);
    }

    static boolean isTable(long pte, int level) {
        return level < 3 && (pte & 3) == 3;
    }

    long output(long pte) {
        long pa = pte & 0xffff_ffff_ffffL & -1L << pageShift;
        return pageShift == 16 ? pa | (pte >>> 12 & 15) << 48 : pa;
    }

    long sizeOf(int leaf) {
        return 1L << shift(pageShift, level[leaf]);
    }

    /**
     * Reads the table.
     *
     * @param held pages that are in use and not in the tree
     */
    void read(long pgd, int held) {
        leaves = 0;
        tables = 0;
        int shift = shift(pageShift, startLevel);
        long entries = (1L << iaBits) + (1L << shift) - 1 >>> shift;
        int perPage = 1 << pageShift - 3;
        for (long first = 0; first < entries; first += perPage) {
            int n = (int) Math.min(perPage, entries - first);
            readTable(pgd + (first << 3), startLevel, first << shift, n);
        }
        if (tables + held != memory.liveTables()) {
            throw new AssertionError(
                    "%d tables are in use, %d in the tree, %d held"
                            .formatted(memory.liveTables(), tables, held));
        }
    }

    private void readTable(long pa, int level, long ipa, int entries) {
        int shift = shift(pageShift, level);
        byte[] words = buffers[level];
        memory.memory.read(pa - TestMemory.BASE, words, 0, entries * 8);
        int used = 0;
        for (int i = nextUsed(words, 0, entries);
                i < entries;
                i = nextUsed(words, i + 1, entries)) {
            long word = (long) WORDS.get(words, i * 8);
            used++;
            long at = ipa + ((long) i << shift);
            if (isTable(word, level)) {
                addTable(word, at, level);
                readTable(output(word), level + 1, at, 1 << pageShift - 3);
            } else {
                addLeaf(at, word, level);
            }
        }
        int count = memory.pageCount(pa);
        if (count != used + 1) {
            throw new AssertionError(
                    "table 0x%x, level %d, has %d entries and %d references"
                            .formatted(pa, level, used, count));
        }
    }

    /** Skips zeroes, which is nearly all there is. */
    private int nextUsed(byte[] words, int from, int entries) {
        if (from < entries && (long) WORDS.get(words, from * 8) != 0) {
            return from;
        }
        int at = Arrays.mismatch(words, from * 8, entries * 8, zeroes, 0, (entries - from) * 8);
        return at < 0 ? entries : from + (at >> 3);
    }

    private void addLeaf(long at, long word, int l) {
        if (leaves == ipa.length) {
            ipa = Arrays.copyOf(ipa, 2 * leaves);
            pte = Arrays.copyOf(pte, 2 * leaves);
            level = Arrays.copyOf(level, 2 * leaves);
        }
        ipa[leaves] = at;
        pte[leaves] = word;
        level[leaves++] = l;
    }

    private void addTable(long word, long start, int l) {
        if (tables == tablePte.length) {
            tablePte = Arrays.copyOf(tablePte, 2 * tables);
            tableIpa = Arrays.copyOf(tableIpa, 2 * tables);
            tableLevel = Arrays.copyOf(tableLevel, 2 * tables);
        }
        tablePte[tables] = word;
        tableIpa[tables] = start;
        tableLevel[tables++] = l;
    }

    /** The last leaf that doesn't begin after an address, or −1. */
    int floor(long address) {
        int i = Arrays.binarySearch(ipa, 0, leaves, address);
        return i >= 0 ? i : -i - 2;
    }

    /** Reads the entry for an address at a level; if the tree ends above it, −1. */
    long wordAt(long pgd, long address, int wanted) {
        long table = pgd;
        for (int l = startLevel; ; l++) {
            long mask = l == startLevel ? -1L : (1L << pageShift - 3) - 1;
            long index = address >>> shift(pageShift, l) & mask;
            long word = memory.memory.get64(table - TestMemory.BASE + index * 8);
            if (l == wanted) {
                return word;
            }
            if (!isTable(word, l)) {
                return -1;
            }
            table = output(word);
        }
    }

    /** The entry where a walk ends, whatever its level. */
    long leafFor(long pgd, long address) {
        long table = pgd;
        for (int l = startLevel; ; l++) {
            long mask = l == startLevel ? -1L : (1L << pageShift - 3) - 1;
            long index = address >>> shift(pageShift, l) & mask;
            long word = memory.memory.get64(table - TestMemory.BASE + index * 8);
            if (!isTable(word, l)) {
                return word;
            }
            table = output(word);
        }
    }
}

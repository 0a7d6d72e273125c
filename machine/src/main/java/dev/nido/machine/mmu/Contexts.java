package dev.nido.machine.mmu;

import java.util.HashMap;
import java.util.Map;

/** The contexts of a PE whose fast arrays are kept warm. */
final class Contexts {

    private static final int CONTEXTS = 24;
    private static final int CONFIGURATIONS = 1 << 16;

    /**
     * In the place of the fast arrays while watchpoints want to see every access: it holds no data,
     * and instructions of whichever context is current.
     */
    final FastTlb watched = new FastTlb();

    private final Context[] all = new Context[CONTEXTS];
    private final long[] keys = new long[CONTEXTS];
    private final Map<Configuration, Integer> configurations = new HashMap<>();
    private int count;
    private long uses;
    private int lastConfiguration;

    /** Register values that change the meaning of TLB entries. */
    private record Configuration(int regime, long sctlr, long tcr, long hcr, long vtcr) {}

    /** A number for a set of register values, below 2^28. */
    int configuration(int regime, long sctlr, long tcr, long hcr, long vtcr) {
        Configuration c = new Configuration(regime, sctlr, tcr, hcr, vtcr);
        Integer n = configurations.get(c);
        if (n == null) {
            if (configurations.size() == CONFIGURATIONS) {
                configurations.clear();
            }
            n = lastConfiguration++ & 0xfff_ffff;
            configurations.put(c, n);
        }
        return n;
    }

    private void forget(int i) {
        all[i].fast.flush();
        all[i].key = Context.NO_KEY;
        keys[i] = Context.NO_KEY;
    }

    /**
     * The context of a key, with its fast arrays as they were left, or a fresh one.
     *
     * @param pinned a context that must not be given up for it, or null
     */
    Context find(long key, Context pinned) {
        for (int i = 0; i < count; i++) {
            if (keys[i] == key) {
                all[i].lastUse = ++uses;
                return all[i];
            }
        }
        int at = 0;
        if (count < CONTEXTS) {
            at = count++;
            all[at] = new Context();
        } else {
            long oldest = Long.MAX_VALUE;
            for (int i = 0; i < count; i++) {
                if (all[i].lastUse < oldest && all[i] != pinned) {
                    oldest = all[i].lastUse;
                    at = i;
                }
            }
            forget(at);
        }
        Context c = all[at];
        c.key = key;
        keys[at] = key;
        c.lastUse = ++uses;
        return c;
    }

    /** Drops what the fast arrays hold through a space. */
    void flush(TlbSpace s) {
        watched.flush();
        for (int i = 0; i < count; i++) {
            Context c = all[i];
            if (c.nonGlobal == s || c.global == s || c.stage2 == s) {
                c.fast.flush();
            }
        }
    }

    /** Drops what the fast arrays hold through one entry of a space. */
    void flush(TlbSpace s, long address, long bytes) {
        watched.flush();
        for (int i = 0; i < count; i++) {
            Context c = all[i];
            if (c.nonGlobal == s || c.global == s) {
                c.fast.flush(address, bytes);
            } else if (c.stage2 == s) {
                c.fast.flush();
            }
        }
    }

    /** Drops the predecoded pages that the fast arrays hold. */
    void flushInstructions() {
        watched.flush();
        for (int i = 0; i < count; i++) {
            all[i].fast.flushInstructions();
        }
    }
}

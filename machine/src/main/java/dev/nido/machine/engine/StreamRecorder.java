package dev.nido.machine.engine;

import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.machine.pe.Pe;

/**
 * The instruction stream as the guest sees it: one record per retired instruction, and one per
 * exception that the guest takes. The schema is in {@code docs/stream.md}.
 *
 * <p>A record is absorbed word by word into a 256-bit state of four lanes. The hash is made to find
 * differences between two runs, not to resist an adversary.
 */
public final class StreamRecorder {

    private static final long K0 = 0x9e3779b97f4a7c15L;
    private static final long K1 = 0xc2b2ae3d27d4eb4fL;
    private static final long K2 = 0x165667b19e3779f9L;
    private static final long K3 = 0x27d4eb2f165667c5L;

    /** Takes complete records, for dumps and golden files. */
    public interface Listener {

        /** Words of one record, {@code length} of them valid; the array is reused. */
        void record(long[] words, int length);
    }

    /** Is told whenever a block of the stream is complete. */
    public interface Checkpoint {

        /**
         * {@link StreamRecorder#records} is a multiple of {@link #BLOCK}. On the thread that runs
         * the machine, within an instruction; the hash is as of now.
         */
        void reached(StreamRecorder recorder);
    }

    /** Records between two checkpoints. */
    public static final int BLOCK = 1 << 20;

    /** {@link #kind} of a record: an instruction that was retired. */
    public static final int RETIRED = 1;

    /** {@link #kind} of a record: an exception that was taken. */
    public static final int EXCEPTION = 2;

    private Listener listener;
    private Checkpoint checkpoint;
    private Pe current;

    /** Room for the largest record: ST4 of bytes stores 64 times. */
    private final long[] record = new long[256];

    private int length = 2;
    private int pendingStores;
    private long h0 = K0;
    private long h1 = K1;
    private long h2 = K2;
    private long h3 = K3;
    private long exceptions;
    private long records;

    /**
     * @param listener what else takes each record, or null
     */
    public StreamRecorder(Listener listener) {
        this.listener = listener;
    }

    /** Sets what else takes each record from now on; null for nobody. */
    public void setListener(Listener listener) {
        this.listener = listener;
    }

    /** Sets who is told of complete blocks; null for nobody. */
    public void setCheckpoint(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
    }

    /** What a record is: {@link #RETIRED} or {@link #EXCEPTION}. */
    public static int kind(long[] words) {
        return (int) words[1] & 15;
    }

    /** For a {@link Listener}: the PE whose record it takes, after the instruction. */
    public Pe pe() {
        return current;
    }

    /** Notes a store of the instruction that is executing: address, size in bytes, value. */
    public void store(long va, int size, long value) {
        record[length++] = va;
        record[length++] = size;
        record[length++] = value;
        pendingStores++;
    }

    /** Drops what the current instruction stored: it did not complete. */
    void abandon() {
        length = 2;
        pendingStores = 0;
    }

    /**
     * Completes the record of an instruction.
     *
     * @param pe state after the instruction
     * @param pc the instruction's address
     * @param el exception level at which it executed ({@link Pe#shownEl})
     * @param writes X registers written in bits 31:0 (31 = SP), V registers in 63:32
     */
    void retire(Pe pe, long pc, int el, long writes) {
        int n = length;
        int x = (int) writes;
        while (x != 0) {
            int r = Integer.numberOfTrailingZeros(x);
            x &= x - 1;
            record[n++] = pe.x[r == 31 ? Pe.SP : r];
        }
        int v = (int) (writes >>> 32);
        while (v != 0) {
            int r = Integer.numberOfTrailingZeros(v);
            v &= v - 1;
            record[n++] = pe.v[2 * r];
            record[n++] = pe.v[2 * r + 1];
        }
        record[0] = pc;
        record[1] =
                RETIRED
                        | (long) el << 4
                        | (long) (pe.nzcv >>> 28) << 8
                        | (long) (pe.daif >>> 6) << 12
                        | (long) pendingStores << 16
                        | (long) Long.bitCount(writes) << 24
                        | (writes & 0xffffffffL) << 32;
        finish(pe, n);
    }

    /** What word 1 of the records has in common while neither EL nor PSTATE.DAIF changes. */
    static long head(Pe pe) {
        return RETIRED | (long) pe.shownEl() << 4 | (long) (pe.daif >>> 6) << 12;
    }

    /** The bit that a register number of {@code Pe.x} has in word 1; none for the sink. */
    static long bit(int r) {
        long bit = 1L << r;
        return bit & 0x7fffffff | bit >>> 33 << 31;
    }

    /**
     * Completes the record of an instruction that stored nothing.
     *
     * @param pe state after the instruction
     * @param head see {@link #head}
     * @param pc the instruction's address
     * @param d where in {@code Pe.x} it wrote, {@link Pe#SINK} for nothing
     * @param value what it wrote
     */
    void retireOne(Pe pe, long head, long pc, int d, long value) {
        int written = d == Pe.SINK ? 0 : 1;
        absorb(pe, pc, second(pe, head, bit(d), written), value, 0, 2 + written);
    }

    /**
     * Completes the record of an instruction that stored nothing and wrote two registers.
     *
     * @param d one of them, or {@link Pe#SINK}
     * @param n the other; it counts if they are the same
     */
    void retireTwo(Pe pe, long head, long pc, int d, long value, int n, long updated) {
        if (d == Pe.SINK || d == n) {
            retireOne(pe, head, pc, n, updated);
        } else {
            long second = second(pe, head, bit(d) | bit(n), 2);
            absorb(pe, pc, second, d < n ? value : updated, d < n ? updated : value, 4);
        }
    }

    private static long second(Pe pe, long head, long bits, int written) {
        return head | (long) (pe.nzcv >>> 28) << 8 | (long) written << 24 | bits << 32;
    }

    /** A record of 2 to 4 words: {@link #finish} without its detour through memory. */
    private void absorb(Pe pe, long pc, long second, long third, long fourth, int n) {
        long a = h0;
        long b = h1;
        long c = h2;
        long d = h3;
        a = Long.rotateLeft((a ^ pc) * K1, 29) + b;
        b = Long.rotateLeft((b + pc) * K2, 31) ^ c;
        c = Long.rotateLeft((c ^ a) * K3, 33) + d;
        d = d * K0 + b;
        a = Long.rotateLeft((a ^ second) * K1, 29) + b;
        b = Long.rotateLeft((b + second) * K2, 31) ^ c;
        c = Long.rotateLeft((c ^ a) * K3, 33) + d;
        d = d * K0 + b;
        if (n > 2) {
            a = Long.rotateLeft((a ^ third) * K1, 29) + b;
            b = Long.rotateLeft((b + third) * K2, 31) ^ c;
            c = Long.rotateLeft((c ^ a) * K3, 33) + d;
            d = d * K0 + b;
        }
        if (n > 3) {
            a = Long.rotateLeft((a ^ fourth) * K1, 29) + b;
            b = Long.rotateLeft((b + fourth) * K2, 31) ^ c;
            c = Long.rotateLeft((c ^ a) * K3, 33) + d;
            d = d * K0 + b;
        }
        h0 = a ^ n;
        h1 = b;
        h2 = c;
        h3 = d;
        if ((++records & BLOCK - 1) == 0 || listener != null) {
            record[0] = pc;
            record[1] = second;
            record[2] = third;
            record[3] = fourth;
            tell(pe, n);
        }
    }

    /** Completes the record of an instruction that stored one value and wrote no register. */
    void retireStore(Pe pe, long head, long pc, long va, int log2, long value) {
        record[0] = pc;
        record[1] = head | (long) (pe.nzcv >>> 28) << 8 | 1L << 16;
        record[2] = va;
        record[3] = 1L << log2;
        record[4] = value & -1L >>> 64 - (8 << log2);
        finish(pe, 5);
    }

    /**
     * Completes the record of an instruction that wrote up to three registers of {@code Pe.x}, and
     * perhaps stored.
     */
    void retire(Pe pe, long head, long pc, int d, int d2, int d3) {
        int n = length;
        long writes = bit(d) | bit(d2) | bit(d3);
        int x = (int) writes;
        while (x != 0) {
            int r = Integer.numberOfTrailingZeros(x);
            x &= x - 1;
            record[n++] = pe.x[r == 31 ? Pe.SP : r];
        }
        record[0] = pc;
        record[1] =
                head
                        | (long) (pe.nzcv >>> 28) << 8
                        | (long) pendingStores << 16
                        | (long) Long.bitCount(writes) << 24
                        | writes << 32;
        finish(pe, n);
    }

    /**
     * Records an exception that the guest took: the vector, and the syndrome of its target level.
     *
     * @param synchronous whether ESR and FAR were written
     */
    public void exception(Pe pe, boolean synchronous) {
        boolean el2 = pe.el == 2;
        exception(pe, synchronous, el2 ? pe.sys[SysReg.SPSR_EL2.ordinal()] : shownSpsr(pe));
    }

    /** The same with SPSR as the level that took the exception reads it. */
    public void exception(Pe pe, boolean synchronous, long spsr) {
        boolean el2 = pe.el == 2;
        record[0] = pe.pc;
        record[1] = EXCEPTION | (long) pe.shownEl() << 4;
        record[2] = synchronous ? pe.sys[(el2 ? SysReg.ESR_EL2 : SysReg.ESR_EL1).ordinal()] : 0;
        record[3] = synchronous ? pe.sys[(el2 ? SysReg.FAR_EL2 : SysReg.FAR_EL1).ordinal()] : 0;
        record[4] = spsr;
        record[5] = pe.sys[(el2 ? SysReg.ELR_EL2 : SysReg.ELR_EL1).ordinal()];
        exceptions++;
        finish(pe, 6);
    }

    /**
     * SPSR_EL1 as the level that the exception was taken to reads it. With {NV, NV1, NV2} = {1, 1,
     * 0} that level's hypervisor has to make EL1 to EL2 in it.
     */
    private static long shownSpsr(Pe pe) {
        long spsr = pe.sys[SysReg.SPSR_EL1.ordinal()];
        boolean fromEl1 = Spsr.el(spsr) == 1;
        return fromEl1 && pe.shownEl() == 2 ? spsr ^ 3L << Spsr.EL_SHIFT : spsr;
    }

    private void finish(Pe pe, int n) {
        long a = h0;
        long b = h1;
        long c = h2;
        long d = h3;
        for (int i = 0; i < n; i++) {
            long w = record[i];
            a = Long.rotateLeft((a ^ w) * K1, 29) + b;
            b = Long.rotateLeft((b + w) * K2, 31) ^ c;
            c = Long.rotateLeft((c ^ a) * K3, 33) + d;
            d = d * K0 + b;
        }
        h0 = a ^ n;
        h1 = b;
        h2 = c;
        h3 = d;
        length = 2;
        pendingStores = 0;
        if ((++records & BLOCK - 1) == 0 || listener != null) {
            tell(pe, n);
        }
    }

    /** Tells who listens, or waits for the end of a block, of the record in hand. */
    private void tell(Pe pe, int n) {
        if (listener != null) {
            current = pe;
            listener.record(record, n);
        }
        if ((records & BLOCK - 1) == 0 && checkpoint != null) {
            checkpoint.reached(this);
        }
    }

    /** Records so far: instructions and exceptions. */
    public long records() {
        return records;
    }

    /** Instructions recorded. */
    public long instructions() {
        return records - exceptions;
    }

    /** The hash over all records so far, 64 hexadecimal digits. */
    public String hash() {
        long a = h0 ^ records;
        long b = h1 ^ instructions();
        long c = h2;
        long d = h3;
        for (int i = 0; i < 4; i++) {
            a = mix(a + d);
            b = mix(b ^ a);
            c = mix(c + b);
            d = mix(d ^ c);
        }
        return "%016x%016x%016x%016x".formatted(a, b, c, d);
    }

    private static long mix(long z) {
        z = (z ^ z >>> 32) * 0xd6e8feb86659fd93L;
        z = (z ^ z >>> 32) * 0xd6e8feb86659fd93L;
        return z ^ z >>> 32;
    }
}

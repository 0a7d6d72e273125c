package dev.nido.machine.engine.simd;

import dev.nido.machine.pe.Pe;

/**
 * The instructions that compiled code has most of, one small method each, so that a single dispatch
 * reaches them and the JVM's compiler can inline what follows.
 */
final class Frequent {

    private Frequent() {}

    private static boolean isDouble(int word) {
        return (word & 0x00c0_0000) == 0x0040_0000;
    }

    private static boolean isSingle(int word) {
        return (word & 0x00c0_0000) == 0;
    }

    private static int width(int word) {
        return isDouble(word) ? 64 : isSingle(word) ? 32 : 16;
    }

    private static int low(int word, int at) {
        return word >>> at << 1 & 62;
    }

    private static void write(long[] v, int word, long low, long high) {
        int d = low(word, 0);
        v[d] = low;
        v[d + 1] = high;
    }

    private static long first(Pe pe, int word, int n) {
        return pe.v[low(word, 5)] & Lanes.mask(n);
    }

    private static long second(Pe pe, int word, int n) {
        return pe.v[low(word, 16)] & Lanes.mask(n);
    }

    private static long third(Pe pe, int word, int n) {
        return pe.v[low(word, 10)] & Lanes.mask(n);
    }

    // ------------------------------------------------------------------ scalar FP

    static void fadd(Pe pe, int word) {
        int n = width(word);
        write(pe.v, word, FastFloat.add(n, first(pe, word, n), second(pe, word, n), pe), 0);
    }

    static void fsub(Pe pe, int word) {
        int n = width(word);
        write(pe.v, word, FastFloat.sub(n, first(pe, word, n), second(pe, word, n), pe), 0);
    }

    static void fmul(Pe pe, int word) {
        int n = width(word);
        write(pe.v, word, FastFloat.mul(n, first(pe, word, n), second(pe, word, n), pe), 0);
    }

    static void fdiv(Pe pe, int word) {
        int n = width(word);
        write(pe.v, word, FastFloat.div(n, first(pe, word, n), second(pe, word, n), pe), 0);
    }

    static void fmadd(Pe pe, int word) {
        int n = width(word);
        long c = third(pe, word, n);
        write(pe.v, word, FastFloat.mulAdd(n, c, first(pe, word, n), second(pe, word, n), pe), 0);
    }

    static void fmsub(Pe pe, int word) {
        int n = width(word);
        long a = SoftFloat.negate(n, first(pe, word, n));
        write(pe.v, word, FastFloat.mulAdd(n, third(pe, word, n), a, second(pe, word, n), pe), 0);
    }

    static void fmov(Pe pe, int word) {
        int n = width(word);
        write(pe.v, word, first(pe, word, n), 0);
    }

    static void fcmp(Pe pe, int word) {
        int n = width(word);
        long b = (word & 8) != 0 ? 0 : second(pe, word, n);
        pe.nzcv = FastFloat.compare(n, first(pe, word, n), b, (word & 16) != 0, pe);
    }

    // ------------------------------------------------------------------ vector FP

    private static final long LOW = 0xffff_ffffL;

    static void faddVector(Pe pe, int word) {
        long[] v = pe.v;
        int a = low(word, 5);
        int b = low(word, 16);
        boolean wide = (word & 1 << 22) != 0;
        long x = fadd(pe, wide, v[a], v[b]);
        write(v, word, x, (word & 1 << 30) != 0 ? fadd(pe, wide, v[a + 1], v[b + 1]) : 0);
    }

    private static long fadd(Pe pe, boolean wide, long a, long b) {
        return wide
                ? FastFloat.add(64, a, b, pe)
                : FastFloat.add(32, a & LOW, b & LOW, pe)
                        | FastFloat.add(32, a >>> 32, b >>> 32, pe) << 32;
    }

    static void fsubVector(Pe pe, int word) {
        long[] v = pe.v;
        int a = low(word, 5);
        int b = low(word, 16);
        boolean wide = (word & 1 << 22) != 0;
        long x = fsub(pe, wide, v[a], v[b]);
        write(v, word, x, (word & 1 << 30) != 0 ? fsub(pe, wide, v[a + 1], v[b + 1]) : 0);
    }

    private static long fsub(Pe pe, boolean wide, long a, long b) {
        return wide
                ? FastFloat.sub(64, a, b, pe)
                : FastFloat.sub(32, a & LOW, b & LOW, pe)
                        | FastFloat.sub(32, a >>> 32, b >>> 32, pe) << 32;
    }

    static void fmulVector(Pe pe, int word) {
        long[] v = pe.v;
        int a = low(word, 5);
        int b = low(word, 16);
        boolean wide = (word & 1 << 22) != 0;
        long x = fmul(pe, wide, v[a], v[b]);
        write(v, word, x, (word & 1 << 30) != 0 ? fmul(pe, wide, v[a + 1], v[b + 1]) : 0);
    }

    private static long fmul(Pe pe, boolean wide, long a, long b) {
        return wide
                ? FastFloat.mul(64, a, b, pe)
                : FastFloat.mul(32, a & LOW, b & LOW, pe)
                        | FastFloat.mul(32, a >>> 32, b >>> 32, pe) << 32;
    }

    static void fmlaVector(Pe pe, int word) {
        long[] v = pe.v;
        int d = low(word, 0);
        int a = low(word, 5);
        int b = low(word, 16);
        boolean wide = (word & 1 << 22) != 0;
        long x = fmla(pe, wide, v[d], v[a], v[b]);
        write(v, word, x, (word & 1 << 30) != 0 ? fmla(pe, wide, v[d + 1], v[a + 1], v[b + 1]) : 0);
    }

    private static long fmla(Pe pe, boolean wide, long d, long a, long b) {
        return wide
                ? FastFloat.mulAdd(64, d, a, b, pe)
                : FastFloat.mulAdd(32, d & LOW, a & LOW, b & LOW, pe)
                        | FastFloat.mulAdd(32, d >>> 32, a >>> 32, b >>> 32, pe) << 32;
    }

    // ------------------------------------------------------------------ bitwise and integer

    private static long upper(int word, long value) {
        return (word & 1 << 30) != 0 ? value : 0;
    }

    static void and(Pe pe, int word) {
        long[] v = pe.v;
        int a = low(word, 5);
        int b = low(word, 16);
        write(v, word, v[a] & v[b], upper(word, v[a + 1] & v[b + 1]));
    }

    static void bic(Pe pe, int word) {
        long[] v = pe.v;
        int a = low(word, 5);
        int b = low(word, 16);
        write(v, word, v[a] & ~v[b], upper(word, v[a + 1] & ~v[b + 1]));
    }

    static void orr(Pe pe, int word) {
        long[] v = pe.v;
        int a = low(word, 5);
        int b = low(word, 16);
        write(v, word, v[a] | v[b], upper(word, v[a + 1] | v[b + 1]));
    }

    static void eor(Pe pe, int word) {
        long[] v = pe.v;
        int a = low(word, 5);
        int b = low(word, 16);
        write(v, word, v[a] ^ v[b], upper(word, v[a + 1] ^ v[b + 1]));
    }

    static void bsl(Pe pe, int word) {
        long[] v = pe.v;
        int d = low(word, 0);
        int a = low(word, 5);
        int b = low(word, 16);
        long high = (v[a + 1] ^ v[b + 1]) & v[d + 1] ^ v[b + 1];
        write(v, word, (v[a] ^ v[b]) & v[d] ^ v[b], upper(word, high));
    }

    static void bit(Pe pe, int word) {
        long[] v = pe.v;
        int d = low(word, 0);
        int a = low(word, 5);
        int b = low(word, 16);
        long high = (v[a + 1] ^ v[d + 1]) & v[b + 1] ^ v[d + 1];
        write(v, word, (v[a] ^ v[d]) & v[b] ^ v[d], upper(word, high));
    }

    static void bif(Pe pe, int word) {
        long[] v = pe.v;
        int d = low(word, 0);
        int a = low(word, 5);
        int b = low(word, 16);
        long high = (v[a + 1] ^ v[d + 1]) & ~v[b + 1] ^ v[d + 1];
        write(v, word, (v[a] ^ v[d]) & ~v[b] ^ v[d], upper(word, high));
    }

    static void add(Pe pe, int word) {
        long[] v = pe.v;
        int size = word >>> 22 & 3;
        int a = low(word, 5);
        int b = low(word, 16);
        write(
                v,
                word,
                Lanes.add(v[a], v[b], size),
                upper(word, Lanes.add(v[a + 1], v[b + 1], size)));
    }

    static void sub(Pe pe, int word) {
        long[] v = pe.v;
        int size = word >>> 22 & 3;
        int a = low(word, 5);
        int b = low(word, 16);
        write(
                v,
                word,
                Lanes.sub(v[a], v[b], size),
                upper(word, Lanes.sub(v[a + 1], v[b + 1], size)));
    }

    static void cmeq(Pe pe, int word) {
        long[] v = pe.v;
        int size = word >>> 22 & 3;
        int a = low(word, 5);
        int b = low(word, 16);
        long high = upper(word, Lanes.equal(v[a + 1], v[b + 1], size));
        write(v, word, Lanes.equal(v[a], v[b], size), high);
    }

    static void cmeqZero(Pe pe, int word) {
        long[] v = pe.v;
        int size = word >>> 22 & 3;
        int a = low(word, 5);
        write(v, word, Lanes.equal(v[a], 0, size), upper(word, Lanes.equal(v[a + 1], 0, size)));
    }

    static void cmtst(Pe pe, int word) {
        long[] v = pe.v;
        int size = word >>> 22 & 3;
        int a = low(word, 5);
        int b = low(word, 16);
        long high = upper(word, Lanes.nonZero(v[a + 1] & v[b + 1], size));
        write(v, word, Lanes.nonZero(v[a] & v[b], size), high);
    }

    static void cmhs(Pe pe, int word) {
        long[] v = pe.v;
        int size = word >>> 22 & 3;
        int a = low(word, 5);
        int b = low(word, 16);
        long high = upper(word, Lanes.unsignedGreaterOrEqual(v[a + 1], v[b + 1], size));
        write(v, word, Lanes.unsignedGreaterOrEqual(v[a], v[b], size), high);
    }
}

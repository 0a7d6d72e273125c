package dev.nido.machine.engine.simd;

import dev.nido.isa.A64;
import dev.nido.machine.pe.Pe;

/** The cryptographic instructions: AES, SHA-1, SHA-256, SHA-512, SHA-3 (Arm ARM C4.1.96). */
final class Crypto {

    private static final byte[] SBOX = new byte[256];
    private static final byte[] INVERSE_SBOX = new byte[256];

    static {
        // FIPS 197, 5.1.1: the inverse in GF(2^8), then an affine transformation. 3 generates the
        // field.
        int p = 1;
        int q = 1;
        do {
            p = (p ^ p << 1 ^ (p >>> 7) * 0x11b) & 0xff;
            q ^= q << 1;
            q ^= q << 2;
            q ^= q << 4;
            q &= 0xff;
            if ((q & 0x80) != 0) {
                q ^= 0x09;
            }
            int s = q ^ rotate8(q, 1) ^ rotate8(q, 2) ^ rotate8(q, 3) ^ rotate8(q, 4) ^ 0x63;
            SBOX[p] = (byte) s;
        } while (p != 1);
        SBOX[0] = 0x63;
        for (int i = 0; i < 256; i++) {
            INVERSE_SBOX[SBOX[i] & 0xff] = (byte) i;
        }
    }

    private Crypto() {}

    private static int rotate8(int x, int by) {
        return (x << by | x >>> (8 - by)) & 0xff;
    }

    static void execute(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int d = 2 * (word & 31);
        int n = 2 * (word >>> 5 & 31);
        int m = 2 * (word >>> 16 & 31);
        int a = 2 * (word >>> 10 & 31);
        switch (row) {
            case AESE -> substitute(v, d, v[d] ^ v[n], v[d + 1] ^ v[n + 1], SBOX, 5);
            case AESD -> substitute(v, d, v[d] ^ v[n], v[d + 1] ^ v[n + 1], INVERSE_SBOX, 13);
            case AESMC -> set(v, d, mixColumns(v[n]), mixColumns(v[n + 1]));
            case AESIMC -> set(v, d, inverseMixColumns(v[n]), inverseMixColumns(v[n + 1]));
            case SHA1C, SHA1M, SHA1P -> sha1Rounds(v, d, (int) v[n], v[m], v[m + 1], row);
            case SHA1H -> set(v, d, Integer.rotateLeft((int) v[n], 30) & 0xffff_ffffL, 0);
            case SHA1SU0 -> set(v, d, v[d + 1] ^ v[d] ^ v[m], v[n] ^ v[d + 1] ^ v[m + 1]);
            case SHA1SU1 -> {
                long low = v[d] ^ (v[n] >>> 32 | v[n + 1] << 32);
                long high = v[d + 1] ^ v[n + 1] >>> 32;
                long r0 = rotateWords(low, 1);
                long r1 = rotateWords(high, 1) ^ (long) Integer.rotateLeft((int) low, 2) << 32;
                set(v, d, r0, r1);
            }
            case SHA256H -> sha256Rounds(v, d, d, n, m, true);
            case SHA256H2 -> sha256Rounds(v, d, n, d, m, false);
            case SHA256SU0 -> {
                long t0 = v[d] >>> 32 | v[d + 1] << 32;
                long t1 = v[d + 1] >>> 32 | v[n] << 32;
                set(
                        v,
                        d,
                        Lanes.add(smallSigma0(t0), v[d], 2),
                        Lanes.add(smallSigma0(t1), v[d + 1], 2));
            }
            case SHA256SU1 -> {
                long t0 = v[n] >>> 32 | v[n + 1] << 32;
                long t1 = v[n + 1] >>> 32 | v[m] << 32;
                long low = Lanes.add(Lanes.add(smallSigma1(v[m + 1]), v[d], 2), t0, 2);
                long high = Lanes.add(Lanes.add(smallSigma1(low), v[d + 1], 2), t1, 2);
                set(v, d, low, high);
            }
            case SHA512H -> {
                long x0 = v[n];
                long x1 = v[n + 1];
                long y0 = v[m];
                long y1 = v[m + 1];
                long high = choose(y1, x0, x1) + largeSigma1(y1) + v[d + 1];
                long t = high + y0;
                set(v, d, choose(t, y1, x0) + largeSigma1(t) + v[d], high);
            }
            case SHA512H2 -> {
                long x0 = v[n];
                long y0 = v[m];
                long y1 = v[m + 1];
                long high = majority(x0, y1, y0) + largeSigma0(y0) + v[d + 1];
                set(v, d, majority(high, y0, y1) + largeSigma0(high) + v[d], high);
            }
            case SHA512SU0 ->
                    set(v, d, v[d] + sigma(v[d + 1], 1, 8, 7), v[d + 1] + sigma(v[n], 1, 8, 7));
            case SHA512SU1 ->
                    set(
                            v,
                            d,
                            v[d] + sigma(v[n], 19, 61, 6) + v[m],
                            v[d + 1] + sigma(v[n + 1], 19, 61, 6) + v[m + 1]);
            case RAX1 ->
                    set(
                            v,
                            d,
                            v[n] ^ Long.rotateLeft(v[m], 1),
                            v[n + 1] ^ Long.rotateLeft(v[m + 1], 1));
            case XAR -> {
                int by = word >>> 10 & 63;
                set(
                        v,
                        d,
                        Long.rotateRight(v[n] ^ v[m], by),
                        Long.rotateRight(v[n + 1] ^ v[m + 1], by));
            }
            case EOR3 -> set(v, d, v[n] ^ v[m] ^ v[a], v[n + 1] ^ v[m + 1] ^ v[a + 1]);
            case BCAX -> set(v, d, v[n] ^ v[m] & ~v[a], v[n + 1] ^ v[m + 1] & ~v[a + 1]);
            default -> throw new IllegalArgumentException(row.name());
        }
    }

    private static void set(long[] v, int d, long low, long high) {
        v[d] = low;
        v[d + 1] = high;
    }

    /** ShiftRows and SubBytes: output byte i comes from byte {@code i * step} modulo 16. */
    private static void substitute(long[] v, int d, long low, long high, byte[] box, int step) {
        long r0 = 0;
        long r1 = 0;
        for (int i = 0; i < 8; i++) {
            int from = i * step & 15;
            long x = (from < 8 ? low : high) >>> 8 * (from & 7);
            r0 |= (box[(int) x & 0xff] & 0xffL) << 8 * i;
            from = (i + 8) * step & 15;
            x = (from < 8 ? low : high) >>> 8 * (from & 7);
            r1 |= (box[(int) x & 0xff] & 0xffL) << 8 * i;
        }
        v[d] = r0;
        v[d + 1] = r1;
    }

    /** Multiplies every byte by x in GF(2^8). */
    private static long timesX(long a) {
        return (a & 0x7f7f_7f7f_7f7f_7f7fL) << 1 ^ (a >>> 7 & Lanes.low(0)) * 0x1b;
    }

    /** Every 32-bit element rotated left. */
    private static long rotateWords(long a, int by) {
        return Integer.rotateLeft((int) a, by) & 0xffff_ffffL
                | (long) Integer.rotateLeft((int) (a >>> 32), by) << 32;
    }

    private static long mixColumns(long a) {
        long r = rotateWords(a, 24);
        return timesX(a ^ r) ^ r ^ rotateWords(a, 16) ^ rotateWords(a, 8);
    }

    private static long inverseMixColumns(long a) {
        return mixColumns(a ^ timesX(timesX(a ^ rotateWords(a, 16))));
    }

    private static void sha1Rounds(long[] v, int d, int y, long w0, long w1, A64 row) {
        int x0 = (int) v[d];
        int x1 = (int) (v[d] >>> 32);
        int x2 = (int) v[d + 1];
        int x3 = (int) (v[d + 1] >>> 32);
        for (int i = 0; i < 4; i++) {
            int t =
                    switch (row) {
                        case SHA1C -> (x2 ^ x3) & x1 ^ x3;
                        case SHA1M -> x1 & x2 | (x1 | x2) & x3;
                        default -> x1 ^ x2 ^ x3;
                    };
            int w = (int) ((i < 2 ? w0 : w1) >>> 32 * (i & 1));
            y += Integer.rotateLeft(x0, 5) + t + w;
            x1 = Integer.rotateLeft(x1, 30);
            int top = x3;
            x3 = x2;
            x2 = x1;
            x1 = x0;
            x0 = y;
            y = top;
        }
        v[d] = x0 & 0xffff_ffffL | (long) x1 << 32;
        v[d + 1] = x2 & 0xffff_ffffL | (long) x3 << 32;
    }

    private static void sha256Rounds(long[] v, int d, int x, int y, int w, boolean part1) {
        int x0 = (int) v[x];
        int x1 = (int) (v[x] >>> 32);
        int x2 = (int) v[x + 1];
        int x3 = (int) (v[x + 1] >>> 32);
        int y0 = (int) v[y];
        int y1 = (int) (v[y] >>> 32);
        int y2 = (int) v[y + 1];
        int y3 = (int) (v[y + 1] >>> 32);
        for (int i = 0; i < 4; i++) {
            int choose = (y1 ^ y2) & y0 ^ y2;
            int majority = x0 & x1 | (x0 | x1) & x2;
            int sigma1 =
                    Integer.rotateRight(y0, 6)
                            ^ Integer.rotateRight(y0, 11)
                            ^ Integer.rotateRight(y0, 25);
            int sigma0 =
                    Integer.rotateRight(x0, 2)
                            ^ Integer.rotateRight(x0, 13)
                            ^ Integer.rotateRight(x0, 22);
            int t = y3 + sigma1 + choose + (int) (v[w + (i >>> 1)] >>> 32 * (i & 1));
            int newX = t + sigma0 + majority;
            int newY = t + x3;
            y3 = y2;
            y2 = y1;
            y1 = y0;
            y0 = newY;
            x3 = x2;
            x2 = x1;
            x1 = x0;
            x0 = newX;
        }
        v[d] = part1 ? x0 & 0xffff_ffffL | (long) x1 << 32 : y0 & 0xffff_ffffL | (long) y1 << 32;
        v[d + 1] =
                part1 ? x2 & 0xffff_ffffL | (long) x3 << 32 : y2 & 0xffff_ffffL | (long) y3 << 32;
    }

    private static long smallSigma0(long a) {
        return rotateWords(a, 32 - 7) ^ rotateWords(a, 32 - 18) ^ Lanes.shiftRightUnsigned(a, 3, 2);
    }

    private static long smallSigma1(long a) {
        return rotateWords(a, 32 - 17)
                ^ rotateWords(a, 32 - 19)
                ^ Lanes.shiftRightUnsigned(a, 10, 2);
    }

    private static long choose(long x, long y, long z) {
        return (y ^ z) & x ^ z;
    }

    private static long majority(long x, long y, long z) {
        return x & y | (x | y) & z;
    }

    private static long largeSigma0(long a) {
        return Long.rotateRight(a, 28) ^ Long.rotateRight(a, 34) ^ Long.rotateRight(a, 39);
    }

    private static long largeSigma1(long a) {
        return Long.rotateRight(a, 14) ^ Long.rotateRight(a, 18) ^ Long.rotateRight(a, 41);
    }

    private static long sigma(long a, int first, int second, int shift) {
        return Long.rotateRight(a, first) ^ Long.rotateRight(a, second) ^ a >>> shift;
    }
}

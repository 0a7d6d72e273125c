package dev.nido.isa;

/** Immediates of Advanced SIMD and FP: AdvSIMDExpandImm, VFPExpandImm, shifts, rotations, zero. */
final class ModifiedImmediate {
    private ModifiedImmediate() {}

    static int imm8(int word) {
        return (word >>> 16 & 7) << 5 | word >>> 5 & 31;
    }

    private static void putImm8(OperandText in, Encoder e, long v) throws Mismatch {
        if (v < 0 || v > 255) {
            throw in.mismatch("8-bit immediate expected");
        }
        e.put(in, 16, 3, v >> 5);
        e.put(in, 5, 5, v & 31);
    }

    /** log2 of the element's bytes that a modified-immediate word works on. */
    static int elementSize(int word) {
        int cmode = word >>> 12 & 15;
        if (cmode >= 14) {
            return cmode == 14 ? 0 : (word >>> 11 & 1) == 1 ? 1 : 2 + (word >>> 29 & 1);
        }
        return cmode >= 8 && cmode < 12 ? 1 : 2;
    }

    /** The value of an 8-bit FP immediate (Arm ARM, VFPExpandImm). */
    static double expand(int imm8) {
        int exponent = (imm8 >>> 4 & 7 ^ 4) - 3;
        double v = (16 + (imm8 & 15)) / 16.0 * Math.pow(2, exponent);
        return (imm8 & 0x80) != 0 ? -v : v;
    }

    private static void printFp(StringBuilder out, int imm8) {
        out.append(String.format(java.util.Locale.ROOT, "#%.18e", expand(imm8)));
    }

    private static int readFp(OperandText in) throws Mismatch {
        in.take('#');
        String rest = in.rest();
        int end = 0;
        while (end < rest.length() && "0123456789+-.eE".indexOf(rest.charAt(end)) >= 0) {
            end++;
        }
        double v;
        try {
            v = Double.parseDouble(rest.substring(0, end));
        } catch (NumberFormatException e) {
            throw in.mismatch("floating-point number expected");
        }
        for (int i = 0; i < 256; i++) {
            if (expand(i) == v) {
                in.reset(in.position() + end);
                return i;
            }
        }
        throw in.mismatch("value is no 8-bit floating-point immediate");
    }

    /** FMOV (scalar, immediate). */
    static final class ScalarFp extends Operand {
        @Override
        void print(StringBuilder out, int word, long pc) {
            printFp(out, bits(word, 13, 8));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            e.put(in, 13, 8, readFp(in));
        }
    }

    /** FMOV (vector, immediate). */
    static final class VectorFp extends Operand {
        @Override
        void print(StringBuilder out, int word, long pc) {
            printFp(out, imm8(word));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int size = e.lane();
            if (e.row() == A64.FMOV_V_IMM_H ? size != 1 : size != 2 && size != 3) {
                throw in.mismatch("other arrangement expected");
            }
            if (size != 1) {
                e.put(in, 29, 1, size - 2);
            }
            putImm8(in, e, readFp(in));
        }
    }

    /** {@code #imm8{, lsl #n}} or {@code , msl #n} of MOVI, MVNI, ORR and BIC. */
    static final class Shifted extends Operand {
        @Override
        void print(StringBuilder out, int word, long pc) {
            hex(out, imm8(word));
            int cmode = bits(word, 12, 4);
            if (cmode >= 12) {
                if (cmode != 14) {
                    out.append(", msl #").append(cmode == 12 ? 8 : 16);
                }
                return;
            }
            int shift = (cmode >> 1 & (cmode >= 8 ? 1 : 3)) * 8;
            if (shift != 0) {
                out.append(", lsl #").append(shift);
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            putImm8(in, e, in.immediate());
            boolean ones = false;
            long shift = 0;
            if (in.take(',')) {
                ones = in.takeName("msl");
                if (!ones && !in.takeName("lsl")) {
                    throw in.mismatch("lsl or msl expected");
                }
                shift = in.immediate();
            }
            A64 row = e.row();
            int size = e.lane();
            boolean msl = row == A64.MOVI_MSL || row == A64.MVNI_MSL;
            if (row == A64.MOVI_B) {
                require(in, size == 0 && !ones && shift == 0);
            } else if (msl) {
                require(in, size == 2 && ones && (shift == 8 || shift == 16));
                e.put(in, 12, 1, shift >> 4);
            } else {
                require(in, !ones && (size == 1 || size == 2) && (shift & 7) == 0);
                require(in, shift >= 0 && shift < 8L << size);
                e.put(in, 13, 3, size == 1 ? 4 | shift / 8 : shift / 8);
            }
        }

        private static void require(OperandText in, boolean holds) throws Mismatch {
            if (!holds) {
                throw in.mismatch("immediate does not fit the arrangement");
            }
        }
    }

    /** The destination of MOVI with a 64-bit mask: {@code Dd} or {@code Vd.2d}. */
    static final class MaskTarget extends Operand {
        @Override
        void print(StringBuilder out, int word, long pc) {
            if (bits(word, 30, 1) == 1) {
                out.append('v').append(word & 31).append(".2d");
            } else {
                out.append('d').append(word & 31);
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            String name = in.name();
            boolean vector = name.startsWith("v");
            int n = vector || name.startsWith("d") ? GeneralRegister.decimal(name, 1) : -1;
            if (n < 0 || n > 31) {
                throw in.mismatch("register expected");
            }
            if (vector) {
                in.expect('.');
                if (!in.takeName("2d")) {
                    throw in.mismatch("2d expected");
                }
            }
            e.put(in, 30, 1, vector ? 1 : 0);
            e.put(in, 0, 5, n);
        }
    }

    /** A 64-bit mask of which each byte is zero or all ones. */
    static final class Mask64 extends Operand {
        @Override
        void print(StringBuilder out, int word, long pc) {
            long v = 0;
            for (int i = 0; i < 8; i++) {
                v |= (imm8(word) >>> i & 1) == 1 ? 0xffL << i * 8 : 0;
            }
            hex(out, v);
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            long v = in.immediate();
            long imm = 0;
            for (int i = 0; i < 8; i++) {
                int b = (int) (v >>> i * 8) & 255;
                if (b != 0 && b != 255) {
                    throw in.mismatch("bytes must be 0 or 0xff");
                }
                imm |= (b & 1L) << i;
            }
            putImm8(in, e, imm);
        }
    }

    /** The shift of an immediate shift, in immh:immb. */
    static final class Shift extends Operand {
        private final boolean left;
        private final boolean zero;

        /**
         * @param zero no text: a left shift by zero (SXTL)
         */
        Shift(boolean left, boolean zero) {
            this.left = left;
            this.zero = zero;
        }

        @Override
        boolean describes(int word) {
            return !zero || Integer.bitCount(bits(word, 16, 7)) == 1;
        }

        @Override
        boolean hidden() {
            return zero;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            if (!zero) {
                int width = 8 << Arrangement.immh(word);
                int code = bits(word, 16, 7);
                dec(out, left ? code - width : 2 * width - code);
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            if (e.lane() < 0) {
                throw in.mismatch("element size expected");
            }
            long n = zero ? 0 : in.immediate();
            int width = 8 << e.lane();
            if (left ? n < 0 || n >= width : n < 1 || n > width) {
                throw in.mismatch("shift out of range");
            }
            long code = left ? n + width : 2L * width - n;
            e.put(in, 19, 4, code >> 3);
            e.put(in, 16, 3, code & 7);
        }
    }

    /** Fraction bits of a fixed-point conversion with a general-purpose register. */
    static final class FractionBits extends Operand {
        @Override
        void print(StringBuilder out, int word, long pc) {
            dec(out, 64 - bits(word, 10, 6));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            e.put(in, 10, 6, 64 - in.immediate());
        }
    }

    /** SHLL's shift: the element width. */
    static final class ElementWidth extends Operand {
        @Override
        void print(StringBuilder out, int word, long pc) {
            dec(out, 8 << bits(word, 22, 2));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            if (in.immediate() != 8 << bits(e.word(), 22, 2)) {
                throw in.mismatch("shift must be the element width");
            }
        }
    }

    /** A rotation of FCADD (90 or 270) or FCMLA (0 to 270). */
    static final class Rotation extends Operand {
        private final A64.Field field;

        Rotation(A64.Field field) {
            this.field = field;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            dec(out, field.width() == 1 ? 90 + 180 * field.of(word) : 90 * field.of(word));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            long v = in.immediate();
            if (field.width() == 1 ? v != 90 && v != 270 : v % 90 != 0) {
                throw in.mismatch("rotation expected");
            }
            e.put(in, field, field.width() == 1 ? v / 180 : v / 90);
        }
    }

    /** Compare with zero: {@code #0} or {@code #0.0}. */
    static final class Zero extends Operand {
        private final String text;

        Zero(String text) {
            this.text = text;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            out.append('#').append(text);
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            zero(in);
        }

        static void zero(OperandText in) throws Mismatch {
            in.take('#');
            if (!in.takeName("0")) {
                throw in.mismatch("zero expected");
            }
            if (in.take('.') && !in.takeName("0")) {
                throw in.mismatch("zero expected");
            }
        }
    }

    /** FCMP's second operand: a register, or zero. */
    static final class RegisterOrZero extends Operand {
        private final Operand register;

        RegisterOrZero(Operand register) {
            this.register = register;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            if (bits(word, 3, 1) == 1) {
                out.append("#0.0");
            } else {
                register.print(out, word, pc);
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            if (in.peek('#') || in.peek('0')) {
                Zero.zero(in);
                e.put(in, 3, 1, 1);
                e.put(in, 16, 5, 0);
            } else {
                register.parse(in, e);
                e.put(in, 3, 1, 0);
            }
        }
    }

    /** One side of FMOV between a general-purpose and a SIMD and FP register. */
    static final class MoveGeneral extends Operand {
        private static final int[] SIZE = {2, 3, 3, 1};
        private final int lo;

        /**
         * @param lo 0 for the destination, 5 for the source
         */
        MoveGeneral(int lo) {
            this.lo = lo;
        }

        private boolean general(int word) {
            return bits(word, 16, 1) == 1 == (lo == 5);
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            int n = bits(word, lo, 5);
            int ftype = bits(word, 22, 2);
            if (general(word)) {
                GeneralRegister.append(out, n, word < 0, false);
            } else if (ftype == 2) {
                out.append('v').append(n).append(".d[1]");
            } else {
                out.append(Arrangement.LETTERS.charAt(SIZE[ftype])).append(n);
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int start = in.position();
            String name = in.name();
            int size = name.isEmpty() ? -1 : "vhsd".indexOf(name.charAt(0));
            int n = size < 0 || name.equals("sp") ? -1 : GeneralRegister.decimal(name, 1);
            if (n < 0) {
                in.reset(start);
                int r = GeneralRegister.read(in, false);
                e.put(in, 31, 1, (r & GeneralRegister.WIDE) != 0 ? 1 : 0);
                e.put(in, 16, 1, lo == 0 ? 0 : 1);
                e.put(in, lo, 5, r & 31);
                return;
            }
            if (size == 0) {
                in.expect('.');
                if (!in.takeName("d")) {
                    throw in.mismatch("d[1] expected");
                }
                in.expect('[');
                if (in.immediate() != 1) {
                    throw in.mismatch("d[1] expected");
                }
                in.expect(']');
            }
            e.put(in, 22, 2, new int[] {2, 3, 0, 1}[size]);
            e.put(in, 19, 1, size == 0 ? 1 : 0);
            e.put(in, 16, 1, lo == 0 ? 1 : 0);
            e.put(in, lo, 5, n & 31);
        }
    }
}

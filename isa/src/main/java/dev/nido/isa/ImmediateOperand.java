package dev.nido.isa;

/** Immediate operands of data-processing instructions. */
final class ImmediateOperand {
    private ImmediateOperand() {}

    /** A field as it is, unsigned. */
    static final class Plain extends Operand {
        private final A64.Field field;
        private final boolean inHex;

        Plain(A64.Field field, boolean inHex) {
            this.field = field;
            this.inHex = inHex;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            if (inHex) {
                hex(out, field.of(word));
            } else {
                dec(out, field.of(word));
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            e.put(in, field, in.immediate());
        }
    }

    /** A field that follows another: {@code %opc0=sf}. */
    static final class Tie extends Operand {
        private final A64.Field field;
        private final A64.Field same;

        Tie(A64.Field field, A64.Field same) {
            this.field = field;
            this.same = same;
        }

        @Override
        boolean hidden() {
            return true;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {}

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            e.put(in, field, same.of(e.word()));
        }
    }

    /** A field that the assembly form leaves only one value: {@code %size=10}. */
    static final class Fixed extends Operand {
        private final A64.Field field;
        private final int value;

        Fixed(A64.Field field, int value) {
            this.field = field;
            this.value = value;
        }

        @Override
        boolean hidden() {
            return true;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {}

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            e.put(in, field, value);
        }
    }

    /** ADD and SUB: 12 bits, optionally shifted left by 12; negated for the opposite mnemonic. */
    static final class Arithmetic extends Operand {
        private final boolean negated;

        Arithmetic(boolean negated) {
            this.negated = negated;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            hex(out, bits(word, 10, 12));
            if (bits(word, 22, 1) == 1) {
                out.append(", lsl #12");
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            long v = in.immediate();
            if (negated) {
                v = -v;
            }
            int shift = 0;
            if (in.take(',')) {
                if (!in.takeName("lsl")) {
                    throw in.mismatch("lsl expected");
                }
                long s = in.immediate();
                if (s != 0 && s != 12) {
                    throw in.mismatch("shift must be 0 or 12");
                }
                shift = (int) s / 12;
            } else if (v >>> 12 != 0 && (v & 0xfff) == 0) {
                shift = 1;
                v >>>= 12;
            }
            e.put(in, 10, 12, v);
            e.put(in, 22, 1, shift);
        }
    }

    /** {@code , lsl #n} after a register; ROR for the logical instructions only. */
    static final class Shift extends Operand {
        private static final String[] NAMES = {"lsl", "lsr", "asr", "ror"};
        private final int kinds;

        Shift(boolean rotate) {
            this.kinds = rotate ? 4 : 3;
        }

        @Override
        boolean optional() {
            return true;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            int kind = bits(word, 22, 2);
            int amount = bits(word, 10, 6);
            if (kind != 0 || amount != 0) {
                out.append(", ").append(NAMES[kind]).append(" #").append(amount);
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int kind = 0;
            long amount = 0;
            if (in.take(',')) {
                String name = in.name();
                kind = -1;
                for (int i = 0; i < kinds; i++) {
                    if (NAMES[i].equals(name)) {
                        kind = i;
                    }
                }
                if (kind < 0) {
                    throw in.mismatch("shift expected");
                }
                amount = in.immediate();
            }
            e.put(in, 22, 2, kind);
            e.put(in, 10, 6, amount);
        }
    }

    /** The extended register of ADD and SUB, with its extension. */
    static final class Extended extends Operand {
        static final String[] NAMES = {
            "uxtb", "uxth", "uxtw", "uxtx", "sxtb", "sxth", "sxtw", "sxtx"
        };

        @Override
        void print(StringBuilder out, int word, long pc) {
            int option = bits(word, 13, 3);
            int amount = bits(word, 10, 3);
            boolean wide = word < 0;
            GeneralRegister.append(out, bits(word, 16, 5), wide && (option & 3) == 3, false);
            boolean setsFlags = bits(word, 29, 1) == 1;
            boolean usesSp = bits(word, 5, 5) == 31 || !setsFlags && (word & 31) == 31;
            if (usesSp && option == (wide ? 3 : 2)) {
                if (amount != 0) {
                    out.append(", lsl #").append(amount);
                }
                return;
            }
            out.append(", ").append(NAMES[option]);
            if (amount != 0) {
                out.append(" #").append(amount);
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int r = GeneralRegister.read(in, false);
            boolean registerWide = (r & GeneralRegister.WIDE) != 0;
            boolean wide = e.word() < 0;
            int option = wide ? 3 : 2;
            long amount = 0;
            if (in.take(',')) {
                String name = in.name();
                if (!name.equals("lsl")) {
                    option = -1;
                    for (int i = 0; i < NAMES.length; i++) {
                        if (NAMES[i].equals(name)) {
                            option = i;
                        }
                    }
                    if (option < 0) {
                        throw in.mismatch("extension expected");
                    }
                }
                if (!in.end()) {
                    amount = in.immediate();
                }
            }
            if (registerWide != (wide && (option & 3) == 3)) {
                throw in.mismatch("register width and extension do not agree");
            }
            e.put(in, 16, 5, r & 31);
            e.put(in, 13, 3, option);
            e.put(in, 10, 3, amount);
        }
    }

    /** The bitmask immediate of AND, ORR, EOR, ANDS (Arm ARM, DecodeBitMasks). */
    static final class Bitmask extends Operand {
        private final boolean unlessMoveWide;

        /**
         * @param unlessMoveWide for {@code mov}: not for values that MOVZ or MOVN can make
         */
        Bitmask(boolean unlessMoveWide) {
            this.unlessMoveWide = unlessMoveWide;
        }

        @Override
        boolean describes(int word) {
            if (!unlessMoveWide) {
                return true;
            }
            int size = word < 0 ? 64 : 32;
            int n = bits(word, 22, 1);
            int imms = bits(word, 10, 6);
            int immr = bits(word, 16, 6);
            // MoveWidePreferred() of the Arm ARM.
            if (size == 64 && n != 1 || size == 32 && (n != 0 || imms >= 32)) {
                return true;
            }
            if (imms < 16) {
                return (-immr & 15) > 15 - imms;
            }
            return !(imms >= size - 15 && (immr & 15) <= imms - (size - 15));
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            hex(out, decode(word));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            long v = in.immediate();
            boolean wide = e.word() < 0;
            if (!wide) {
                if (v >> 32 != 0 && v >> 31 != -1) {
                    throw in.mismatch("immediate wider than the register");
                }
                v = v & 0xffffffffL | v << 32;
            }
            int code = encode(v);
            if (code < 0) {
                throw in.mismatch("value is no bitmask immediate");
            }
            e.put(in, 10, 13, code);
        }

        /** The value of the bitmask in bits 22:10 of an instruction, zero extended to 64 bits. */
        static long decode(int word) {
            int n = bits(word, 22, 1);
            int immr = bits(word, 16, 6);
            int imms = bits(word, 10, 6);
            int length = 31 - Integer.numberOfLeadingZeros(n << 6 | ~imms & 63);
            if (length < 1) {
                return 0;
            }
            int size = 1 << length;
            int s = imms & size - 1;
            int r = immr & size - 1;
            long element = s == 63 ? -1L : (1L << s + 1) - 1;
            long mask = size == 64 ? -1L : (1L << size) - 1;
            if (r != 0) {
                element = (element >>> r | element << size - r) & mask;
            }
            for (int i = size; i < 64; i *= 2) {
                element |= element << i;
            }
            return word < 0 ? element : element & 0xffffffffL;
        }

        /** {@code N:immr:imms} of a 64-bit value; −1 if it is no bitmask. */
        static int encode(long v) {
            if (v == 0 || v == -1) {
                return -1;
            }
            int size = 64;
            while (size > 2) {
                int half = size / 2;
                long m = (1L << half) - 1;
                if ((v & m) != (v >>> half & m)) {
                    break;
                }
                size = half;
            }
            long mask = size == 64 ? -1L : (1L << size) - 1;
            long element = v & mask;
            int ones = Long.bitCount(element);
            for (int r = 0; r < size; r++) {
                long rotated = r == 0 ? element : (element << r | element >>> size - r) & mask;
                if (rotated == (ones == 64 ? -1L : (1L << ones) - 1)) {
                    int n = size == 64 ? 1 : 0;
                    int imms = ~(2 * size - 1) & 63 | ones - 1;
                    return n << 12 | r << 6 | imms;
                }
            }
            return -1;
        }
    }

    /** MOVZ, MOVN, MOVK: 16 bits and {@code , lsl #n}. */
    static final class MoveWide extends Operand {
        @Override
        void print(StringBuilder out, int word, long pc) {
            hex(out, bits(word, 5, 16));
            int hw = bits(word, 21, 2);
            if (hw != 0) {
                out.append(", lsl #").append(hw * 16);
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            e.put(in, 5, 16, in.immediate());
            long shift = 0;
            if (in.take(',')) {
                if (!in.takeName("lsl")) {
                    throw in.mismatch("lsl expected");
                }
                shift = in.immediate();
                if ((shift & 15) != 0) {
                    throw in.mismatch("shift must be a multiple of 16");
                }
            }
            e.put(in, 21, 2, shift / 16);
        }
    }

    /** {@code mov} of a value that one MOVZ, or one MOVN, makes. */
    static final class Move extends Operand {
        private final boolean inverted;

        Move(boolean inverted) {
            this.inverted = inverted;
        }

        @Override
        boolean describes(int word) {
            int imm = bits(word, 5, 16);
            return !(imm == 0 && bits(word, 21, 2) != 0)
                    && !(inverted && word >= 0 && imm == 0xffff);
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            long v = (long) bits(word, 5, 16) << bits(word, 21, 2) * 16;
            v = inverted ? ~v : v;
            hex(out, word < 0 ? v : v & 0xffffffffL);
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            long v = in.immediate();
            boolean wide = e.word() < 0;
            if (!wide && v >> 32 != 0 && v >> 31 != -1) {
                throw in.mismatch("immediate wider than the register");
            }
            v = inverted ? ~v : v;
            v = wide ? v : v & 0xffffffffL;
            for (int hw = 0; hw < (wide ? 4 : 2); hw++) {
                if ((v & ~(0xffffL << hw * 16)) == 0) {
                    e.put(in, 5, 16, v >>> hw * 16);
                    e.put(in, 21, 2, hw);
                    return;
                }
            }
            throw in.mismatch("value needs more than one instruction");
        }
    }

    /** A shift amount by which an alias names a bitfield move (LSL, LSR, ASR). */
    static final class BitfieldShift extends Operand {
        private final boolean left;

        BitfieldShift(boolean left) {
            this.left = left;
        }

        @Override
        boolean describes(int word) {
            int top = word < 0 ? 63 : 31;
            int imms = bits(word, 10, 6);
            return left ? imms != top && imms + 1 == bits(word, 16, 6) : imms == top;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            int top = word < 0 ? 63 : 31;
            dec(out, left ? top - bits(word, 10, 6) : bits(word, 16, 6));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            long n = in.immediate();
            int top = e.word() < 0 ? 63 : 31;
            if (n < 0 || n > top) {
                throw in.mismatch("shift amount out of range");
            }
            e.put(in, 22, 1, top >>> 5);
            e.put(in, 16, 6, left ? -n & top : n);
            e.put(in, 10, 6, left ? top - n : top);
        }
    }

    /** {@code #lsb, #width} of UBFIZ, SBFIZ, BFI, BFC, or of UBFX, SBFX, BFXIL. */
    static final class BitRange extends Operand {
        private final boolean insert;

        BitRange(boolean insert) {
            this.insert = insert;
        }

        @Override
        boolean describes(int word) {
            return bits(word, 10, 6) < bits(word, 16, 6) == insert;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            int top = word < 0 ? 63 : 31;
            int immr = bits(word, 16, 6);
            int imms = bits(word, 10, 6);
            dec(out, insert ? -immr & top : immr);
            out.append(", ");
            dec(out, insert ? imms + 1 : imms - immr + 1);
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            long lsb = in.immediate();
            in.expect(',');
            long width = in.immediate();
            int top = e.word() < 0 ? 63 : 31;
            if (lsb < 0 || lsb > top || width < 1 || width > top + 1 - lsb) {
                throw in.mismatch("bit field out of range");
            }
            e.put(in, 22, 1, top >>> 5);
            e.put(in, 16, 6, insert ? -lsb & top : lsb);
            e.put(in, 10, 6, insert ? width - 1 : lsb + width - 1);
        }
    }

    /** The bit that TBZ tests. */
    static final class TestedBit extends Operand {
        @Override
        void print(StringBuilder out, int word, long pc) {
            dec(out, word >>> 31 << 5 | bits(word, 19, 5));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            long n = in.immediate();
            e.put(in, 31, 1, n >> 5);
            e.put(in, 19, 5, n & 31);
        }
    }

    /** A condition in bits 15:12, inverted for CSET and its like. */
    static final class Condition extends Operand {
        private final int invert;

        Condition(boolean inverted) {
            this.invert = inverted ? 1 : 0;
        }

        @Override
        boolean describes(int word) {
            return invert == 0 || bits(word, 13, 3) != 7;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            out.append(CONDITIONS[bits(word, 12, 4) ^ invert]);
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int c = condition(in);
            if (invert == 1 && c >= 14) {
                throw in.mismatch("condition must not be al or nv");
            }
            e.put(in, 12, 4, c ^ invert);
        }
    }
}

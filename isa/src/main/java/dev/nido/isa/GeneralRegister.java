package dev.nido.isa;

/**
 * A general-purpose register operand: {@code Wd}, {@code Xn|SP}, {@code Rt}. {@code R} takes its
 * width from a bit of the row.
 */
final class GeneralRegister extends Operand {
    /** Set in the result of {@link #read} for an X register. */
    static final int WIDE = 0x40;

    private final char kind;
    private final A64.Field field;
    private final boolean sp;

    /** Bit that is one for an X register (zero if {@link #inverted}); −1 if the width is fixed. */
    private final int selector;

    private final boolean inverted;

    GeneralRegister(A64 row, char kind, String field, boolean sp) {
        this.kind = kind;
        this.field = row.field(field);
        this.sp = sp;
        int bit = -1;
        boolean low = false;
        if (kind == 'R') {
            bit = selector(row);
            low = bit == 22;
        }
        this.selector = bit;
        this.inverted = low;
    }

    /** The bit of a row that chooses between W and X registers. */
    static int selector(A64 row) {
        for (String name : new String[] {"sf", "size0", "opc1", "opc0", "sz", "Q"}) {
            for (A64.Field f : row.fields()) {
                if (f.name().equals(name)) {
                    return f.lo();
                }
            }
        }
        throw new IllegalArgumentException(row + " has no register width");
    }

    @Override
    void print(StringBuilder out, int word, long pc) {
        append(out, field.of(word), wide(word), sp);
    }

    private boolean wide(int word) {
        return selector < 0 ? kind == 'X' : (word >>> selector & 1) == (inverted ? 0 : 1);
    }

    static void append(StringBuilder out, int number, boolean wide, boolean sp) {
        if (number == 31) {
            out.append(sp ? wide ? "sp" : "wsp" : wide ? "xzr" : "wzr");
        } else {
            out.append(wide ? 'x' : 'w').append(number);
        }
    }

    @Override
    void parse(OperandText in, Encoder e) throws Mismatch {
        int r = read(in, sp);
        boolean wide = (r & WIDE) != 0;
        if (selector >= 0) {
            e.put(in, selector, 1, wide != inverted ? 1 : 0);
        } else if (wide != (kind == 'X')) {
            throw in.mismatch(kind + " register expected");
        }
        e.put(in, field, r & 31);
    }

    /**
     * Reads a register name.
     *
     * @param sp whether 31 is the stack pointer here, or the zero register
     * @return the number, with {@link #WIDE} for an X register
     */
    static int read(OperandText in, boolean sp) throws Mismatch {
        int start = in.position();
        String name = in.name();
        int r = number(name, sp);
        if (r < 0) {
            in.reset(start);
            throw in.mismatch(sp ? "register or stack pointer expected" : "register expected");
        }
        return r;
    }

    private static int number(String name, boolean sp) {
        switch (name) {
            case "sp":
                return sp ? 31 | WIDE : -1;
            case "wsp":
                return sp ? 31 : -1;
            case "xzr":
                return sp ? -1 : 31 | WIDE;
            case "wzr":
                return sp ? -1 : 31;
            case "lr":
                return 30 | WIDE;
            case "fp":
                return 29 | WIDE;
            default:
                break;
        }
        if (name.length() < 2
                || name.length() > 3
                || name.charAt(0) != 'x' && name.charAt(0) != 'w') {
            return -1;
        }
        int n = decimal(name, 1);
        return n < 0 || n > 30 ? -1 : n | (name.charAt(0) == 'x' ? WIDE : 0);
    }

    /** The number that is the rest of {@code name} from {@code from}; −1 if it is none. */
    static int decimal(String name, int from) {
        if (from == name.length() || name.length() - from > 2) {
            return -1;
        }
        int n = 0;
        for (int i = from; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            n = n * 10 + c - '0';
        }
        return name.charAt(from) == '0' && name.length() - from > 1 ? -1 : n;
    }

    /** {@code TBZ}'s register: X where the tested bit is above 31, printed W otherwise. */
    static final class Tested extends Operand {
        @Override
        void print(StringBuilder out, int word, long pc) {
            append(out, word & 31, word < 0, false);
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int r = read(in, false);
            if ((r & WIDE) == 0) {
                e.put(in, 31, 1, 0);
            }
            e.put(in, 0, 5, r & 31);
        }
    }

    /** One name for the fields Rn and Rm (ROR by an immediate, CINC). */
    static final class Twice extends Operand {
        private final A64 row;

        Twice(A64 row) {
            this.row = row;
        }

        @Override
        boolean describes(int word) {
            return bits(word, 5, 5) == bits(word, 16, 5);
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            append(out, bits(word, 5, 5), row.field("sf").of(word) == 1, false);
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int r = read(in, false);
            e.put(in, row.field("sf"), (r & WIDE) != 0 ? 1 : 0);
            e.put(in, 5, 5, r & 31);
            e.put(in, 16, 5, r & 31);
        }
    }

    /** Two consecutive registers of CASP, the first even. */
    static final class Pair extends Operand {
        private final A64.Field field;

        Pair(A64.Field field) {
            this.field = field;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            boolean wide = bits(word, 30, 1) == 1;
            int n = field.of(word);
            append(out, n, wide, false);
            out.append(", ");
            append(out, n + 1, wide, false);
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int r = read(in, false);
            e.put(in, 30, 1, (r & WIDE) != 0 ? 1 : 0);
            e.put(in, field, r & 31);
            in.expect(',');
            if (read(in, false) != r + 1) {
                throw in.mismatch("consecutive register expected");
            }
        }
    }

    /** A register that is written without being named: the link register. */
    static final class Implied extends Operand {
        @Override
        boolean hidden() {
            return true;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {}

        @Override
        void parse(OperandText in, Encoder e) {}
    }

    /** {@code , Xt} of SYS: absent means XZR. */
    static final class OptionalTransfer extends Operand {
        @Override
        boolean optional() {
            return true;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            if ((word & 31) != 31) {
                out.append(", ");
                append(out, word & 31, true, false);
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int n = 31;
            if (in.take(',')) {
                int r = read(in, false);
                if ((r & WIDE) == 0) {
                    throw in.mismatch("X register expected");
                }
                n = r & 31;
            }
            e.put(in, 0, 5, n);
        }
    }
}

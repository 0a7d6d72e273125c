package dev.nido.isa;

/** SIMD and FP register operands. */
final class VectorOperand {
    private VectorOperand() {}

    private static int number(OperandText in, char letter) throws Mismatch {
        int start = in.position();
        String name = in.name();
        int n = name.isEmpty() || name.charAt(0) != letter ? -1 : GeneralRegister.decimal(name, 1);
        if (n < 0 || n > 31) {
            in.reset(start);
            throw in.mismatch(letter + " register expected");
        }
        return n;
    }

    private static long index(OperandText in) throws Mismatch {
        in.expect('[');
        long i = in.immediate();
        in.expect(']');
        return i;
    }

    private static int element(OperandText in) throws Mismatch {
        in.expect('.');
        String s = in.name();
        int size = s.length() == 1 ? Arrangement.LETTERS.indexOf(s.charAt(0)) : -1;
        if (size < 0) {
            throw in.mismatch("element size expected");
        }
        return size;
    }

    private static void element(StringBuilder out, int number, int size, int index) {
        out.append('v').append(number).append('.').append(Arrangement.LETTERS.charAt(size));
        out.append('[').append(index).append(']');
    }

    /** {@code Vd.T}: a vector with its arrangement, by fields or fixed. */
    static final class Whole extends Operand {
        private final A64.Field field;
        private final boolean twice;
        private final Arrangement arrangement;
        private final int fixed;

        /**
         * @param twice for {@code mov}: the register stands for Rn and Rm
         */
        Whole(A64.Field field, boolean twice, String arrangement) {
            this.field = field;
            this.twice = twice;
            if (Character.isDigit(arrangement.charAt(0))) {
                int last = arrangement.length() - 1;
                int size = Arrangement.LETTERS.indexOf(arrangement.charAt(last));
                this.arrangement = null;
                this.fixed =
                        Arrangement.shape(
                                size, Integer.parseInt(arrangement.substring(0, last)) << size);
            } else {
                this.arrangement = Arrangement.valueOf(arrangement);
                this.fixed = 0;
            }
        }

        @Override
        boolean describes(int word) {
            return !twice || bits(word, 5, 5) == bits(word, 16, 5);
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            out.append('v').append(field.of(word));
            Arrangement.append(out, arrangement == null ? fixed : arrangement.of(word));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int n = number(in, 'v');
            in.expect('.');
            int shape = Arrangement.read(in);
            if (arrangement != null) {
                arrangement.put(in, e, shape & 15, shape >>> 4);
            } else if (shape != fixed) {
                throw in.mismatch("other arrangement expected");
            }
            e.put(in, field, n);
            if (twice) {
                e.put(in, 16, 5, n);
            }
        }
    }

    /**
     * A scalar: {@code B H S D Q}, or a letter that says by which field: {@code F} ftype, {@code C}
     * FCVT's opc, {@code Z} sz, {@code Y} size, {@code I} immh, {@code E} imm5, {@code L} of loads
     * and stores, {@code P} of pairs and literals; {@code +} one size wider.
     */
    static final class Scalar extends Operand {
        private static final int[] FTYPE = {2, 3, -1, 1};
        private static final int[] FTYPE_OF = {-1, 3, 0, 1, -1};
        private final A64.Field field;
        private final char by;
        private final int wider;

        Scalar(A64.Field field, char by, boolean wider) {
            this.field = field;
            this.by = by;
            this.wider = wider ? 1 : 0;
        }

        private int size(int w) {
            int size =
                    switch (by) {
                        case 'F' -> FTYPE[bits(w, 22, 2)];
                        case 'C' -> FTYPE[bits(w, 15, 2)];
                        case 'Z' -> 2 + bits(w, 22, 1);
                        case 'Y' -> bits(w, 22, 2);
                        case 'I' -> Arrangement.immh(w);
                        case 'E' -> Arrangement.imm5(w);
                        case 'L' -> bits(w, 23, 1) == 1 ? 4 : bits(w, 30, 2);
                        case 'P' -> bits(w, 30, 2) + 2;
                        default -> Arrangement.LETTERS.indexOf(Character.toLowerCase(by));
                    };
            return size + wider;
        }

        @Override
        boolean describes(int word) {
            int s = size(word);
            return s >= 0 && s <= 4;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            int s = size(word);
            out.append(s < 0 || s > 4 ? '?' : Arrangement.LETTERS.charAt(s)).append(field.of(word));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int start = in.position();
            String name = in.name();
            int size = name.isEmpty() ? -1 : Arrangement.LETTERS.indexOf(name.charAt(0));
            int n = size < 0 ? -1 : GeneralRegister.decimal(name, 1);
            if (n < 0 || n > 31) {
                in.reset(start);
                throw in.mismatch("scalar register expected");
            }
            size -= wider;
            switch (by) {
                case 'F' -> e.put(in, 22, 2, FTYPE_OF[Math.max(size, 0)]);
                case 'C' -> e.put(in, 15, 2, FTYPE_OF[Math.max(size, 0)]);
                case 'Z' -> e.put(in, 22, 1, size - 2);
                case 'Y' -> e.put(in, 22, 2, size);
                case 'I' -> e.lane(in, size);
                case 'E' -> e.lane(in, size);
                case 'L' -> {
                    e.put(in, 23, 1, size >>> 2);
                    e.put(in, 30, 2, size & 3);
                }
                case 'P' -> e.put(in, 30, 2, size - 2);
                default -> {
                    if (size != size(0)) {
                        in.reset(start);
                        throw in.mismatch(by + " register expected");
                    }
                }
            }
            e.put(in, field, n);
        }
    }

    /**
     * {@code Vn.E[i]}: an element whose size and index are in imm5 (and imm4, for INS's source).
     */
    static final class Element extends Operand {
        private final A64.Field field;
        private final boolean source;

        Element(A64.Field field, boolean source) {
            this.field = field;
            this.source = source;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            int size = Arrangement.imm5(word);
            int index = source ? bits(word, 11, 4) >>> size : bits(word, 16, 5) >>> size + 1;
            element(out, field.of(word), size, index);
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int n = number(in, 'v');
            int size = element(in);
            e.lane(in, size);
            long i = index(in);
            if (size > 3 || i < 0 || i >= 16 >> size) {
                throw in.mismatch("index out of range");
            }
            if (source) {
                e.put(in, 11, 4, i << size);
            } else {
                e.put(in, 16, 5, i << size + 1 | 1L << size);
            }
            e.put(in, field, n);
        }
    }

    /** {@code Vm.e[i]}: the element of a by-element form, its index in H, L and M. */
    static final class Indexed extends Operand {
        private final String kind;

        /**
         * @param kind e: by size (halfword or word), f: by sz (word or doubleword), half: halfword,
         *     dot: four bytes, complex: by size, index in H and L
         */
        Indexed(String kind) {
            this.kind = kind;
        }

        private int size(int word) {
            return switch (kind) {
                case "f" -> 2 + bits(word, 22, 1);
                case "half" -> 1;
                case "dot" -> 2;
                default -> bits(word, 22, 2);
            };
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            int size = size(word);
            int h = bits(word, 11, 1);
            int l = bits(word, 21, 1);
            int m = bits(word, 20, 1);
            boolean complex = kind.equals("complex");
            int index =
                    size == 1
                            ? complex ? h << 1 | l : h << 2 | l << 1 | m
                            : size == 2 && !complex ? h << 1 | l : h;
            int number = bits(word, 16, 4) | (size == 1 && !complex ? 0 : m << 4);
            if (kind.equals("dot")) {
                out.append('v').append(number).append(".4b[").append(index).append(']');
            } else {
                element(out, number, size, index);
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int n = number(in, 'v');
            int size;
            if (kind.equals("dot")) {
                in.expect('.');
                if (!in.takeName("4b")) {
                    throw in.mismatch("4b expected");
                }
                size = 2;
            } else {
                size = element(in);
            }
            switch (kind) {
                case "f" -> e.put(in, 22, 1, size - 2);
                case "half", "dot" -> {
                    if (size != size(0)) {
                        throw in.mismatch("other element size expected");
                    }
                }
                default -> e.put(in, 22, 2, size);
            }
            long i = index(in);
            boolean complex = kind.equals("complex");
            int indexBits = complex ? 3 - size : 4 - size;
            if (i < 0 || i >= 1 << indexBits) {
                throw in.mismatch("index out of range");
            }
            if (size == 1 && !complex) {
                e.put(in, 11, 1, i >> 2);
                e.put(in, 21, 1, i >> 1 & 1);
                e.put(in, 20, 1, i & 1);
                e.put(in, 16, 4, n);
                return;
            }
            if (indexBits == 2) {
                e.put(in, 11, 1, i >> 1);
                e.put(in, 21, 1, i & 1);
            } else {
                e.put(in, 11, 1, i);
                e.put(in, 21, 1, 0);
            }
            e.put(in, 16, 5, n);
        }
    }

    /** The W or X register that goes to or comes from an element of imm5's size. */
    static final class ElementTransfer extends Operand {
        @Override
        void print(StringBuilder out, int word, long pc) {
            GeneralRegister.append(out, bits(word, 5, 5), Arrangement.imm5(word) == 3, false);
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int r = GeneralRegister.read(in, false);
            if (((r & GeneralRegister.WIDE) != 0) != (e.lane() == 3)) {
                throw in.mismatch("register width and element size do not agree");
            }
            if (!e.isDecided(16, 5)) {
                e.put(in, 16, 5, 1L << e.lane());
            }
            e.put(in, 5, 5, r & 31);
        }
    }

    /** {@code {v0.16b, v1.16b}} of TBL and TBX, as many as len says. */
    static final class Table extends Operand {
        @Override
        void print(StringBuilder out, int word, long pc) {
            list(out, bits(word, 5, 5), bits(word, 13, 2) + 1, ".16b");
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            List l = List.read(in);
            if (l.shape != Arrangement.shape(0, 16)) {
                throw in.mismatch("16b expected");
            }
            e.put(in, 13, 2, l.count - 1);
            e.put(in, 5, 5, l.first);
        }
    }

    static void list(StringBuilder out, int first, int count, String arrangement) {
        out.append("{v").append(first).append(arrangement);
        if (count > 2 && first + count <= 32) {
            out.append("-v").append(first + count - 1).append(arrangement);
        } else {
            for (int i = 1; i < count; i++) {
                out.append(", v").append(first + i & 31).append(arrangement);
            }
        }
        out.append('}');
    }

    /**
     * A register list as read.
     *
     * @param shape arrangement; of single elements the size with no bytes
     */
    record List(int first, int count, int shape) {
        static List read(OperandText in) throws Mismatch {
            in.expect('{');
            int first = number(in, 'v');
            int shape = readShape(in);
            int count = 1;
            if (in.take('-')) {
                int last = number(in, 'v');
                if (readShape(in) != shape) {
                    throw in.mismatch("arrangements do not agree");
                }
                count = (last - first & 31) + 1;
            } else {
                while (in.take(',')) {
                    if (number(in, 'v') != (first + count & 31)) {
                        throw in.mismatch("consecutive register expected");
                    }
                    if (readShape(in) != shape) {
                        throw in.mismatch("arrangements do not agree");
                    }
                    count++;
                }
            }
            in.expect('}');
            if (count > 4) {
                throw in.mismatch("at most four registers");
            }
            return new List(first, count, shape);
        }

        private static int readShape(OperandText in) throws Mismatch {
            in.expect('.');
            int start = in.position();
            String s = in.name();
            if (s.length() == 1 && Arrangement.LETTERS.indexOf(s.charAt(0)) >= 0) {
                return Arrangement.LETTERS.indexOf(s.charAt(0));
            }
            in.reset(start);
            return Arrangement.read(in);
        }
    }
}

package dev.nido.isa;

/**
 * Register lists of LD1–LD4 and ST1–ST4: {@code list*} as many as the opcode says, {@code list2}
 * whole vectors, {@code rep2} one element to all lanes, {@code lane2} one element; and the
 * post-index of the row.
 */
final class StructureOperand extends Operand {
    private final boolean lane;

    /** Number of registers; 0 if the opcode says it. */
    private final int count;

    StructureOperand(String token) {
        this.lane = token.startsWith("lane");
        char last = token.charAt(token.length() - 1);
        this.count = last == '*' ? 0 : last - '0';
    }

    private int count(int word) {
        if (count != 0) {
            return count;
        }
        return registersOfLd1(word);
    }

    /** How many registers LD1 or ST1 (multiple structures) transfers, by its opcode. */
    static int registersOfLd1(int word) {
        return switch (bits(word, 12, 4)) {
            case 2 -> 4;
            case 6 -> 3;
            case 10 -> 2;
            default -> 1;
        };
    }

    /** log2 of the bytes of a single element. */
    static int laneSize(int word) {
        int opcode = bits(word, 14, 2);
        return opcode == 2 ? 2 + bits(word, 10, 1) : opcode;
    }

    @Override
    void print(StringBuilder out, int word, long pc) {
        int first = bits(word, 0, 5);
        if (!lane) {
            StringBuilder shape = new StringBuilder();
            Arrangement.append(shape, Arrangement.L.of(word));
            VectorOperand.list(out, first, count(word), shape.toString());
            return;
        }
        int size = laneSize(word);
        VectorOperand.list(out, first, count, "." + Arrangement.LETTERS.charAt(size));
        int all = bits(word, 30, 1) << 3 | bits(word, 12, 1) << 2 | bits(word, 10, 2);
        out.append('[').append(all >>> size).append(']');
    }

    @Override
    void parse(OperandText in, Encoder e) throws Mismatch {
        VectorOperand.List l = VectorOperand.List.read(in);
        if (count != 0 && l.count() != count) {
            throw in.mismatch(count + " registers expected");
        }
        int size = l.shape() & 15;
        int bytes = l.shape() >>> 4;
        e.put(in, 0, 5, l.first());
        if ((bytes == 0) != lane) {
            throw in.mismatch(lane ? "element expected" : "arrangement expected");
        }
        if (!lane) {
            if (count == 0) {
                e.put(in, 12, 4, new int[] {7, 10, 6, 2}[l.count() - 1]);
            }
            Arrangement.L.put(in, e, size, bytes);
            return;
        }
        in.expect('[');
        long index = in.immediate();
        in.expect(']');
        if (size > 3 || index < 0 || index >= 16 >> size) {
            throw in.mismatch("index out of range");
        }
        long all = index << size | (size == 3 ? 1 : 0);
        e.put(in, 14, 2, Math.min(size, 2));
        e.put(in, 30, 1, all >> 3);
        e.put(in, 12, 1, all >> 2 & 1);
        e.put(in, 10, 2, all & 3);
    }

    /** {@code [n], #size} or {@code [n], Xm}. */
    static final class PostIndex extends Operand {
        private final A64 row;

        PostIndex(A64 row) {
            this.row = row;
        }

        /** Bytes transferred. */
        private int total(int word) {
            String n = row.name();
            int registers = n.charAt(2) - '0';
            if (n.contains("MULTIPLE")) {
                if (registers == 1) {
                    registers = registersOfLd1(word);
                }
                return registers * (8 << bits(word, 30, 1));
            }
            return registers << (n.contains("SINGLE") ? laneSize(word) : bits(word, 10, 2));
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            out.append('[');
            GeneralRegister.append(out, bits(word, 5, 5), true, true);
            out.append("], ");
            int m = bits(word, 16, 5);
            if (m == 31) {
                dec(out, total(word));
            } else {
                GeneralRegister.append(out, m, true, false);
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            in.expect('[');
            int base = GeneralRegister.read(in, true);
            if ((base & GeneralRegister.WIDE) == 0) {
                throw in.mismatch("X register or SP expected");
            }
            e.put(in, 5, 5, base & 31);
            in.expect(']');
            in.expect(',');
            int m = 31;
            if (in.peek('#')) {
                if (in.immediate() != total(e.word())) {
                    throw in.mismatch("post-index must be the size of the transfer");
                }
            } else {
                int r = GeneralRegister.read(in, false);
                m = r & 31;
                if (m == 31 || (r & GeneralRegister.WIDE) == 0) {
                    throw in.mismatch("X register expected");
                }
            }
            e.put(in, 16, 5, m);
        }
    }
}

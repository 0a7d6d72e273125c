package dev.nido.isa;

/**
 * Instruction words as text, in the form that GNU objdump prints: preferred aliases, lower case, a
 * tab after the mnemonic, targets as absolute addresses in hexadecimal.
 */
public final class Disassembler {
    private Disassembler() {}

    /**
     * The text of an instruction.
     *
     * @param pc address of the instruction, for PC-relative operands
     * @param word the instruction
     * @return {@code .inst 0x…} for words that are UNDEFINED
     */
    public static String disassemble(long pc, int word) {
        StringBuilder out = new StringBuilder(32);
        disassemble(out, pc, word);
        return out.toString();
    }

    /** As {@link #disassemble(long, int)}, appended to {@code out}. */
    public static void disassemble(StringBuilder out, long pc, int word) {
        A64 row = A64.decode(word);
        if (row == null || row.reserved(word) && row != A64.UDF) {
            out.append(String.format(".inst\t0x%08x", word));
            return;
        }
        Syntax.preferred(row, word).print(out, word, pc);
    }
}

package dev.nido.isa;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.SplittableRandom;

/** What the disassembler prints, the assembler reads back. */
class RoundTripTest {
    private static final long PC = 0x40000000L;

    @Test
    void everyRowSurvivesDisassemblyAndAssembly() {
        SplittableRandom random = new SplittableRandom(4);
        int words = 0;
        int other = 0;
        for (A64 row : A64.values()) {
            int tried = 0;
            for (int i = 0; i < 2000 && tried < 60; i++) {
                int word = row.value() | random.nextInt() & ~row.mask();
                if (A64.decode(word) != row || row.reserved(word) && row != A64.UDF) {
                    continue;
                }
                tried++;
                String text = Disassembler.disassemble(PC, word);
                int back = Assembler.word(PC, text);
                words++;
                if (back != word) {
                    // Fields that the form ignores (immr above the element of a bitmask, Rm of a
                    // comparison with zero): the words then mean the same.
                    other++;
                    assertThat(A64.decode(back)).as(text).isEqualTo(row);
                    assertThat(Disassembler.disassemble(PC, back)).as("%08x", word).isEqualTo(text);
                }
            }
            assertThat(tried).as("words of %s", row).isPositive();
        }
        System.out.printf(
                "round trip: %d words of %d rows, %d to an equivalent word%n",
                words, A64.values().length, other);
    }

    @Test
    void theRowsOwnFormAssemblesTooWhereAnAliasIsPreferred() {
        assertThat(Assembler.word(0, "ubfm x0, x1, #4, #63"))
                .isEqualTo(Assembler.word(0, "lsr x0, x1, #4"));
        assertThat(Assembler.word(0, "orr x0, xzr, x1")).isEqualTo(Assembler.word(0, "mov x0, x1"));
        assertThat(Assembler.word(0, "csinc w0, wzr, wzr, ne"))
                .isEqualTo(Assembler.word(0, "cset w0, eq"));
        assertThat(Assembler.word(0, "subs xzr, x1, #4"))
                .isEqualTo(Assembler.word(0, "cmp x1, #4"));
        assertThat(Assembler.word(0, "sys #0, C8, C7, #0"))
                .isEqualTo(Assembler.word(0, "tlbi vmalle1"));
        assertThat(Assembler.word(0, "hint #3")).isEqualTo(Assembler.word(0, "wfi"));
        assertThat(Assembler.word(0, "madd x0, x1, x2, xzr"))
                .isEqualTo(Assembler.word(0, "mul x0, x1, x2"));
        assertThat(Assembler.word(0, "movz x0, #1, lsl #16"))
                .isEqualTo(Assembler.word(0, "mov x0, #0x10000"));
        assertThat(Assembler.word(0, "add x0, x1, #-4"))
                .isEqualTo(Assembler.word(0, "sub x0, x1, #4"));
        assertThat(Assembler.word(0, "ldr x0, [x1, #-8]"))
                .isEqualTo(Assembler.word(0, "ldur x0, [x1, #-8]"));
    }
}

package dev.nido.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Map;

class AssemblerTest {

    /** Words from GNU as. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "nop | d503201f",
                "ret | d65f03c0",
                "eret | d69f03e0",
                "add x0, x1, #1, lsl #12 | 91400420",
                "add x0, x1, #0x5000 | 91401420",
                "add x0, x1, w2, uxtw #2 | 8b224820",
                "add sp, sp, x3 | 8b2363ff",
                "cmp sp, x1 | eb2163ff",
                "mov x0, sp | 910003e0",
                "mov x0, #-1 | 92800000",
                "mov w0, #-2 | 12800020",
                "mov x0, #0x5555555555555555 | b200f3e0",
                "and x0, x1, #0xff0 | 927c1c20",
                "lsl x0, x1, #4 | d37cec20",
                "ror w0, w1, #7 | 13811c20",
                "ubfx x0, x1, #3, #5 | d3431c20",
                "bfi x0, x1, #3, #5 | b37d1020",
                "cset x3, hs | 9a9f37e3",
                "tbnz x3, #40, 0x100 | b7400803",
                "ldr x0, [x1, x2, lsl #3] | f8627820",
                "ldr w0, [x1, w2, sxtw #2] | b862d820",
                "ldrb w0, [x1, x2] | 38626820",
                "stp x29, x30, [sp, #-16]! | a9bf7bfd",
                "ldp q0, q1, [x2], #32 | acc10440",
                "ldadda x1, x2, [x3] | f8a10062",
                "casal w0, w1, [x2] | 88e0fc41",
                "stlxr w0, x1, [x2] | c800fc41",
                "mrs x0, sctlr_el1 | d5381000",
                "msr sctlr_el12, x0 | d51d1000",
                "mrs x1, s3_0_c12_c12_5 | d538cca1",
                "msr daifset, #2 | d50342df",
                "msr spsel, #0 | d50040bf",
                "tlbi vae1is, x2 | d5088322",
                "at s1e1r, x0 | d5087800",
                "dc civac, x1 | d50b7e21",
                "ic iallu | d508751f",
                "dsb ish | d5033b9f",
                "isb | d5033fdf",
                "hvc #0 | d4000002",
                "csdb | d503229f",
                "movi v0.4s, #1, lsl #8 | 4f002420",
                "movi v0.2d, #0xff00ff00ff00ff00 | 6f05e540",
                "fmov d0, #1.0 | 1e6e1000",
                "fmov v0.4s, #-2.5 | 4f04f480",
                "fmla v0.4s, v1.4s, v2.s[3] | 4fa21820",
                "sqdmull2 v0.2d, v1.4s, v2.4s | 4ea2d020",
                "shrn2 v0.8h, v1.4s, #3 | 4f1d8420",
                "sxtl v0.8h, v1.8b | 0f08a420",
                "ld4 {v0.8h-v3.8h}, [x0], #64 | 4cdf0400",
                "st1 {v3.d}[1], [x5] | 4d0084a3",
                "tbl v0.16b, {v1.16b, v2.16b}, v3.16b | 4e032020",
                "umov w0, v1.h[2] | 0e0a3c20",
                "fcvtzs x0, d1, #3 | 9e58f420",
                "pmull v0.1q, v1.1d, v2.1d | 0ee2e020"
            })
    void encodes(String text, String word) {
        assertThat(String.format("%08x", Assembler.word(0, text))).isEqualTo(word);
    }

    @Test
    void labelsDirectivesAndLiteralsMakeAnImage() {
        Assembler.Program p =
                Assembler.assemble(
                        """
                        // comment
                        uart = 0x09000000
                                .equ    step, 4
                        start:  ldr     x0, =uart + 8
                                ldr     x1, =0x123456789abcdef0
                                adr     x2, text        // forward
                        1:      subs    x3, x3, #step
                                b.ne    1b
                                cbz     x3, 1f
                                b       .
                        1:      bl      start ; nop
                                .ltorg
                        text:   .asciz  "a\\n;\\"b"
                                .align  2
                        here:   .word   here, . - start, 'x'
                                .quad   start
                                .byte   1, 2, -1
                                .balign 8
                                .hword  0xffff
                        """,
                        0x40080000L);
        int[] w = p.words();
        assertThat(Disassembler.disassemble(0x40080000L, w[0])).isEqualTo("ldr\tx0, 0x40080028");
        assertThat(Disassembler.disassemble(0x40080004L, w[1])).isEqualTo("ldr\tx1, 0x40080030");
        assertThat(Disassembler.disassemble(0x40080008L, w[2])).isEqualTo("adr\tx2, 0x40080038");
        assertThat(Disassembler.disassemble(0x40080010L, w[4])).isEqualTo("b.ne\t0x4008000c");
        assertThat(Disassembler.disassemble(0x40080014L, w[5])).isEqualTo("cbz\tx3, 0x4008001c");
        assertThat(Disassembler.disassemble(0x40080018L, w[6])).isEqualTo("b\t0x40080018");
        assertThat(Disassembler.disassemble(0x4008001cL, w[7])).isEqualTo("bl\t0x40080000");
        assertThat(w[10]).isEqualTo(0x09000008);
        assertThat(w[12]).isEqualTo(0x9abcdef0);
        assertThat(w[13]).isEqualTo(0x12345678);
        assertThat(new String(p.bytes(), 0x38, 6, java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("a\n;\"b\0");
        assertThat(p.symbol("here")).isEqualTo(0x40080040L);
        assertThat(w[16]).isEqualTo(0x40080040);
        assertThat(w[17]).isEqualTo(0x44);
        assertThat(w[18]).isEqualTo('x');
        assertThat(w[19]).isEqualTo(0x40080000);
        assertThat(w[21]).isEqualTo(0x00ff0201);
        assertThat(w[22]).isEqualTo(0xffff);
    }

    @Test
    void macrosRepetitionsAndConditionsExpand() {
        int[] w =
                Assembler.assemble(
                                "macros.s",
                                """
                                .macro  vector target, arg=7
                                        .balign 0x80
                                        mov     x0, #\\arg
                                        b       \\target
                                .endm
                                .macro  spin
                                l\\@:    b       l\\@
                                .endm
                                .if     WIDE
                                        .quad   1
                                .else
                                        .word   2
                                .endif
                                vectors:
                                        vector  done
                                        vector  done, 9
                                .rept 3
                                        nop
                                .endr
                                done:   spin
                                        spin
                                """,
                                0,
                                Map.of("WIDE", 0L))
                        .words();
        assertThat(w).hasSize(0x80 / 4 * 2 + 7);
        assertThat(w[0]).isEqualTo(2);
        assertThat(Disassembler.disassemble(0x80, w[32])).isEqualTo("mov\tx0, #0x7");
        assertThat(Disassembler.disassemble(0x84, w[33])).isEqualTo("b\t0x114");
        assertThat(Disassembler.disassemble(0x100, w[64])).isEqualTo("mov\tx0, #0x9");
        assertThat(Disassembler.disassemble(0x110, w[68])).isEqualTo("nop");
        assertThat(Disassembler.disassemble(0x114, w[69])).isEqualTo("b\t0x114");
        assertThat(Disassembler.disassemble(0x118, w[70])).isEqualTo("b\t0x118");
    }

    @Test
    void constantsComeFromOutside() {
        Assembler.Program p = Assembler.assemble("t.s", ".word base + 1", 0, Map.of("base", 41L));
        assertThat(p.words()).containsExactly(42);
    }

    @Test
    void errorsNameTheLine() {
        fails("nop\n  frob x0\n", 2, "unknown instruction frob");
        fails("add x0, x1, w2\n", 1, "add x0, x1, w2");
        fails("\n\nb nowhere\n", 3, "undefined symbol nowhere");
        fails("ldr x0, [x1, #32768]\n", 1, "out of range");
        fails("mov x0, #0x12345\n", 1, "mov x0, #0x12345");
        fails("a:\na:\n", 2, "already defined");
        fails(".byte 256\n", 1, "does not fit");
        fails(".align\n", 1, "expression expected");
        fails("msr foo_el1, x0", 1, "unknown system register foo_el1");
        fails(".macro m\nnop\n", 1, ".macro without .endm");
        fails(".byte 1\nnop\n", 2, "multiple of 4");
        fails("b 2", 1, "not aligned");
    }

    private static void fails(String text, int line, String message) {
        assertThatThrownBy(() -> Assembler.assemble("guest.s", text, 0, Map.of()))
                .isInstanceOf(AssemblyException.class)
                .hasMessageStartingWith("guest.s:" + line + ": ")
                .hasMessageContaining(message);
    }

    /** The example of the package comment. */
    @Test
    void assemblesDecodesAndDisassemblesOneInstruction() {
        int word = Assembler.word(0, "add x0, x1, x2, lsl #3");
        A64 row = A64.decode(word);
        assertThat(row).isEqualTo(A64.ADD_SHIFT);
        assertThat(row.field("imm6").of(word)).isEqualTo(3);
        assertThat(row.writesX(word)).isEqualTo(1);
        assertThat(Disassembler.disassemble(0, word)).isEqualTo("add\tx0, x1, x2, lsl #3");
    }
}

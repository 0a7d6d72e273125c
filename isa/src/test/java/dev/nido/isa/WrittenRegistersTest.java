package dev.nido.isa;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.SplittableRandom;

class WrittenRegistersTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "add x3, x1, x2 | x3",
                "add xzr, x1, x2 | ",
                "add sp, x1, #16 | sp",
                "adds xzr, x1, #16 | ",
                "subs x9, sp, #16 | x9",
                "and sp, x1, #0xff | sp",
                "tst x1, #0xff | ",
                "mov x29, sp | x29",
                "movk x7, #1 | x7",
                "bfi w7, w8, #1, #2 | x7",
                "adrp x4, 0x1000 | x4",
                "madd x1, x2, x3, x4 | x1",
                "ccmp x1, x2, #0, eq | ",
                "csel x1, x2, x3, eq | x1",
                "b 0x100 | ",
                "bl 0x100 | x30",
                "blr x5 | x30",
                "br x5 | ",
                "ret | ",
                "cbz x1, 0x100 | ",
                "svc #0 | ",
                "mrs x8, ctr_el0 | x8",
                "msr ttbr0_el1, x8 | ",
                "sysl x3, #0, c7, c5, #1 | x3",
                "tlbi vmalle1 | ",
                "ldr x1, [x2] | x1",
                "ldr xzr, [x2] | ",
                "ldr x1, [x2], #8 | x1 x2",
                "ldr x1, [sp, #8]! | x1 sp",
                "str x1, [sp, #-16]! | sp",
                "str x1, [x2] | ",
                "prfm pldl1keep, [x2] | ",
                "ldp x1, x2, [x3] | x1 x2",
                "ldp x1, x30, [sp], #16 | x1 x30 sp",
                "stp x1, x2, [x3, #16]! | x3",
                "ldpsw x1, x2, [x3] | x1 x2",
                "ldxr x1, [x2] | x1",
                "stxr w5, x1, [x2] | x5",
                "stxr wzr, x1, [x2] | ",
                "ldaxp x1, x2, [x3] | x1 x2",
                "stlxp w5, x1, x2, [x3] | x5",
                "ldar x1, [x2] | x1",
                "stlr x1, [x2] | ",
                "cas x1, x2, [x3] | x1",
                "casp x2, x3, x4, x5, [x6] | x2 x3",
                "swp x1, x2, [x3] | x2",
                "ldadd x1, x2, [x3] | x2",
                "stadd x1, [x3] | ",
                "crc32b w1, w2, w3 | x1",
                "setf8 w1 | ",
                "fmov x1, d2 | x1",
                "fmov d2, x1 | v2",
                "fmov v2.d[1], x1 | v2",
                "fmov x1, v2.d[1] | x1",
                "fcvtzs x1, d2 | x1",
                "scvtf d1, x2 | v1",
                "fcmp d1, d2 | ",
                "fadd d1, d2, d3 | v1",
                "add v1.4s, v2.4s, v3.4s | v1",
                "umov w1, v2.b[3] | x1",
                "smov x1, v2.b[3] | x1",
                "mov v2.s[1], w1 | v2",
                "mov v2.s[1], v3.s[2] | v2",
                "ldr q1, [x2], #16 | x2 v1",
                "str q1, [x2, #16]! | x2",
                "ldp d1, d2, [sp], #16 | sp v1 v2",
                "ld1 {v1.16b}, [x0] | v1",
                "ld1 {v30.16b-v1.16b}, [x0], #64 | x0 v30 v31 v0 v1",
                "ld3 {v1.b-v3.b}[2], [x0], x5 | x0 v1 v2 v3",
                "ld2r {v1.8b, v2.8b}, [sp] | v1 v2",
                "st4 {v1.8b-v4.8b}, [x0], #32 | x0",
                "st1 {v1.8b}, [x0] | ",
                "sha1h s1, s2 | v1",
                "movi v1.2d, #0 | v1",
                "movi d1, #0 | v1"
            })
    void writes(String instruction, String registers) {
        int x = 0;
        int v = 0;
        for (String r : registers == null ? new String[0] : registers.split(" ")) {
            if (r.equals("sp")) {
                x |= 1 << 31;
            } else if (r.charAt(0) == 'x') {
                x |= 1 << Integer.parseInt(r.substring(1));
            } else {
                v |= 1 << Integer.parseInt(r.substring(1));
            }
        }
        int word = Assembler.word(0, instruction);
        A64 row = A64.decode(word);
        assertThat(Integer.toHexString(row.writesX(word))).isEqualTo(Integer.toHexString(x));
        assertThat(Integer.toHexString(row.writesV(word))).isEqualTo(Integer.toHexString(v));
    }

    @Test
    void nothingIsWrittenThatTheWordDoesNotName() {
        SplittableRandom random = new SplittableRandom(5);
        for (A64 row : A64.values()) {
            for (int i = 0; i < 200; i++) {
                int word = row.value() | random.nextInt() & ~row.mask();
                int allowed = row == A64.BL || row == A64.BLR ? 1 << 30 : 0;
                for (A64.Field f : row.fields()) {
                    if (f.width() == 5) {
                        for (int n = 0; n < 4; n++) {
                            allowed |= 1 << (f.of(word) + n & 31);
                        }
                    }
                }
                assertThat(row.writesX(word) & ~allowed).as(row.name()).isZero();
                assertThat(row.writesV(word) & ~allowed).as(row.name()).isZero();
            }
        }
    }
}

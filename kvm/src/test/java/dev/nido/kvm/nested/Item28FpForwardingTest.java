package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** FP accesses of the guest's guest trap to its EL2 as CPTR_EL2 says, in either layout. */
class Item28FpForwardingTest {

    /** CPACR_EL1.FPEN, by the name that reaches EL1's, lets EL1 through. */
    private static String setup(boolean e2h, String cptr) {
        return """
        movz x0, #0x30, lsl #16
        msr %s, x0
        movz x0, #%s, lsl #%s
        msr CPTR_EL2, x0
        """
                .formatted(
                        e2h ? "CPACR_EL12" : "CPACR_EL1",
                        cptr.substring(0, cptr.indexOf('<')),
                        cptr.substring(cptr.indexOf('<') + 1));
    }

    @ParameterizedTest
    @CsvSource({
        "NV2,true,0<0",
        "NV,true,0<0",
        "NV2,true,0x20<16",
        "NV2,false,0x400<0",
        "NV,false,0x400<0"
    })
    void traps(Feature nesting, boolean e2h, String cptr) {
        assertThat(El1Program.run(nesting, e2h, setup(e2h, cptr), "fmov d0, x0"))
                .containsExactly(2L, 0x1fe0_0000L, 0L);
    }

    @ParameterizedTest
    @CsvSource({
        "NV2,true,0x30<16",
        "NV2,true,0x10<16",
        "NV,true,0x30<16",
        "NV2,false,0<0",
        "NV,false,0<0"
    })
    void passes(Feature nesting, boolean e2h, String cptr) {
        assertThat(El1Program.run(nesting, e2h, setup(e2h, cptr), "fmov d0, x0\nhvc #9"))
                .containsExactly(2L, 0x5a00_0009L, 8L);
    }
}

package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The guest's HCR_EL2.NV: what is EL2's goes to it from its guest, and without it is UNDEFINED. */
class Item29NestedNvTest {

    private static final String[] EL2S = {
        "mrs x10, hcr_el2",
        "msr vttbr_el2, x9",
        "mrs x10, sctlr_el2",
        "msr vbar_el2, x9",
        "mrs x10, spsr_el2",
        "msr elr_el2, x9",
        "mrs x10, esr_el2",
        "mrs x10, far_el2",
        "mrs x10, hpfar_el2",
        "msr cntvoff_el2, x9",
        "mrs x10, cnthctl_el2",
        "mrs x10, cnthp_ctl_el2",
        "mrs x10, s3_5_c1_c0_0",
        "msr s3_5_c2_c0_0, x9",
        "mrs x10, s3_5_c14_c3_1",
        "mrs x10, s3_5_c14_c2_0",
        "mrs x10, s3_5_c14_c1_0",
        "mrs x10, sp_el1",
        "mrs x10, vbar_el1",
        "mrs x10, elr_el1",
        "mrs x10, spsr_el1",
        "mrs x10, currentel",
        "mrs x10, ich_vtr_el2",
        "mrs x10, ich_lr0_el2",
        "msr ich_hcr_el2, x9",
        "mrs x10, mdcr_el2",
        "eret",
        "sys #4, c7, c8, #0, x9",
        "sys #4, c8, c7, #0",
        "sys #4, c8, c0, #1, x9",
        "sys #4, c8, c7, #4",
        "mrs x10, s3_6_c4_c1_0",
        "smc #0"
    };

    private static final String EL1 =
            """
            .balign 2048
            el1: .skip 0x200
            mrs x10, esr_el1
            hvc #1
            .skip 0x400 - (. - el1)
            mrs x10, esr_el1
            hvc #1
            .skip 0x800 - (. - el1)
            """;

    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource({
        "NV2,'default,-e2h0,+nv2'", "NV2,'default,-vhe,+nv2'", "NV2,'default,-e2h0,+nv'",
        "NV,'default,-e2h0,+nv'", "NV,'default,-e2h0'", "NV2,'default,-vhe'"
    })
    void whatIsEl2sIsForwardedOrUndefined(Feature nesting, String model) {
        CpuModel cpu = CpuModel.parse(model);
        boolean e2h = cpu.has(Feature.VHE);
        long nv = 1L << 42;
        long nv1 = 1L << 43;
        long nv2 = 1L << 45;
        TimerProgram p = new TimerProgram(e2h);
        p.add("adr x0, el1\nmsr " + (e2h ? "s3_5_c12_c0_0" : "vbar_el1") + ", x0");
        p.constant("x0", BothSides.LOG + 0x8_0000).add("msr vncr_el2, x0");
        p.add("after: nop");
        int i = 0;
        for (long bits :
                new long[] {0, nv, nv | nv1, nv | nv2, nv | nv1 | nv2, nv2, 1 << 19 | nv}) {
            p.constant("x0", 1L << 31 | bits).add("msr hcr_el2, x0");
            for (String s : EL2S) {
                for (String mode : new String[] {"0x3c5", "0x3c0"}) {
                    p.add("adr x26, done_" + i + "\nadr x0, at_" + i + "\nmsr elr_el2, x0");
                    p.add("mov x0, #" + mode + "\nmsr spsr_el2, x0\nmov x10, #0");
                    p.constant("x9", 0x1000).add("eret");
                    p.add("at_" + i + ": " + s + "\nhvc #0");
                    p.add("done_" + i++ + ": str x10, [x28], #8");
                }
            }
        }
        String program = p.text().replace("msr vncr_el2, x0", hasNv2(cpu)) + EL1;
        BothSides.Outcome bare = BothSides.bare(cpu, program);
        assertThat(bare.log()).hasSize(3 * i);
        BothSides.hosted(nesting, cpu, program, 10_000).isAsOn(bare);
    }

    private static String hasNv2(CpuModel cpu) {
        return cpu.has(Feature.NV2) ? "msr vncr_el2, x0" : "nop";
    }
}

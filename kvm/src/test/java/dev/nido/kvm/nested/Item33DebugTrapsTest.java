package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.SplittableRandom;

/**
 * Debug exceptions and accesses to debug registers go to the guest's EL2 where it asks for them.
 */
class Item33DebugTrapsTest {

    private static final int PROGRAMS =
            Integer.parseInt(System.getenv().getOrDefault("NIDO_DEBUG_PROGRAMS", "3"));

    private static final long DATA = BothSides.LOG + 0x8_0000;

    private static final String EL1 =
            """
            .balign 2048
            el1: .skip 0x200
            mrs x10, esr_el1
            mrs x11, elr_el1
            mrs x12, far_el1
            hvc #1
            .skip 0x400 - (. - el1)
            mrs x10, esr_el1
            mrs x11, elr_el1
            mrs x12, far_el1
            hvc #1
            .skip 0x800 - (. - el1)
            """;

    private static final String[] BODY = {
        "ldr x10, [x27]",
        "str x9, [x27]",
        "ldrb w10, [x27, #3]",
        "brk #7",
        "mrs x10, mdscr_el1",
        "msr dbgbvr3_el1, x9",
        "mrs x10, dbgbcr0_el1",
        "mrs x10, oslsr_el1",
        "mrs x10, mdrar_el1",
        "mrs x10, dbgauthstatus_el1",
        "msr oslar_el1, x9\nmsr oslar_el1, xzr",
        "mrs x10, dbgclaimset_el1",
        "nop"
    };

    private static String program(boolean e2h, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        TimerProgram p = new TimerProgram(e2h);
        p.add("adr x0, el1\nmsr " + (e2h ? "s3_5_c12_c0_0" : "vbar_el1") + ", x0");
        p.constant("x27", DATA);
        for (int i = 0; i < 120; i++) {
            p.add("msr daifset, #15\nmsr mdscr_el1, xzr\nmov x10, #0\nmov x11, #0\nmov x12, #0");
            p.add("msr far_el2, xzr\nmsr oslar_el1, xzr");
            p.add("adr x26, done_" + i);
            for (int n = 0; n < 6; n++) {
                p.add("adr x0, at_" + i).add("add x0, x0, #" + 4 * random.nextInt(3));
                if (n >= 4) {
                    p.constant("x0", random.nextInt(2) | (long) random.nextInt(2) << 32);
                }
                p.add("msr dbgbvr" + n + "_el1, x0");
                p.constant("x0", breakpoint(random, n)).add("msr dbgbcr" + n + "_el1, x0");
            }
            for (int n = 0; n < 2; n++) {
                p.constant("x0", DATA + 8 * random.nextInt(2));
                p.add("msr dbgwvr" + n + "_el1, x0");
                p.constant("x0", watchpoint(random)).add("msr dbgwcr" + n + "_el1, x0");
            }
            long mdcr = random.nextInt(3) == 0 ? 0 : random.nextLong() & 0xf00;
            p.constant("x0", 6 | mdcr).add("msr mdcr_el2, x0");
            p.constant("x0", random.nextInt(2)).add("msr contextidr_el1, x0");
            if (e2h) {
                p.constant("x0", random.nextInt(2)).add("msr s3_5_c13_c0_1, x0");
            }
            p.constant("x0", (long) random.nextInt(2) << 48).add("msr vttbr_el2, x0");
            p.constant("x9", random.nextLong() & 0xffff_fffcL);
            int place = random.nextInt(5);
            boolean masked = random.nextBoolean();
            long mdscr = random.nextLong() & (1 << 15 | 1 << 13 | (random.nextInt(3) == 0 ? 1 : 0));
            p.constant("x0", mdscr).add("msr mdscr_el1, x0");
            if (place < 3) {
                long mode = place == 0 ? 0 : place == 1 ? 5 : 4;
                long step = random.nextBoolean() ? 1 << 21 : 0;
                p.add("adr x0, at_" + i + "\nmsr elr_el2, x0");
                p.constant("x0", 0x1c0 | mode | step | (masked ? 0x200 : 0));
                p.add("msr spsr_el2, x0\neret");
            } else {
                p.add(masked ? "nop" : "msr daifclr, #8");
            }
            p.add("at_" + i + ": " + BODY[random.nextInt(BODY.length)]);
            p.add("nop\nadd x9, x9, #1");
            p.add(place < 3 ? "hvc #0" : "");
            p.add("done_" + i + ": msr daifset, #8");
            for (String x : new String[] {"x9", "x10", "x11", "x12"}) {
                p.add("str " + x + ", [x28], #8");
            }
            p.add(TimerProgram.log("mrs x0, far_el2")).add(TimerProgram.log("mrs x0, spsr_el2"));
        }
        return p.text() + EL1;
    }

    private static long breakpoint(SplittableRandom random, int n) {
        int[] types =
                n < 4 ? new int[] {0, 0, 1} : new int[] {2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14};
        long type = types[random.nextInt(types.length)];
        long linked = 4 + random.nextInt(2);
        long enable = n < 4 ? random.nextInt(4) == 0 ? 1 : 0 : random.nextInt(6) == 0 ? 1 : 0;
        if (n >= 4 && (type & 1) != 0) {
            enable = 1;
        }
        return enable | levels(random) | 0xf << 5 | linked << 16 | type << 20;
    }

    private static long watchpoint(SplittableRandom random) {
        long enable = random.nextInt(3) == 0 ? 1 : 0;
        long linked = random.nextInt(4) == 0 ? 1 << 20 | 4 << 16 : 0;
        long bytes = random.nextBoolean() ? 0xff : 1 << random.nextInt(8);
        return enable | levels(random) | (1 + random.nextInt(3)) << 3 | bytes << 5 | linked;
    }

    /** PMC, HMC and SSC. */
    private static long levels(SplittableRandom random) {
        return random.nextInt(4) << 1 | random.nextInt(2) << 13 | random.nextInt(4) << 14;
    }

    @ParameterizedTest(name = "{0}, E2H {1}, blocks of {2}")
    @CsvSource({"NV2,true,10000", "NV2,false,10000", "NV,true,10000", "NV,false,1"})
    void everyDebugExceptionGoesWhereItGoesOnThePe(Feature nesting, boolean e2h, int blocks) {
        CpuModel cpu = HostedGuest.hypervisorCpu(e2h);
        for (long seed = 1; seed <= PROGRAMS; seed++) {
            String program = program(e2h, seed);
            BothSides.Outcome bare = BothSides.bare(cpu, program);
            assertThat(bare.log()).hasSizeGreaterThan(700);
            BothSides.hosted(nesting, cpu, program, blocks).isAsOn(bare);
        }
    }

    /** The guest's guest goes step by step, as its hypervisor's debugger wants. */
    @ParameterizedTest(name = "{0}, E2H {1}")
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void hypervisorStepsItsGuest(Feature nesting, boolean e2h) {
        CpuModel cpu = HostedGuest.hypervisorCpu(e2h);
        TimerProgram p = new TimerProgram(e2h);
        p.add("msr oslar_el1, xzr");
        p.constant("x0", 6 | 1 << 8).add("msr mdcr_el2, x0\nmov x0, #1\nmsr mdscr_el1, x0");
        p.add("adr x26, more\nadr x0, inner");
        p.add("go: msr elr_el2, x0");
        p.constant("x0", 0x3c5 | 1 << 21).add("msr spsr_el2, x0\neret");
        p.add("more: str x20, [x28], #8\nadd x22, x22, #1\ncmp x22, #5\nb.eq done");
        p.add("mrs x0, elr_el2\nb go");
        p.add("inner: add x20, x20, #1\nb 1f\nnop\n1: add x20, x20, #16\nb inner");
        p.add("done: nop");
        String program = p.text();
        BothSides.Outcome bare = BothSides.bare(cpu, program);
        assertThat(bare.log()).hasSize(15).endsWith(18L);
        assertThat(bare.log().get(0) >>> 26).as("EC").isEqualTo(0x32);
        BothSides.hosted(nesting, cpu, program, 10_000).isAsOn(bare);
    }
}

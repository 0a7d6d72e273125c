package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.SplittableRandom;

/** EL2's names of counters and timers: what is read, what is UNDEFINED, what acts on what. */
class Item49El2TimerRegistersTest {

    private static final int PROGRAMS =
            Integer.parseInt(System.getenv().getOrDefault("NIDO_TIMER_PROGRAMS", "3"));

    /** All encodings of the generic timer: op1, CRm, op2; CRn is 14. */
    private static final int[] OP1 = {0, 3, 4, 5};

    /** EL1 tells EL2 what it got. */
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

    /** At EL2 or below, random MSR and MRS, with random values that no timer interrupts by. */
    private static String program(boolean e2h, boolean ecv, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        TimerProgram p = new TimerProgram(e2h);
        p.add("adr x0, el1\nmsr " + (e2h ? "s3_5_c12_c0_0" : "vbar_el1") + ", x0");
        for (int i = 0; i < 600; i++) {
            int op1 = OP1[random.nextInt(4)];
            int crm = op1 == 0 ? 1 : random.nextInt(4);
            int op2 = random.nextInt(7);
            String name = "s3_%d_c14_c%d_%d".formatted(op1, crm, op2);
            boolean write = random.nextBoolean() && !(op1 == 3 && crm == 0);
            int place = random.nextInt(8);
            p.add("adr x26, done_" + i);
            p.constant("x9", value(random, name, e2h, ecv));
            if (place < 3) {
                long mode = place == 0 ? 0x3c5 : place == 1 ? 0x3c0 : 0x3c4;
                p.add("adr x0, at_" + i + "\nmsr elr_el2, x0");
                p.constant("x0", mode).add("msr spsr_el2, x0\nmov x10, #0\neret");
            }
            p.add("at_" + i + ": " + (write ? "msr " + name + ", x9" : "mrs x10, " + name));
            p.add(place < 3 ? "mov x11, x10\nhvc #0" : "");
            p.add("done_" + i + ": str x10, [x28], #8");
        }
        return p.text();
    }

    private static long value(SplittableRandom random, String name, boolean e2h, boolean ecv) {
        if (name.equals("s3_4_c14_c1_0")) {
            // CNTHCTL_EL2: no event stream, no CNTPOFF_EL2.
            long bits = random.nextLong() & (e2h ? 0xf03 : 3);
            return ecv ? bits | random.nextLong() & 0x1_e000 : bits;
        }
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(8);
            case 1 -> random.nextInt(100_000);
            case 2 -> -random.nextInt(100_000);
            default -> random.nextLong();
        };
    }

    @ParameterizedTest(name = "{0}, E2H {1}, ECV {2}")
    @CsvSource({
        "NV2,true,false",
        "NV2,false,false",
        "NV,true,false",
        "NV,false,false",
        "NV2,true,true",
        "NV2,false,true",
        "NV,true,true",
        "NV,false,true"
    })
    void everyNameIsWhatItIsOnThePe(Feature nesting, boolean e2h, boolean ecv) {
        CpuModel cpu =
                CpuModel.parse("default" + (e2h ? ",-e2h0" : ",-vhe") + (ecv ? ",+ecv" : ""));
        for (long seed = 1; seed <= PROGRAMS; seed++) {
            String program = program(e2h, ecv, seed) + EL1;
            BothSides.Outcome bare = BothSides.bare(cpu, program);
            assertThat(bare.log()).hasSizeGreaterThan(1000);
            BothSides.hosted(nesting, cpu, program, 10_000).isAsOn(bare);
        }
    }

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void cntpoffIsNotThere(Feature nesting, boolean e2h) {
        CpuModel cpu = HostedGuest.hypervisorCpu(e2h);
        String program =
                new TimerProgram(e2h)
                        .add("adr x26, 1f\nmrs x0, s3_4_c14_c0_6\nstr x0, [x28], #8\n1: nop")
                        .text();
        BothSides.Outcome bare = BothSides.bare(cpu, program);
        assertThat(bare.log()).hasSize(2);
        BothSides.hosted(nesting, cpu, program, 10_000).isAsOn(bare);
    }
}

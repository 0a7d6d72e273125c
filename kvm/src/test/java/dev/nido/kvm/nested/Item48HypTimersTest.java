package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Four timers of a guest with an EL2, each of which fires wherever the guest is. */
class Item48HypTimersTest {

    private static final long[] OFFSETS = {0, 0x123, 1L << 40, -0x5000};

    @ParameterizedTest(name = "{0}, E2H {1}, blocks of {2}")
    @CsvSource({
        "NV2,true,10000",
        "NV2,true,1",
        "NV2,false,10000",
        "NV,true,10000",
        "NV,false,10000",
        "NV,false,1"
    })
    void eachFiresAtTheSameInstructionAsOnThePe(Feature nesting, boolean e2h, int blocks) {
        CpuModel cpu = HostedGuest.hypervisorCpu(e2h);
        TimerProgram program = new TimerProgram(e2h);
        int interrupts = 0;
        for (long offset : OFFSETS) {
            for (TimerProgram.Timer t : TimerProgram.Timer.values()) {
                for (TimerProgram.Place place : TimerProgram.Place.values()) {
                    if (t.exists(e2h)) {
                        program.fire(t, place, 1000 + 37 * interrupts, offset);
                        interrupts++;
                    }
                }
            }
        }
        BothSides.Outcome expected = BothSides.bare(cpu, program.text());
        for (int ppi : new int[] {26, 27, 30}) {
            assertThat(expected.log()).contains((long) ppi);
        }
        BothSides.hosted(nesting, cpu, program.text(), blocks).isAsOn(expected);
    }
}

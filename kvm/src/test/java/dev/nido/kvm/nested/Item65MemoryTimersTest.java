package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;

/**
 * A PE with FEAT_NV2 and without FEAT_ECV: the guest's EL2 programs the timers of its EL1 in
 * memory, and the hypervisor hears of it at the next exit.
 */
class Item65MemoryTimersTest {

    private static HostedGuest guest(String nv, boolean e2h, String program) {
        CpuModel physical = CpuModel.parse("default,+" + nv);
        assertThat(physical.has(Feature.ECV)).isFalse();
        Machine machine =
                new Machine(
                        new MachineConfig(
                                physical, 1, 0x80_0000_0000L, 1L << 30, true, 1, 2, false));
        HostedGuest guest =
                HostedGuest.nestedOn(machine, HostedGuest.hypervisorCpu(e2h), 1, program);
        BothSides.enable(guest);
        return guest;
    }

    @ParameterizedTest(name = "{0}, E2H {1}")
    @CsvSource({"nv2,true", "nv2,false", "nv,true", "nv,false"})
    void everyTimerFires(String nv, boolean e2h) {
        TimerProgram program = new TimerProgram(e2h);
        List<Long> expected = new ArrayList<>();
        for (long offset : new long[] {0, 0x123, -0x5000}) {
            for (TimerProgram.Timer t : TimerProgram.Timer.values()) {
                for (TimerProgram.Place place : TimerProgram.Place.values()) {
                    // Without any exit nobody hears of what is written to memory.
                    if (t.exists(e2h) && place != TimerProgram.Place.HYP_SPIN) {
                        program.fire(t, place, 2000, offset);
                        expected.add(intid(t));
                    }
                }
            }
        }
        try (HostedGuest guest = guest(nv, e2h, program.text())) {
            List<Long> log = BothSides.run(guest, 10_000).log();
            int words = log.size() / expected.size();
            List<Long> intids = new ArrayList<>();
            for (int i = 0; i < expected.size(); i++) {
                intids.add(log.get(i * words + 5));
            }
            assertThat(intids).isEqualTo(expected);
        }
    }

    private static long intid(TimerProgram.Timer t) {
        return switch (t) {
            case VIRTUAL -> 27;
            case PHYSICAL -> 30;
            case HYP_VIRTUAL -> 28;
            case HYP_PHYSICAL -> 26;
        };
    }

    /** Reads CTL, sees an exit go by, and reads it again; then arms the timer for later. */
    @ParameterizedTest(name = "E2H {0}")
    @CsvSource({"true", "false"})
    void nextExitTakesUpWhatIsInMemory(boolean e2h) {
        TimerProgram.Timer t = TimerProgram.Timer.VIRTUAL;
        TimerProgram program =
                new TimerProgram(e2h)
                        .add("msr " + t.cval(e2h) + ", xzr\nmov x0, #3")
                        .add("msr " + t.ctl(e2h) + ", x0")
                        .add(TimerProgram.log("mrs x0, " + t.ctl(e2h)))
                        .add("mrs x0, id_aa64pfr0_el1")
                        .add(TimerProgram.log("mrs x0, " + t.ctl(e2h)))
                        .constant("x0", 0x7000_0000_0000L)
                        .add("msr " + t.cval(e2h) + ", x0\nmov x0, #1")
                        .add("msr " + t.ctl(e2h) + ", x0")
                        .add("mrs x0, id_aa64pfr0_el1")
                        .add(TimerProgram.log("mrs x0, " + t.ctl(e2h)));
        try (HostedGuest guest = guest("nv2", e2h, program.text())) {
            assertThat(BothSides.run(guest, 10_000).log()).containsExactly(3L, 7L, 1L);
            assertThat(guest.vcpu(0).timer().userRead(SysReg.CNTV_CVAL_EL0))
                    .isEqualTo(0x7000_0000_0000L);
            assertThat(guest.vcpu(0).timer().nextDeadline()).isEqualTo(0x7000_0000_0000L);
        }
    }
}

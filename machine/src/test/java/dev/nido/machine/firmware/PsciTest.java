package dev.nido.machine.firmware;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.machine.TestPes;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;

/** Calls to firmware, by register values. */
class PsciTest {

    private static final long GARBAGE = 0xdead_beef_0000_1111L;

    /** Twenty PEs that remember what was asked of them. */
    private static final class Power implements PowerControl {
        final State[] states = new State[20];
        final List<String> log = new ArrayList<>();

        Power() {
            java.util.Arrays.fill(states, State.OFF);
            states[0] = State.ON;
        }

        @Override
        public int pes() {
            return states.length;
        }

        @Override
        public long affinity(int pe) {
            return (long) (pe >> 4) << 8 | pe & 15;
        }

        @Override
        public State state(int pe) {
            return states[pe];
        }

        @Override
        public State start(int pe, long entry, long context, boolean bigEndian) {
            State was = states[pe];
            if (was == State.OFF) {
                states[pe] = State.ON_PENDING;
                log.add("start %d 0x%x 0x%x".formatted(pe, entry, context));
            }
            return was;
        }

        @Override
        public boolean isBigEndian(int pe) {
            return false;
        }

        @Override
        public void stop(int pe) {
            log.add("stop " + pe);
        }

        @Override
        public void suspend(int pe) {
            log.add("suspend " + pe);
        }

        @Override
        public void powerOff() {
            log.add("power off");
        }

        @Override
        public void reset() {
            log.add("reset");
        }
    }

    private final Power power = new Power();
    private final Pe pe = TestPes.create(3);
    private final Psci psci = new Psci(power, false);

    private long call(long... arguments) {
        for (int i = 0; i < 31; i++) {
            pe.x[i] = i < arguments.length ? arguments[i] : GARBAGE + i;
        }
        assertThat(psci.call(pe, false)).isTrue();
        for (int i = 4; i < 31; i++) {
            assertThat(pe.x[i]).as("X" + i + " is preserved").isEqualTo(GARBAGE + i);
        }
        return pe.x[0];
    }

    @ParameterizedTest(name = "{0}({1}) = {2}")
    @CsvSource({
        "0x84000000, 0, 0x10001",
        "0x84000006, 0, 2",
        "0x80000000, 0, 0x10001",
        // PSCI_FEATURES
        "0x8400000a, 0x84000000, 0",
        "0x8400000a, 0x84000001, 0",
        "0x8400000a, 0xc4000001, 0",
        "0x8400000a, 0x84000002, 0",
        "0x8400000a, 0xc4000003, 0",
        "0x8400000a, 0x84000004, 0",
        "0x8400000a, 0x84000006, 0",
        "0x8400000a, 0x84000008, 0",
        "0x8400000a, 0x84000009, 0",
        "0x8400000a, 0x8400000a, 0",
        "0x8400000a, 0xc4000012, 0",
        "0x8400000a, 0x80000000, 0",
        "0x8400000a, 0x84000005, -1",
        "0x8400000a, 0x8400000e, -1",
        "0x8400000a, 0xc400000e, -1",
        "0x8400000a, 0xc4000002, -1",
        "0x8400000a, 0x80008000, -1",
        // SMCCC_ARCH_FEATURES
        "0x80000001, 0x80000000, 0",
        "0x80000001, 0x80000001, 0",
        "0x80000001, 0x80000002, -1",
        "0x80000001, 0x80008000, 1",
        "0x80000001, 0x80007fff, -2",
        "0x80000001, 0x80003fff, 1",
        "0x80000001, 0xc5000020, -1",
        "0x80000002, 0, -1",
        "0x80008000, 0, 0",
        "0x80003fff, 0, 0",
        // not implemented
        "0x84000005, 0, -1",
        "0x84000007, 0, -1",
        "0x8400000e, 0, -1",
        "0xc400000e, 0, -1",
        "0xc4000000, 0, -1",
        "0x84000053, 0, -1",
        "0xc5000020, 0, -1",
        "0x00000000, 0, -1",
        "0xffffffff, 0, -1",
        // AFFINITY_INFO
        "0xc4000004, 0x000, 0",
        "0xc4000004, 0x001, 1",
        "0xc4000004, 0x103, 1",
        "0xc4000004, 0x104, -2",
        "0xc4000004, 0x010, -2",
        "0xc4000004, 0x100000000, -2",
        "0x84000004, 0x100000001, 1",
        "0xc4000004, 0x80000000, -2",
        // SYSTEM_RESET2
        "0xc4000012, 1, -2",
        "0xc4000012, 0x80000000, -2",
    })
    void callReturns(String function, String argument, String result) {
        assertThat(call(Long.decode(function), Long.decode(argument), 0))
                .isEqualTo(Long.decode(result));
        assertThat(power.log).isEmpty();
    }

    @Test
    void psciCallsLeaveNothingInX1ToX3() {
        call(0x8400_0000L);
        assertThat(pe.x).startsWith(0x10001, 0, 0, 0);
    }

    @Test
    void upperHalfOfTheFunctionIdentifierIsIgnored() {
        assertThat(call(0xffff_ffff_8400_0000L)).isEqualTo(0x10001);
    }

    @Test
    void cpuOnStartsAPeThatIsOff() {
        assertThat(call(0xc400_0003L, 0x102, 0x1_4000_0000L, -5)).isZero();
        assertThat(power.log).containsExactly("start 18 0x140000000 0xfffffffffffffffb");
        assertThat(call(0xc400_0003L, 0x102, 0x4000_0000L, 0)).isEqualTo(-5);
        assertThat(call(0xc400_0003L, 0, 0x4000_0000L, 0)).isEqualTo(-4);
        assertThat(call(0xc400_0003L, 0x110, 0x4000_0000L, 0)).isEqualTo(-2);
        assertThat(call(0xc400_0003L, 2, 0x4000_0002L, 0)).isEqualTo(-9);
        assertThat(power.log).hasSize(1);
    }

    @Test
    void shortFormTakesLowHalves() {
        assertThat(call(0x8400_0003L, 0x7_0000_0001L, 0x1_4000_0000L, -5)).isZero();
        assertThat(power.log).containsExactly("start 1 0x40000000 0xfffffffb");
    }

    @Test
    void affinityInfoOfAClusterIsOnIfAnyPeIs() {
        assertThat(call(0xc400_0004L, 0, 1)).isZero();
        assertThat(call(0xc400_0004L, 0x100, 1)).isEqualTo(1);
        power.states[17] = PowerControl.State.ON_PENDING;
        assertThat(call(0xc400_0004L, 0x100, 1)).isEqualTo(2);
        assertThat(call(0xc400_0004L, 0x100, 0)).isEqualTo(1);
        assertThat(call(0xc400_0004L, 0x101, 0)).isEqualTo(2);
        assertThat(call(0xc400_0004L, 0x100, 2)).isZero();
        assertThat(call(0xc400_0004L, 0x100, 3)).isZero();
        assertThat(call(0xc400_0004L, 0x200, 1)).isEqualTo(-2);
        assertThat(call(0xc400_0004L, 0, 4)).isEqualTo(-2);
    }

    @ParameterizedTest
    @CsvSource({
        "0x84000001, suspend 3",
        "0xc4000001, suspend 3",
        "0x84000002, stop 3",
        "0x84000008, power off",
        "0x84000009, reset",
        "0x84000012, reset",
        "0xc4000012, reset"
    })
    void callActs(String function, String effect) {
        assertThat(call(Long.decode(function), 0, 0)).isZero();
        assertThat(power.log).containsExactly(effect);
    }

    @Test
    void onlyTheConduitIsServed() {
        pe.x[0] = 0x8400_0000L;
        assertThat(psci.call(pe, true)).isTrue();
        assertThat(pe.x[0]).isEqualTo(-1);
        Psci bySmc = new Psci(power, true);
        pe.x[0] = 0x8400_0000L;
        assertThat(bySmc.call(pe, false)).isFalse();
        assertThat(pe.x[0]).isEqualTo(0x8400_0000L);
        assertThat(bySmc.call(pe, true)).isTrue();
        assertThat(pe.x[0]).isEqualTo(0x10001);
    }
}

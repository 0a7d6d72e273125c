package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.List;

/**
 * TLBI of a guest hypervisor's own regime is over on the spot: without an exit of the full kind.
 */
class Item69FastTlbiTest {

    private static final long VA = 0x5555_1234_5000L;
    private static final long PAGE = MonitorGuest.RAM + 0x80_0000;

    private static boolean isStage1OfEl2(SystemOperation o) {
        return o.name().matches("TLBI_(ALL|R?VAL?|R?VA)E2.*");
    }

    /** Exits that one TLBI costs beyond those of its command, by comparison with a load. */
    private static long exits(MonitorGuest g, SystemOperation form) {
        g.load(0, PAGE);
        long before = g.guest.vcpu(0).exits();
        g.load(0, PAGE);
        long ofCommand = g.guest.vcpu(0).exits() - before;
        before = g.guest.vcpu(0).exits();
        g.tlbi(0, form, 1L << 46 | VA >>> 12);
        return g.guest.vcpu(0).exits() - before - ofCommand;
    }

    @ParameterizedTest
    @EnumSource(SystemOperation.class)
    void hostsOwnFormsCostNoFullExit(SystemOperation form) {
        if (form.kind() != SystemOperation.Kind.TLBI) {
            return;
        }
        try (MonitorGuest g = new MonitorGuest(Feature.NV2, HostedGuest.hypervisorCpu(true), 1)) {
            g.guest.vcpu(0).writeSys(SysReg.HCR_EL2, HcrEl2.RW | HcrEl2.E2H | HcrEl2.TGE);
            boolean fast = form.minimumEl() == 1 || isStage1OfEl2(form);
            assertThat(exits(g, form)).isEqualTo(fast ? 0 : 1);
        }
    }

    @ParameterizedTest
    @EnumSource(SystemOperation.class)
    void formsOfEl2CostNoFullExitWithoutE2h(SystemOperation form) {
        if (form.kind() != SystemOperation.Kind.TLBI) {
            return;
        }
        for (Feature nesting : new Feature[] {Feature.NV, Feature.NV2}) {
            try (MonitorGuest g = new MonitorGuest(nesting, HostedGuest.hypervisorCpu(false), 1)) {
                assertThat(exits(g, form)).isEqualTo(isStage1OfEl2(form) ? 0 : 1);
            }
        }
    }

    @Test
    void instructionCountsOnceAndIsTold() {
        try (MonitorGuest g = new MonitorGuest(Feature.NV2, HostedGuest.hypervisorCpu(true), 1)) {
            List<String> events = new ArrayList<>();
            g.guest.hypervisor.setTracer(
                    new Tracer() {
                        @Override
                        public void fastExit(Vcpu vcpu, int ec, long esr, long pc) {
                            events.add("exit " + ec);
                        }

                        @Override
                        public void nestedTlbi(Vcpu vcpu, int key, long value, boolean fast) {
                            events.add(SystemOperation.decode(key) + " " + value + " " + fast);
                        }
                    });
            g.load(0, PAGE);
            long retired = g.guest.machine.pe(0).retired;
            g.load(0, PAGE);
            long ofCommand = g.guest.machine.pe(0).retired - retired;
            g.tlbi(0, SystemOperation.TLBI_VAE2IS, VA >>> 12);
            // The command has a MOVZ that the load's doesn't have.
            assertThat(g.guest.machine.pe(0).retired - retired).isEqualTo(2 * ofCommand + 1);
            assertThat(events).containsExactly("exit 24", "TLBI_VAE2IS " + (VA >>> 12) + " true");
            events.clear();
            g.tlbi(0, SystemOperation.TLBI_VMALLS12E1, 0);
            assertThat(events).containsExactly("TLBI_VMALLS12E1 0 false");
        }
    }
}

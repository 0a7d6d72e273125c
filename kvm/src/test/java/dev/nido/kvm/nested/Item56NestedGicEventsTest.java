package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a tracer hears of a guest hypervisor's list registers. */
class Item56NestedGicEventsTest {

    private static final long HW = 1L << 61;
    private static final long PENDING = 1L << 62;
    private static final long ACTIVE = 1L << 63;

    private final List<String> events = new ArrayList<>();

    private final Tracer tracer =
            new Tracer() {
                @Override
                public void shadowListRegisters(Vcpu vcpu, int n, long[] shadow, long[] original) {
                    events.add("create " + vcpu.id() + show(n, shadow) + show(n, original));
                }

                @Override
                public void shadowListRegistersPut(Vcpu vcpu, int n, long[] values) {
                    events.add("put " + vcpu.id() + show(n, values));
                }

                @Override
                public void linkedInterruptEnded(Vcpu vcpu, int index, long value, int intid) {
                    events.add("end %d %x %d".formatted(index, value, intid));
                }
            };

    private static String show(int n, long[] values) {
        StringBuilder text = new StringBuilder(" ");
        for (long value : Arrays.copyOf(values, n)) {
            text.append("%x,".formatted(value));
        }
        return text.toString();
    }

    @ParameterizedTest
    @EnumSource(names = {"NV", "NV2"})
    void shadowsArePairedWithTheirOriginalsAndLinkedEndsNamed(Feature nesting) {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, true)) {
            rig.hypervisor.setTracer(tracer);
            rig.vcpu.writeSys(SysReg.HCR_EL2, HcrEl2.IMO | HcrEl2.E2H | HcrEl2.RW);
            rig.vcpu.writeSys(SysReg.ICH_HCR_EL2, 1);
            rig.vcpu.writeSys(SysReg.ICH_LR2_EL2, PENDING | HW | 27L << 32 | 40);
            rig.vcpu.writeSys(SysReg.ICH_LR5_EL2, PENDING | HW | 50L << 32 | 41);
            rig.vcpu.writeSys(SysReg.ICH_LR7_EL2, PENDING | 42);
            rig.go(Spsr.DAIF | 5, HostedGuest.RAM);
            assertThat(events)
                    .containsExactly(
                            "create 0"
                                    + " 6000001b00000028,4000020000000029,400000000000002a,"
                                    + " 6000001b00000028,6000003200000029,400000000000002a,");
            events.clear();
            // The guest's guest has ended the first two.
            rig.cpu.write(SysReg.ICH_LR0_EL2, HW | 27L << 32 | 40);
            rig.cpu.write(SysReg.ICH_LR1_EL2, 1L << 41 | 41);
            rig.cpu.write(SysReg.ICH_LR2_EL2, ACTIVE | 42);
            rig.go(Spsr.DAIF | 9, HostedGuest.RAM);
            assertThat(events)
                    .containsExactly(
                            "end 2 2000001b00000028 27",
                            "end 5 2000003200000029 50",
                            "put 0 0,0,800000000000002a,");
        }
    }
}

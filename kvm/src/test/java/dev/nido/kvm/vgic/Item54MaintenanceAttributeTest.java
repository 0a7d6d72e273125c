package dev.nido.kvm.vgic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.GicParameters;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.mmu.VmMmioBus;
import dev.nido.kvm.run.PhysicalCpus;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The INTID of the maintenance interrupt that a guest hypervisor has, as a device attribute. */
class Item54MaintenanceAttributeTest {

    private static final int GROUP = VgicAttributes.GROUP_MAINTENANCE;

    private static Vgic vgic(NestedHosted rig) {
        return new Vgic(
                GicParameters.standard(16),
                new PhysicalCpus(rig.machine),
                true,
                40,
                new VmMmioBus());
    }

    @Test
    void isPpi25UnlessSet() {
        try (NestedHosted rig = new NestedHosted("default", 1, true)) {
            VgicAttributes attributes = vgic(rig).attributes();
            assertThat(GROUP).isEqualTo(9);
            assertThat(attributes.has(GROUP, 0)).isTrue();
            assertThat(attributes.has(GROUP, 1)).isFalse();
            assertThat(attributes.get(GROUP, 0)).isEqualTo(25);
            for (int intid = 16; intid < 32; intid++) {
                attributes.set(GROUP, 0, intid);
                assertThat(attributes.get(GROUP, 0)).isEqualTo(intid);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 0, 15, 32, 1L << 32 | 20, Long.MAX_VALUE})
    void isAPpi(long value) {
        try (NestedHosted rig = new NestedHosted("default", 1, true)) {
            VgicAttributes attributes = vgic(rig).attributes();
            assertThatThrownBy(() -> attributes.set(GROUP, 0, value))
                    .isInstanceOfSatisfying(
                            KvmException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
            assertThat(attributes.get(GROUP, 0)).isEqualTo(25);
        }
    }

    @Test
    void isFixedOnceTheControllerIsInitialised() {
        try (NestedHosted rig = new NestedHosted("default", 1, true)) {
            VgicAttributes attributes = rig.vgic.attributes();
            assertThatThrownBy(() -> attributes.set(GROUP, 0, 20))
                    .isInstanceOfSatisfying(
                            KvmException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY));
            assertThat(attributes.get(GROUP, 0)).isEqualTo(25);
        }
    }

    @Test
    void hypervisorGetsTheInterruptOfThatNumber() {
        try (NestedHosted view = Item51NestedGicTest.ready("default", 1, true, 20)) {
            view.ich(0, SysReg.ICH_HCR_EL2, 3);
            view.eret(0);
            assertThat(view.inGuest(0)).isFalse();
            assertThat(Item51NestedGicTest.take(view)).isEqualTo(20);
        }
    }
}

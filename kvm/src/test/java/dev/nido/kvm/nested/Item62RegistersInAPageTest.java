package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.machine.PhysicalMemory;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Registers with a slot are 64 bits of a page each, at their offset, over NV and NV2 alike. */
class Item62RegistersInAPageTest {

    @ParameterizedTest
    @EnumSource(
            value = Feature.class,
            names = {"NV", "NV2"})
    void thePageAndTheAccessorsAgree(Feature nesting) {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, true)) {
            rig.vcpu.put();
            PhysicalMemory memory = rig.machine.memory();
            long page = memory.offsetOf(rig.vcpu.nested().page().pa());
            long value = 0x1111_0000_0000_0001L;
            int slots = 0;
            for (SysReg r : SysReg.values()) {
                if (r.vncrOffset() < 0) {
                    continue;
                }
                slots++;
                assertThat(r.vncrOffset()).as(r.name()).isBetween(0, 0xff8);
                assertThat(r.vncrOffset() & 7).as(r.name()).isZero();
                rig.vcpu.writeSys(r, ++value);
                assertThat(memory.get64(page + r.vncrOffset())).as(r.name()).isEqualTo(value);
                memory.put64(page + r.vncrOffset(), ++value);
                assertThat(rig.vcpu.readSys(r)).as(r.name()).isEqualTo(value);
            }
            assertThat(slots).isGreaterThan(50);
            rig.vcpu.writeSys(SysReg.HCR_EL2, 0);
            rig.vcpu.load(rig.cpu);
        }
    }
}

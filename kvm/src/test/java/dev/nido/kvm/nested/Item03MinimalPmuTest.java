package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.sysreg.OneReg;
import dev.nido.kvm.sysreg.PmuEventFilter;
import dev.nido.kvm.sysreg.RegisterId;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How many events a version of the performance monitors has, and with it PMEVTYPER's event field.
 */
class Item03MinimalPmuTest {

    private static final long ID = RegisterId.of(SysReg.ID_AA64DFR0_EL1);

    @ParameterizedTest(name = "PMUVer {0}")
    @CsvSource({
        "0,0",
        "1,0x400",
        "4,0x10000",
        "5,0x10000",
        "6,0x10000",
        "7,0x10000",
        "8,0x10000",
        "9,0x10000",
        "14,0x10000",
        "15,0"
    })
    void newerVersionsThanKnownAreTheNewestKnown(int version, String events) {
        assertThat(PmuEventFilter.events(version)).isEqualTo(Integer.decode(events));
    }

    @ParameterizedTest(name = "PMUVer {0}")
    @CsvSource({"1,0x3ff", "4,0xffff"})
    void guestReadsBackTheEventBitsOfItsVersion(int version, String mask) {
        String program =
                "mov x0, #0xffff\nmsr pmevtyper0_el0, x0\nmrs x20, pmevtyper0_el0\n"
                        + HostedGuest.OFF;
        try (HostedGuest guest = HostedGuest.deterministic(1, program)) {
            long own = OneReg.get(guest.vcpu(0), ID);
            assertThat(own >>> 8 & 15).isGreaterThanOrEqualTo(version);
            OneReg.set(guest.vcpu(0), ID, own & ~0xf00L | (long) version << 8);
            guest.runAll(10_000);
            assertThat(guest.vcpu(0).reg(20)).isEqualTo(Long.decode(mask));
        }
    }
}

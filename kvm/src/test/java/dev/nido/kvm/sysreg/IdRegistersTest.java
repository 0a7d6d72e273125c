package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What user space may change in the identification registers of a VM. */
class IdRegistersTest {

    private final CpuModel cpu = CpuModel.defaultModel().withoutEl2();
    private final IdRegisters ids = new IdRegisters(cpu);

    private void refused(SysReg r, long value, int errno) {
        long before = ids.get(r);
        assertThatThrownBy(() -> ids.set(r, value))
                .isInstanceOfSatisfying(
                        KvmException.class, e -> assertThat(e.errno()).isEqualTo(errno));
        assertThat(ids.get(r)).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(names = "ID_.*", mode = EnumSource.Mode.MATCH_ALL)
    void valuesAreThoseOfTheGuestsCpu(SysReg r) {
        assertThat(ids.get(r)).isEqualTo(cpu.idRegister(r));
    }

    @ParameterizedTest(name = "{0} bit {1}: {2} to {3}")
    @CsvSource({
        "ID_AA64ISAR0_EL1, 4, 2, 1", // AES with PMULL to AES
        "ID_AA64ISAR0_EL1, 20, 2, 0", // LSE
        "ID_AA64DFR0_EL1, 8, 4, 1", // PMUVer
        "ID_AA64PFR0_EL1, 48, 1, 0", // DIT
        "ID_AA64MMFR0_EL1, 0, 2, 0", // PARange
        "ID_AA64MMFR0_EL1, 28, 0, 15", // TGran4, signed
        "ID_AA64MMFR1_EL1, 20, 2, 1" // PAN
    })
    void fieldsCanBeLoweredAndRaisedAgainButNotAboveTheCpu(
            SysReg r, int shift, long has, long lower) {
        long original = ids.get(r);
        assertThat(original >>> shift & 15).isEqualTo(has);
        long lowered = original & ~(15L << shift) | lower << shift;
        ids.set(r, lowered);
        assertThat(ids.get(r)).isEqualTo(lowered);
        ids.set(r, original);
        assertThat(ids.get(r)).isEqualTo(original);
        refused(r, original & ~(15L << shift) | has + 1 << shift, Errno.EINVAL);
    }

    @ParameterizedTest(name = "{0} = {1} flipped")
    @CsvSource({
        "ID_AA64PFR0_EL1, 0x1", // EL0
        "ID_AA64PFR0_EL1, 0x100", // EL2
        "ID_AA64MMFR0_EL1, 0x10", // ASIDBits
        "ID_AA64ISAR0_EL1, 0x1", // reserved
        "ID_AA64AFR0_EL1, 0x1",
        "ID_RESERVED_EL1, 0x1",
        "ID_PFR0_EL1, 0x1",
        "MIDR_EL1, 0x1",
        "CLIDR_EL1, 0x8"
    })
    void otherFieldsAreFixed(SysReg r, String bits) {
        refused(r, ids.get(r) ^ Long.decode(bits), Errno.EINVAL);
    }

    @Test
    void cacheLinesCanBeCalledShorterAndMaintenanceNecessary() {
        long ctr = ids.get(SysReg.CTR_EL0);
        assertThat(ids.cacheTypeChanged()).isFalse();
        ids.set(SysReg.CTR_EL0, ctr & ~(1L << 28));
        assertThat(ids.cacheTypeChanged()).isTrue();
        ids.set(SysReg.CTR_EL0, ctr - 1);
        refused(SysReg.CTR_EL0, ctr + 1, Errno.EINVAL);
        refused(SysReg.CTR_EL0, ctr | 1L << 29, Errno.EINVAL);
        refused(SysReg.CTR_EL0, ctr ^ 1L << 14, Errno.EINVAL);
    }

    @Test
    void nothingChangesAfterTheFirstRunButTheSameValueIsAccepted() {
        long dfr0 = ids.get(SysReg.ID_AA64DFR0_EL1);
        ids.fix();
        refused(SysReg.ID_AA64DFR0_EL1, dfr0 & ~0xf00L, Errno.EBUSY);
        refused(SysReg.ID_AA64DFR0_EL1, dfr0 + 1, Errno.EBUSY);
        assertThatCode(() -> ids.set(SysReg.ID_AA64DFR0_EL1, dfr0)).doesNotThrowAnyException();
    }

    @Test
    void writableFieldsAreTheOnesThatCanBeChanged() {
        IdRegisters.writableFields()
                .forEach((r, mask) -> {
                    assertThat(r.isId()).isTrue();
                    for (int s = 0; s < 64; s += 4) {
                        long field = 15L << s;
                        if ((mask & field) == 0 && r != SysReg.CTR_EL0) {
                            refused(r, ids.get(r) ^ field, Errno.EINVAL);
                        }
                    }
                });
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1024",
        "4, 65536",
        "5, 65536",
        "6, 65536",
        "7, 65536",
        "8, 65536",
        "0, 0",
        "15, 0"
    })
    void eventNumbersHaveTenBitsInTheFirstPmuAndSixteenInAllLater(int version, int events) {
        assertThat(PmuEventFilter.events(version)).isEqualTo(events);
    }
}

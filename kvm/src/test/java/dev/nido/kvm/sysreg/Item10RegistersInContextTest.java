package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Item 10: the registers of EL2 are part of a vCPU that has one: reset, in the register list, read
 * and written by user space, kept through a save and a restore.
 */
class Item10RegistersInContextTest {

    private static TreeSet<String> listed(Vcpu vcpu) {
        return OneReg.list(vcpu).stream()
                .filter(id -> RegisterId.classOf(id) == RegisterId.SYSREG)
                .map(id -> EmulatedRegisters.of(RegisterId.number(id)))
                .filter(row -> row != null)
                .map(EmulatedRegister::name)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @ParameterizedTest
    @CsvSource({"NV,-e2h0", "NV,-vhe", "NV2,-e2h0", "NV2,-vhe"})
    void theListHasThemWhereThereIsAnEl2(Feature nesting, String e2h) {
        CpuModel cpu = CpuModel.parse("default,lrs=4," + e2h);
        boolean vhe = cpu.has(Feature.VHE);
        try (HostedGuest nested = HostedGuest.nested(nesting, cpu, 1, "b .");
                HostedGuest plain = HostedGuest.deterministic(1, "b .")) {
            TreeSet<String> more = listed(nested.vcpu(0));
            TreeSet<String> without = listed(plain.vcpu(0));
            assertThat(more).containsAll(without);
            more.removeAll(without);
            assertThat(more)
                    .contains("HCR_EL2", "VTTBR_EL2", "SP_EL2", "SP_EL1", "CNTHP_CVAL_EL2")
                    .contains("ICH_LR3_EL2", "ICH_HCR_EL2", "HPFAR_EL2", "MDCR_EL2")
                    .doesNotContain("ICH_LR4_EL2", "VNCR_EL2", "CNTPOFF_EL2", "ICH_VTR_EL2")
                    .doesNotContain("SPSR_abt", "ICC_SRE_EL2", "RVBAR_EL2");
            for (String name : List.of("TTBR1_EL2", "CONTEXTIDR_EL2", "CNTHV_CTL_EL2")) {
                assertThat(more.contains(name)).as(name).isEqualTo(vhe);
            }
            assertThat(without).noneMatch(n -> n.endsWith("_EL2"));
            assertThatThrownBy(() -> OneReg.get(plain.vcpu(0), RegisterId.of(SysReg.HCR_EL2)))
                    .isInstanceOf(KvmException.class);
        }
    }

    @ParameterizedTest
    @CsvSource({"NV,-e2h0", "NV,-vhe", "NV2,-e2h0", "NV2,-vhe"})
    void eachReadsBackAndIsKeptBySaveAndRestore(Feature nesting, String e2h) {
        CpuModel cpu = CpuModel.parse("default," + e2h);
        try (HostedGuest from = HostedGuest.nested(nesting, cpu, 1, "b .");
                HostedGuest to = HostedGuest.nested(nesting, cpu, 1, "b .")) {
            Vcpu source = from.vcpu(0);
            source.run(10);
            for (SysReg r : SysReg.values()) {
                EmulatedRegister row = EmulatedRegisters.of(r.key());
                boolean ours = r.minimumEl() >= 2 && row.exists(source) && row.forUser();
                if (ours && !r.name().startsWith("CNTH") && r != SysReg.HCR_EL2) {
                    long value = 0x1111_0000_0000L * (r.ordinal() % 13 + 1) + r.ordinal();
                    OneReg.set(source, RegisterId.of(r), value);
                    assertThat(OneReg.get(source, RegisterId.of(r))).as(r.name()).isEqualTo(value);
                    assertThat(source.readSys(r)).isEqualTo(value);
                }
            }
            OneReg.set(source, RegisterId.of(SysReg.HCR_EL2), 1L << 27);
            for (long id : OneReg.list(source)) {
                long[] value = new long[2];
                OneReg.get(source, id, value);
                if (id != RegisterId.PTIMER_CNT && id != RegisterId.TIMER_CNT) {
                    OneReg.set(to.vcpu(0), id, value);
                }
            }
            for (long id : OneReg.list(source)) {
                if (id != RegisterId.PTIMER_CNT && id != RegisterId.TIMER_CNT) {
                    assertThat(OneReg.get(to.vcpu(0), id))
                            .as("register 0x%x", id)
                            .isEqualTo(OneReg.get(source, id));
                }
            }
        }
    }

    @Test
    void theyResetToTheArchitecturesValues() {
        for (String e2h : List.of("-e2h0", "-vhe")) {
            CpuModel cpu = CpuModel.parse("default," + e2h);
            try (HostedGuest guest = HostedGuest.nested(Feature.NV2, cpu, 2, "b .")) {
                Vcpu vcpu = guest.vcpu(1);
                assertThat(OneReg.get(vcpu, RegisterId.of(SysReg.SCTLR_EL2)))
                        .isEqualTo(0x30c5_0830L);
                assertThat(OneReg.get(vcpu, RegisterId.of(SysReg.TCR_EL2))).isEqualTo(0x8080_0000L);
                assertThat(OneReg.get(vcpu, RegisterId.of(SysReg.HCR_EL2))).isZero();
                assertThat(OneReg.get(vcpu, RegisterId.of(SysReg.MDCR_EL2)))
                        .isEqualTo(CpuModel.EVENT_COUNTERS);
                assertThat(OneReg.get(vcpu, RegisterId.of(SysReg.CPTR_EL2)))
                        .isEqualTo(e2h.equals("-vhe") ? 0x33ff : 0);
                assertThat(OneReg.get(vcpu, RegisterId.of(SysReg.VTTBR_EL2))).isZero();
            }
        }
    }
}

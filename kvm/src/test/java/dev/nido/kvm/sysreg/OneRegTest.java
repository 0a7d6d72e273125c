package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;

/** Registers by KVM's identifiers. */
class OneRegTest {

    private final HostedGuest guest =
            HostedGuest.deterministic(
                    2, "msr tpidr_el1, x1\n mrs x2, tpidr_el0\n fmov d3, x1\n again: b again");
    private final Vcpu vcpu = guest.vcpu(0);

    @AfterEach
    void close() {
        guest.close();
    }

    private void refused(int errno, Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        KvmException.class, e -> assertThat(e.errno()).isEqualTo(errno));
    }

    @Test
    void identifiersAreThoseOfLinux() {
        assertThat(RegisterId.x(0)).isEqualTo(0x6030_0000_0010_0000L);
        assertThat(RegisterId.pc()).isEqualTo(0x6030_0000_0010_0040L);
        assertThat(RegisterId.pstate()).isEqualTo(0x6030_0000_0010_0042L);
        assertThat(RegisterId.spEl1()).isEqualTo(0x6030_0000_0010_0044L);
        assertThat(RegisterId.spsr(0)).isEqualTo(0x6030_0000_0010_0048L);
        assertThat(RegisterId.v(0)).isEqualTo(0x6040_0000_0010_0054L);
        assertThat(RegisterId.v(31)).isEqualTo(0x6040_0000_0010_00d0L);
        assertThat(RegisterId.fpsr()).isEqualTo(0x6020_0000_0010_00d4L);
        assertThat(RegisterId.fpcr()).isEqualTo(0x6020_0000_0010_00d5L);
        assertThat(RegisterId.ccsidr(2)).isEqualTo(0x6020_0000_0011_0002L);
        assertThat(RegisterId.firmware(0)).isEqualTo(0x6030_0000_0014_0000L);
        assertThat(RegisterId.of(SysReg.MIDR_EL1)).isEqualTo(0x6030_0000_0013_c000L);
        assertThat(RegisterId.of(SysReg.SCTLR_EL1)).isEqualTo(0x6030_0000_0013_c080L);
        assertThat(RegisterId.TIMER_CTL).isEqualTo(0x6030_0000_0013_df19L);
        assertThat(RegisterId.TIMER_CVAL).isEqualTo(0x6030_0000_0013_df02L);
        assertThat(RegisterId.TIMER_CNT).isEqualTo(0x6030_0000_0013_df1aL);
        assertThat(RegisterId.PTIMER_CVAL).isEqualTo(0x6030_0000_0013_df12L);
    }

    @Test
    void everyRegisterOfTheListCanBeReadAndSetToItsValue() {
        List<Long> ids = OneReg.list(vcpu);
        assertThat(new HashSet<>(ids)).hasSameSizeAs(ids);
        assertThat(ids)
                .contains(
                        RegisterId.x(30),
                        RegisterId.v(31),
                        RegisterId.of(SysReg.SCTLR_EL1),
                        RegisterId.of(SysReg.MPIDR_EL1),
                        RegisterId.of(SysReg.DBGBCR5_EL1),
                        RegisterId.of(SysReg.PMCR_EL0),
                        RegisterId.of(SysReg.PMEVTYPER5_EL0))
                .doesNotContain(
                        RegisterId.of(SysReg.PMEVTYPER6_EL0),
                        RegisterId.of(SysReg.HCR_EL2),
                        RegisterId.of(SysReg.OSLAR_EL1));
        long[] value = new long[2];
        for (long id : ids) {
            OneReg.get(vcpu, id, value);
            OneReg.set(vcpu, id, value);
        }
    }

    /** A copy of a vCPU by its register list is the same vCPU: what live migration does. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void registersMoveToAnotherVcpu(boolean loaded) {
        Vcpu other = guest.vcpu(1);
        if (loaded) {
            vcpu.run(2);
            other.run(1);
        }
        SplittableRandom random = new SplittableRandom(7);
        long[] value = new long[2];
        for (long id : OneReg.list(vcpu)) {
            if (isFree(id)) {
                OneReg.get(vcpu, id, value);
                value[0] = id == RegisterId.pstate() ? 0x6000_03c5L : random.nextLong() & ~7L;
                value[1] = RegisterId.size(id) == 16 ? random.nextLong() : 0;
                OneReg.set(vcpu, id, value);
            }
        }
        for (long id : OneReg.list(vcpu)) {
            if (id != RegisterId.of(SysReg.MPIDR_EL1)) {
                OneReg.get(vcpu, id, value);
                OneReg.set(other, id, value);
            }
        }
        long[] copy = new long[2];
        for (long id : OneReg.list(vcpu)) {
            if (id != RegisterId.of(SysReg.MPIDR_EL1)) {
                OneReg.get(vcpu, id, value);
                OneReg.get(other, id, copy);
                assertThat(copy).as("register 0x%x", id).isEqualTo(value);
            }
        }
        assertThat(OneReg.get(vcpu, RegisterId.x(5))).isNotZero();
    }

    /** Registers that take any value, and whose value does not go with time. */
    private static boolean isFree(long id) {
        if (RegisterId.classOf(id) == RegisterId.CORE) {
            return true;
        }
        SysReg r =
                RegisterId.classOf(id) == RegisterId.SYSREG
                        ? SysReg.decode(RegisterId.number(id))
                        : null;
        return r != null
                && !r.isId()
                && r != SysReg.OSLSR_EL1
                && r != SysReg.CNTVCT_EL0
                && r != SysReg.CNTPCT_EL0
                && (r.writable() || r.name().startsWith("PM"))
                && r != SysReg.PMCEID0_EL0
                && r != SysReg.PMCEID1_EL0;
    }

    @Test
    void theGuestSeesWhatUserSpaceSet() {
        OneReg.set(vcpu, RegisterId.x(1), 0x1234);
        OneReg.set(vcpu, RegisterId.of(SysReg.TPIDR_EL0), 0x77);
        OneReg.set(vcpu, RegisterId.of(SysReg.CPACR_EL1), 3 << 20);
        vcpu.run(3);
        assertThat(OneReg.get(vcpu, RegisterId.of(SysReg.TPIDR_EL1))).isEqualTo(0x1234);
        assertThat(OneReg.get(vcpu, RegisterId.x(2))).isEqualTo(0x77);
        long[] v3 = new long[2];
        OneReg.get(vcpu, RegisterId.v(3), v3);
        assertThat(v3).containsExactly(0x1234, 0);
        assertThat(OneReg.get(vcpu, RegisterId.pc())).isEqualTo(HostedGuest.RAM + 12);
    }

    @ParameterizedTest(name = "mode {0}: {1}")
    @CsvSource({
        "0x3c0, true",
        "0x3c4, true",
        "0x3c5, true",
        "0x3c9, false",
        "0x3c8, false",
        "0x3cd, false",
        "0x1d0, false",
        "0x1d3, false",
        "0x3c1, false"
    })
    void pstateIsAModeOfEl0OrEl1(String pstate, boolean valid) {
        long value = Long.decode(pstate);
        if (valid) {
            OneReg.set(vcpu, RegisterId.pstate(), value);
            assertThat(OneReg.get(vcpu, RegisterId.pstate())).isEqualTo(value);
        } else {
            refused(Errno.EINVAL, () -> OneReg.set(vcpu, RegisterId.pstate(), value));
            assertThat(OneReg.get(vcpu, RegisterId.pstate())).isEqualTo(0x3c5);
        }
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "0x6020000000100000, EINVAL", // X0 in 32 bits
        "0x6030000000100001, EINVAL", // half of X0
        "0x6030000000100053, EINVAL", // padding
        "0x6040000000100055, EINVAL", // a quarter of V0
        "0x60300000001000d4, EINVAL", // FPSR in 64 bits
        "0x6030000000100100, ENOENT", // beyond struct kvm_regs
        "0x603000000013e200, ENOENT", // an EL2 register
        "0x602000000011001f, ENOENT",
        "0x602000000013c080, EINVAL", // SCTLR_EL1 in 32 bits
        "0x4030000000100000, EINVAL", // another architecture
        "0x6030000000190000, ENOENT", // another class
        "0x6030000000140009, ENOENT"
    })
    void impossibleIdentifiersAreRefused(String id, String errno) {
        long value = Long.parseUnsignedLong(id.substring(2), 16);
        int expected = errno.equals("EINVAL") ? Errno.EINVAL : Errno.ENOENT;
        refused(expected, () -> OneReg.get(vcpu, value));
        refused(expected, () -> OneReg.set(vcpu, value, 0));
    }

    @Test
    void invariantRegistersTakeTheirOwnValueOnly() {
        for (long id :
                new long[] {
                    RegisterId.ccsidr(0),
                    RegisterId.firmware(0),
                    RegisterId.of(SysReg.MPIDR_EL1),
                    RegisterId.of(SysReg.PMCEID0_EL0),
                    RegisterId.of(SysReg.OSLSR_EL1)
                }) {
            long value = OneReg.get(vcpu, id);
            OneReg.set(vcpu, id, value);
            refused(Errno.EINVAL, () -> OneReg.set(vcpu, id, value ^ 0x4_0001));
        }
    }

    @Test
    void identificationIsFixedByTheFirstRun() {
        long id = RegisterId.of(SysReg.ID_AA64DFR0_EL1);
        long withoutPmu = OneReg.get(vcpu, id) & ~0xf00L;
        OneReg.set(vcpu, id, withoutPmu);
        assertThat(OneReg.get(guest.vcpu(1), id)).isEqualTo(withoutPmu);
        refused(Errno.ENOENT, () -> OneReg.get(vcpu, RegisterId.of(SysReg.PMCR_EL0)));
        vcpu.run(1);
        refused(Errno.EBUSY, () -> OneReg.set(vcpu, id, withoutPmu | 0x100));
        OneReg.set(vcpu, id, withoutPmu);
    }

    /** The examples of the package's documentation. */
    @Test
    void aVcpuIsSavedByItsListAndFeaturesAreHidden() {
        Vcpu from = vcpu;
        Vcpu to = guest.vcpu(0);
        OneReg.set(from, RegisterId.of(SysReg.SCTLR_EL1), 0x30d0_0804L);
        long[] value = new long[2];
        for (long id : OneReg.list(from)) {
            OneReg.get(from, id, value);
            OneReg.set(to, id, value);
        }
        long sctlr = OneReg.get(to, RegisterId.of(SysReg.SCTLR_EL1));
        assertThat(sctlr).isEqualTo(0x30d0_0804L);

        IdRegisters ids = guest.vm.idRegisters();
        ids.set(SysReg.ID_AA64DFR0_EL1, ids.get(SysReg.ID_AA64DFR0_EL1) & ~0xf00L);
        assertThat(ids.hasPmu()).isFalse();
    }
}

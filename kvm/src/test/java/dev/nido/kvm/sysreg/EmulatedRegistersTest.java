package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.arch.Trap;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.EnumSet;
import java.util.Set;

/** The table has a row for whatever {@link TrapConfiguration} traps. */
class EmulatedRegistersTest {

    private static final Set<Trap> TRAPPED =
            EnumSet.of(
                    Trap.TACR,
                    Trap.TLOR,
                    Trap.TID1,
                    Trap.TID2_TID4,
                    Trap.CTR,
                    Trap.TID3,
                    Trap.TDA,
                    Trap.TDRA,
                    Trap.TDOSA,
                    Trap.TDCC,
                    Trap.TPM,
                    Trap.TPMCR,
                    Trap.TPM_ER,
                    Trap.TPM_CR,
                    Trap.TPM_SW,
                    Trap.TPM_EL1,
                    Trap.ICC_SGI);

    /** Those of EL1 that a hypervisor without E2H must not reach itself. */
    private static final Set<SysReg> TRAPPED_AT_EL2 =
            EnumSet.of(SysReg.CPACR_EL1, SysReg.VBAR_EL1, SysReg.ELR_EL1, SysReg.SPSR_EL1);

    private static HostedGuest withoutEl2;

    @BeforeAll
    static void create() {
        withoutEl2 = HostedGuest.deterministic(1, "b .");
    }

    @AfterAll
    static void close() {
        withoutEl2.close();
    }

    @ParameterizedTest
    @EnumSource(SysReg.class)
    void whatTrapsIsEmulatedInTheDirectionsThatExist(SysReg r) {
        EmulatedRegister row = EmulatedRegisters.of(r.key());
        if ((r.key() >> 11 & 7) >= 4) {
            assertThat(row.exists(withoutEl2.vcpu(0))).as("of EL2, UNDEFINED at EL1").isFalse();
        } else if (TRAPPED.contains(r.trap())
                || r.trap() == Trap.VM
                || TRAPPED_AT_EL2.contains(r)) {
            assertThat(row).isNotNull();
            assertThat(row.emulates(true)).isEqualTo(r.readable());
            assertThat(row.emulates(false)).isEqualTo(r.writable());
        } else if (row != null) {
            assertThat(row.emulates(false)).as("only what traps is emulated").isFalse();
        }
    }

    @Test
    void theWholeReservedIdSpaceReadsZero() {
        for (int key = SysReg.key(3, 0, 0, 1, 0); key <= SysReg.key(3, 0, 0, 7, 7); key++) {
            EmulatedRegister row = EmulatedRegisters.of(key);
            assertThat(row).isNotNull();
            assertThat(row.emulates(true)).isTrue();
            assertThat(row.emulates(false)).isFalse();
        }
    }

    @Test
    void maintenanceBySetAndWayDoesNothing() {
        for (SystemOperation o : SystemOperation.values()) {
            EmulatedRegister row = EmulatedRegisters.of(o.key());
            if (o.kind() == SystemOperation.Kind.DC_SET_WAY) {
                assertThat(row.emulates(false)).isTrue();
            } else {
                assertThat(row).isNull();
            }
        }
    }

    @Test
    void theSyndromeNamesTheRow() {
        for (SysReg r : SysReg.values()) {
            int iss = Esr.systemAccess(r.key(), 17, true);
            assertThat(SystemRegisterTraps.key(iss)).isEqualTo(r.key());
        }
    }

    @Test
    void registersThatUserSpaceTookAwayAreUndefined() {
        String program =
                """
                mrs x1, lorid_el1
                b .
                .balign 0x200
                mrs x2, esr_el1
                mrs x3, elr_el1
                b .
                """;
        try (HostedGuest guest = HostedGuest.deterministic(1, program)) {
            IdRegisters ids = guest.vm.idRegisters();
            SysReg mmfr1 = SysReg.ID_AA64MMFR1_EL1;
            ids.set(mmfr1, ids.get(mmfr1) & ~0xf_0000L);
            guest.vcpu(0).writeSys(SysReg.VBAR_EL1, HostedGuest.RAM);
            guest.vcpu(0).run(4);
            assertThat(guest.vcpu(0).reg(2)).isEqualTo(Esr.of(Esr.EC_UNKNOWN, true, 0));
            assertThat(guest.vcpu(0).reg(3)).isEqualTo(HostedGuest.RAM);
        }
    }

    @Test
    void everyVcpuHasItsOwnAffinity() {
        try (HostedGuest guest = HostedGuest.deterministic(2, "mrs x1, mpidr_el1\n b .")) {
            guest.vcpu(1).powerOn(HostedGuest.RAM, 0);
            for (int id = 0; id < 2; id++) {
                guest.vcpu(id).run(1);
                assertThat(guest.vcpu(id).reg(1)).isEqualTo(CpuModel.mpidr(id));
            }
        }
    }
}

package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.SplittableRandom;

/** ERET at the virtual EL2: where it leads, and what illegal ones leave behind. */
class Item16TrappedEretTest {

    /** Goes to EL1 and comes back by HVC; the device gets what each level sees. */
    private static final String TO_EL1 =
            """
            movz x20, #0x900, lsl #16
            adr x0, vectors
            msr VBAR_EL2, x0
            mrs x0, CurrentEL
            str w0, [x20]
            movz x0, #0x8000, lsl #16
            msr HCR_EL2, x0
            adr x0, guest
            msr ELR_EL2, x0
            movz x0, #0x3c5
            msr SPSR_EL2, x0
            eret
            guest: mrs x0, CurrentEL
            str w0, [x20]
            hvc #7
            .balign 2048
            vectors:
            .skip 1024
            mrs x0, CurrentEL
            str w0, [x20]
            mrs x0, ESR_EL2
            str w0, [x20]
            mrs x0, SPSR_EL2
            str w0, [x20]
            mrs x0, ELR_EL2
            adr x1, guest
            sub x0, x0, x1
            str w0, [x20]
            """
                    + HostedGuest.OFF_BY_SMC;

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void returnsAsThePeReturns(Feature nesting, boolean e2h) {
        SplittableRandom random = new SplittableRandom(16);
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, e2h)) {
            for (int i = 0; i < 5000; i++) {
                rig.go(random.nextLong() & (Spsr.NZCV | Spsr.DAIF | Spsr.PAN) | 9, 0x8000);
                rig.set(SysReg.HCR_EL2, random.nextBoolean() ? HcrEl2.TGE : HcrEl2.IMO);
                rig.set(SysReg.TCR_EL2, random.nextLong() & (3L << 37 | 1 << 20));
                rig.set(SysReg.TCR_EL1, random.nextLong() & 3L << 37);
                rig.set(SysReg.SPSR_EL2, random.nextLong() & 0xffff_ffe0L | random.nextInt(32));
                rig.set(SysReg.ELR_EL2, random.nextLong());
                long spsr = rig.vcpu.readSys(SysReg.SPSR_EL2);
                rig.bare.eventRegister = false;
                rig.cpu.pe().eventRegister = false;
                rig.cpu.pe().monitorBytes = 4;
                rig.bare.exceptionReturn();
                NestedReturn.emulate(rig.vcpu);
                assertThat(rig.pcAndPstate())
                        .as("SPSR_EL2 0x%x", spsr)
                        .containsExactly(rig.barePcAndPstate());
                assertThat(rig.cpu.pe().eventRegister).isTrue();
                assertThat(rig.cpu.pe().monitorBytes).isZero();
                assertThat(rig.vcpu.readSys(SysReg.SPSR_EL2)).isEqualTo(spsr);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void leadsToEl1AndHvcLeadsBack(Feature nesting, boolean e2h) {
        try (HostedGuest guest =
                HostedGuest.nested(nesting, HostedGuest.hypervisorCpu(e2h), 1, TO_EL1)) {
            assertThat(guest.runAll(1000)).isInstanceOf(Exit.SystemEvent.class);
            assertThat(guest.written).containsExactly(8L, 4L, 8L, 0x5a00_0007L, 0x3c5L, 12L);
        }
    }
}

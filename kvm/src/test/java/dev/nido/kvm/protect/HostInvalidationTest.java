package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.EPERM;
import static dev.nido.kvm.protect.ProtectRig.PAGE;
import static dev.nido.kvm.protect.ProtectRig.PAGES;
import static dev.nido.kvm.protect.ProtectRig.RAM;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.isa.Assembler;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.kvm.run.PhysicalCpus;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a PE has in its TLB of a page goes with the page; mutations of that are noticed. */
class HostInvalidationTest {

    private static final long CODE = PAGES;
    private static final long DATA = PAGES + (8L << 20);

    /** The way a host loses a page. */
    enum Loss {
        BLOCK_TO_HYPERVISOR,
        PAGE_TO_HYPERVISOR,
        PAGE_TO_GUEST,
        TAKEN_BACK_BY_GUEST
    }

    /** Forgets to invalidate. */
    private static final class Forgetful extends HostMmu {
        @Override
        public void flushVmid() {}

        @Override
        public void flushVmidIpa(long ipa, int level) {}

        @Override
        public void flushVmidRange(long ipa, long pages) {}
    }

    /** Invalidates what another context has. */
    private static final class Mistaken extends HostMmu {
        @Override
        int tag() {
            return 1;
        }
    }

    /** Whether the host still reads a page that it has read before and then lost. */
    private static boolean stillReads(HostMmu mmu, Loss loss) {
        try (ProtectRig rig = new ProtectRig(mmu)) {
            PhysicalCpu cpu = new PhysicalCpus(rig.machine).get(0);
            cpu.pe().reset(2);
            assertThat(rig.stage2.finalise(cpu)).isZero();
            byte[] code = Assembler.assemble("ldr x1, [x0]\nhvc #0\n", CODE).bytes();
            rig.machine.memory().write(CODE - RAM, code, 0, code.length);
            PageTransitions t = rig.transitions;
            switch (loss) {
                case BLOCK_TO_HYPERVISOR -> {}
                case PAGE_TO_HYPERVISOR, PAGE_TO_GUEST ->
                        // Pages, not a block: a neighbour is away already.
                        assertThat(t.hostDonateHyp(DATA + PAGE, PAGE)).isZero();
                case TAKEN_BACK_BY_GUEST -> {
                    assertThat(t.hostDonateGuest(rig.guest1, 0, DATA, PAGE)).isZero();
                    assertThat(t.guestShareHost(rig.guest1, 0)).isZero();
                }
            }
            assertThat(reads(rig, cpu)).isTrue();
            int lost =
                    switch (loss) {
                        case BLOCK_TO_HYPERVISOR, PAGE_TO_HYPERVISOR -> t.hostDonateHyp(DATA, PAGE);
                        case PAGE_TO_GUEST -> t.hostDonateGuest(rig.guest1, 0, DATA, PAGE);
                        case TAKEN_BACK_BY_GUEST -> t.guestUnshareHost(rig.guest1, 0);
                    };
            assertThat(lost).isZero();
            return reads(rig, cpu);
        }
    }

    private static boolean reads(ProtectRig rig, PhysicalCpu cpu) {
        Pe pe = cpu.pe();
        cpu.write(SysReg.ELR_EL2, CODE);
        cpu.write(SysReg.SPSR_EL2, 0x3c5);
        pe.x[0] = DATA;
        while (true) {
            pe.resumeGuest();
            while (!pe.enteredEl2) {
                rig.machine.engine(0).run(pe, 100);
            }
            if (Esr.exceptionClass(cpu.read(SysReg.ESR_EL2)) == Esr.EC_HVC) {
                return true;
            }
            int result = rig.stage2.handleHostMemAbort(cpu);
            if (result == -EPERM) {
                return false;
            }
            assertThat(result).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void thePeLosesWhatTheHostLoses(Loss loss) {
        assertThat(stillReads(new HostMmu(), loss)).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void aMissingInvalidationIsNoticed(Loss loss) {
        assertThat(stillReads(new Forgetful(), loss)).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void anInvalidationOfAnotherVmidIsNoticed(Loss loss) {
        assertThat(stillReads(new Mistaken(), loss)).isTrue();
    }
}

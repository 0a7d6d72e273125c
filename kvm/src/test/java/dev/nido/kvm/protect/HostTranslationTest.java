package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.EPERM;
import static dev.nido.kvm.protect.ProtectRig.PAGE;
import static dev.nido.kvm.protect.ProtectRig.PAGES;
import static dev.nido.kvm.protect.ProtectRig.RAM;
import static dev.nido.kvm.protect.ProtectRig.SHIFT;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.isa.Assembler;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.kvm.run.PhysicalCpus;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.SplittableRandom;

/** The PE's own MMU behind the host's stage 2: it and the record of owners agree. */
class HostTranslationTest {

    /** Code of the host, in a block of its own. */
    private static final long CODE = PAGES;

    private static final long DATA = PAGES + (8L << 20);
    private static final long EL1H = 0x3c5;

    private final ProtectRig rig = new ProtectRig();
    private final PhysicalCpu cpu = new PhysicalCpus(rig.machine).get(0);
    private final Pe pe = cpu.pe();

    @BeforeEach
    void putTheHostBehindItsStage2() {
        pe.reset(2);
        assertThat(rig.stage2.finalise(cpu)).isZero();
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private void code(long at, String text) {
        byte[] bytes = Assembler.assemble(text, at).bytes();
        rig.machine.memory().write(at - RAM, bytes, 0, bytes.length);
        rig.machine.codeCache().forget(at & -PAGE, PAGE);
    }

    /** Runs the host at EL1 until it stops with HVC, or does what is refused. */
    private int runHost(long at) {
        cpu.write(SysReg.ELR_EL2, at);
        cpu.write(SysReg.SPSR_EL2, EL1H);
        for (int exits = 0; exits < 1000; exits++) {
            pe.resumeGuest();
            for (int n = 0; n < 100 && !pe.enteredEl2; n++) {
                rig.machine.engine(0).run(pe, 1000);
            }
            assertThat(pe.enteredEl2).isTrue();
            int ec = Esr.exceptionClass(cpu.read(SysReg.ESR_EL2));
            if (ec == Esr.EC_HVC) {
                return 0;
            }
            assertThat(ec).isIn(Esr.EC_DATA_ABORT, Esr.EC_INSTRUCTION_ABORT);
            int result = rig.stage2.handleHostMemAbort(cpu);
            if (result != 0) {
                return result;
            }
        }
        throw new AssertionError("the host makes no progress");
    }

    /** AT S12E1R or S12E1W, executed at EL2; PAR_EL1. */
    private long at(String operation, long address) {
        long at = RAM + (48L << 20);
        code(at, "at " + operation + ", x0\nisb\nmrs x1, PAR_EL1\nnop\nnop\n");
        pe.el = 2;
        pe.pc = at;
        pe.x[0] = address;
        pe.enteredEl2 = false;
        pe.endRun = false;
        pe.contextChanged();
        for (int n = 0; n < 3; n++) {
            rig.machine.engine(0).run(pe, 1);
        }
        return pe.x[1];
    }

    @Test
    void theHostLoadsAndStoresThroughItsFaults() {
        code(
                CODE,
                """
                ldr x1, [x0]
                add x1, x1, #1
                str x1, [x0]
                ldr x2, [x0]
                hvc #0
                """);
        rig.machine.memory().put64(DATA - RAM, 41);
        pe.x[0] = DATA;
        assertThat(runHost(CODE)).isZero();
        assertThat(pe.x[2]).isEqualTo(42);
        assertThat(rig.machine.memory().get64(DATA - RAM)).isEqualTo(42);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ldr x1, [x0]", "str x1, [x0]", "ldxr x1, [x0]", "ldadd x1, x2, [x0]"})
    void aPageThatWasGivenAwayIsOutOfTheHostsReach(String access) {
        code(CODE, access + "\nhvc #0\n");
        rig.machine.memory().put64(DATA - RAM, 0x5ec7e7);
        pe.x[0] = DATA;
        pe.x[1] = 7;
        // The mapping is in the TLB before.
        assertThat(runHost(CODE)).isZero();
        rig.machine.memory().put64(DATA - RAM, 0x5ec7e7);
        pe.x[1] = 7;
        assertThat(rig.transitions.hostDonateGuest(rig.guest1, 0x1000, DATA, PAGE)).isZero();
        assertThat(runHost(CODE)).isEqualTo(-EPERM);
        assertThat(pe.x[1]).isEqualTo(7);
        assertThat(rig.machine.memory().get64(DATA - RAM)).isEqualTo(0x5ec7e7);
        assertThat(cpu.read(SysReg.HPFAR_EL2) << 8).isEqualTo(DATA);
        // Its neighbour still is in reach.
        pe.x[0] = DATA + PAGE;
        assertThat(runHost(CODE)).isZero();
    }

    @Test
    void codeOfAnotherIsNotExecuted() {
        code(DATA, "hvc #0\n");
        assertThat(rig.transitions.hostDonateHyp(DATA, PAGE)).isZero();
        assertThat(runHost(DATA)).isEqualTo(-EPERM);
        assertThat(rig.transitions.hypDonateHost(DATA, PAGE)).isZero();
        assertThat(runHost(DATA)).isZero();
    }

    @Test
    void whatComesBackIsReachedAgain() {
        code(CODE, "ldr x1, [x0]\nhvc #0\n");
        pe.x[0] = DATA;
        assertThat(rig.transitions.hostDonateGuest(rig.guest1, 0x1000, DATA, PAGE)).isZero();
        rig.machine.memory().put64(DATA - RAM, 99);
        assertThat(runHost(CODE)).isEqualTo(-EPERM);
        assertThat(rig.transitions.guestShareHost(rig.guest1, 0x1000)).isZero();
        assertThat(runHost(CODE)).isZero();
        assertThat(pe.x[1]).isEqualTo(99);
        assertThat(rig.transitions.guestUnshareHost(rig.guest1, 0x1000)).isZero();
        assertThat(runHost(CODE)).isEqualTo(-EPERM);
        assertThat(rig.transitions.evict(rig.guest1, 0x1000)).isZero();
        assertThat(runHost(CODE)).isZero();
        assertThat(pe.x[1]).isZero();
    }

    @Test
    void addressTranslationIsTheIdentityOrAFault() {
        assertThat(at("S12E1R", DATA) & 1).isEqualTo(1);
        assertThat(rig.stage2.fault(DATA)).isZero();
        assertThat(at("S12E1R", DATA + 0x123) & 0xffff_ffff_f001L).isEqualTo(DATA);
        assertThat(at("S12E1W", DATA + 0x123) & 0xffff_ffff_f001L).isEqualTo(DATA);
        assertThat(rig.transitions.hostDonateHyp(DATA, PAGE)).isZero();
        // Translation fault of stage 2 at level 3.
        assertThat(at("S12E1R", DATA) & 0x27f).isEqualTo(1 | 7 << 1 | 1 << 9);
        // The rest of the block went too, and comes back.
        assertThat(at("S12E1R", DATA + PAGE) & 1).isEqualTo(1);
        assertThat(rig.stage2.fault(DATA + PAGE)).isZero();
        assertThat(at("S12E1R", DATA + PAGE) & 0xffff_ffff_f001L).isEqualTo(DATA + PAGE);
    }

    /** After random transitions the PE reaches exactly what the table of owners lets it reach. */
    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13})
    void thePeAgreesWithTheRecordOfOwners(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        PageTransitions t = rig.transitions;
        int pages = 24;
        for (int step = 0; step < 400; step++) {
            long pa = DATA + random.nextInt(pages) * PAGE;
            long ipa = pa - DATA;
            switch (random.nextInt(8)) {
                case 0 -> t.hostDonateHyp(pa, PAGE);
                case 1 -> t.hypDonateHost(pa, PAGE);
                case 2 -> t.hostDonateGuest(rig.guest1, ipa, pa, PAGE);
                case 3 -> t.guestShareHost(rig.guest1, ipa);
                case 4 -> t.guestUnshareHost(rig.guest1, ipa);
                case 5 -> t.evict(rig.guest1, ipa);
                case 6 -> t.hostShareHyp(pa, PAGE);
                default -> t.hostUnshareHyp(pa, PAGE);
            }
            long probe = DATA + random.nextInt(pages) * PAGE;
            PageSituation s = PageSituation.read(rig, probe, probe - DATA);
            boolean reachable = !s.host().startsWith("N");
            int fault = rig.stage2.fault(probe);
            assertThat(fault == -EPERM).as("%s", s).isEqualTo(!reachable);
            long par = at("S12E1W", probe);
            assertThat((par & 1) == 0).as("%s", s).isEqualTo(reachable);
            if (reachable) {
                assertThat(par & 0xffff_ffff_f000L).isEqualTo(probe);
            }
        }
    }

    @Test
    void theHostsOwnTablesAreOutOfItsReachInProtectedMode() {
        ProtectedMode mode = new ProtectedMode(rig.stage2);
        assertThat(mode.granule()).isEqualTo(1L << SHIFT);
        code(CODE, "str xzr, [x0]\nhvc #0\n");
        pe.x[0] = rig.stage2.mmu().pgdPhys();
        long descriptor = rig.machine.memory().get64(pe.x[0] - RAM + 16);
        assertThat(descriptor).isNotZero();
        assertThat(runHost(CODE)).isEqualTo(-EPERM);
        assertThat(rig.machine.memory().get64(pe.x[0] - RAM + 16)).isEqualTo(descriptor);
    }
}

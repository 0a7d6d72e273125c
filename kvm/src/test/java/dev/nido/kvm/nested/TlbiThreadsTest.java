package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Vcpu;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;

/**
 * TLBI of vCPUs that run at the same time and move between PEs: each changes translations of its
 * own and sees the new one after its TLBI, wherever it executes, while the others' TLBIs of every
 * kind come in between. Nobody waits for ever.
 */
class TlbiThreadsTest {

    private static final int VCPUS = 3;

    /** Of each vCPU; 65,535 at most. */
    private static final int ROUNDS =
            Integer.parseInt(System.getenv().getOrDefault("NIDO_TLBI_ROUNDS", "1500"));

    private static final long RAM = HostedGuest.RAM;
    private static final long L1 = RAM + 0x40_0000;
    private static final long L2 = L1 + 4096;
    private static final long L3 = L2 + 4096;
    private static final long PAGES = RAM + 0x80_0000;
    private static final long NORMAL = 1 << 10 | 3 << 8;
    private static final long VA = 2L << 30;

    /** x0: number of the vCPU; x20: address that it maps; x21: its entry. */
    private static final String PROGRAM =
            """
                    ldr x1, =0x4ff
                    msr mair_el2, x1
                    ldr x1, =FORMAT
                    msr tcr_el2, x1
                    ldr x1, =TABLE
                    msr ttbr0_el2, x1
                    ldr x1, =CONTROL
                    isb
                    msr sctlr_el2, x1
                    isb
                    movz x9, #0x900, lsl #16
                    movz x20, #0x8000, lsl #16
                    add x20, x20, x0, lsl #12
                    movz x21, #0x4040, lsl #16
                    movk x21, #0x2000
                    add x21, x21, x0, lsl #3
                    movz x22, #0x4080, lsl #16
                    movk x22, #0x0703
                    movz x23, #ROUNDS
            round:  add x4, x22, x23, lsl #12
                    and x5, x23, #1
                    add x4, x22, x5, lsl #12
                    str x4, [x21]
                    dsb ish
                    lsr x6, x20, #12
                    tlbi vae2is, x6
                    dsb ish
                    isb
                    ldr x7, [x20]
                    cmp x7, x5
                    b.ne wrong
                    and x8, x23, #3
                    cmp x8, x0
                    b.ne next
                    tlbi ipas2e1is, x6
                    tlbi vmalls12e1is
                    tlbi alle1is
                    tlbi vmalle1is
                    at s1e2r, x20
            next:   subs x23, x23, #1
                    b.ne round
                    movz x1, #1
                    b done
            wrong:  movz x1, #0xbad
            done:   str w1, [x9]
            stay:   wfi
                    b stay
            """;

    @ParameterizedTest
    @CsvSource({"NV, false", "NV2, true"})
    @Timeout(60)
    void eachSeesItsOwnChanges(Feature nesting, boolean e2h) throws InterruptedException {
        try (HostedGuest g =
                HostedGuest.nestedThreaded(
                        nesting, HostedGuest.hypervisorCpu(e2h), VCPUS, 2, program(e2h))) {
            map(g);
            for (Vcpu v : g.vm.vcpus()) {
                if (v.id() > 0) {
                    v.powerOn(RAM, v.id());
                }
            }
            List<Thread> threads = new ArrayList<>();
            List<Exit> ends = new ArrayList<>();
            for (int i = 0; i < VCPUS; i++) {
                int id = i;
                Thread t =
                        new Thread(() -> {
                            Exit end = g.run(id);
                            synchronized (ends) {
                                ends.add(end);
                            }
                        });
                threads.add(t);
                t.start();
            }
            while (g.answers() < VCPUS && noneEnded(ends)) {
                Thread.onSpinWait();
                Thread.yield();
            }
            for (Vcpu v : g.vm.vcpus()) {
                v.kick();
            }
            for (Thread t : threads) {
                t.join();
            }
            assertThat(g.written).as("%s", ends).containsExactly(1L, 1L, 1L);
        }
    }

    private static boolean noneEnded(List<Exit> ends) {
        synchronized (ends) {
            return ends.isEmpty();
        }
    }

    private static void map(HostedGuest g) {
        g.vm.ram().put64(L1, 1 | 1 << 10 | 1 << 2);
        g.vm.ram().put64(L1 + 8, RAM | NORMAL | 1);
        g.vm.ram().put64(L1 + 16, L2 | 3);
        g.vm.ram().put64(L2, L3 | 3);
        g.vm.ram().put64(PAGES, 0);
        g.vm.ram().put64(PAGES + 4096, 1);
    }

    private static String program(boolean e2h) {
        long size = e2h ? 5L << 32 | 1 << 23 : 5 << 16 | 1L << 31;
        long tcr = 25 | 1 << 8 | 1 << 10 | 3 << 12 | size;
        return PROGRAM.replace("ROUNDS", "" + ROUNDS)
                .replace("FORMAT", "0x" + Long.toHexString(tcr))
                .replace("TABLE", "0x" + Long.toHexString(L1))
                .replace("CONTROL", "0x" + Long.toHexString(MonitorGuest.sctlr()));
    }
}

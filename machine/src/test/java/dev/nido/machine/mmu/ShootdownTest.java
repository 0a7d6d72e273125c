package dev.nido.machine.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Broadcast TLBIs between PEs that run on threads of their own. */
@Timeout(60)
class ShootdownTest {

    private static final long VA = 0x10_0000_0000L;
    private static final long PA = MmuRig.RAM + 0x700_0000L;
    private static final int PES = 3;
    private static final int ROUNDS = 400;

    private static void share(MmuRig rig) {
        for (int i = 1; i < rig.machine.pes(); i++) {
            Pe p = rig.machine.pe(i);
            for (SysReg r :
                    new SysReg[] {
                        SysReg.TCR_EL1, SysReg.TTBR0_EL1, SysReg.TTBR1_EL1, SysReg.SCTLR_EL1
                    }) {
                p.sys[r.ordinal()] = rig.get(r);
            }
            p.mmu.contextChanged();
        }
    }

    /**
     * Each PE remaps pages of its own and checks at each DSB that nobody can use the old mapping.
     */
    @Test
    void afterDsbNobodyUsesTheOldEntryAndNobodyHangs() throws InterruptedException {
        try (MmuRig rig = new MmuRig("default", PES, false)) {
            MmuRig.Tables t = rig.stage1(12, 48);
            long[] slots = new long[PES];
            for (int p = 0; p < PES; p++) {
                // Page n of RAM holds n.
                slots[p] = t.map(VA + p * 4096L, 3, PA, MmuRig.AF);
            }
            for (long n = 0; n <= ROUNDS; n++) {
                rig.put(PA + n * 4096, n);
            }
            share(rig);
            long[] oldest = new long[PES];
            AtomicReference<String> failure = new AtomicReference<>();
            AtomicInteger running = new AtomicInteger(PES);
            List<Thread> threads = new ArrayList<>();
            for (int p = 0; p < PES; p++) {
                int me = p;
                threads.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    try {
                                        remap(rig, me, slots, oldest, failure);
                                    } catch (RuntimeException e) {
                                        failure.set(e.toString());
                                    } finally {
                                        rig.machine.pe(me).mmu.suspend();
                                        running.decrementAndGet();
                                    }
                                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
            assertThat(running.get()).isZero();
        }
    }

    private static void remap(
            MmuRig rig, int me, long[] slots, long[] oldest, AtomicReference<String> failure) {
        Pe pe = rig.machine.pe(me);
        pe.mmu.resume();
        for (int n = 1; n <= ROUNDS; n++) {
            rig.put(slots[me], PA + n * 4096L | MmuRig.AF | 3);
            pe.mmu.tlbi(MmuRig.tlbiKey(0, 3, 1), 1L << 48 | VA + me * 4096L >>> 12);
            pe.mmu.completeBroadcasts();
            synchronized (oldest) {
                oldest[me] = n;
            }
            for (int other = 0; other < oldest.length; other++) {
                long least;
                synchronized (oldest) {
                    least = oldest[other];
                }
                long value = pe.mmu.load(VA + other * 4096L, 3, 0);
                if (value < least) {
                    failure.set("PE " + me + " used entry " + value + " after " + least);
                    return;
                }
            }
            if ((pe.attention & Pe.ATTENTION_TLB) != 0) {
                pe.mmu.serviceRequests();
            }
            if (n % 50 == 0) {
                pe.mmu.suspend();
                Thread.yield();
                pe.mmu.resume();
            }
        }
    }

    @Test
    void pesThatDoNotRunAreServedByTheOneThatBroadcasts() {
        try (MmuRig rig = new MmuRig("default", 2, false)) {
            MmuRig.Tables t = rig.stage1(12, 48);
            t.map(VA, 3, PA, MmuRig.AF);
            share(rig);
            rig.put(PA, 1);
            rig.put(PA + 4096, 2);
            Pe idle = rig.machine.pe(1);
            assertThat(idle.mmu.load(VA, 3, 0)).isEqualTo(1);
            t.map(VA, 3, PA + 4096, MmuRig.AF);
            assertThat(idle.mmu.load(VA, 3, 0)).isEqualTo(1);
            rig.mmu.resume();
            rig.tlbi(0, 3, 1, 1L << 48 | VA >>> 12);
            rig.mmu.completeBroadcasts();
            assertThat(idle.attention & Pe.ATTENTION_TLB).isZero();
            assertThat(idle.mmu.load(VA, 3, 0)).isEqualTo(2);
        }
    }

    @Test
    void runningPeIsAskedByItsAttention() {
        try (MmuRig rig = new MmuRig("default", 2, false)) {
            MmuRig.Tables t = rig.stage1(12, 48);
            t.map(VA, 3, PA, MmuRig.AF);
            share(rig);
            rig.put(PA, 1);
            rig.put(PA + 4096, 2);
            Pe other = rig.machine.pe(1);
            other.mmu.resume();
            other.mmu.load(VA, 3, 0);
            t.map(VA, 3, PA + 4096, MmuRig.AF);
            rig.mmu.resume();
            rig.tlbi(0, 3, 1, 1L << 48 | VA >>> 12);
            assertThat(other.attention & Pe.ATTENTION_TLB).isNotZero();
            assertThat(other.mmu.load(VA, 3, 0)).isEqualTo(1);
            other.mmu.serviceRequests();
            assertThat(other.mmu.load(VA, 3, 0)).isEqualTo(2);
            rig.mmu.completeBroadcasts();
        }
    }
}

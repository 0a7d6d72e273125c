package dev.nido.machine.gic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.concurrent.CompletableFuture;

/** PEs and devices that use one GIC at the same time. */
class GicThreadsTest {

    private static final int ROUNDS = 5_000;

    /** Spins until the PE has an interrupt, and handles it. */
    private static long take(Rig rig, int pe) {
        while (rig.lines(pe) == 0) {
            Thread.yield();
        }
        long intid = rig.read(pe, SysReg.ICC_IAR1_EL1);
        rig.write(pe, SysReg.ICC_EOIR1_EL1, intid);
        return intid;
    }

    @Test
    @Timeout(60)
    void noSoftwareInterruptIsLostBetweenTwoPes() {
        Rig rig = Rig.ready(2);
        rig.enablePrivate(0, 3, 0x80);
        rig.enablePrivate(1, 3, 0x80);
        CompletableFuture<Integer> other =
                CompletableFuture.supplyAsync(() -> {
                    int taken = 0;
                    for (int i = 0; i < ROUNDS; i++) {
                        taken += take(rig, 1) == 3 ? 1 : 0;
                        rig.write(1, SysReg.ICC_SGI1R_EL1, 3L << 24 | 1);
                    }
                    return taken;
                });
        int taken = 0;
        for (int i = 0; i < ROUNDS; i++) {
            rig.write(0, SysReg.ICC_SGI1R_EL1, 3L << 24 | 2);
            taken += take(rig, 0) == 3 ? 1 : 0;
        }
        assertThat(taken).isEqualTo(ROUNDS);
        assertThat(other.join()).isEqualTo(ROUNDS);
    }

    @Test
    @Timeout(60)
    void sharedInterruptIsHandledByOnePeOnly() {
        Rig rig = Rig.ready(2);
        rig.enableShared(40, 0x80, 0);
        rig.edge(40);
        int[] handled = new int[2];
        CompletableFuture<Void> mover =
                CompletableFuture.runAsync(() -> {
                    for (int i = 0; i < ROUNDS; i++) {
                        rig.gic.distributor().write(0x6000 + 8 * 40, 8, i & 1);
                    }
                });
        for (int i = 0; i < ROUNDS; i++) {
            rig.gic.setSpi(40, true);
            rig.gic.setSpi(40, false);
            int before = handled[0] + handled[1];
            while (handled[0] + handled[1] == before) {
                for (int pe = 0; pe < 2; pe++) {
                    if (rig.read(pe, SysReg.ICC_IAR1_EL1) == 40) {
                        handled[pe]++;
                        rig.write(pe, SysReg.ICC_EOIR1_EL1, 40);
                    }
                }
            }
        }
        mover.join();
        assertThat(handled[0] + handled[1]).isEqualTo(ROUNDS);
        assertThat(rig.sharedPending(40)).isFalse();
        assertThat(rig.lines(0) | rig.lines(1)).isZero();
    }
}

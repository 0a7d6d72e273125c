package dev.nido.machine.gic;

import dev.nido.arch.GicParameters;
import dev.nido.arch.SysReg;
import dev.nido.machine.TestPes;
import dev.nido.machine.pe.Pe;

/** A GIC with its PEs, driven register by register, without a CPU that runs. */
final class Rig {

    static final int SGI_FRAME = 0x10000;
    static final long IMO = 1 << 4;
    static final long FMO = 1 << 3;

    final Gic gic;
    final Pe[] pes;

    Rig(int count) {
        this(count, 16);
    }

    Rig(int count, int listRegisters) {
        gic = new Gic(GicParameters.standard(listRegisters), count);
        pes = new Pe[count];
        for (int i = 0; i < count; i++) {
            pes[i] = TestPes.create(i);
            pes[i].el = 2;
            gic.cpuInterface(i).attach(pes[i]);
        }
    }

    /** All interrupts of Group 1, all groups enabled everywhere, no priority masked. */
    static Rig ready(int count) {
        Rig rig = new Rig(count);
        rig.gicd(0, 3);
        for (int i = 0; i < count; i++) {
            rig.gicr(i, SGI_FRAME + 0x80, -1);
            rig.write(i, SysReg.ICC_PMR_EL1, 0xff);
            rig.write(i, SysReg.ICC_IGRPEN0_EL1, 1);
            rig.write(i, SysReg.ICC_IGRPEN1_EL1, 1);
        }
        for (int w = 1; w <= 8; w++) {
            rig.gicd(0x80 + 4 * w, -1);
        }
        return rig;
    }

    /** At EL1, where ICV registers of both groups answer. */
    Rig guest(int pe) {
        pes[pe].el = 1;
        pes[pe].sys[SysReg.HCR_EL2.ordinal()] = IMO | FMO;
        return this;
    }

    Rig hypervisor(int pe) {
        pes[pe].el = 2;
        return this;
    }

    long read(int pe, SysReg r) {
        return gic.cpuInterface(pe).read(r);
    }

    void write(int pe, SysReg r, long value) {
        gic.cpuInterface(pe).write(r, value);
    }

    int lines(int pe) {
        return gic.cpuInterface(pe).lines();
    }

    long gicd(int offset) {
        return gic.distributor().read(offset, 4);
    }

    void gicd(int offset, long value) {
        gic.distributor().write(offset, 4, value);
    }

    long gicr(int pe, int offset) {
        return gic.redistributors().read(pe * 0x20000L + offset, 4);
    }

    void gicr(int pe, int offset, long value) {
        gic.redistributors().write(pe * 0x20000L + offset, 4, value);
    }

    /** Enables a private interrupt. */
    void enablePrivate(int pe, int intid, int priority) {
        gic.redistributors().write(pe * 0x20000L + SGI_FRAME + 0x400 + intid, 1, priority);
        gicr(pe, SGI_FRAME + 0x100, 1L << intid);
    }

    /** Enables a shared interrupt. */
    void enableShared(int intid, int priority, int pe) {
        gic.distributor().write(0x400 + intid, 1, priority);
        gic.distributor().write(0x6000 + 8L * intid, 8, GicParameters.affinity(pe));
        gicd(0x100 + intid / 32 * 4, 1L << intid % 32);
    }

    void edge(int intid) {
        int at = 0xc00 + intid / 16 * 4;
        gicd(at, gicd(at) | 2L << intid % 16 * 2);
    }

    boolean sharedPending(int intid) {
        return (gicd(0x200 + intid / 32 * 4) >> intid % 32 & 1) != 0;
    }

    boolean sharedActive(int intid) {
        return (gicd(0x300 + intid / 32 * 4) >> intid % 32 & 1) != 0;
    }
}

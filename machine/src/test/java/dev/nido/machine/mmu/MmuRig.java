package dev.nido.machine.mmu;

import dev.nido.arch.CpuModel;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.PhysicalMemory;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

/** A machine without software: registers are set and page tables written by the test. */
final class MmuRig implements AutoCloseable {

    static final long RAM = 0x4000_0000L;
    static final long RAM_SIZE = 0x1_0000_0000L;

    /** Where {@link #allocate} takes table memory from. */
    static final long TABLES = RAM + 0x1000_0000L;

    static final long AF = 1 << 10;
    static final long NG = 1 << 11;
    static final long DBM = 1L << 51;
    static final long PXN = 1L << 53;
    static final long UXN = 1L << 54;

    /** AP[2:1] in place. */
    static final long AP_RW = 0;

    static final long AP_RW_ALL = 1 << 6;
    static final long AP_RO = 2 << 6;
    static final long AP_RO_ALL = 3 << 6;

    /** Attribute indices of {@link #MAIR}. */
    static final long NORMAL = 0;

    static final long DEVICE = 1 << 2;
    static final long NON_CACHEABLE = 2 << 2;
    static final long MAIR = 0x44_04_ffL;

    /** Stage-2 leaf: Normal Write-Back, readable, writable, AF. */
    static final long S2_NORMAL = 15 << 2 | 3 << 6 | 3 << 8 | AF;

    static final long S2_DEVICE = 1 << 2 | 3 << 6 | AF;

    final Machine machine;
    final Pe pe;
    final Mmu mmu;
    final PhysicalMemory memory;
    private long nextTable = TABLES;

    MmuRig() {
        this("default,pa=48", 1, true);
    }

    MmuRig(String cpu, int pes, boolean deterministic) {
        machine =
                new Machine(
                        new MachineConfig(
                                CpuModel.parse(cpu),
                                pes,
                                RAM,
                                RAM_SIZE,
                                deterministic,
                                1,
                                2,
                                true));
        pe = machine.pe(0);
        mmu = pe.mmu;
        memory = machine.memory();
        for (int i = 0; i < pes; i++) {
            Pe p = machine.pe(i);
            for (SysReg r :
                    new SysReg[] {
                        SysReg.SCTLR_EL1,
                        SysReg.SCTLR_EL2,
                        SysReg.TCR_EL1,
                        SysReg.TCR_EL2,
                        SysReg.HCR_EL2,
                        SysReg.VTCR_EL2,
                        SysReg.VTTBR_EL2
                    }) {
                p.sys[r.ordinal()] = 0;
            }
            p.sys[SysReg.MAIR_EL1.ordinal()] = MAIR;
            p.sys[SysReg.MAIR_EL2.ordinal()] = MAIR;
            p.hcr = HcrEl2.effective(p.cpu, 0);
            p.pan = false;
            p.uao = false;
            p.el = 1;
            p.mmu.contextChanged();
        }
    }

    @Override
    public void close() {
        machine.close();
    }

    void set(SysReg r, long value) {
        pe.sys[r.ordinal()] = value;
        if (r == SysReg.HCR_EL2) {
            pe.hcr = HcrEl2.effective(pe.cpu, value);
        }
    }

    long get(SysReg r) {
        return pe.sys[r.ordinal()];
    }

    void el(int el) {
        pe.el = el;
        mmu.contextChanged();
    }

    void pan(boolean pan) {
        pe.pan = pan;
        mmu.contextChanged();
    }

    void put(long pa, long value) {
        memory.put64(pa - RAM, value);
    }

    long at(long pa) {
        return memory.get64(pa - RAM);
    }

    /** Zeroed table memory. */
    long allocate(long bytes, long alignment) {
        long pa = nextTable + alignment - 1 & -alignment;
        nextTable = pa + bytes;
        return pa;
    }

    /** TG0 of a granule. */
    static long tg0(int granule) {
        return granule == 16 ? 1 : granule == 14 ? 2 : 0;
    }

    static long tg1(int granule) {
        return granule == 16 ? 3 : granule == 14 ? 1 : 2;
    }

    /**
     * TCR_EL1, or TCR_EL2 with E2H: both halves alike, 48-bit addresses out, 16-bit ASIDs of TTBR0.
     */
    static long tcr(int granule, int tsz) {
        return tg1(granule) << 30
                | tg0(granule) << 14
                | (long) tsz << 16
                | tsz
                | 5L << 32
                | 1L << 36;
    }

    /** TCR_EL2 without E2H. */
    static long tcrEl2(int granule, int tsz) {
        return tg0(granule) << 14 | tsz | 5 << 16;
    }

    /** VTCR_EL2 for a start level, 48 bits out, 16-bit VMIDs. */
    static long vtcr(int granule, int tsz, int startLevel) {
        int sl0 = granule == 12 ? (startLevel == 3 ? 3 : 2 - startLevel) : 3 - startLevel;
        return tsz | (long) sl0 << 6 | tg0(granule) << 14 | 5 << 16 | 1 << 19;
    }

    /** Tables of one stage. */
    final class Tables {
        final int granule;
        final int inputBits;
        final int startLevel;
        final long root;

        /** What to subtract from a table's PA for the address to write in a descriptor or TTBR. */
        final long bias;

        Tables(int granule, int inputBits, int startLevel, long bias) {
            this.granule = granule;
            this.inputBits = inputBits;
            this.startLevel = startLevel;
            this.bias = bias;
            long bytes = Math.max(8L << inputBits - shift(startLevel), 64);
            root = allocate(Math.max(bytes, 1L << granule), Math.max(bytes, 1L << granule));
        }

        int shift(int level) {
            return granule + (3 - level) * (granule - 3);
        }

        long base() {
            return root - bias;
        }

        /** PA of the descriptor of a level, making tables on the way. */
        long slot(long address, int level) {
            long input = address & (1L << inputBits) - 1;
            long table = root;
            for (int l = startLevel; ; l++) {
                int bits = l == startLevel ? inputBits - shift(l) : granule - 3;
                long at = table + (input >>> shift(l) & (1L << bits) - 1) * 8;
                if (l == level) {
                    return at;
                }
                long d = at(at);
                if ((d & 3) != 3) {
                    long next = allocate(1L << granule, 1L << granule);
                    d = next - bias | 3;
                    put(at, d);
                }
                table = (d & 0xffff_ffff_f000L) + bias;
            }
        }

        /** Maps a page or block; returns the PA of its descriptor. */
        long map(long address, int level, long output, long attributes) {
            long at = slot(address, level);
            put(at, output | attributes | (level == 3 ? 3 : 1));
            return at;
        }
    }

    /** The start level for an input size. */
    static int startLevel(int granule, int inputBits) {
        return 3 - (inputBits - granule - 1) / (granule - 3);
    }

    /** Turns on EL1&0 stage 1 with one table under both TTBRs, ASID 1. */
    Tables stage1(int granule, int inputBits) {
        Tables t = new Tables(granule, inputBits, startLevel(granule, inputBits), 0);
        set(SysReg.TCR_EL1, tcr(granule, 64 - inputBits));
        set(SysReg.TTBR0_EL1, t.base() | 1L << 48);
        set(SysReg.TTBR1_EL1, t.base());
        set(SysReg.SCTLR_EL1, 1 | 1 << 2 | 1 << 12);
        mmu.contextChanged();
        return t;
    }

    /** A GuestException that an action threw, or null. */
    static GuestException abortOf(Runnable action) {
        try {
            action.run();
            return null;
        } catch (GuestException e) {
            return e;
        }
    }

    static int tlbiKey(int op1, int crm, int op2) {
        return 1 << 14 | op1 << 11 | 8 << 7 | crm << 3 | op2;
    }

    static int atKey(int op1, int crm, int op2) {
        return 1 << 14 | op1 << 11 | 7 << 7 | crm << 3 | op2;
    }

    void tlbi(int op1, int crm, int op2, long value) {
        mmu.tlbi(tlbiKey(op1, crm, op2), value);
    }

    /** TLBI ALLE1, ALLE2 of both kinds of EL2, from EL2. */
    void tlbiEverything() {
        int el = pe.el;
        pe.el = 2;
        long hcr = get(SysReg.HCR_EL2);
        tlbi(4, 7, 4, 0);
        set(SysReg.HCR_EL2, hcr ^ 1L << 34);
        tlbi(4, 7, 0, 0);
        set(SysReg.HCR_EL2, hcr);
        tlbi(4, 7, 0, 0);
        pe.el = el;
        mmu.contextChanged();
    }
}

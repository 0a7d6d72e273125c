package dev.nido.kvm.nested;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Vcpu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A guest hypervisor that the test commands instruction by instruction: its vCPUs load, execute
 * TLBI and AT, and have their guest load, one command at a time; page tables are written from
 * outside, as another CPU would. It asks for commands at a device and answers there.
 */
final class MonitorGuest implements AutoCloseable {

    static final long RAM = HostedGuest.RAM;

    /** In an answer: no value, but the syndrome of the exception that the access met. */
    static final long EXCEPTION = 1L << 62;

    static final long AF = 1 << 10;
    static final long NG = 1 << 11;

    /** Stage-1 leaf of normal memory, for EL1 or EL2 only. */
    static final long NORMAL = AF | 3 << 8;

    static final long DEVICE = AF | 1 << 2;

    /** Stage-2 leaf: Normal Write-Back, readable and writable, AF. */
    static final long S2_NORMAL = 15 << 2 | 3 << 6 | 3 << 8 | AF;

    static final long TABLES = RAM + 0x40_0000;
    private static final long TABLES_END = RAM + 0x80_0000;
    private static final long SCTLR = 0x30d0_0800L | 1 | 1 << 2 | 1 << 12;
    private static final long TCR_COMMON = 1 << 8 | 1 << 10 | 3 << 12;

    private static final String TOP =
            """
                    b start
                    .balign 2048
            vectors:
                    .balign 128
                    b bad
                    .skip 0x200 - (. - vectors)
                    b same
                    .skip 0x400 - (. - vectors)
                    b lower
                    .skip 0x800 - (. - vectors)
            bad:    movz x1, #0xdead
                    b reply
            same:   mrs x1, esr_el2
                    orr x1, x1, #0x4000000000000000
                    b reply
            lower:  mrs x2, esr_el2
                    lsr x3, x2, #26
                    cmp x3, #0x16
                    b.eq reply
                    orr x1, x2, #0x4000000000000000
            reply:  str x1, [x9, #16]
            start:  movz x9, #0x900, lsl #16
            next:   ldr x10, [x9]
                    ldr x0, [x9, #8]
                    ldr x11, [x9, #16]
                    br x10
            load:   ldr x1, [x0]
                    b reply
            below:  adr x6, inner
                    msr elr_el2, x6
                    movz x7, #0x3c5
                    msr spsr_el2, x7
                    eret
            inner:  br x11
            l_load: ldr x1, [x0]
                    hvc #0
            reserved: sys #4, c8, c9, #3, x0
                    movz x1, #0
                    b reply
            off:    movz x0, #0x8400, lsl #16
                    movk x0, #8
                    smc #0
            """;

    final HostedGuest guest;
    final boolean e2h;
    private final Map<Integer, Vcpu> waiting = new HashMap<>();
    private final List<Vcpu> started = new ArrayList<>();
    private long nextTable = TABLES;
    private long answer;

    /** The stage-1 table of EL2: RAM and the device where they are. */
    final Tables own;

    /**
     * @param nesting NV or NV2
     * @param cpu what it sees: E2H fixed
     */
    MonitorGuest(Feature nesting, CpuModel cpu, int vcpus) {
        e2h = cpu.has(Feature.VHE);
        StringBuilder program = new StringBuilder(TOP);
        for (SystemOperation o : SystemOperation.values()) {
            int k = o.key();
            String operands =
                    "#%d, c%d, c%d, #%d".formatted(k >> 11 & 7, k >> 7 & 15, k >> 3 & 15, k & 7);
            program.append(label(o)).append(": sys ").append(operands).append(", x0\n");
            boolean at = o.kind() == SystemOperation.Kind.AT;
            String result = at ? "mrs x1, par_el1\n" : "movz x1, #0\n";
            program.append(result).append("b reply\n");
            program.append("l_" + label(o) + ": sys ").append(operands).append(", x0\n");
            program.append(result).append("hvc #0\n");
        }
        guest = HostedGuest.nested(nesting, cpu, vcpus, program.toString());
        own = new Tables(12, 48, 0);
        long ramBlock = RAM >> 30 << 30;
        own.map(ramBlock, 1, ramBlock, NORMAL);
        own.map(HostedGuest.DEVICE & -4096, 3, HostedGuest.DEVICE & -4096, DEVICE);
        for (Vcpu v : guest.vm.vcpus()) {
            start(v);
        }
    }

    private static String label(SystemOperation o) {
        return "i_" + o.name().toLowerCase(java.util.Locale.ROOT);
    }

    private void start(Vcpu v) {
        if (v.id() > 0) {
            v.powerOn(RAM, 0);
        }
        v.writeSys(SysReg.VBAR_EL2, guest.symbols.get("vectors"));
        v.writeSys(SysReg.MAIR_EL2, 0x04_ffL);
        v.writeSys(SysReg.MAIR_EL1, 0x04_ffL);
        v.writeSys(SysReg.TCR_EL2, e2h ? tcr(16) : TCR_COMMON | 16 | 5 << 16 | 1L << 31 | 1 << 23);
        v.writeSys(SysReg.TCR_EL1, tcr(16));
        v.writeSys(SysReg.TTBR0_EL2, own.base());
        v.writeSys(SysReg.SCTLR_EL2, SCTLR);
        started.add(v);
    }

    /** TCR_EL1 with 4 KiB pages, 16-bit ASIDs, and T0SZ = T1SZ. */
    static long tcr(int tsz) {
        return TCR_COMMON | tsz | (TCR_COMMON | tsz) << 16 | 2L << 30 | 5L << 32 | 1L << 36;
    }

    /** SCTLR_EL1 with the MMU on. */
    static long sctlr() {
        return SCTLR;
    }

    /** The guest hypervisor's guest, with tables of its own; one for all vCPUs. */
    final class Below {
        /** Stage 1: VA to IPA. */
        final Tables s1 = new Tables(12, 48, 0);

        /** Stage 2: IPA to the guest hypervisor's addresses; RAM is where it is. */
        final Tables s2;

        private final long vtcr;

        /** With 4 KiB granules at both stages. */
        Below() {
            this(12, 40);
        }

        /**
         * @param granule of stage 2, log2
         * @param bits of an IPA
         */
        Below(int granule, int bits) {
            int stride = granule - 3;
            // As few levels as up to 16 concatenated tables allow.
            int levels = (bits - 4 - granule + stride - 1) / stride;
            int rest = bits - granule - levels * stride;
            s2 = new Tables(granule, bits, Math.max(rest, 0));
            int sl0 = (granule == 12 ? 2 : 3) - s2.startLevel();
            int tg0 = granule == 12 ? 0 : granule == 14 ? 2 : 1;
            vtcr =
                    64 - bits
                            | (long) sl0 << 6
                            | 1 << 8
                            | 1 << 10
                            | 3 << 12
                            | (long) tg0 << 14
                            | 2 << 16
                            | 1 << 19
                            | 1L << 31;
            for (long at = RAM; at < RAM + (16 << 20); at += 1L << s2.shift(3)) {
                s2.map(at, 3, at, S2_NORMAL);
            }
            // Its program, which it fetches from where the guest hypervisor has it.
            s1.map(RAM, 2, RAM, NORMAL);
        }

        /** VTTBR_EL2 for a VMID. */
        long vttbr(int vmid) {
            return s2.base() | (long) vmid << 48;
        }

        /** Makes it what a vCPU goes to; with its stage 2 on. */
        void use(int vcpu, int vmid, int asid) {
            Vcpu v = guest.vcpu(vcpu);
            v.writeSys(SysReg.VTCR_EL2, vtcr);
            v.writeSys(SysReg.VTTBR_EL2, vttbr(vmid));
            v.writeSys(SysReg.HCR_EL2, HcrEl2.RW | HcrEl2.VM | (e2h ? HcrEl2.E2H : 0));
            v.writeSys(SysReg.TTBR0_EL1, s1.base() | (long) asid << 48);
            v.writeSys(SysReg.TTBR1_EL1, s1.base());
            v.writeSys(SysReg.SCTLR_EL1, SCTLR);
        }
    }

    // Commands

    /** A load of its EL2; or {@link #EXCEPTION} with ESR_EL2. */
    long load(int vcpu, long va) {
        return command(vcpu, "load", va, "");
    }

    /** A load of its guest at EL1; or {@link #EXCEPTION} with ESR_EL2. */
    long loadBelow(int vcpu, long va) {
        return command(vcpu, "below", va, "l_load");
    }

    void tlbi(int vcpu, SystemOperation form, long value) {
        long answer = execute(vcpu, form, value);
        if (answer != 0) {
            throw new AssertionError("%s: 0x%x".formatted(form, answer));
        }
    }

    /** 0, or {@link #EXCEPTION} with ESR_EL2; for AT as {@link #at}. */
    long execute(int vcpu, SystemOperation form, long value) {
        return command(vcpu, label(form), value, "");
    }

    /** The same executed by its guest at EL1. */
    long executeBelow(int vcpu, SystemOperation form, long value) {
        return command(vcpu, "below", value, "l_" + label(form));
    }

    /** A SYS that is no instruction at all. */
    long executeReserved(int vcpu) {
        return command(vcpu, "reserved", 0, "");
    }

    /** What AT leaves in PAR_EL1, or {@link #EXCEPTION} with ESR_EL2. */
    long at(int vcpu, SystemOperation form, long va) {
        return command(vcpu, label(form), va, "");
    }

    private long command(int id, String what, long argument, String below) {
        Vcpu v = guest.vcpu(id);
        if (waiting.get(id) == null) {
            run(v);
        }
        v.completeMmio(guest.symbols.get(what));
        run(v);
        v.completeMmio(argument);
        run(v);
        v.completeMmio(guest.symbols.getOrDefault(below, 0L));
        answer = 0xbad;
        run(v);
        return answer;
    }

    /** Runs until the vCPU reads from the device. */
    private void run(Vcpu v) {
        for (int i = 0; i < 100; i++) {
            Exit exit = v.run(100_000);
            if (!(exit instanceof Exit.Mmio m)) {
                throw new AssertionError("%s at 0x%x".formatted(exit, v.pc()));
            }
            if (!m.write()) {
                waiting.put(v.id(), v);
                return;
            }
            answer = m.value();
            v.completeMmio(0);
        }
    }

    // Memory

    void put(long l1Ipa, long value) {
        guest.vm.ram().put64(l1Ipa, value);
    }

    long get(long l1Ipa) {
        return guest.vm.ram().get64(l1Ipa);
    }

    /** Where the tables end that were made so far, from {@link #TABLES}. */
    long endOfTables() {
        return nextTable;
    }

    /** Memory for a table, zeroed. */
    long allocate(long size) {
        long at = nextTable + size - 1 & -size;
        nextTable = at + size;
        if (nextTable > TABLES_END) {
            throw new IllegalStateException("no more memory for tables");
        }
        for (long i = 0; i < size; i += 8) {
            put(at + i, 0);
        }
        return at;
    }

    /** Translation tables in the guest's memory, of either stage. */
    final class Tables {
        private final int granule;
        private final int startLevel;
        private final int topBits;
        private final long base;

        /**
         * @param granule log2 of its bytes
         * @param bits of the input address
         * @param concatenated log2 of how many tables stand in the place of one at the start
         */
        Tables(int granule, int bits, int concatenated) {
            this.granule = granule;
            int stride = granule - 3;
            int index = bits - granule - concatenated;
            startLevel = 4 - (index + stride - 1) / stride;
            topBits = bits - (granule + (3 - startLevel) * stride);
            base = allocate(Math.max(1L << granule, 8L << topBits));
        }

        long base() {
            return base;
        }

        int startLevel() {
            return startLevel;
        }

        private int shift(int level) {
            return granule + (3 - level) * (granule - 3);
        }

        /** Where the entry of an address at a level is; makes the tables above. */
        long slot(long address, int level) {
            long table = base;
            for (int l = startLevel; ; l++) {
                int bits = l == startLevel ? topBits : granule - 3;
                long at = table + ((address >>> shift(l) & (1L << bits) - 1) << 3);
                if (l == level) {
                    return at;
                }
                long d = get(at);
                if ((d & 3) != 3) {
                    d = allocate(1L << granule) | 3;
                    put(at, d);
                }
                table = d & 0xffff_ffff_ffffL & -1L << granule;
            }
        }

        /** Maps one block or page. */
        void map(long address, int level, long output, long attributes) {
            put(slot(address, level), output | attributes | (level == 3 ? 3 : 1));
        }

        /** Slots with what was in them before {@link #spoil}. */
        final Map<Long, Long> spoilt = new LinkedHashMap<>();

        /** Where the level 3 entry is, or would be; nothing is spoilt on the way. */
        long leafSlot(long address) {
            Map<Long, Long> now = new LinkedHashMap<>();
            spoilt.forEach((at, good) -> now.put(at, get(at)));
            spoilt.forEach(MonitorGuest.this::put);
            long at = slot(address, 3);
            now.forEach(MonitorGuest.this::put);
            return at;
        }

        /** Flips bits of an entry until {@link #repair}. */
        void spoil(long address, int level, long bits) {
            long at = slot(address, level);
            spoilt.put(at, get(at));
            put(at, get(at) ^ bits);
        }

        void repair() {
            spoilt.forEach(MonitorGuest.this::put);
            spoilt.clear();
        }

        void unmap(long address, int level) {
            put(slot(address, level), 0);
        }
    }

    @Override
    public void close() {
        guest.close();
    }
}

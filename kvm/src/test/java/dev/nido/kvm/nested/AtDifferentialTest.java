package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.Vcpu;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * AT at a virtual EL2 against AT of a PE at EL2 with the same registers and the same memory, over
 * random tables of both stages, controls and addresses: the same PAR_EL1, or the same abort.
 */
class AtDifferentialTest {

    private static final long SIZE = 16 << 20;
    private static final long VA = 0x5555_1234_5000L;
    private static final long IPA = 0x12_3456_7000L;
    private static final int ROUNDS =
            Integer.parseInt(System.getenv().getOrDefault("NIDO_AT_ROUNDS", "200"));
    private static final long SEED = 20_261_122;

    private static final List<SystemOperation> FORMS =
            Arrays.stream(SystemOperation.values())
                    .filter(o -> o.kind() == SystemOperation.Kind.AT)
                    .toList();

    private static final SysReg[] SHARED = {
        SysReg.SCTLR_EL1,
        SysReg.TCR_EL1,
        SysReg.TTBR0_EL1,
        SysReg.TTBR1_EL1,
        SysReg.MAIR_EL1,
        SysReg.SCTLR_EL2,
        SysReg.TCR_EL2,
        SysReg.TTBR0_EL2,
        SysReg.TTBR1_EL2,
        SysReg.MAIR_EL2,
        SysReg.HCR_EL2,
        SysReg.VTTBR_EL2,
        SysReg.VTCR_EL2,
        SysReg.PAR_EL1,
    };

    /** A PE that has its EL2 to itself, with memory where the guest has it. */
    private static final class Bare implements AutoCloseable {
        final Machine machine;
        final Pe pe;

        Bare(CpuModel cpu) {
            machine =
                    new Machine(
                            new MachineConfig(cpu, 1, MonitorGuest.RAM, SIZE, true, 1, 2, true));
            pe = machine.pe(0);
        }

        /** Takes registers and memory over. */
        void copy(MonitorGuest g) {
            int length = (int) (g.endOfTables() - MonitorGuest.TABLES);
            byte[] all = new byte[length];
            g.guest.vm.ram().read(MonitorGuest.TABLES, all, 0, length);
            machine.memory().write(MonitorGuest.TABLES - MonitorGuest.RAM, all, 0, length);
            Vcpu v = g.guest.vcpu(0);
            for (SysReg r : SHARED) {
                pe.writeRegister(r, v.readSys(r));
            }
            pe.pan = (v.pstate() & Spsr.PAN) != 0;
            pe.systemInstruction(SystemOperation.TLBI_ALLE1.key(), 0);
            pe.systemInstruction(SystemOperation.TLBI_ALLE2.key(), 0);
        }

        boolean hasTablesOf(MonitorGuest g) {
            int length = (int) (g.endOfTables() - MonitorGuest.TABLES);
            byte[] here = new byte[length];
            byte[] there = new byte[length];
            g.guest.vm.ram().read(MonitorGuest.TABLES, here, 0, length);
            machine.memory().read(MonitorGuest.TABLES - MonitorGuest.RAM, there, 0, length);
            return Arrays.equals(here, there);
        }

        long at(SystemOperation form, long va) {
            try {
                pe.systemInstruction(form.key(), va);
            } catch (GuestException e) {
                return Esr.of(e.exceptionClass | 1, true, e.iss) | MonitorGuest.EXCEPTION;
            }
            return pe.readRegister(SysReg.PAR_EL1);
        }

        @Override
        public void close() {
            machine.close();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "NV; default,-vhe",
                "NV; default,-e2h0",
                "NV2; default,-vhe,+s2fwb",
                "NV2; default,-e2h0,+s2fwb"
            })
    void guestSeesWhatAPeDoes(Feature nesting, String model) {
        CpuModel cpu = CpuModel.parse(model);
        Random random = new Random(SEED);
        int[] outcomes = new int[2];
        for (int batch = 0; batch < 4; batch++) {
            try (MonitorGuest g = new MonitorGuest(nesting, cpu, 1);
                    Bare bare = new Bare(cpu)) {
                Subject s = new Subject(g, random);
                for (int round = 0; round < ROUNDS / 4; round++) {
                    s.shake();
                    bare.copy(g);
                    g.tlbi(0, SystemOperation.TLBI_ALLE1, 0);
                    g.tlbi(0, SystemOperation.TLBI_ALLE2, 0);
                    for (int i = 0; i < 6; i++) {
                        SystemOperation form = FORMS.get(random.nextInt(FORMS.size()));
                        long va = s.address();
                        long expected = bare.at(form, va);
                        long actual = g.at(0, form, va);
                        String what =
                                "batch %d, round %d, %s of 0x%x%n%s"
                                        .formatted(batch, round, form, va, s);
                        assertThat(Long.toHexString(actual))
                                .as(what)
                                .isEqualTo(Long.toHexString(expected));
                        outcomes[(int) actual & 1]++;
                    }
                    assertThat(bare.hasTablesOf(g)).as("AT changes no table").isTrue();
                }
            }
        }
        assertThat(outcomes[0]).as("translations").isGreaterThan(ROUNDS / 2);
        assertThat(outcomes[1]).as("faults").isGreaterThan(ROUNDS / 2);
    }

    /** A guest hypervisor and a guest of its, of which nearly everything is random. */
    private static final class Subject {
        private static final long[] LEAF_BITS = {
            1, 2, 1 << 2, 1 << 6, 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1L << 51, 1L << 53,
            1L << 54
        };
        private static final long[] TABLE_BITS = {
            1, 2, 1L << 59, 1L << 60, 1L << 61, 1L << 62, 1L << 45, 1L << 33
        };

        private final MonitorGuest g;
        private final Vcpu v;
        private final Random random;
        private final MonitorGuest.Below below;
        private final long vtcr;

        Subject(MonitorGuest g, Random random) {
            this.g = g;
            this.random = random;
            v = g.guest.vcpu(0);
            below = g.new Below();
            below.use(0, 0x1234, 0x5678);
            vtcr = v.readSys(SysReg.VTCR_EL2);
            g.load(0, MonitorGuest.RAM);
        }

        long address() {
            long page = VA + 4096L * random.nextInt(4);
            return switch (random.nextInt(10)) {
                case 0 -> page ^ 1L << random.nextInt(64);
                case 1 -> MonitorGuest.RAM + random.nextInt((int) SIZE);
                case 2 -> 0xffffL << 48 | page;
                default -> page + random.nextInt(4096);
            };
        }

        private boolean oneIn(int n) {
            return random.nextInt(n) == 0;
        }

        void shake() {
            g.own.repair();
            below.s1.repair();
            below.s2.repair();
            for (int i = 0; i < 4; i++) {
                stage1(g.own, VA + 4096L * i, false);
                stage1(below.s1, VA + 4096L * i, true);
                long ipa = IPA + 4096L * i;
                long l1 = oneIn(6) ? 0x900_0000L : MonitorGuest.RAM + 0x80_0000 + 4096L * i;
                long d = l1 | random.nextInt(16) << 2 | 3 << 6 | 3 << 8 | MonitorGuest.AF | 3;
                d = oneIn(8) ? (long) random.nextInt(4) << 53 | d : d;
                g.put(below.s2.slot(ipa, 3), spoil(d, LEAF_BITS, 3));
            }
            for (int level = 0; level <= 3; level++) {
                // Where the guest's guest has its own tables.
                long page = below.s1.slot(VA, level) & -4096L;
                long d = page | MonitorGuest.S2_NORMAL | 3;
                d ^= oneIn(6) ? random.nextInt(16) << 2 : 0;
                g.put(below.s2.slot(page, 3), oneIn(4) ? spoil(d, LEAF_BITS, 2) : d);
            }
            tables(below.s2, below.s1.base());
            tables(g.own, VA);
            tables(below.s1, VA);
            tables(below.s2, IPA);
            boolean wild = oneIn(3);
            v.writeSys(SysReg.VTCR_EL2, vtcr ^ (wild ? bit(19, 21, 22, 16, 18, 3) : 0));
            v.writeSys(
                    SysReg.TCR_EL1,
                    MonitorGuest.tcr(16)
                            ^ (wild ? bit(0, 5, 7, 14, 16, 23, 32, 37, 39, 40, 41, 42) : 0));
            v.writeSys(SysReg.SCTLR_EL1, MonitorGuest.sctlr() ^ (wild ? bit(0, 1, 2, 12, 19) : 0));
            v.writeSys(SysReg.MAIR_EL1, oneIn(3) ? random.nextLong() : 0x04_ffL);
            long hcr = HcrEl2.RW | (g.e2h ? HcrEl2.E2H : 0);
            hcr |= oneIn(5) ? 0 : HcrEl2.VM;
            hcr |= oneIn(6) ? HcrEl2.TGE : 0;
            hcr |= oneIn(8) ? HcrEl2.DC : 0;
            hcr |= oneIn(8) ? HcrEl2.CD : 0;
            hcr |= oneIn(8) ? HcrEl2.PTW : 0;
            hcr |= oneIn(8) ? HcrEl2.FWB : 0;
            v.writeSys(SysReg.HCR_EL2, hcr);
            long pstate = v.pstate() & ~Spsr.PAN;
            v.setPstate(oneIn(2) ? pstate | Spsr.PAN : pstate);
        }

        private long bit(int... of) {
            return 1L << of[random.nextInt(of.length)];
        }

        private void stage1(MonitorGuest.Tables t, long va, boolean guests) {
            long out = MonitorGuest.RAM + 0x80_0000 + 4096L * random.nextInt(4);
            if (guests && !oneIn(3)) {
                out = IPA + 4096L * random.nextInt(4);
            }
            long d = out | MonitorGuest.NORMAL | 3;
            d |= oneIn(3) ? 1 << 2 : 0;
            g.put(t.slot(va, 3), spoil(d, LEAF_BITS, 2));
        }

        /** Flips some bits, sometimes. */
        private long spoil(long d, long[] bits, int seldom) {
            long spoilt = d;
            while (oneIn(seldom)) {
                spoilt ^= bits[random.nextInt(bits.length)];
            }
            return spoilt;
        }

        /** Spoils the way to the leaves, sometimes. */
        private void tables(MonitorGuest.Tables t, long address) {
            for (int level = 2; level >= t.startLevel(); level--) {
                if (oneIn(12)) {
                    t.spoil(address, level, TABLE_BITS[random.nextInt(TABLE_BITS.length)]);
                }
            }
        }

        @Override
        public String toString() {
            StringBuilder s = new StringBuilder();
            for (SysReg r : SHARED) {
                s.append("%s 0x%x%n".formatted(r, v.readSys(r)));
            }
            for (int i = 0; i < 4; i++) {
                s.append(
                        "own 0x%x, stage 1 0x%x, stage 2 0x%x%n"
                                .formatted(
                                        g.get(g.own.leafSlot(VA + 4096L * i)),
                                        g.get(below.s1.leafSlot(VA + 4096L * i)),
                                        g.get(below.s2.leafSlot(IPA + 4096L * i))));
            }
            return s + "spoilt " + g.own.spoilt + below.s1.spoilt + below.s2.spoilt;
        }
    }
}

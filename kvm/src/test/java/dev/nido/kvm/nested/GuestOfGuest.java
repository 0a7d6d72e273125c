package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.isa.Assembler;
import dev.nido.kvm.pgtable.Leaf;

/**
 * {@link NestedSides} with a guest of L1's that has no stage 1: its addresses go through a stage 2
 * of L1's that the test writes, entry by entry.
 */
final class GuestOfGuest implements AutoCloseable {

    static final long RAM = NestedSides.RAM;
    static final long DATA = RAM + 0x40_0000;
    static final long AF = 1 << 10;

    /** Attributes of a leaf of Normal memory without rights. */
    static final long NORMAL = 15 << 2 | 3 << 8 | AF;

    static final long RW = 3 << 6;

    private static final long CODE = RAM + 0x2000;
    private static final long ROOT = RAM + 0x10_0000;
    private static final long TABLES = RAM + 0x20_0000;
    private static final int NOP = 0xd503_201f;

    private static final String TEXT =
            """
            ldr x1, [x0]
            str x1, [x0]
            tlbi ipas2e1is, x0
            tlbi vmalls12e1is
            """;

    final NestedSides sides;
    private final int granule;
    private final int start;
    private long nextTable = TABLES;

    GuestOfGuest(Feature nesting, int granule, int hostPageShift, boolean blocks) {
        this.granule = granule;
        start = granule == 12 ? 1 : 2;
        CpuModel cpu = CpuModel.parse("default,-e2h0");
        sides = new NestedSides(nesting, cpu, hostPageShift, blocks);
        byte[] code = Assembler.assemble(TEXT, CODE).bytes();
        for (int i = 0; i < code.length; i += 4) {
            int word =
                    code[i] & 255
                            | (code[i + 1] & 255) << 8
                            | (code[i + 2] & 255) << 16
                            | code[i + 3] << 24;
            sides.put32(CODE + i, word);
        }
        for (int i = 0; i < 0x800; i += 4) {
            sides.put32(CODE + 0x800 + i, NOP);
        }
        long tg0 = granule == 16 ? 1 : granule == 14 ? 2 : 0;
        long vtcr = 1L << 31 | 24 | 1 << 6 | tg0 << 14 | 2 << 16 | 1 << 19;
        sides.set(SysReg.VTCR_EL2, vtcr);
        sides.set(SysReg.VTTBR_EL2, ROOT | 9L << 48);
        sides.set(SysReg.HCR_EL2, HcrEl2.RW | HcrEl2.VM | HcrEl2.E2H);
        sides.set(SysReg.SCTLR_EL1, 0x30d0_0800L);
        sides.set(SysReg.VBAR_EL1, CODE + 0x800);
        long page = CODE & -1L << granule;
        map(page, 3, page, NORMAL | RW);
    }

    int shift(int level) {
        return granule + (3 - level) * (granule - 3);
    }

    /** Where L1's entry for an address of a level is. */
    long slot(long ipa, int level) {
        long table = ROOT;
        for (int l = start; ; l++) {
            int bits = l == start ? 40 - shift(l) : granule - 3;
            long at = table + ((ipa >>> shift(l) & (1L << bits) - 1) << 3);
            if (l == level) {
                return at;
            }
            long d = sides.get(at);
            if ((d & 3) != 3) {
                d = nextTable | 3;
                nextTable += 0x1_0000;
                sides.put(at, d);
            }
            table = d & 0xffff_ffff_f000L & -1L << granule;
        }
    }

    void map(long ipa, int level, long output, long attributes) {
        sides.put(slot(ipa, level), output | attributes | (level == 3 ? 3 : 1));
    }

    /** What an access came to: 0, or the fault status in ESR_EL2, or 0x100 more than in ESR_EL1. */
    private int access(int instruction, long pc, long ipa, boolean user) {
        sides.setX(0, ipa);
        sides.set(SysReg.ESR_EL2, 0);
        sides.set(SysReg.ESR_EL1, 0);
        long[][] states = sides.step(Spsr.DAIF | (user ? 0 : 5), pc + instruction * 4L);
        assertThat(states[1])
                .as(
                        "bare:%s%n hosted:%s",
                        NestedSides.describe(states[0], states[1]),
                        NestedSides.describe(states[1], states[0]))
                .isEqualTo(states[0]);
        long pstate = states[0][3];
        if (Spsr.el(pstate) == 2) {
            return (int) states[0][4] & 0x3f;
        }
        boolean abort = states[0][9] != 0;
        return abort ? 0x100 + ((int) states[0][9] & 0x3f) : 0;
    }

    int load(long ipa, boolean user) {
        return access(0, CODE, ipa, user);
    }

    int store(long ipa, long value, boolean user) {
        sides.setX(1, value);
        return access(1, CODE, ipa, user);
    }

    int execute(long ipa, boolean user) {
        return access(0, ipa, 0, user);
    }

    long loaded() {
        return sides.vcpu.reg(1);
    }

    /** L1 invalidates an address. */
    void invalidate(long ipa) {
        sides.setX(0, ipa >>> 12);
        sides.stepAtEl2(CODE + 8);
    }

    /** The leaf of the shadow for an address of L2. */
    Leaf leaf(long ipa) {
        Leaf leaf = new Leaf();
        ShadowMmu shadow =
                sides.vm
                        .shadows()
                        .find(
                                0,
                                sides.vcpu.readSys(SysReg.VTTBR_EL2),
                                sides.vcpu.readSys(SysReg.VTCR_EL2),
                                true);
        assertThat(shadow.mmu().pgt().getLeaf(ipa, leaf)).isZero();
        return leaf;
    }

    @Override
    public void close() {
        sides.close();
    }
}

package dev.nido.machine.pe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * FEAT_NV and FEAT_NV2 over every register of a table extracted from a formal model of the
 * architecture: by {NV, NV1, NV2}, E2H, exception level and direction, an access goes to its slot
 * in memory, to another register, to a trap, or where it goes without nested virtualization. What
 * is expected comes from the table and from the rules of Arm ARM D8.11, as {@link #expected} states
 * them.
 */
class NestedRegisterAuditTest {

    private static final long PAGE = PeFixture.RAM + 0x8000;
    private static final int UNDEFINED = -1;
    private static final int TRAP = -2;
    private static final int AS_WITHOUT_NV = -3;

    /** Plus the key of the register that takes its place. */
    private static final int OTHER = 1 << 20;

    /** Registers of features that the CPU does not have, of EL3, of Secure EL2, of AArch32. */
    private static final Set<String> ABSENT =
            Set.of(
                    "DBGVCR32_EL2",
                    "DACR32_EL2",
                    "IFSR32_EL2",
                    "FPEXC32_EL2",
                    "SDER32_EL2",
                    "TRFCR_EL1/TRFCR_EL2",
                    "TRFCR_EL2",
                    "TRFCR_EL1",
                    "TFSR_EL1",
                    "TFSR_EL2",
                    "MPAM1_EL1/MPAM2_EL2",
                    "MPAM1_EL1",
                    "MPAM2_EL2",
                    "MPAMHCR_EL2",
                    "MPAMVPMV_EL2",
                    "RVBAR_EL2",
                    "RMR_EL2",
                    "SCXTNUM_EL1/SCXTNUM_EL2",
                    "SCXTNUM_EL1",
                    "SCXTNUM_EL2",
                    "VSTTBR_EL2",
                    "VSTCR_EL2",
                    "VSESR_EL2",
                    "VDISR_EL2",
                    "CNTHVS_TVAL_EL2",
                    "CNTHVS_CTL_EL2",
                    "CNTHVS_CVAL_EL2",
                    "CNTHPS_TVAL_EL2",
                    "CNTHPS_CTL_EL2",
                    "CNTHPS_CVAL_EL2");

    private record Row(int key, String name, String access, int slot, String condition) {

        boolean allows(boolean read) {
            return access.contains(read ? "R" : "W");
        }

        int op1() {
            return key >> 11 & 7;
        }
    }

    private static final long[] SETTINGS = {
        0,
        HcrEl2.NV,
        HcrEl2.NV | HcrEl2.NV1,
        HcrEl2.NV | HcrEl2.NV2,
        HcrEl2.NV | HcrEl2.NV1 | HcrEl2.NV2,
        HcrEl2.NV1,
        HcrEl2.NV2,
        HcrEl2.NV1 | HcrEl2.NV2
    };

    private final PeFixture f = new PeFixture("default,+nv2", 2);
    private final Pe pe = f.pe;
    private final long[] registers = new long[SysReg.COUNT];

    @AfterEach
    void close() {
        f.close();
    }

    private static int[] matching(String pattern, int size) {
        int slash = pattern.indexOf('/');
        int mask = slash < 0 ? size - 1 : Integer.parseInt(pattern.substring(slash + 1));
        int value =
                pattern.equals("*")
                        ? 0
                        : Integer.parseInt(slash < 0 ? pattern : pattern.substring(0, slash));
        int care = pattern.equals("*") ? 0 : mask;
        int[] all = new int[size];
        int n = 0;
        for (int i = 0; i < size; i++) {
            if ((i & care) == (value & care)) {
                all[n++] = i;
            }
        }
        return Arrays.copyOf(all, n);
    }

    /** Rows of the table by key, a more specific row before one with wild cards. */
    private static Map<Integer, Row> rows() throws IOException {
        Map<Integer, Row> rows = new TreeMap<>();
        List<String[]> lines = new ArrayList<>();
        try (BufferedReader in =
                new BufferedReader(
                        new InputStreamReader(
                                NestedRegisterAuditTest.class.getResourceAsStream(
                                        "sysregs-v8.5.tsv"),
                                StandardCharsets.UTF_8))) {
            in.lines().skip(1).map(l -> l.split("\t", -1)).forEach(lines::add);
        }
        lines.removeIf(l -> l[0].equals("0"));
        lines.sort((a, b) -> Integer.compare(wild(a), wild(b)));
        for (String[] l : lines) {
            for (int crm : matching(l[3], 16)) {
                for (int op2 : matching(l[4], 8)) {
                    int key =
                            SysReg.key(
                                    Integer.parseInt(l[0]),
                                    Integer.parseInt(l[1]),
                                    Integer.parseInt(l[2]),
                                    crm,
                                    op2);
                    int slot = l[7].isEmpty() ? -1 : Integer.decode(l[7]);
                    if (slot >= 0 && l[5].startsWith("ICH_LR")) {
                        slot += 8 * ((crm & 1) * 8 + op2);
                    } else if (slot >= 0 && l[5].startsWith("ICH_AP")) {
                        slot += 8 * (op2 & 3);
                    }
                    rows.putIfAbsent(key, new Row(key, l[5], l[6], slot, l[8]));
                }
            }
        }
        return rows;
    }

    private static int wild(String[] line) {
        return line[3].length() + line[4].length();
    }

    /** Whether the CPU has the register at all. */
    private static boolean present(Row row) {
        boolean priorities = row.name.startsWith("ICH_AP") && (row.key & 3) != 0;
        return !ABSENT.contains(row.name) && !row.name.startsWith("MPAMVPM") && !priorities;
    }

    /** Where an access from EL1 goes: a slot's offset, or one of the constants. */
    private static int expected(Row row, boolean read, long hcr) {
        boolean nv = (hcr & HcrEl2.NV) != 0;
        boolean nv1 = nv && (hcr & HcrEl2.NV1) != 0;
        boolean nv2 = nv && (hcr & HcrEl2.NV2) != 0;
        if (row.op1() >= 6) {
            return UNDEFINED;
        }
        if (row.op1() >= 4 && (!nv || !present(row) || !row.allows(read))) {
            return UNDEFINED;
        }
        boolean memory =
                nv2
                        && row.slot >= 0
                        && present(row)
                        && (row.condition.isEmpty() || row.condition.equals("NV1=1") == nv1);
        if (memory) {
            return row.slot;
        }
        if (row.op1() >= 4) {
            boolean replaced =
                    Set.of("SPSR_EL2", "ELR_EL2", "ESR_EL2", "FAR_EL2").contains(row.name);
            return nv2 && replaced && row.op1() == 4 ? OTHER + (row.key & ~(7 << 11)) : TRAP;
        }
        boolean vectors =
                List.of("VBAR_EL1/VBAR_EL2", "ELR_EL1/ELR_EL2", "SPSR_EL1/SPSR_EL2")
                        .contains(row.name);
        return nv1 && !nv2 && vectors ? TRAP : AS_WITHOUT_NV;
    }

    private static long pattern(int offset) {
        return offset * 0x0001_0001_0001_0001L | 0x8000_0000_0000_0000L;
    }

    private void prepare(int el, long hcr) {
        pe.reset(2);
        for (int offset = 0; offset < 4096; offset += 8) {
            f.machine.memory().put64(PAGE - PeFixture.RAM + offset, pattern(offset));
        }
        for (SysReg r :
                new SysReg[] {SysReg.SPSR_EL1, SysReg.ELR_EL1, SysReg.ESR_EL1, SysReg.FAR_EL1}) {
            pe.sys[r.ordinal()] = 0x4444_0000 + r.ordinal();
        }
        f.set(SysReg.CPTR_EL2, 0x30_0000).set(SysReg.CPACR_EL1, 0x30_0000);
        f.set(SysReg.CNTHCTL_EL2, 0xc03).set(SysReg.CNTKCTL_EL1, 0x303);
        f.set(SysReg.VNCR_EL2, PAGE).set(SysReg.HCR_EL2, hcr).at(el);
        pe.transferRegister = 3;
    }

    /** The exception, or the value read. */
    private String access(int key, boolean read, long value) {
        try {
            if (read) {
                return Long.toHexString(pe.readSystemRegister(key));
            }
            pe.writeSystemRegister(key, value);
            return "written";
        } catch (GuestException e) {
            return "EC %x ISS %x to EL%d".formatted(e.exceptionClass, e.iss, e.targetEl);
        }
    }

    /** The slots that no longer hold their pattern, and what they hold. */
    private String page() {
        StringBuilder changed = new StringBuilder();
        for (int offset = 0; offset < 4096; offset += 8) {
            long now = f.machine.memory().get64(PAGE - PeFixture.RAM + offset);
            if (now != pattern(offset)) {
                changed.append("%x=%x ".formatted(offset, now));
            }
        }
        return changed.toString();
    }

    private String changedRegisters() {
        StringBuilder changed = new StringBuilder();
        for (SysReg r : SysReg.values()) {
            if (pe.sys[r.ordinal()] != registers[r.ordinal()]) {
                changed.append("%s=%x ".formatted(r, pe.sys[r.ordinal()]));
            }
        }
        return changed.toString();
    }

    /** All that an access did. */
    private String effect(int el, int key, boolean read, long hcr, long value) {
        prepare(el, hcr);
        System.arraycopy(pe.sys, 0, registers, 0, registers.length);
        return access(key, read, value) + " memory: " + page() + "registers: " + changedRegisters();
    }

    @Test
    void everyRegisterGoesWhereTheTableAndTheRulesSay() throws IOException {
        long value = 0xf123_4567_89ab_cdefL;
        List<String> wrong = new ArrayList<>();
        Map<Integer, Integer> kinds = new TreeMap<>();
        for (Row row : rows().values()) {
            for (long n : SETTINGS) {
                for (long e2h : new long[] {0, HcrEl2.E2H}) {
                    for (boolean read : new boolean[] {true, false}) {
                        int expected = expected(row, read, n);
                        kinds.merge(
                                expected >= OTHER ? OTHER : Math.min(expected, 0), 1, Integer::sum);
                        String want = want(row, read, n, e2h, expected, value);
                        String is = effect(1, row.key, read, n | e2h, value);
                        if (!is.equals(want)) {
                            wrong.add(
                                    "%s read %s HCR %x: %s, not %s"
                                            .formatted(row, read, n | e2h, is, want));
                        }
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(kinds.keySet()).containsExactly(AS_WITHOUT_NV, TRAP, UNDEFINED, 0, OTHER);
        assertThat(kinds.get(0)).as("accesses to memory").isEqualTo(408);
        assertThat(kinds.get(OTHER)).as("accesses to other registers").isEqualTo(32);
    }

    private String want(Row row, boolean read, long n, long e2h, int expected, long value) {
        String nothing = " memory: registers: ";
        if (expected == UNDEFINED) {
            return "EC 0 ISS 0 to EL0" + nothing;
        }
        if (expected == TRAP) {
            int iss = Esr.systemAccess(row.key, 3, read);
            return "EC 18 ISS %x to EL2".formatted(iss) + nothing;
        }
        if (expected == AS_WITHOUT_NV) {
            if (row.name.equals("CurrentEL") && read) {
                return ((n & HcrEl2.NV) != 0 ? "8" : "4") + nothing;
            }
            return effect(1, row.key, read, e2h, value);
        }
        if (expected >= OTHER) {
            SysReg r = SysReg.decode(expected - OTHER);
            return read
                    ? "%x".formatted(0x4444_0000 + r.ordinal()) + nothing
                    : "written memory: registers: %s=%x ".formatted(r, value);
        }
        return read
                ? "%x".formatted(pattern(expected)) + nothing
                : "written memory: %x=%x registers: ".formatted(expected, value);
    }

    @Test
    void nothingOfItActsAtEl0AndEl2() throws IOException {
        List<String> wrong = new ArrayList<>();
        long value = 0xf123_4567_89ab_0000L;
        for (Row row : rows().values()) {
            for (int el = 0; el <= 2; el += 2) {
                for (long e2h : new long[] {0, HcrEl2.E2H}) {
                    for (boolean read : new boolean[] {true, false}) {
                        String plain = effect(el, row.key, read, e2h, value);
                        String nested =
                                effect(
                                        el,
                                        row.key,
                                        read,
                                        e2h | HcrEl2.NV | HcrEl2.NV1 | HcrEl2.NV2,
                                        value);
                        boolean hcr = row.name.equals("HCR_EL2") && el == 2;
                        if (!plain.equals(nested) && !hcr) {
                            wrong.add(
                                    "%s read %s EL%d: %s, not %s"
                                            .formatted(row, read, el, nested, plain));
                        }
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    /** Register that holds the trap, its bits, whether they must be set, the name, direction. */
    @ParameterizedTest
    @CsvSource({
        "HCR_EL2, 0x4000000, SCTLR_EL1, W",
        "HCR_EL2, 0x4000000, TTBR0_EL1, W",
        "HCR_EL2, 0x4000000, CONTEXTIDR_EL1, W",
        "HCR_EL2, 0x40000000, SCTLR_EL1, R",
        "HCR_EL2, 0x40000000, ESR_EL1, R",
        "HCR_EL2, 0x40000000, AMAIR_EL1, R",
        "HCR_EL2, 0x200000, ACTLR_EL1, R",
        "HCR_EL2, 0x200000, ACTLR_EL1, W",
        "CPTR_EL2, 0x80000000, CPACR_EL1, R",
        "CPTR_EL2, 0x80000000, CPACR_EL1, W",
        "MDCR_EL2, 0x200, MDSCR_EL1, R",
        "MDCR_EL2, 0x100, MDSCR_EL1, W",
        "CNTHCTL_EL2, 0, CNTP_CTL_EL0, R",
        "CNTHCTL_EL2, 0, CNTP_CVAL_EL0, W",
        "CNTHCTL_EL2, 0x2c03, CNTV_CTL_EL0, W",
        "CNTHCTL_EL2, 0x2c03, CNTV_CVAL_EL0, R",
    })
    void trapsOfTheEl1NameWinOverTheRedirection(SysReg control, long bits, SysReg r, String way) {
        boolean read = way.equals("R");
        try (PeFixture g = new PeFixture("default,+ecv,+nv2", 2)) {
            long nested = HcrEl2.NV | HcrEl2.NV1 | HcrEl2.NV2;
            g.set(SysReg.CPTR_EL2, 0).set(SysReg.CNTHCTL_EL2, 0xc03).set(SysReg.VNCR_EL2, PAGE);
            g.set(SysReg.HCR_EL2, nested).at(1);
            assertThat(read ? g.read(r) : g.write(r)).isEqualTo("ok");
            g.set(control, bits | (control == SysReg.HCR_EL2 ? nested : 0)).at(1);
            assertThat(read ? g.read(r) : g.write(r)).isEqualTo("18>2");
        }
    }

    @Test
    void trapsOfTheEl1NameDoNotTouchItsAliasNorEl2Names() {
        prepare(1, HcrEl2.NV | HcrEl2.NV2 | HcrEl2.TVM | HcrEl2.TRVM);
        f.set(SysReg.CPTR_EL2, 0x8000_0000L).at(1);
        for (SysReg r :
                List.of(SysReg.SCTLR_EL1, SysReg.ESR_EL1, SysReg.CPACR_EL1, SysReg.FAR_EL1)) {
            int alias = r.key() | 5 << 11;
            assertThat(access(alias, true, 0)).isEqualTo(Long.toHexString(pattern(r.vncrOffset())));
            assertThat(access(alias, false, 5)).isEqualTo("written");
        }
        assertThat(access(SysReg.ESR_EL2.key(), false, 5)).isEqualTo("written");
        assertThat(f.sys(SysReg.ESR_EL1)).isEqualTo(5);
    }

    /** CNTHCTL_EL2.{EL1NVPCT, EL1NVVCT} (FEAT_ECV) take EL02 accesses back from memory. */
    @ParameterizedTest
    @CsvSource({"CNTP_CTL_EL0, 15", "CNTP_CVAL_EL0, 15", "CNTV_CTL_EL0, 16", "CNTV_CVAL_EL0, 16"})
    void timerAliasesTrapByTheirOwnBit(SysReg r, int bit) {
        int alias = r.key() & ~(7 << 11) | 5 << 11;
        for (String cpu : List.of("default,+ecv,+nv2", "default,+nv2")) {
            try (PeFixture g = new PeFixture(cpu, 2)) {
                g.set(SysReg.VNCR_EL2, PAGE).set(SysReg.HCR_EL2, HcrEl2.NV | HcrEl2.NV2);
                g.set(SysReg.CNTHCTL_EL2, 0x1_8000 & ~(1L << bit)).at(1);
                assertThat(g.outcome(() -> g.pe.readSystemRegister(alias))).isEqualTo("ok");
                g.set(SysReg.CNTHCTL_EL2, 1L << bit).at(1);
                assertThat(g.outcome(() -> g.pe.readSystemRegister(alias)))
                        .isEqualTo(cpu.contains("ecv") ? "18>2" : "ok");
            }
        }
    }

    @Test
    void aWriteToMemoryDoesNothingElse() {
        prepare(1, HcrEl2.NV | HcrEl2.NV1 | HcrEl2.NV2);
        f.set(SysReg.VBAR_EL1, 0x1000).at(1);
        access(SysReg.VBAR_EL1.key(), false, 0x2000);
        access(SysReg.MDSCR_EL1.key(), false, -1);
        access(SysReg.HCR_EL2.key(), false, -1);
        assertThat(f.sys(SysReg.VBAR_EL1)).isEqualTo(0x1000);
        assertThat(pe.guarded).isFalse();
        assertThat(pe.hcr & HcrEl2.TVM).isZero();
        f.at(2);
        assertThat(f.machine.memory().get64(PAGE - PeFixture.RAM + 0x250)).isEqualTo(0x2000);
    }
}

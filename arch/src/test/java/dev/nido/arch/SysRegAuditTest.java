package dev.nido.arch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The register table against a table extracted from a formal model of the architecture. */
class SysRegAuditTest {

    /** Registers of features that no CPU of ours has, of AArch32, of EL3 and of Secure EL2. */
    private static final Set<String> ABSENT =
            Set.of(
                    "DBGVCR32_EL2",
                    "RGSR_EL1",
                    "GCR_EL1",
                    "TRFCR_EL1/TRFCR_EL2",
                    "TRFCR_EL2",
                    "TRFCR_EL1",
                    "APIAKeyLo_EL1",
                    "APIAKeyHi_EL1",
                    "APIBKeyLo_EL1",
                    "APIBKeyHi_EL1",
                    "APDAKeyLo_EL1",
                    "APDAKeyHi_EL1",
                    "APDBKeyLo_EL1",
                    "APDBKeyHi_EL1",
                    "APGAKeyLo_EL1",
                    "APGAKeyHi_EL1",
                    "TFSR_EL1",
                    "TFSRE0_EL1",
                    "TFSR_EL2",
                    "PMMIR_EL1",
                    "MPAMIDR_EL1",
                    "MPAM1_EL1/MPAM2_EL2",
                    "MPAM0_EL1",
                    "MPAM1_EL1",
                    "MPAM2_EL2",
                    "MPAMHCR_EL2",
                    "MPAMVPMV_EL2",
                    "RVBAR_EL1",
                    "RMR_EL1",
                    "RVBAR_EL2",
                    "RMR_EL2",
                    "SCXTNUM_EL1/SCXTNUM_EL2",
                    "SCXTNUM_EL1",
                    "SCXTNUM_EL0",
                    "SCXTNUM_EL2",
                    "TCO",
                    "DSPSR_EL0",
                    "DLR_EL0",
                    "SDER32_EL2",
                    "VSTTBR_EL2",
                    "VSTCR_EL2",
                    "DACR32_EL2",
                    "IFSR32_EL2",
                    "VSESR_EL2",
                    "FPEXC32_EL2",
                    "VDISR_EL2",
                    "CNTHVS_TVAL_EL2",
                    "CNTHVS_CTL_EL2",
                    "CNTHVS_CVAL_EL2",
                    "CNTHPS_TVAL_EL2",
                    "CNTHPS_CTL_EL2",
                    "CNTHPS_CVAL_EL2");

    private record Row(
            String op0,
            String op1,
            String crn,
            String crm,
            String op2,
            String name,
            String access,
            int vncr,
            String condition) {

        boolean absent() {
            return ABSENT.contains(name)
                    || name.startsWith("MPAMVPM")
                    || op1.equals("6") && !name.equals("SP_EL2")
                    || op1.equals("7");
        }

        /** Every key that the row's wild cards allow. */
        List<Integer> keys() {
            List<Integer> keys = new ArrayList<>();
            for (int m = 0; m < 16; m++) {
                for (int o = 0; o < 8; o++) {
                    if (matches(crm, m) && matches(op2, o)) {
                        keys.add(
                                SysReg.key(
                                        Integer.parseInt(op0),
                                        Integer.parseInt(op1),
                                        Integer.parseInt(crn),
                                        m,
                                        o));
                    }
                }
            }
            return keys;
        }

        private static boolean matches(String pattern, int value) {
            if (pattern.equals("*")) {
                return true;
            }
            int slash = pattern.indexOf('/');
            if (slash < 0) {
                return Integer.parseInt(pattern) == value;
            }
            int want = Integer.parseInt(pattern.substring(0, slash));
            int mask = Integer.parseInt(pattern.substring(slash + 1));
            return (value & mask) == (want & mask);
        }
    }

    private static List<Row> rows() throws IOException {
        List<Row> rows = new ArrayList<>();
        try (BufferedReader in =
                new BufferedReader(
                        new InputStreamReader(
                                SysRegAuditTest.class.getResourceAsStream("sysregs-v8.5.tsv"),
                                StandardCharsets.UTF_8))) {
            in.readLine();
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] f = line.split("\t", -1);
                if (f[0].equals("0")) {
                    continue;
                }
                rows.add(
                        new Row(
                                f[0],
                                f[1],
                                f[2],
                                f[3],
                                f[4],
                                f[5],
                                f[6],
                                f[7].isEmpty() ? -1 : Integer.decode(f[7]),
                                f[8]));
            }
        }
        return rows;
    }

    /** {@code ICH_LR_EL2} for {@code ICH_LR7_EL2}; the table has numbered registers in one row. */
    private static String withoutNumber(String name) {
        return name.replaceAll("\\d+(?=_EL)", "");
    }

    @Test
    void everyRegisterOfTheModelDecodesToItsNameAndDirection() throws IOException {
        List<String> wrong = new ArrayList<>();
        int checked = 0;
        for (Row row : rows()) {
            if (row.absent()) {
                continue;
            }
            boolean any = false;
            for (int key : row.keys()) {
                SysReg r = SysReg.decode(key);
                if (r == null) {
                    continue;
                }
                boolean named = false;
                for (String alternative : row.name.split("/")) {
                    named |=
                            alternative.equals(r.name())
                                    || withoutNumber(alternative).equals(withoutNumber(r.name()));
                }
                if (!named && row.crm.length() + row.op2.length() > 3) {
                    continue; // a wild card that also covers a more specific row
                }
                any |= named;
                String access = (r.readable() ? "R" : "") + (r.writable() ? "W" : "");
                if (!named || !access.equals(row.access)) {
                    wrong.add(row + " is " + r + " " + access);
                }
                checked++;
            }
            if (!any) {
                wrong.add(row + " does not decode");
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(checked).isGreaterThan(300);
    }

    @Test
    void absentRegistersDoNotDecode() throws IOException {
        List<Row> there =
                rows().stream()
                        .filter(Row::absent)
                        .filter(row ->
                                row.keys().stream()
                                        .map(SysReg::decode)
                                        .anyMatch(r -> r != null && !r.isId()))
                        .toList();
        assertThat(there).isEmpty();
    }

    @Test
    void everyVncrSlotIsTheModels() throws IOException {
        List<String> wrong = new ArrayList<>();
        int slots = 0;
        for (Row row : rows()) {
            if (row.absent() || row.op1.equals("5")) {
                continue;
            }
            for (int key : row.keys()) {
                SysReg r = SysReg.decode(key);
                if (r == null
                        || !withoutNumber(row.name.replaceAll("/.*|.*/(?=CNT[PV]_)", ""))
                                .equals(withoutNumber(r.name()))) {
                    continue;
                }
                int number = numberOf(r);
                int expected = row.vncr < 0 ? -1 : row.vncr + 8 * number;
                if (r.vncrOffset() != expected
                        || expected >= 0 && r.vncrByNv1() != row.condition.equals("NV1=1")) {
                    wrong.add(row + " has " + Integer.toHexString(r.vncrOffset()));
                }
                slots += expected >= 0 ? 1 : 0;
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(slots).isEqualTo(51);
    }

    private static int numberOf(SysReg r) {
        return r.name().startsWith("ICH_LR")
                ? Integer.parseInt(r.name().substring(6, r.name().indexOf("_EL")))
                : 0;
    }

    @Test
    void everyAliasOfTheModelDecodesToTheRegisterBehindIt() throws IOException {
        Map<Integer, String> aliases = new HashMap<>();
        for (Row row : rows()) {
            if (row.op1.equals("5") && !row.absent()) {
                aliases.put(row.keys().get(0), row.name);
            }
        }
        assertThat(aliases)
                .allSatisfy((key, name) -> assertThat(SysReg.decode(key).name()).isEqualTo(name));
        for (int key = 0; key < 1 << 16; key++) {
            if (SysReg.isAlias(key) && SysReg.decode(key) != null) {
                assertThat(aliases).containsKey(key);
            }
        }
    }

    @Test
    void everyRowOfOursIsInTheModelOrNewer() throws IOException {
        Set<Integer> model = new HashSet<>();
        for (Row row : rows()) {
            model.addAll(row.keys());
        }
        Set<SysReg> newer = Set.of(SysReg.CNTPCTSS_EL0, SysReg.CNTVCTSS_EL0, SysReg.CNTPOFF_EL2);
        List<SysReg> unknown = new ArrayList<>();
        for (SysReg r : SysReg.values()) {
            if (!model.contains(r.key()) && !newer.contains(r) && r.trap() != Trap.TID3) {
                unknown.add(r);
            }
        }
        assertThat(unknown).isEmpty();
    }

    @Test
    void keysAreUniqueAndRoundTrip() {
        for (SysReg r : SysReg.values()) {
            assertThat(SysReg.decode(r.key())).isEqualTo(r);
        }
        for (SystemOperation o : SystemOperation.values()) {
            assertThat(SystemOperation.decode(o.key())).isEqualTo(o);
        }
    }
}

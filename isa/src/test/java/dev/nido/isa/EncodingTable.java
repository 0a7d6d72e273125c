package dev.nido.isa;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The encodings of Arm's Sail model (a64-encodings.tsv, licence beside it): an oracle that shares
 * nothing with the rows of {@link A64} but the architecture.
 */
final class EncodingTable {

    /** The model's feature tests that hold on Nido's CPU, and the feature each stands for. */
    static final Map<String, String> PRESENT =
            Map.ofEntries(
                    Map.entry("HaveAESExt()", "AES"),
                    Map.entry("HaveAtomicExt()", "LSE"),
                    Map.entry("HaveBit128PMULLExt()", "PMULL"),
                    Map.entry("HaveCRCExt()", "CRC32"),
                    Map.entry("HaveDOTPExt()", "DotProd"),
                    Map.entry("HaveFCADDExt()", "FCMA"),
                    Map.entry("HaveFJCVTZSExt()", "JSCVT"),
                    Map.entry("HaveFP16Ext()", "FP16"),
                    Map.entry("HaveFP16MulNoRoundingToFP32Ext()", "FHM"),
                    Map.entry("HaveFlagFormatExt()", "FlagM2"),
                    Map.entry("HaveFlagManipulateExt()", "FlagM"),
                    Map.entry("HaveQRDMLAHExt()", "RDM"),
                    Map.entry("HaveSBExt()", "SB"),
                    Map.entry("HaveSHA1Ext()", "SHA1"),
                    Map.entry("HaveSHA256Ext()", "SHA256"),
                    Map.entry("HaveSHA3Ext()", "SHA3"),
                    Map.entry("HaveSHA512Ext()", "SHA512"));

    /**
     * Operations whose feature the model tests inside the instruction, so that the table does not
     * name it: FEAT_LRCPC3, FEAT_XS, FEAT_TME, FEAT_WFxT, FEAT_MTE's and others' later additions.
     * The PE has none of them.
     */
    private static final Set<String> ABSENT =
            Set.of(
                    "ldap1_advsimd_sngl",
                    "stl1_advsimd_sngl",
                    "ldapur_fpsimd",
                    "stlur_fpsimd",
                    "ldiapp",
                    "stilp",
                    "tstart",
                    "ttest",
                    "tcancel",
                    "wfet",
                    "wfit");

    /** One row of the table. */
    record Row(String pattern, String operation, List<String> features, int mask, int value) {

        String name() {
            int cut = operation.indexOf("_aarch64_");
            return operation.substring("decode_".length(), cut < 0 ? operation.length() : cut);
        }

        boolean present() {
            String n = name();
            boolean later =
                    ABSENT.contains(n)
                            || operation.endsWith("dsb_nxs")
                            // The forms of LDAPR and STLR with write-back are FEAT_LRCPC3's.
                            || pattern.startsWith("1-011001")
                                    && (n.equals("ldapr") || n.equals("stlr"));
            return !later && PRESENT.keySet().containsAll(features);
        }

        boolean matches(int word) {
            return (word & mask) == value;
        }
    }

    private EncodingTable() {}

    static List<Row> read() {
        List<Row> rows = new ArrayList<>();
        try (BufferedReader in =
                new BufferedReader(
                        new InputStreamReader(
                                EncodingTable.class.getResourceAsStream("a64-encodings.tsv"),
                                StandardCharsets.UTF_8))) {
            String line = in.readLine();
            while ((line = in.readLine()) != null) {
                String[] c = line.split("\t", -1);
                int mask = 0;
                int value = 0;
                for (int i = 0; i < 32; i++) {
                    if (c[0].charAt(i) != '-') {
                        mask |= 1 << 31 - i;
                        value |= (c[0].charAt(i) - '0') << 31 - i;
                    }
                }
                List<String> features =
                        c[4].isBlank() ? List.of() : List.of(c[4].strip().split(" "));
                rows.add(new Row(c[0], c[2], features, mask, value));
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return rows;
    }
}

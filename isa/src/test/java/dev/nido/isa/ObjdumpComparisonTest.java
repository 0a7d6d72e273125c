package dev.nido.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** Random words against GNU objdump, where it is installed: which are defined, and their text. */
class ObjdumpComparisonTest {
    private static final String OBJDUMP = "aarch64-linux-gnu-objdump";
    private static final int WORDS = 1_000_000;
    private static final List<EncodingTable.Row> ABSENT =
            EncodingTable.read().stream().filter(r -> !r.present()).toList();

    @TempDir Path directory;

    @Test
    void definesTheWordsThatObjdumpDefinesAndPrintsThemAlike() throws IOException {
        assumeTrue(installed(), OBJDUMP + " is not installed: comparison skipped");
        SplittableRandom random = new SplittableRandom(6);
        A64[] rows = A64.values();
        int[] words = new int[WORDS];
        for (int i = 0; i < WORDS; i++) {
            if ((i & 1) == 0) {
                words[i] = random.nextInt();
            } else {
                A64 row = rows[random.nextInt(rows.length)];
                words[i] = row.value() | random.nextInt() & ~row.mask();
                if (random.nextInt(4) == 0) {
                    words[i] ^= 1 << random.nextInt(32);
                }
            }
        }
        Path file = directory.resolve("words.bin");
        ByteBuffer bytes = ByteBuffer.allocate(4 * WORDS).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(words);
        Files.write(file, bytes.array());
        Process p =
                new ProcessBuilder(
                                OBJDUMP,
                                "-D",
                                "-z",
                                "-b",
                                "binary",
                                "-m",
                                "aarch64",
                                "-EL",
                                file.toString())
                        .redirectErrorStream(true)
                        .start();
        Map<String, Integer> explained = new TreeMap<>();
        Map<String, String> unexplained = new TreeMap<>();
        int compared = 0;
        int sameText = 0;
        int differentText = 0;
        try (BufferedReader in =
                new BufferedReader(
                        new InputStreamReader(p.getInputStream(), StandardCharsets.UTF_8))) {
            String line;
            while ((line = in.readLine()) != null) {
                String[] c = line.split("\t", 3);
                if (c.length < 3 || !c[0].strip().endsWith(":")) {
                    continue;
                }
                int word = words[compared];
                assertThat((int) Long.parseLong(c[1].strip(), 16)).isEqualTo(word);
                String theirs = normal(c[2]);
                String ours = normal(Disassembler.disassemble(4L * compared, word));
                compared++;
                boolean theyDefine = !theirs.startsWith(".inst") && !theirs.startsWith("udf");
                boolean weDefine = !ours.startsWith(".inst") && !ours.startsWith("udf");
                if (theyDefine != weDefine) {
                    String why = weDefine ? whyOnlyWe(word) : whyOnlyThey(word, theirs);
                    if (why != null) {
                        explained.merge(why, 1, Integer::sum);
                    } else {
                        unexplained.putIfAbsent(
                                A64.decode(word) + " " + theirs.split(" ")[0],
                                String.format("%08x theirs: %s ours: %s", word, theirs, ours));
                    }
                } else if (weDefine) {
                    if (ours.equals(theirs)) {
                        sameText++;
                    } else if (++differentText <= 5) {
                        System.out.printf(
                                "objdump: %08x theirs: %s ours: %s%n", word, theirs, ours);
                    }
                }
            }
        }
        System.out.printf(
                "objdump: %d words, same text %d, other text %d; defined by one only, for a reason: %s%n",
                compared, sameText, differentText, explained);
        assertThat(compared).isEqualTo(WORDS);
        assertThat(unexplained).isEmpty();
        // Names of registers that the PE lacks, and the like.
        assertThat(differentText).isLessThan(sameText / 1000);
    }

    private static String normal(String text) {
        int comment = text.indexOf("//");
        String t = comment < 0 ? text : text.substring(0, comment);
        return t.strip().replaceAll("\\s+", " ").replace("#0x", "0x").replaceAll(" <[^>]*>", "");
    }

    private static String whyOnlyThey(int word, String theirs) {
        int op0 = word >>> 25 & 15;
        if (op0 == 2 || op0 == 0) {
            return "SVE and SME";
        }
        for (EncodingTable.Row r : ABSENT) {
            if (r.matches(word)) {
                return r.features().isEmpty() ? "later features" : r.features().getFirst();
            }
        }
        A64 row = A64.decode(word);
        if (row == A64.MSR_IMM || theirs.startsWith("msr s0_") || theirs.startsWith("mrs")) {
            return "op0 = 0 as a system register";
        }
        String mnemonic = theirs.split(" ")[0];
        if (row == null
                && mnemonic.matches(
                        "(ld|st)l?a?x?[rp][bh]?|ldaxp|stlxp|ldlar[bh]?|stllr[bh]?|[su]mulh")) {
            return "should-be-one fields that are not";
        }
        if (row == null && mnemonic.matches("fml[as]l2?") && (word >>> 22 & 1) == 1) {
            return "FMLAL with sz = 1";
        }
        if (mnemonic.matches("(cpy|set)f?[pme].*|setg.*")) {
            return "FEAT_MOPS";
        }
        return null;
    }

    private static String whyOnlyWe(int word) {
        A64 row = A64.decode(word);
        String name = row.name();
        if (name.startsWith("LDPSW")) {
            return "CONSTRAINED UNPREDICTABLE register choice";
        }
        return null;
    }

    private static boolean installed() {
        for (String d : System.getenv("PATH").split(File.pathSeparator)) {
            if (Files.isExecutable(Path.of(d, OBJDUMP))) {
                return true;
            }
        }
        return false;
    }
}

package dev.nido.board.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Every in-tree guest observes the same on QEMU, where one is installed, but for the differences
 * that {@code differences.tsv} lists, each with the section of the Arm ARM that decides it.
 */
class QemuComparisonTest {

    private static final String QEMU = "qemu-system-aarch64";

    /**
     * A field of the lines that match, in which QEMU may differ: {@code name}, or {@code name&mask}
     * where only the bits outside the mask may.
     */
    private record Difference(String guest, Pattern line, String field, String reason) {

        private String name() {
            return field.split("&")[0] + "=";
        }

        String mask(String text) {
            if (!field.contains("&") || !text.startsWith(name())) {
                return text;
            }
            long value = Long.parseUnsignedLong(text.substring(name().length()), 16);
            return name()
                    + Long.toHexString(value & Long.parseUnsignedLong(field.split("&")[1], 16));
        }

        /** Whether it is of no interest what this field holds, or that it is there. */
        boolean hides(String text) {
            return !field.contains("&") && text.startsWith(name());
        }
    }

    @TempDir private Path directory;

    static Stream<Arguments> runs() {
        // Its sums are over counts, which on QEMU are not instructions.
        return InTreeGuestTest.runs().filter(run -> run.get()[0] != InTreeGuest.PROBE_IRQ);
    }

    private static List<Difference> differences() throws IOException {
        List<Difference> rows = new ArrayList<>();
        try (InputStream in = QemuComparisonTest.class.getResourceAsStream("differences.tsv")) {
            for (String row : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                if (!row.isBlank() && !row.startsWith("#")) {
                    String[] columns = row.split("\t");
                    assertThat(columns).as(row).hasSize(4);
                    rows.add(
                            new Difference(
                                    columns[0],
                                    Pattern.compile(columns[1]),
                                    columns[2],
                                    columns[3]));
                }
            }
        }
        return rows;
    }

    private static boolean installed() {
        return Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(d -> Files.isExecutable(Path.of(d, QEMU)));
    }

    private String qemu(InTreeGuest guest, int el) throws Exception {
        Path image = Files.write(directory.resolve("qemu-image"), guest.assemble());
        Path out = directory.resolve("qemu-output");
        Process process =
                new ProcessBuilder(
                                QEMU,
                                "-M",
                                "virt,gic-version=3,virtualization=" + (el == 2 ? "on" : "off"),
                                "-cpu",
                                "max",
                                "-m",
                                "512M",
                                "-nic",
                                "none",
                                "-display",
                                "none",
                                "-serial",
                                "file:" + out,
                                "-kernel",
                                image.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("QEMU ends").isTrue();
        return Files.readString(out, StandardCharsets.US_ASCII);
    }

    @ParameterizedTest(name = "{0} at EL{1}")
    @MethodSource("runs")
    void qemuObservesTheSameButForListedDifferences(InTreeGuest guest, int el) throws Exception {
        assumeTrue(installed(), QEMU + " is not installed");
        List<String> ours = comparable(guest, InTreeGuestTest.run(guest, el, directory));
        List<String> theirs = comparable(guest, qemu(guest, el));
        assertThat(theirs).hasSameSizeAs(ours);
        List<String> unexplained = new ArrayList<>();
        for (int i = 0; i < ours.size(); i++) {
            compare(guest, ours.get(i), theirs.get(i), unexplained);
        }
        assertThat(unexplained).isEmpty();
    }

    /** The lines that both must have. */
    private static List<String> comparable(InTreeGuest guest, String output) throws IOException {
        List<Difference> listed =
                differences().stream()
                        .filter(d -> d.guest.equals(guest.guestName()) && d.field.equals("*"))
                        .toList();
        return output.lines()
                .filter(line -> listed.stream().noneMatch(d -> d.line.matcher(line).find()))
                .toList();
    }

    private static void compare(
            InTreeGuest guest, String ours, String theirs, List<String> unexplained)
            throws IOException {
        List<String> fields = new ArrayList<>(List.of(ours.split(" ")));
        List<String> others = new ArrayList<>(List.of(theirs.split(" ")));
        differences().stream()
                .filter(d -> d.guest.equals(guest.guestName()) && d.line.matcher(ours).find())
                .forEach(d -> {
                    fields.replaceAll(d::mask);
                    others.replaceAll(d::mask);
                    fields.removeIf(d::hides);
                    others.removeIf(d::hides);
                });
        if (!fields.equals(others)) {
            unexplained.add("Nido: %s | QEMU: %s".formatted(ours, theirs));
        }
    }
}

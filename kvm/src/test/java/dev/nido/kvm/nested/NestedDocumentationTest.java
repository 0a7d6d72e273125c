package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** docs/nested-virtualization.md says which class does what and which test checks it. */
class NestedDocumentationTest {

    private static final int ITEMS = 69;
    private static final Pattern ROW =
            Pattern.compile("\\| (\\d\\d) \\| [^|]+ \\| ([^|]+) \\| ([^|]+) \\|");
    private static final Pattern NAME = Pattern.compile("`([\\w.]+)`");
    private static final Pattern TEST = Pattern.compile("Item(\\d\\d)\\w+Test");

    /** A row of the checklist. */
    private record Row(String item, List<String> classes, List<String> tests) {}

    private static Path root;
    private static List<Row> rows;

    @BeforeAll
    static void read() throws IOException {
        root = Path.of("").toAbsolutePath();
        while (!Files.exists(root.resolve("docs/nested-virtualization.md"))) {
            root = root.getParent();
        }
        rows =
                Files.readAllLines(root.resolve("docs/nested-virtualization.md")).stream()
                        .map(ROW::matcher)
                        .filter(Matcher::matches)
                        .map(m -> new Row(m.group(1), names(m.group(2)), names(m.group(3))))
                        .toList();
    }

    private static List<String> names(String cell) {
        List<String> names = new ArrayList<>();
        NAME.matcher(cell).results().forEach(m -> names.add(m.group(1)));
        return names;
    }

    /** The item tests of all modules. */
    private static SortedSet<String> testsOfTheTree() throws IOException {
        SortedSet<String> found = new TreeSet<>();
        try (Stream<Path> modules = Files.list(root)) {
            for (Path module : modules.toList()) {
                Path tests = module.resolve("src/test/java");
                if (Files.isDirectory(tests)) {
                    try (Stream<Path> files = Files.walk(tests)) {
                        files.map(f -> f.getFileName().toString())
                                .filter(f -> f.endsWith(".java"))
                                .map(f -> f.substring(0, f.length() - ".java".length()))
                                .filter(f -> TEST.matcher(f).matches())
                                .forEach(found::add);
                    }
                }
            }
        }
        return found;
    }

    @Test
    void everyItemHasARow() {
        assertThat(rows)
                .extracting(Row::item)
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, ITEMS).mapToObj("%02d"::formatted).toList());
    }

    @Test
    void everyClassIsThere() {
        for (Row row : rows) {
            assertThat(row.classes()).as("item " + row.item()).isNotEmpty();
            for (String name : row.classes()) {
                String module = name.startsWith("arch.") ? "arch" : "kvm";
                String folder = module.equals("arch") ? "dev/nido/" : "dev/nido/kvm/";
                assertThat(
                                root.resolve(module)
                                        .resolve("src/main/java")
                                        .resolve(folder + name.replace('.', '/') + ".java"))
                        .as("item " + row.item())
                        .exists();
            }
        }
    }

    @Test
    void everyItemHasItsTests() throws IOException {
        SortedSet<String> tests = testsOfTheTree();
        for (Row row : rows) {
            assertThat(row.tests())
                    .as("item " + row.item())
                    .isNotEmpty()
                    .containsExactlyElementsOf(
                            tests.stream().filter(t -> t.startsWith("Item" + row.item())).toList());
        }
    }
}

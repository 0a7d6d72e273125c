package dev.nido.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.nido.isa.Assembler;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The command on a real pseudo-terminal, which {@code script} of the distribution makes. */
class HostTerminalTest {
    private static final long ORIGIN = 0x4008_0000L;

    /** Prints R, then shows each key that it gets plus one; q ends it. */
    private static final String GUEST =
            """
            movz x9, #0x0900, lsl #16
            mov  w1, #'R'
            str  w1, [x9]
            1: ldr w1, [x9, #0x18]
            tbnz w1, #4, 1b
            ldr  w1, [x9]
            add  w2, w1, #1
            str  w2, [x9]
            cmp  w1, #'q'
            b.ne 1b
            mov  w0, #0x8
            movk w0, #0x8400, lsl #16
            hvc  #0
            """;

    @TempDir Path folder;

    /** A shell on a pseudo-terminal that runs the command and then compares the terminal's mode. */
    private final class Session implements AutoCloseable {
        private final Process process;
        private final InputStream output;
        private final OutputStream keys;
        private final StringBuilder seen = new StringBuilder();

        Session() throws IOException {
            assumeThat(Path.of("/usr/bin/script")).isExecutable();
            Path kernel =
                    Files.write(
                            folder.resolve("kernel"), Assembler.assemble(GUEST, ORIGIN).bytes());
            Path script = folder.resolve("session");
            Files.writeString(
                    script,
                    """
                    before=$(stty -g)
                    sh -c 'echo pid=$$.; exec "$0" "$@"' %s --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC \
                        -cp '%s' dev.nido.cli.Main run -k '%s' --timeout 60s
                    status=$?
                    [ "$before" = "$(stty -g)" ] && echo restored status=$status. || echo spoilt status=$status.
                    """
                            .formatted(
                                    Path.of(System.getProperty("java.home"), "bin", "java"),
                                    System.getProperty("java.class.path"),
                                    kernel));
            process =
                    new ProcessBuilder("script", "-q", "-c", "sh " + script, "/dev/null")
                            .redirectErrorStream(true)
                            .redirectInput(ProcessBuilder.Redirect.PIPE)
                            .directory(new File("/"))
                            .start();
            output = process.getInputStream();
            keys = process.getOutputStream();
        }

        /** Reads on until the output has this, and returns its first group. */
        String await(String pattern) throws IOException {
            Pattern wanted = Pattern.compile(pattern);
            while (true) {
                Matcher m = wanted.matcher(seen);
                if (m.find()) {
                    String found = m.groupCount() > 0 ? m.group(1) : m.group();
                    seen.delete(0, m.end());
                    return found;
                }
                int c = output.read();
                assertThat(c)
                        .as("output ended before '%s', after: %s", pattern, seen)
                        .isNotNegative();
                seen.append((char) c);
            }
        }

        void type(String text) throws IOException {
            keys.write(text.getBytes(StandardCharsets.UTF_8));
            keys.flush();
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    @Test
    void controlAXQuitsAndTheTerminalIsAsItWas() throws IOException {
        try (Session session = new Session()) {
            session.await("R");
            session.type("\001x");
            assertThat(session.await("((?:restored|spoilt) status=\\d+)\\."))
                    .isEqualTo("restored status=0");
        }
    }

    @Test
    void everyKeyGoesToTheGuestControlCAmongThem() throws IOException {
        try (Session session = new Session()) {
            session.await("R");
            session.type("a\003\001\001q");
            assertThat(session.await("([^R]*)restored")).startsWith("b\004\002r");
            assertThat(session.await("status=(\\d+)\\.")).isEqualTo("0");
        }
    }

    @Test
    void monitorShowsRegistersAndResumes() throws IOException {
        try (Session session = new Session()) {
            session.await("R");
            session.type("\001c");
            session.await("\\(nido\\) ");
            session.type("info registers\n");
            assertThat(session.await("x9  ([0-9a-f]{16})")).isEqualTo("0000000009000000");
            session.await("\\(nido\\) ");
            session.type("\n");
            session.type("\001x");
            assertThat(session.await("((?:restored|spoilt) status=\\d+)\\."))
                    .isEqualTo("restored status=0");
        }
    }

    @Test
    void signalLeavesTheTerminalAsItWas() throws IOException {
        try (Session session = new Session()) {
            long pid = Long.parseLong(session.await("pid=(\\d+)\\."));
            session.await("R");
            ProcessHandle.of(pid).orElseThrow().destroy();
            assertThat(session.await("((?:restored|spoilt) status=\\d+)\\."))
                    .isEqualTo("restored status=143");
        }
    }
}

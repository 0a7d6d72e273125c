package dev.nido.board.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.board.BoardConfig;
import dev.nido.board.VirtBoard;
import dev.nido.machine.MachineEnd;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/** Every in-tree guest at both levels says what was reviewed. */
class InTreeGuestTest {

    @TempDir private Path directory;

    static Stream<Arguments> runs() {
        return Stream.of(InTreeGuest.values())
                .flatMap(g -> Stream.of(Arguments.of(g, 1), Arguments.of(g, 2)));
    }

    static String run(InTreeGuest guest, int el, Path directory) throws Exception {
        Path image = Files.write(directory.resolve("image"), guest.assemble());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BoardConfig config =
                BoardConfig.of(image)
                        .memory(512 << 20)
                        .startEl(el)
                        .deterministic(true)
                        .console(out::write)
                        .build();
        try (VirtBoard board = VirtBoard.create(config)) {
            assertThat(board.run(Duration.ofSeconds(60))).isEqualTo(new MachineEnd.PoweredOff());
        }
        return out.toString(StandardCharsets.US_ASCII);
    }

    @ParameterizedTest(name = "{0} at EL{1}")
    @MethodSource("runs")
    void guestSaysWhatWasReviewed(InTreeGuest guest, int el) throws Exception {
        String golden = "%s-el%d.txt".formatted(guest.guestName(), el);
        try (InputStream in = getClass().getResourceAsStream(golden)) {
            assertThat(in).as(golden).isNotNull();
            assertThat(run(guest, el, directory))
                    .isEqualTo(new String(in.readAllBytes(), StandardCharsets.US_ASCII));
        }
    }
}

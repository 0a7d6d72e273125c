package dev.nido.board.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.board.BoardConfig;
import dev.nido.board.VirtBoard;
import dev.nido.machine.MachineEnd;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A hypervisor that uses FEAT_NV2 runs itself, and what it runs innermost can't tell how deep. */
class MatryoshkaTest {

    @TempDir private Path directory;

    private List<String> run(int depth) throws Exception {
        Path image = Files.write(directory.resolve("image"), Matryoshka.image(depth));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BoardConfig config =
                BoardConfig.of(image)
                        .cpu(CpuModel.parse("default,+nv2"))
                        .memory(512 << 20)
                        .startEl(2)
                        .deterministic(true)
                        .console(out::write)
                        .build();
        try (VirtBoard board = VirtBoard.create(config)) {
            assertThat(board.run(Duration.ofSeconds(60))).isEqualTo(new MachineEnd.PoweredOff());
        }
        return out.toString(StandardCharsets.US_ASCII).lines().toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void payloadRunsUnderThatManyLevels(int depth) throws Exception {
        List<String> lines = run(depth);
        assertThat(lines).hasSize(5 + 2 * depth);
        for (int level = 0; level < depth; level++) {
            assertThat(lines.get(level))
                    .isEqualTo(
                            "matryoshka level=%d memory=%x el=2",
                            level, 0x1000_0000 - level * 0x20_0000);
        }
        assertThat(lines.subList(depth, depth + 5))
                .containsExactly(
                        "payload el=1 around=" + depth,
                        "payload memory good=10",
                        "payload device read=" + Integer.toHexString((depth - 1) << 12 | 0x128),
                        "payload timer intid=1b",
                        "payload ends");
    }
}

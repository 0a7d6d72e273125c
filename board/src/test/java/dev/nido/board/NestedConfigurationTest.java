package dev.nido.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.kvm.nested.Nesting;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Files;
import java.nio.file.Path;

/** A board whose guest's EL2 can't be says which two things exclude each other. */
class NestedConfigurationTest {

    @TempDir private Path directory;

    private Path kernel;

    @BeforeEach
    void program() throws Exception {
        kernel = Files.write(directory.resolve("program"), new byte[] {0, 0, 0, 0x14});
    }

    private BoardConfig.Builder board(String cpu, Nesting nesting) {
        return BoardConfig.of(kernel)
                .cpu(CpuModel.parse(cpu))
                .memory(16 << 20)
                .startEl(2)
                .hosting(BoardConfig.Hosting.STANDARD.withNesting(nesting));
    }

    private static void refused(BoardConfig.Builder builder, String one, String other) {
        assertThatThrownBy(() -> VirtBoard.create(builder.build()).close())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(one)
                .hasMessageContaining(other);
    }

    @Test
    void guestAtEl2WithoutNestedVirtualizationBelow() {
        refused(board("default", Nesting.NONE), "starts at EL2", "neither FEAT_NV nor FEAT_NV2");
    }

    @Test
    void guestAtEl1WithNestedVirtualizationBelow() {
        refused(board("default,-e2h0", Nesting.NV2).startEl(1), "FEAT_NV2", "starts at EL1");
    }

    @Test
    void guestAtEl2WhoseCpuHasNone() {
        refused(board("default,-el2", Nesting.NV2), "starts at EL2", "its CPU has none");
        refused(board("default,-el2", Nesting.NONE).hosting(null), "EL2", "its CPU has none");
    }

    @Test
    void protectedGuestAtEl2() {
        refused(
                board("default,-e2h0", Nesting.NV2)
                        .hosting(new BoardConfig.Hosting(0, 4096, true, false, Nesting.NV2)),
                "--protected",
                "--nested nv2");
    }

    @Test
    void switchableE2hOverNv2() {
        refused(board("default", Nesting.NV2), "--nested nv2", "--e2h any");
    }

    @ParameterizedTest
    @CsvSource({
        "'default', NV", "'default,-e2h0', NV", "'default,-vhe', NV",
        "'default,-e2h0', NV2", "'default,-vhe', NV2", "'default,-e2h0,+nv2', NV2",
    })
    void whatRemainsIsBuiltOnThatFeature(String cpu, Nesting nesting) throws Exception {
        try (VirtBoard board = VirtBoard.create(board(cpu, nesting).build())) {
            assertThat(board.vm().nesting()).isEqualTo(nesting);
            assertThat(board.machine().pe(0).cpu.has(Feature.NV2))
                    .isEqualTo(nesting == Nesting.NV2);
            assertThat(board.vm().vcpus().getFirst().nested().isEl2()).isTrue();
        }
    }
}

package dev.nido.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.board.guest.InTreeGuest;
import dev.nido.machine.MachineEnd;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A block device and a guest that decides what the device sees of its memory. */
class ProtectedBlockTest {

    private static final int SECTOR = 512;

    /** In the first bytes of the sectors at first. */
    private static final long[] FIRST = {
        0x1122_3344_5566_7788L, 0x0101_0101_0101_0101L, 0x99aa_bbcc_ddee_ff00L
    };

    @TempDir private Path directory;

    private Path disk() throws IOException {
        ByteBuffer content = ByteBuffer.allocate(4 * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < FIRST.length; i++) {
            content.putLong(i * SECTOR, FIRST[i]);
        }
        return Files.write(directory.resolve("disk"), content.array());
    }

    private static long sector(Path disk, int number) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(disk))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong(number * SECTOR);
    }

    private BoardConfig config(Path disk, BoardConfig.Hosting hosting, boolean deterministic)
            throws IOException {
        Path image = Files.write(directory.resolve("image"), InTreeGuest.SHARE_BLOCK.assemble());
        return BoardConfig.of(image)
                .memory(512 << 20)
                .startEl(1)
                .disks(List.of(new BoardConfig.Disk(disk, false)))
                .deterministic(deterministic)
                .hosting(hosting)
                .build();
    }

    private String run(Path disk, BoardConfig.Hosting hosting, boolean deterministic)
            throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BoardConfig config = config(disk, hosting, deterministic).withConsoles(out::write, null);
        try (VirtBoard board = VirtBoard.create(config)) {
            assertThat(board.run(Duration.ofSeconds(60))).isEqualTo(new MachineEnd.PoweredOff());
        }
        return out.toString(StandardCharsets.US_ASCII);
    }

    /** What a protected guest says. Device status 4f: it wants a reset, as it was misled. */
    private static String expected(int granule) {
        return """
        memory granule=%x
        before device=4f used=0 answer=ff data=0
        hypercalls queue=0 buffer=0
        read device=f used=1 answer=0 data=1122334455667788
        write device=f used=2 answer=0 data=eeddccbbaa998877
        again device=f used=3 answer=0 data=eeddccbbaa998877
        hypercalls queue=0 buffer=0
        after device=4f used=3 answer=ff data=eeddccbbaa998877
        half device=4f used=0 answer=ff data=eeddccbbaa998877
        hypercalls queue=0 buffer=0
        end device=f used=1 answer=0 data=99aabbccddeeff00
        hypercalls queue=0 buffer=0
        """
                .formatted(granule);
    }

    @ParameterizedTest
    @CsvSource({"4096, true", "4096, false", "16384, true", "65536, true"})
    void theDeviceReachesWhatIsSharedAndNothingElse(int granule, boolean deterministic)
            throws Exception {
        Path disk = disk();
        String said = run(disk, new BoardConfig.Hosting(0, granule, true, false), deterministic);
        assertThat(said).isEqualTo(expected(granule));
        assertThat(sector(disk, 0)).isEqualTo(FIRST[0]);
        assertThat(sector(disk, 1)).isEqualTo(~FIRST[0]);
        assertThat(sector(disk, 2)).isEqualTo(FIRST[2]);
    }

    @Test
    void withoutProtectionTheDeviceReachesEverything() throws Exception {
        Path disk = disk();
        String bare = run(disk, null, true);
        assertThat(sector(disk, 2)).isEqualTo(~FIRST[0]);
        assertThat(bare)
                .startsWith(
                        """
                        memory granule=ffffffffffffffff
                        before device=f used=1 answer=0 data=1122334455667788
                        hypercalls queue=ffffffffffffffff buffer=ffffffffffffffff
                        """)
                .contains("after device=f used=4 answer=0 data=eeddccbbaa998877\n")
                .doesNotContain("device=4f");
        assertThat(run(disk(), BoardConfig.Hosting.STANDARD, true)).isEqualTo(bare);
    }

    @Test
    void severalProtectedGuestsOnOneMachineKeepTheirPagesApart() throws Exception {
        BoardConfig.Hosting hosting = new BoardConfig.Hosting(0, 4096, true, false);
        try (HostedMachine host = HostedMachine.create(CpuModel.defaultModel(), 2, 2L << 30)) {
            long used = -1;
            for (int round = 0; round < 2; round++) {
                List<VirtBoard> boards = new ArrayList<>();
                List<ByteArrayOutputStream> said = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    ByteArrayOutputStream out = new ByteArrayOutputStream();
                    Path disk = Files.copy(disk(), directory.resolve("disk" + round + i));
                    BoardConfig config =
                            config(disk, hosting, false).withConsoles(out::write, null);
                    boards.add(VirtBoard.create(config, host));
                    said.add(out);
                }
                List<Thread> threads = new ArrayList<>();
                for (VirtBoard board : boards) {
                    threads.add(Thread.ofPlatform().start(() -> board.run(Duration.ofSeconds(60))));
                }
                for (Thread thread : threads) {
                    thread.join();
                }
                for (int i = 0; i < boards.size(); i++) {
                    boards.get(i).close();
                    assertThat(said.get(i).toString(StandardCharsets.US_ASCII))
                            .isEqualTo(expected(4096));
                }
                if (round == 1) {
                    assertThat(host.hypervisor().memory().usedPages()).isEqualTo(used);
                }
                used = host.hypervisor().memory().usedPages();
            }
        }
    }

    @Test
    void aMachineThatHasOrdinaryGuestsTakesNoProtectedOnes() throws Exception {
        Path disk = disk();
        try (HostedMachine host = HostedMachine.create(CpuModel.defaultModel(), 1, 2L << 30);
                VirtBoard first =
                        VirtBoard.create(config(disk, BoardConfig.Hosting.STANDARD, false), host)) {
            assertThat(first).isNotNull();
            BoardConfig second = config(disk, new BoardConfig.Hosting(0, 4096, true, false), false);
            assertThatThrownBy(() -> VirtBoard.create(second, host))
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("protected");
        }
    }
}

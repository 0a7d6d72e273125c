package dev.nido.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.board.fdt.DeviceTree;

import org.junit.jupiter.api.Test;

import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

class VirtDeviceTreeTest {

    private static BoardConfig.Builder config() {
        return BoardConfig.of(Path.of("kernel")).append("console=ttyAMA0");
    }

    private static DeviceTree complete(BoardConfig config, CpuModel cpu, int devices) {
        DeviceTree tree = VirtDeviceTree.build(config, cpu, devices);
        VirtDeviceTree.complete(tree, config, 0x4800_0000L, 0x12_3456);
        return tree;
    }

    @Test
    void treeOfAMachineThatStartsAtEl2IsTheReviewedOne() throws Exception {
        BoardConfig config = config().cpus(2).startEl(2).build();
        try (InputStream golden = getClass().getResourceAsStream("virt-el2.dts")) {
            assertThat(complete(config, config.cpu(), 2).toSource())
                    .isEqualTo(new String(golden.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void atEl1TheConduitIsHvcAndNothingOfEl2IsDescribed() {
        BoardConfig config = config().build();
        DeviceTree tree = complete(config, config.cpu().withoutEl2(), 0);
        assertThat(tree.root().find("psci").get("method")).containsExactly('h', 'v', 'c', 0);
        assertThat(tree.root().find("intc@8000000").get("interrupts")).isNull();
        assertThat(tree.root().find("timer").get("interrupts")).hasSize(4 * 12);
    }

    @Test
    void seedsDependOnTheSeedOnly() {
        BoardConfig one = config().seed(1).build();
        BoardConfig two = config().seed(2).build();
        byte[] first = complete(one, one.cpu(), 0).root().find("chosen").get("rng-seed");
        assertThat(complete(one, one.cpu(), 3).root().find("chosen").get("rng-seed"))
                .isEqualTo(first);
        assertThat(complete(two, two.cpu(), 0).root().find("chosen").get("rng-seed"))
                .isNotEqualTo(first);
    }

    @Test
    void cpusOfTheSecondClusterAreNamedByTheirAffinity() {
        BoardConfig config = config().cpus(17).build();
        byte[] reg =
                complete(config, config.cpu(), 0).root().find("cpus").find("cpu@100").get("reg");
        assertThat(ByteBuffer.wrap(reg).getInt()).isEqualTo(0x100);
    }

    @Test
    void aUsersTreeKeepsItsCommandLineUnlessOneIsGiven() {
        DeviceTree tree = new DeviceTree();
        tree.root().child("chosen").strings("bootargs", "theirs");
        BoardConfig without = config().append("").build();
        VirtDeviceTree.complete(tree, without, 0, 0);
        assertThat(tree.toSource()).contains("bootargs = \"theirs\"").doesNotContain("initrd");
        VirtDeviceTree.complete(tree, config().append("ours").build(), 0x4800_0000L, 4096);
        assertThat(tree.toSource())
                .contains("bootargs = \"ours\"")
                .contains("linux,initrd-end = <0x0 0x48001000>");
    }

    @Test
    void memoryIsWrittenWithTheCellSizesOfAUsersTree() {
        DeviceTree tree = new DeviceTree();
        tree.root().cells("#address-cells", 1).cells("#size-cells", 1);
        tree.root().child("memory@80000000").strings("device_type", "memory");
        VirtDeviceTree.complete(tree, config().memory(256 << 20).build(), 0, 0);
        assertThat(ByteBuffer.wrap(tree.root().find("memory@80000000").get("reg")).getLong())
                .isEqualTo(0x4000_0000_1000_0000L);
    }
}

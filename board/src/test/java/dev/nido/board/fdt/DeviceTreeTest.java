package dev.nido.board.fdt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

class DeviceTreeTest {

    private static DeviceTree sample() {
        DeviceTree tree = new DeviceTree();
        tree.root().strings("compatible", "a,b", "c").cells("#address-cells", 2);
        tree.root()
                .child("one@1")
                .longs("reg", 1L << 32, 2)
                .flag("empty")
                .bytes("odd", new byte[] {1, 2, 3});
        tree.root().child("one@1").child("two").strings("compatible", "d");
        tree.root().child("three");
        return tree;
    }

    @Test
    void whatWasWrittenIsReadBack() throws Exception {
        byte[] blob = sample().toBlob();
        DeviceTree read = DeviceTree.parse("it", blob);
        assertThat(read.toSource()).isEqualTo(sample().toSource()).contains("odd = [01 02 03]");
        assertThat(read.toBlob()).isEqualTo(blob);
    }

    @Test
    void headerSaysVersion17AndItsOwnLength() {
        ByteBuffer blob = ByteBuffer.wrap(sample().toBlob());
        assertThat(blob.getInt(0)).isEqualTo(0xd00dfeed);
        assertThat(blob.getInt(4)).isEqualTo(blob.capacity());
        assertThat(blob.getInt(20)).isEqualTo(17);
    }

    @Test
    void somethingElseIsRefused() {
        assertThatThrownBy(() -> DeviceTree.parse("x.dtb", new byte[100]))
                .isInstanceOf(DeviceTreeException.class)
                .hasMessageContaining("x.dtb does not start with 0xd00dfeed");
    }

    @Test
    void aTreeThatIsCutShortIsRefused() {
        byte[] blob = sample().toBlob();
        assertThatThrownBy(() -> DeviceTree.parse("x", Arrays.copyOf(blob, blob.length - 8)))
                .isInstanceOf(DeviceTreeException.class)
                .hasMessageContaining("is cut short");
    }

    @Test
    void damageIsRefusedOrReadButNeverEscapes() {
        byte[] blob = sample().toBlob();
        Random random = new Random(7);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] damaged = blob.clone();
            for (int n = 0; n <= random.nextInt(4); n++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            try {
                DeviceTree.parse("x", damaged);
            } catch (DeviceTreeException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(1_000);
    }
}

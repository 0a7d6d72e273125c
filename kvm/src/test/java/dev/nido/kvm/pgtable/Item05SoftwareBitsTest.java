package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.kvm.Errno;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The software bits of stage-2 leaves, descriptor bits 58:55: what sets, keeps and replaces them.
 */
class Item05SoftwareBitsTest {

    private static final int SW01 = Prot.SW0 | Prot.SW1;
    private static final long M2 = 1L << 21;

    private final TestMemory memory = new TestMemory(12, 2048);
    private final TestContext context = TestContext.of(12, 40);
    private final Stage2PageTable table = Stage2PageTable.create(context, memory);
    private final Leaf leaf = new Leaf();

    @AfterEach
    void everythingIsFreed() {
        table.destroy();
        assertThat(memory.live()).isZero();
        memory.close();
    }

    private void map(long ipa, long size, int prot) {
        assertThat(table.map(ipa, size, M2 + ipa, prot, memory.endless())).isZero();
    }

    private long bits(long ipa) {
        assertThat(table.getLeaf(ipa, leaf)).isZero();
        return leaf.pte() >>> 55 & 15;
    }

    @Test
    void relaxingWithTheSameTagsKeepsThemAndGivesTheRight() {
        map(0, 4096, Prot.R | SW01);
        assertThat(bits(0)).isEqualTo(3);
        assertThat(table.relaxPermsAndSw(0, Prot.RW | SW01, 0)).isZero();
        assertThat(bits(0)).isEqualTo(3);
        assertThat(leaf.pte() >>> 7 & 1).isEqualTo(1);
        assertThat(Stage2PageTable.ptePermissions(leaf.pte())).isEqualTo(Prot.RW | SW01);
    }

    @Test
    void relaxingWithoutTagsKeepsThoseThatThereAre() {
        map(0, 4096, Prot.R | SW01);
        assertThat(table.relaxPerms(0, Prot.RW, 0)).isZero();
        assertThat(bits(0)).isEqualTo(3);
        assertThat(table.relaxPerms(0, Prot.RW | Prot.SW2, 0)).isEqualTo(-Errno.EINVAL);
        assertThat(bits(0)).isEqualTo(3);
    }

    @Test
    void taggingAnewReplacesAllFour() {
        map(0, 4096, Prot.R | Prot.SW);
        assertThat(bits(0)).isEqualTo(15);
        assertThat(table.relaxPermsAndSw(0, Prot.RW | Prot.SW2, 0)).isZero();
        assertThat(bits(0)).isEqualTo(4);
        assertThat(table.relaxPermsAndSw(0, Prot.RW, 0)).isZero();
        assertThat(bits(0)).isZero();
    }

    @Test
    void everythingElseThatChangesALeafKeepsThem() {
        map(0, M2, Prot.RWX | SW01);
        assertThat(table.wrprotect(0, M2)).isZero();
        assertThat(bits(0)).isEqualTo(3);
        assertThat(table.mkold(0, M2)).isTrue();
        assertThat(bits(0)).isEqualTo(3);
        assertThat(table.mkyoung(0, 0)).isZero();
        assertThat(bits(0)).isEqualTo(3);
        assertThat(table.split(0, M2, memory.endless())).isZero();
        for (long ipa = 0; ipa < M2; ipa += 4096) {
            assertThat(bits(ipa)).isEqualTo(3);
            assertThat(leaf.level()).isEqualTo(3);
        }
    }

    @Test
    void aDifferenceInThemAloneIsAnUpdateThatNeedsNoBreak() {
        map(0, 4096, Prot.RW | Prot.SW0);
        int flushes = context.flushes.size();
        map(0, 4096, Prot.RW | Prot.SW1);
        assertThat(bits(0)).isEqualTo(2);
        assertThat(context.flushes).hasSize(flushes);
    }
}

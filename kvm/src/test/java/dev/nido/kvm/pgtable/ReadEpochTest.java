package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** When a detached table is freed. */
class ReadEpochTest {

    private final List<String> freed = new ArrayList<>();

    private final TestMemory memory =
            new TestMemory(12, 16) {
                @Override
                public void freeUnlinkedTable(long pa, int level) {
                    freed.add("%x %d".formatted(pa, level));
                }
            };

    private final ReadEpoch epoch = new ReadEpoch(memory);

    @AfterEach
    void close() {
        memory.close();
    }

    @Test
    void theWalkerThatRetiresATableKeepsItUntilItLeaves() {
        int e = epoch.enter();
        epoch.retire(0x1000, 2);
        assertThat(freed).isEmpty();
        epoch.leave(e);
        assertThat(freed).containsExactly("1000 2");
        assertThat(epoch.pending()).isZero();
    }

    @Test
    void aWalkerThatWasThereBeforeKeepsIt() {
        int old = epoch.enter();
        int e = epoch.enter();
        epoch.retire(0x1000, 1);
        epoch.leave(e);
        for (int i = 0; i < 5; i++) {
            epoch.leave(epoch.enter());
        }
        assertThat(freed).isEmpty();
        epoch.leave(old);
        assertThat(freed).containsExactly("1000 1");
    }

    @Test
    void aWalkerThatCameLaterDoesNotKeepIt() {
        int old = epoch.enter();
        epoch.retire(0x1000, 1);
        int between = epoch.enter();
        epoch.leave(between);
        int late = epoch.enter();
        assertThat(late).as("another epoch").isNotEqualTo(old);
        epoch.leave(old);
        assertThat(freed).containsExactly("1000 1");
        epoch.retire(0x2000, 2);
        epoch.leave(late);
        assertThat(freed).containsExactly("1000 1", "2000 2");
    }

    @Test
    void anyNumberOfTablesIsKept() {
        int e = epoch.enter();
        for (int i = 1; i <= 100; i++) {
            epoch.retire(i, 2);
        }
        assertThat(epoch.pending()).isEqualTo(100);
        epoch.leave(e);
        assertThat(freed).hasSize(100).startsWith("1 2").endsWith("64 2");
    }

    @Test
    void drainingFreesAllAtOnce() {
        epoch.retire(0x1000, 1);
        epoch.retire(0x2000, 2);
        epoch.drain();
        assertThat(freed).containsExactly("1000 1", "2000 2");
        epoch.drain();
        assertThat(freed).hasSize(2);
    }
}

package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.kvm.Errno;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.EnumSet;
import java.util.function.ToLongFunction;

/** The table of errors: which operation returns which, with nothing changed and nothing leaked. */
class Stage2ErrorTest {

    private static final long K4 = 1L << 12;
    private static final long M2 = 1L << 21;
    private static final long LIMIT = 1L << 40;
    private static final int FAULT = PageTableWalker.HANDLE_FAULT;
    private static final int SHARED = PageTableWalker.SHARED;

    /** A table with a page at 0 and a block at 4 MiB, and what it needs. */
    private static final class Rig {
        final TestMemory memory = new TestMemory(12, 256);
        final TestContext context = TestContext.of(12, 40);
        final Stage2PageTable table;
        final PageCache cache = memory.endless();
        final PageCache empty = memory.cache(0);

        Rig(EnumSet<Stage2Flag> flags) {
            table = Stage2PageTable.create(context, memory, flags, null);
            table.map(0, K4, 0, Prot.R, cache);
            table.map(2 * M2, M2, 2 * M2, Prot.R, cache);
        }
    }

    /** An error, and an operation that returns it. */
    enum Case {
        MAP_OUTSIDE(Errno.ERANGE, r -> r.table.map(LIMIT, K4, 0, Prot.R, r.cache)),
        MAP_OVER_THE_END(Errno.ERANGE, r -> r.table.map(LIMIT - K4, 2 * K4, 0, Prot.R, r.cache)),
        UNMAP_OUTSIDE(Errno.ERANGE, r -> r.table.unmap(LIMIT, 1)),
        UNMAP_NEGATIVE(Errno.ERANGE, r -> r.table.unmap(-K4, K4)),
        OWNER_OUTSIDE(Errno.ERANGE, r -> r.table.setOwner(LIMIT, K4, r.cache, 1)),
        WRPROTECT_OUTSIDE(Errno.ERANGE, r -> r.table.wrprotect(0, LIMIT + 1)),
        RELAX_OUTSIDE(Errno.ERANGE, r -> r.table.relaxPerms(LIMIT, Prot.R, 0)),
        YOUNG_OUTSIDE(Errno.ERANGE, r -> r.table.mkyoung(LIMIT, 0)),
        FLUSH_OUTSIDE(Errno.ERANGE, r -> r.table.flush(LIMIT, K4)),
        SPLIT_OUTSIDE(Errno.ERANGE, r -> r.table.split(LIMIT, K4, r.cache)),
        LOOK_UP_OUTSIDE(Errno.ERANGE, r -> r.table.getLeaf(LIMIT, new Leaf())),
        LOOK_UP_NEGATIVE(Errno.ERANGE, r -> r.table.getLeaf(-1, new Leaf())),
        DESTROY_OUTSIDE(Errno.ERANGE, r -> r.table.destroyRange(0, LIMIT + K4)),

        MAP_DEVICE_X(Errno.EINVAL, r -> r.table.map(K4, K4, 0, Prot.RX | Prot.DEVICE, r.cache)),
        MAP_NC_X(Errno.EINVAL, r -> r.table.map(K4, K4, 0, Prot.RX | Prot.NORMAL_NC, r.cache)),
        MAP_DEVICE_NC(
                Errno.EINVAL,
                r -> r.table.map(K4, K4, 0, Prot.R | Prot.DEVICE | Prot.NORMAL_NC, r.cache)),
        MAP_ONE_LEVEL_X(Errno.EINVAL, r -> r.table.map(K4, K4, 0, Prot.R | Prot.PX, r.cache)),
        MAP_PART_OF_A_PAGE(Errno.EINVAL, r -> r.table.map(0, K4, 0x10, Prot.R, r.cache)),
        MAP_BEYOND_PHYSICAL(Errno.EINVAL, r -> r.table.map(K4, K4, 1L << 48, Prot.R, r.cache)),
        OWNER_TOO_BIG(Errno.EINVAL, r -> r.table.setOwner(K4, K4, r.cache, 256)),
        ANNOTATION_VALID(Errno.EINVAL, r -> r.table.annotate(K4, K4, r.cache, 1)),
        RELAX_SOFTWARE(Errno.EINVAL, r -> r.table.relaxPerms(0, Prot.RW | Prot.SW0, 0)),
        UNLINKED_MISALIGNED(
                Errno.EINVAL, r -> r.table.createUnlinked(K4, 2, Prot.R, r.cache, true)),
        WALK_BELOW_LEVEL_3(Errno.EINVAL, r -> r.table.createUnlinked(0, 3, Prot.R, r.cache, true)),

        MAP_WITHOUT_CACHE(Errno.ENOMEM, r -> r.table.map(M2, K4, 0, Prot.R, null)),
        MAP_EMPTY_CACHE(Errno.ENOMEM, r -> r.table.map(M2, K4, 0, Prot.R, r.empty)),
        MAP_INTO_A_BLOCK(Errno.ENOMEM, r -> r.table.map(2 * M2, K4, 0, Prot.R, r.empty)),
        OWNER_EMPTY_CACHE(Errno.ENOMEM, r -> r.table.setOwner(2 * M2, K4, r.empty, 1)),
        SPLIT_EMPTY_CACHE(Errno.ENOMEM, r -> r.table.split(2 * M2, M2, r.empty)),
        UNLINKED_EMPTY_CACHE(
                Errno.ENOMEM, r -> r.table.createUnlinked(0, 2, Prot.R, r.empty, true)),

        MAP_THE_SAME(Errno.EAGAIN, r -> r.table.map(0, K4, 0, Prot.R, null, FAULT)),
        MAP_OTHER_PERMISSIONS(
                Errno.EAGAIN, r -> r.table.map(0, K4, 0, Prot.RW, null, FAULT | SHARED)),
        RELAX_NOTHING(Errno.EAGAIN, r -> r.table.relaxPerms(M2, Prot.R, 0)),
        YOUNG_NOTHING(Errno.EAGAIN, r -> r.table.mkyoung(M2, SHARED)),

        IDENTITY(Errno.EINVAL, EnumSet.of(Stage2Flag.IDMAP), r -> mapElsewhere(r)),
        EL2_MAP(
                Errno.EPERM,
                EnumSet.of(Stage2Flag.EL2_OWNED),
                r -> r.table.map(K4, K4, 0, Prot.R, r.cache, SHARED)),
        EL2_RELAX(
                Errno.EPERM,
                EnumSet.of(Stage2Flag.EL2_OWNED),
                r -> r.table.relaxPerms(0, Prot.W, SHARED)),
        EL2_YOUNG(Errno.EPERM, EnumSet.of(Stage2Flag.EL2_OWNED), r -> r.table.mkyoung(0, SHARED));

        final int errno;
        final EnumSet<Stage2Flag> flags;
        final ToLongFunction<Rig> operation;

        Case(int errno, ToLongFunction<Rig> operation) {
            this(errno, EnumSet.noneOf(Stage2Flag.class), operation);
        }

        Case(int errno, EnumSet<Stage2Flag> flags, ToLongFunction<Rig> operation) {
            this.errno = errno;
            this.flags = flags;
            this.operation = operation;
        }

        private static int mapElsewhere(Rig r) {
            return r.table.map(K4, K4, 2 * K4, Prot.R, r.cache);
        }
    }

    @ParameterizedTest
    @EnumSource
    void theErrorIsReturnedAndNothingChanges(Case c) {
        Rig r = new Rig(c.flags);
        try (TestMemory memory = r.memory) {
            TableContents before = new TableContents(memory, r.context.vtcr);
            before.read(r.table.pgd(), 0);
            assertThat(c.operation.applyAsLong(r)).isEqualTo(-c.errno);
            TableContents after = new TableContents(memory, r.context.vtcr);
            after.read(r.table.pgd(), 0);
            assertThat(after.leaves).isEqualTo(before.leaves);
            assertThat(after.pte).isEqualTo(before.pte);
            assertThat(after.ipa).isEqualTo(before.ipa);
            r.table.destroy();
            assertThat(memory.live()).isZero();
        }
    }

    /** What a destroyed table does with everything. */
    enum OnDestroyed {
        MAP(r -> r.table.map(0, K4, 0, Prot.R, r.cache)),
        SHARED_MAP(r -> r.table.map(0, K4, 0, Prot.R, r.cache, SHARED | FAULT)),
        OWNER(r -> r.table.setOwner(0, K4, r.cache, 1)),
        UNMAP(r -> r.table.unmap(0, K4)),
        WRPROTECT(r -> r.table.wrprotect(0, K4)),
        RELAX(r -> r.table.relaxPerms(0, Prot.W, 0)),
        YOUNG(r -> r.table.mkyoung(0, 0)),
        FLUSH(r -> r.table.flush(0, K4)),
        SPLIT(r -> r.table.split(0, K4, r.cache)),
        LOOK_UP(r -> r.table.getLeaf(0, new Leaf())),
        DESTROY_RANGE(r -> r.table.destroyRange(0, K4));

        final ToLongFunction<Rig> operation;

        OnDestroyed(ToLongFunction<Rig> operation) {
            this.operation = operation;
        }
    }

    @ParameterizedTest
    @EnumSource
    void aDestroyedTableRefusesEverything(OnDestroyed c) {
        Rig r = new Rig(EnumSet.noneOf(Stage2Flag.class));
        try (TestMemory memory = r.memory) {
            r.table.destroy();
            r.context.flushes.clear();
            assertThat(c.operation.applyAsLong(r)).isEqualTo(-Errno.EINVAL);
            assertThat(r.context.flushes).isEmpty();
            assertThat(r.table.isYoung(0)).isFalse();
            assertThat(memory.live()).isZero();
        }
    }
}

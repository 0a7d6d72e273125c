package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The checks of {@link RandomSequences} are worth something: each kind of mistake, made on purpose,
 * turns them red, for the reason that it should.
 */
class Stage2MutationTest {

    private static final int SEQUENCES = 400;

    /** What the first sequence that fails says; null if none does. */
    private static String firstFailure(RandomSequences s) {
        for (long seed = 1; seed <= SEQUENCES; seed++) {
            try {
                s.run(seed);
            } catch (AssertionError e) {
                return e.getMessage();
            }
        }
        return null;
    }

    /** Passes everything on. */
    private static class Passing implements Stage2Context {
        final Stage2Context to;

        Passing(Stage2Context to) {
            this.to = to;
        }

        @Override
        public long vtcr() {
            return to.vtcr();
        }

        @Override
        public boolean hasArch() {
            return to.hasArch();
        }

        @Override
        public void flushVmid() {
            to.flushVmid();
        }

        @Override
        public void flushVmidIpa(long ipa, int level) {
            to.flushVmidIpa(ipa, level);
        }

        @Override
        public void flushVmidIpaNsh(long ipa, int level) {
            to.flushVmidIpaNsh(ipa, level);
        }

        @Override
        public void flushVmidRange(long ipa, long pages) {
            to.flushVmidRange(ipa, pages);
        }

        @Override
        public boolean forceWriteBack() {
            return to.forceWriteBack();
        }

        @Override
        public boolean rangeInvalidation() {
            return to.rangeInvalidation();
        }

        @Override
        public boolean executeNeverExtension() {
            return to.executeNeverExtension();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void withoutMutationNothingFails(int pageShift) {
        try (RandomSequences s =
                new RandomSequences(pageShift) {
                    @Override
                    Stage2Context contextFor(TlbContext context) {
                        return new Passing(context);
                    }

                    @Override
                    void created(Stage2PageTable table) {
                        table.replaceBreakBeforeMake(new BreakBeforeMake(table.context()));
                    }
                }) {
            assertThat(firstFailure(s)).isNull();
        }
    }

    /** Which invalidation is left out. */
    enum Missing {
        BY_ADDRESS,
        BY_RANGE
    }

    @ParameterizedTest
    @EnumSource(Missing.class)
    void missingInvalidationIsFound(Missing missing) {
        for (int pageShift : new int[] {12, 14, 16}) {
            try (RandomSequences s =
                    new RandomSequences(pageShift) {
                        @Override
                        Stage2Context contextFor(TlbContext context) {
                            return new Passing(context) {
                                @Override
                                public void flushVmidIpa(long ipa, int level) {
                                    if (missing != Missing.BY_ADDRESS) {
                                        super.flushVmidIpa(ipa, level);
                                    }
                                }

                                @Override
                                public void flushVmidRange(long ipa, long pages) {
                                    if (missing != Missing.BY_RANGE) {
                                        super.flushVmidRange(ipa, pages);
                                    }
                                }
                            };
                        }
                    }) {
                assertThat(firstFailure(s)).containsAnyOf("stale", "stays cached");
            }
        }
    }

    /** One in so many is left out. */
    @ParameterizedTest
    @ValueSource(ints = {2, 7, 50})
    void anInvalidationThatIsSometimesMissingIsFound(int period) {
        for (int pageShift : new int[] {12, 14, 16}) {
            int[] calls = {0};
            try (RandomSequences s =
                    new RandomSequences(pageShift) {
                        @Override
                        Stage2Context contextFor(TlbContext context) {
                            return new Passing(context) {
                                @Override
                                public void flushVmidIpa(long ipa, int level) {
                                    if (++calls[0] % period != 0) {
                                        super.flushVmidIpa(ipa, level);
                                    }
                                }
                            };
                        }
                    }) {
                assertThat(firstFailure(s)).containsAnyOf("stale", "stays cached");
            }
        }
    }

    /** The hint of the level is one too high: the leaf's entry isn't hit. */
    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void invalidationWithTheWrongLevelIsFound(int pageShift) {
        try (RandomSequences s =
                new RandomSequences(pageShift) {
                    @Override
                    Stage2Context contextFor(TlbContext context) {
                        return new Passing(context) {
                            @Override
                            public void flushVmidIpa(long ipa, int level) {
                                super.flushVmidIpa(ipa, level == 2 ? 3 : level);
                            }
                        };
                    }
                }) {
            assertThat(firstFailure(s)).contains("stale");
        }
    }

    /** All invalidation goes to another context of the same VM: the wrong VMID. */
    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void invalidationWithAnotherVmidIsFound(int pageShift) {
        TestContext other = TestContext.of(pageShift, 40);
        try (RandomSequences s =
                new RandomSequences(pageShift) {
                    @Override
                    Stage2Context contextFor(TlbContext context) {
                        return new Passing(other) {
                            @Override
                            public long vtcr() {
                                return context.vtcr();
                            }

                            @Override
                            public boolean forceWriteBack() {
                                return context.forceWriteBack();
                            }

                            @Override
                            public boolean executeNeverExtension() {
                                return context.executeNeverExtension();
                            }
                        };
                    }
                }) {
            assertThat(firstFailure(s)).containsAnyOf("stale", "stays cached");
        }
        assertThat(other.flushes).isNotEmpty();
    }

    /** The new entry is written over the old one, and TLBs are invalidated after that. */
    private static final class MakeBeforeBreak extends BreakBeforeMake {
        private final Stage2Context context;

        MakeBeforeBreak(Stage2Context context) {
            super(context);
            this.context = context;
        }

        @Override
        boolean tryBreak(Visit v) {
            if (Stage2Descriptor.counted(v.old)) {
                v.putPage();
            }
            return true;
        }

        @Override
        void make(Visit v, long value) {
            super.make(v, value);
            context.flushVmidRange(v.entryStart(), v.size() >>> v.pageShift);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void skippedBreakBeforeMakeIsFoundEvenWithInvalidation(int pageShift) {
        try (RandomSequences s =
                new RandomSequences(pageShift) {
                    @Override
                    void created(Stage2PageTable table) {
                        table.replaceBreakBeforeMake(new MakeBeforeBreak(table.context()));
                    }
                }) {
            assertThat(firstFailure(s)).contains("not broken before make");
        }
    }

    /** The entry is broken, and the TLB invalidated before that instead of after. */
    private static final class InvalidateBeforeBreak extends BreakBeforeMake {
        private final Stage2Context context;

        InvalidateBeforeBreak(Stage2Context context) {
            super(context);
            this.context = context;
        }

        @Override
        boolean tryBreak(Visit v) {
            context.flushVmidRange(v.entryStart(), v.size() >>> v.pageShift);
            if (!v.trySet(Descriptor.LOCKED)) {
                return false;
            }
            if (Stage2Descriptor.counted(v.old)) {
                v.putPage();
            }
            return true;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void invalidationBeforeBreakIsFound(int pageShift) {
        try (RandomSequences s =
                new RandomSequences(pageShift) {
                    @Override
                    void created(Stage2PageTable table) {
                        table.replaceBreakBeforeMake(new InvalidateBeforeBreak(table.context()));
                    }
                }) {
            assertThat(firstFailure(s)).containsAnyOf("stale", "stays cached");
        }
    }

    /** One in so many references isn't taken, or isn't dropped. */
    @ParameterizedTest
    @CsvSource({
        "12, 1, true", "12, 30, true", "14, 30, true", "16, 30, true",
        "12, 1, false", "12, 30, false", "14, 30, false", "16, 30, false"
    })
    void lostReferenceIsFound(int pageShift, int period, boolean take) {
        int[] calls = {0};
        TestMemory memory =
                new TestMemory(pageShift, 128) {
                    @Override
                    public void getPage(long pa) {
                        if (!take || ++calls[0] % period != 0) {
                            super.getPage(pa);
                        }
                    }

                    @Override
                    public void putPage(long pa) {
                        if (take || ++calls[0] % period != 0) {
                            super.putPage(pa);
                        }
                    }
                };
        try (RandomSequences s = new RandomSequences(memory)) {
            assertThat(firstFailure(s))
                    .containsAnyOf("references", "are in use", "was free", "was dropped");
        }
    }

    /** Leaves of a table that is torn down keep their references: the page never comes back. */
    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void detachedTableThatIsNotFreedIsFound(int pageShift) {
        TestMemory memory =
                new TestMemory(pageShift, 128) {
                    @Override
                    public void freeUnlinkedTable(long pa, int level) {}
                };
        try (RandomSequences s = new RandomSequences(memory)) {
            assertThat(firstFailure(s)).contains("are in use");
        }
    }
}

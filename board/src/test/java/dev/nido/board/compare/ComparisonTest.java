package dev.nido.board.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.SysReg;
import dev.nido.board.BoardConfig;
import dev.nido.board.VirtBoard;
import dev.nido.board.VirtMap;
import dev.nido.board.guest.InTreeGuest;
import dev.nido.board.load.KernelLoader;
import dev.nido.isa.Assembler;
import dev.nido.isa.Disassembler;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.engine.StreamRecorder;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The comparison finds each thing that is done wrong on purpose, at the exact record; its program
 * is behind more than one block of records, so that the agreement on blocks is used too.
 */
class ComparisonTest {

    private static final long ORIGIN = VirtMap.RAM + KernelLoader.RAW_OFFSET;

    @TempDir private Path directory;

    private byte[] image;
    private BoardConfig config;
    private BoardConfig hosted;
    private List<String> clean;

    @BeforeEach
    void assemble() throws Exception {
        String source;
        try (InputStream library = InTreeGuest.class.getResourceAsStream("programs/lib.s");
                InputStream program = getClass().getResourceAsStream("disturbed.s")) {
            source =
                    new String(library.readAllBytes(), StandardCharsets.UTF_8)
                            + new String(program.readAllBytes(), StandardCharsets.UTF_8);
        }
        image = Assembler.assemble("disturbed", source, ORIGIN, Map.of()).bytes();
        BoardConfig.Builder builder =
                BoardConfig.of(Files.write(directory.resolve("image"), image))
                        .memory(512 << 20)
                        .deterministic(true);
        config = builder.build();
        hosted = builder.hosting(BoardConfig.Hosting.STANDARD).build();
    }

    /** The instruction of each record in an undisturbed run, or "irq". */
    private List<String> cleanRun() throws Exception {
        clean = new ArrayList<>();
        StreamRecorder recorder = new StreamRecorder((words, length) -> clean.add(text(words)));
        try (VirtBoard board = VirtBoard.create(config, recorder)) {
            assertThat(board.run(Duration.ofSeconds(60))).isEqualTo(new MachineEnd.PoweredOff());
        }
        assertThat(clean).hasSizeGreaterThan(StreamRecorder.BLOCK);
        return clean;
    }

    private String text(long[] words) {
        if (StreamRecorder.kind(words) == StreamRecorder.EXCEPTION) {
            return "irq";
        }
        return Disassembler.disassemble(words[0], instruction(words[0]));
    }

    private int instruction(long pc) {
        return ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN).getInt((int) (pc - ORIGIN));
    }

    /** The number of the n-th record (from 1) whose instruction is so. */
    private int nth(Predicate<String> instruction, int n) {
        int left = n;
        for (int i = 0; i < clean.size(); i++) {
            if (instruction.test(clean.get(i)) && --left == 0) {
                return i;
            }
        }
        throw new AssertionError("no such record");
    }

    /** The side that is disturbed is the hypervisor's. */
    private Outcome compare(Disturbance disturbance) throws Exception {
        return Comparison.of(new Side("clean", config), new Side("disturbed", hosted, disturbance))
                .timeout(Duration.ofSeconds(100))
                .run();
    }

    private void assertFoundAt(Outcome outcome, long record, String instruction) {
        assertThat(outcome).isInstanceOf(Outcome.Diverged.class);
        Outcome.Diverged found = (Outcome.Diverged) outcome;
        assertThat(found.record()).isEqualTo(record);
        long exceptions = clean.subList(0, (int) record).stream().filter("irq"::equals).count();
        assertThat(found.instruction()).isEqualTo(record - exceptions);
        assertThat(found.report().getFirst()).startsWith("clean: ").contains(instruction);
        assertThat(found.report()).anyMatch(line -> line.startsWith("  * "));
    }

    @Test
    void undisturbedSidesAreIdentical() throws Exception {
        cleanRun();
        Outcome outcome = compare(null);
        assertThat(outcome).isInstanceOf(Outcome.Identical.class);
        Outcome.Identical identical = (Outcome.Identical) outcome;
        assertThat(identical.instructions())
                .isEqualTo(clean.stream().filter(i -> !i.equals("irq")).count());
        assertThat(identical.end()).isEqualTo(new MachineEnd.PoweredOff());
    }

    @Test
    void reportShowsWhatTheHypervisorDidBefore() throws Exception {
        cleanRun();
        int due = nth("irq"::equals, 1);
        Outcome outcome =
                compare((record, pe, words, length) -> {
                    if (record == due) {
                        pe.x[24] ^= 1;
                    }
                });
        assertThat(outcome).isInstanceOf(Outcome.Diverged.class);
        assertThat(((Outcome.Diverged) outcome).report())
                .anyMatch(line -> line.contains("exit for"));
    }

    @Test
    void guestThatNeverEntersItsHypervisorComparesNothing() throws Exception {
        Outcome outcome =
                Comparison.of(new Side("bare", config), new Side("hosted", hosted))
                        .leastExits(1_000_000)
                        .run();
        assertThat(outcome).isInstanceOf(Outcome.NotHosted.class);
    }

    @Test
    void computersThatIdentifyThemselvesDifferentlyAreDifferent() throws Exception {
        BoardConfig other =
                BoardConfig.of(config.kernel())
                        .memory(512 << 20)
                        .deterministic(true)
                        .cpu(CpuModel.parse("default,-aes"))
                        .build();
        Outcome outcome = Comparison.of(new Side("one", config), new Side("other", other)).run();
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Outcome.Diverged.class,
                        found ->
                                assertThat(found.report())
                                        .anyMatch(line -> line.startsWith("ID_AA64ISAR0_EL1 is ")));
    }

    @Test
    void comparisonStopsAfterTheBlocksAskedFor() throws Exception {
        Outcome outcome =
                Comparison.of(new Side("one", config), new Side("other", config)).blocks(1).run();
        assertThat(outcome).isInstanceOf(Outcome.Identical.class);
        assertThat(((Outcome.Identical) outcome).end()).isEqualTo(new MachineEnd.Stopped());
        assertThat(((Outcome.Identical) outcome).instructions()).isEqualTo(StreamRecorder.BLOCK);
    }

    @Test
    void flippedRegisterBitIsFoundWhereItIsRead() throws Exception {
        cleanRun();
        int before = nth(i -> i.startsWith("madd"), 700) - 1;
        Outcome outcome =
                compare((record, pe, words, length) -> {
                    if (record == before) {
                        pe.x[5] ^= 1L << 41;
                    }
                });
        assertFoundAt(outcome, before + 1, "madd");
    }

    @Test
    void lateInterruptIsFoundWhereItWasDue() throws Exception {
        cleanRun();
        int due = nth("irq"::equals, 1);
        int armed = nth(i -> i.startsWith("msr") && i.contains("cntv_ctl_el0"), 1);
        Outcome outcome =
                compare((record, pe, words, length) -> {
                    if (record == armed) {
                        pe.writeRegister(
                                SysReg.CNTV_CVAL_EL0, pe.readRegister(SysReg.CNTV_CVAL_EL0) + 1);
                    }
                });
        assertFoundAt(outcome, due, "exception");
    }

    @Test
    void lostStoreExclusiveIsFoundThere() throws Exception {
        cleanRun();
        int stxr = nth(i -> i.startsWith("stxr"), 300);
        Outcome outcome =
                compare((record, pe, words, length) -> {
                    if (record == stxr - 1) {
                        pe.monitorBytes = 0;
                    }
                });
        assertFoundAt(outcome, stxr, "stxr");
    }

    @Test
    void skippedTlbInvalidationIsFoundAtTheLoadThatSeesTheOldPage() throws Exception {
        cleanRun();
        int tlbi = nth(i -> i.startsWith("tlbi") && i.contains("vae1"), 1);
        int nop = Assembler.assemble("nop", ORIGIN).bytes().length;
        assertThat(nop).isEqualTo(4);
        Outcome outcome =
                compare(
                        new Disturbance() {
                            @Override
                            public void begin(VirtBoard board) {
                                byte[] encoding = Assembler.assemble("nop", ORIGIN).bytes();
                                board.memory()
                                        .write(addressOf("vae1"), encoding, 0, encoding.length);
                            }

                            @Override
                            public void after(long record, Pe pe, long[] words, int length) {}
                        });
        assertFoundAt(outcome, tlbi + 3, "ldr");
    }

    private long addressOf(String operand) {
        for (long pc = ORIGIN; pc < ORIGIN + image.length; pc += 4) {
            if (Disassembler.disassemble(pc, instruction(pc)).contains(operand)) {
                return pc;
            }
        }
        throw new AssertionError("no such instruction");
    }
}

package dev.nido.machine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.isa.Assembler;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.MachineEnd;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The stream's schema, held by a golden file, and what the stream must and must not depend on. */
class StreamTest {

    private static final long RAM = 0x4000_0000L;

    /**
     * Every kind of record: ALU, flags, stores, pairs, vectors, aborts, SVC, a timer interrupt,
     * power off.
     */
    private static final String PROGRAM =
            """
                    b start
                    .balign 2048
            vectors:
                    .org 0xa00
                    mrs x10, esr_el1        // synchronous, current EL with SP_ELx
                    mrs x11, elr_el1
                    lsr x12, x10, #26
                    cmp x12, #0x15
                    b.eq 1f
                    add x11, x11, #4
                    msr elr_el1, x11
            1:      eret
                    .org 0xa80
                    msr cntv_ctl_el0, xzr   // IRQ
                    mov x13, #1
                    eret
                    .org 0x1000
            start:  ldr x0, =0x40000800
                    msr vbar_el1, x0
                    mov x0, #3 << 20
                    msr cpacr_el1, x0
                    isb
                    mov x1, #5
                    subs x2, x1, #7
                    adr x3, data
                    mov sp, x3
                    str w2, [x3, #4]
                    stp x1, x2, [sp, #-16]!
                    ldp x4, x5, [sp], #16
                    movi v1.16b, #0x21
                    fmov d2, #1.5
                    str q1, [x3, #16]
                    dc zva, x3              // Device memory: alignment fault
                    svc #7
                    mov x8, #0
                    ldr x6, [x8]            // nothing answers at address 0
                    mov x0, #1
                    msr s3_0_c12_c12_7, x0  // ICC_IGRPEN1_EL1
                    mov x0, #0xf0
                    msr icc_pmr_el1, x0
                    ldr x7, =0x080b0000     // GICR, SGI frame: group 1, enable INTID 27
                    mov w0, #1 << 27
                    str w0, [x7, #0x80]
                    str w0, [x7, #0x100]
                    mov x0, #40
                    msr cntv_tval_el0, x0
                    mov x0, #1
                    msr cntv_ctl_el0, x0
                    msr daifclr, #2
            2:      cbz x13, 2b
                    mov w0, #0x0008
                    movk w0, #0x8400, lsl #16
                    hvc #0
                    b .
                    .balign 64
                    .space 64
            data:   .space 128
            """;

    private record Run(MachineEnd end, String hash, long instructions, List<String> records) {}

    private static Run run(int blockLimit, String program) {
        List<String> records = new ArrayList<>();
        StreamRecorder recorder =
                new StreamRecorder((words, length) -> {
                    StringBuilder line = new StringBuilder();
                    for (int i = 0; i < length; i++) {
                        line.append(i == 0 ? "" : " ").append(Long.toHexString(words[i]));
                    }
                    records.add(line.toString());
                });
        MachineConfig config =
                new MachineConfig(CpuModel.defaultModel(), 1, RAM, 1 << 20, true, 1, 1, true);
        try (Machine machine = new Machine(config, recorder)) {
            byte[] image = Assembler.assemble(program, RAM).bytes();
            machine.memory().write(0, image, 0, image.length);
            machine.bus().map("gicd", 0x0800_0000L, 0x10000, machine.gic().distributor());
            machine.bus().map("gicr", 0x080a_0000L, 0x20000, machine.gic().redistributors());
            // GICD_CTLR: both groups.
            machine.gic().distributor().write(0, 4, 0x13);
            machine.setBlockLimit(blockLimit);
            machine.startPe(0, RAM, 0);
            MachineEnd end = machine.run(Duration.ofSeconds(20));
            return new Run(end, recorder.hash(), recorder.instructions(), records);
        }
    }

    @Test
    void schemaIsThatOfTheGoldenFile() throws IOException {
        Run run = run(Integer.MAX_VALUE, PROGRAM);
        assertThat(run.end()).isEqualTo(new MachineEnd.PoweredOff());
        try (InputStream golden = StreamTest.class.getResourceAsStream("stream.golden")) {
            assertThat(golden).as("stream.golden beside the test").isNotNull();
            List<String> expected =
                    new String(golden.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
            assertThat(run.records())
                    .containsExactlyElementsOf(expected.subList(1, expected.size()));
            assertThat("hash " + run.hash() + " instructions " + run.instructions())
                    .isEqualTo(expected.getFirst());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 64})
    void blockLengthDoesNotShow(int blockLimit) {
        Run reference = run(Integer.MAX_VALUE, PROGRAM);
        Run run = run(blockLimit, PROGRAM);
        assertThat(run.records()).containsExactlyElementsOf(reference.records());
        assertThat(run.hash()).isEqualTo(reference.hash());
    }

    @Test
    void everyStoreOfAnInstructionIsInItsRecord() {
        Run run =
                run(
                        Integer.MAX_VALUE,
                        """
                        mov x0, #3 << 20
                        msr cpacr_el1, x0
                        isb
                        adr x3, data
                        st4 {v0.16b-v3.16b}, [x3]
                        mov w0, #0x0008
                        movk w0, #0x8400, lsl #16
                        hvc #0
                        .balign 64
                        data: .space 64
                        """);
        assertThat(run.end()).isEqualTo(new MachineEnd.PoweredOff());
        String[] words = run.records().get(4).split(" ");
        assertThat(words).hasSize(2 + 3 * 64);
        assertThat(Long.parseUnsignedLong(words[1], 16) >>> 16 & 0xff).isEqualTo(64);
    }

    @Test
    void oneChangedBitOfOneRegisterChangesTheHash() {
        Run reference = run(Integer.MAX_VALUE, PROGRAM);
        Run changed = run(Integer.MAX_VALUE, PROGRAM.replace("mov x1, #5", "mov x1, #4"));
        assertThat(changed.hash()).isNotEqualTo(reference.hash());
        assertThat(changed.instructions()).isEqualTo(reference.instructions());
    }

    @Test
    void faultingInstructionIsNotCountedAndSvcOnce() {
        Run run = run(Integer.MAX_VALUE, PROGRAM);
        long exceptions = run.records().stream().filter(r -> kind(r) == 2).count();
        long retired = run.records().stream().filter(r -> kind(r) == 1).count();
        assertThat(exceptions).as("alignment fault, SVC, data abort, IRQ").isEqualTo(4);
        assertThat(retired).isEqualTo(run.instructions());
    }

    private static long kind(String record) {
        return Long.parseUnsignedLong(record.split(" ")[1], 16) & 15;
    }
}

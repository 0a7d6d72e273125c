package dev.nido.machine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.isa.Assembler;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Duration;

/**
 * A program for EL2 that runs at EL1 under a hypervisor of a few lines, with NV and NV2: what it
 * sees is EL2, and what traps is what must.
 */
class NestedProgramTest {

    private static final long RAM = 0x4000_0000L;

    private static final String PROGRAM =
            """
                    adr     x9, vectors
                    msr     vbar_el2, x9
                    adr     x9, page
                    msr     s3_4_c2_c2_0, x9        // VNCR_EL2
                    mov     x9, #0x3c5
                    msr     spsr_el2, x9
                    msr     hcr_el2, x0
                    adr     x9, guest
                    msr     elr_el2, x9
                    eret

            guest:
                    adr     x0, guest_vectors
                    msr     vbar_el1, x0
                    mrs     x20, currentel
                    mov     x0, #0x123
                    msr     vttbr_el2, x0
                    mrs     x21, vttbr_el2
                    mov     x0, #0x456
                    msr     s3_5_c1_c0_0, x0        // SCTLR_EL12
                    msr     sp_el1, xzr
                    svc     #7
                    mrs     x26, mdcr_el2
                    mov     x28, #1
                    hvc     #0

                    .balign 2048
            guest_vectors:
                    .space  0x200
                    mrs     x22, spsr_el2
                    mrs     x23, esr_el2
                    mrs     x24, elr_el2
                    eret

                    .balign 2048
            vectors:
                    .space  0x400
                    mrs     x9, esr_el2
                    lsr     x10, x9, #26
                    cmp     x10, #0x1a
                    b.eq    return
                    cmp     x10, #0x18
                    b.eq    trapped
                    ldr     x0, =0x84000008
                    smc     #0
            trapped:
                    mov     x27, x9
                    add     x19, x19, #1
                    mrs     x9, elr_el2
                    add     x9, x9, #4
                    msr     elr_el2, x9
                    eret
            return:
                    mov     x25, x9
                    mrs     x9, spsr_el1
                    and     x9, x9, #~0xc
                    orr     x9, x9, #4
                    msr     spsr_el2, x9
                    mrs     x9, elr_el1
                    msr     elr_el2, x9
                    eret

                    .balign 4096
            page:
                    .space  4096
            """;

    private static final long NV = 1L << 31 | 1L << 42;

    /** With NV2 all but MDCR_EL2 go to memory or to EL1; with NV alone every access traps. */
    @ParameterizedTest
    @CsvSource({
        "nv2, true, 0x200000000000, 1",
        "nv2, false, 0x200000000000, 1",
        "nv, true, 0, 8",
        "nv2, true, 0, 8",
    })
    void programOfEl2RunsAtEl1(String feature, boolean deterministic, long nv2, int traps) {
        CpuModel cpu = CpuModel.parse("default,+" + feature);
        String source =
                feature.equals("nv") ? PROGRAM.replace("msr     s3_4_c2_c2_0, x9", "nop") : PROGRAM;
        try (Machine machine =
                new Machine(new MachineConfig(cpu, 1, RAM, 1 << 20, deterministic, 7, 2, true))) {
            byte[] image = Assembler.assemble(source, RAM).bytes();
            machine.memory().write(0, image, 0, image.length);
            machine.startPe(0, RAM, NV | nv2);
            assertThat(machine.run(Duration.ofSeconds(60))).isEqualTo(new MachineEnd.PoweredOff());
            long[] x = machine.pe(0).x;
            long page = Assembler.assemble(source, RAM).symbol("page") - RAM;
            assertThat(x[20]).as("CurrentEL").isEqualTo(8);
            assertThat(x[25]).as("the trapped ERET").isEqualTo(0x6a00_0000L);
            assertThat(x[27])
                    .as("the last trap")
                    .isEqualTo(
                            Esr.of(
                                    Esr.EC_SYSTEM,
                                    true,
                                    Esr.systemAccess(SysReg.MDCR_EL2.key(), 26, true)));
            assertThat(x[28]).isEqualTo(1);
            assertThat(x[19]).as("traps").isEqualTo(traps);
            if (nv2 != 0) {
                assertThat(x[21]).isEqualTo(0x123);
                assertThat(machine.memory().get64(page + 0x20)).isEqualTo(0x123);
                assertThat(machine.memory().get64(page + 0x110)).isEqualTo(0x456);
                assertThat(x[22] & 0x1f).as("SPSR").isEqualTo(9);
                assertThat(x[23]).as("ESR").isEqualTo(0x5600_0007L);
                assertThat(x[24]).as("ELR").isEqualTo(machine.pe(0).readRegister(SysReg.ELR_EL1));
            }
        }
    }
}

package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Item 12: a hypervisor at a virtual EL2 reads what it wrote, from every register of EL2 and of its
 * EL1, by trap or by redirection alike; what its CPU lacks is UNDEFINED.
 */
class Item12RegisterTrapsTest {

    private static final String HEAD =
            """
                    b start
                    .balign 2048
            vectors:
                    .skip 0x200
                    mrs x2, esr_el2
                    mrs x3, elr_el2
                    add x3, x3, #4
                    msr elr_el2, x3
                    eret
                    .skip 0x800 - (. - vectors)
            start:  movz x9, #0x900, lsl #16
                    adr x1, vectors
                    msr vbar_el2, x1
            """;

    /** A value that neither changes the translation nor the exception level. */
    private static long value(SysReg r) {
        return switch (r) {
            case SCTLR_EL2 -> 0x30c5_1830L & ~1L;
            case HCR_EL2 -> 1L << 31 | 1 << 27 | 1 << 13;
            case VBAR_EL2 -> HostedGuest.RAM + 0x800;
            case CPTR_EL2 -> 3 << 20;
            case MDCR_EL2 -> 0x806;
            case CNTHCTL_EL2 -> 3 | 3 << 10;
            case SPSR_EL2, SPSR_EL1 -> 0x8000_03c9L;
            default -> 0x0000_1234_5678_9000L + r.ordinal() * 0x1001L;
        };
    }

    private static boolean isStorage(SysReg r) {
        return r.readable()
                && r.writable()
                && !r.name().startsWith("SPSR_i")
                && !r.name().matches("SPSR_(abt|und|fiq)|ICC_SRE_EL2|CNTH[PV]_.*|SP_EL2");
    }

    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource({
        "NV, 'default,-e2h0'",
        "NV, 'default,-vhe'",
        "NV, default",
        "NV2, 'default,-e2h0'",
        "NV2, 'default,-vhe'",
        "NV2, 'default,-e2h0,lrs=4'"
    })
    void everyRegisterOfEl2ReadsBackWhatWasWritten(Feature nesting, String cpu) {
        CpuModel model = CpuModel.parse(cpu);
        Map<SysReg, Long> expected = new LinkedHashMap<>();
        StringBuilder program = new StringBuilder(HEAD);
        List<SysReg> all = new ArrayList<>();
        for (SysReg r : SysReg.values()) {
            boolean lr = r.name().matches("ICH_LR\\d+_EL2");
            int n = r.ordinal() - SysReg.ICH_LR0_EL2.ordinal();
            if (r.minimumEl() == 2 && isStorage(r) && !(lr && n >= model.listRegisters())) {
                all.add(r);
            }
        }
        for (SysReg r : all) {
            boolean there = r.feature() == null || model.has(r.feature());
            expected.put(r, there ? value(r) : 0x0200_0000L);
            program.append(move("x0", value(r)))
                    .append("movz x2, #0\n")
                    .append("msr ")
                    .append(encoding(r))
                    .append(", x0\n");
        }
        for (SysReg r : all) {
            if (r != SysReg.SPSR_EL2 && r != SysReg.ELR_EL2 && r != SysReg.ESR_EL2) {
                program.append("movz x2, #0\nmrs x1, ")
                        .append(encoding(r))
                        .append("\ncbz x2, . + 8\nmov x1, x2\nstr x1, [x9]\n");
            } else {
                expected.remove(r);
            }
        }
        program.append(HostedGuest.OFF_BY_SMC);
        try (HostedGuest guest = HostedGuest.nested(nesting, model, 1, program.toString())) {
            guest.runAll(1000);
            Map<SysReg, String> read = new LinkedHashMap<>();
            Map<SysReg, String> wrote = new LinkedHashMap<>();
            int i = 0;
            for (SysReg r : expected.keySet()) {
                wrote.put(r, Long.toHexString(expected.get(r)));
                read.put(
                        r,
                        i < guest.written.size() ? Long.toHexString(guest.written.get(i)) : "none");
                i++;
            }
            assertThat(read).containsExactlyEntriesOf(wrote);
        }
    }

    private static String encoding(SysReg r) {
        int k = r.key();
        return "S3_%d_C%d_C%d_%d".formatted(k >> 11 & 7, k >> 7 & 15, k >> 3 & 15, k & 7);
    }

    private static String move(String x, long value) {
        StringBuilder text = new StringBuilder("movz " + x + ", #" + (value & 0xffff) + "\n");
        for (int s = 16; s < 64; s += 16) {
            if ((value >>> s & 0xffff) != 0) {
                text.append("movk %s, #%d, lsl #%d%n".formatted(x, value >>> s & 0xffff, s));
            }
        }
        return text.toString();
    }
}

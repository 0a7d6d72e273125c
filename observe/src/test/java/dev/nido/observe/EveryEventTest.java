package dev.nido.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.sysreg.GuestDebug;

import org.junit.jupiter.api.Test;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/** Every event of the interface is one that a guest or its VMM can cause. */
class EveryEventTest {
    private static final String POWER_OFF =
            """
            movz w0, #0x8400, lsl #16
            movk w0, #8
            hvc #0
            b .
            """;

    /**
     * A hypervisor whose guest ends an interrupt that is linked to its timer's, reads a register
     * that it traps, and calls it.
     */
    private static final String HYPERVISOR =
            """
                    ldr     x9, =1 << 34 | 1 << 31 | 1 << 27
                    msr     hcr_el2, x9
                    isb
                    adr     x9, vectors
                    msr     vbar_el2, x9
                    adr     x9, 1f
                    msr     elr_el2, x9
                    mov     x9, #0x3c9
                    msr     spsr_el2, x9
                    eret
            1:      mov     x9, #0xf0
                    msr     icc_pmr_el1, x9
                    mov     x9, #2
                    msr     icc_ctlr_el1, x9
                    mov     x9, #1
                    msr     icc_igrpen1_el1, x9
                    msr     cntv_cval_el02, xzr
                    msr     cntv_ctl_el02, x9
            2:      mrs     x10, icc_iar1_el1
                    cmp     x10, #27
                    b.ne    2b
                    msr     icc_eoir1_el1, x10
                    ldr     x9, =7 << 60 | 0xa0 << 48 | 27 << 32 | 27
                    msr     ich_lr0_el2, x9
                    ldr     x9, =0xf0000002
                    msr     ich_vmcr_el2, x9
                    mov     x9, #1
                    msr     ich_hcr_el2, x9
                    movz    x9, #0x4080, lsl #16
                    ldr     x10, =0x400007fd
                    str     x10, [x9, #8]
                    dsb     sy
                    msr     vttbr_el2, x9
                    ldr     x9, =0x80023559
                    msr     vtcr_el2, x9
                    tlbi    vae2is, x9
                    ldr     x9, =1 << 34 | 1 << 31 | 1 << 21 | 0x19
                    msr     hcr_el2, x9
                    isb
                    tlbi    vmalls12e1is
                    dsb     ish
                    adr     x9, guest
                    msr     elr_el2, x9
                    mov     x9, #0x3c5
                    msr     spsr_el2, x9
                    eret
            guest:  mrs     x0, actlr_el1
                    mrs     x0, icc_iar1_el1
                    msr     icc_eoir1_el1, x0
                    hvc     #0
                    b       .
            trapped:
                    mrs     x9, esr_el2
                    lsr     x9, x9, #26
                    cmp     x9, #0x18
                    b.ne    off
                    mrs     x9, elr_el2
                    add     x9, x9, #4
                    msr     elr_el2, x9
                    eret
            off:    movz    w0, #0x8400, lsl #16
                    movk    w0, #8
                    smc     #0
                    b       .
                    .balign 2048
            vectors:
                    .space  0x400
                    b       trapped
                    .balign 0x80
                    b       off
                    .balign 0x400
            """;

    private final TreeMap<String, List<Object[]>> heard = new TreeMap<>();

    private final Tracer ear =
            (Tracer)
                    Proxy.newProxyInstance(
                            Tracer.class.getClassLoader(),
                            new Class<?>[] {Tracer.class},
                            (proxy, method, arguments) -> {
                                heard.computeIfAbsent(method.getName(), k -> new ArrayList<>())
                                        .add(arguments);
                                return null;
                            });

    @Test
    void everyEventHappens() {
        deviceOutsideOfMemory();
        assertThat(last("mmio")[1]).isEqualTo(Tracer.MMIO_WRITE);
        assertThat(last("mmio")[4]).isEqualTo(7L);
        assertThat(last("mmioEmulate")[2]).isEqualTo(0xb8004681);

        undefinedRegister();
        assertThat(last("injection")[2]).isEqualTo(0x0200_0000L);

        timer();
        assertThat(heard.get("timer")).anyMatch(t -> t[1].equals(27) && t[2].equals(true));
        assertThat(heard.get("interruptPending")).anyMatch(p -> p[2].equals(27));
        assertThat(last("wfx")[2]).isEqualTo(false);
        assertThat(last("wakeup")[3]).isEqualTo(true);
        assertThat(heard.get("listRegister")).anyMatch(l -> ((long) l[2] & 0xffff_ffffL) == 27);

        vmm();
        assertThat(last("irqLine")).startsWith(last("irqLine")[0], -1, 33, true);
        assertThat(last("unmap")[1]).isEqualTo(HostedProgram.RAM);
        assertThat(last("guestDebug")[1]).isEqualTo(0x1_0003);

        oldPages();
        assertThat((long) last("accessFault")[1] & -4096).isEqualTo(HostedProgram.RAM + 0x40_0000);

        hypervisor();
        assertThat(heard.get("fastExit")).anyMatch(e -> e[1].equals(Esr.EC_ERET));
        assertThat(last("nestedReturn")[2]).isEqualTo(0x3c5L);
        assertThat(last("forwardedAccess")[1]).isEqualTo(SysReg.ACTLR_EL1.key());
        assertThat(heard.get("timerMap"))
                .anyMatch(t -> t[1].equals(28) && t[4].equals(30))
                .anyMatch(t -> t[1].equals(27) && t[4].equals(26));
        assertThat(last("shadowListRegisters")[1]).isEqualTo(1);
        assertThat(last("shadowListRegistersPut")[1]).isEqualTo(1);
        assertThat(last("linkedInterruptEnded")[3]).isEqualTo(27);
        assertThat(last("shadowContext")[1]).isEqualTo(0x4080_0000L);
        assertThat(last("shadowFault")[3]).isEqualTo(false);
        assertThat(heard.get("nestedTlbi"))
                .anyMatch(t -> t[3].equals(true))
                .anyMatch(t -> t[3].equals(false));

        TreeSet<String> all = new TreeSet<>();
        Arrays.stream(Tracer.class.getMethods()).map(Method::getName).forEach(all::add);
        assertThat(heard.keySet()).isEqualTo(all);
    }

    private Object[] last(String event) {
        assertThat(heard).containsKey(event);
        return heard.get(event).getLast();
    }

    private void deviceOutsideOfMemory() {
        run(
                """
                movz x20, #0x0900, lsl #16
                ldr w1, [x20, #8]
                msr cntv_cval_el0, x1
                str w1, [x20], #4
                """);
    }

    /** HCR_EL2.TIDCP traps what implementations may define, and nothing is behind it. */
    private void undefinedRegister() {
        run(
                """
                adr x0, 1f
                msr vbar_el1, x0
                isb
                mrs x0, s3_0_c11_c0_0
                b .
                .balign 2048
                1: .space 512
                """);
    }

    private void timer() {
        String program =
                """
                mov x0, #1
                msr icc_igrpen1_el1, x0
                mov x0, #0xff
                msr icc_pmr_el1, x0
                mov x0, #-1
                msr cntv_cval_el0, x0
                mov x0, #1
                msr cntv_ctl_el0, x0
                mrs x1, cntvct_el0
                movz x2, #0x800, lsl #16
                add x1, x1, x2
                msr cntv_cval_el0, x1
                wfi
                """;
        try (HostedProgram guest = new HostedProgram(program + POWER_OFF, false, 1, ear)) {
            guest.enablePrivateInterrupt(27);
            guest.run();
        }
    }

    private void vmm() {
        try (HostedProgram guest = new HostedProgram(POWER_OFF, true, 1, ear)) {
            guest.runInTurn();
            guest.vm.vgic().setLine(-1, 33, true);
            Vcpu vcpu = guest.vm.vcpus().getFirst();
            vcpu.debug().debug(GuestDebug.stepping());
            guest.vm.slots().delete(0);
        }
    }

    /** Without hardware's own update of access flags. */
    private void oldPages() {
        String program =
                """
                movz x20, #0x0900, lsl #16
                movz x21, #0x4040, lsl #16
                ldr w1, [x21]
                ldr w1, [x20, #8]
                ldr w1, [x21]
                """;
        try (HostedProgram guest =
                new HostedProgram("default,-hafdbs", program + POWER_OFF, true, 1, ear)) {
            guest.onDeviceAccess(() -> {
                guest.vm.arch().age(HostedProgram.RAM, 16 << 20);
                guest.vm.arch().mmu().flushVmid();
            });
            guest.runInTurn();
        }
    }

    private void hypervisor() {
        try (HostedProgram guest = HostedProgram.nested(HYPERVISOR, ear)) {
            guest.enablePrivateInterrupt(27);
            guest.runInTurn();
        }
    }

    private void run(String program) {
        try (HostedProgram guest = new HostedProgram(program + POWER_OFF, true, 1, ear)) {
            guest.runInTurn();
        }
    }
}

package dev.nido.observe;

import static org.assertj.core.api.Assertions.assertThat;

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

    /** What happens only where the guest has an EL2. */
    private static final List<String> NESTED =
            List.of(
                    "fastExit",
                    "nestedReturn",
                    "nestedException",
                    "forwardedAccess",
                    "timerMap",
                    "shadowListRegisters",
                    "shadowListRegistersPut",
                    "linkedInterruptEnded",
                    "shadowContext",
                    "shadowFault",
                    "nestedTlbi");

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

        TreeSet<String> all = new TreeSet<>();
        Arrays.stream(Tracer.class.getMethods()).map(Method::getName).forEach(all::add);
        all.removeAll(NESTED);
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

    private void run(String program) {
        try (HostedProgram guest = new HostedProgram(program + POWER_OFF, true, 1, ear)) {
            guest.runInTurn();
        }
    }
}

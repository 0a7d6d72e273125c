package dev.nido.kvm.nested;

import dev.nido.kvm.HostedGuest;

/** Assembles programs of a hypervisor that programs timers and takes their interrupts. */
final class TimerProgram {

    /** The timers, by what they are called at EL2 with E2H = 1, and with 0. */
    enum Timer {
        VIRTUAL("s3_5_c14_c3", "s3_3_c14_c3"),
        PHYSICAL("s3_5_c14_c2", "s3_3_c14_c2"),
        HYP_VIRTUAL("s3_3_c14_c3", null),
        HYP_PHYSICAL("s3_3_c14_c2", "s3_4_c14_c2");

        private final String host;
        private final String plain;

        Timer(String host, String plain) {
            this.host = host;
            this.plain = plain;
        }

        boolean exists(boolean e2h) {
            return e2h || plain != null;
        }

        String tval(boolean e2h) {
            return (e2h ? host : plain) + "_0";
        }

        String ctl(boolean e2h) {
            return (e2h ? host : plain) + "_1";
        }

        String cval(boolean e2h) {
            return (e2h ? host : plain) + "_2";
        }
    }

    /** Where the interrupt is waited for. */
    enum Place {
        HYP_SPIN,
        HYP_WFI,
        NESTED_SPIN,
        NESTED_WFI
    }

    private final boolean e2h;
    private final StringBuilder body = new StringBuilder();
    private int segments;

    TimerProgram(boolean e2h) {
        this.e2h = e2h;
    }

    static String log(String what) {
        return what + "\nstr x0, [x28], #8\n";
    }

    /** Adds a line of the program. */
    TimerProgram add(String text) {
        body.append(text).append('\n');
        return this;
    }

    /** Arms a timer to fire in so many ticks, and waits for its interrupt. */
    TimerProgram fire(Timer t, Place place, int ticks, long offset) {
        body.append("adr x26, after_").append(segments).append('\n');
        constant("x0", offset);
        body.append("msr cntvoff_el2, x0\n");
        body.append(log("mrs x0, cntpct_el0")).append(log("mrs x0, cntvct_el0"));
        constant("x0", ticks);
        body.append("msr ").append(t.tval(e2h)).append(", x0\nmov x0, #1\n");
        body.append("msr ").append(t.ctl(e2h)).append(", x0\n");
        body.append(log("mrs x0, " + t.tval(e2h)))
                .append(log("mrs x0, " + t.cval(e2h)))
                .append(log("mrs x0, " + t.ctl(e2h)));
        body.append(
                switch (place) {
                    case HYP_SPIN -> "msr daifclr, #2\n1: add x20, x20, #1\nb 1b\n";
                    case HYP_WFI -> "msr daifclr, #2\n1: wfi\nb 1b\n";
                    case NESTED_SPIN -> below("spin");
                    case NESTED_WFI -> below("sleep");
                });
        body.append("after_").append(segments++).append(":\n");
        return this;
    }

    static String below(String where) {
        return "adr x0, " + where + "\nmsr elr_el2, x0\nmov x0, #0x3c5\nmsr spsr_el2, x0\neret\n";
    }

    TimerProgram constant(String register, long value) {
        body.append("movz %s, #0x%x\n".formatted(register, value & 0xffff));
        for (int s = 16; s < 64; s += 16) {
            if ((value >>> s & 0xffff) != 0) {
                body.append(
                        "movk %s, #0x%x, lsl #%d\n".formatted(register, value >>> s & 0xffff, s));
            }
        }
        return this;
    }

    /** The whole program, which ends after what was added. */
    String text() {
        StringBuilder handler = new StringBuilder();
        for (Timer t : Timer.values()) {
            if (t.exists(e2h)) {
                handler.append(log("mrs x0, " + t.ctl(e2h)));
            }
        }
        for (Timer t : Timer.values()) {
            if (t.exists(e2h)) {
                handler.append("msr ").append(t.ctl(e2h)).append(", xzr\n");
            }
        }
        return """
        adr x0, vectors
        msr vbar_el2, x0
        movz x28, #0x4010, lsl #16
        movz x0, #0x8000, lsl #16
        movk x0, #0x18
        msr hcr_el2, x0
        movz x0, #%s
        msr cnthctl_el2, x0
        mov x0, #0xff
        msr icc_pmr_el1, x0
        mov x0, #1
        msr icc_igrpen1_el1, x0
        b body
        spin: add x20, x20, #1
        b spin
        sleep: wfi
        b sleep
        """
                        .formatted(e2h ? "0xc00" : "3")
                + """
                .balign 2048
                vectors: .skip 0x200
                b sync
                .skip 0x280 - (. - vectors)
                b irq
                .skip 0x400 - (. - vectors)
                b sync
                .skip 0x480 - (. - vectors)
                b irq
                .skip 0x800 - (. - vectors)
                sync: mrs x0, esr_el2
                str x0, [x28], #8
                mrs x0, elr_el2
                str x0, [x28], #8
                br x26
                irq:
                """
                + log("mrs x0, icc_iar1_el1")
                + "mov x19, x0\n"
                + log("mrs x0, elr_el2")
                + log("mrs x0, spsr_el2")
                + log("mrs x0, cntpct_el0")
                + log("mrs x0, cntvct_el0")
                + handler
                + "msr icc_eoir1_el1, x19\n"
                + log("mrs x0, isr_el1")
                + log("mrs x0, icc_hppir1_el1")
                + """
                msr elr_el2, x26
                movz x0, #0x3c9
                msr spsr_el2, x0
                eret
                body:
                """
                + body
                + HostedGuest.OFF_BY_SMC;
    }
}

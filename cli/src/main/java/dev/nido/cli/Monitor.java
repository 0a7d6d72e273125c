package dev.nido.cli;

import dev.nido.arch.Spsr;
import dev.nido.board.VirtBoard;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.machine.Machine;
import dev.nido.machine.pe.Pe;

import java.io.PrintStream;

/** The small monitor behind Ctrl-A c. */
final class Monitor {
    static final String GREETING =
            "Monitor: info registers, resume (empty line), quit, help. The guest goes on meanwhile.";

    private final Machine machine;
    private final Vm vm;
    private final Runnable quit;

    /**
     * @param quit ends the run
     */
    Monitor(VirtBoard board, Runnable quit) {
        this.machine = board.machine();
        this.vm = board.vm();
        this.quit = quit;
    }

    /** Where answers go, and whether the user is done. */
    static final class Reply {
        private final PrintStream out;
        private boolean finished;

        Reply(PrintStream out) {
            this.out = out;
        }

        boolean finished() {
            return finished;
        }
    }

    /** Carries out one line. */
    void command(String line, Reply reply) {
        switch (line.strip()) {
            case "", "c", "cont", "resume" -> reply.finished = true;
            case "q", "quit" -> {
                reply.finished = true;
                quit.run();
            }
            case "info registers", "i r", "info r" -> registers(reply.out);
            case "help", "h", "?" -> reply.out.println(GREETING);
            default -> reply.out.println("unknown command '" + line.strip() + "'; " + GREETING);
        }
    }

    private void registers(PrintStream out) {
        if (vm != null) {
            vm.vcpus().forEach(vcpu -> registers(out, vcpu));
            return;
        }
        for (int i = 0; i < machine.pes(); i++) {
            Pe pe = machine.pe(i);
            out.printf(
                    "PE %d: %s, EL%d%s%n",
                    i,
                    pe.poweredOn ? pe.waiting ? "waits" : "runs" : "is off",
                    pe.el,
                    pe.spSel == 0 ? "t" : "h");
            if (!pe.poweredOn) {
                continue;
            }
            for (int r = 0; r < 31; r++) {
                out.printf("  x%-2d %016x%s", r, pe.x[r], r % 4 == 3 ? "\n" : "");
            }
            out.printf("  sp  %016x%n", pe.x[Pe.SP]);
            out.printf(
                    "  pc  %016x  NZCV %s  DAIF %s  retired %d%n",
                    pe.pc, flags("NZCV", pe.nzcv >>> 28), flags("DAIF", pe.daif >>> 6), pe.retired);
        }
    }

    /** While it runs its registers are in its PE, and change as they are printed. */
    private static void registers(PrintStream out, Vcpu vcpu) {
        PhysicalCpu on = vcpu.cpu();
        boolean inGuest = on != null && on.pe().el < 2;
        int el = inGuest ? on.pe().el : Spsr.el(vcpu.pstate());
        out.printf(
                "CPU %d: %s, EL%d%n",
                vcpu.id(), vcpu.isPoweredOn() ? vcpu.isWaiting() ? "waits" : "runs" : "is off", el);
        if (!vcpu.isPoweredOn()) {
            return;
        }
        for (int r = 0; r < 31; r++) {
            out.printf(
                    "  x%-2d %016x%s",
                    r, inGuest ? on.pe().x[r] : vcpu.reg(r), r % 4 == 3 ? "\n" : "");
        }
        out.printf("%n  pc  %016x  exits %d%n", inGuest ? on.pe().pc : vcpu.pc(), vcpu.exits());
    }

    private static String flags(String names, int bits) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 4; i++) {
            text.append((bits & 8 >> i) != 0 ? names.charAt(i) : '-');
        }
        return text.toString();
    }
}

package dev.nido.cli;

import dev.nido.board.BoardConfig;
import dev.nido.board.guest.Guest;
import dev.nido.board.guest.GuestCatalogue;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.Locale;
import java.util.concurrent.Callable;

/** {@code nido demo}: Debian at EL2, and a second Debian under its KVM. */
@Command(
        description = {
            "Boot Debian's kernel as a hypervisor (L1) and start a guest (L2) under its KVM.",
            "What is needed is fetched once. Machine options as for run; L1 starts at EL2, with 2 CPUs."
        })
final class DemoCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin private MachineOptions machine;

    @Option(
            names = "--l1-args",
            paramLabel = "STR",
            description = "More of L1's kernel command line.")
    private String l1Args;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this help and exit.")
    private boolean help;

    DemoCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        if (machine.nested == MachineOptions.Nested.off) {
            throw new Refusal("--nested off: the demo's L1 is a hypervisor and starts at EL2");
        }
        if (machine.nested == null) {
            machine.nested = MachineOptions.Nested.nv2;
        }
        machine.check(2);
        Guest guest = GuestCommand.fetch(streams, GuestCatalogue.DEMO);
        String line = guest.append() + " quiet panic=-1" + (l1Args == null ? "" : " " + l1Args);
        Object screen = new Object();
        LineConsole l1 = new LineConsole(streams, "L1", screen);
        LineConsole l2 = new LineConsole(streams, "L2", screen);
        BoardConfig.Builder builder =
                BoardConfig.of(guest.kernel())
                        .initrds(guest.initrds())
                        .append(line)
                        .console(l1)
                        .secondConsole(l2);
        machine.apply(builder);
        streams.say(
                String.format(
                        Locale.ROOT,
                        "booting Debian as L1 at %s, %d CPU%s, %s; it starts L2 under its KVM",
                        machine.hosted()
                                ? "a virtual EL2 of Nido's hypervisor, over FEAT_"
                                        + machine.nested.name().toUpperCase(Locale.ROOT)
                                : "EL2",
                        machine.cpus,
                        machine.cpus == 1 ? "" : "s",
                        Sizes.text(machine.memory)));
        GuestRun run = new GuestRun(streams, machine);
        run.countExits();
        ExitStatus status = run.runUnattended(builder);
        l1.flush();
        l2.flush();
        run.summary().forEach(streams::say);
        if (status == ExitStatus.OK && run.reported().orElse(-1) != 0) {
            streams.say("L2 did not reach its end, see L1's last lines");
            status = ExitStatus.EXEC_FAILED;
        }
        run.sayHash();
        return status.code();
    }
}

package dev.nido.board.compare;

import dev.nido.arch.SysReg;
import dev.nido.isa.Disassembler;
import dev.nido.kvm.Vm;
import dev.nido.kvm.nested.NestedVcpu;
import dev.nido.machine.CodeCache;
import dev.nido.machine.Machine;
import dev.nido.machine.engine.StreamRecorder;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the user is shown of a side at the first difference: the registers then, and what went
 * before.
 */
final class Snapshot implements StreamRecorder.Listener {

    /** Instructions and exceptions that are shown before the difference. */
    static final int BEFORE = 50;

    /** Registers that the stream does not show, and that say most about a guest's state. */
    private static final List<SysReg> SYSTEM =
            List.of(
                    SysReg.SP_EL0,
                    SysReg.SP_EL1,
                    SysReg.ELR_EL1,
                    SysReg.SPSR_EL1,
                    SysReg.ESR_EL1,
                    SysReg.FAR_EL1,
                    SysReg.SCTLR_EL1,
                    SysReg.TTBR0_EL1,
                    SysReg.TTBR1_EL1,
                    SysReg.TCR_EL1,
                    SysReg.VBAR_EL1,
                    SysReg.CONTEXTIDR_EL1,
                    SysReg.PAR_EL1);

    /** The same of a guest that has an EL2. */
    private static final List<SysReg> SYSTEM_EL2 =
            List.of(
                    SysReg.SP_EL2,
                    SysReg.ELR_EL2,
                    SysReg.SPSR_EL2,
                    SysReg.ESR_EL2,
                    SysReg.FAR_EL2,
                    SysReg.SCTLR_EL2,
                    SysReg.TTBR0_EL2,
                    SysReg.TCR_EL2,
                    SysReg.VBAR_EL2,
                    SysReg.CPTR_EL2,
                    SysReg.HCR_EL2,
                    SysReg.VTTBR_EL2,
                    SysReg.VTCR_EL2);

    private final Lane lane;
    private final long target;
    private final Deque<String> history = new ArrayDeque<>();
    private final Map<String, String> registers = new LinkedHashMap<>();
    private String record;
    private boolean retired;

    /**
     * @param target number of the record at which the state is taken; the run ends there
     */
    Snapshot(Lane lane, long target) {
        this.lane = lane;
        this.target = target;
    }

    @Override
    public void record(long[] words, int length) {
        long number = lane.recorder().records() - 1;
        if (number < target - BEFORE) {
            return;
        }
        String line = describe(lane.recorder().pe(), words, length);
        if (number < target) {
            note(line);
        } else if (number == target) {
            record = line;
            retired = StreamRecorder.kind(words) == StreamRecorder.RETIRED;
            take(lane.recorder().pe(), words);
            lane.finish();
        }
    }

    /** Adds a line to what went before; an exit of the hypervisor, for example. */
    void note(String line) {
        history.addLast(line);
        while (history.size() > 2 * BEFORE) {
            history.removeFirst();
        }
    }

    /** Whether the record at the target is that of an instruction. */
    boolean isRetired() {
        return retired;
    }

    /** Whether lines are of interest yet. */
    boolean isNear() {
        return lane.recorder().records() >= target - BEFORE && record == null;
    }

    private void take(Pe pe, long[] words) {
        registers.put("pe", Integer.toString(pe.index));
        registers.put("el", Long.toString(words[1] >> 4 & 15));
        registers.put("pc of the record", hex(words[0]));
        for (int i = 0; i < 31; i++) {
            registers.put("x" + i, hex(pe.x[i]));
        }
        registers.put("sp", hex(pe.x[Pe.SP]));
        registers.put("nzcv", hex(pe.nzcv & 0xffff_ffffL));
        registers.put("daif", hex(pe.daif));
        for (int i = 0; i < 32; i++) {
            registers.put("v" + i, "%016x%016x".formatted(pe.v[2 * i + 1], pe.v[2 * i]));
        }
        pe.storeStackPointer();
        NestedVcpu nested = nested(pe);
        for (SysReg r : SYSTEM) {
            system(pe, nested, r);
        }
        if (lane.side().config().startEl() == 2) {
            for (SysReg r : SYSTEM_EL2) {
                system(pe, nested, r);
            }
        }
        registers.put("retired", Long.toString(pe.retired));
    }

    /** The vCPU on a PE, if it has a virtual EL2; deterministic ones have their PE's number. */
    private NestedVcpu nested(Pe pe) {
        Vm vm = lane.board().vm();
        return vm == null ? null : vm.vcpus().get(pe.index).nested();
    }

    /** By the name that the guest uses, wherever the hypervisor has it. */
    private void system(Pe pe, NestedVcpu nested, SysReg r) {
        long value = nested == null ? pe.sys[r.ordinal()] : nested.read(r);
        registers.put(r.name().toLowerCase(Locale.ROOT), hex(value));
    }

    /** A record in words; the instruction at its address is disassembled. */
    private static String describe(Pe pe, long[] words, int length) {
        StringBuilder line = new StringBuilder();
        line.append("pe %d el%d %016x  ".formatted(pe.index, words[1] >> 4 & 15, words[0]));
        if (StreamRecorder.kind(words) == StreamRecorder.EXCEPTION) {
            line.append(
                    "exception  esr=%x far=%x spsr=%x elr=%x"
                            .formatted(words[2], words[3], words[4], words[5]));
            return line.toString();
        }
        line.append("%-40s".formatted(instruction(pe, words[0])));
        line.append(" nzcv=%x daif=%x".formatted(words[1] >> 8 & 15, words[1] >> 12 & 15));
        int at = 2;
        for (int stores = (int) (words[1] >> 16 & 255); stores > 0 && at + 2 < length; stores--) {
            line.append(" [%x]/%d=%x".formatted(words[at], words[at + 1], words[at + 2]));
            at += 3;
        }
        for (int r = 0; r < 32; r++) {
            if ((words[1] >>> 32 + r & 1) != 0 && at < length) {
                line.append(" %s=%x".formatted(r == 31 ? "sp" : "x" + r, words[at++]));
            }
        }
        while (at + 1 < length) {
            line.append(" v=%016x%016x".formatted(words[at + 1], words[at]));
            at += 2;
        }
        return line.toString();
    }

    private static String instruction(Pe pe, long pc) {
        Machine machine = pe.machine;
        try {
            // It has just been executed here, so that its translation is in the TLB already.
            long[] page = pe.mmu.fetch(pc);
            int word = machine.memory().get32(page[CodeCache.WORDS] + (pc & 0xfff));
            return Disassembler.disassemble(pc, word);
        } catch (GuestException e) {
            // The instruction changed what translates it.
            return "(not mapped any more)";
        }
    }

    private static String hex(long value) {
        return "%x".formatted(value);
    }

    /** The report about two sides. */
    static List<String> report(Snapshot a, Snapshot b) {
        List<String> lines = new ArrayList<>();
        for (Snapshot s : List.of(a, b)) {
            lines.add(
                    "%s: %s"
                            .formatted(
                                    s.lane.side().name(),
                                    s.record != null
                                            ? s.record
                                            : "has no such record; it ended: " + s.lane.end()));
        }
        lines.add("state after it, where a line with * differs:");
        if (a.record != null && b.record != null) {
            a.registers.forEach((name, value) -> {
                String other = b.registers.get(name);
                if (!value.equals(other)) {
                    lines.add("  * %-17s %s  %s".formatted(name, value, other));
                } else if (!name.startsWith("v")) {
                    lines.add("    %-17s %s".formatted(name, value));
                }
            });
        } else {
            Snapshot s = a.record != null ? a : b;
            s.registers.forEach((name, value) -> lines.add("    %-17s %s".formatted(name, value)));
        }
        for (Snapshot s : List.of(a, b)) {
            lines.add("before it, on " + s.lane.side().name() + ":");
            s.history.forEach(line -> lines.add("  " + line));
        }
        return lines;
    }
}

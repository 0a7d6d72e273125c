package dev.nido.cli;

import dev.nido.arch.Esr;
import dev.nido.machine.Machine;
import dev.nido.machine.pe.ExceptionCounts;
import dev.nido.machine.pe.Pe;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/**
 * What a machine did, in a few lines: instructions and time, and the exceptions by target level and
 * class.
 */
final class Summary {
    /**
     * Synchronous exceptions by what a reader calls them; an abort counts from wherever it comes.
     */
    private static final Map<Integer, String> CLASSES =
            Map.ofEntries(
                    Map.entry(Esr.EC_UNKNOWN, "undefined"),
                    Map.entry(Esr.EC_WFX, "WFx"),
                    Map.entry(Esr.EC_FP, "FP access"),
                    Map.entry(Esr.EC_ILLEGAL_STATE, "illegal state"),
                    Map.entry(Esr.EC_SVC, "SVC"),
                    Map.entry(Esr.EC_HVC, "HVC"),
                    Map.entry(Esr.EC_SMC, "SMC"),
                    Map.entry(Esr.EC_SYSTEM, "system register"),
                    Map.entry(Esr.EC_ERET, "ERET"),
                    Map.entry(Esr.EC_INSTRUCTION_ABORT, "instruction abort"),
                    Map.entry(Esr.EC_INSTRUCTION_ABORT + 1, "instruction abort"),
                    Map.entry(Esr.EC_PC_ALIGNMENT, "PC alignment"),
                    Map.entry(Esr.EC_DATA_ABORT, "data abort"),
                    Map.entry(Esr.EC_DATA_ABORT + 1, "data abort"),
                    Map.entry(Esr.EC_SP_ALIGNMENT, "SP alignment"),
                    Map.entry(Esr.EC_FP_EXCEPTION, "FP exception"),
                    Map.entry(Esr.EC_BREAKPOINT, "breakpoint"),
                    Map.entry(Esr.EC_BREAKPOINT + 1, "breakpoint"),
                    Map.entry(Esr.EC_STEP, "software step"),
                    Map.entry(Esr.EC_STEP + 1, "software step"),
                    Map.entry(Esr.EC_WATCHPOINT, "watchpoint"),
                    Map.entry(Esr.EC_WATCHPOINT + 1, "watchpoint"),
                    Map.entry(Esr.EC_BRK, "BRK"));

    private Summary() {}

    /** The lines. */
    static List<String> of(Machine machine, double seconds) {
        List<String> lines = new ArrayList<>();
        lines.add(
                String.format(
                        Locale.ROOT,
                        "%d million instructions in %.1f s, %.1f million a second",
                        machine.retired() / 1_000_000,
                        seconds,
                        machine.retired() / seconds / 1e6));
        for (int level = 1; level <= 2; level++) {
            Map<String, Long> counts = counts(machine, level);
            if (!counts.isEmpty()) {
                lines.add("exceptions to EL" + level + ": " + text(counts));
            }
        }
        return lines;
    }

    private static Map<String, Long> counts(Machine machine, int level) {
        Map<String, Long> counts = new TreeMap<>();
        add(counts, "IRQ", machine, e -> e.irqs(level));
        add(counts, "FIQ", machine, e -> e.fiqs(level));
        add(counts, "SError", machine, e -> e.serrors(level));
        for (int i = 0; i < 64; i++) {
            int ec = i;
            add(
                    counts,
                    CLASSES.getOrDefault(ec, "class " + ec),
                    machine,
                    e -> e.synchronous(level, ec));
        }
        return counts;
    }

    private static void add(
            Map<String, Long> counts,
            String name,
            Machine machine,
            ToLongFunction<ExceptionCounts> count) {
        long sum = 0;
        for (int i = 0; i < machine.pes(); i++) {
            Pe pe = machine.pe(i);
            sum += count.applyAsLong(pe.exceptions);
        }
        if (sum > 0) {
            counts.merge(name, sum, Long::sum);
        }
    }

    private static String text(Map<String, Long> counts) {
        return counts.entrySet().stream()
                .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
    }
}

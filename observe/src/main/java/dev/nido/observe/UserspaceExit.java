package dev.nido.observe;

import dev.nido.kvm.Exit;

/** Exits to the VMM under the names and numbers of Linux's {@code KVM_EXIT_*}. */
final class UserspaceExit {
    private UserspaceExit() {}

    static String name(Exit exit) {
        return switch (exit) {
            case Exit.Mmio mmio -> "KVM_EXIT_MMIO";
            case Exit.SystemEvent event -> "KVM_EXIT_SYSTEM_EVENT";
            // To KVM, both are a signal to the thread.
            case Exit.BudgetUsed used -> "KVM_EXIT_INTR";
            case Exit.Interrupted interrupted -> "KVM_EXIT_INTR";
            case Exit.Waiting waiting -> "KVM_EXIT_HLT";
            case Exit.Debug debug -> "KVM_EXIT_DEBUG";
            case Exit.FailEntry fail -> "KVM_EXIT_FAIL_ENTRY";
            case Exit.MemoryFault fault -> "KVM_EXIT_MEMORY_FAULT";
            case Exit.Stuck stuck -> "KVM_EXIT_INTERNAL_ERROR";
            case Exit.InternalError error -> "KVM_EXIT_INTERNAL_ERROR";
        };
    }

    static int number(Exit exit) {
        return switch (exit) {
            case Exit.Mmio mmio -> 6;
            case Exit.SystemEvent event -> 24;
            case Exit.BudgetUsed used -> 10;
            case Exit.Interrupted interrupted -> 10;
            case Exit.Waiting waiting -> 5;
            case Exit.Debug debug -> 4;
            case Exit.FailEntry fail -> 9;
            case Exit.MemoryFault fault -> 39;
            case Exit.Stuck stuck -> 17;
            case Exit.InternalError error -> 17;
        };
    }
}

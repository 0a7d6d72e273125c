package dev.nido.observe;

import dev.nido.kvm.Vcpu;
import dev.nido.kvm.nested.NestedVcpu;

/**
 * Who executes on a vCPU, as the hypervisor tells them apart: with a virtual EL2 there are the
 * guest hypervisor (L1), its own EL0, and its guests (L2), to whom those of a hypervisor in an L2
 * belong too.
 */
public enum GuestLevel {
    /** A guest without an EL2. */
    GUEST("guest"),

    /** A guest's EL2. */
    L1_EL2("L1 vEL2"),

    /** EL0 under a guest's EL2, HCR_EL2.TGE being 1. */
    L1_EL0("L1 vEL0"),

    /** EL1 or EL0 of a guest that has an EL2. */
    L2("L2");

    private final String text;

    GuestLevel(String text) {
        this.text = text;
    }

    /** Who executes, or did at the exit that is handled now. */
    static GuestLevel of(Vcpu vcpu) {
        NestedVcpu nested = vcpu.nested();
        if (nested == null) {
            return GUEST;
        }
        return nested.isEl2() ? L1_EL2 : nested.isHypContext() ? L1_EL0 : L2;
    }

    /** As it is written in a report. */
    @Override
    public String toString() {
        return text;
    }
}

package dev.nido.observe;

import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.MemoryAddress;
import jdk.jfr.Name;
import jdk.jfr.Unsigned;

/** The flight recorder's events of vCPUs with a virtual EL2. */
abstract class NestedEvent extends VcpuEvent {

    @Name("dev.nido.FastExit")
    @Label("Fast Exit")
    @Description("An exit that was handled on the spot")
    static final class FastExit extends NestedEvent {
        @Label("Reason")
        String reason;

        @Label("Exception Class")
        @Description("ESR_EL2.EC")
        int ec;

        @Label("ISS")
        @Description("ESR_EL2.ISS")
        @Unsigned
        int iss;

        @Label("PC")
        @MemoryAddress
        long pc;
    }

    @Name("dev.nido.NestedReturn")
    @Label("ERET of a Virtual EL2")
    static final class NestedReturn extends NestedEvent {
        @Label("ELR_EL2")
        @MemoryAddress
        long elr;

        @Label("SPSR_EL2")
        @MemoryAddress
        long spsr;

        @Label("Mode")
        String mode;
    }

    @Name("dev.nido.NestedException")
    @Label("Exception to a Virtual EL2")
    static final class NestedException extends NestedEvent {
        @Label("Type")
        String type;

        @Label("PC")
        @MemoryAddress
        long pc;

        @Label("PSTATE")
        @MemoryAddress
        long pstate;

        @Label("Mode")
        @Description("Before the exception")
        String mode;

        @Label("Syndrome")
        @MemoryAddress
        long esr;
    }

    @Name("dev.nido.ForwardedAccess")
    @Label("Forwarded System Register Trap")
    static final class ForwardedAccess extends NestedEvent {
        @Label("PC")
        @MemoryAddress
        long pc;

        @Label("Encoding")
        @Description("op0<<14 | op1<<11 | CRn<<7 | CRm<<3 | op2")
        int key;

        @Label("Read")
        boolean read;
    }

    @Name("dev.nido.TimerMap")
    @Label("Timers of a Context")
    @Description("INTIDs; -1: none")
    static final class TimerMap extends NestedEvent {
        @Label("Direct Virtual")
        int directVirtual;

        @Label("Direct Physical")
        int directPhysical;

        @Label("Emulated Virtual")
        int emulatedVirtual;

        @Label("Emulated Physical")
        int emulatedPhysical;
    }

    @Name("dev.nido.ShadowListRegisters")
    @Label("Shadow List Registers")
    static final class ShadowListRegisters extends NestedEvent {
        @Label("Loaded")
        @Description("Hexadecimal, with spaces")
        String loaded;

        @Label("Original")
        @Description("Those of the guest's EL2 that they were made from")
        String original;
    }

    @Name("dev.nido.ShadowListRegistersPut")
    @Label("Shadow List Registers Put")
    static final class ShadowListRegistersPut extends NestedEvent {
        @Label("Values")
        @Description("Hexadecimal, with spaces")
        String values;
    }

    @Name("dev.nido.LinkedInterruptEnded")
    @Label("Linked Interrupt Ended")
    static final class LinkedInterruptEnded extends NestedEvent {
        @Label("Index")
        int index;

        @Label("Value")
        @MemoryAddress
        long value;

        @Label("INTID")
        int intid;
    }

    @Name("dev.nido.ShadowContext")
    @Label("Shadow Stage 2")
    static final class ShadowContext extends NestedEvent {
        @Label("VTTBR_EL2")
        @MemoryAddress
        long vttbr;

        @Label("VTCR_EL2")
        @MemoryAddress
        long vtcr;

        @Label("Recycled")
        boolean recycled;
    }

    @Name("dev.nido.ShadowFault")
    @Label("Shadow Stage-2 Fault")
    static final class ShadowFault extends NestedEvent {
        @Label("L2 IPA")
        @MemoryAddress
        long l2Ipa;

        @Label("L1 IPA")
        @Description("-1: none")
        @MemoryAddress
        long l1Ipa;

        @Label("Forwarded")
        boolean forwarded;
    }

    @Name("dev.nido.NestedTlbi")
    @Label("TLBI of a Virtual EL2")
    static final class NestedTlbi extends NestedEvent {
        @Label("Operation")
        String operation;

        @Label("Encoding")
        @Description("op0<<14 | op1<<11 | CRn<<7 | CRm<<3 | op2")
        int key;

        @Label("Value")
        @MemoryAddress
        long value;

        @Label("Fast")
        boolean fast;
    }
}

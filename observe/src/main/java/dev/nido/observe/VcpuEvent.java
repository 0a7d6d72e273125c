package dev.nido.observe;

import dev.nido.kvm.Vcpu;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.MemoryAddress;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import jdk.jfr.Unsigned;

/**
 * The events of the JDK's flight recorder, category "Nido". Each names its vCPU and the PE; times
 * are the host's.
 */
@Category("Nido")
@StackTrace(false)
abstract class VcpuEvent extends Event {
    @Label("VM")
    @Description("Number of the VM among those that were seen, from 0")
    int vm;

    @Label("vCPU")
    @Description("Number of the vCPU in its VM; -1 for none")
    int vcpu;

    @Label("PE")
    @Description("Processing element on which the vCPU is loaded; -1 for none")
    int pe;

    @Name("dev.nido.GuestEntry")
    @Label("Guest Entry")
    static final class GuestEntry extends VcpuEvent {
        @Label("PC")
        @MemoryAddress
        long pc;
    }

    @Name("dev.nido.GuestExit")
    @Label("Guest Exit")
    @Description("From the exit of the guest to its next entry")
    static final class GuestExit extends VcpuEvent {
        @Label("Reason")
        String reason;

        @Label("Exception Class")
        @Description("ESR_EL2.EC; negative if there was no synchronous exception")
        int ec;

        @Label("ISS")
        @Description("ESR_EL2.ISS")
        @Unsigned
        int iss;

        @Label("PC")
        @MemoryAddress
        long pc;

        @Label("Level")
        @Description("Exception level of the guest")
        int level;

        @Label("Guest")
        @Description("Who executed: the hypervisor in a VM, its EL0, its guest, or a plain guest")
        String guest;

        @Label("Time in Guest")
        @Description("From the entry before it to the exit")
        @Timespan
        long inGuest;

        @Label("VMM")
        @Description("Why the VMM was called; null if it was not")
        String vmm;
    }

    @Name("dev.nido.GuestFault")
    @Label("Guest Fault")
    static final class GuestFault extends VcpuEvent {
        @Label("IPA")
        @MemoryAddress
        long ipa;

        @Label("Virtual Address")
        @MemoryAddress
        long far;

        @Label("PC")
        @MemoryAddress
        long pc;

        @Label("Syndrome")
        @MemoryAddress
        long esr;
    }

    @Name("dev.nido.AccessFault")
    @Label("Access Flag Fault")
    static final class AccessFault extends VcpuEvent {
        @Label("IPA")
        @MemoryAddress
        long ipa;
    }

    @Name("dev.nido.Mmio")
    @Label("MMIO")
    static final class Mmio extends VcpuEvent {
        @Label("Kind")
        String kind;

        @Label("Size")
        @DataAmount
        int bytes;

        @Label("IPA")
        @MemoryAddress
        long ipa;

        @Label("Value")
        @MemoryAddress
        long value;
    }

    @Name("dev.nido.MmioEmulation")
    @Label("MMIO Emulation")
    @Description("An access whose syndrome does not describe it")
    static final class MmioEmulation extends VcpuEvent {
        @Label("PC")
        @MemoryAddress
        long pc;

        @Label("Instruction")
        @MemoryAddress
        long instruction;
    }

    @Name("dev.nido.SystemRegister")
    @Label("System Register Trap")
    static final class SystemRegister extends VcpuEvent {
        @Label("PC")
        @MemoryAddress
        long pc;

        @Label("Register")
        String register;

        @Label("Encoding")
        @Description("op0<<14 | op1<<11 | CRn<<7 | CRm<<3 | op2")
        int key;

        @Label("Write")
        boolean write;

        @Label("Value")
        @MemoryAddress
        long value;
    }

    @Name("dev.nido.WaitFor")
    @Label("WFI or WFE")
    static final class WaitFor extends VcpuEvent {
        @Label("PC")
        @MemoryAddress
        long pc;

        @Label("Event")
        @Description("Whether it is WFE")
        boolean wfe;
    }

    @Name("dev.nido.Wakeup")
    @Label("vCPU Wakeup")
    static final class Wakeup extends VcpuEvent {
        @Label("Waited")
        @Timespan
        long waited;

        @Label("Slept")
        boolean slept;

        @Label("Valid")
        boolean valid;
    }

    @Name("dev.nido.Hypercall")
    @Label("Hypercall")
    static final class Hypercall extends VcpuEvent {
        @Label("PC")
        @MemoryAddress
        long pc;

        @Label("Function")
        @Description("X0")
        @MemoryAddress
        long function;

        @Label("Immediate")
        int immediate;

        @Label("SMC")
        boolean smc;
    }

    @Name("dev.nido.Injection")
    @Label("Exception Injection")
    static final class Injection extends VcpuEvent {
        @Label("PC")
        @MemoryAddress
        long pc;

        @Label("Syndrome")
        @MemoryAddress
        long esr;

        @Label("Fault Address")
        @MemoryAddress
        long far;
    }

    @Name("dev.nido.InterruptLine")
    @Label("Interrupt Line")
    static final class InterruptLine extends VcpuEvent {
        @Label("INTID")
        int intid;

        @Label("Level")
        boolean level;
    }

    @Name("dev.nido.InterruptPending")
    @Label("Interrupt Pending")
    static final class InterruptPending extends VcpuEvent {
        @Label("INTID")
        int intid;

        @Label("Level")
        boolean level;
    }

    @Name("dev.nido.ListRegister")
    @Label("List Register")
    static final class ListRegister extends VcpuEvent {
        @Label("Index")
        int index;

        @Label("Value")
        @MemoryAddress
        long value;
    }

    @Name("dev.nido.Timer")
    @Label("Timer Output")
    static final class Timer extends VcpuEvent {
        @Label("INTID")
        int intid;

        @Label("Level")
        boolean level;
    }

    @Name("dev.nido.Tlbi")
    @Label("TLB Invalidation")
    static final class Tlbi extends VcpuEvent {
        @Label("VMID")
        int vmid;

        @Label("IPA")
        @MemoryAddress
        long ipa;

        @Label("Size")
        @Description("-1: everything of the VMID")
        long bytes;
    }

    @Name("dev.nido.Map")
    @Label("Stage-2 Map")
    static final class Map extends VcpuEvent {
        @Label("IPA")
        @MemoryAddress
        long ipa;

        @Label("Size")
        @DataAmount
        long bytes;

        @Label("Physical Address")
        @MemoryAddress
        long pa;

        @Label("Writable")
        boolean writable;

        @Label("Executable")
        boolean executable;
    }

    @Name("dev.nido.Unmap")
    @Label("Stage-2 Unmap")
    static final class Unmap extends VcpuEvent {
        @Label("IPA")
        @MemoryAddress
        long ipa;

        @Label("Size")
        @DataAmount
        long bytes;
    }

    @Name("dev.nido.GuestDebug")
    @Label("Guest Debug")
    static final class GuestDebug extends VcpuEvent {
        @Label("Flags")
        int flags;
    }

    /** Says which vCPU this is about. */
    final void about(int vmNumber, Vcpu subject) {
        vm = vmNumber;
        vcpu = subject.id();
        pe = subject.cpu() == null ? -1 : subject.cpu().index();
    }

    /** Says which VM this is about, and which of its vCPUs, −1 for none. */
    final void about(int vmNumber, int vcpuNumber) {
        vm = vmNumber;
        vcpu = vcpuNumber;
        pe = -1;
    }
}

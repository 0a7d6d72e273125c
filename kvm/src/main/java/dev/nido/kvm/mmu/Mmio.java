package dev.nido.kvm.mmu;

import dev.nido.arch.Esr;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Handled;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.mmu.EmulatedAccess.Kind;
import dev.nido.kvm.nested.GuestStage2Walk;
import dev.nido.kvm.nested.ShadowFaults;
import dev.nido.kvm.run.ExceptionInjection;
import dev.nido.machine.engine.StreamRecorder;
import dev.nido.machine.pe.Pe;

/**
 * A vCPU's accesses to what is not memory. An instruction is emulated access by access, in the
 * order in which a PE makes them: memory and the hypervisor's own devices at once, the VMM's by an
 * {@link Exit.Mmio} each, after which the vCPU comes back with {@link #complete} or {@link #fail}.
 * Faults that the PE would have met on the way are injected instead.
 *
 * <p>KVM: {@code io_mem_abort()}, {@code kvm_handle_mmio_return()}. KVM needs a valid syndrome;
 * here the instruction is read where there is none.
 */
public final class Mmio {

    private static final long PAGE_MASK = 0xfff;
    private static final long SCTLR_A = 2;
    private static final long INJECTED = -1;

    /** Of a memory attribute in MAIR format: all zero for Device memory. */
    private static final int NOT_DEVICE = 0xf0;

    /** Of a syndrome, what stays for the other half of the same access. */
    private static final int ISS_KEPT = 0x1ff_ffc0 & ~(Esr.S1PTW | Esr.CM);

    private static final int AT_S1E1R = at(8, 0);
    private static final int AT_S1E0R = at(8, 2);
    private static final int AT_S1E1RP = at(9, 0);
    private static final int PAR = SysReg.PAR_EL1.ordinal();

    private Vcpu vcpu;
    private Vm vm;
    private Tracer tracer;
    private final EmulatedAccess access = new EmulatedAccess();

    /** The access that the VMM is asked to make, if {@link #pending}. */
    private int element;

    /** Bytes of an element that is not aligned are accesses by themselves. */
    private int part;

    private boolean bytewise;
    private long gathered;
    private boolean pending;
    private boolean failed;
    private long answer;

    // The pages of the access: virtual address, guest physical address, memory attribute.

    private long page0;
    private long page1;
    private long ipa0;
    private long ipa1;
    private int attribute0;
    private int attribute1;

    /** The last {@link #toVm} met Device memory of L1's stage 2. */
    private boolean stage2Device;

    /** Of the abort that it began with. */
    private int iss;

    /** Of the last {@link #translate}. */
    private long par;

    private static int at(int crm, int op2) {
        return 1 << 14 | 7 << 7 | crm << 3 | op2;
    }

    /** Whether an {@link Exit.Mmio} waits for its answer. */
    public boolean pending() {
        return pending;
    }

    /** Forgets the access in progress: the vCPU is reset. */
    public void reset() {
        pending = false;
    }

    /**
     * Emulates the instruction that caused a data abort at stage 2.
     *
     * @param vcpu loaded
     * @param esr its syndrome
     * @param far the address that faulted
     * @param ipa the guest physical address of that
     * @return {@link Handled#RESUME} or {@link Handled#LEAVE}; negative: not an instruction that
     *     can be emulated
     */
    int abort(Vcpu vcpu, long esr, long far, long ipa) {
        this.vcpu = vcpu;
        vm = vcpu.vm();
        tracer = vm.hypervisor().tracer();
        iss = (int) esr & ISS_KEPT;
        int size = 1 << ((int) (esr >>> 22) & 3);
        // At the begin of a page it may be the second half of what began in the page before.
        if ((esr & Esr.ISV) != 0 && (far & size - 1) == 0 && (far & PAGE_MASK) != 0) {
            access.fromSyndrome(vcpu, esr, far);
            page0 = far & ~PAGE_MASK;
            page1 = page0;
            ipa0 = ipa & ~PAGE_MASK;
            return start();
        }
        int word = vcpu.cpu().pe().trappedInstruction;
        if (!access.decode(vcpu, word)) {
            return -Errno.EFAULT;
        }
        if (tracer != null) {
            tracer.mmioEmulate(vcpu, vcpu.pc(), word, vcpu.pstate());
        }
        if (access.kind == Kind.ATOMIC) {
            if (watchpointAtomic(word, far)) {
                return Handled.RESUME;
            }
            boolean there = vm.mmio().anybodyAnswers(ipa, Math.min(8, 1 << access.log2));
            int status = there ? Esr.FSC_UNSUPPORTED_ACCESS : Esr.FSC_EXTERNAL;
            return inject(far, status, access.faultsAsWrite);
        }
        int r = locate(far, ipa);
        return r != 0 ? r : start();
    }

    // Where the access goes

    /**
     * Translates the pages of the access, as the PE does before the first byte moves; 0 if good.
     */
    private int locate(long far, long ipa) {
        int last = access.count - 1;
        boolean unaligned = (access.va[0] & (1 << access.log2) - 1) != 0;
        page0 = access.va[0] & ~PAGE_MASK;
        page1 = access.va[last] + (1 << access.log2) - 1 & ~PAGE_MASK;
        boolean crosses = page0 != page1;
        ipa0 = ipa & ~PAGE_MASK;
        ipa1 = ipa0;
        if (access.kind == Kind.ZERO || unaligned || page0 != (far & ~PAGE_MASK)) {
            int r = translate(page0);
            if (r != 0) {
                return r;
            }
            attribute0 = (int) (par >>> 56);
            ipa0 = toVm(page0);
            if (ipa0 == INJECTED) {
                return Handled.RESUME;
            }
            attribute0 = stage2Device ? 0 : attribute0;
        }
        if (crosses) {
            int r = translate(page1);
            if (r != 0) {
                return r;
            }
            attribute1 = (int) (par >>> 56);
            ipa1 = toVm(page1);
            if (ipa1 == INJECTED) {
                return Handled.RESUME;
            }
            attribute1 = stage2Device ? 0 : attribute1;
        }
        access.begin(vcpu);
        if (access.kind == Kind.ZERO && isDevice(attribute0)) {
            return inject(access.zeroVa, Esr.FSC_ALIGNMENT, true);
        }
        return 0;
    }

    /**
     * The VM's address of what was translated last: the same, unless it is one of a guest's guest.
     *
     * @return {@link #INJECTED} if the guest's own tables forbid the access
     */
    private long toVm(long va) {
        long ipa = par & 0xffff_ffff_f000L;
        stage2Device = false;
        S2Mmu mmu = vcpu.hwMmu();
        if (mmu.shadow() == null || !mmu.shadow().enabled()) {
            return ipa;
        }
        ShadowFaults stage2 = vcpu.nested().shadowFaults();
        FaultMapping m = vcpu.faultMapping().of(mmu, ipa);
        int right = access.write ? GuestStage2Walk.WRITE : GuestStage2Walk.READ;
        boolean user = Spsr.el(vcpu.pstate()) == 0;
        if (!stage2.translate(right, user, va, iss, m)) {
            return INJECTED;
        }
        stage2Device = stage2.isDevice();
        return m.ipa();
    }

    /**
     * Alignment faults of the current element, which is not aligned, that the abort of stage 2 was
     * faster than (Arm ARM B2.8.2).
     *
     * @return whether there was one
     */
    private boolean alignmentFault() {
        long va = access.va[element];
        boolean checked = (vcpu.cpu().read(SysReg.SCTLR_EL1) & SCTLR_A) != 0;
        boolean inFirst = (va & ~PAGE_MASK) == page0;
        if (checked || isDevice(inFirst ? attribute0 : attribute1)) {
            inject(va, Esr.FSC_ALIGNMENT, access.write);
            return true;
        }
        boolean split = (va & PAGE_MASK) + (1 << access.log2) > PAGE_MASK + 1;
        if (split && isDevice(attribute1)) {
            inject(page1, Esr.FSC_ALIGNMENT, access.write);
            return true;
        }
        return false;
    }

    private static boolean isDevice(int attribute) {
        return (attribute & NOT_DEVICE) == 0;
    }

    /**
     * Has the PE translate by stage 1 with the guest's rights, into {@link #par}.
     *
     * @return 0; {@link Handled#RESUME} if a fault was injected, or cured: the instruction is
     *     executed again
     */
    private int translate(long va) {
        long pstate = vcpu.pstate();
        boolean el0 = Spsr.el(pstate) == 0;
        boolean asEl0 = el0 || access.unprivileged && isEl0sOwn(pstate);
        boolean pan = !asEl0 && (pstate & Spsr.PAN) != 0;
        par =
                executeAt(
                        (asEl0 ? AT_S1E0R : pan ? AT_S1E1RP : AT_S1E1R) | (access.write ? 1 : 0),
                        va,
                        pan);
        if ((par & 1) == 0) {
            return 0;
        }
        int status = (int) (par >>> 1) & 0x3f;
        if ((par >>> 9 & 1) == 0) {
            if ((status & 0x3c) == Esr.FSC_PERMISSION && alignmentComesFirst()) {
                long any = executeAt(AT_S1E1R, va, false);
                if ((any & 1) == 0 && isDevice((int) (any >>> 56))) {
                    status = Esr.FSC_ALIGNMENT;
                }
            }
            return inject(va, status, access.write);
        }
        // The guest's tables are not mapped yet, or not in memory.
        GuestWalk walk = new GuestWalk(vcpu);
        if (walk.toMissing(va)) {
            return inject(va, Esr.FSC_EXTERNAL_ON_WALK + walk.level(), access.write);
        }
        if (walk.stage2Status() != GuestWalk.NONE) {
            vcpu.nested().shadowFaults().abortOnWalk(walk.stage2Status(), va, walk.descriptorIpa());
            return Handled.RESUME;
        }
        walk.to(va, this::mapForWalk);
        return Handled.RESUME;
    }

    /** Whether LDTR and STTR have EL0's rights: at EL1, and at the EL2 of a host. */
    private boolean isEl0sOwn(long pstate) {
        boolean el2 = Spsr.el(pstate) == 2;
        return (pstate & Spsr.UAO) == 0 && (!el2 || HcrEl2.isHost(vcpu.nested().hcr()));
    }

    /** Maps what a descriptor lies in; the walk goes on. */
    private boolean mapForWalk(long ipa) {
        S2Mmu mmu = vcpu.hwMmu();
        FaultMapping m = vcpu.faultMapping().of(mmu, ipa);
        boolean own = mmu.shadow() == null || !mmu.shadow().enabled();
        if (own
                || vcpu.nested()
                        .shadowFaults()
                        .translate(GuestStage2Walk.READ, false, ipa, Esr.S1PTW, m)) {
            GuestAbort.mapForWalk(vcpu, m);
        }
        return false;
    }

    /** AT on the PE, and what it leaves in PAR_EL1, which the guest does not see. */
    private long executeAt(int key, long va, boolean pan) {
        Pe pe = vcpu.cpu().pe();
        long kept = pe.sys[PAR];
        boolean panBefore = pe.pan;
        pe.pan = pan;
        pe.mmu.resume();
        pe.mmu.at(key, va);
        pe.mmu.suspend();
        pe.pan = panBefore;
        long result = pe.sys[PAR];
        pe.sys[PAR] = kept;
        return result;
    }

    /**
     * Whether the PE finds a misaligned access to Device memory before missing rights: it does
     * where it translates for the access itself, not for the range of all accesses.
     */
    private boolean alignmentComesFirst() {
        return access.count == 1
                && access.kind != Kind.STRUCTURE
                && (access.va[0] & (1 << access.log2) - 1) != 0;
    }

    private int inject(long far, int status, boolean write) {
        pending = false;
        ExceptionInjection.dataAbort(vcpu, far, status | (write ? Esr.WNR : 0));
        return Handled.RESUME;
    }

    private long ipaOf(long va) {
        return ((va & ~PAGE_MASK) == page0 ? ipa0 : ipa1) | va & PAGE_MASK;
    }

    // Access by access

    private int start() {
        element = 0;
        return nextElement() ? proceed() : Handled.RESUME;
    }

    /** Prepares {@link #element}; false if it faults as a whole. */
    private boolean nextElement() {
        part = 0;
        gathered = 0;
        long va = access.va[element];
        bytewise = (va & (1 << access.log2) - 1) != 0;
        if (bytewise && alignmentFault()) {
            return false;
        }
        if (vcpu.debug().watching() && watchpoint(va)) {
            return false;
        }
        if (bytewise && access.write) {
            for (int i = 0; i < 1 << access.log2; i++) {
                long ipa = ipaOf(va + i);
                if (!isRam(ipa) && !vm.mmio().anybodyAnswers(ipa, 1)) {
                    inject(va + i, Esr.FSC_EXTERNAL, true);
                    return false;
                }
            }
        }
        return true;
    }

    /** The guest's watchpoints, which come after translation and before the access. */
    private boolean watchpoint(long va) {
        boolean zero = access.kind == Kind.ZERO;
        if (zero && element != 0) {
            return false;
        }
        return watchpoint(
                va,
                zero ? EmulatedAccess.ZERO_BLOCK : 1 << access.log2,
                access.write,
                !access.write);
    }

    private boolean watchpointAtomic(int word, long va) {
        boolean exclusive =
                (word >>> 24 & 0x3f) == 8
                        && (word >>> 23 & 1) == 0
                        && ((word >>> 21 & 1) == 0 || word < 0);
        return watchpoint(
                va,
                1 << access.log2,
                !exclusive || access.faultsAsWrite,
                !exclusive || !access.faultsAsWrite);
    }

    private boolean watchpoint(long va, int bytes, boolean write, boolean read) {
        long pstate = vcpu.pstate();
        boolean asEl0 = Spsr.el(pstate) == 0 || access.unprivileged && isEl0sOwn(pstate);
        if (!vcpu.debug().watchpoint(va, bytes, write, read, asEl0, 0)) {
            return false;
        }
        pending = false;
        return true;
    }

    private boolean isRam(long ipa) {
        MemorySlot s = vm.slots().find(ipa);
        return s != null && !(access.write && s.readOnly());
    }

    private int proceed() {
        while (true) {
            int size = bytewise ? 1 : 1 << access.log2;
            long ipa = ipaOf(access.va[element] + part);
            int r = access.write ? store(ipa, size) : load(ipa, size);
            if (r <= 0) {
                return r;
            }
            if (!advance()) {
                return Handled.RESUME;
            }
        }
    }

    private int load(long ipa, int size) {
        if (isRam(ipa)) {
            try {
                gather(vm.ownRam().get(ipa, size));
            } catch (KvmException e) {
                return -e.errno();
            }
            return Handled.RESUME;
        }
        if (vm.mmio().answers(ipa, size)) {
            long value = vm.mmio().read(ipa, size);
            trace(Tracer.MMIO_READ, size, ipa, value);
            gather(value);
            return Handled.RESUME;
        }
        trace(Tracer.MMIO_READ_UNSATISFIED, size, ipa, 0);
        ask();
        return vcpu.leave(new Exit.Mmio(ipa, size, false, 0));
    }

    private int store(long ipa, int size) {
        long value = access.value[element] >>> 8 * part;
        long low = size == 8 ? value : value & (1L << 8 * size) - 1;
        if (isRam(ipa)) {
            try {
                vm.ownRam().put(ipa, size, low);
            } catch (KvmException e) {
                return -e.errno();
            }
            return Handled.RESUME;
        }
        trace(Tracer.MMIO_WRITE, size, ipa, low);
        if (vm.mmio().write(ipa, size, low)) {
            return Handled.RESUME;
        }
        ask();
        return vcpu.leave(new Exit.Mmio(ipa, size, true, low));
    }

    private void ask() {
        pending = true;
        failed = false;
        answer = 0;
    }

    private void trace(int kind, int size, long ipa, long value) {
        if (tracer != null) {
            tracer.mmio(vcpu, kind, size, ipa, value);
        }
    }

    private void gather(long value) {
        gathered |= value << 8 * part;
    }

    /** Goes on to the next access; false if there was a fault, or the instruction is complete. */
    private boolean advance() {
        part += bytewise ? 1 : 1 << access.log2;
        if (part < 1 << access.log2) {
            return true;
        }
        if (!access.write) {
            access.loaded(vcpu, element, gathered);
        }
        element++;
        if (element < access.count) {
            return nextElement();
        }
        record();
        access.end(vcpu);
        vcpu.skipInstruction();
        return false;
    }

    /** The stores enter the stream with their instruction. */
    private void record() {
        StreamRecorder recorder = vm.hypervisor().machine().recorder();
        if (recorder == null || !access.write) {
            return;
        }
        if (access.kind == Kind.ZERO) {
            recorder.store(access.va[0], EmulatedAccess.ZERO_BLOCK, 0);
            return;
        }
        for (int i = 0; i < access.count; i++) {
            recorder.store(access.va[i], 1 << access.log2, access.value[i]);
        }
    }

    // Answers of the VMM

    /**
     * The VMM has made the access of the last {@link Exit.Mmio}.
     *
     * @param value what was read; ignored for writes
     */
    public void complete(long value) {
        answer = value;
    }

    /**
     * Nothing answers the access of the last {@link Exit.Mmio}: an external abort for the guest.
     */
    public void fail() {
        failed = true;
    }

    /**
     * Goes on with an access that the VMM was asked to make, if there is one.
     *
     * @param vcpu loaded again
     * @return {@link Handled#RESUME}; {@link Handled#LEAVE} if there is another one to make;
     *     negative if memory that the access also touches can't be had
     */
    public int finish(Vcpu vcpu) {
        if (!pending) {
            return Handled.RESUME;
        }
        pending = false;
        if (failed) {
            long far = access.kind == Kind.ZERO ? access.zeroVa : access.va[element] + part;
            return inject(far, Esr.FSC_EXTERNAL, access.write);
        }
        if (!access.write) {
            int size = bytewise ? 1 : 1 << access.log2;
            long value = size == 8 ? answer : answer & (1L << 8 * size) - 1;
            trace(Tracer.MMIO_READ, size, ipaOf(access.va[element] + part), value);
            gather(value);
        }
        return advance() ? proceed() : Handled.RESUME;
    }
}

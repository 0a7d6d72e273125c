package dev.nido.machine.mmu;

import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.machine.Machine;
import dev.nido.machine.PhysicalMemory;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

/**
 * The memory management unit of one PE: translation in the regimes EL1&amp;0, EL2 and EL2&amp;0,
 * the TLB and its maintenance, AT, and the slow paths of loads, stores and fetches (Arm ARM D8).
 *
 * <p>Engines look in {@link #fast} first and come here when it misses. All methods are for the PE's
 * own thread.
 */
public final class Mmu {

    /** LDTR, STTR: the access has EL0's rights. */
    public static final int UNPRIVILEGED = 1;

    /** Load-acquire, store-release. */
    public static final int ORDERED = 2;

    /** Load- and store-exclusive. */
    public static final int EXCLUSIVE = 4;

    /** Compare-and-swap and atomic read-modify-write: needs both rights. */
    public static final int ATOMIC = 8;

    /** The access writes. */
    public static final int WRITE = 16;

    /** Bytes that DC ZVA zeroes: DCZID_EL0.BS = 4. */
    public static final int ZERO_BLOCK = 64;

    private static final int VTCR = SysReg.VTCR_EL2.ordinal();

    /** The fast arrays of the current context. */
    public FastTlb fast;

    private final Pe pe;
    private final Machine machine;
    private final PhysicalMemory memory;
    private final PhysicalAccess physical;
    private final Contexts contexts = new Contexts();
    private final Tlb tlb = new Tlb(contexts);
    private final Stage1Controls[] regimes = new Stage1Controls[Stage1Controls.REGIMES];
    private final Stage2Controls stage2;
    private final Translator translator;
    private final Shootdown shootdown;

    private final boolean lse2;
    private final boolean threaded;

    private boolean watching;
    private Context current;

    /** Where LDTR and STTR translate; null until it is asked for. */
    private Context unprivileged;

    /** Tickets of this PE's broadcasts, by PE; {@link #broadcasting} if any may be open. */
    private long[] tickets = {};

    private boolean broadcasting;

    public Mmu(Pe pe) {
        this.pe = pe;
        machine = pe.machine;
        memory = machine.memory();
        physical = new PhysicalAccess(memory, machine.bus());
        for (int i = 0; i < regimes.length; i++) {
            regimes[i] = new Stage1Controls(i, pe.cpu);
        }
        stage2 = new Stage2Controls(pe.cpu);
        translator = new Translator(pe.sys, pe.cpu, memory, tlb, stage2);
        shootdown = new Shootdown(tlb, () -> pe.raiseAttention(Pe.ATTENTION_TLB));
        lse2 = pe.cpu.has(Feature.LSE2);
        threaded = !machine.deterministic();
        contextChanged();
    }

    // Contexts

    /** Chooses the context anew; after every change of EL, PSTATE.PAN or a translation register. */
    public void contextChanged() {
        if (threaded && !shootdown.isRunning()) {
            // Another PE's thread may start this one, while a third serves its requests.
            synchronized (shootdown) {
                chooseContext();
            }
        } else {
            chooseContext();
        }
    }

    private void chooseContext() {
        long hcr = pe.hcr;
        current = context(regimeOf(pe.el, hcr), currentView(), hcr);
        unprivileged = null;
        watching = pe.debug.watching();
        if (watching) {
            contexts.watched.flush();
            fast = contexts.watched;
        } else {
            fast = current.fast;
        }
    }

    /** The regime that translates accesses of an EL (Arm ARM D8.1.2). */
    private static int regimeOf(int el, long hcr) {
        return switch (el) {
            case 0 -> HcrEl2.isHost(hcr) ? Stage1Controls.EL20 : Stage1Controls.EL10;
            case 1 -> Stage1Controls.EL10;
            default -> (hcr & HcrEl2.E2H) != 0 ? Stage1Controls.EL20 : Stage1Controls.EL2;
        };
    }

    private int currentView() {
        return pe.el == 0 ? Context.USER : pe.pan ? Context.PRIVILEGED_PAN : Context.PRIVILEGED;
    }

    private Context context(int regime, int view, long hcr) {
        Stage1Controls r = controls(regime, hcr);
        int v = regime == Stage1Controls.EL2 ? Context.PRIVILEGED : view;
        long key = r.key | (long) v << 32;
        Context c = r.views[v];
        if (c == null || c.key != key) {
            c = contexts.find(key, current);
            unprivileged = null; // may be what was given up
            r.views[v] = c;
            c.controls = r;
            c.view = v;
            c.global = tlb.globalSpace(regime, r.vmid);
            // With no ASIDs, both are the same space.
            c.nonGlobal =
                    regime == Stage1Controls.EL2 ? c.global : tlb.asidSpace(regime, r.vmid, r.asid);
            c.stage2 = regime == Stage1Controls.EL10 && r.stage2 ? tlb.stage2Space(r.vmid) : null;
        }
        return c;
    }

    private Stage1Controls controls(int regime, long hcr) {
        Stage1Controls r = regimes[regime];
        r.refresh(pe.sys, hcr, contexts);
        if (regime == Stage1Controls.EL10 && r.stage2) {
            stage2.refresh(pe.sys[VTCR], hcr & Stage1Controls.HCR_USED);
        }
        return r;
    }

    private Context unprivileged() {
        Context c = unprivileged;
        if (c == null) {
            long hcr = pe.hcr;
            boolean asEl0 =
                    !pe.uao
                            && (pe.el == 1 && !current.controls.nv1
                                    || pe.el == 2 && HcrEl2.isHost(hcr));
            c = asEl0 ? context(current.controls.regime, Context.USER, hcr) : current;
            unprivileged = c;
        }
        return c;
    }

    /** The fast arrays that LDTR and STTR may look in. */
    public FastTlb unprivilegedFast() {
        return watching ? contexts.watched : unprivileged().fast;
    }

    // Faults

    /** An abort of the last translation; {@code iss} has what the access adds to the status. */
    private GuestException dataAbort(long va, int access, int iss) {
        Translator t = translator;
        int wnr = iss;
        if ((iss & Esr.CM) == 0) {
            boolean write = (access & Translator.WRITE) != 0;
            if (write && (access & Translator.READ) != 0) {
                // Of a read-modify-write, a fault that reading would have met too is a read's.
                write =
                        (t.status & 0x3c) == Esr.FSC_PERMISSION
                                && (t.faultRights & Translator.READ) != 0;
            }
            if (t.onWalk) {
                write = t.onUpdate;
            }
            wnr |= write ? Esr.WNR : 0;
        }
        return abort(Esr.EC_DATA_ABORT, va, wnr);
    }

    private GuestException abort(int exceptionClass, long va, int iss) {
        Translator t = translator;
        return new GuestException(
                exceptionClass,
                iss | t.status | (t.onWalk ? Esr.S1PTW : 0),
                t.stage2Fault ? 2 : GuestException.DEFAULT_TARGET,
                va,
                true,
                t.faultIpa,
                t.stage2Fault,
                false);
    }

    // Data

    /** Translates one access that lies in a page, fills the fast arrays, or throws. */
    private long data(Context c, long va, int access) {
        Translator t = translator;
        if (!t.translate(c, va, access)) {
            throw dataAbort(va, access, 0);
        }
        long pa = t.pa;
        if (watching) {
            return pa;
        }
        fill(c, va, pa);
        return pa;
    }

    /** Enters the last translation in the fast arrays, where they may hold it. */
    private void fill(Context c, long va, long pa) {
        Translator t = translator;
        if (!MemoryAttributes.device(t.attribute)
                && !c.controls.alignmentChecked
                && memory.contains(pa & ~0xfffL, 4096)) {
            c.fast.fillData(
                    va,
                    memory.offsetOf(pa),
                    (t.rights & Translator.READ) != 0,
                    (t.rights & Translator.WRITE) != 0);
        }
    }

    /** Shows an access to the watchpoints, once it is known not to fault. */
    private void watch(long va, int size, int access, int flags) {
        if (watching) {
            pe.debug.checkAccess(
                    va,
                    size,
                    (access & Translator.WRITE) != 0,
                    (access & Translator.READ) != 0,
                    contextFor(flags).view == Context.USER ? 0 : pe.el,
                    (access & Translator.MAINTENANCE) != 0);
        }
    }

    private Context contextFor(int flags) {
        return (flags & UNPRIVILEGED) == 0 ? current : unprivileged();
    }

    /**
     * Loads.
     *
     * @param log2size 0–3
     * @param flags {@link #UNPRIVILEGED}, {@link #ORDERED}
     * @return the value, zero extended
     * @throws GuestException the abort
     */
    public long load(long va, int log2size, int flags) {
        int size = 1 << log2size;
        Context c = contextFor(flags);
        if (flags != 0 && !watching && (flags == UNPRIVILEGED || (va & size - 1) == 0)) {
            int i = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
            if (c.fast.readTag[i] == (va + size - 1 & ~0xfffL)) {
                return physical.fromRam(va + c.fast.addend[i], size);
            }
        }
        if ((va & size - 1) != 0) {
            return loadUnaligned(c, va, size, flags);
        }
        long pa = data(c, va, Translator.READ);
        watch(va, size, Translator.READ, flags);
        return physical.read(pa, size, va);
    }

    /**
     * Stores.
     *
     * @param log2size 0–3
     * @param flags {@link #UNPRIVILEGED}, {@link #ORDERED}
     * @throws GuestException the abort; nothing was written
     */
    public void store(long va, int log2size, long value, int flags) {
        int size = 1 << log2size;
        Context c = contextFor(flags);
        if (flags != 0 && !watching && (flags == UNPRIVILEGED || (va & size - 1) == 0)) {
            int i = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
            if (c.fast.writeTag[i] == (va + size - 1 & ~0xfffL)) {
                physical.toRam(va + c.fast.addend[i], size, value);
                return;
            }
        }
        if ((va & size - 1) != 0) {
            storeUnaligned(c, va, size, value, flags);
            return;
        }
        long pa = data(c, va, Translator.WRITE);
        watch(va, size, Translator.WRITE, flags);
        physical.write(pa, size, value, va);
    }

    /** Alignment faults that do not depend on the memory type (Arm ARM B2.8.2). */
    private void checkAlignment(Context c, long va, int size, int flags, boolean write) {
        Stage1Controls r = c.controls;
        boolean within16 = lse2 && (va & 15) + size <= 16;
        if (r.alignmentChecked
                || (flags & (EXCLUSIVE | ATOMIC)) != 0 && !within16
                || (flags & ORDERED) != 0 && !within16 && !(lse2 && r.unalignedOrdered)) {
            throw PhysicalAccess.abort(
                    Esr.EC_DATA_ABORT, Esr.FSC_ALIGNMENT, va, write && (flags & ATOMIC) == 0);
        }
    }

    private long loadUnaligned(Context c, long va, int size, int flags) {
        checkAlignment(c, va, size, flags, false);
        int access = Translator.READ | Translator.UNALIGNED;
        long pa = data(c, va, access);
        int here = 0x1000 - (int) (va & 0xfff);
        long second = here < size ? data(c, va + here, access) : 0;
        watch(va, size, access, flags);
        if (here >= size) {
            if (memory.contains(pa, size)) {
                return physical.fromRam(memory.offsetOf(pa), size);
            }
            here = size;
        }
        long value = 0;
        for (int i = 0; i < size; i++) {
            long at = i < here ? pa + i : second + i - here;
            value |= physical.read(at, 1, va + i) << 8 * i;
        }
        return value;
    }

    private void storeUnaligned(Context c, long va, int size, long value, int flags) {
        checkAlignment(c, va, size, flags, true);
        int access = Translator.WRITE | Translator.UNALIGNED;
        long pa = data(c, va, access);
        int here = 0x1000 - (int) (va & 0xfff);
        long second = here < size ? data(c, va + here, access) : 0;
        watch(va, size, access, flags);
        if (here >= size) {
            if (memory.contains(pa, size)) {
                physical.toRam(memory.offsetOf(pa), size, value);
                return;
            }
            here = size;
        }
        for (int i = 0; i < size; i++) {
            long at = i < here ? pa + i : second + i - here;
            if (!physical.answers(at, 1)) {
                throw PhysicalAccess.abort(Esr.EC_DATA_ABORT, Esr.FSC_EXTERNAL, va + i, true);
            }
        }
        for (int i = 0; i < size; i++) {
            long at = i < here ? pa + i : second + i - here;
            physical.write(at, 1, value >>> 8 * i, va + i);
        }
    }

    /**
     * Where in RAM an exclusive, atomic or paired access goes, after all its checks.
     *
     * @param log2size 0–4, of the whole access
     * @param flags {@link #EXCLUSIVE}, {@link #ATOMIC}, {@link #ORDERED}, {@link #UNPRIVILEGED},
     *     and {@link #WRITE} for a store-exclusive
     * @return RAM offset; not aligned if {@code va} is not
     * @throws GuestException the abort; "unsupported" for memory that is not RAM
     */
    public long atomicOffset(long va, int log2size, int flags) {
        int size = 1 << log2size;
        Context c = contextFor(flags);
        if (!watching && (va & size - 1) == 0 && holds(c.fast, va, size, flags)) {
            return va + c.fast.addend[(int) (va >>> 12) & FastTlb.ENTRIES - 1];
        }
        int access =
                (flags & ATOMIC) != 0
                        ? Translator.READ | Translator.WRITE
                        : (flags & WRITE) != 0 ? Translator.WRITE : Translator.READ;
        if ((va & size - 1) != 0) {
            checkAlignment(c, va, size, flags, (flags & WRITE) != 0);
            access |= Translator.UNALIGNED;
        }
        long pa = data(c, va, access);
        watch(va, size, access, flags);
        if (memory.contains(pa, size)) {
            return memory.offsetOf(pa);
        }
        boolean write = (flags & WRITE) != 0 && (flags & ATOMIC) == 0;
        int status =
                !physical.answers(pa, Math.min(size, 8))
                        ? Esr.FSC_EXTERNAL
                        : Esr.FSC_UNSUPPORTED_ACCESS;
        throw PhysicalAccess.abort(Esr.EC_DATA_ABORT, status, va, write);
    }

    /**
     * Whether fast arrays say that all bytes of an access are in RAM, with the rights that it
     * needs.
     */
    private static boolean holds(FastTlb f, long va, int size, int flags) {
        int i = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        long tag = va + size - 1 & ~0xfffL;
        return ((flags & (WRITE | ATOMIC)) == 0 || f.writeTag[i] == tag)
                && ((flags & (WRITE | ATOMIC)) == WRITE || f.readTag[i] == tag);
    }

    /**
     * Makes sure that a range can be read or written ({@link #WRITE}) without an abort of
     * translation.
     *
     * @param size bytes, at most 4096
     * @throws GuestException the abort
     */
    public void check(long va, int size, int flags) {
        Context c = contextFor(flags);
        if (!watching && holds(c.fast, va, size, flags)) {
            return;
        }
        int access = (flags & WRITE) != 0 ? Translator.WRITE : Translator.READ;
        data(c, va, access);
        if ((va & 0xfff) + size > 4096) {
            data(c, (va | 0xfff) + 1, access);
        }
    }

    /** DC ZVA: zeroes the {@link #ZERO_BLOCK} bytes around {@code va}. */
    public void zeroBlock(long va) {
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        if (fast.writeTag[t] == (va & ~0xfffL)) {
            long offset = va + fast.addend[t] & -ZERO_BLOCK;
            for (int i = 0; i < ZERO_BLOCK; i += 8) {
                memory.put64(offset + i, 0);
            }
            return;
        }
        long pa = data(current, va, Translator.WRITE) & -ZERO_BLOCK;
        if (MemoryAttributes.device(translator.attribute)) {
            throw PhysicalAccess.abort(Esr.EC_DATA_ABORT, Esr.FSC_ALIGNMENT, va, true);
        }
        watch(va & -ZERO_BLOCK, ZERO_BLOCK, Translator.WRITE, 0);
        for (int i = 0; i < ZERO_BLOCK; i += 8) {
            physical.write(pa + i, 8, 0, va);
        }
    }

    // Registers in memory

    /**
     * Reads a register that FEAT_NV2 keeps in memory: an access of EL2 to its own address space,
     * whatever the current EL, PSTATE.PAN and stage 2 are (Arm ARM D8.11).
     *
     * @param va of the register's slot, aligned to 8
     * @throws GuestException the abort, to EL2, or a watchpoint
     */
    public long loadVncr(long va) {
        long hcr = pe.hcr;
        Context c = context(regimeOf(2, hcr), Context.PRIVILEGED, hcr);
        int i = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        if (c.fast.readTag[i] == (va & ~0xfffL) && !pe.debug.watchingVncr()) {
            return physical.fromRam(va + c.fast.addend[i], 8);
        }
        long pa = vncrPage(c, va, Translator.READ);
        return physical.read(pa, 8, va);
    }

    /** The same for writing. */
    public void storeVncr(long va, long value) {
        long hcr = pe.hcr;
        Context c = context(regimeOf(2, hcr), Context.PRIVILEGED, hcr);
        int i = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        if (c.fast.writeTag[i] == (va & ~0xfffL) && !pe.debug.watchingVncr()) {
            physical.toRam(va + c.fast.addend[i], 8, value);
            return;
        }
        long pa = vncrPage(c, va, Translator.WRITE);
        physical.write(pa, 8, value, va);
    }

    private long vncrPage(Context c, long va, int access) {
        Translator t = translator;
        boolean write = access == Translator.WRITE;
        if (!t.translate(c, va, access)) {
            throw vncrAbort(va, t.status, write);
        }
        long pa = t.pa;
        if (pe.debug.watchingVncr()) {
            pe.debug.checkVncrAccess(va, write);
        }
        if (!physical.answers(pa, 8)) {
            throw vncrAbort(va, Esr.FSC_EXTERNAL, write);
        }
        fill(c, va, pa);
        return pa;
    }

    private static GuestException vncrAbort(long va, int status, boolean write) {
        int iss = Esr.VNCR | status | (write ? Esr.WNR : 0);
        return new GuestException(Esr.EC_DATA_ABORT, iss, 2, va, true, 0, false, false);
    }

    // Instructions

    /**
     * Translates for instruction fetch and fills {@link #fast}.
     *
     * @return the predecoded page around {@code va}
     * @throws GuestException PC alignment fault or instruction abort
     */
    public long[] fetch(long va) {
        if ((va & 3) != 0) {
            throw PhysicalAccess.abort(Esr.EC_PC_ALIGNMENT, 0, va, false);
        }
        Context c = current;
        if (!translator.translate(c, va, Translator.EXECUTE)) {
            throw abort(Esr.EC_INSTRUCTION_ABORT, va, 0);
        }
        long page = translator.pa & ~0xfffL;
        if (!memory.contains(page, 4096)) {
            throw PhysicalAccess.abort(Esr.EC_INSTRUCTION_ABORT, Esr.FSC_EXTERNAL, va, false);
        }
        long[] code = machine.codeCache().page(page);
        fast.fillFetch(va, code);
        return code;
    }

    // Address translation instructions

    /**
     * AT: translates as the instruction says and writes PAR_EL1 (Arm ARM, AArch64.AT).
     *
     * @param key encoding of the SYS instruction
     * @throws GuestException for an external abort on a walk, and at EL1 for a stage-2 fault on a
     *     stage-1 walk
     */
    public void at(int key, long va) {
        int op1 = key >> 11 & 7;
        int crm = key >> 3 & 15;
        int op2 = key & 7;
        int access = Translator.PROBE | ((op2 & 1) == 0 ? Translator.READ : Translator.WRITE);
        boolean both = op1 == 4 && op2 >= 4;
        boolean user = both ? op2 >= 6 : op1 == 0 && crm == 8 && op2 >= 2;
        long hcr = pe.hcr;
        boolean host = HcrEl2.isHost(hcr) && pe.el == 2;
        if (!both || host) {
            // For a host, EL1's forms mean its own regime, which has no stage 2.
            access |= Translator.STAGE1_ONLY;
        }
        int el = user ? 0 : op1 == 4 && !both || host ? 2 : 1;
        int regime = regimeOf(el, hcr);
        int view =
                user
                        ? Context.USER
                        : crm == 9 && pe.pan ? Context.PRIVILEGED_PAN : Context.PRIVILEGED;
        Context c = context(regime, view, hcr);
        Translator t = translator;
        Walk walk;
        if (t.translate(c, va, access)) {
            walk = Walk.of(t.pa, t.attribute, t.shareability);
        } else {
            boolean external =
                    t.status >= Esr.FSC_EXTERNAL && t.status < Esr.FSC_EXTERNAL_ON_WALK + 4;
            if (external || pe.el == 1 && t.onWalk) {
                throw abort(Esr.EC_DATA_ABORT, va, Esr.CM | Esr.WNR);
            }
            walk = Walk.fault(t.status, t.stage2Fault, t.onWalk);
        }
        pe.sys[SysReg.PAR_EL1.ordinal()] = walk.par();
    }

    /**
     * What an access of EL1 does at stage 1 before it goes further, with the result in PAR_EL1: as
     * AT S1E1R and S1E1W, but the TLB keeps what it finds, and descriptors are updated. For
     * software of EL2 that stands in for an access; PSTATE.PAN has no part in it.
     */
    public void accessStage1(long va, boolean write) {
        long hcr = pe.hcr;
        Context c = context(Stage1Controls.EL10, Context.PRIVILEGED, hcr);
        Translator t = translator;
        int access = (write ? Translator.WRITE : Translator.READ) | Translator.STAGE1_ONLY;
        Walk walk =
                t.translate(c, va, access)
                        ? Walk.of(t.pa, t.attribute, t.shareability)
                        : Walk.fault(t.status, t.stage2Fault, t.onWalk || t.onUpdate);
        pe.sys[SysReg.PAR_EL1.ordinal()] = walk.par();
    }

    /** Whether the last {@link #accessStage1} failed to update a descriptor, at stage 2. */
    public boolean walkFaultIsUpdate() {
        return translator.onUpdate;
    }

    /**
     * Where the descriptor lies that the last {@link #at} could not read for a stage-2 fault: an
     * IPA. Software of EL2 finds it by a walk of its own.
     */
    public long walkFaultIpa() {
        return translator.faultIpa;
    }

    /** The stage-1 level of the descriptor that the last {@link #at} came to. */
    public int walkLevel() {
        return translator.walkLevel;
    }

    // Maintenance

    /**
     * DC and IC: no data cache is modelled, so they check and, for IC, drop predecoded code.
     *
     * @param key encoding of the SYS instruction (CRn 7)
     */
    public void cacheMaintenance(int key, long va) {
        int op1 = key >> 11 & 7;
        int crm = key >> 3 & 15;
        int op2 = key & 7;
        boolean instruction = crm == 5 || crm == 1;
        if (instruction && op1 == 0) {
            machine.codeCache().beginGeneration();
            tlb.apply(Invalidation.ALL_INSTRUCTIONS);
            if (crm == 1 || forcedBroadcast()) {
                broadcast(Invalidation.ALL_INSTRUCTIONS);
            }
            return;
        }
        if (op2 != 1) {
            return; // by set and way
        }
        boolean invalidate = op1 == 0 && crm == 6;
        int needed =
                invalidate ? Translator.WRITE : current.view == Context.USER ? Translator.READ : 0;
        // PSTATE.PAN does not touch maintenance (Arm ARM D8.4.5).
        Context c =
                current.view == Context.PRIVILEGED_PAN
                        ? context(current.controls.regime, Context.PRIVILEGED, pe.hcr)
                        : current;
        if (!translator.translate(c, va, needed | Translator.MAINTENANCE)) {
            throw dataAbort(va, needed, Esr.CM | Esr.WNR);
        }
        if (invalidate) {
            watch(va & -64L, 64, Translator.WRITE | Translator.MAINTENANCE, 0);
        }
        if (instruction) {
            machine.codeCache().invalidateLine(translator.pa & -64L);
        }
    }

    /**
     * TLBI: drops entries here and, for the shareable forms, on all PEs.
     *
     * @param key encoding of the SYS instruction (CRn 8)
     */
    public void tlbi(int key, long value) {
        long hcr = pe.hcr;
        boolean host = pe.el == 2 && HcrEl2.isHost(hcr);
        Stage1Controls el10 = controls(Stage1Controls.EL10, hcr);
        Stage1Controls el1 = host ? controls(Stage1Controls.EL20, hcr) : el10;
        Stage1Controls el2 = controls(regimeOf(2, hcr), hcr);
        Invalidation i = TlbiDecoder.decode(key, value, el1, el2, el10.vmid);
        if (i == null) {
            return;
        }
        tlb.apply(i);
        if (forcedBroadcast() || TlbiDecoder.broadcast(key)) {
            broadcast(i);
        }
    }

    /** HCR_EL2.FB: what is for this PE alone acts on all. */
    private boolean forcedBroadcast() {
        return pe.el == 1 && (pe.hcr & HcrEl2.FB) != 0;
    }

    private void broadcast(Invalidation invalidation) {
        int pes = machine.pes();
        if (pes == 1) {
            return;
        }
        if (machine.deterministic()) {
            for (int n = 0; n < pes; n++) {
                Mmu other = machine.pe(n).mmu;
                if (other != this) {
                    other.tlb.apply(invalidation);
                }
            }
            return;
        }
        if (tickets.length != pes) {
            tickets = new long[pes];
        }
        for (int n = 0; n < pes; n++) {
            Mmu other = machine.pe(n).mmu;
            if (other != this) {
                tickets[n] = other.shootdown.post(invalidation);
            }
        }
        broadcasting = true;
    }

    /**
     * Waits until all PEs have done what this one broadcast; for the engine at DSB. Serves other
     * PEs' requests meanwhile, so that PEs may wait for each other.
     */
    public void completeBroadcasts() {
        if (!broadcasting) {
            return;
        }
        if (!shootdown.isRunning()) {
            throw new IllegalStateException("PE " + pe.index + " executes without resume()");
        }
        for (int n = 0; n < tickets.length; n++) {
            Mmu other = machine.pe(n).mmu;
            for (int spins = 0; other != this && !other.shootdown.isServed(tickets[n]); spins++) {
                shootdown.serve();
                if (spins < 200) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
            }
        }
        broadcasting = false;
    }

    /** Applies an invalidation that software of EL2 made for this PE alone. */
    void applyLocally(Invalidation i) {
        synchronized (shootdown) {
            tlb.apply(i);
        }
    }

    /** Takes an invalidation from outside; returns the ticket for {@link #hasServed}. */
    long post(Invalidation i) {
        return shootdown.post(i);
    }

    boolean hasServed(long ticket) {
        return shootdown.isServed(ticket);
    }

    /** Serves what other PEs broadcast; for a PE whose attention has ATTENTION_TLB. */
    public void serviceRequests() {
        shootdown.serve();
    }

    /**
     * Says that the PE's thread begins to execute. From here to {@link #suspend} it must answer
     * ATTENTION_TLB with {@link #serviceRequests}. Needless in deterministic mode.
     */
    public void resume() {
        shootdown.resume();
    }

    /**
     * Says that the PE's thread stops executing: WFI, stop, end. Others' TLBIs no longer wait for
     * it.
     */
    public void suspend() {
        shootdown.suspend();
    }
}

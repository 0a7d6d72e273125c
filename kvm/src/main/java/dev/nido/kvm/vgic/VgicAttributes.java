package dev.nido.kvm.vgic;

import dev.nido.arch.GicParameters;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;

/**
 * The state of a {@link Vgic} as a VMM reads and writes it: the attributes of KVM's GICv3 device
 * (Linux, Documentation/virt/kvm/devices/arm-vgic-v3.rst), with its groups and encodings. State may
 * be accessed after initialisation and while no vCPU runs. Every refusal is a {@link KvmException},
 * and then nothing has changed:
 *
 * <ul>
 *   <li>ENXIO: no such attribute or register;
 *   <li>EINVAL: a value or a vCPU's affinity that is not possible;
 *   <li>EBUSY: a vCPU runs, or it is too late or too early;
 *   <li>EEXIST, E2BIG: addresses; ENODEV: no vCPU.
 * </ul>
 *
 * <p>A restored VM is equal to the saved one if the VMM writes, after initialisation, what it has
 * read: GICD_CTLR and ICC registers at any time, GICD_ICFGR before pending states and line levels.
 */
public final class VgicAttributes {

    /** Base addresses: {@link #ADDRESS_DISTRIBUTOR}, {@link #ADDRESS_REDISTRIBUTORS}. */
    public static final int GROUP_ADDRESS = 0;

    /** Registers of GICD, 32 bits each: offset in bits 31:0. */
    public static final int GROUP_DISTRIBUTOR = 1;

    /** Number of INTIDs, private ones included; before initialisation. */
    public static final int GROUP_INTERRUPTS = 3;

    /** Commands: {@link #CONTROL_INIT}. */
    public static final int GROUP_CONTROL = 4;

    /** Registers of GICR, 32 bits each: affinity in bits 63:32, offset in bits 31:0. */
    public static final int GROUP_REDISTRIBUTOR = 5;

    /** Registers ICC_*: affinity in bits 63:32, op0, op1, CRn, CRm, op2 in bits 15:0. */
    public static final int GROUP_SYSTEM_REGISTER = 6;

    /** Levels of 32 inputs: affinity in bits 63:32, first INTID in bits 9:0. */
    public static final int GROUP_LEVEL = 7;

    /**
     * INTID of the maintenance interrupt that guest hypervisors have, a PPI; before initialisation
     * (KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ). The attribute is 0.
     */
    public static final int GROUP_MAINTENANCE = 9;

    public static final int ADDRESS_DISTRIBUTOR = 2;
    public static final int ADDRESS_REDISTRIBUTORS = 3;
    public static final int CONTROL_INIT = 0;

    private static final int ALIGNMENT = 0x10000;
    private static final int PRI_BITS = 7 << 8;
    private static final int ID_BITS = 7 << 11;
    private static final int SEIS_A3V = 3 << 14;

    private final Vgic vgic;
    private boolean interruptsChosen;

    VgicAttributes(Vgic vgic) {
        this.vgic = vgic;
    }

    /** Whether there is such an attribute (KVM_HAS_DEVICE_ATTR). */
    public boolean has(int group, long attribute) {
        return switch (group) {
            case GROUP_ADDRESS ->
                    attribute == ADDRESS_DISTRIBUTOR || attribute == ADDRESS_REDISTRIBUTORS;
            case GROUP_DISTRIBUTOR -> distributorHas((int) attribute);
            case GROUP_INTERRUPTS -> true;
            case GROUP_CONTROL -> attribute == CONTROL_INIT;
            case GROUP_REDISTRIBUTOR -> redistributorHas((int) attribute);
            case GROUP_SYSTEM_REGISTER -> InterfaceRegister.of((int) attribute & 0xffff) != null;
            case GROUP_LEVEL -> (attribute & 0xffff_fc1fL) == 0;
            case GROUP_MAINTENANCE -> attribute == 0;
            default -> false;
        };
    }

    /** Reads an attribute (KVM_GET_DEVICE_ATTR). */
    public long get(int group, long attribute) {
        check(group, attribute);
        switch (group) {
            case GROUP_ADDRESS -> {
                return vgic.base(attribute == ADDRESS_DISTRIBUTOR);
            }
            case GROUP_INTERRUPTS -> {
                return GicParameters.FIRST_SPI + vgic.parameters().spis();
            }
            case GROUP_MAINTENANCE -> {
                return vgic.maintenanceIntid();
            }
            case GROUP_CONTROL -> throw new KvmException(Errno.ENXIO, "a command has no value");
            default -> {
                // state
            }
        }
        checkStill();
        synchronized (vgic.lock) {
            return switch (group) {
                case GROUP_DISTRIBUTOR -> getDistributor((int) attribute);
                case GROUP_REDISTRIBUTOR -> getRedistributor(cpu(attribute), (int) attribute);
                case GROUP_SYSTEM_REGISTER ->
                        InterfaceRegister.of((int) attribute & 0xffff)
                                .get(vgic.parameters(), cpu(attribute));
                default -> levels(cpu(attribute), (int) attribute & 0x3ff);
            };
        }
    }

    /** Writes an attribute (KVM_SET_DEVICE_ATTR). */
    public void set(int group, long attribute, long value) {
        check(group, attribute);
        switch (group) {
            case GROUP_ADDRESS -> setAddress(attribute == ADDRESS_DISTRIBUTOR, value);
            case GROUP_INTERRUPTS -> setInterrupts(value);
            case GROUP_MAINTENANCE -> setMaintenance(value);
            case GROUP_CONTROL -> {
                int error = vgic.init();
                if (error != 0) {
                    throw new KvmException(error, "the interrupt controller has no vCPU");
                }
            }
            default -> setState(group, attribute, value);
        }
    }

    private void setState(int group, long attribute, long value) {
        checkStill();
        synchronized (vgic.lock) {
            switch (group) {
                case GROUP_DISTRIBUTOR -> setDistributor((int) attribute, (int) value);
                case GROUP_REDISTRIBUTOR ->
                        setRedistributor(cpu(attribute), (int) attribute, (int) value);
                case GROUP_SYSTEM_REGISTER ->
                        InterfaceRegister.of((int) attribute & 0xffff)
                                .set(vgic.parameters(), cpu(attribute), value);
                default -> setLevels(cpu(attribute), (int) attribute & 0x3ff, (int) value);
            }
        }
        vgic.deliverKicks();
    }

    private void check(int group, long attribute) {
        if (!has(group, attribute)) {
            boolean level = group == GROUP_LEVEL;
            throw new KvmException(
                    level ? Errno.EINVAL : Errno.ENXIO,
                    "the interrupt controller has no attribute 0x%x in group %d"
                            .formatted(attribute, group));
        }
    }

    private void checkStill() {
        if (!vgic.isInitialized()) {
            throw new KvmException(Errno.EBUSY, "the interrupt controller is not initialised");
        }
        for (VgicCpu cpu : vgic.cpus) {
            if (cpu.owner.isRunning()) {
                throw new KvmException(Errno.EBUSY, "vCPU " + cpu.id + " is running");
            }
        }
    }

    private VgicCpu cpu(long attribute) {
        long affinity = attribute >>> 32;
        for (VgicCpu cpu : vgic.cpus) {
            if (GicParameters.affinity(cpu.id) == affinity) {
                return cpu;
            }
        }
        throw new KvmException(Errno.EINVAL, "no vCPU has the affinity 0x%x".formatted(affinity));
    }

    // Configuration

    private void setAddress(boolean distributor, long base) {
        long size =
                distributor
                        ? GicParameters.DISTRIBUTOR_SIZE
                        : (long) vgic.cpus.length * GicParameters.REDISTRIBUTOR_SIZE;
        if (vgic.base(distributor) != Vgic.NO_ADDRESS) {
            throw new KvmException(Errno.EEXIST, "this address was set before");
        }
        if ((base & ALIGNMENT - 1) != 0) {
            throw new KvmException(Errno.EINVAL, "0x%x is not 64 KiB aligned".formatted(base));
        }
        if (base < 0 || base > (1L << vgic.ipaBits()) - size) {
            throw new KvmException(
                    Errno.E2BIG, "0x%x is beyond %d bits".formatted(base, vgic.ipaBits()));
        }
        vgic.setBase(distributor, base);
    }

    private void setInterrupts(long count) {
        if (count < 64 || count > 992 || count % 32 != 0) {
            throw new KvmException(
                    Errno.EINVAL, "interrupts come in 32s, from 64 to 992, not " + count);
        }
        if (interruptsChosen || vgic.isInitialized()) {
            throw new KvmException(Errno.EBUSY, "the number of interrupts is fixed by now");
        }
        interruptsChosen = true;
        GicParameters p = vgic.parameters();
        vgic.setParameters(
                new GicParameters(
                        p.intidBits(),
                        p.priorityBits(),
                        p.listRegisters(),
                        (int) count - GicParameters.FIRST_SPI,
                        p.iidr(),
                        p.archRevision()));
    }

    private void setMaintenance(long intid) {
        if (intid < 16 || intid > 31) {
            throw new KvmException(
                    Errno.EINVAL, "the maintenance interrupt is a PPI, 16 to 31, not " + intid);
        }
        if (vgic.isInitialized()) {
            throw new KvmException(Errno.EBUSY, "the maintenance interrupt is fixed by now");
        }
        vgic.setMaintenanceIntid((int) intid);
    }

    // Distributor and redistributors

    private static boolean isBits(int offset) {
        return offset >= 0x80 && offset < 0x400 && InterruptWord.at(offset) != null;
    }

    private static boolean distributorHas(int offset) {
        return (offset & 3) == 0
                && offset >= 0
                && (offset < 0xc
                        || isBits(offset)
                        || offset >= 0x400 && offset < 0x7fc
                        || offset >= 0xc00 && offset < 0xd00
                        || offset >= 0x6100 && offset < 0x7fe0
                        || offset == VgicDistributor.PIDR2);
    }

    private static boolean redistributorHas(int offset) {
        int inSgiFrame = offset - VgicRedistributors.SGI_FRAME;
        return (offset & 3) == 0
                && offset >= 0
                && (offset < 0x10
                        || offset == VgicRedistributors.WAKER
                        || offset == VgicRedistributors.PIDR2
                        || (inSgiFrame & 0x7f) == 0 && isBits(inSgiFrame)
                        || inSgiFrame >= 0x400 && inSgiFrame < 0x420
                        || inSgiFrame == 0xc00
                        || inSgiFrame == 0xc04);
    }

    private long getDistributor(int offset) {
        InterruptWord word = InterruptWord.at(offset);
        if (word == InterruptWord.SET_PENDING || word == InterruptWord.CLEAR_PENDING) {
            int n = (offset & 0x7c) * 8 - GicParameters.FIRST_SPI;
            boolean exists = n >= 0 && n < vgic.spis.length && word == InterruptWord.SET_PENDING;
            return exists ? latches(vgic.spis, n) : 0;
        }
        return vgic.distributor().readLocked(offset, 4, word);
    }

    private void setDistributor(int offset, int value) {
        InterruptWord word = InterruptWord.at(offset);
        if (word == InterruptWord.SET_PENDING || word == InterruptWord.CLEAR_PENDING) {
            int n = (offset & 0x7c) * 8 - GicParameters.FIRST_SPI;
            if (n >= 0 && n < vgic.spis.length && word == InterruptWord.SET_PENDING) {
                setLatches(vgic.spis, n, value);
            }
            return;
        }
        if (offset == VgicDistributor.TYPER || offset == VgicDistributor.IIDR) {
            checkSame(getDistributor(offset), value);
        }
        vgic.distributor().writeLocked(offset, 4, value, word);
    }

    private long getRedistributor(VgicCpu cpu, int offset) {
        InterruptWord word = VgicRedistributors.wordAt(offset, 4);
        if (word == InterruptWord.SET_PENDING) {
            return latches(cpu.local, 0);
        }
        if (word == InterruptWord.CLEAR_PENDING) {
            return 0;
        }
        return vgic.redistributors().readLocked(cpu, offset, 4, word);
    }

    private void setRedistributor(VgicCpu cpu, int offset, int value) {
        InterruptWord word = VgicRedistributors.wordAt(offset, 4);
        if (word == InterruptWord.SET_PENDING) {
            setLatches(cpu.local, 0, value);
        } else if (word != InterruptWord.CLEAR_PENDING) {
            if (offset >= VgicRedistributors.IIDR && offset < 0x10) {
                checkSame(getRedistributor(cpu, offset), value);
            }
            vgic.redistributors().writeLocked(cpu, offset, 4, value, word);
        }
    }

    private static void checkSame(long is, int value) {
        if ((int) is != value) {
            throw new KvmException(
                    Errno.EINVAL, "it is 0x%x, and cannot be 0x%x".formatted(is, value));
        }
    }

    /** What is pending but for the levels of inputs. */
    private static long latches(VirtualInterrupt[] irqs, int first) {
        long value = 0;
        for (int i = 0; i < 32; i++) {
            value |= irqs[first + i].latch ? 1L << i : 0;
        }
        return value;
    }

    private void setLatches(VirtualInterrupt[] irqs, int first, int value) {
        for (int i = 0; i < 32; i++) {
            irqs[first + i].latch = (value >>> i & 1) != 0;
            vgic.update(irqs[first + i]);
        }
    }

    // Levels

    private long levels(VgicCpu cpu, int first) {
        long value = 0;
        for (int i = 0; i < 32; i++) {
            VirtualInterrupt irq = vgic.find(cpu.id, first + i);
            value |= irq != null && irq.level ? 1L << i : 0;
        }
        return value;
    }

    /** Without edges: an edge that came is in the pending state. */
    private void setLevels(VgicCpu cpu, int first, int value) {
        for (int i = first < 16 ? 16 : 0; i < 32; i++) {
            VirtualInterrupt irq = vgic.find(cpu.id, first + i);
            if (irq != null) {
                boolean latch = irq.latch;
                irq.drive((value >>> i & 1) != 0);
                irq.latch = latch;
                vgic.update(irq);
            }
        }
    }

    /** The CPU interface's registers that have state. */
    private enum InterfaceRegister {
        PMR(SysReg.ICC_PMR_EL1),
        BPR0(SysReg.ICC_BPR0_EL1),
        BPR1(SysReg.ICC_BPR1_EL1),
        CTLR(SysReg.ICC_CTLR_EL1),
        SRE(SysReg.ICC_SRE_EL1),
        IGRPEN0(SysReg.ICC_IGRPEN0_EL1),
        IGRPEN1(SysReg.ICC_IGRPEN1_EL1),
        AP0R0(SysReg.ICC_AP0R0_EL1),
        AP1R0(SysReg.ICC_AP1R0_EL1);

        private final int key;

        InterfaceRegister(SysReg r) {
            key = r.key();
        }

        static InterfaceRegister of(int key) {
            for (InterfaceRegister r : values()) {
                if (r.key == key) {
                    return r;
                }
            }
            return null;
        }

        long get(GicParameters parameters, VgicCpu cpu) {
            long vmcr = cpu.control(SysReg.ICH_VMCR_EL2);
            VirtualInterfaceState state = new VirtualInterfaceState(parameters, vmcr, 0, 0);
            boolean common = (vmcr & VirtualInterfaceState.VCBPR) != 0;
            return switch (this) {
                case PMR -> state.priorityMask();
                case BPR0 -> state.bpr0();
                case BPR1 -> common ? Math.min(state.bpr0() + 1, 7) : state.bpr1();
                case CTLR ->
                        parameters.controlIdentification()
                                | ((vmcr & VirtualInterfaceState.VEOIM) != 0 ? 2 : 0)
                                | (common ? 1 : 0);
                case SRE -> 7;
                case IGRPEN0 -> vmcr & 1;
                case IGRPEN1 -> vmcr >> 1 & 1;
                case AP0R0 -> cpu.control(SysReg.ICH_AP0R0_EL2);
                case AP1R0 -> cpu.control(SysReg.ICH_AP1R0_EL2);
            };
        }

        void set(GicParameters parameters, VgicCpu cpu, long value) {
            long vmcr = cpu.control(SysReg.ICH_VMCR_EL2);
            switch (this) {
                case PMR ->
                        vmcr =
                                field(
                                        vmcr,
                                        VirtualInterfaceState.VPMR_SHIFT,
                                        0xff,
                                        value & parameters.priorityMask());
                case BPR0 ->
                        vmcr =
                                field(
                                        vmcr,
                                        VirtualInterfaceState.VBPR0_SHIFT,
                                        7,
                                        Math.max(value & 7, parameters.minimumBpr0()));
                case BPR1 -> {
                    if ((vmcr & VirtualInterfaceState.VCBPR) == 0) {
                        vmcr =
                                field(
                                        vmcr,
                                        VirtualInterfaceState.VBPR1_SHIFT,
                                        7,
                                        Math.max(value & 7, parameters.minimumBpr1()));
                    }
                }
                case CTLR -> {
                    long mine = parameters.controlIdentification();
                    if ((value & PRI_BITS) > (mine & PRI_BITS)
                            || (value & ID_BITS) > (mine & ID_BITS)
                            || (value & SEIS_A3V) != (mine & SEIS_A3V)) {
                        throw new KvmException(
                                Errno.EINVAL, "ICC_CTLR_EL1 cannot be 0x%x".formatted(value));
                    }
                    vmcr =
                            vmcr & ~(VirtualInterfaceState.VCBPR | VirtualInterfaceState.VEOIM)
                                    | ((value & 1) != 0 ? VirtualInterfaceState.VCBPR : 0)
                                    | ((value & 2) != 0 ? VirtualInterfaceState.VEOIM : 0);
                }
                case SRE -> {
                    if ((value & 1) == 0) {
                        throw new KvmException(Errno.EINVAL, "ICC_SRE_EL1.SRE cannot be 0");
                    }
                }
                case IGRPEN0 -> vmcr = field(vmcr, 0, 1, value & 1);
                case IGRPEN1 -> vmcr = field(vmcr, 1, 1, value & 1);
                case AP0R0 -> cpu.setControl(SysReg.ICH_AP0R0_EL2, value & 0xffff_ffffL);
                case AP1R0 -> cpu.setControl(SysReg.ICH_AP1R0_EL2, value & 0xffff_ffffL);
            }
            cpu.setControl(SysReg.ICH_VMCR_EL2, vmcr);
        }

        private static long field(long vmcr, int shift, long mask, long value) {
            return vmcr & ~(mask << shift) | value << shift;
        }
    }
}

package dev.nido.kvm.vgic;

import dev.nido.arch.GicParameters;
import dev.nido.machine.MmioDevice;

/**
 * The redistributors of all vCPUs in a row (KVM's {@code vgic_v3_rd_registers}; Arm IHI 0069,
 * 12.11): an RD frame and an SGI frame each. No LPIs. GICR_WAKER keeps its handshake and has no
 * other effect. Widths as in {@link VgicDistributor}; GICR_TYPER answers at 64 bits and by halves.
 */
public final class VgicRedistributors implements MmioDevice {

    static final int IIDR = 0x0004;
    static final int TYPER = 0x0008;
    static final int WAKER = 0x0014;
    static final int PIDR2 = 0xffe8;
    static final int SGI_FRAME = 0x10000;
    private static final int ICFGR0 = SGI_FRAME + 0xc00;
    private static final int ICFGR1 = SGI_FRAME + 0xc04;

    private static final int PROCESSOR_SLEEP = 1 << 1;
    private static final int CHILDREN_ASLEEP = 1 << 2;

    private final Vgic vgic;

    VgicRedistributors(Vgic vgic) {
        this.vgic = vgic;
    }

    @Override
    public long read(long offset, int size) {
        int at = (int) (offset % GicParameters.REDISTRIBUTOR_SIZE);
        VgicCpu cpu = cpuAt(offset);
        if (cpu == null) {
            return 0;
        }
        InterruptWord word = wordAt(at, size);
        if (word != null && word.needsFold()) {
            vgic.foldAll();
        }
        long value;
        synchronized (vgic.lock) {
            value = readLocked(cpu, at, size, word);
        }
        vgic.deliverKicks();
        return value;
    }

    @Override
    public void write(long offset, int size, long value) {
        int at = (int) (offset % GicParameters.REDISTRIBUTOR_SIZE);
        VgicCpu cpu = cpuAt(offset);
        if (cpu == null) {
            return;
        }
        InterruptWord word = wordAt(at, size);
        // An edge counts by the configuration that it found.
        if (word != null && word.needsFold() || at == ICFGR1) {
            vgic.foldAll();
        }
        synchronized (vgic.lock) {
            writeLocked(cpu, at, size, value, word);
        }
        vgic.deliverKicks();
    }

    private VgicCpu cpuAt(long offset) {
        long n = offset / GicParameters.REDISTRIBUTOR_SIZE;
        return n < vgic.cpus.length ? vgic.cpus[(int) n] : null;
    }

    static InterruptWord wordAt(int at, int size) {
        boolean first = (at & 0x7c) == 0 && at >= SGI_FRAME;
        return size == 4 && first ? InterruptWord.at(at - SGI_FRAME) : null;
    }

    private static boolean isPriority(int at) {
        return at >= SGI_FRAME + 0x400 && at < SGI_FRAME + 0x420;
    }

    long readLocked(VgicCpu cpu, int at, int size, InterruptWord word) {
        if (isPriority(at)) {
            int n = at - SGI_FRAME - 0x400;
            return size > 4 || n + size > 32 ? 0 : InterruptWord.readPriorities(cpu.local, n, size);
        }
        if (at == TYPER || at == TYPER + 4) {
            boolean last = cpu.id == vgic.cpus.length - 1;
            long typer = vgic.parameters().redistributorTyper(cpu.id, last);
            if (size == 4) {
                return at == TYPER ? typer & 0xffff_ffffL : typer >>> 32;
            }
            return size == 8 ? typer : 0;
        }
        if (size != 4) {
            return 0;
        }
        if (word != null) {
            return word.read(cpu.local, 0) & 0xffff_ffffL;
        }
        return switch (at) {
            case IIDR -> vgic.parameters().iidr();
            case WAKER -> cpu.asleep ? PROCESSOR_SLEEP | CHILDREN_ASLEEP : 0;
            case PIDR2 -> vgic.parameters().archRevision();
            case ICFGR0 -> InterruptWord.readConfiguration(cpu.local, 0) & 0xffff_ffffL;
            case ICFGR1 -> InterruptWord.readConfiguration(cpu.local, 16) & 0xffff_ffffL;
            default -> 0;
        };
    }

    void writeLocked(VgicCpu cpu, int at, int size, long value, InterruptWord word) {
        if (isPriority(at)) {
            int n = at - SGI_FRAME - 0x400;
            if (size <= 4 && n + size <= 32) {
                InterruptWord.writePriorities(vgic, cpu.local, n, size, value);
            }
        } else if (size == 4) {
            if (word != null) {
                word.write(vgic, cpu.local, 0, (int) value);
            } else if (at == WAKER) {
                cpu.asleep = (value & PROCESSOR_SLEEP) != 0;
            } else if (at == ICFGR1) {
                InterruptWord.writeConfiguration(vgic, cpu.local, 16, (int) value);
            }
        }
    }
}

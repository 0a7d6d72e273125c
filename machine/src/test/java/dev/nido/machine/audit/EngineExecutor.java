package dev.nido.machine.audit;

import dev.nido.arch.CpuModel;
import dev.nido.arch.SysReg;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.PhysicalMemory;
import dev.nido.machine.engine.Engine;
import dev.nido.machine.engine.Interpreter;
import dev.nido.machine.pe.Pe;

/**
 * Runs blocks in a real engine: at EL0, through the MMU with an identity mapping, at the addresses
 * that they have in the audit program.
 */
final class EngineExecutor implements DifferentialAudit.Executor, DifferentialAudit.Memory {

    private static final long TABLE = 0x1000;
    private static final long VECTORS = 0x2000;
    private static final int BRANCH_TO_SELF = 0x1400_0000;

    private final Machine machine;
    private final PhysicalMemory ram;
    private final Engine engine;
    final Pe pe;

    EngineExecutor() {
        machine =
                new Machine(
                        new MachineConfig(
                                CpuModel.defaultModel(),
                                1,
                                0,
                                AuditProgram.WINDOW + 0x10_0000,
                                false,
                                1,
                                1,
                                true));
        ram = machine.memory();
        pe = machine.pe(0);
        engine = new Interpreter(pe, null);
        // One block of 1 GiB: Normal Write-Back, readable, writable and executable at EL0, AF set.
        ram.put64(TABLE, 1 | 1 << 6 | 3 << 8 | 1 << 10);
        for (int vector = 0; vector < 0x800; vector += 0x80) {
            ram.put32(VECTORS + vector, BRANCH_TO_SELF);
        }
        set(SysReg.MAIR_EL1, 0xff);
        // T0SZ 32, Write-Back Inner Shareable walks, no walks by TTBR1.
        set(SysReg.TCR_EL1, 32 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23);
        set(SysReg.TTBR0_EL1, TABLE);
        set(SysReg.VBAR_EL1, VECTORS);
        set(SysReg.CPACR_EL1, 3 << 20);
        // M, C, I, and what gives EL0 cache maintenance and WFx
        set(
                SysReg.SCTLR_EL1,
                1 | 1 << 2 | 1 << 12 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 18 | 1 << 26);
        userMode();
    }

    private void set(SysReg register, long value) {
        pe.sys[register.ordinal()] = value;
    }

    private void userMode() {
        pe.el = 0;
        pe.spSel = 0;
        pe.pan = false;
        pe.il = false;
        pe.daif = 0x3c0;
        pe.contextChanged();
    }

    @Override
    public String execute(Pe p, int[] block, int from, int to, long address) {
        for (int i = 0; i < block.length + 2; i++) {
            // What lies behind the end only spins away the budget that a taken branch leaves.
            ram.put32(address + 4L * i, i < block.length ? block[i] : BRANCH_TO_SELF);
        }
        for (long line = address & ~63; line < address + 4L * (block.length + 2); line += 64) {
            machine.codeCache().invalidateLine(line);
        }
        pe.pc = address + 4L * from;
        long end = pe.retired + to - from;
        while (pe.retired < end && pe.el == 0) {
            engine.run(pe, (int) (end - pe.retired));
        }
        if (pe.el != 0) {
            String what =
                    "exception: ESR %x, ELR %x, FAR %x"
                            .formatted(
                                    pe.sys[SysReg.ESR_EL1.ordinal()],
                                    pe.sys[SysReg.ELR_EL1.ordinal()],
                                    pe.sys[SysReg.FAR_EL1.ordinal()]);
            userMode();
            return what;
        }
        return null;
    }

    /** Spoils the window, to see whether the audit finds it. */
    void flipMemory() {
        ram.put8(AuditProgram.WINDOW, (byte) ~ram.get8(AuditProgram.WINDOW));
    }

    @Override
    public void enter(StateBlock states, int state) {
        ram.write(
                AuditProgram.WINDOW,
                states.bytes.array(),
                state * states.stride + StateBlock.MEMORY,
                states.memorySize);
    }

    @Override
    public String leave(StateBlock expected, int state) {
        for (int i = 0; i < expected.memorySize; i += 8) {
            long ours = ram.get64(AuditProgram.WINDOW + i);
            long qemus = expected.bytes.getLong(state * expected.stride + StateBlock.MEMORY + i);
            if (ours != qemus) {
                return "memory + %x: ours %016x, QEMU's %016x".formatted(i, ours, qemus);
            }
        }
        return null;
    }
}

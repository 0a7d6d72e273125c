package dev.nido.machine.audit;

import dev.nido.arch.CpuModel;
import dev.nido.arch.SysReg;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.engine.StreamRecorder;
import dev.nido.machine.pe.Pe;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;

/**
 * Runs the static programs that {@link QemuUser} runs on our machine: at EL0, in one gigabyte of
 * Normal memory, with the system calls that they make answered through the firmware's hook.
 */
final class MachineUser {

    private static final int RAM_SIZE = 1 << 30;
    private static final long TABLE = 0x3000_0000L;
    private static final long VECTORS = 0x3000_2000L;
    private static final long HIGH = 0xffff_ff80_0000_0000L;
    private static final int HVC = 0xd400_0002;
    private static final int ERET = 0xd69f_03e0;

    private final boolean recorded;
    private final int blockLimit;

    /** Instructions that the last program retired. */
    long retired;

    /**
     * Chooses how the engine runs.
     *
     * @param recorded every instruction is handed to a stream recorder, which takes other paths
     * @param blockLimit instructions of one call of the engine
     */
    MachineUser(boolean recorded, int blockLimit) {
        this.recorded = recorded;
        this.blockLimit = blockLimit;
    }

    /** Runs an ELF image and returns what it writes to standard output. */
    byte[] run(byte[] elf) {
        MachineConfig config =
                new MachineConfig(CpuModel.defaultModel(), 1, 0, RAM_SIZE, true, 1, 1, true);
        try (Machine machine = new Machine(config, recorded ? new StreamRecorder(null) : null)) {
            machine.setBlockLimit(blockLimit);
            long entry = load(machine, elf);
            machine.startPe(0, entry, 0);
            enterUser(machine, entry);
            ByteArrayOutputStream output = new ByteArrayOutputStream();
            String[] failure = new String[1];
            machine.setFirmware((pe, smc) -> {
                failure[0] = systemCall(pe, output);
                if (failure[0] != null) {
                    machine.end(new MachineEnd.Stopped());
                }
                return true;
            });
            MachineEnd end = machine.run(Duration.ofSeconds(120));
            retired = machine.retired();
            if (!"exit".equals(failure[0])) {
                throw new IllegalStateException(end + ", " + failure[0]);
            }
            return output.toByteArray();
        }
    }

    private static long load(Machine machine, byte[] elf) {
        ByteBuffer in = ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < in.getShort(56); i++) {
            int header = (int) in.getLong(32) + 56 * i;
            machine.memory()
                    .write(
                            in.getLong(header + 16),
                            elf,
                            (int) in.getLong(header + 8),
                            (int) in.getLong(header + 32));
        }
        return in.getLong(24);
    }

    /** Puts the PE at EL0 with memory mapped where it is; exceptions go to the firmware's hook. */
    private static void enterUser(Machine machine, long entry) {
        machine.memory().put64(TABLE, 0x745); // block, AF, inner shareable, AP = 01, AttrIndx 1
        machine.memory().put64(TABLE + 4096, 0x705 | 1L << 54);
        machine.memory().put32(VECTORS + 0x400, HVC);
        machine.memory().put32(VECTORS + 0x404, ERET);
        Pe pe = machine.pe(0);
        write(pe, SysReg.MAIR_EL1, 0xff00);
        write(pe, SysReg.TCR_EL1, 25 | 25 << 16 | 2L << 30 | 0x3500_3500L | 2L << 32);
        write(pe, SysReg.TTBR0_EL1, TABLE);
        write(pe, SysReg.TTBR1_EL1, TABLE + 4096);
        write(pe, SysReg.VBAR_EL1, HIGH + VECTORS);
        write(pe, SysReg.CPACR_EL1, 3 << 20);
        write(pe, SysReg.SCTLR_EL1, 0x30d0_d985L | 1 << 26);
        write(pe, SysReg.SPSR_EL1, 0x3c0);
        write(pe, SysReg.ELR_EL1, entry);
        pe.exceptionReturn();
    }

    private static void write(Pe pe, SysReg register, long value) {
        pe.writeSystemRegister(register.key(), value);
    }

    /** Answers a system call: null to go on, {@code exit}, or what is wrong. */
    private static String systemCall(Pe pe, ByteArrayOutputStream output) {
        long esr = pe.sys[SysReg.ESR_EL1.ordinal()];
        if (esr >>> 26 == 0x15 && pe.x[8] == 64) {
            byte[] bytes = new byte[(int) pe.x[2]];
            pe.machine.memory().read(pe.x[1], bytes, 0, bytes.length);
            output.writeBytes(bytes);
            pe.x[0] = bytes.length;
            return null;
        }
        if (esr >>> 26 == 0x15 && pe.x[8] == 94) {
            return "exit";
        }
        return "ESR_EL1 0x%x, ELR_EL1 0x%x, FAR_EL1 0x%x"
                .formatted(esr, pe.sys[SysReg.ELR_EL1.ordinal()], pe.sys[SysReg.FAR_EL1.ordinal()]);
    }
}

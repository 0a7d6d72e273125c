package dev.nido.bench;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.board.BoardConfig;
import dev.nido.board.BoardException;
import dev.nido.board.VirtBoard;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.nested.Nesting;
import dev.nido.kvm.sysreg.SystemRegisterTraps;
import dev.nido.machine.MachineEnd;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/**
 * The hypervisor of {@code traps.s} and its guest: what one operation of the guest costs in exits
 * to the hypervisor below. An operation's exits are the difference between two deterministic runs
 * that do it a different number of times, so that what happens once is in neither.
 */
final class TrapProgram {

    /** What the guest's guest does, in the order of the rows of {@code traps.s}. */
    enum Operation {
        HYPERCALL("hypercall"),
        DEVICE("device I/O, in the hypervisor"),
        USER("device I/O, in its user space"),
        IPI("virtual IPI"),
        EOI("virtual EOI");

        final String text;

        Operation(String text) {
            this.text = text;
        }
    }

    /** What the guest's EL2 is built on, and HCR_EL2.E2H. */
    enum Column {
        NV("NV", Nesting.NV, false),
        NV_VHE("NV+VHE", Nesting.NV, true),
        NV2("NV2", Nesting.NV2, false),
        NV2_VHE("NV2+VHE", Nesting.NV2, true);

        final String text;
        final Nesting nesting;
        final boolean vhe;

        Column(String text, Nesting nesting, boolean vhe) {
            this.text = text;
            this.nesting = nesting;
            this.vhe = vhe;
        }

        CpuModel cpu() {
            return CpuModel.parse(vhe ? "default,-e2h0" : "default,-vhe");
        }
    }

    private static final long ORIGIN = 0x4008_0000L;
    private static final long MEMORY = 64L << 20;
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final int FEW = 4;
    private static final int MANY = 12;

    private TrapProgram() {}

    /**
     * Exits of one operation by name, such as {@code L1 MSR CNTHCTL_EL2}, each as a mean of
     * several. {@link #isTimer} tells those of timers apart.
     */
    static Map<String, Double> exits(Column column, Operation operation) throws IOException {
        Map<String, Integer> few = count(column, operation, FEW);
        Map<String, Integer> many = count(column, operation, MANY);
        Map<String, Double> each = new TreeMap<>();
        many.forEach((name, count) -> {
            int more = count - few.getOrDefault(name, 0);
            if (more != 0) {
                each.put(name, more / (double) (MANY - FEW));
            }
        });
        return each;
    }

    /** An exit that only rule 7 of the timers makes: they trap where L1 may look at them. */
    static boolean isTimer(String exit) {
        return exit.contains(" CNT");
    }

    private static Map<String, Integer> count(Column column, Operation operation, int times)
            throws IOException {
        Counter counter = new Counter();
        BoardConfig.Hosting hosting = BoardConfig.Hosting.STANDARD.withNesting(column.nesting);
        run(column, operation, times, hosting, counter);
        return counter.exits;
    }

    /**
     * Runs the program to its end, deterministically.
     *
     * @param hosting null for the bare machine
     * @param tracer null for none
     * @return the hash of the instruction stream
     */
    static String run(
            Column column,
            Operation operation,
            int times,
            BoardConfig.Hosting hosting,
            Tracer tracer)
            throws IOException {
        Path file = Files.createTempFile("nido-bench", ".bin");
        try {
            Files.write(file, assemble(column.vhe, operation, times));
            BoardConfig config =
                    BoardConfig.of(file)
                            .cpu(column.cpu())
                            .cpus(operation == Operation.IPI ? 2 : 1)
                            .memory(MEMORY)
                            .startEl(2)
                            .deterministic(true)
                            .hosting(hosting)
                            .build();
            try (VirtBoard board = VirtBoard.create(config)) {
                board.setTracer(tracer);
                MachineEnd end = board.run(LIMIT);
                if (!(end instanceof MachineEnd.PoweredOff)) {
                    throw new IOException(
                            "the program of %s, %s ended with %s"
                                    .formatted(column.text, operation.text, end));
                }
                return board.machine().recorder().hash();
            }
        } catch (BoardException e) {
            throw new IOException(e.getMessage(), e);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    static byte[] assemble(boolean vhe, Operation operation, int times) throws IOException {
        String head =
                "VHE = %d\nROW = %d\nTIMES = %d\n"
                        .formatted(vhe ? 1 : 0, operation.ordinal(), times);
        try (InputStream in = TrapProgram.class.getResourceAsStream("traps.s")) {
            String body = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return Assembler.assemble("traps", head + body, ORIGIN, Map.of()).bytes();
        }
    }

    /** Counts exits by who had them and what they were. */
    private static final class Counter implements Tracer {
        private final Map<String, Integer> exits = new TreeMap<>();

        @Override
        public void exit(Vcpu vcpu, int ec, long esr, long pc) {
            if (ec != KICK) {
                count(vcpu, ec, esr);
            }
        }

        @Override
        public void fastExit(Vcpu vcpu, int ec, long esr, long pc) {
            count(vcpu, ec, esr);
        }

        private void count(Vcpu vcpu, int ec, long esr) {
            exits.merge(name(vcpu, ec, esr), 1, Integer::sum);
        }
    }

    /** Who had an exit, and what it was. */
    static String name(Vcpu vcpu, int ec, long esr) {
        return (vcpu.nested().isHypContext() ? "L1 " : isGuest(vcpu) ? "L2 " : "L1 host ")
                + name(ec, esr);
    }

    /** Without VHE the hypervisor's host part is at EL1 too, without a stage 2. */
    static boolean isGuest(Vcpu vcpu) {
        return vcpu.nested().isNested() && (vcpu.readSys(SysReg.HCR_EL2) & HcrEl2.VM) != 0;
    }

    private static String name(int ec, long esr) {
        return switch (ec) {
            case Tracer.IRQ -> "interrupt";
            case Esr.EC_HVC -> "HVC";
            case Esr.EC_SMC -> "SMC";
            case Esr.EC_ERET -> "ERET";
            case Esr.EC_WFX -> "WFx";
            case Esr.EC_FP -> "FP";
            case Esr.EC_DATA_ABORT -> "data abort";
            case Esr.EC_INSTRUCTION_ABORT -> "instruction abort";
            case Esr.EC_SYSTEM -> access(Esr.iss(esr));
            default -> "EC 0x%02x".formatted(ec);
        };
    }

    private static String access(int iss) {
        int key = SystemRegisterTraps.key(iss);
        SystemOperation operation = SystemOperation.decode(key);
        if (operation != null) {
            return operation.name().replace('_', ' ');
        }
        SysReg register = SysReg.decode(key);
        String name = register == null ? "0x" + Integer.toHexString(key) : register.name();
        // What EL2 calls SCTLR_EL12 and CNTV_CTL_EL02 is EL1's and EL0's.
        boolean alias = (key >> 11 & 7) == 5 && (name.endsWith("_EL1") || name.endsWith("_EL0"));
        return ((iss & 1) != 0 ? "MRS " : "MSR ") + name + (alias ? "2" : "");
    }
}

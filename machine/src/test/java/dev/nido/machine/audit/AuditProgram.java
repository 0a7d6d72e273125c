package dev.nido.machine.audit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A static AArch64 Linux program as an ELF image: for each job it loads all registers from a state,
 * executes a block of instructions, stores all registers back, and in the end writes all states to
 * standard output.
 *
 * <p>SP points to the state throughout a block, so blocks must leave SP alone. A state's memory is
 * copied to {@link #WINDOW} before its block runs and back after it, so that addresses are the same
 * for all states; a page on either side of the window is mapped too.
 */
final class AuditProgram {

    static final long TEXT = 0x40_0000L;
    static final long DATA = 0x1000_0000L;

    /** Where every state's memory is while its block runs. */
    static final long WINDOW = 0x2000_0000L;

    private static final int HEADERS = 64 + 3 * 56;
    private static final int PAGE = 0x1000;

    /** Words that load the registers before a block. */
    private static final int PROLOGUE = 38;

    private final List<Integer> code = new ArrayList<>();
    private final List<Integer> blockStarts = new ArrayList<>();
    private final byte[] image;

    /**
     * Builds a program.
     *
     * @param limit words of each block that are executed; the others keep their place
     * @param jobs the block that runs on state {@code i}, for all states
     */
    AuditProgram(List<int[]> blocks, int limit, int[] jobs, StateBlock states) {
        image = image(blocks, limit, jobs, states);
    }

    /** The ELF image. */
    byte[] image() {
        return image;
    }

    /** Where the first word of a block is. */
    long address(int block) {
        return TEXT + PAGE + 4L * (blockStarts.get(block) + PROLOGUE);
    }

    private byte[] image(List<int[]> blocks, int limit, int[] jobs, StateBlock states) {
        long stateBytes = states.bytes.capacity();
        long cursor = DATA + (stateBytes + PAGE - 1) / PAGE * PAGE;
        long table = cursor + 16;

        // next: take a job from the table, leave at its end
        constant(0, cursor);
        code.add(0xf9400001); // ldr x1, [x0]
        code.add(0xa8c10c22); // ldp x2, x3, [x1], #16
        code.add(0xf9000001); // str x1, [x0]
        int exit = code.size();
        code.add(0);
        if (states.memorySize != 0) {
            code.add(0x91000000 | StateBlock.MEMORY << 10 | 3 << 5 | 4); // add x4, x3, #MEMORY
            constant(5, WINDOW);
            copy(states.memorySize);
        }
        code.add(0x9100007f); // mov sp, x3
        code.add(0xd61f0040); // br x2
        // done: write(1, DATA, stateBytes), again until all is out; exit_group(0)
        code.set(exit, 0xb4000000 | code.size() - exit << 5 | 2); // cbz x2, done
        constant(19, DATA);
        constant(20, stateBytes);
        code.add(0xd2800020); // mov x0, #1
        code.add(0xaa1303e1); // mov x1, x19
        code.add(0xaa1403e2); // mov x2, x20
        code.add(0xd2800808); // mov x8, #64
        code.add(0xd4000001); // svc #0
        code.add(0x8b000273); // add x19, x19, x0
        code.add(0xcb000294); // sub x20, x20, x0
        code.add(0xb5000000 | (-7 & 0x7ffff) << 5 | 20); // cbnz x20, -7 words
        code.add(0xd2800000); // mov x0, #0
        code.add(0xd2800bc8); // mov x8, #94
        code.add(0xd4000001); // svc #0

        int save = code.size();
        save(states.memorySize);
        for (int[] block : blocks) {
            blockStarts.add(code.size());
            load();
            if (code.size() != blockStarts.getLast() + PROLOGUE) {
                throw new IllegalStateException("prologue of another length");
            }
            // Two ways out: a branch may skip the last word.
            for (int i = 0; i < block.length + 2; i++) {
                boolean out = i >= Math.min(block.length, limit);
                code.add(out ? 0x14000000 | save - code.size() & 0x3ffffff : block[i]); // b save
            }
        }
        return elf(jobs, states, cursor, table);
    }

    /** Loads a constant below 2^32. */
    private void constant(int register, long value) {
        code.add(0xd2800000 | (int) (value & 0xffff) << 5 | register); // movz
        code.add(0xf2a00000 | (int) (value >>> 16) << 5 | register); // movk, lsl #16
    }

    /** Copies {@code size} bytes from [x4] to [x5]; clobbers X4 to X8. */
    private void copy(int size) {
        constant(6, size);
        code.add(0xa8c12087); // ldp x7, x8, [x4], #16
        code.add(0xa88120a7); // stp x7, x8, [x5], #16
        code.add(0xd10040c6); // sub x6, x6, #16
        code.add(0xb5000000 | (-3 & 0x7ffff) << 5 | 6); // cbnz x6, -3 words
    }

    private void load() {
        code.add(0xf9400000 | StateBlock.NZCV / 8 << 10 | 31 << 5); // ldr x0, [sp, #NZCV]
        code.add(0xd51b4200); // msr nzcv, x0
        code.add(0xf9400000 | StateBlock.FPCR / 8 << 10 | 31 << 5);
        code.add(0xd51b4400); // msr fpcr, x0
        code.add(0xf9400000 | StateBlock.FPSR / 8 << 10 | 31 << 5);
        code.add(0xd51b4420); // msr fpsr, x0
        for (int r = 0; r < 32; r += 2) {
            // ldp q<r>, q<r+1>, [sp, #V + 16r]
            code.add(0xad400000 | (StateBlock.V / 16 + r) << 15 | r + 1 << 10 | 31 << 5 | r);
        }
        for (int r = 0; r < 30; r += 2) {
            // ldp x<r>, x<r+1>, [sp, #8r]
            code.add(0xa9400000 | r << 15 | r + 1 << 10 | 31 << 5 | r);
        }
        code.add(0xf9400000 | 30 << 10 | 31 << 5 | 30); // ldr x30, [sp, #240]
    }

    private void save(int memorySize) {
        for (int r = 0; r < 30; r += 2) {
            // stp x<r>, x<r+1>, [sp, #8r]
            code.add(0xa9000000 | r << 15 | r + 1 << 10 | 31 << 5 | r);
        }
        code.add(0xf9000000 | 30 << 10 | 31 << 5 | 30); // str x30, [sp, #240]
        for (int r = 0; r < 32; r += 2) {
            code.add(0xad000000 | (StateBlock.V / 16 + r) << 15 | r + 1 << 10 | 31 << 5 | r);
        }
        code.add(0xd53b4200); // mrs x0, nzcv
        code.add(0xf9000000 | StateBlock.NZCV / 8 << 10 | 31 << 5);
        code.add(0xd53b4400); // mrs x0, fpcr
        code.add(0xf9000000 | StateBlock.FPCR / 8 << 10 | 31 << 5);
        code.add(0xd53b4420); // mrs x0, fpsr
        code.add(0xf9000000 | StateBlock.FPSR / 8 << 10 | 31 << 5);
        if (memorySize != 0) {
            constant(4, WINDOW);
            code.add(0x91000000 | StateBlock.MEMORY << 10 | 31 << 5 | 5); // add x5, sp, #MEMORY
            copy(memorySize);
        }
        code.add(0x14000000 | -code.size() & 0x3ffffff); // b next
    }

    private byte[] elf(int[] jobs, StateBlock states, long cursor, long table) {
        int textSize = 4 * code.size();
        int dataOffset = (PAGE + textSize + PAGE - 1) / PAGE * PAGE;
        int dataSize = (int) (table - DATA) + 16 * (jobs.length + 1);
        ByteBuffer out = ByteBuffer.allocate(dataOffset + dataSize).order(ByteOrder.LITTLE_ENDIAN);
        out.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
        out.putShort((short) 2).putShort((short) 183).putInt(1);
        out.putLong(TEXT + PAGE).putLong(64).putLong(0);
        out.putInt(0).putShort((short) 64).putShort((short) 56).putShort((short) 3);
        out.putShort((short) 64).putShort((short) 0).putShort((short) 0);
        programHeader(out, 5, 0, TEXT, PAGE + textSize, PAGE + textSize);
        programHeader(out, 6, dataOffset, DATA, dataSize, dataSize);
        programHeader(out, 6, 0, WINDOW - PAGE, 0, 2 * PAGE + states.memorySize);
        if (out.position() != HEADERS) {
            throw new IllegalStateException("ELF headers of " + out.position() + " bytes");
        }
        out.position(PAGE);
        for (int word : code) {
            out.putInt(word);
        }
        out.position(dataOffset);
        out.put(dataOffset, states.bytes, 0, states.bytes.capacity());
        out.position(dataOffset + (int) (cursor - DATA));
        out.putLong(table).putLong(0);
        for (int i = 0; i < jobs.length; i++) {
            out.putLong(TEXT + PAGE + 4L * blockStarts.get(jobs[i]));
            out.putLong(DATA + (long) i * states.stride);
        }
        out.putLong(0).putLong(0);
        return out.array();
    }

    private static void programHeader(
            ByteBuffer out, int flags, long offset, long address, long fileSize, long memorySize) {
        out.putInt(1).putInt(flags).putLong(offset).putLong(address).putLong(address);
        out.putLong(fileSize).putLong(memorySize).putLong(PAGE);
    }
}

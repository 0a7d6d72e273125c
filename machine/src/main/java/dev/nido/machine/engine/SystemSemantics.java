package dev.nido.machine.engine;

import dev.nido.isa.A64;
import dev.nido.machine.Machine;
import dev.nido.machine.mmu.Mmu;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

import java.lang.invoke.VarHandle;

/** Exception generation and return, barriers, hints, and system-register moves. */
final class SystemSemantics {
    private SystemSemantics() {}

    private static final int V = 1 << 28;
    private static final int C = 1 << 29;
    private static final int Z = 1 << 30;
    private static final int N = 1 << 31;

    /** SYS #3, C7, C4, #1. */
    private static final int DC_ZVA = 1 << 14 | 3 << 11 | 7 << 7 | 4 << 3 | 1;

    /** Key bits without op2 and CRm: op0, op1, CRn of the timer registers. */
    private static boolean isTimer(int key) {
        return key >>> 14 == 3 && (key >>> 7 & 15) == 14;
    }

    /**
     * Executes an instruction that may change what the next instruction sees: PSTATE, translation,
     * masks. {@code pe.pc} is its address before, and the next instruction's after.
     */
    static void execute(Pe pe, A64 row, int word) {
        int imm16 = word >>> 5 & 0xffff;
        switch (row) {
            case SVC -> throw pe.svc(imm16);
            case HVC, SMC -> {
                GuestException e = row == A64.HVC ? pe.hvc(imm16) : pe.smc(imm16);
                if (e != null) {
                    throw e;
                }
                // The firmware answered; PC is the next instruction's.
                return;
            }
            case BRK -> throw pe.brk(imm16);
            case ERET -> {
                pe.exceptionReturn();
                pe.monitorBytes = 0;
                pe.eventRegister = true;
                return;
            }
            case MSR -> {
                int key = word >>> 5 & 0xffff;
                pe.transferRegister = word & 31;
                pe.writeSystemRegister(key, pe.x[word & 31]);
                if (isTimer(key)) {
                    pe.endRun = true;
                }
            }
            case MSR_IMM -> {
                pe.msrImmediate(word >>> 16 & 7, word >>> 8 & 15, word >>> 5 & 7);
            }
            case SYS -> {
                int key = word >>> 5 & 0xffff;
                pe.transferRegister = word & 31;
                pe.systemInstruction(key, pe.x[word & 31]);
                StreamRecorder recorder = pe.machine.recorder();
                if (key == DC_ZVA && recorder != null) {
                    recorder.store(pe.x[word & 31] & -Mmu.ZERO_BLOCK, Mmu.ZERO_BLOCK, 0);
                }
            }
            case SYSL -> {
                int rt = word & 31;
                pe.transferRegister = rt;
                pe.x[rt == 31 ? Pe.SINK : rt] = pe.systemInstructionResult(word >>> 5 & 0xffff);
            }
            case CFINV -> pe.nzcv ^= C;
            case XAFLAG -> pe.nzcv = xaFlag(pe.nzcv);
            case AXFLAG -> pe.nzcv = axFlag(pe.nzcv);
            case DSB -> {
                VarHandle.fullFence();
                pe.mmu.completeBroadcasts();
            }
            case ISB -> VarHandle.fullFence();
            case SEV -> sendEvent(pe.machine);
            case SEVL -> pe.eventRegister = true;
            case WFE -> {
                if (pe.eventRegister) {
                    pe.eventRegister = false;
                } else {
                    pe.checkWfx(true);
                    // Waking early is allowed (Arm ARM D1.7.1): give way to the other PEs, then go
                    // on.
                    pe.yieldRequested = true;
                    pe.endRun = true;
                }
            }
            case WFI -> {
                if (!pe.wakeUp()) {
                    pe.checkWfx(false);
                    pe.waiting = true;
                }
                pe.endRun = true;
            }
            default -> throw GuestException.undefined();
        }
        pe.pc += 4;
    }

    private static void sendEvent(Machine machine) {
        for (int i = 0; i < machine.pes(); i++) {
            Pe other = machine.pe(i);
            other.eventRegister = true;
            if (other.waiting) {
                other.raiseAttention(Pe.ATTENTION_INTERRUPT);
            }
        }
    }

    private static int xaFlag(int f) {
        boolean c = (f & C) != 0;
        boolean z = (f & Z) != 0;
        return (!c && !z ? N : 0) | (z && c ? Z : 0) | (c || z ? C : 0) | (!c && z ? V : 0);
    }

    private static int axFlag(int f) {
        boolean v = (f & V) != 0;
        return ((f & Z) != 0 || v ? Z : 0) | ((f & C) != 0 && !v ? C : 0);
    }
}

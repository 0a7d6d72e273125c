package dev.nido.board.device;

import dev.nido.machine.Clock;

/**
 * Arm PrimeCell real-time clock (PL031, Arm DDI 0224): seconds since 1970. It runs on the machine's
 * counter, so that in deterministic mode it shows the same time in every run. The alarm is compared
 * when a register is used.
 */
public final class Pl031 extends WordDevice {

    /** What deterministic machines start with: 2025-01-01T00:00:00Z. */
    public static final long FIXED_EPOCH = 1_735_689_600L;

    private static final PrimeCellId ID = new PrimeCellId(0x031, 1);

    private final InterruptLine line;
    private final Clock clock;
    private long epoch;
    private int match;
    private int load;
    private boolean matchArmed;
    private int mask;
    private int raw;

    /**
     * @param epochSeconds the time at count 0 of the clock, in seconds since 1970
     */
    public Pl031(InterruptLine line, Clock clock, long epochSeconds) {
        this.line = line;
        this.clock = clock;
        this.epoch = epochSeconds;
    }

    private int now() {
        return (int) (epoch + clock.ticks() / Clock.FREQUENCY);
    }

    private void checkMatch() {
        if (matchArmed && now() - match >= 0) {
            matchArmed = false;
            raw = 1;
        }
        line.set((raw & mask) != 0);
    }

    @Override
    int readWord(int register) {
        checkMatch();
        if (register >= PrimeCellId.FIRST) {
            return ID.read(register);
        }
        return switch (register) {
            case 0x00 -> now();
            case 0x04 -> match;
            case 0x08 -> load;
            case 0x0c -> 1;
            case 0x10 -> mask;
            case 0x14 -> raw;
            case 0x18 -> raw & mask;
            default -> 0;
        };
    }

    @Override
    void writeWord(int register, int v) {
        switch (register) {
            case 0x04 -> {
                match = v;
                matchArmed = match - now() > 0;
                if (match == now()) {
                    raw = 1;
                }
            }
            case 0x08 -> {
                load = v;
                epoch += load - now();
            }
            case 0x10 -> mask = v & 1;
            case 0x1c -> raw &= ~v;
            default -> {
                return;
            }
        }
        checkMatch();
    }
}

package dev.nido.board.device;

/**
 * Arm PrimeCell GPIO (PL061, Arm DDI 0190): eight pins. Pin {@link #POWER_BUTTON} is the board's
 * power button.
 */
public final class Pl061 extends WordDevice {

    public static final int POWER_BUTTON = 3;

    private static final int DATA_END = 0x400;
    private static final int DIR = 0x400;
    private static final int IS = 0x404;
    private static final int IBE = 0x408;
    private static final int IEV = 0x40c;
    private static final int IE = 0x410;
    private static final int RIS = 0x414;
    private static final int MIS = 0x418;
    private static final int IC = 0x41c;
    private static final int AFSEL = 0x420;

    private static final PrimeCellId ID = new PrimeCellId(0x061, 1);

    private final InterruptLine line;
    private int inputs;
    private int outputs;
    private int direction;
    private int levelSense;
    private int bothEdges;
    private int event;
    private int enable;
    private int raw;
    private int alternate;

    public Pl061(InterruptLine line) {
        this.line = line;
    }

    /** Drives an input pin. */
    public synchronized void setPin(int pin, boolean high) {
        int before = inputs;
        inputs = high ? inputs | 1 << pin : inputs & ~(1 << pin);
        int changed = (before ^ inputs) & ~direction & ~levelSense;
        raw |= changed & (bothEdges | ~(inputs ^ event));
        update();
    }

    private void update() {
        // Level-sensed pins follow the pin; the others keep the edge until it is cleared.
        raw = raw & ~levelSense | levelSense & ~direction & ~(inputs ^ event) & 0xff;
        line.set((raw & enable) != 0);
    }

    @Override
    int readWord(int register) {
        if (register < DATA_END) {
            // Address bits 9:2 are a mask of the pins to read.
            return (outputs & direction | inputs & ~direction) & register >> 2;
        }
        if (register >= PrimeCellId.FIRST) {
            return ID.read(register);
        }
        return switch (register) {
            case DIR -> direction;
            case IS -> levelSense;
            case IBE -> bothEdges;
            case IEV -> event;
            case IE -> enable;
            case RIS -> raw;
            case MIS -> raw & enable;
            case AFSEL -> alternate;
            default -> 0;
        };
    }

    @Override
    void writeWord(int register, int value) {
        int v = value & 0xff;
        if (register < DATA_END) {
            int pins = register >> 2 & direction;
            outputs = outputs & ~pins | v & pins;
            return;
        }
        switch (register) {
            case DIR -> direction = v;
            case IS -> levelSense = v;
            case IBE -> bothEdges = v;
            case IEV -> event = v;
            case IE -> enable = v;
            case IC -> raw &= ~v;
            case AFSEL -> alternate = v;
            default -> {
                return;
            }
        }
        update();
    }
}

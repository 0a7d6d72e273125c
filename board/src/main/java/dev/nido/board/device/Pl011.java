package dev.nido.board.device;

import java.util.ArrayDeque;

/**
 * Arm PrimeCell UART (PL011), revision r1p1: 16-byte FIFOs (Arm DDI 0183).
 *
 * <p>Sending takes no time: the transmit FIFO is always empty. Received bytes wait in a queue
 * without limit and enter the FIFO as it empties. They do so only while the guest listens: while a
 * receive interrupt is unmasked, or while it polls the flag register. A driver that throws away
 * what is in the FIFO when it starts therefore loses nothing of an input that was there before it.
 */
public final class Pl011 extends WordDevice implements SerialInput {

    private static final int DR = 0x000;
    private static final int RSR = 0x004;
    private static final int FR = 0x018;
    private static final int ILPR = 0x020;
    private static final int IBRD = 0x024;
    private static final int FBRD = 0x028;
    private static final int LCR_H = 0x02c;
    private static final int CR = 0x030;
    private static final int IFLS = 0x034;
    private static final int IMSC = 0x038;
    private static final int RIS = 0x03c;
    private static final int MIS = 0x040;
    private static final int ICR = 0x044;
    private static final int DMACR = 0x048;

    private static final int FR_RXFE = 1 << 4;
    private static final int FR_RXFF = 1 << 6;
    private static final int FR_TXFE = 1 << 7;
    private static final int INT_RX = 1 << 4;
    private static final int INT_TX = 1 << 5;
    private static final int INT_RT = 1 << 6;
    private static final int INT_OE = 1 << 10;
    private static final int INT_ALL = 0x7ff;
    private static final int LCR_FEN = 1 << 4;
    private static final int CR_UARTEN = 1;
    private static final int CR_LBE = 1 << 7;
    private static final int CR_RESET = 0x300;
    private static final int IFLS_RESET = 0x12;
    private static final int FIFO_DEPTH = 16;

    /**
     * So many reads of FR in a row, with nothing else between, are a guest that polls for input.
     */
    private static final int POLLING = 16;

    private static final PrimeCellId ID = new PrimeCellId(0x011, 1);

    private final InterruptLine line;
    private final ByteSink out;
    private final byte[] one = new byte[1];
    private final ArrayDeque<byte[]> waiting = new ArrayDeque<>();
    private int waitingAt;
    private final byte[] fifo = new byte[FIFO_DEPTH];
    private int fifoHead;
    private int fifoCount;
    private int polls;

    private int lowPower;
    private int baudInteger;
    private int baudFraction;
    private int lineControl;
    private int control = CR_RESET;
    private int fifoLevels = IFLS_RESET;
    private int mask;
    private int raw;
    private int dma;
    private int receiveStatus;

    public Pl011(InterruptLine line, ByteSink out) {
        this.line = line;
        this.out = out;
    }

    @Override
    public synchronized void receive(byte[] bytes, int at, int length) {
        if (length > 0) {
            waiting.add(java.util.Arrays.copyOfRange(bytes, at, at + length));
            refill();
            update();
        }
    }

    @Override
    int readWord(int register) {
        if (register != FR) {
            polls = 0;
        }
        if (register >= PrimeCellId.FIRST) {
            return ID.read(register);
        }
        return switch (register) {
            case DR -> readData();
            case RSR -> receiveStatus;
            case FR -> readFlags();
            case ILPR -> lowPower;
            case IBRD -> baudInteger;
            case FBRD -> baudFraction;
            case LCR_H -> lineControl;
            case CR -> control;
            case IFLS -> fifoLevels;
            case IMSC -> mask;
            case RIS -> raw;
            case MIS -> raw & mask;
            case DMACR -> dma;
            default -> 0;
        };
    }

    @Override
    void writeWord(int register, int v) {
        polls = 0;
        switch (register) {
            case DR -> transmit(v);
            case RSR -> receiveStatus = 0;
            case ILPR -> lowPower = v & 0xff;
            case IBRD -> baudInteger = v & 0xffff;
            case FBRD -> baudFraction = v & 0x3f;
            case LCR_H -> {
                if (((lineControl ^ v) & LCR_FEN) != 0) {
                    // Changing the FIFO mode empties it.
                    fifoCount = 0;
                    raw &= ~(INT_RX | INT_RT);
                }
                lineControl = v & 0xff;
            }
            case CR -> control = v & 0xffff;
            case IFLS -> fifoLevels = v & 0x3f;
            case IMSC -> mask = v & INT_ALL;
            case ICR -> raw &= ~v;
            case DMACR -> dma = v & 7;
            default -> {
                return;
            }
        }
        refill();
        update();
    }

    private void transmit(int value) {
        if ((control & CR_LBE) != 0) {
            push((byte) value);
        } else {
            one[0] = (byte) value;
            out.write(one, 0, 1);
        }
        // The FIFO is empty again at once, so its level passes the trigger each time.
        raw |= INT_TX;
    }

    private int readFlags() {
        int flags = FR_TXFE | (fifoCount == 0 ? FR_RXFE : 0) | (fifoCount == depth() ? FR_RXFF : 0);
        if (fifoCount == 0 && !waiting.isEmpty() && ++polls >= POLLING) {
            polls = 0;
            push(nextWaiting());
            update();
        }
        return flags;
    }

    private int readData() {
        if (fifoCount == 0) {
            return 0;
        }
        int value = fifo[fifoHead] & 0xff;
        fifoHead = (fifoHead + 1) % FIFO_DEPTH;
        fifoCount--;
        if (fifoCount < trigger()) {
            raw &= ~INT_RX;
        }
        if (fifoCount == 0) {
            raw &= ~INT_RT;
        }
        refill();
        update();
        return value;
    }

    private int depth() {
        return (lineControl & LCR_FEN) != 0 ? FIFO_DEPTH : 1;
    }

    /**
     * Bytes in the FIFO at which RXRIS is set: IFLS.RXIFLSEL in eighths, 1/8, 1/4, 1/2, 3/4, 7/8.
     */
    private int trigger() {
        if ((lineControl & LCR_FEN) == 0) {
            return 1;
        }
        return switch (fifoLevels >> 3 & 7) {
            case 0 -> FIFO_DEPTH / 8;
            case 1 -> FIFO_DEPTH / 4;
            case 3 -> FIFO_DEPTH * 3 / 4;
            case 4 -> FIFO_DEPTH * 7 / 8;
            default -> FIFO_DEPTH / 2;
        };
    }

    private void push(byte value) {
        if (fifoCount == depth()) {
            raw |= INT_OE;
            receiveStatus |= 8;
            return;
        }
        fifo[(fifoHead + fifoCount++) % FIFO_DEPTH] = value;
        // Nothing follows at once: what is below the trigger level times out immediately.
        raw |= fifoCount >= trigger() ? INT_RX : INT_RT;
    }

    private byte nextWaiting() {
        byte[] first = waiting.element();
        byte value = first[waitingAt++];
        if (waitingAt == first.length) {
            waiting.remove();
            waitingAt = 0;
        }
        return value;
    }

    private void refill() {
        if ((control & CR_UARTEN) == 0 || (mask & (INT_RX | INT_RT)) == 0) {
            return;
        }
        while (fifoCount < depth() && !waiting.isEmpty()) {
            push(nextWaiting());
        }
    }

    private void update() {
        line.set((raw & mask) != 0);
    }
}

package dev.nido.board.device;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

class Pl011Test {

    private static final int DR = 0;
    private static final int FR = 0x18;
    private static final int LCR_H = 0x2c;
    private static final int CR = 0x30;
    private static final int IMSC = 0x38;
    private static final int RIS = 0x3c;
    private static final int MIS = 0x40;
    private static final int ICR = 0x44;
    private static final int RXFE = 1 << 4;
    private static final int RX_AND_TIMEOUT = 1 << 4 | 1 << 6;
    private static final int TX = 1 << 5;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private boolean line;
    private final Pl011 uart = new Pl011(level -> line = level, out::write);

    private void enable(boolean fifo) {
        uart.write(LCR_H, 4, fifo ? 0x70 : 0x60);
        uart.write(CR, 4, 0x301);
    }

    private void receive(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        uart.receive(bytes, 0, bytes.length);
    }

    private String drain() {
        StringBuilder text = new StringBuilder();
        while ((uart.read(FR, 4) & RXFE) == 0) {
            text.append((char) uart.read(DR, 4));
        }
        return text.toString();
    }

    @Test
    void itIdentifiesAsPrimeCell() {
        long id = 0;
        for (int i = 7; i >= 0; i--) {
            id = id << 8 | uart.read(0xfe0 + 4 * i, 4);
        }
        assertThat(id).isEqualTo(0xb105_f00d_0014_1011L);
    }

    @Test
    void whatIsWrittenComesOutAtOnceAndRaisesTheTransmitInterrupt() {
        enable(true);
        uart.write(IMSC, 4, TX);
        assertThat(line).isFalse();
        uart.write(DR, 4, 'A');
        assertThat(out.toString(StandardCharsets.US_ASCII)).isEqualTo("A");
        assertThat(line).isTrue();
        uart.write(ICR, 4, TX);
        assertThat(line).isFalse();
    }

    @Test
    void inputInterruptsUntilItIsReadAndNothingIsLost() {
        enable(true);
        uart.write(IMSC, 4, RX_AND_TIMEOUT);
        String text = "0123456789abcdefghijklmnopqrstuvwxyz";
        receive(text);
        assertThat(line).isTrue();
        assertThat(drain()).isEqualTo(text);
        assertThat(line).isFalse();
    }

    @Test
    void oneByteBelowTheTriggerLevelTimesOut() {
        enable(true);
        uart.write(IMSC, 4, RX_AND_TIMEOUT);
        receive("x");
        assertThat(uart.read(MIS, 4)).isEqualTo(1 << 6);
    }

    @Test
    void withoutFifoEachByteInterrupts() {
        enable(false);
        uart.write(IMSC, 4, RX_AND_TIMEOUT);
        receive("xy");
        assertThat(uart.read(MIS, 4)).isEqualTo(1 << 4);
        assertThat(uart.read(DR, 4)).isEqualTo('x');
        assertThat(line).isTrue();
        assertThat(uart.read(DR, 4)).isEqualTo('y');
        assertThat(line).isFalse();
    }

    @Test
    void inputThatIsEarlyOutlivesADriverThatEmptiesTheFifo() {
        receive("early");
        enable(true);
        assertThat(drain()).isEmpty();
        assertThat(uart.read(RIS, 4) & RX_AND_TIMEOUT).isZero();
        uart.write(IMSC, 4, RX_AND_TIMEOUT);
        assertThat(drain()).isEqualTo("early");
    }

    @Test
    void aGuestThatPollsGetsItsInput() {
        enable(true);
        receive("ab");
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            if ((uart.read(FR, 4) & RXFE) == 0) {
                text.append((char) uart.read(DR, 4));
            }
        }
        assertThat(text.toString()).isEqualTo("ab");
    }
}

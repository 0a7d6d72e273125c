package dev.nido.board.device;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

class SmallDevicesTest {

    private final AtomicBoolean line = new AtomicBoolean();
    private final AtomicLong ticks = new AtomicLong();

    @Test
    void clockShowsTheEpochAndFollowsTheCounter() {
        Pl031 rtc = new Pl031(line::set, ticks::get, Pl031.FIXED_EPOCH);
        assertThat(rtc.read(0, 4)).isEqualTo(Pl031.FIXED_EPOCH);
        ticks.set(2_999_999_999L);
        assertThat(rtc.read(0, 4)).isEqualTo(Pl031.FIXED_EPOCH + 2);
        rtc.write(8, 4, 1000);
        assertThat(rtc.read(0, 4)).isEqualTo(1000);
    }

    @Test
    void alarmOfTheClockIsRaisedOnceAndMasked() {
        Pl031 rtc = new Pl031(line::set, ticks::get, 100);
        rtc.write(4, 4, 101);
        assertThat(rtc.read(0x14, 4)).isZero();
        ticks.set(1_000_000_000L);
        assertThat(rtc.read(0x14, 4)).isEqualTo(1);
        assertThat(line).isFalse();
        rtc.write(0x10, 4, 1);
        assertThat(line).isTrue();
        rtc.write(0x1c, 4, 1);
        assertThat(line).isFalse();
        assertThat(rtc.read(0x14, 4)).isZero();
    }

    @Test
    void exitDeviceKeepsTheLastStatus() {
        ExitDevice exit = new ExitDevice();
        assertThat(exit.status()).isEmpty();
        assertThat(exit.read(0, 4)).isEqualTo(0xffff_ffffL);
        exit.write(4, 4, 9);
        assertThat(exit.status()).isEmpty();
        exit.write(0, 4, 3);
        assertThat(exit.status()).hasValue(3);
    }

    @Test
    void powerButtonInterruptsOnBothEdgesWhenAskedTo() {
        Pl061 gpio = new Pl061(line::set);
        int pin = 1 << Pl061.POWER_BUTTON;
        gpio.write(0x408, 4, pin);
        gpio.write(0x410, 4, pin);
        gpio.setPin(Pl061.POWER_BUTTON, true);
        assertThat(line).isTrue();
        assertThat(gpio.read(0x3fc, 4)).isEqualTo(pin);
        assertThat(gpio.read((pin ^ 0xff) << 2, 4)).isZero();
        gpio.write(0x41c, 4, pin);
        assertThat(line).isFalse();
        gpio.setPin(Pl061.POWER_BUTTON, false);
        assertThat(line).isTrue();
    }

    @Test
    void outputPinsReadBackWhatWasWrittenThroughTheMask() {
        Pl061 gpio = new Pl061(line::set);
        gpio.write(0x400, 4, 0x0f);
        gpio.write(0x05 << 2, 4, 0xff);
        assertThat(gpio.read(0x3fc, 4)).isEqualTo(0x05);
    }
}

package dev.nido.machine.engine.simd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.machine.TestPes;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

class SoftFloatTest {

    private static final int RP = 1 << 22;
    private static final int RM = 2 << 22;
    private static final int RZ = 3 << 22;

    private final Pe pe = TestPes.create(1);

    @BeforeEach
    void clearFlags() {
        pe.fpsr = 0;
        pe.fpcr = 0;
    }

    private static long hex(String text) {
        return Long.parseUnsignedLong(text, 16);
    }

    private static int fpcr(String text) {
        int value = 0;
        for (String name : text.split(" ")) {
            value |=
                    switch (name) {
                        case "RP" -> RP;
                        case "RM" -> RM;
                        case "RZ" -> RZ;
                        case "FZ" -> SoftFloat.FZ;
                        case "FZ16" -> SoftFloat.FZ16;
                        case "DN" -> SoftFloat.DN;
                        case "AHP" -> SoftFloat.AHP;
                        default -> 0;
                    };
        }
        return value;
    }

    private static int flags(String text) {
        int value = 0;
        for (String name : text.split(" ")) {
            value |=
                    switch (name) {
                        case "IOC" -> SoftFloat.IOC;
                        case "DZC" -> SoftFloat.DZC;
                        case "OFC" -> SoftFloat.OFC;
                        case "UFC" -> SoftFloat.UFC;
                        case "IXC" -> SoftFloat.IXC;
                        case "IDC" -> SoftFloat.IDC;
                        default -> 0;
                    };
        }
        return value;
    }

    @ParameterizedTest(name = "{0} of {1} bits, FPCR {2}: {3}, {4}")
    @CsvSource({
        // exact, inexact, overflow in each direction
        "add, 64, -, 3ff0000000000000, 3ff0000000000000, 4000000000000000, -",
        "add, 64, -, 3ff0000000000000, 3c80000000000000, 3ff0000000000000, IXC",
        "add, 64, RP, 3ff0000000000000, 3c80000000000000, 3ff0000000000001, IXC",
        "add, 32, -, 7f7fffff, 7f7fffff, 7f800000, OFC IXC",
        "add, 32, RZ, 7f7fffff, 7f7fffff, 7f7fffff, OFC IXC",
        "add, 32, RM, 7f7fffff, 7f7fffff, 7f7fffff, OFC IXC",
        "add, 16, RM, fbff, fbff, fc00, OFC IXC",
        // sums of zero
        "add, 64, -, 8000000000000000, 0, 0, -",
        "add, 64, RM, 8000000000000000, 0, 8000000000000000, -",
        "sub, 64, RM, 3ff0000000000000, 3ff0000000000000, 8000000000000000, -",
        // infinities and NaNs: a signalling NaN first, then the first quiet one
        "add, 32, -, 7f800000, ff800000, 7fc00000, IOC",
        "add, 32, -, 7fc00001, 7f800002, 7fc00002, IOC",
        "add, 32, -, 7fc00001, ffc00002, 7fc00001, -",
        "add, 32, DN, 7fc00001, ffc00002, 7fc00000, -",
        "mul, 32, -, 7f800000, 0, 7fc00000, IOC",
        "mulx, 32, -, 7f800000, 80000000, c0000000, -",
        "div, 32, -, 0, 0, 7fc00000, IOC",
        "div, 32, -, bf800000, 0, ff800000, DZC",
        "div, 32, -, 7f800000, 0, 7f800000, -",
        "div, 64, -, 3ff0000000000000, 4008000000000000, 3fd5555555555555, IXC",
        // denormals: exact ones raise nothing, inexact ones underflow; flushing raises UFC or IDC
        // alone
        "add, 32, -, 00000001, 00000001, 00000002, -",
        "add, 32, FZ, 00000001, 00000001, 0, IDC",
        "mul, 32, -, 00800000, 3f000001, 00400000, UFC IXC",
        "mul, 32, -, 00800000, 3f000000, 00400000, -",
        "mul, 32, FZ, 00800000, 3f000000, 0, UFC",
        "mul, 16, FZ16, 0001, 3c00, 0, -",
        "mul, 16, FZ16, 0400, 3800, 0, UFC",
        "mul, 16, FZ, 0001, 3c00, 0001, -",
        // tininess is found before rounding: the result is the smallest normal number, and
        // underflows
        "mul, 32, -, 00ffffff, 3f000000, 00800000, UFC IXC",
        // minimum and maximum
        "max, 64, -, 8000000000000000, 0, 0, -",
        "min, 64, -, 0, 8000000000000000, 8000000000000000, -",
        "maxnm, 64, -, 7ff8000000000000, 3ff0000000000000, 3ff0000000000000, -",
        "maxnm, 64, -, 7ff0000000000001, 3ff0000000000000, 7ff8000000000001, IOC",
        "minnm, 32, -, 3f800000, 7fc00000, 3f800000, -",
        // steps
        "recps, 32, -, 7f800000, 0, 40000000, -",
        "rsqrts, 32, -, 0, ff800000, 3fc00000, -",
        "recps, 32, -, 3f800000, 3f800000, 3f800000, -",
        "rsqrts, 64, -, 3ff0000000000000, 3ff0000000000000, 3ff0000000000000, -",
    })
    void binaryOperationsFollowTheArmArm(
            String op, int n, String fpcr, String a, String b, String expected, String flags) {
        long x = hex(a);
        long y = hex(b);
        int f = fpcr(fpcr);
        long result =
                switch (op) {
                    case "add" -> SoftFloat.add(n, x, y, f, pe);
                    case "sub" -> SoftFloat.sub(n, x, y, f, pe);
                    case "mul" -> SoftFloat.mul(n, x, y, f, pe);
                    case "mulx" -> SoftFloat.mulx(n, x, y, f, pe);
                    case "div" -> SoftFloat.div(n, x, y, f, pe);
                    case "max" -> SoftFloat.extremum(n, x, y, true, f, pe);
                    case "min" -> SoftFloat.extremum(n, x, y, false, f, pe);
                    case "maxnm" -> SoftFloat.extremumNumber(n, x, y, true, f, pe);
                    case "minnm" -> SoftFloat.extremumNumber(n, x, y, false, f, pe);
                    case "recps" -> SoftFloat.reciprocalStep(n, x, y, f, pe);
                    case "rsqrts" -> SoftFloat.reciprocalSqrtStep(n, x, y, f, pe);
                    default -> throw new IllegalArgumentException(op);
                };
        assertThat(Long.toHexString(result)).isEqualTo(expected.replaceFirst("^0+(?=.)", ""));
        assertThat(pe.fpsr).isEqualTo(flags(flags));
    }

    @ParameterizedTest(name = "{0} to {1} bits, FPCR {2}: {3}")
    @CsvSource({
        "64, 32, -, 3ff0000000000000, 3f800000, -",
        "64, 32, -, 7ff0000000000001, 7fc00000, IOC",
        "64, 32, DN, fff8000000000123, 7fc00000, -",
        "32, 64, FZ, 00000001, 0, IDC",
        "32, 16, FZ, 00000001, 0, IDC",
        "32, 16, -, 477ff000, 7c00, OFC IXC",
        "32, 16, FZ16, 33800000, 1, -",
        "32, 16, AHP, 477ff000, 7c00, IXC",
        "32, 16, AHP, 48000000, 7fff, IOC",
        "32, 16, AHP, ff800000, ffff, IOC",
        "32, 16, AHP, ffc00000, 8000, IOC",
        "16, 32, AHP, 7c00, 47800000, -",
        "16, 32, -, 7c01, 7fc02000, IOC",
        "16, 32, FZ16, 0001, 33800000, -",
        "16, 64, -, 0001, 3e70000000000000, -",
    })
    void conversionsBetweenFormatsFollowTheArmArm(
            int n, int m, String fpcr, String a, String expected, String flags) {
        int f = fpcr(fpcr);
        long result = SoftConversion.convert(n, m, hex(a), Rounding.of(f), f, pe);
        assertThat(Long.toHexString(result)).isEqualTo(expected);
        assertThat(pe.fpsr).isEqualTo(flags(flags));
    }

    @ParameterizedTest(name = "{0} to {2} bits, rounding {3}")
    @CsvSource({
        "2.5, false, 32, 0, 2, IXC",
        "3.5, false, 32, 0, 4, IXC",
        "2.5, false, 32, 4, 3, IXC",
        "-2.5, false, 32, 4, fffffffd, IXC",
        "-2.5, false, 32, 1, fffffffe, IXC",
        "-2.5, false, 32, 2, fffffffd, IXC",
        "-2.5, false, 64, 3, fffffffffffffffe, IXC",
        "-0.5, true, 32, 3, 0, IXC",
        "-1.0, true, 32, 3, 0, IOC",
        "4294967295.0, true, 32, 3, ffffffff, -",
        "4294967296.0, true, 32, 3, ffffffff, IOC",
        "-2147483648.0, false, 32, 3, 80000000, -",
        "-2147483648.5, false, 32, 2, 80000000, IOC",
        "1.8446744073709552E19, true, 64, 3, ffffffffffffffff, IOC",
        "-9.223372036854775808E18, false, 64, 3, 8000000000000000, -",
        "NaN, false, 64, 3, 0, IOC",
        "-Infinity, false, 64, 3, 8000000000000000, IOC",
    })
    void conversionsToIntegersRoundAndSaturate(
            double a, boolean unsigned, int m, int rounding, String expected, String flags) {
        long bits = Double.doubleToRawLongBits(a);
        long result = SoftConversion.toFixed(64, bits, 0, unsigned, m, rounding, 0, pe);
        assertThat(Long.toHexString(result)).isEqualTo(expected);
        assertThat(pe.fpsr).isEqualTo(flags(flags));
    }

    @ParameterizedTest
    @CsvSource({
        "0.0, 100000000, -",
        "-0.0, 0, -",
        "1.0, 100000001, -",
        "-1.5, ffffffff, IXC",
        "4294967297.0, 1, IOC",
        "-2147483649.0, 7fffffff, IOC",
        "1e300, 0, IOC",
        "NaN, 0, IOC",
        "Infinity, 0, IOC",
    })
    void javaScriptConversionWrapsAround(double a, String expected, String flags) {
        long result = SoftConversion.toJavaScript(Double.doubleToRawLongBits(a), 0, pe);
        assertThat(Long.toHexString(result)).isEqualTo(expected);
        assertThat(pe.fpsr).isEqualTo(flags(flags));
    }

    @Test
    void productsOfHalvesAreTheRoundedProductsOfFloats() {
        // The exact product of two halves fits in a float, so that the JDK's own rounding is a
        // reference.
        for (int a = 0; a < 0x7c00; a += 37) {
            for (int b = 0; b < 0x7c00; b += 41) {
                float exact = Float.float16ToFloat((short) a) * Float.float16ToFloat((short) b);
                assertThat(SoftFloat.mul(16, a, b, 0, pe))
                        .isEqualTo(Float.floatToFloat16(exact) & 0xffff);
            }
        }
    }

    @Test
    void everyHalfSurvivesTheWayThroughSingleAndDouble() {
        for (int a = 0; a < 0x10000; a++) {
            if (!SoftFloat.isSignalling(16, a)) {
                long single = SoftConversion.convert(16, 32, a, Rounding.NEAREST, 0, pe);
                long twice = SoftConversion.convert(32, 64, single, Rounding.NEAREST, 0, pe);
                assertThat(SoftConversion.convert(64, 16, twice, Rounding.NEAREST, 0, pe))
                        .isEqualTo(a);
            }
        }
        assertThat(pe.fpsr).isZero();
    }

    @Test
    void fastAndExactPathsGiveTheSameBitsAndFlags() {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
        for (int i = 0; i < 300_000; i++) {
            int n = random.nextBoolean() ? 64 : 32;
            long a = operand(n, random);
            long b = operand(n, random);
            long c = operand(n, random);
            int op = random.nextInt(9);
            pe.fpcr = random.nextInt(4) == 0 ? random.nextInt() & 0x07c8_0000 : 0;
            int before = random.nextBoolean() ? SoftFloat.IXC : 0;
            pe.fpsr = before;
            long fast = operate(op, n, a, b, c, true);
            int fastFlags = pe.fpsr;
            pe.fpsr = before;
            long exact = operate(op, n, a, b, c, false);
            assertThat(fast).as("%d %d %x %x %x %x", op, n, a, b, c, pe.fpcr).isEqualTo(exact);
            assertThat(fastFlags)
                    .as("%d %d %x %x %x %x", op, n, a, b, c, pe.fpcr)
                    .isEqualTo(pe.fpsr);
        }
    }

    private long operate(int op, int n, long a, long b, long c, boolean fast) {
        int f = pe.fpcr;
        return switch (op) {
            case 0 -> fast ? FastFloat.add(n, a, b, pe) : SoftFloat.add(n, a, b, f, pe);
            case 1 -> fast ? FastFloat.sub(n, a, b, pe) : SoftFloat.sub(n, a, b, f, pe);
            case 2 -> fast ? FastFloat.mul(n, a, b, pe) : SoftFloat.mul(n, a, b, f, pe);
            case 3 -> fast ? FastFloat.div(n, a, b, pe) : SoftFloat.div(n, a, b, f, pe);
            case 4 -> fast ? FastFloat.sqrt(n, a, pe) : SoftFloat.sqrt(n, a, f, pe);
            case 5 -> fast ? FastFloat.mulAdd(n, c, a, b, pe) : SoftFloat.mulAdd(n, c, a, b, f, pe);
            case 6 ->
                    fast
                            ? FastFloat.compare(n, a, b, true, pe)
                            : SoftFloat.compare(n, a, b, true, f, pe);
            case 7 ->
                    fast
                            ? FastFloat.convert(n, 96 - n, a, Rounding.of(f), pe)
                            : SoftConversion.convert(n, 96 - n, a, Rounding.of(f), f, pe);
            default ->
                    fast
                            ? FastFloat.toFixed(n, a, 0, c < 0, n, Rounding.ZERO, pe)
                            : SoftConversion.toFixed(n, a, 0, c < 0, n, Rounding.ZERO, f, pe);
        };
    }

    /**
     * Exponents near one another, so that sums cancel and products stay in range, and a few
     * extremes.
     */
    private static long operand(int n, RandomGenerator random) {
        long bits = random.nextLong() & -1L << random.nextInt(52);
        if (n == 32) {
            bits = random.nextInt() & -1 << random.nextInt(23);
        }
        if (random.nextInt(8) != 0) {
            long exponent = SoftFloat.bias(n) + random.nextInt(-40, 40);
            int f = SoftFloat.fractionBits(n);
            bits = bits & (1L << f) - 1 | exponent << f | bits & 1L << (n - 1);
        }
        return bits & -1L >>> (64 - n);
    }

    @ParameterizedTest
    @CsvSource({
        "32, 3f800000, 3f7f8000, -",
        "32, 40000000, 3eff8000, -",
        "64, 3ff0000000000000, 3feff00000000000, -",
        "16, 3c00, 3bfc, -",
        "32, 0, 7f800000, DZC",
        "32, 80000000, ff800000, DZC",
        "32, 00000001, 7f800000, OFC IXC",
    })
    void reciprocalEstimates(int n, String a, String expected, String flags) {
        assertThat(Long.toHexString(Estimates.reciprocalEstimate(n, hex(a), 0, pe)))
                .isEqualTo(expected);
        assertThat(pe.fpsr).isEqualTo(flags(flags));
    }

    @ParameterizedTest
    @CsvSource({
        "32, 3f800000, 3f7f8000, -",
        "32, 40800000, 3eff8000, -",
        "32, bf800000, 7fc00000, IOC",
        "64, 0, 7ff0000000000000, DZC",
    })
    void reciprocalSquareRootEstimates(int n, String a, String expected, String flags) {
        assertThat(Long.toHexString(Estimates.reciprocalSqrtEstimate(n, hex(a), 0, pe)))
                .isEqualTo(expected);
        assertThat(pe.fpsr).isEqualTo(flags(flags));
    }
}

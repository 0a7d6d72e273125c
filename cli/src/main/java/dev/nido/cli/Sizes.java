package dev.nido.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How sizes and durations are written on the command line. */
final class Sizes {
    private static final Pattern SIZE =
            Pattern.compile("(\\d{1,15})([KMGT]?)(?:i?B)?", Pattern.CASE_INSENSITIVE);
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|)");

    private Sizes() {}

    /** {@code 512M}, {@code 1G}, {@code 65536}: bytes, with binary multiples. */
    static final class Bytes implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            Matcher m = SIZE.matcher(text);
            if (!m.matches()) {
                throw new TypeConversionException(
                        "'" + text + "' is not a size such as 512M or 1G");
            }
            int shift =
                    switch (m.group(2).toUpperCase(java.util.Locale.ROOT)) {
                        case "K" -> 10;
                        case "M" -> 20;
                        case "G" -> 30;
                        case "T" -> 40;
                        default -> 0;
                    };
            long value = Long.parseLong(m.group(1));
            if (value > Long.MAX_VALUE >> shift) {
                throw new TypeConversionException("'" + text + "' is too large");
            }
            return value << shift;
        }
    }

    /** {@code 120s}, {@code 500ms}, {@code 2m}, {@code 1h}; a bare number is seconds. */
    static final class Time implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            Matcher m = DURATION.matcher(text);
            if (!m.matches()) {
                throw new TypeConversionException(
                        "'" + text + "' is not a duration such as 120s or 2m");
            }
            long value = Long.parseLong(m.group(1));
            return switch (m.group(2)) {
                case "ms" -> Duration.ofMillis(value);
                case "m" -> Duration.ofMinutes(value);
                case "h" -> Duration.ofHours(value);
                default -> Duration.ofSeconds(value);
            };
        }
    }

    /** {@code 2097152} as {@code 2M}: the largest binary unit that divides it. */
    static String text(long bytes) {
        String units = "KMGT";
        String unit = "";
        long value = bytes;
        for (int i = 0; i < units.length() && value != 0 && value % 1024 == 0; i++) {
            value /= 1024;
            unit = units.substring(i, i + 1);
        }
        return value + unit;
    }
}

package dev.nido.observe;

import java.nio.file.Path;

/**
 * What a user wants to see of a run; null for what is not wanted.
 *
 * @param statistics where the statistics of exits go: a file ({@code .json}: as JSON, else as
 *     text), or {@link #STANDARD_ERROR}
 * @param recording a file for the flight recorder's events
 * @param trace a file for trace lines
 */
public record ObservationRequest(String statistics, Path recording, Path trace) {

    /** Stands for standard error in the place of a file. */
    public static final String STANDARD_ERROR = "-";

    /** Whether nothing at all is wanted. */
    public boolean isEmpty() {
        return statistics == null && recording == null && trace == null;
    }
}

package dev.nido.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** What {@code nido bench} runs; the module with the benchmarks provides it. */
public interface Benchmarks {
    /** The names that {@link #run} takes, in the order in which they run. */
    List<String> names();

    /**
     * Runs benchmarks and prints a table on standard output.
     *
     * @param streams where results and progress go
     * @param names which ones, empty for all
     * @param json a file for the figures, or null
     * @throws IOException when the file cannot be written
     */
    void run(Streams streams, List<String> names, Path json) throws IOException;
}

package dev.nido.machine.engine;

/** The inner loop of the interpreter of one PE; see {@link FastLoop}. */
interface HotLoop {

    /**
     * Runs from {@code pe.pc} until the budget is used up, {@code pe.attention} is raised, code
     * must be fetched from another page, or an instruction is not for this loop. {@code pe.pc} and
     * {@code pe.retired} are exact then.
     *
     * @param page the predecoded page of {@code pe.pc}
     * @param budget instructions to retire at most, 1 to {@link #MAX_BUDGET}
     * @return whether the instruction at {@code pe.pc} is not for this loop
     */
    boolean run(long[] page, int budget);

    /** So that sums of budgets and distances of branches stay within an int. */
    int MAX_BUDGET = 1 << 24;
}

/**
 * Two machines side by side that must not differ: the guest alone on the machine, and the same
 * guest under the hypervisor. Both run deterministically and produce a stream of records ({@link
 * dev.nido.machine.engine.StreamRecorder}); {@link dev.nido.board.compare.Comparison} exchanges its
 * hash every 2^20 records and, where they differ, finds the first record that does.
 *
 * <pre>{@code
 * Outcome outcome =
 *         Comparison.of(new Side("bare", bareConfig), new Side("hosted", hostedConfig)).run();
 * }</pre>
 */
package dev.nido.board.compare;

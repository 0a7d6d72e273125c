/**
 * Consumers of the hypervisor's events: statistics of exits ({@link
 * dev.nido.observe.ExitStatistics}), trace lines with KVM's names ({@link
 * dev.nido.observe.TraceWriter}), events of the JDK's flight recorder ({@link
 * dev.nido.observe.JfrTracer}). An {@link dev.nido.observe.Observation} is all that a user asked
 * for in one run:
 *
 * <pre>{@code
 * try (Observation observation = Observation.open(new ObservationRequest("exits.json", null, null))) {
 *     hypervisor.setTracer(observation.tracer());
 *     run(hypervisor);
 *     observation.finish(System.err);
 * }
 * }</pre>
 */
package dev.nido.observe;

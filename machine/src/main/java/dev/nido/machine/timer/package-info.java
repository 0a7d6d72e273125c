/**
 * The generic timer (Arm ARM D11): views of the system counter, and four timers a PE whose outputs
 * are levels on PPIs. Time comes from a {@link dev.nido.machine.Clock}; whoever runs a PE calls
 * {@link dev.nido.machine.timer.GenericTimer#update} when {@link
 * dev.nido.machine.timer.GenericTimer#nextDeadline} has come.
 */
package dev.nido.machine.timer;

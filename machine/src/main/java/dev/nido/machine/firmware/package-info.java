/**
 * The software below the machine's own: PSCI (Arm DEN 0022) and the SMC Calling Convention (Arm DEN
 * 0028). {@link dev.nido.machine.firmware.Smccc} is the table of what exists, {@link
 * dev.nido.machine.firmware.Psci} serves it, and {@link dev.nido.machine.firmware.PowerControl} is
 * what it asks of the machine.
 */
package dev.nido.machine.firmware;

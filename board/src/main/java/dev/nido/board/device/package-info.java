/**
 * Devices with registers of their own: PL011, PL031, PL061, and the exit device. Each is one class
 * that implements {@link dev.nido.machine.MmioDevice}, locks itself, and drives an {@link
 * dev.nido.board.device.InterruptLine}.
 *
 * <pre>{@code
 * Pl011 uart = new Pl011(level -> gic.setSpi(33, level), System.out::write);
 * bus.map("pl011", 0x0900_0000L, 0x1000, uart);
 * uart.receive(bytes, 0, bytes.length);
 * }</pre>
 */
package dev.nido.board.device;

/**
 * FP and Advanced SIMD data processing: what the instructions of Arm ARM C7.2 do, loads and stores
 * excepted.
 *
 * <p>{@link dev.nido.machine.engine.simd.SimdSemantics} sends a row to its group's class. Vectors
 * are pairs of {@code long}s: element {@code i} of {@code n} bits of Vd is in {@code v[2 * d + (i *
 * n >> 6)]}. Integer operations work on all elements of a half at once (class {@code Lanes}).
 * Floating-point operations go through {@link dev.nido.machine.engine.simd.FastFloat}, which uses
 * the host's arithmetic where it provably gives the same bits and flags, and falls back to {@link
 * dev.nido.machine.engine.simd.SoftFloat}, {@link dev.nido.machine.engine.simd.SoftConversion} and
 * {@link dev.nido.machine.engine.simd.Estimates}, which are exact in every case:
 *
 * <pre>{@code
 * long third = SoftFloat.div(64, Double.doubleToRawLongBits(1), Double.doubleToRawLongBits(3), pe.fpcr, pe);
 * boolean inexact = (pe.fpsr & SoftFloat.IXC) != 0;
 * }</pre>
 *
 * <p>Nothing here allocates or traps: FPCR's trap enables are RES0.
 */
package dev.nido.machine.engine.simd;

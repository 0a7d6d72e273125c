package dev.nido.arch;

/** Bits of ICH_HCR_EL2 (IHI 0069, 12.4.8). */
public final class IchHcrEl2 {

    public static final long EN = 1L;
    public static final long UIE = 1L << 1;
    public static final long LRENPIE = 1L << 2;
    public static final long NPIE = 1L << 3;
    public static final long VGRP0EIE = 1L << 4;
    public static final long VGRP0DIE = 1L << 5;
    public static final long VGRP1EIE = 1L << 6;
    public static final long VGRP1DIE = 1L << 7;
    public static final long TC = 1L << 10;
    public static final long TALL0 = 1L << 11;
    public static final long TALL1 = 1L << 12;
    public static final long TSEI = 1L << 13;
    public static final long TDIR = 1L << 14;
    public static final int EOI_COUNT_SHIFT = 27;

    private IchHcrEl2() {}
}

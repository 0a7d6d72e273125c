// Sleeps until the virtual timer's interrupt is pending, 20 microseconds ahead each time.
        movz    x1, #0x0800, lsl #16                    // distributor: ARE, group 1
        mov     w2, #0x12
        str     w2, [x1]
        movz    x1, #0x080a, lsl #16                    // redistributor: awake
        str     wzr, [x1, #0x14]
awake:
        ldr     w2, [x1, #0x14]
        tbnz    w2, #2, awake
        movz    x1, #0x080b, lsl #16                    // its SGI page: PPI 27 in group 1, priority 0, enabled
        movz    w2, #0x0800, lsl #16
        str     w2, [x1, #0x80]
        str     wzr, [x1, #0x418]
        str     w2, [x1, #0x100]
        mov     x2, #7
        msr     icc_sre_el1, x2
        isb
        mov     x2, #0xff
        msr     icc_pmr_el1, x2
        mov     x2, #1
        msr     icc_igrpen1_el1, x2
        isb
        mrs     x3, cntfrq_el0
        movz    x4, #0xc350                             // 50000 of these a second
        udiv    x3, x3, x4
        mov     x20, #0
        mov     x18, x19
        mrs     x21, cntvct_el0
again:
        msr     cntv_tval_el0, x3
        mov     x2, #1
        msr     cntv_ctl_el0, x2
        isb
sleep:
        wfi
        mrs     x2, cntv_ctl_el0
        tbz     w2, #2, sleep
        add     x20, x20, #1
        msr     cntv_ctl_el0, xzr
        isb
        subs    x18, x18, #1
        b.ne    again
        mrs     x22, cntvct_el0
        b       finish

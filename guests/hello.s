// Says hello from the level that it was started at.
main:
        stp     x29, x30, [sp, #-16]!
        say     "Hello from EL"
        adr     x0, current_el
        ldr     x0, [x0]
        bl      hex
        say     ".\n"
        ldp     x29, x30, [sp], #16
        ret
        .ltorg

// A hypervisor of one page: at EL2 it runs a guest at EL1 under stage 2, answers its call, gives it memory when it
// faults, and sends it an interrupt. What each of the two sees is printed. Between two entries nothing here changes
// x19-x28, which are the guest's.

GUEST_SP  = 0x41e00000
HOLE      = 0x60000000          // no memory of the guest until it asks

main:
        stp     x29, x30, [sp, #-16]!
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.eq    1f
        say     "This guest is a hypervisor: start it at EL2 (--nested nv2).\n"
        b       leave
1:      say     "EL2: building stage 2, 4 KiB granule, 40-bit IPA\n"
        mov     x0, #0x2000             // two tables side by side make the root
        bl      table
        adr     x1, root
        str     x0, [x1]
        ldr     x1, =RAM                // 64 MiB of RAM: this program, stacks, tables
        bl      map_ram
        adr     x0, root
        ldr     x0, [x0]
        ldr     x1, =UART
        ldr     x2, =UART | 0x4c3       // page, AF, read and write, Device-nGnRnE
        mov     x3, #1
        mov     x4, #3
        mov     x5, #12
        bl      map
        ldr     x0, =0x80023558         // VTCR_EL2: T0SZ 24, start at level 1, write-back, inner shareable, PS 40 bits
        msr     VTCR_EL2, x0
        adr     x0, root
        ldr     x0, [x0]
        orr     x0, x0, #1 << 48        // VMID 1
        msr     VTTBR_EL2, x0
        ldr     x0, =0x80000039         // HCR_EL2: RW, VM, AMO, IMO, FMO
        msr     HCR_EL2, x0
        mov     x0, #9                  // ICC_SRE_EL2: SRE, Enable
        msr     ICC_SRE_EL2, x0
        isb
        mov     x0, #1
        msr     ICC_SRE_EL1, x0
        ldr     x0, =0x30d00800         // SCTLR_EL1: MMU off
        msr     SCTLR_EL1, x0
        isb
        tlbi    VMALLS12E1IS
        dsb     sy
        say     "EL2: entering the guest\n"
        adr     x0, guest
        ldr     x1, =GUEST_SP
        bl      run_el1
again:
        recorded x6, esr
        lsr     x7, x6, #26
        cmp     x7, #0x16
        b.eq    call
        cmp     x7, #0x24
        b.eq    fault
        say     "EL2: an exception that nobody expected:"
        show    "esr", x6
        newline
        b       leave

call:   and     x6, x6, #0xff
        cmp     x6, #2
        b.eq    inject
        b.hi    done
        say     "EL2: the guest called\n"
        b       resume

fault:  say     "EL2: stage 2 fault,"
        recorded x6, esr
        show    "esr", x6
        recorded x6, far
        show    "far", x6
        recorded x6, hpfar
        show    "hpfar", x6
        say     "; mapping a page\n"
        ldr     x0, =SCRATCH
        ldr     x1, =0x6e65737465642121
        str     x1, [x0]
        adr     x0, root
        ldr     x0, [x0]
        recorded x1, hpfar              // IPA bits 47:12 are in bits 43:4
        lsl     x1, x1, #8
        ldr     x2, =SCRATCH | 0x7ff
        mov     x3, #1
        mov     x4, #3
        mov     x5, #12
        bl      map
        b       resume

inject: say     "EL2: sending the guest interrupt 42\n"
        ldr     x0, =0x50a000000000002a // ICH_LR: pending, group 1, priority 0xa0, vINTID 42
        msr     ICH_LR0_EL2, x0
        mov     x0, #1
        msr     ICH_HCR_EL2, x0

resume: recorded x0, elr
        mrs     x1, SP_EL1
        recorded x2, spsr
        adr     x3, guest_spsr
        str     x2, [x3]
        bl      run_el1
        b       again

done:   mrs     x6, ICH_LR0_EL2
        say     "EL2: the guest is done;"
        show    "lr0", x6
        newline
leave:  ldp     x29, x30, [sp], #16
        ret

// Maps 64 MiB from x1 to itself in blocks of 2 MiB.
map_ram:
        stp     x29, x30, [sp, #-32]!
        str     x1, [sp, #16]
        mov     x6, #32
1:      str     x6, [sp, #24]
        adr     x0, root
        ldr     x0, [x0]
        ldr     x1, [sp, #16]
        mov     x2, #0x7fd              // block, AF, inner shareable, read and write, normal write-back
        orr     x2, x2, x1
        mov     x3, #1
        mov     x4, #2
        mov     x5, #12
        bl      map
        ldr     x1, [sp, #16]
        add     x1, x1, #0x200000
        str     x1, [sp, #16]
        ldr     x6, [sp, #24]
        subs    x6, x6, #1
        b.ne    1b
        ldp     x29, x30, [sp], #32
        ret

        .balign 8
root:   .quad 0

// ---- the guest, at EL1 -----------------------------------------------------------------------------------------------

guest:  adr     x0, vectors
        msr     VBAR_EL1, x0
        mrs     x6, CurrentEL
        lsr     x6, x6, #2
        say     "    EL1: the guest runs,"
        show    "el", x6
        newline
        hvc     #1
        ldr     x21, =HOLE
        ldr     x20, [x21, #8 * 0]
        say     "    EL1: read"
        show    "value", x20
        newline
        adr     x0, guest_irq
        adr     x1, irq_handler
        str     x0, [x1]
        mov     x0, #0xff
        msr     ICC_PMR_EL1, x0
        mov     x0, #1
        msr     ICC_IGRPEN1_EL1, x0
        isb
        hvc     #2
        msr     DAIFClr, #2
        isb
        msr     DAIFSet, #2
        hvc     #3

guest_irq:
        stp     x29, x30, [sp, #-16]!
        mrs     x0, ICC_IAR1_EL1
        msr     ICC_EOIR1_EL1, x0
        stp     x6, x0, [sp, #-16]!
        mov     x6, x0
        say     "    EL1: took an interrupt,"
        show    "intid", x6
        newline
        ldp     x6, x0, [sp], #16
        ldp     x29, x30, [sp], #16
        ret
        .ltorg

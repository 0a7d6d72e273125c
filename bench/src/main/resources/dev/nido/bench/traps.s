// A hypervisor that reads and writes the registers that KVM/arm64 reads and writes where its guest exits, and a guest
// that makes it exit: which of that traps to the hypervisor below is what `nido bench traps` counts. Before this text
// there are
//
//      VHE   = 1               with HCR_EL2.E2H; 0: the host part at EL1, the other at EL2
//      ROW   = 0               what the guest does: the rows below
//      TIMES = 16              how often
//
// Only what can trap is as in KVM. The guest has x0-x8, the hypervisor the rest, so neither saves the other's; it
// decides nothing, and stage 1 is off at all levels. Per CPU there is a context: x29, and TPIDR_EL2.

HYPERCALL = 0                   // HVC, answered at once
DEVICE    = 1                   // a load from a device that the hypervisor itself is
USER      = 2                   // a load from a device that its user space is
IPI       = 3                   // an interrupt to the other CPU, until its handler has run
EOI       = 4                   // acknowledge and end of an interrupt, TIMES at most 12

UART      = 0x09000000
GICD      = 0x08000000
GICR      = 0x080a0000
DEVICES   = 0x0a000000          // of the guest: nothing is mapped there
CONTEXTS  = 0x41000000          // 4 KiB a CPU
STAGE2    = 0x41100000
FLAG      = 0x41200000          // what the guest's CPUs tell each other

HOST_EL1  = 0x000               // registers in a context
GUEST_EL1 = 0x100
COMMON    = 0x200
HOST_PC   = 0x210
GUEST_PC  = 0x220
SYNDROME  = 0x230               // ESR, FAR, HPFAR
INJECT    = 0x248               // interrupts to give to the guest
RUNS      = 0x250               // whether the guest is what EL2 was entered from
USED      = 0x258               // list registers in use
GIC       = 0x260               // the virtual interface while it is not loaded
TIMER     = 0x280

FLAGS     = 1 << 31 | 1 << 22 | 1 << 21 | 1 << 20 | 1 << 19 | 1 << 14 | 1 << 13 | 1 << 10 | 1 << 9 | 0x3b
.if VHE
HOST_HCR  = 1 << 34 | 1 << 31 | 1 << 27
GUEST_HCR = 1 << 34 | FLAGS
.else
HOST_HCR  = 1 << 31
GUEST_HCR = FLAGS
.endif

_start:
        mov     x20, #0
        b       cpu
secondary:
        mov     x20, #1
cpu:    ldr     x29, =CONTEXTS
        add     x29, x29, x20, lsl #12
        msr     tpidr_el2, x29
        ldr     x9, =HOST_HCR
        msr     hcr_el2, x9
        isb
        adr     x9, vectors
        msr     vbar_el2, x9
        mov     x9, #3 << 20
.if VHE
        msr     cptr_el2, x9
.else
        mov     x10, #0x33ff
        msr     cptr_el2, x10
        msr     cpacr_el1, x9
.endif
        mov     x9, #0xc00              // CNTHCTL_EL2: EL1 has counter and timer
.if VHE
        msr     cnthctl_el2, x9
.else
        mov     x9, #3
        msr     cnthctl_el2, x9
.endif
        mrs     x9, icc_sre_el2
        orr     x9, x9, #0xf
        msr     icc_sre_el2, x9
        isb

        // This CPU's interrupts: SGIs of group 1.
        ldr     x9, =GICD
        mov     w10, #0x13
        str     w10, [x9]
        ldr     x9, =GICR
        add     x9, x9, x20, lsl #17
        str     wzr, [x9, #0x14]
        add     x9, x9, #1 << 16
        mov     w10, #-1
        str     w10, [x9, #0x80]
        mov     w10, #2
        str     w10, [x9, #0x100]
        mov     x9, #0xf0
        msr     icc_pmr_el1, x9
        mov     x9, #2                  // EOImode
        msr     icc_ctlr_el1, x9
        mov     x9, #1
        msr     icc_igrpen1_el1, x9
        isb

        // Stage 2: 39 bits, memory in one block.
        ldr     x9, =STAGE2
        ldr     x10, =0x400007fd
        str     x10, [x9, #8]
        dsb     sy

        // The guest.
        ldr     x9, =0x30d00800         // SCTLR_EL1: off
        str     x9, [x29, #GUEST_EL1]
        mov     x9, #3 << 20
        str     x9, [x29, #GUEST_EL1 + 0x08]
        adr     x9, guest
        str     x9, [x29, #GUEST_PC]
        mov     x9, #0x3c5
        str     x9, [x29, #GUEST_PC + 8]
        mov     x9, #2                  // group 1, EOImode 0, no mask
        movk    x9, #0xf000, lsl #16
        str     x9, [x29, #GIC]
        mov     x0, x20
.if ROW == IPI
        cbnz    x20, 1f
        ldr     x0, =0xc4000003         // CPU_ON
        mov     x1, #1
        adr     x2, secondary
        smc     #0
        mov     x0, #0
1:
.endif
.if ROW == EOI
        mov     x9, #0xfff
        str     x9, [x29, #INJECT]
.endif
.if VHE
        bl      vcpu_load
        b       run
.else
        mrs     x9, tpidr_el2
        msr     tpidr_el1, x9
        adr     x9, host_vectors
        msr     vbar_el1, x9
        ldr     x9, =0x30d00800
        msr     sctlr_el1, x9
        adr     x9, host
        msr     elr_el2, x9
        mov     x9, #0x3c5
        msr     spsr_el2, x9
        isb
        eret
.endif

// ---- what KVM does with registers -------------------------------------------------------------------------------------

.macro keep register, offset
        mrs     x10, \register
        str     x10, [x29, #\offset]
.endm

.macro give register, offset
        ldr     x10, [x29, #\offset]
        msr     \register, x10
.endm

// EL1's registers, by names that end in `suffix`.
.macro save_el1 suffix, base
        keep    sctlr_\suffix, \base
        keep    cpacr_\suffix, \base + 0x08
        keep    ttbr0_\suffix, \base + 0x10
        keep    ttbr1_\suffix, \base + 0x18
        keep    tcr_\suffix, \base + 0x20
        keep    esr_\suffix, \base + 0x28
        keep    afsr0_\suffix, \base + 0x30
        keep    afsr1_\suffix, \base + 0x38
        keep    far_\suffix, \base + 0x40
        keep    mair_\suffix, \base + 0x48
        keep    vbar_\suffix, \base + 0x50
        keep    contextidr_\suffix, \base + 0x58
        keep    amair_\suffix, \base + 0x60
        keep    cntkctl_\suffix, \base + 0x68
        keep    par_el1, \base + 0x70
        keep    tpidr_el1, \base + 0x78
        keep    sp_el1, \base + 0x80
        keep    elr_\suffix, \base + 0x88
        keep    spsr_\suffix, \base + 0x90
        keep    tpidr_el0, \base + 0x98
        keep    tpidrro_el0, \base + 0xa0
.endm

.macro load_el1 suffix, base
        give    vmpidr_el2, \base + 0xa8
        give    sctlr_\suffix, \base
        give    tcr_\suffix, \base + 0x20
        give    cpacr_\suffix, \base + 0x08
        give    ttbr0_\suffix, \base + 0x10
        give    ttbr1_\suffix, \base + 0x18
        give    esr_\suffix, \base + 0x28
        give    afsr0_\suffix, \base + 0x30
        give    afsr1_\suffix, \base + 0x38
        give    far_\suffix, \base + 0x40
        give    mair_\suffix, \base + 0x48
        give    vbar_\suffix, \base + 0x50
        give    contextidr_\suffix, \base + 0x58
        give    amair_\suffix, \base + 0x60
        give    cntkctl_\suffix, \base + 0x68
        give    par_el1, \base + 0x70
        give    tpidr_el1, \base + 0x78
        give    sp_el1, \base + 0x80
        give    elr_\suffix, \base + 0x88
        give    spsr_\suffix, \base + 0x90
        give    tpidr_el0, \base + 0x98
        give    tpidrro_el0, \base + 0xa0
.endm

.macro load_stage2
        ldr     x10, =0x80023559        // VTCR_EL2: 39 bits from level 1
        msr     vtcr_el2, x10
        ldr     x10, =1 << 48 | STAGE2
        msr     vttbr_el2, x10
        isb
.endm

// What the guest's list registers get; x11 the interrupts: one, or twelve.
.macro flush_vgic
        ldr     x11, [x29, #INJECT]
        str     x11, [x29, #USED]
        cbz     x11, 1f
        str     xzr, [x29, #INJECT]
        mov     x10, #1
        msr     ich_hcr_el2, x10
        ldr     x10, =1 << 62 | 1 << 60 | 0xa0 << 48 | 1
        tbz     x11, #1, 2f
        add     x10, x10, #31
2:      msr     ich_lr0_el2, x10
        tbz     x11, #1, 1f
        add     x10, x10, #1
        msr     ich_lr1_el2, x10
        add     x10, x10, #1
        msr     ich_lr2_el2, x10
        add     x10, x10, #1
        msr     ich_lr3_el2, x10
        add     x10, x10, #1
        msr     ich_lr4_el2, x10
        add     x10, x10, #1
        msr     ich_lr5_el2, x10
        add     x10, x10, #1
        msr     ich_lr6_el2, x10
        add     x10, x10, #1
        msr     ich_lr7_el2, x10
        add     x10, x10, #1
        msr     ich_lr8_el2, x10
        add     x10, x10, #1
        msr     ich_lr9_el2, x10
        add     x10, x10, #1
        msr     ich_lr10_el2, x10
        add     x10, x10, #1
        msr     ich_lr11_el2, x10
1:
.endm

.macro sync_vgic
        ldr     x11, [x29, #USED]
        cbz     x11, 1f
        mrs     x10, ich_elrsr_el2
        msr     ich_hcr_el2, xzr
        tbnz    x10, #0, 1f
        mrs     x12, ich_lr0_el2
1:
.endm

// ---- with VHE: all at EL2 ---------------------------------------------------------------------------------------------

.if VHE
// kvm_arch_vcpu_load(): interrupt controller, timers, EL1, traps.
vcpu_load:
        give    ich_vmcr_el2, GIC
        give    ich_ap0r0_el2, GIC + 8
        give    ich_ap1r0_el2, GIC + 16
        mrs     x10, icc_sre_el2
        and     x10, x10, #~8
        msr     icc_sre_el2, x10
        msr     cntvoff_el2, xzr
        give    cntv_cval_el02, TIMER
        give    cntv_ctl_el02, TIMER + 8
        give    cntp_cval_el02, TIMER + 16
        give    cntp_ctl_el02, TIMER + 24
        mrs     x10, cnthctl_el2
        msr     cnthctl_el2, x10
        load_stage2
        load_el1 el12, GUEST_EL1
        msr     pmselr_el0, xzr
        mrs     x10, mdcr_el2
        orr     x10, x10, #0xc00
        msr     mdcr_el2, x10
        ret

vcpu_put:
        keep    ich_vmcr_el2, GIC
        keep    ich_ap0r0_el2, GIC + 8
        keep    ich_ap1r0_el2, GIC + 16
        mrs     x10, icc_sre_el2
        orr     x10, x10, #8
        msr     icc_sre_el2, x10
        keep    cntv_ctl_el02, TIMER + 8
        keep    cntv_cval_el02, TIMER
        msr     cntv_ctl_el02, xzr
        keep    cntp_ctl_el02, TIMER + 24
        keep    cntp_cval_el02, TIMER + 16
        msr     cntp_ctl_el02, xzr
        msr     cntvoff_el2, xzr
        save_el1 el12, GUEST_EL1
        mrs     x10, mdcr_el2
        and     x10, x10, #~0xc00
        msr     mdcr_el2, x10
        ret

// kvm_vcpu_run_vhe(), without what does not trap.
run:    flush_vgic
        ldr     x10, =GUEST_HCR
        msr     hcr_el2, x10
        mrs     x10, cpacr_el1
        msr     cpacr_el1, x10
        adr     x10, vectors
        msr     vbar_el1, x10
        give    mdscr_el1, COMMON
        give    elr_el1, GUEST_PC
        give    spsr_el1, GUEST_PC + 8
        eret

exit:   mrs     x29, tpidr_el2
        mrs     x9, esr_el1
        lsr     x11, x9, #26
        cmp     x11, #0x15
        b.eq    from_user
        str     x9, [x29, #SYNDROME]
        cmp     x11, #0x24
        b.ne    leave
        keep    far_el1, SYNDROME + 8
        keep    hpfar_el2, SYNDROME + 16
        b       leave
interrupted:
        mrs     x29, tpidr_el2
        str     xzr, [x29, #SYNDROME]
leave:  keep    mdscr_el1, COMMON
        keep    elr_el1, GUEST_PC
        keep    spsr_el1, GUEST_PC + 8
        ldr     x10, =HOST_HCR
        msr     hcr_el2, x10
        mrs     x10, cpacr_el1
        msr     cpacr_el1, x10
        adr     x10, vectors
        msr     vbar_el1, x10
        msr     mdscr_el1, xzr
        sync_vgic
        msr     daifclr, #2
        isb
        msr     daifset, #2
        ldr     x9, [x29, #SYNDROME]
        lsr     x11, x9, #26
        cbz     x11, run
        cmp     x11, #0x16
        b.eq    call
.if ROW == USER
        bl      vcpu_put
        adr     x10, user
        msr     elr_el1, x10
        msr     spsr_el1, xzr
        eret
from_user:
        bl      vcpu_load
.else
from_user:
.endif
        ldr     x10, [x29, #GUEST_PC]
        add     x10, x10, #4
        str     x10, [x29, #GUEST_PC]
.if ROW == IPI
        bl      send
.endif
        b       run
call:   cbz     x0, off
        b       run

off:    movz    w0, #0x8400, lsl #16
        movk    w0, #8
        smc     #0
        b       .
.endif

// ---- without: EL2 switches between host and guest ---------------------------------------------------------------------

.if VHE == 0
// __kvm_vcpu_run(): x9 what the host asks for: 0 that, 1 to switch off, 2 and 3 to load and save the virtual interface,
// 4 the timer's offset.
exit:   mrs     x29, tpidr_el2
        ldr     x11, [x29, #RUNS]
        cbnz    x11, from_guest
        cbz     x9, enter
        cmp     x9, #2
        b.lo    off
        b.eq    load_interface
        cmp     x9, #3
        b.eq    save_interface
        msr     cntvoff_el2, xzr
        eret
load_interface:
        give    ich_vmcr_el2, GIC
        give    ich_ap0r0_el2, GIC + 8
        give    ich_ap1r0_el2, GIC + 16
        eret
save_interface:
        keep    ich_vmcr_el2, GIC
        keep    ich_ap0r0_el2, GIC + 8
        keep    ich_ap1r0_el2, GIC + 16
        eret

enter:  mov     x11, #1
        str     x11, [x29, #RUNS]
        save_el1 el1, HOST_EL1
        keep    elr_el2, HOST_PC
        keep    spsr_el2, HOST_PC + 8
        load_stage2
        msr     pmselr_el0, xzr
        mrs     x10, mdcr_el2
        orr     x10, x10, #0xc00
        msr     mdcr_el2, x10
        ldr     x10, =GUEST_HCR
        msr     hcr_el2, x10
        mov     x10, #0x33ff
        msr     cptr_el2, x10
        adr     x10, vectors
        msr     vbar_el2, x10
        mrs     x10, icc_sre_el2
        and     x10, x10, #~8
        msr     icc_sre_el2, x10
        flush_vgic
        load_el1 el1, GUEST_EL1
        give    mdscr_el1, COMMON
        give    elr_el2, GUEST_PC
        give    spsr_el2, GUEST_PC + 8
        mrs     x10, cnthctl_el2
        and     x10, x10, #~2
        orr     x10, x10, #1
        msr     cnthctl_el2, x10
        isb
        eret

interrupted:
        mrs     x29, tpidr_el2
        str     xzr, [x29, #SYNDROME]
        b       leave
from_guest:
        mrs     x9, esr_el2
        str     x9, [x29, #SYNDROME]
        lsr     x11, x9, #26
        cmp     x11, #0x24
        b.ne    leave
        keep    far_el2, SYNDROME + 8
        keep    hpfar_el2, SYNDROME + 16
leave:  str     xzr, [x29, #RUNS]
        keep    mdscr_el1, COMMON
        save_el1 el1, GUEST_EL1
        keep    elr_el2, GUEST_PC
        keep    spsr_el2, GUEST_PC + 8
        mrs     x10, cnthctl_el2
        orr     x10, x10, #3
        msr     cnthctl_el2, x10
        sync_vgic
        mrs     x10, icc_sre_el2
        orr     x10, x10, #8
        msr     icc_sre_el2, x10
        mrs     x10, mdcr_el2
        and     x10, x10, #~0xc00
        msr     mdcr_el2, x10
        ldr     x10, =HOST_HCR
        msr     hcr_el2, x10
        mov     x10, #0x33ff
        msr     cptr_el2, x10
        adr     x10, vectors
        msr     vbar_el2, x10
        msr     vttbr_el2, xzr
        isb
        load_el1 el1, HOST_EL1
        msr     mdscr_el1, xzr
        give    elr_el2, HOST_PC
        give    spsr_el2, HOST_PC + 8
        eret

off:    movz    w0, #0x8400, lsl #16
        movk    w0, #8
        smc     #0
        b       .

// The host: at EL1.
host:   mrs     x29, tpidr_el1
        bl      vcpu_load
run:    mov     x9, #0
        hvc     #0
        mrs     x29, tpidr_el1
        msr     daifclr, #2
        isb
        msr     daifset, #2
        ldr     x9, [x29, #SYNDROME]
        lsr     x11, x9, #26
        cbz     x11, run
        cmp     x11, #0x16
        b.eq    call
.if ROW == USER
        bl      vcpu_put
        adr     x10, user
        msr     elr_el1, x10
        msr     spsr_el1, xzr
        eret
from_user:
        mrs     x29, tpidr_el1
        bl      vcpu_load
.else
from_user:
.endif
        ldr     x10, [x29, #GUEST_PC]
        add     x10, x10, #4
        str     x10, [x29, #GUEST_PC]
.if ROW == IPI
        bl      send
.endif
        b       run
call:   cbnz    x0, run
        mov     x9, #1
        hvc     #0

vcpu_load:
        mov     x9, #2
        hvc     #0
        mov     x9, #4
        hvc     #0
        give    cntv_cval_el0, TIMER
        give    cntv_ctl_el0, TIMER + 8
        give    cntp_cval_el0, TIMER + 16
        give    cntp_ctl_el0, TIMER + 24
        ret

vcpu_put:
        mov     x9, #3
        hvc     #0
        mov     x9, #4
        hvc     #0
        keep    cntv_ctl_el0, TIMER + 8
        keep    cntv_cval_el0, TIMER
        msr     cntv_ctl_el0, xzr
        keep    cntp_ctl_el0, TIMER + 24
        keep    cntp_cval_el0, TIMER + 16
        msr     cntp_ctl_el0, xzr
        ret

        .balign 2048
host_vectors:
        .space  0x280
        b       host_interrupt
        .balign 0x400
        b       from_user               // SVC from EL0
        .balign 0x800
host_interrupt:
        bl      acknowledge
        eret
.endif

// ---- both -------------------------------------------------------------------------------------------------------------

user:   svc     #0

// The host's handler of what the other CPU has sent: the guest gets it.
acknowledge:
        mrs     x12, icc_iar1_el1
        msr     icc_eoir1_el1, x12
        msr     icc_dir_el1, x12
        mov     x12, #1
        str     x12, [x29, #INJECT]
        ret

// An interrupt to the other CPU's host.
send:   mov     x12, #2
        movk    x12, #0x100, lsl #16
        msr     icc_sgi1r_el1, x12
        isb
        ret

.ltorg

        .balign 2048
vectors:
        .space  0x280                   // IRQ at EL2 itself: with VHE
        bl      acknowledge
        eret
        .balign 0x400
        b       exit
        .balign 0x80
        b       interrupted
        .balign 0x800

// ---- the guest --------------------------------------------------------------------------------------------------------

guest:  adr     x1, guest_vectors
        msr     vbar_el1, x1
        ldr     x1, =TIMES
        ldr     x2, =DEVICES
        ldr     x3, =FLAG
        ldr     x5, =0x1000002          // SGI 1... to CPU 1
        cbnz    x0, answer
.if ROW == IPI
        // Until the other one waits.
1:      ldr     x4, [x3]
        cbz     x4, 1b
.endif
again:
.if ROW == HYPERCALL
        mov     x0, #1
        hvc     #0
.endif
.if ROW == DEVICE
        ldr     w4, [x2]
.endif
.if ROW == USER
        ldr     w4, [x2]
.endif
.if ROW == IPI
        msr     icc_sgi1r_el1, x5
        add     x6, x6, #1
2:      ldr     x4, [x3, #8]
        cmp     x4, x6
        b.ne    2b
.endif
.if ROW == EOI
        mrs     x4, icc_iar1_el1
        msr     icc_eoir1_el1, x4
.endif
        subs    x1, x1, #1
        b.ne    again
        mov     x0, #0
        hvc     #0

// The other CPU: counts what it is sent.
answer: mov     x4, #1
        str     x4, [x3]
        msr     daifclr, #2
        b       .

        .balign 2048
guest_vectors:
        .space  0x280
        mrs     x4, icc_iar1_el1
        msr     icc_eoir1_el1, x4
        ldr     x6, [x3, #8]
        add     x6, x6, #1
        str     x6, [x3, #8]
        eret
        .balign 0x800
        .ltorg

// Shares two pages with the host for virtio-blk, and takes them back: before and after, the device can't reach them.
// On a host that may see everything, it reads and writes without sharing.

VIRTIO  = 0x0a000000
SLOTS   = 32
QUEUE   = SCRATCH               // descriptors, available ring at 0x400, used ring at 0x800
BUFFER  = SCRATCH + 0x10000     // header, data at 0x200, answer at 0x800; a page of its own with any granule
ENTRIES = 8

MEMINFO = 2
SHARE   = 3
UNSHARE = 4

// x19 the device, x20 the queue, x21 the buffer, w22 requests made available
main:
        stp     x29, x30, [sp, #-16]!
        ldr     x20, =QUEUE
        ldr     x21, =BUFFER
        mov     x0, #MEMINFO
        mov     x1, xzr
        bl      hypercall
        mov     x23, x0
        say     "memory"
        show    "granule", x23
        newline
        bl      find
        cbz     x19, no_disk

        // What the guest has for itself is out of the device's reach.
        bl      start
        mov     x0, #0
        mov     x1, #0
        bl      request
        say     "before"
        bl      report

        bl      share
        bl      start
        mov     x0, #0
        mov     x1, #0
        bl      request
        say     "read"
        bl      report
        ldr     x0, [x21, #0x200]
        mvn     x0, x0
        str     x0, [x21, #0x200]
        mov     x0, #1
        mov     x1, #1
        bl      request
        say     "write"
        bl      report
        str     xzr, [x21, #0x200]
        mov     x0, #0
        mov     x1, #1
        bl      request
        say     "again"
        bl      report

        // Taken back: the request that comes now must not reach the disk.
        bl      unshare
        mov     x0, #1
        mov     x1, #2
        bl      request
        say     "after"
        bl      report

        // Half of it is not enough.
        mov     x0, #SHARE
        mov     x1, x20
        bl      hypercall
        bl      start
        mov     x0, #1
        mov     x1, #2
        bl      request
        say     "half"
        bl      report
        mov     x0, #UNSHARE
        mov     x1, x20
        bl      hypercall

        bl      share
        bl      start
        mov     x0, #0
        mov     x1, #2
        bl      request
        say     "end"
        bl      report
        bl      unshare
        ldp     x29, x30, [sp], #16
        ret

no_disk:
        say     "no disk\n"
        ldp     x29, x30, [sp], #16
        ret

// A call of KVM's vendor services: x0 function, x1 argument. Returns its answer.
hypercall:
        movz    x4, #0xc600, lsl #16
        orr     x0, x0, x4
        mov     x2, xzr
        mov     x3, xzr
        adr     x4, current_el
        ldr     x4, [x4]
        cmp     x4, #2
        b.eq    1f
        hvc     #0
        ret
1:      smc     #0
        ret

// Lends both pages, or takes them back, and says what the answers were.
share:
        mov     x9, #SHARE
        b       1f
unshare:
        mov     x9, #UNSHARE
1:      stp     x29, x30, [sp, #-32]!
        stp     x24, x25, [sp, #16]
        mov     x24, x9
        mov     x0, x24
        mov     x1, x20
        bl      hypercall
        mov     x25, x0
        mov     x0, x24
        mov     x1, x21
        bl      hypercall
        mov     x24, x0
        say     "hypercalls"
        show    "queue", x25
        show    "buffer", x24
        newline
        ldp     x24, x25, [sp, #16]
        ldp     x29, x30, [sp], #32
        ret

// Finds a block device: x19, or 0.
find:
        ldr     x19, =VIRTIO
        mov     x0, #SLOTS
1:      ldr     w1, [x19, #8]
        cmp     w1, #2
        b.eq    2f
        add     x19, x19, #0x200
        subs    x0, x0, #1
        b.ne    1b
        mov     x19, xzr
2:      ret

// Resets the device and gives it an empty queue.
start:
        mov     x0, x20
        add     x1, x20, #1, lsl #12
1:      stp     xzr, xzr, [x0], #16
        cmp     x0, x1
        b.lo    1b
        mov     w22, wzr
        str     wzr, [x19, #0x70]
        mov     w0, #3                  // ACKNOWLEDGE, DRIVER
        str     w0, [x19, #0x70]
        mov     w1, #1
        str     w1, [x19, #0x24]
        str     w1, [x19, #0x20]        // VIRTIO_F_VERSION_1
        str     wzr, [x19, #0x24]
        str     wzr, [x19, #0x20]
        mov     w0, #11                 // FEATURES_OK
        str     w0, [x19, #0x70]
        str     wzr, [x19, #0x30]
        mov     w0, #ENTRIES
        str     w0, [x19, #0x38]
        str     w20, [x19, #0x80]
        str     wzr, [x19, #0x84]
        add     w0, w20, #0x400
        str     w0, [x19, #0x90]
        str     wzr, [x19, #0x94]
        add     w0, w20, #0x800
        str     w0, [x19, #0xa0]
        str     wzr, [x19, #0xa4]
        mov     w0, #1
        str     w0, [x19, #0x44]
        strh    w0, [x20, #0x400]       // no interrupts
        dsb     sy
        mov     w0, #15                 // DRIVER_OK
        str     w0, [x19, #0x70]
        ret

// One request: x0 0 reads, 1 writes; x1 sector.
request:
        str     w0, [x21]
        str     wzr, [x21, #4]
        str     x1, [x21, #8]
        mov     w2, #0xff
        strb    w2, [x21, #0x800]
        str     x21, [x20]
        mov     w2, #16
        str     w2, [x20, #8]
        movz    w2, #1                  // NEXT
        movk    w2, #1, lsl #16         // descriptor 1
        str     w2, [x20, #12]
        add     x3, x21, #0x200
        str     x3, [x20, #16]
        mov     w2, #512
        str     w2, [x20, #24]
        cmp     w0, #0
        mov     w2, #1
        mov     w4, #3                  // NEXT, WRITE
        csel    w2, w4, w2, eq
        movk    w2, #2, lsl #16
        str     w2, [x20, #28]
        add     x3, x21, #0x800
        str     x3, [x20, #32]
        mov     w2, #1
        str     w2, [x20, #40]
        mov     w2, #2                  // WRITE
        str     w2, [x20, #44]
        and     w2, w22, #ENTRIES - 1
        add     x3, x20, #0x404
        add     x3, x3, x2, lsl #1
        strh    wzr, [x3]
        add     w22, w22, #1
        dmb     sy
        strh    w22, [x20, #0x402]
        dsb     sy
        str     wzr, [x19, #0x50]
        ret

// Says what the device did: its status, requests used, the answer, the first bytes of the data.
report:
        stp     x29, x30, [sp, #-16]!
        ldr     w6, [x19, #0x70]
        show    "device", x6
        ldrh    w6, [x20, #0x802]
        show    "used", x6
        ldrb    w6, [x21, #0x800]
        show    "answer", x6
        ldr     x6, [x21, #0x200]
        show    "data", x6
        newline
        ldp     x29, x30, [sp], #16
        ret
        .ltorg

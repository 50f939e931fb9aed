/* SPDX-License-Identifier: MIT */
/*
 * Start-up, simulator calls, and the exceptions that bring control back from a container that faults or never ends, for QEMU's
 * `sim` machine: with the call0 ABI (lx106) or, if __XTENSA_WINDOWED_ABI__ is defined, with the windowed one (de212, dc232b).
 * Source: Xtensa Instruction Set Architecture Reference Manual, sections 4.4.1 (exceptions) and 4.7.1 (windowed registers).
 */
#define SIMCALL .byte 0x00, 0x51, 0x00
#define HOST_SP 8

#define TRAP_FAULT  6
#define TRAP_KILLED 7
#define LEVEL1_INTERRUPT 4
#define ALLOCA     5
#define PS_EXCM    0x10
#define PS_MASKED  0x0f
#define OWN_FAULT  4

    .section .vectors, "ax"
    .p2align 4
vectors:
#if defined(__XTENSA_WINDOWED_ABI__)
/* A window's registers go to the stack of the frame behind it, a4 and up below the stack pointer of the frame before it. */
    s32e a0, a5, -16            /* overflow of 4 */
    s32e a1, a5, -12
    s32e a2, a5, -8
    s32e a3, a5, -4
    rfwo
    .org 0x40
underflow4:
    l32e a0, a5, -16            /* underflow of 4 */
    l32e a1, a5, -12
    l32e a2, a5, -8
    l32e a3, a5, -4
    rfwu
    .org 0x80
    s32e a0, a9, -16            /* overflow of 8 */
    l32e a0, a1, -12
    s32e a1, a9, -12
    s32e a2, a9, -8
    s32e a3, a9, -4
    s32e a4, a0, -32
    s32e a5, a0, -28
    s32e a6, a0, -24
    s32e a7, a0, -20
    rfwo
    .org 0xc0
underflow8:
    l32e a0, a9, -16            /* underflow of 8 */
    l32e a1, a9, -12
    l32e a2, a9, -8
    l32e a7, a1, -12
    l32e a3, a9, -4
    l32e a4, a7, -32
    l32e a5, a7, -28
    l32e a6, a7, -24
    l32e a7, a7, -20
    rfwu
    .org 0x100
    s32e a0, a13, -16           /* overflow of 12 */
    l32e a0, a1, -12
    s32e a1, a13, -12
    s32e a2, a13, -8
    s32e a3, a13, -4
    s32e a4, a0, -48
    s32e a5, a0, -44
    s32e a6, a0, -40
    s32e a7, a0, -36
    s32e a8, a0, -32
    s32e a9, a0, -28
    s32e a10, a0, -24
    s32e a11, a0, -20
    rfwo
    .org 0x140
underflow12:
    l32e a0, a13, -16           /* underflow of 12 */
    l32e a1, a13, -12
    l32e a2, a13, -8
    l32e a11, a1, -12
    l32e a3, a13, -4
    l32e a4, a11, -48
    l32e a5, a11, -44
    l32e a6, a11, -40
    l32e a7, a11, -36
    l32e a8, a11, -32
    l32e a9, a11, -28
    l32e a10, a11, -24
    l32e a11, a11, -20
    rfwu
    .org 0x300
    j exception                 /* kernel */
    .org 0x340
    j exception                 /* user */
    .org 0x3c0
    j exception                 /* double */
#else
    .org 0x30
    j exception                 /* kernel */
    .org 0x50
    j exception                 /* user */
    .org 0x70
    j exception                 /* double */
#endif
    .org 0x400
    j reset                     /* the emulator starts here */

    .text
    .literal_position
    .literal .Lvectors, vectors
    .literal .Lstack, STACK_TOP
    .literal .Lbss_start, bss_start
    .literal .Lbss_end, bss_end
    .literal .Lmain, main
    .literal .Lsaved, saved
    .literal .Ltick, TICK
    .literal .Lwatchdog, watchdog
    .literal .Lrunning, running
    .literal .Lstatus, fault_status
#if defined(__XTENSA_WINDOWED_ABI__)
    .literal .Lunwind, fcc_trapped
    .literal .Lps, 0x00040000   /* WOE, interrupts on */
#else
    .literal .Lunwind, fcc_abort
#endif

    .p2align 2
    .global reset
reset:
    movi a2, 0
    wsr a2, intenable
    rsync
    l32r a2, .Lvectors
    wsr a2, vecbase
    rsync
#if defined(__XTENSA_WINDOWED_ABI__)
    movi a2, PS_MASKED
    wsr a2, ps
    rsync
    movi a2, 0
    wsr a2, windowbase
    rsync
    movi a2, 1
    wsr a2, windowstart
    rsync
#endif
    l32r a1, .Lstack
    l32r a2, .Lbss_start
    l32r a3, .Lbss_end
    movi a4, 0
1:  bgeu a2, a3, 2f
    s32i a4, a2, 0
    addi a2, a2, 4
    j 1b
2:  rsr a2, ccount
    l32r a3, .Ltick
    add a2, a2, a3
    wsr a2, ccompare0
    rsync
    movi a2, -1
    wsr a2, intenable
    rsync
#if defined(__XTENSA_WINDOWED_ABI__)
    l32r a2, .Lps
    wsr a2, ps
    rsync
    movi a0, 0
    addi a1, a1, -64            /* the overflow of this frame looks for its caller's stack pointer at [a1 - 12] */
    addi a4, a1, 64
    addi a5, a1, -16
    s32i a4, a5, 4
    l32r a8, .Lmain
    callx8 a8
#else
    movi a2, 0
    wsr a2, ps
    rsync
    l32r a0, .Lmain
    callx0 a0
#endif
3:  j 3b

/* int simulator(a2 number, a3, a4, a5); the answer in a2 */
    .p2align 2
    .global simulator
simulator:
#if defined(__XTENSA_WINDOWED_ABI__)
    entry a1, 32
    SIMCALL
    retw
#else
    SIMCALL
    ret
#endif

/* Every exception: a tick of the timer, or a fault. Only a2 and a3 are free to use, once they are saved. */
    .p2align 2
exception:
    wsr a2, excsave1
    l32r a2, .Lsaved
    s32i a3, a2, 0
    rsr a3, exccause
#if defined(__XTENSA_WINDOWED_ABI__)
    bnei a3, ALLOCA, 1f
    j alloca
1:
#endif
    bnei a3, LEVEL1_INTERRUPT, fault
    s32i a4, a2, 4
4:  l32r a4, .Ltick             /* from now, and again if that has gone by meanwhile: the comparison is for equality */
    rsr a3, ccount
    add a3, a3, a4
    wsr a3, ccompare0           /* takes the interrupt back as well */
    rsync
    rsr a4, ccount
    sub a3, a3, a4
    bltz a3, 4b
    l32r a4, .Lwatchdog
    l32i a3, a4, 0
    beqz a3, 3f
    addi a3, a3, -1
    s32i a3, a4, 0
    beqz a3, 2f
3:  l32i a4, a2, 4
    l32i a3, a2, 0
    rsr a2, excsave1
    rfe
2:  movi a2, TRAP_KILLED
    j unwind

fault:
    l32r a2, .Lstatus
    addi a3, a3, 1              /* so that cause 0 is told from no fault */
    s32i a3, a2, 0
    movi a2, TRAP_FAULT

/*
 * a2 = trap code. Returns from the exception into the way out of the container: the window that is current becomes the only one.
 * Without a running container the fault is one of the firmware itself.
 */
unwind:
    l32r a3, .Lrunning
    l32i a3, a3, 0
    bnez a3, 1f
    movi a2, 1                  /* exit */
    movi a3, OWN_FAULT
    SIMCALL
1:
#if defined(__XTENSA_WINDOWED_ABI__)
    mov a15, a3                 /* EXCM stays set until rfe: no window is checked before */
    rsr a4, windowbase
    ssl a4
    movi a3, 1
    sll a3, a3
    wsr a3, windowstart
    rsync
    l32r a3, .Lunwind
    wsr a3, epc1
    l32r a3, .Lps
    addi a3, a3, PS_EXCM
    wsr a3, ps
    rsync
    movi a0, 0
    rfe
#else
    l32i a1, a3, HOST_SP
    mov a4, a2
    mov a2, a3
    mov a3, a4
    l32r a4, .Lunwind
    wsr a4, epc1
    movi a4, PS_EXCM
    wsr a4, ps
    rsync
    rfe
#endif

#if defined(__XTENSA_WINDOWED_ABI__)
/*
 * movsp in a function whose caller's registers lie on the stack: they are taken from there as at a return, by the underflow handler
 * of the window's size (bits 31 and 30 of a0), which goes back to the instruction.
 */
alloca:
    rsr a2, windowbase
    rsr a3, ps
    srli a3, a3, 12             /* PS.OWB, bits 11 to 8: the window to come back to */
    slli a3, a3, 4
    or a3, a3, a2
    slli a3, a3, 8
    addi a3, a3, PS_EXCM
    wsr a3, ps
    rsync
    l32r a2, .Lsaved
    extui a3, a0, 30, 2
    beqi a3, 1, 1f
    beqi a3, 2, 2f
    l32i a3, a2, 0
    rsr a2, excsave1
    rotw -3
    j underflow12
1:  l32i a3, a2, 0
    rsr a2, excsave1
    rotw -1
    j underflow4
2:  l32i a3, a2, 0
    rsr a2, excsave1
    rotw -2
    j underflow8
#endif

    .bss
    .p2align 2
saved:
    .space 8

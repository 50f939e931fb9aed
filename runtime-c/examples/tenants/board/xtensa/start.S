/* SPDX-License-Identifier: MIT */
/* LX106 (call0 ABI) on QEMU's sim: vectors, start-up, the one exception handler, and calls of the simulator. */
#define SIMCALL .byte 0x00, 0x51, 0x00
#define LEVEL1_INTERRUPT 4
#define FRAME 80

    .section .vectors, "ax"
    .p2align 4
vectors:
    .org 0x30
    j exception                 /* kernel */
    .org 0x50
    j exception                 /* user */
    .org 0x70
    j exception                 /* double */
    .org 0x400
    j reset                     /* the emulator starts here */

    .text
    .literal_position
    .literal .Lvectors, vectors
    .literal .Lstack, stack_end
    .literal .Lbss_start, bss_start
    .literal .Lbss_end, bss_end
    .literal .Lmain, main
    .literal .Lfault, on_fault
    .literal .Lexpired, board_expired

    .p2align 2
    .global reset
reset:
    movi a2, 0
    wsr a2, intenable
    l32r a2, .Lvectors
    wsr a2, vecbase
    rsync
    l32r a1, .Lstack
    l32r a2, .Lbss_start
    l32r a3, .Lbss_end
    movi a4, 0
1:  bgeu a2, a3, 2f
    s32i a4, a2, 0
    addi a2, a2, 4
    j 1b
2:  movi a2, 0
    wsr a2, ps                  /* interrupts on, no exception */
    rsync
    l32r a0, .Lmain
    callx0 a0
3:  j 3b

/* int simulator(a2 number, a3, a4, a5); the answer in a2 */
    .p2align 2
    .global simulator
simulator:
    SIMCALL
    ret

/*
 * Saves what a function in C may change, on the stack of what was interrupted: containers keep to the calling
 * convention. PS.EXCM stays set, so that nothing interrupts the handler.
 */
    .p2align 2
exception:
    addi a1, a1, -FRAME
    s32i a0, a1, 0
    s32i a2, a1, 4
    s32i a3, a1, 8
    s32i a4, a1, 12
    s32i a5, a1, 16
    s32i a6, a1, 20
    s32i a7, a1, 24
    s32i a8, a1, 28
    s32i a9, a1, 32
    s32i a10, a1, 36
    s32i a11, a1, 40
    rsr a2, sar
    s32i a2, a1, 44
    rsr a2, epc1
    s32i a2, a1, 48
    rsr a2, exccause
    bnei a2, LEVEL1_INTERRUPT, 1f
    l32r a0, .Lexpired
    callx0 a0
    l32i a2, a1, 48
    wsr a2, epc1
    l32i a2, a1, 44
    wsr a2, sar
    l32i a0, a1, 0
    l32i a2, a1, 4
    l32i a3, a1, 8
    l32i a4, a1, 12
    l32i a5, a1, 16
    l32i a6, a1, 20
    l32i a7, a1, 24
    l32i a8, a1, 28
    l32i a9, a1, 32
    l32i a10, a1, 36
    l32i a11, a1, 40
    addi a1, a1, FRAME
    rfe
1:  l32r a0, .Lfault
    callx0 a0

/* SPDX-License-Identifier: MIT */
/*
 * Entering and leaving containers from firmware with the windowed ABI (ESP32). Text of images is call0 code all the same: it
 * never moves the register window. a15 holds the instance. Instance offsets: fcc_instance_t.
 * Source: Xtensa Instruction Set Architecture Reference Manual, sections 4.7.1 (windowed registers) and 8.1 (ABI).
 *
 * What call0 code in a window may not do is move the stack pointer while windows of its callers are still in registers: an
 * overflow would save them below the moved pointer, and the underflow at return would look for them below the old one. So
 * fcc_enter first makes all of them overflow. From then on this window is the only live one: nothing is saved
 * below a stack pointer of the container, whatever interrupts do, until a helper is called; the bridge makes a frame for
 * that as a windowed function has one.
 */
    .text
    .literal_position
    .literal .Ltrapped, fcc_unwind

#define TRAP    4
#define HOST_SP 8

/*
 * uint32_t fcc_enter(a2 instance, a3 code, a4 arguments[4], a5 out[3])
 * Frame: return address, out; above them 16 bytes for a4 to a7 of this window, and 16 that belong to the caller's caller.
 */
    .p2align 2
    .global fcc_enter
    .type fcc_enter, @function
fcc_enter:
    entry a1, 64
    movi a10, 7                 /* 7 * 8 registers from here are all but ours, on cores with 64; on others more than all */
    call8 spill
    s32i a0, a1, 0
    s32i a5, a1, 4
    mov a15, a2
    l32r a6, .Ltrapped
    s32i a6, a15, TRAP
    s32i a1, a15, HOST_SP
    mov a8, a3
    mov a9, a4
    l32i a2, a9, 0
    l32i a3, a9, 4
    l32i a4, a9, 8
    l32i a5, a9, 12
    addi a1, a1, -32            /* 16 bytes below our stack pointer hold the caller's a0 to a3; the ABI wants multiples of 16 */
    callx0 a8
    addi a1, a1, 32
    l32i a5, a1, 4
    s32i a2, a5, 0
    s32i a3, a5, 4
    movi a2, 0
.Lleave:
    l32i a0, a1, 0
    retw
    .size fcc_enter, . - fcc_enter

/*
 * Where traps of an image go: a2 = trap code, a0 = behind the site, a15 = instance. Also the way out for fault handlers, which must
 * have made the current window the only live one. Which window that is does not matter: the caller's registers lie on the stack.
 */
    .p2align 2
    .global fcc_unwind
    .type fcc_unwind, @function
fcc_unwind:
    l32i a1, a15, HOST_SP
    l32i a5, a1, 4
    s32i a0, a5, 8
    j .Lleave
    .size fcc_unwind, . - fcc_unwind

/*
 * void fcc_abort(a2 instance, a3 trap)
 * The windows of the helper that is left are given up, where a return would go through them one by one. No interrupt between
 * reading the window's number and marking it: a thread may come back from one in another window.
 */
    .p2align 2
    .global fcc_abort
    .type fcc_abort, @function
fcc_abort:
    entry a1, 32
    rsil a6, 15
    rsr a4, windowbase
    ssl a4
    movi a5, 1
    sll a5, a5
    wsr a5, windowstart
    rsync
    wsr a6, ps
    rsync
    mov a15, a2
    mov a2, a3
    movi a0, 0
    j fcc_unwind
    .size fcc_abort, . - fcc_abort

/* Calls itself a2 times; a4 and the call touch every register behind this window, so that what lives there overflows. */
    .p2align 2
    .type spill, @function
spill:
    entry a1, 32
    mov a4, a2
    beqz a4, .Lspilled
    addi a10, a4, -1
    call8 spill
.Lspilled:
    retw
    .size spill, . - spill

/*
 * call0 code calls a windowed C function: a8 = its address (FCC_THUNK in fcc.h), a2 to a7 and up to six words on the stack =
 * arguments, a2 and a3 = result.
 * Frame, upwards: six outgoing words, a0, a12 to a15, and at 48 the place for a4 to a7. The overflow of this window finds
 * that place through the "caller's stack pointer" at [a1 - 12], 32 above it.
 */
    .p2align 2
    .global fcc_bridge
    .type fcc_bridge, @function
fcc_bridge:
    mov a9, a1
    addi a1, a1, -96
    s32i a0, a1, 24
    s32i a12, a1, 28
    s32i a13, a1, 32
    s32i a14, a1, 36
    s32i a15, a1, 40
    addi a10, a1, 80
    addi a11, a1, -16
    s32i a10, a11, 4
    l32i a10, a9, 0
    l32i a11, a9, 4
    l32i a12, a9, 8
    l32i a13, a9, 12
    l32i a14, a9, 16
    l32i a15, a9, 20
    s32i a10, a1, 0
    s32i a11, a1, 4
    s32i a12, a1, 8
    s32i a13, a1, 12
    s32i a14, a1, 16
    s32i a15, a1, 20
    mov a10, a2
    mov a11, a3
    mov a12, a4
    mov a13, a5
    mov a14, a6
    mov a15, a7
    callx8 a8
    mov a2, a10
    mov a3, a11
    l32i a0, a1, 24
    l32i a12, a1, 28
    l32i a13, a1, 32
    l32i a14, a1, 36
    l32i a15, a1, 40
    addi a1, a1, 96
    ret
    .size fcc_bridge, . - fcc_bridge

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

#define TRAP    4
#define HOST_SP 8

/*
 * uint64_t fcc_enter(a2 context, a3 code, a4 context_length, a5 instance)
 * Frame: return address; above it 16 bytes for a4 to a7 of this window, and 16 that belong to the caller's caller.
 */
    .p2align 2
    .global fcc_enter
    .type fcc_enter, @function
fcc_enter:
    entry a1, 48
    movi a10, 7                 /* 7 * 8 registers from here are all but ours, on cores with 64; on others more than all */
    call8 spill
    s32i a0, a1, 0
    mov a15, a5
    s32i a1, a15, HOST_SP
    mov a8, a3
    movi a3, 0
    movi a5, 0
    addi a1, a1, -32            /* 16 bytes below our stack pointer hold the caller's a0 to a3; the ABI wants multiples of 16 */
    callx0 a8
    addi a1, a1, 32
.Lleave:
    l32i a0, a1, 0
    retw
    .size fcc_enter, . - fcc_enter

/*
 * Where traps of an image go: a2 = trap code, a0 = behind the site, a15 = instance. Also the way out for fault handlers, which must
 * have made the current window the only live one. Which window that is does not matter: the caller's registers lie on the stack.
 */
    .p2align 2
    .global fcc_trapped
    .type fcc_trapped, @function
fcc_trapped:
    s32i a2, a15, TRAP
    l32i a1, a15, HOST_SP
    mov a2, a0
    movi a3, 0
    j .Lleave
    .size fcc_trapped, . - fcc_trapped

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
    movi a4, 0
    j .Labort

/* void fcc_abort_at(a2 instance, a3 trap, a4 place) */
    .p2align 2
    .global fcc_abort_at
    .type fcc_abort_at, @function
fcc_abort_at:
    entry a1, 32
.Labort:
    rsil a6, 15
    rsr a5, windowbase
    ssl a5
    movi a5, 1
    sll a5, a5
    wsr a5, windowstart
    rsync
    wsr a6, ps
    rsync
    mov a15, a2
    mov a2, a3
    mov a0, a4
    j fcc_trapped
    .size fcc_abort_at, . - fcc_abort_at

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

/* SPDX-License-Identifier: MIT */
/*
 * Entering and leaving containers from firmware with the call0 ABI (ESP8266). Instance offsets: fcc_instance_t. a15 holds the
 * instance; text of images keeps a12 to a15 over calls of helpers, as call0 C code does, and no other register.
 */
    .text

#define TRAP    4
#define HOST_SP 8

/* uint64_t fcc_enter(a2 context, a3 code, a4 context_length, a5 instance) */
    .align 4
    .global fcc_enter
    .type fcc_enter, @function
fcc_enter:
    addi a1, a1, -32
    s32i a0, a1, 0
    s32i a12, a1, 4
    s32i a13, a1, 8
    s32i a14, a1, 12
    s32i a15, a1, 16
    mov a15, a5
    s32i a1, a5, HOST_SP
    mov a8, a3
    movi a3, 0
    movi a5, 0
    callx0 a8
.Lleave:
    l32i a0, a1, 0
    l32i a12, a1, 4
    l32i a13, a1, 8
    l32i a14, a1, 12
    l32i a15, a1, 16
    addi a1, a1, 32
    ret
    .size fcc_enter, . - fcc_enter

/* void fcc_abort(a2 instance, a3 trap) */
    .align 4
    .global fcc_abort
    .type fcc_abort, @function
fcc_abort:
    movi a4, 0
    .size fcc_abort, . - fcc_abort

/* void fcc_abort_at(a2 instance, a3 trap, a4 place) */
    .global fcc_abort_at
    .type fcc_abort_at, @function
fcc_abort_at:
    mov a15, a2
    mov a2, a3
    mov a0, a4
    .size fcc_abort_at, . - fcc_abort_at

/* Where traps of an image go: a2 = trap code, a0 = behind the site. Whatever lies below host_sp is given up. */
    .global fcc_trapped
    .type fcc_trapped, @function
fcc_trapped:
    s32i a2, a15, TRAP
    l32i a1, a15, HOST_SP
    mov a2, a0
    movi a3, 0
    j .Lleave
    .size fcc_trapped, . - fcc_trapped

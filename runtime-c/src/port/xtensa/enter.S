/* SPDX-License-Identifier: MIT */
/*
 * Entering and leaving containers from firmware with the call0 ABI (ESP8266). Instance offsets: fcc_instance_t. a15 holds the
 * instance; text of images keeps a12 to a15 over calls of helpers, as call0 C code does, and no other register.
 */
    .text
    .literal_position
    .literal .Ltrapped, trapped

#define TRAP    4
#define HOST_SP 8

/* uint32_t fcc_enter(a2 instance, a3 code, a4 arguments[4], a5 out[3]) */
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
    s32i a5, a1, 20
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
    callx0 a8
    l32i a5, a1, 20
    s32i a2, a5, 0
    s32i a3, a5, 4
    movi a2, 0
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
    mov a15, a2
    mov a2, a3
    movi a0, 0
    .size fcc_abort, . - fcc_abort

/* Where traps of an image go: a2 = trap code, a0 = behind the site. Whatever lies below host_sp is given up. */
    .type trapped, @function
trapped:
    l32i a1, a15, HOST_SP
    l32i a5, a1, 20
    s32i a0, a5, 8
    j .Lleave
    .size trapped, . - trapped

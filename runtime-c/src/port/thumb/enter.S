/* SPDX-License-Identifier: MIT */
/*
 * Entering and leaving containers on every Cortex-M, by instructions of ARMv6-M. Instance offsets: fcc_instance_t. r9 holds the
 * instance.
 */
    .syntax unified
    .thumb
    .text

    .equ TRAP, 4
    .equ HOST_SP, 8
    .equ OUT, 16                /* on the stack, behind r8 to r11 */

/* uint32_t fcc_enter(instance, code, arguments[4], out[3]) */
    .global fcc_enter
    .type fcc_enter, %function
    .thumb_func
fcc_enter:
    push {r3-r7, lr}            /* with the next, ten words: SP stays 8-aligned */
    mov r4, r8
    mov r5, r9
    mov r6, r10
    mov r7, r11
    push {r4-r7}
    mov r9, r0
    ldr r4, =trapped
    str r4, [r0, #TRAP]
    mov r4, sp
    str r4, [r0, #HOST_SP]
    mov r12, r1
    ldr r0, [r2]
    ldr r1, [r2, #4]
    ldr r3, [r2, #12]
    ldr r2, [r2, #8]
    blx r12
    ldr r4, [sp, #OUT]
    str r0, [r4]
    str r1, [r4, #4]
    movs r0, #0
leave:
    pop {r4-r7}
    mov r8, r4
    mov r9, r5
    mov r10, r6
    mov r11, r7
    pop {r3-r7, pc}
    .size fcc_enter, . - fcc_enter

/* Where traps of an image go: r0 = trap code, lr = behind the site. Whatever lies below host_sp is given up. */
    .type trapped, %function
    .thumb_func
trapped:
    mov r4, r9
    ldr r4, [r4, #HOST_SP]
    mov sp, r4
    ldr r4, [sp, #OUT]
    mov r1, lr
    str r1, [r4, #8]
    b leave
    .size trapped, . - trapped

/* void fcc_abort(instance, trap) */
    .global fcc_abort
    .type fcc_abort, %function
    .thumb_func
fcc_abort:
    mov r9, r0
    mov r0, r1
    movs r1, #0
    mov lr, r1
    b trapped
    .size fcc_abort, . - fcc_abort
    .ltorg

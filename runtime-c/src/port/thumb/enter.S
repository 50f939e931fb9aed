/* SPDX-License-Identifier: MIT */
/* Entering and leaving containers on ARMv7-M and later. Instance offsets: fcc_instance_t. r9 holds the instance. */
    .syntax unified
    .thumb
    .text

    .equ TRAP, 4
    .equ HOST_SP, 8

/* uint32_t fcc_enter(instance, code, arguments[4], out[3]) */
    .global fcc_enter
    .type fcc_enter, %function
    .thumb_func
fcc_enter:
    push {r3-r11, lr}           /* ten words: SP stays 8-aligned; out lies lowest */
    mov r9, r0
    ldr r4, =trapped
    str r4, [r9, #TRAP]
    str sp, [r9, #HOST_SP]
    mov r12, r1
    ldmia r2, {r0-r3}
    blx r12
    ldr r4, [sp]
    stmia r4!, {r0, r1}
    movs r0, #0
leave:
    add sp, #4
    pop {r4-r11, pc}
    .size fcc_enter, . - fcc_enter

/* Where traps of an image go: r0 = trap code, lr = behind the site. Whatever lies below host_sp is given up. */
    .type trapped, %function
    .thumb_func
trapped:
    ldr sp, [r9, #HOST_SP]
    ldr r4, [sp]
    str lr, [r4, #8]
    b leave
    .size trapped, . - trapped

/* void fcc_abort(instance, trap) */
    .global fcc_abort
    .type fcc_abort, %function
    .thumb_func
fcc_abort:
    mov r9, r0
    mov r0, r1
    mov lr, #0
    b trapped
    .size fcc_abort, . - fcc_abort
    .ltorg

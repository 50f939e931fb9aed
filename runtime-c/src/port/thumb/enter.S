/* SPDX-License-Identifier: MIT */
/*
 * Entering and leaving containers on every Cortex-M. Instance offsets: fcc_instance_t. r9 holds the instance. Ten words are saved, so
 * that SP stays 8-aligned. Where the firmware uses a floating-point unit, d8 to d15 are its callers' too (AAPCS32 6.1.2.1): images do not
 * touch them, but a helper that ends its container does not get to put them back.
 */
    .syntax unified
    .thumb
    .text

    .equ TRAP, 4
    .equ HOST_SP, 8

/* uint64_t fcc_enter(context, code, context_length, instance) */
    .global fcc_enter
    .type fcc_enter, %function
    .thumb_func
fcc_enter:
#if __ARM_ARCH_ISA_THUMB == 2 && !defined(__ARM_ARCH_8M_BASE__)
    push {r3-r11, lr}
#if defined(__ARM_FP)
    vpush {d8-d15}
#endif
    mov r9, r3
    str sp, [r3, #HOST_SP]
    mov r12, r1
    movs r1, #0
    movs r3, #0
    blx r12
#if defined(__ARM_FP)
    vpop {d8-d15}
#endif
    pop {r3-r11, pc}
    .size fcc_enter, . - fcc_enter

/* Where traps of an image go: r0 = trap code, lr = behind the site. Whatever lies below host_sp is given up. */
    .global fcc_trapped
    .type fcc_trapped, %function
    .thumb_func
fcc_trapped:
    str r0, [r9, #TRAP]
    ldr sp, [r9, #HOST_SP]
    mov r0, lr
    movs r1, #0
#if defined(__ARM_FP)
    vpop {d8-d15}
#endif
    pop {r3-r11, pc}
    .size fcc_trapped, . - fcc_trapped
#else
    push {r3-r7, lr}
    mov r4, r8
    mov r5, r9
    mov r6, r10
    mov r7, r11
    push {r4-r7}
    mov r9, r3
    mov r4, sp
    str r4, [r3, #HOST_SP]
    mov r12, r1
    movs r1, #0
    movs r3, #0
    blx r12
leave:
    pop {r4-r7}
    mov r8, r4
    mov r9, r5
    mov r10, r6
    mov r11, r7
    pop {r3-r7, pc}
    .size fcc_enter, . - fcc_enter

/* Where traps of an image go: r0 = trap code, lr = behind the site. Whatever lies below host_sp is given up. */
    .global fcc_trapped
    .type fcc_trapped, %function
    .thumb_func
fcc_trapped:
    mov r4, r9
    str r0, [r4, #TRAP]
    ldr r4, [r4, #HOST_SP]
    mov sp, r4
    mov r0, lr
    movs r1, #0
    b leave
    .size fcc_trapped, . - fcc_trapped
#endif

/* void fcc_abort(instance, trap) */
    .global fcc_abort
    .type fcc_abort, %function
    .thumb_func
fcc_abort:
    movs r2, #0
    .size fcc_abort, . - fcc_abort

/* void fcc_abort_at(instance, trap, place) */
    .global fcc_abort_at
    .type fcc_abort_at, %function
    .thumb_func
fcc_abort_at:
    mov r9, r0
    mov r0, r1
    mov lr, r2
    b fcc_trapped
    .size fcc_abort_at, . - fcc_abort_at

/* SPDX-License-Identifier: MIT */
/* Start-up, semihosting, and the exceptions that bring control back. ARMv6-M instructions, so that it is right on every core. */
    .syntax unified
    .thumb

    .section .vectors, "a"
    .word STACK_TOP
    .word reset
    .rept 13
    .word fault
    .endr
    .word tick

    .text
    .global reset
    .type reset, %function
    .thumb_func
reset:
    ldr r0, =bss_start
    ldr r1, =bss_end
    movs r2, #0
1:  cmp r0, r1
    bhs 2f
    str r2, [r0]
    adds r0, #4
    b 1b
2:  bl main
3:  b 3b

/* int semihost(int operation, void *arguments) */
    .global semihost
    .type semihost, %function
    .thumb_func
semihost:
    bkpt 0xab
    bx lr

/* Every fault. */
    .type fault, %function
    .thumb_func
fault:
    ldr r1, =0xe000ed28         /* CFSR, then HFSR: kept for the report and cleared by writing back; ARMv6-M reads 0 */
    ldr r2, [r1]
    str r2, [r1]
    ldr r3, [r1, #4]
    str r3, [r1, #4]
    ldr r3, =fault_status
    str r2, [r3]
    movs r1, #6                 /* FCC_TRAP_FAULT */
    b unwind

/* SysTick. */
    .type tick, %function
    .thumb_func
tick:
    ldr r0, =watchdog
    ldr r1, [r0]
    cmp r1, #0
    beq 1f
    subs r1, #1
    str r1, [r0]
    bne 1f
    movs r1, #7                 /* FCC_TRAP_KILLED */
    b unwind
1:  bx lr

/*
 * r1 = trap code. Returns from the exception into fcc_abort(running, code), by a frame of our own below the place where
 * fcc_enter saved its caller: the container's stack pointer is not to be relied on.
 */
unwind:
    ldr r0, =running
    ldr r0, [r0]
    cmp r0, #0
    beq 2f
    ldr r2, [r0, #8]            /* fcc_instance_t.host_sp, 8-aligned */
    subs r2, #32
    str r0, [r2]
    str r1, [r2, #4]
    ldr r0, =fcc_abort
    movs r3, #1
    bics r0, r3
    str r0, [r2, #24]
    lsls r3, r3, #24            /* xPSR: Thumb state, outside any IT block */
    str r3, [r2, #28]
    mov sp, r2
    ldr r0, =0xfffffff9         /* thread mode, main stack, no floating-point frame */
    bx r0
2:  movs r0, #4                 /* OWN_FAULT */
    bl port_exit

    .ltorg

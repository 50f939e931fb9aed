/* SPDX-License-Identifier: MIT */
/*
 * Cortex-M: vectors and start-up, by instructions of ARMv6-M. Handlers are plain functions in C: the core saves what
 * they may change.
 */
    .syntax unified
    .thumb

    .section .vectors, "a"
    .word stack_end
    .word reset
    .rept 13
    .word on_fault
    .endr
    .word on_tick               /* SysTick */

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
    bl board_exit

/* int semihost(int operation, void *arguments): only used to end the emulator. */
    .global semihost
    .type semihost, %function
    .thumb_func
semihost:
    bkpt 0xab
    bx lr
    .ltorg

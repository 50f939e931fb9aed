/* SPDX-License-Identifier: MIT */
/* Vector table, start-up, and the change to a container's own stack. */
    .syntax unified
    .thumb

    .section .vectors, "a"
    .word stack_top
    .word reset
    .rept 14
    .word fault
    .endr

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
    str r2, [r0], #4
    b 1b
2:  bl main
3:  b 3b

/*
 * void run_on(void *stack_end, void (*function)(void *), void *argument): calls the function on another stack. Thread mode uses
 * the process stack meanwhile; interrupts keep the main one, so the container's stack holds the container only.
 */
    .global run_on
    .type run_on, %function
    .thumb_func
run_on:
    push {r4, lr}
    msr psp, r0
    movs r3, #2                 /* CONTROL.SPSEL */
    msr control, r3
    isb
    mov r0, r2
    blx r1
    movs r3, #0
    msr control, r3
    isb
    pop {r4, pc}

/* int semihost(int operation, void *arguments): only used to end the emulator. */
    .global semihost
    .type semihost, %function
    .thumb_func
semihost:
    bkpt 0xab
    bx lr

    .ltorg

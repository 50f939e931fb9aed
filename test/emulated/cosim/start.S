/* SPDX-License-Identifier: MIT */
/* Start-up, and the way into and out of the instruction of a case: all registers and flags set before, all saved behind. */
    .syntax unified
    .thumb
    .fpu fpv4-sp-d16

    .section .vectors, "a"
    .word STACK_TOP
    .word reset
    .rept 14
    .word fault
    .endr
/* At 0x40 and 0x44 (cosim-cases.ts, EXIT): where the code behind an instruction and at a branch's target leads. */
    .thumb_func
    b.w exit_next
    .thumb_func
    b.w exit_taken

    .text
    .global reset
    .type reset, %function
    .thumb_func
reset:
    ldr r0, =0xe000ed88         /* CPACR: one floating-point register keeps r0 where no other place is free */
    mov r1, #0x00f00000
    str r1, [r0]
    ldr r0, =0xe000ef34         /* FPCCR: exception frames stay the short ones */
    movs r1, #0
    str r1, [r0]
    dsb
    isb
    ldr r0, =bss_start
    ldr r1, =bss_end
    movs r2, #0
1:  cmp r0, r1
    bhs 2f
    str r2, [r0], #4
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

/* void run_case(const uint32_t state[16], uint32_t entry): flags, r0 to r12, lr, sp; the outcome is left in `result`. */
    .global run_case
    .type run_case, %function
    .thumb_func
run_case:
    push {r3-r11, lr}
    ldr r2, =host_sp
    str sp, [r2]
    adr r2, target
    str r1, [r2]                /* the board has RAM at address 0 */
    dsb
    isb
    ldr r1, [r0, #60]
    mov sp, r1
    ldr lr, [r0, #56]
    ldr r1, [r0]
    msr apsr_nzcvq, r1
    add r0, r0, #4
    ldm r0, {r0-r12}
    ldr.w pc, target
    .balign 4
target:
    .word 0

    .thumb_func
exit_next:
    vmov s0, r0
    movw r0, #0
    b 1f
    .thumb_func
exit_taken:
    vmov s0, r0
    movw r0, #1
1:  vmov s1, r0
    ldr r0, =result + 12
    stm r0, {r1-r12}
    str lr, [r0, #48]
    str sp, [r0, #52]
    mrs r1, apsr
    str r1, [r0, #-8]
    vmov r1, s0
    str r1, [r0, #-4]
    vmov r1, s1
    str r1, [r0, #-12]
leave_case:
    ldr r0, =host_sp
    ldr r1, [r0]
    mov sp, r1
    movs r1, #0
    str r1, [r0]
    pop {r3-r11, pc}

/* Every fault. The case's stack pointer is not to be relied on: returns through a frame below the host's. */
    .type fault, %function
    .thumb_func
fault:
    ldr r1, =0xe000ed28         /* CFSR, then HFSR: cleared by writing back */
    ldr r2, [r1]
    str r2, [r1]
    ldr r3, [r1, #4]
    str r3, [r1, #4]
    ldr r0, =host_sp
    ldr r0, [r0]
    cbz r0, 1f
    subs r0, #32
    str r2, [r0]
    ldr r1, =faulted
    bic r1, #1
    str r1, [r0, #24]
    mov r1, #0x01000000         /* xPSR: Thumb state, outside any IT block */
    str r1, [r0, #28]
    mov sp, r0
    ldr r0, =0xfffffff9         /* thread mode, main stack, no floating-point frame */
    bx r0
1:  b firmware_fault

    .type faulted, %function
    .thumb_func
faulted:
    ldr r1, =result
    str r0, [r1, #4]
    movs r0, #2
    str r0, [r1]
    b leave_case

    .ltorg

    .bss
    .balign 4
host_sp:
    .space 4
    .global result
result:
    .space 68

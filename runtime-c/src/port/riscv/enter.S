/* SPDX-License-Identifier: MIT */
/*
 * Entering and leaving containers on RISC-V. Instance offsets: fcc_instance_t. The instance is in s11, or in s1 where there are 16
 * registers. gp and tp are the firmware's and stay what they are.
 */
    .text

    .equ TRAP, 4
    .equ HOST_SP, 8
#if defined(__riscv_32e) || defined(__riscv_e)
#define INSTANCE s1
    .equ FRAME, 12              /* ra, s0, s1; the convention wants a multiple of 4 */
#else
#define INSTANCE s11
    .equ FRAME, 64              /* ra, s0 to s11; the convention wants a multiple of 16 */
#endif

/* uint64_t fcc_enter(context, code, context_length, instance) */
    .balign 4
    .global fcc_enter
    .type fcc_enter, @function
fcc_enter:
    addi sp, sp, -FRAME
    sw ra, 0(sp)
    sw s0, 4(sp)
    sw s1, 8(sp)
#if !(defined(__riscv_32e) || defined(__riscv_e))
    sw s2, 12(sp)
    sw s3, 16(sp)
    sw s4, 20(sp)
    sw s5, 24(sp)
    sw s6, 28(sp)
    sw s7, 32(sp)
    sw s8, 36(sp)
    sw s9, 40(sp)
    sw s10, 44(sp)
    sw s11, 48(sp)
#endif
    mv INSTANCE, a3
    sw sp, HOST_SP(a3)
    mv t0, a1
    li a1, 0
    li a3, 0
    jalr t0
leave:
    lw ra, 0(sp)
    lw s0, 4(sp)
    lw s1, 8(sp)
#if !(defined(__riscv_32e) || defined(__riscv_e))
    lw s2, 12(sp)
    lw s3, 16(sp)
    lw s4, 20(sp)
    lw s5, 24(sp)
    lw s6, 28(sp)
    lw s7, 32(sp)
    lw s8, 36(sp)
    lw s9, 40(sp)
    lw s10, 44(sp)
    lw s11, 48(sp)
#endif
    addi sp, sp, FRAME
    ret
    .size fcc_enter, . - fcc_enter

/* void fcc_abort(instance, trap) */
    .balign 4
    .global fcc_abort
    .type fcc_abort, @function
fcc_abort:
    li a2, 0
    .size fcc_abort, . - fcc_abort

/* void fcc_abort_at(instance, trap, place) */
    .global fcc_abort_at
    .type fcc_abort_at, @function
fcc_abort_at:
    mv INSTANCE, a0
    mv a0, a1
    mv ra, a2
    .size fcc_abort_at, . - fcc_abort_at

/* Where traps of an image go: a0 = trap code, ra = behind the site. Whatever lies below host_sp is given up. */
    .global fcc_trapped
    .type fcc_trapped, @function
fcc_trapped:
    sw a0, TRAP(INSTANCE)
    lw sp, HOST_SP(INSTANCE)
    mv a0, ra
    li a1, 0
    j leave
    .size fcc_trapped, . - fcc_trapped

/* SPDX-License-Identifier: MIT */
/*
 * Entering and leaving containers on RISC-V. Instance offsets: fcc_instance_t. The instance is in s11, or in s1 where there are 16
 * registers. gp and tp are the firmware's and stay what they are.
 */
    .text

    .equ TRAP, 4
    .equ HOST_SP, 8
    .equ OUT, 0
#if defined(__riscv_32e) || defined(__riscv_e)
#define INSTANCE s1
    .equ FRAME, 16              /* ra, s0, s1, out */
#else
#define INSTANCE s11
    .equ FRAME, 64              /* ra, s0 to s11, out; the convention wants a multiple of 16 */
#endif

/* uint32_t fcc_enter(instance, code, arguments[4], out[3]) */
    .balign 4
    .global fcc_enter
    .type fcc_enter, @function
fcc_enter:
    addi sp, sp, -FRAME
    sw a3, OUT(sp)
    sw ra, 4(sp)
    sw s0, 8(sp)
    sw s1, 12(sp)
#if !(defined(__riscv_32e) || defined(__riscv_e))
    sw s2, 16(sp)
    sw s3, 20(sp)
    sw s4, 24(sp)
    sw s5, 28(sp)
    sw s6, 32(sp)
    sw s7, 36(sp)
    sw s8, 40(sp)
    sw s9, 44(sp)
    sw s10, 48(sp)
    sw s11, 52(sp)
#endif
    mv INSTANCE, a0
    la t0, trapped
    sw t0, TRAP(INSTANCE)
    sw sp, HOST_SP(INSTANCE)
    mv t0, a1
    lw a0, 0(a2)
    lw a1, 4(a2)
    lw a3, 12(a2)
    lw a2, 8(a2)
    jalr t0
    lw t0, OUT(sp)
    sw a0, 0(t0)
    sw a1, 4(t0)
    li a0, 0
leave:
    lw ra, 4(sp)
    lw s0, 8(sp)
    lw s1, 12(sp)
#if !(defined(__riscv_32e) || defined(__riscv_e))
    lw s2, 16(sp)
    lw s3, 20(sp)
    lw s4, 24(sp)
    lw s5, 28(sp)
    lw s6, 32(sp)
    lw s7, 36(sp)
    lw s8, 40(sp)
    lw s9, 44(sp)
    lw s10, 48(sp)
    lw s11, 52(sp)
#endif
    addi sp, sp, FRAME
    ret
    .size fcc_enter, . - fcc_enter

/* void fcc_abort(instance, trap) */
    .balign 4
    .global fcc_abort
    .type fcc_abort, @function
fcc_abort:
    mv INSTANCE, a0
    mv a0, a1
    li ra, 0
    .size fcc_abort, . - fcc_abort

/* Where traps of an image go: a0 = trap code, ra = behind the site. Whatever lies below host_sp is given up. */
    .type trapped, @function
trapped:
    lw sp, HOST_SP(INSTANCE)
    lw t0, OUT(sp)
    sw ra, 8(t0)
    j leave
    .size trapped, . - trapped

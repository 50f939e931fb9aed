/* SPDX-License-Identifier: MIT */
/* Start-up, and the way into and out of the instruction of a case: all registers set before, all saved behind. */

    .section .vectors, "ax"
    .global reset
reset:
    lui sp, %hi(STACK_TOP)
    addi sp, sp, %lo(STACK_TOP)
    la t0, trap
    csrw mtvec, t0
    csrw mscratch, zero
    la t0, bss_start
    la t1, bss_end
1:  bgeu t0, t1, 2f
    sw zero, 0(t0)
    addi t0, t0, 4
    j 1b
2:  call main
3:  j 3b

    .text
/* int semihost(int operation, void *arguments): the three uncompressed instructions that mean a call to the debugger. */
    .global semihost
    .option push
    .option norvc
    .balign 16
semihost:
    slli zero, zero, 0x1f
    ebreak
    srai zero, zero, 7
    ret
    .option pop

/* void run_case(const uint32_t state[31], uint32_t entry): x1 to x31. What follows the instruction, and stands at its target, is
   the illegal instruction 0: so every case ends in a trap, and mepc says where. `result`: mepc, mcause, x1 to x31. */
    .global run_case
run_case:
    addi sp, sp, -64
    sw ra, 0(sp)
    sw gp, 4(sp)
    sw tp, 8(sp)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    sw s\n, 12 + 4 * \n(sp)
    .endr
    la t0, host_sp
    sw sp, 0(t0)
#ifdef __riscv_atomic
    sc.w zero, zero, (t0)       /* no case inherits a reservation */
    sw sp, 0(t0)
#endif
    la t0, result
    csrw mscratch, t0
    csrw mepc, a1
    li t0, 0x1800               /* mstatus.MPP: mret stays in machine mode */
    csrs mstatus, t0
    mv x31, a0
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    lw x\n, 4 * \n - 4(x31)
    .endr
    mret

    .balign 4
trap:
    csrrw x31, mscratch, x31
    beqz x31, 1f
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    sw x\n, 4 + 4 * \n(x31)
    .endr
    csrrw t0, mscratch, zero
    sw t0, 128(x31)
    csrr t0, mepc
    sw t0, 0(x31)
    csrr t0, mcause
    sw t0, 4(x31)
    la t0, host_sp
    lw sp, 0(t0)
    lw ra, 0(sp)
    lw gp, 4(sp)
    lw tp, 8(sp)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    lw s\n, 12 + 4 * \n(sp)
    .endr
    addi sp, sp, 64
    ret
1:  j firmware_fault

    .bss
    .balign 4
host_sp:
    .space 4
    .global result
result:
    .space 132

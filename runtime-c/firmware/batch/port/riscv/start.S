/* SPDX-License-Identifier: MIT */
/* Start-up, semihosting, and the traps that bring control back, in machine mode. */
    .section .vectors, "ax"
    .global reset
reset:
    la sp, STACK_TOP
    la t0, trap
    csrw mtvec, t0
    la t0, saved
    csrw mscratch, t0
    la t0, bss_start
    la t1, bss_end
1:  bgeu t0, t1, 2f
    sw zero, 0(t0)
    addi t0, t0, 4
    j 1b
2:  call main
3:  j 3b

    .text
/* int semihost(int operation, void *arguments): three instructions of four bytes that lie in one page, as the convention asks */
    .balign 16
    .option push
    .option norvc
    .global semihost
semihost:
    slli x0, x0, 0x1f
    ebreak
    srai x0, x0, 7
    ret
    .option pop

/* Every trap: a tick of the timer, or a fault. */
    .balign 4
trap:
    csrrw t0, mscratch, t0
    sw t1, 0(t0)
    sw t2, 4(t0)
    csrr t1, mcause
    bgez t1, fault
    li t1, 0x0200bff8           /* mtime; its upper half stays 0 for seven minutes */
    lw t1, 0(t1)
    li t2, TICK
    add t1, t1, t2
    li t2, 0x02004000           /* mtimecmp */
    sw t1, 0(t2)
    la t2, watchdog
    lw t1, 0(t2)
    beqz t1, 1f
    addi t1, t1, -1
    sw t1, 0(t2)
    beqz t1, 2f
1:  lw t1, 0(t0)
    lw t2, 4(t0)
    csrrw t0, mscratch, t0
    mret
2:  li a1, 7                    /* FCC_TRAP_KILLED */
    j unwind

fault:
    addi t1, t1, 1              /* so that cause 0 is told from no fault */
    la t2, fault_status
    sw t1, 0(t2)
    li a1, 6                    /* FCC_TRAP_FAULT */

/* a1 = trap code. Returns from the trap into fcc_abort(running, code). */
unwind:
    csrw mscratch, t0
    la t1, running
    lw a0, 0(t1)
    beqz a0, 1f
    lw sp, 8(a0)                /* fcc_instance_t.host_sp */
    la t1, fcc_abort
    csrw mepc, t1
    mret
1:  li a0, 4                    /* OWN_FAULT */
    call port_exit

    .bss
    .balign 4
saved:
    .space 8

/* SPDX-License-Identifier: MIT */
/*
 * Start-up, and the way into and out of the instruction of a case: all registers set before, all saved behind. Call0 code, also
 * on cores with register windows, where PS.WOE stays clear. HAS_LOOP, HAS_S32C1I: special registers that the core has.
 * Source: Xtensa Instruction Set Architecture Reference Manual, sections 4.4.1 (exceptions) and 5.3 (special registers).
 */
#define SIMCALL .byte 0x00, 0x51, 0x00
#define PS_EXCM 0x10
/* By number: the assembler only knows those of the LX106. */
#define LBEG 0
#define LEND 1
#define LCOUNT 2
#define SCOMPARE1 12
#define READ(register, special) .byte (register) << 4, special, 0x03
#define WRITE(register, special) .byte (register) << 4, special, 0x13

    .section .vectors, "ax"
/* The start; kernel, user and double exception of the LX106, then those of the cores with windows. */
    j reset
    .org 0x30
    j exception
    .org 0x50
    j exception
    .org 0x70
    j exception
    .org 0x300
    j exception
    .org 0x340
    j exception
    .org 0x3c0
    j exception
    .org 0x400

    .text
    .literal_position
    .literal .Lvectors, FLASH
    .literal .Lstack, STACK_TOP
    .literal .Lbss_start, bss_start
    .literal .Lbss_end, bss_end
    .literal .Lhost, host
    .literal .Lresult, result

    .p2align 2
    .global reset
reset:
    movi a2, 0
    wsr a2, intenable
    movi a2, 0
    wsr a2, ps
    l32r a2, .Lvectors
    wsr a2, vecbase
    rsync
    l32r a1, .Lstack
    l32r a2, .Lbss_start
    l32r a3, .Lbss_end
    movi a4, 0
1:  bgeu a2, a3, 2f
    s32i a4, a2, 0
    addi a2, a2, 4
    j 1b
2:  call0 main
3:  j 3b

/* int simulator(int number, uint32_t a, uint32_t b, uint32_t c) */
    .p2align 2
    .global simulator
simulator:
    SIMCALL
    ret

/*
 * void run_case(const uint32_t state[21], uint32_t entry): a0 to a15, SAR, LBEG, LEND, LCOUNT, SCOMPARE1. What follows the
 * instruction, and stands wherever else it may lead, is the illegal instruction 0: so every case ends in an exception, and EPC1
 * says where. `result`: EPC1, EXCCAUSE, and the registers in the same order.
 */
    .p2align 2
    .global run_case
run_case:
    l32r a4, .Lhost
    s32i a0, a4, 0
    s32i a1, a4, 4
    s32i a12, a4, 8
    s32i a13, a4, 12
    s32i a14, a4, 16
    s32i a15, a4, 20
    movi a4, PS_EXCM            /* no loop goes round while it is set; rfe clears it */
    wsr a4, ps
    rsync
    wsr a3, epc1
    l32i a4, a2, 64
    wsr a4, sar
#ifdef HAS_LOOP
    l32i a4, a2, 68
    WRITE(4, LBEG)
    l32i a4, a2, 72
    WRITE(4, LEND)
    l32i a4, a2, 76
    WRITE(4, LCOUNT)
#endif
#ifdef HAS_S32C1I
    l32i a4, a2, 80
    WRITE(4, SCOMPARE1)
#endif
    isync
    mov a15, a2
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    l32i a\n, a15, 4 * \n
    .endr
    rfe

    .p2align 2
exception:
    wsr a15, excsave1
    l32r a15, .Lresult
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
    s32i a\n, a15, 8 + 4 * \n
    .endr
    rsr a2, epc1
    s32i a2, a15, 0
    rsr a2, exccause
    s32i a2, a15, 4
    rsr a2, excsave1
    s32i a2, a15, 68
    rsr a2, sar
    s32i a2, a15, 72
#ifdef HAS_LOOP
    READ(2, LBEG)
    s32i a2, a15, 76
    READ(2, LEND)
    s32i a2, a15, 80
    READ(2, LCOUNT)
    s32i a2, a15, 84
    movi a2, 0
    WRITE(2, LCOUNT)
    isync
#endif
#ifdef HAS_S32C1I
    READ(2, SCOMPARE1)
    s32i a2, a15, 88
#endif
    movi a2, 0
    wsr a2, ps
    rsync
    l32r a4, .Lhost
    l32i a0, a4, 0
    beqz a0, 1f
    s32i a2, a4, 0
    l32i a1, a4, 4
    l32i a12, a4, 8
    l32i a13, a4, 12
    l32i a14, a4, 16
    l32i a15, a4, 20
    ret
1:  j firmware_fault

    .bss
    .p2align 2
/* a0, a1, a12 to a15 while a case runs; the first is 0 otherwise. */
host:
    .space 24
    .global result
result:
    .space 92

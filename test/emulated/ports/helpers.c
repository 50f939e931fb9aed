/* SPDX-License-Identifier: MIT */
/*
 * In place of firmware/batch/helpers.c: helpers that try what a port has to bear, and a check around fcc_enter (by the linker's
 * --wrap) that its caller's registers and stack pointer are what they were. If not, the container has ended with trap 15.
 */
#include "../../../runtime-c/firmware/batch/batch.h"

char batch_log[LOG_SIZE];
uint32_t batch_log_length;
static volatile uint32_t _interrupts;

#if defined(__XTENSA_WINDOWED_ABI__)
/*
 * Interrupts as an operating system takes them: on the stack of what they interrupt, with all older windows spilled and windowed C
 * code called, before the firmware's own handler. Words 0 to 4: a2, a3, EPC1, PS, SAR of what is interrupted; 5: the firmware's
 * handler, behind its first instruction (wsr a2, excsave1).
 */
uint32_t test_state[6];
static uint8_t _vectors[0x400] __attribute__((aligned(0x400)));
void test_exception(void);

__attribute__((noinline)) uint32_t test_interrupt(uint32_t depth, uint32_t a)
{
    uint32_t b = a ^ (a << 13);
    uint32_t c = b ^ (b >> 17);
    _interrupts += depth == 0;
    return depth == 0 ? c : test_interrupt(depth - 1, c ^ (c << 5)) + (a ^ b ^ c);
}

static void _take_interrupts(void)
{
    const uint8_t *old;
    __asm__ volatile("rsr %0, vecbase" : "=r"(old));
    if (old == _vectors) {
        return;
    }
    for (uint32_t i = 0; i < sizeof(_vectors); i++) {
        _vectors[i] = old[i];
    }
    /* The kernel vector: j handler, 18 bits of offset from behind it and one byte more. */
    uint32_t jump = old[0x300] | (uint32_t)old[0x301] << 8 | (uint32_t)old[0x302] << 16;
    test_state[5] = (uint32_t)old + 0x304u + (uint32_t)((int32_t)(jump << 8) >> 14) + 3u;
    /* wsr a2, excsave2; l32r a2, 0x2fc; jx a2 */
    static const uint8_t code[] = { 0x20, 0xd2, 0x13, 0x21, 0xfe, 0xff, 0xa0, 0x02, 0x00 };
    *(uint32_t *)(void *)(_vectors + 0x2fc) = (uint32_t)(uintptr_t)test_exception;
    for (uint32_t i = 0; i < sizeof(code); i++) {
        _vectors[0x300 + i] = code[i];
    }
    __asm__ volatile("isync\n wsr %0, vecbase\n rsync" ::"r"(_vectors) : "memory");
}
#else
static void _take_interrupts(void) {}
#endif

void batch_helpers_reset(const batch_host_t *host)
{
    (void)host;
    _take_interrupts();
}

enum { RETURN, ABORT, FAULT, HANG };

/* Every level has values of its own to keep: registers, register windows. */
__attribute__((noinline)) static uint32_t _deep(fcc_instance_t *instance, uint32_t depth, uint32_t mode, uint32_t a)
{
    uint32_t b = a ^ (a << 13);
    uint32_t c = b ^ (b >> 17);
    uint32_t d = c ^ (c << 5);
    if (depth > 0) {
        uint32_t below = _deep(instance, depth - 1, mode, d);
        return (below << 1 | below >> 31) + (a ^ b ^ c ^ d);
    }
    switch (mode) {
    case ABORT:
        fcc_abort(instance, FCC_TRAP_HELPER);
        break;
    case FAULT:
#if defined(__thumb__)
        __asm__ volatile("udf #0");
#elif defined(__riscv)
        __asm__ volatile(".4byte 0");
#else
        __asm__ volatile("ill");
#endif
        break;
    case HANG:
        for (volatile uint32_t turn = 0;; turn++) {}
    default:
        break;
    }
    return d;
}

uint32_t test_deep(fcc_instance_t *instance, uint32_t depth, uint32_t mode)
{
    return _deep(instance, depth, mode, 1);
}

/* Differs with the order of the values; a multiplication would be a call of a C library. */
static uint64_t _mix(uint64_t sum, uint64_t value)
{
    return sum + sum + value;
}

/* As many words of arguments as a helper can have; they outlast calls before they are read. */
uint64_t test_wide(fcc_instance_t *instance, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    _deep(instance, 12, RETURN, 1);
    __asm__ volatile("" ::: "memory");
    return _mix(_mix(_mix(_mix(a, b), c), d), e);
}

uint64_t test_mixed(fcc_instance_t *instance, uint32_t a, uint64_t b, uint32_t c, uint64_t d, uint32_t e)
{
    (void)instance;
    return _mix(_mix(_mix(_mix(a, b), c), d), e);
}

uint32_t test_narrow(fcc_instance_t *instance, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
    (void)instance;
    return (uint32_t)_mix(_mix(_mix(_mix(a, b), c), d), e);
}

/* Whether the first argument is the instance of the container that runs. */
extern fcc_instance_t *volatile running;
uint32_t test_instance(fcc_instance_t *instance)
{
    return instance == running;
}

/* Calls of test_interrupt so far: on firmware with the windowed ABI. */
uint32_t test_interrupts(fcc_instance_t *instance)
{
    (void)instance;
    return _interrupts;
}

#define TEST_HELPERS(X)                                                                                                \
    X(0x7001u, deep) X(0x7002u, wide) X(0x7003u, mixed) X(0x7004u, narrow) X(0x7005u, instance) X(0x7006u, interrupts)
#define THUNK(number, name) FCC_THUNK(test_##name);
TEST_HELPERS(THUNK)
#define ROW(number, name) { number, FCC_CODE(test_##name) },
const fcc_helper_t batch_helpers[] = { TEST_HELPERS(ROW) };
const uint32_t batch_helper_count = sizeof(batch_helpers) / sizeof(batch_helpers[0]);

#if defined(__thumb__)
uint32_t test_sp;
__asm__(".syntax unified\n.thumb\n.text\n.balign 4\n"
        ".global __wrap_fcc_enter\n.type __wrap_fcc_enter, %function\n.thumb_func\n"
        "__wrap_fcc_enter:\n"
        "push {r4-r7, lr}\n"
        "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n"
        "push {r3-r7}\n"
        "ldr r4, =test_sp\n mov r5, sp\n str r5, [r4]\n"
        "movs r4, #108\n mov r8, r4\n movs r4, #109\n mov r9, r4\n movs r4, #110\n mov r10, r4\n movs r4, #111\n mov r11, r4\n"
        "movs r4, #104\n movs r5, #105\n movs r6, #106\n movs r7, #107\n"
        "bl __real_fcc_enter\n"
        "cmp r4, #104\n bne 1f\n cmp r5, #105\n bne 1f\n cmp r6, #106\n bne 1f\n cmp r7, #107\n bne 1f\n"
        "mov r2, r8\n cmp r2, #108\n bne 1f\n mov r2, r9\n cmp r2, #109\n bne 1f\n"
        "mov r2, r10\n cmp r2, #110\n bne 1f\n mov r2, r11\n cmp r2, #111\n bne 1f\n"
        "ldr r2, =test_sp\n ldr r2, [r2]\n cmp r2, sp\n bne 1f\n"
        "2: ldr r2, =test_sp\n ldr r2, [r2]\n mov sp, r2\n"
        "pop {r3-r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"
        "pop {r4-r7, pc}\n"
        "1: ldr r2, =test_sp\n ldr r2, [r2]\n ldr r2, [r2]\n movs r0, #15\n str r0, [r2, #4]\n b 2b\n"
        ".ltorg\n");
#elif defined(__riscv_32e)
uint32_t test_saved[7];
__asm__(".text\n.balign 4\n.global __wrap_fcc_enter\n.type __wrap_fcc_enter, @function\n"
        "__wrap_fcc_enter:\n"
        "la t0, test_saved\n sw ra, 0(t0)\n sw sp, 4(t0)\n sw gp, 8(t0)\n sw tp, 12(t0)\n sw s0, 16(t0)\n sw s1, 20(t0)\n"
        "sw a3, 24(t0)\n li gp, 98\n li tp, 99\n li s0, 100\n li s1, 101\n"
        "call __real_fcc_enter\n"
        "addi gp, gp, -98\n addi tp, tp, -99\n addi s0, s0, -100\n addi s1, s1, -101\n"
        "or t1, gp, tp\n or t1, t1, s0\n or t1, t1, s1\n"
        "la t0, test_saved\n lw t2, 4(t0)\n xor t2, t2, sp\n or t1, t1, t2\n"
        "beqz t1, 1f\n lw t2, 24(t0)\n li t1, 15\n sw t1, 4(t2)\n"
        "1: lw ra, 0(t0)\n lw sp, 4(t0)\n lw gp, 8(t0)\n lw tp, 12(t0)\n lw s0, 16(t0)\n lw s1, 20(t0)\n ret\n");
#elif defined(__riscv)
uint32_t test_saved[17];
__asm__(".text\n.balign 4\n.global __wrap_fcc_enter\n.type __wrap_fcc_enter, @function\n"
        "__wrap_fcc_enter:\n"
        "la t0, test_saved\n sw ra, 0(t0)\n sw sp, 4(t0)\n sw gp, 8(t0)\n sw tp, 12(t0)\n"
        "sw s0, 16(t0)\n sw s1, 20(t0)\n sw s2, 24(t0)\n sw s3, 28(t0)\n sw s4, 32(t0)\n sw s5, 36(t0)\n"
        "sw s6, 40(t0)\n sw s7, 44(t0)\n sw s8, 48(t0)\n sw s9, 52(t0)\n sw s10, 56(t0)\n sw s11, 60(t0)\n"
        "sw a3, 64(t0)\n li gp, 98\n li tp, 99\n li s0, 100\n li s1, 101\n li s2, 102\n li s3, 103\n li s4, 104\n li s5, 105\n"
        "li s6, 106\n li s7, 107\n li s8, 108\n li s9, 109\n li s10, 110\n li s11, 111\n"
        "call __real_fcc_enter\n"
        "addi gp, gp, -98\n addi tp, tp, -99\n addi s0, s0, -100\n addi s1, s1, -101\n addi s2, s2, -102\n"
        "addi s3, s3, -103\n addi s4, s4, -104\n addi s5, s5, -105\n addi s6, s6, -106\n addi s7, s7, -107\n"
        "addi s8, s8, -108\n addi s9, s9, -109\n addi s10, s10, -110\n addi s11, s11, -111\n"
        "or t1, gp, tp\n or t1, t1, s0\n or t1, t1, s1\n or t1, t1, s2\n or t1, t1, s3\n or t1, t1, s4\n or t1, t1, s5\n"
        "or t1, t1, s6\n or t1, t1, s7\n or t1, t1, s8\n or t1, t1, s9\n or t1, t1, s10\n or t1, t1, s11\n"
        "la t0, test_saved\n lw t2, 4(t0)\n xor t2, t2, sp\n or t1, t1, t2\n"
        "beqz t1, 1f\n lw t2, 64(t0)\n li t1, 15\n sw t1, 4(t2)\n"
        "1: lw ra, 0(t0)\n lw sp, 4(t0)\n lw gp, 8(t0)\n lw tp, 12(t0)\n"
        "lw s0, 16(t0)\n lw s1, 20(t0)\n lw s2, 24(t0)\n lw s3, 28(t0)\n lw s4, 32(t0)\n lw s5, 36(t0)\n"
        "lw s6, 40(t0)\n lw s7, 44(t0)\n lw s8, 48(t0)\n lw s9, 52(t0)\n lw s10, 56(t0)\n lw s11, 60(t0)\n"
        "ret\n");
#elif defined(__XTENSA_WINDOWED_ABI__)
/* Twelve frames of eight registers, more than there are, each with values of its own; the innermost one calls. */
uint32_t test_arguments[4];
__asm__(".text\n.literal .Ltest_real, __real_fcc_enter\n.literal .Ltest_arguments, test_arguments\n"
        ".p2align 2\n.global __wrap_fcc_enter\n.type __wrap_fcc_enter, @function\n"
        "__wrap_fcc_enter:\n"
        "entry a1, 48\n l32r a8, .Ltest_arguments\n"
        "s32i a2, a8, 0\n s32i a3, a8, 4\n s32i a4, a8, 8\n s32i a5, a8, 12\n"
        "movi a10, 12\n call8 test_level\n mov a2, a10\n mov a3, a11\n retw\n"
        ".p2align 2\ntest_level:\n"
        "entry a1, 48\n addi a3, a2, 40\n addi a4, a2, 50\n addi a5, a2, 60\n addi a6, a2, 70\n mov a7, a1\n"
        "s32i a2, a1, 0\n"
        "beqz a2, 1f\n addi a10, a2, -1\n call8 test_level\n j 2f\n"
        "1: l32r a9, .Ltest_arguments\n l32i a10, a9, 0\n l32i a11, a9, 4\n l32i a12, a9, 8\n l32i a13, a9, 12\n"
        "l32r a8, .Ltest_real\n callx8 a8\n"
        "2: l32i a9, a1, 0\n bne a9, a2, 3f\n addi a9, a2, 40\n bne a9, a3, 3f\n addi a9, a2, 50\n bne a9, a4, 3f\n"
        "addi a9, a2, 60\n bne a9, a5, 3f\n addi a9, a2, 70\n bne a9, a6, 3f\n bne a7, a1, 3f\n"
        "4: mov a2, a10\n mov a3, a11\n retw\n"
        "3: l32r a9, .Ltest_arguments\n l32i a9, a9, 12\n movi a8, 15\n s32i a8, a9, 4\n j 4b\n");

/* The processors have 32 registers: windows 3, 3 and 2 times 4 registers further on are all that there are. */
__asm__(".text\n.literal .Ltest_state, test_state\n.literal .Ltest_handler, test_interrupt\n"
        ".literal .Ltest_ps, 0x4000f\n" /* WOE, interrupts masked */
        ".p2align 2\n.global test_exception\n"
        "test_exception:\n"
        "rsr a2, exccause\n beqi a2, 4, 1f\n"
        "rsr a2, excsave2\n wsr a2, excsave1\n"
        "2: l32r a2, .Ltest_state\n l32i a2, a2, 20\n jx a2\n"
        "1:\n"
        "l32r a2, .Ltest_state\n s32i a3, a2, 4\n rsr a3, excsave2\n s32i a3, a2, 0\n rsr a3, epc1\n s32i a3, a2, 8\n"
        "rsr a3, ps\n s32i a3, a2, 12\n rsr a3, sar\n s32i a3, a2, 16\n"
        "l32r a3, .Ltest_ps\n wsr a3, ps\n rsync\n l32i a3, a2, 4\n l32i a2, a2, 0\n"
        "and a12, a12, a12\n rotw 3\n and a12, a12, a12\n rotw 3\n and a4, a4, a4\n rotw 2\n"
        "addmi a1, a1, -256\n"
        "s32i a0, a1, 0\n s32i a2, a1, 8\n s32i a3, a1, 12\n s32i a4, a1, 16\n s32i a5, a1, 20\n s32i a6, a1, 24\n"
        "s32i a7, a1, 28\n s32i a8, a1, 32\n s32i a9, a1, 36\n s32i a10, a1, 40\n s32i a11, a1, 44\n s32i a12, a1, 48\n"
        "s32i a13, a1, 52\n s32i a14, a1, 56\n s32i a15, a1, 60\n"
        "movi a0, 0\n movi a4, 128\n add a4, a4, a1\n addi a5, a1, -16\n s32i a4, a5, 4\n"
        "movi a10, 12\n movi a11, 1\n l32r a8, .Ltest_handler\n callx8 a8\n"
        "l32i a0, a1, 0\n l32i a4, a1, 16\n l32i a5, a1, 20\n l32i a6, a1, 24\n l32i a7, a1, 28\n l32i a8, a1, 32\n"
        "l32i a9, a1, 36\n l32i a10, a1, 40\n l32i a11, a1, 44\n l32i a12, a1, 48\n l32i a13, a1, 52\n l32i a14, a1, 56\n"
        "l32i a15, a1, 60\n"
        "l32r a2, .Ltest_state\n l32i a3, a2, 12\n wsr a3, ps\n rsync\n l32i a3, a2, 8\n wsr a3, epc1\n"
        "l32i a3, a2, 16\n wsr a3, sar\n l32i a3, a1, 8\n wsr a3, excsave1\n l32i a3, a1, 12\n addmi a1, a1, 256\n j 2b\n");
#else
uint32_t test_saved[7];
__asm__(".text\n.literal_position\n.literal .Ltest_saved, test_saved\n.literal .Ltest_real, __real_fcc_enter\n"
        ".align 4\n.global __wrap_fcc_enter\n.type __wrap_fcc_enter, @function\n"
        "__wrap_fcc_enter:\n"
        "l32r a8, .Ltest_saved\n s32i a0, a8, 0\n s32i a1, a8, 4\n"
        "s32i a12, a8, 8\n s32i a13, a8, 12\n s32i a14, a8, 16\n s32i a15, a8, 20\n s32i a5, a8, 24\n"
        "movi a12, 112\n movi a13, 113\n movi a14, 114\n movi a15, 115\n"
        "l32r a0, .Ltest_real\n callx0 a0\n"
        "l32r a8, .Ltest_saved\n l32i a9, a8, 4\n bne a9, a1, 1f\n movi a9, 112\n bne a9, a12, 1f\n movi a9, 113\n bne a9, a13, 1f\n"
        "movi a9, 114\n bne a9, a14, 1f\n movi a9, 115\n bne a9, a15, 1f\n"
        "2: l32i a0, a8, 0\n l32i a1, a8, 4\n l32i a12, a8, 8\n l32i a13, a8, 12\n l32i a14, a8, 16\n l32i a15, a8, 20\n ret\n"
        "1: l32i a9, a8, 24\n movi a10, 15\n s32i a10, a9, 4\n j 2b\n");
#endif

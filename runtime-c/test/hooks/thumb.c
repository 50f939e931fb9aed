/* SPDX-License-Identifier: MIT */
/* Cortex-M under QEMU: start-up, files of the emulator's host, interrupts by PendSV and SysTick. */
#include <stddef.h>
#include "../../firmware/batch/files.h"
#include "platform.h"

extern uint32_t bss_start[], bss_end[], stack_top[];
void (*volatile platform_handler)(void);
static int file;

/* Armv7-M Architecture Reference Manual, B3.2.2 and B3.3. */
#define ICSR       (*(volatile uint32_t *)0xe000ed04u)
#define CPACR      (*(volatile uint32_t *)0xe000ed88u)
#define PENDSVSET  (1u << 28)
#define SYST_CSR   (*(volatile uint32_t *)0xe000e010u)
#define SYST_RVR   (*(volatile uint32_t *)0xe000e014u)
#define SYST_CVR   (*(volatile uint32_t *)0xe000e018u)

int semihost(int operation, void *arguments)
{
    register int r0 __asm__("r0") = operation;
    register void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* gcc may call it for structures; there is no C library here. */
void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
    volatile uint8_t *p = to;
    for (const uint8_t *q = from; length > 0; length--) {
        *p++ = *q++;
    }
    return to;
}

void *memset(void *to, int value, size_t length)
{
    for (volatile uint8_t *p = to; length > 0; length--) {
        *p++ = (uint8_t)value;
    }
    return to;
}

void platform_write(const char *bytes, uint32_t count)
{
    port_write(file, bytes, count);
}

void platform_interrupt(void)
{
    ICSR = PENDSVSET;
    __asm__ volatile("dsb\n isb" ::: "memory");
}

void platform_tick(uint32_t period)
{
    SYST_CSR = 0;
    if (period != 0) {
        SYST_RVR = period;
        SYST_CVR = 0;
        SYST_CSR = 7;
    }
}

#if defined(__ARM_FP)
void platform_set_float(uint32_t bits)
{
    __asm__ volatile("vmov s31, %0" ::"r"(bits));
}

uint32_t platform_float(void)
{
    uint32_t bits;
    __asm__ volatile("vmov %0, s31" : "=r"(bits));
    return bits;
}
#else
void platform_set_float(uint32_t bits)
{
    (void)bits;
}

uint32_t platform_float(void)
{
    return 1;
}
#endif

static void _interrupt(void)
{
    if (platform_handler != NULL) {
        platform_handler();
    }
}

static void _fault(void)
{
    port_exit(4);
}

void reset(void)
{
    for (uint32_t *word = bss_start; word < bss_end; word++) {
        *word = 0;
    }
#if defined(__ARM_FP)
    CPACR |= 15u << 20;
    __asm__ volatile("dsb\n isb" ::: "memory");
#endif
    file = port_open("results.txt", 1);
    int failed = tests();
    port_close(file);
    port_exit(failed == 0 ? 0 : 1);
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))stack_top, reset,  _fault, _fault, _fault,     _fault, _fault,     _fault,
    _fault,                    _fault, _fault, _fault, _fault,     _fault, _interrupt, _interrupt,
};

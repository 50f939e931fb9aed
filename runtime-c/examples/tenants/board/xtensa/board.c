/* SPDX-License-Identifier: MIT */
/* QEMU's sim machine with an LX106, the core of ESP8266: output by simulator calls, a clock of 10 MHz. */
#include "../board.h"
#include <fcc.h>

enum { SIM_EXIT = 1, SIM_WRITE = 4 };
int simulator(int number, int a, int b, int c); /* start.S */

#define TICK (10000u * BOARD_TICK_MS)

/* The machine has no devices in memory: what is tried is where an ESP8266 has them. */
const struct board_device board_devices[] = {
    { 0x3ff00000u, 0x80u }, /* DPORT */
    { 0x60000000u, 0x80u }, /* UART, and here the vectors */
    { 0x60000300u, 0x80u }, /* GPIO */
    { 0, 0 },
};

void board_start(void) {}

void board_put(char c)
{
    simulator(SIM_WRITE, 1, (int)&c, 1);
}

/*
 * From now on, and again if that has gone by meanwhile: the comparison is for equality. Takes the interrupt back as
 * well.
 */
static void _arm(void)
{
    uint32_t at, now;
    do {
        __asm__ volatile("rsr %0, ccount" : "=r"(now));
        at = now + TICK;
        __asm__ volatile("wsr %1, ccompare0\n rsync\n rsr %0, ccount" : "=r"(now) : "r"(at) : "memory");
    } while ((int32_t)(at - now) < 0);
}

void board_timer(int on)
{
    _arm();
    __asm__ volatile("wsr %0, intenable\n rsync" ::"r"(on ? 0xffffffffu : 0u) : "memory");
}

void board_expired(void); /* start.S */

void board_expired(void)
{
    _arm();
    on_tick();
}

void board_exit(uint32_t code)
{
    simulator(SIM_EXIT, (int)code, 0, 0);
    for (;;) {}
}

/* What C compilers call for divisions: Debian's library for the LX106 leaves them to the chip's ROM. */
uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);

uint32_t __udivsi3(uint32_t a, uint32_t b)
{
    return fcc_udiv32(a, b);
}

uint32_t __umodsi3(uint32_t a, uint32_t b)
{
    return fcc_umod32(a, b);
}

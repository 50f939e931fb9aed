/* SPDX-License-Identifier: MIT */
#include "../../port.h"

/* The timer runs from the start. */
void port_start(void) {}

void port_sync(void)
{
    __asm__ volatile("isync" ::: "memory");
}

/* What C compilers call for divisions where the core has none: Debian's library for the LX106 leaves them to the chip's ROM. */
uint32_t __udivsi3(uint32_t a, uint32_t b)
{
    return fcc_udiv32(a, b);
}

uint32_t __umodsi3(uint32_t a, uint32_t b)
{
    return fcc_umod32(a, b);
}

/* SPDX-License-Identifier: MIT */
#include "../../port.h"

#define SYST_CSR (*(volatile uint32_t *)0xe000e010u)
#define SYST_RVR (*(volatile uint32_t *)0xe000e014u)
#define SYST_CVR (*(volatile uint32_t *)0xe000e018u)

void port_start(void)
{
    SYST_RVR = TICK - 1u;
    SYST_CVR = 0;
    SYST_CSR = 7; /* processor clock, interrupt, on */
}

void port_sync(void)
{
    __asm__ volatile("dsb\n isb" ::: "memory");
}

/* SPDX-License-Identifier: MIT */
#include "../../port.h"

/* Core-local interruptor of QEMU's virt machine, hart 0. mtime counts at 10 MHz. */
#define MTIMECMP ((volatile uint32_t *)0x02004000u)
#define MTIME    ((volatile uint32_t *)0x0200bff8u)

void port_start(void)
{
    MTIMECMP[1] = 0;
    MTIMECMP[0] = MTIME[0] + TICK;
    __asm__ volatile("csrs mie, %0\n csrsi mstatus, 8" ::"r"(1u << 7)); /* MTIE, MIE */
}

void port_sync(void)
{
    __asm__ volatile("fence.i" ::: "memory");
}

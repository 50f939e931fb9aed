/* SPDX-License-Identifier: MIT */
/* QEMU's virt: NS16550A, core-local interruptor (mtime counts at 10 MHz), and a device that ends the emulator. */
#include "../board.h"

#define UART      ((volatile uint8_t *)0x10000000u)
#define UART_LSR  5     /* bit 5: room for a byte */
#define FINISHER  (*(volatile uint32_t *)0x00100000u)
#define MTIMECMP  ((volatile uint32_t *)0x02004000u)
#define MTIME     ((volatile uint32_t *)0x0200bff8u)
#define TICK      (10000u * BOARD_TICK_MS)
#define MTIE      (1u << 7)
#define TIMER     0x80000007u /* mcause of its interrupt */

const struct board_device board_devices[] = {
    { 0x00100000u, 8u },     /* one word here ends everything */
    { 0x02000000u, 8u },     /* software interrupts */
    { 0x02004000u, 8u },     /* mtimecmp */
    { 0x0200bff8u, 8u },     /* mtime */
    { 0x0c000000u, 0x100u }, /* PLIC */
    { 0x10000000u, 8u },     /* UART */
    { 0, 0 },
};

void board_start(void)
{
    __asm__ volatile("csrsi mstatus, 8"); /* MIE */
}

void board_put(char c)
{
    while ((UART[UART_LSR] & 0x20u) == 0) {}
    UART[0] = (uint8_t)c;
}

/* From now on; mtime's upper half stays 0 for seven minutes. */
static void _arm(void)
{
    MTIMECMP[1] = 0;
    MTIMECMP[0] = MTIME[0] + TICK;
}

void board_timer(int on)
{
    _arm();
    if (on) {
        __asm__ volatile("csrs mie, %0" ::"r"(MTIE) : "memory");
    }
    else {
        __asm__ volatile("csrc mie, %0" ::"r"(MTIE) : "memory");
    }
}

void board_trap(uint32_t cause); /* start.S */

void board_trap(uint32_t cause)
{
    if (cause != TIMER) {
        on_fault();
    }
    _arm();
    on_tick();
}

void board_exit(uint32_t code)
{
    FINISHER = code == 0 ? 0x5555u : (code << 16 | 0x3333u);
    for (;;) {}
}

/* SPDX-License-Identifier: MIT */
/* QEMU's mps2-an386, and lm3s6965evb with a Cortex-M0 (-DLM3S): they differ in clock and UART. */
#include "../board.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define SYST_CSR REGISTER(0xe000e010u) /* 7: processor clock, interrupt, on */
#define SYST_RVR REGISTER(0xe000e014u)
#define SYST_CVR REGISTER(0xe000e018u)

#ifdef LM3S
#define CLOCK_HZ   12500000u
#define UART_BASE  0x4000c000u /* PL011 */
#define UART_FULL  (REGISTER(UART_BASE + 0x18u) & 0x20u)
#else
#define CLOCK_HZ   25000000u
#define UART_BASE  0x40004000u /* CMSDK */
#define UART_FULL  (REGISTER(UART_BASE + 4u) & 1u)
#endif

const struct board_device board_devices[] = {
    { UART_BASE, 0x50u },
    { 0xe000e010u, 0x10u },  /* SysTick */
    { 0xe000e100u, 0x400u }, /* NVIC */
    { 0xe000ed00u, 0x90u },  /* SCB: vector table, reset */
    { 0, 0 },
};

int semihost(int operation, void *arguments); /* start.S */

void board_start(void)
{
#ifdef LM3S
    REGISTER(UART_BASE + 0x30u) = 0x101u; /* UARTCTL: on, transmitter */
#else
    REGISTER(UART_BASE + 0x10u) = 16;     /* BAUDDIV: the least */
    REGISTER(UART_BASE + 8u) = 1;         /* CTRL: transmitter */
#endif
    SYST_RVR = CLOCK_HZ / 1000u * BOARD_TICK_MS - 1u;
}

void board_put(char c)
{
    while (UART_FULL) {}
    REGISTER(UART_BASE) = (uint8_t)c;
}

void board_timer(int on)
{
    SYST_CVR = 0;
    SYST_CSR = on ? 7u : 0u;
    __asm__ volatile("dsb\n isb" ::: "memory");
}

void board_exit(uint32_t code)
{
    uint32_t block[2] = { 0x20026u, code }; /* SYS_EXIT_EXTENDED: ADP_Stopped_ApplicationExit */
    semihost(0x20, block);
    for (;;) {}
}

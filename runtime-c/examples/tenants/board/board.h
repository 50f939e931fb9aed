/* SPDX-License-Identifier: MIT */
/* What the firmware needs of a board, and what a board calls. Each is start.S and board.c of one folder. */
#pragma once
#include <stdint.h>

/* Memory of the firmware, from the linker script. */
extern uint64_t flash_start[], flash_end[], bss_start[], bss_end[], stack_start[], stack_end[];

/* Registers of devices that a container might reach for: address and length in bytes, ended by a length of 0. */
extern const struct board_device {
    uint32_t base;
    uint32_t length;
} board_devices[];

#define BOARD_TICK_MS 10u

void board_start(void);
void board_put(char c);

/* Lets the timer interrupt every BOARD_TICK_MS, or no more. */
void board_timer(int on);

/* Ends the emulator. */
void board_exit(uint32_t code) __attribute__((noreturn));

/* From the board: the timer, in its interrupt. */
void on_tick(void);

/* From the board: any other exception. The guards leave none to containers, so that it is the firmware's own. */
void on_fault(void) __attribute__((noreturn));

/* SPDX-License-Identifier: MIT */
/* What the tests need of the machine they run on. */
#pragma once
#include <stdint.h>

/** Adds to what the tests say. */
void platform_write(const char *bytes, uint32_t count);

/** Runs `platform_handler` in an interrupt, before it returns if interrupts are on. */
void platform_interrupt(void);

/** Runs `platform_handler` in an interrupt after some time, and again and again; 0: no more. Also from the handler. */
void platform_tick(uint32_t period);

/** A register of the floating-point unit that functions keep for their callers; without a unit a variable. */
void platform_set_float(uint32_t bits);
uint32_t platform_float(void);

/** Of the tests. */
extern void (*volatile platform_handler)(void);
int tests(void);

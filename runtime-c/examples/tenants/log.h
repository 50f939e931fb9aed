/* SPDX-License-Identifier: MIT */
/* The firmware's log, and the count of what was expected. */
#pragma once
#include <stdint.h>

/* Writes a line or a part of one: %s, %u and %d only, of 32 bits. */
void say(const char *format, ...);

/* Counts a claim, and writes it down if it does not hold. */
void expect(int holds, const char *claim);

/* Claims so far, and those that did not hold. */
extern uint32_t claims, wrong;

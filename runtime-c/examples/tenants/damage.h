/* SPDX-License-Identifier: MIT */
/*
 * Tells whether memory changed that a container must not change: checksums of all the firmware's memory but the
 * container's own.
 */
#pragma once
#include <fcc_hooks.h>

/*
 * Sum over the firmware's flash and RAM, without what a run of `slot` changes: its block, its counters, its tenant's
 * time.
 */
uint32_t damage_sum(const fcc_slot_t *slot);

/* Fills the stack that is not in use with a pattern, so that the sum covers it. To be called once, at the start. */
void damage_paint(void);

/* Whether all `size` bytes at an address belong to the container, as the host's region table has it. */
int damage_owns(const fcc_slot_t *slot, uint32_t address, uint32_t size, int write);

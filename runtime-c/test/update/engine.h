/* SPDX-License-Identifier: MIT */
/* What the suites of engine.c share. */
#pragma once
#include "world.h"

typedef struct {
    const char *name;
    void (*run)(void);
} test_t;
extern const test_t begin_tests[], finish_tests[], trial_tests[], start_tests[], flash_tests[], report_tests[];

/** The engine's record of a place, in RAM. */
fcc_place_record_t *record_of(uint32_t place);

/** House: 1, sequence 5, and 4 before it, sequence 3. Guest: 2, sequence 4. Nothing on trial, nothing in the third place. */
void settled(void);

/** All places answer so, now and after a start. */
void same_after_start(int64_t house, int64_t guest, int64_t other);

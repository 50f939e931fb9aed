/* SPDX-License-Identifier: MIT */
/* What random.c and random-steps.c share: each step of an update, with what must come of it. */
#pragma once
#include "world.h"

#define NUMBERS 4096u /* sequence numbers stay below */

/** What was signed, when it was last tried to install it: kinds by place and sequence number. */
extern uint32_t random_kinds[PLACES][NUMBERS];

/** The update that runs, or the last one. */
extern struct random_update {
    uint32_t kind, place, sent;
    int refused; /* what its end must be if all is sent; 0: installed */
    test_manifest_t manifest;
} random_update;

/** How often what came to pass. */
extern struct random_seen {
    uint64_t installed, failed, refused, taken_back, found_good, starts, cuts, cut_starts;
} random_seen;

/** Below n. */
uint32_t random_below(uint32_t n);

/** Others that run containers, in no time: all that they do is to be in the middle of it. */
int random_runs(uint32_t place);
void random_let_run(uint32_t place, int on);

/**
 * Steps: they do it, and check its answer, the records in RAM and in flash, and that nothing else has changed. `_send`, `_finish`: only while
 * an update is fetched.
 */
void random_start(void);
void random_begin(uint32_t place);
void random_send(void);
void random_finish(void);
void random_poll(void);
void random_settle(uint32_t place, int keep);

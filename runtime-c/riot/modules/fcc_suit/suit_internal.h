/* SPDX-License-Identifier: MIT */
/* What the files of this module share. */
#pragma once
#include "fcc_suit.h"

/* The engine; NULL before fcc_suit_start. */
extern fcc_update_t *fcc_suit_update;

/*
 * The engine has taken this manifest, of its attempt `number`, and RIOT is to judge it now. While RIOT still works on it the engine may have ended
 * that attempt, and somebody may have asked for another one.
 */
void fcc_suit_take(const void *manifest, uint32_t number);

/* RIOT's suit has come to an end with this manifest, NULL: that of its own worker. Tells the engine, unless it knows. */
void fcc_suit_ended(const void *manifest, int answer);

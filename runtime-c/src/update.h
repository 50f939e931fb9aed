/* SPDX-License-Identifier: MIT */
/* What the sources of updates share. Not for firmware: fcc_update.h is. */
#pragma once
#include <fcc_update.h>

/** Reads the newest record into the states; all zeros if there is none for this table of places. */
void fcc_update_load_record(fcc_update_t *update);

/**
 * Writes the record as the states have it, into the page that has not the newest one; nothing if flash has it so. 0, or FCC_E_STORAGE: the
 * one before it counts.
 */
int fcc_update_save_record(fcc_update_t *update);

/** Links an image in the place's memory that is free, and puts it in the container's place, if there is one. 0 or FCC_E_... */
int fcc_place_install(const fcc_place_t *place, fcc_place_state_t *state, const void *image, uint32_t length, uint32_t *refused);

/**
 * Runs what `record` says, or the next best where that is refused; then this is the place's record. Returns 0, or why there was a
 * refusal. If the container runs just now, nothing changes.
 */
int fcc_place_run(const fcc_flash_t *flash, const fcc_place_t *place, fcc_place_state_t *state, fcc_place_record_t *record);

/** The image on trial goes, for the one before it. 0, FCC_E_STORAGE or FCC_E_BUSY. */
int fcc_place_take_back(fcc_update_t *update, const fcc_place_t *place, fcc_place_state_t *state, uint32_t trap, uint32_t site);

/** Ends the place's trial if there is one and its end has come. */
void fcc_place_poll(fcc_update_t *update, const fcc_place_t *place, fcc_place_state_t *state);

/** A struct assignment that calls no memcpy: firmware may have none. */
void fcc_update_copy_record(fcc_place_record_t *to, const fcc_place_record_t *from);

/** Flash has changed behind pointers to constant bytes: the C compiler is to forget what it has read. */
static inline void fcc_flash_changed(void)
{
    __asm__ volatile("" ::: "memory");
}

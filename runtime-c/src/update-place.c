/* SPDX-License-Identifier: MIT */
/*
 * What runs in a place: after a start of the device, and when a trial ends. What holds at any time, for the record in RAM as for the one in
 * flash: a slot has a length only if its image was installed and has not been taken back; and if a slot is in use it has one. Else the
 * factory's image runs, or nothing, and neither slot has a length.
 */
#include "update.h"

/* What is to run: the image in use if it is there, else the other one, else the factory's. */
static uint8_t _best(const fcc_place_t *place, const fcc_place_record_t *record)
{
    uint8_t slot = record->active;
    if (slot < 2) {
        slot ^= record->length[slot] == 0;
        if (record->length[slot] != 0) {
            return slot;
        }
    }
    return place->factory != NULL ? FCC_SLOT_FACTORY : FCC_SLOT_NONE;
}

/* The image in use is not to run again: the next best one is. */
static void _drop(const fcc_place_t *place, fcc_place_record_t *record, uint32_t trap, uint32_t site)
{
    uint8_t slot = record->active;
    if (slot >= 2) {
        record->active = FCC_SLOT_NONE;
        return;
    }
    if (record->trial != 0) {
        record->rejected = record->sequence[slot];
        record->site = site;
        record->trap = (uint8_t)trap;
        record->trial = 0;
    }
    record->length[slot] = 0;
    record->active = _best(place, record);
}

int fcc_place_install(const fcc_place_t *place, fcc_place_state_t *state, const void *image, uint32_t length, uint32_t *refused)
{
    uint8_t memory = state->memory ^ 1u;
    fcc_install_t what = { image, length, place->entry, place->memory[memory], place->memory_length, place->order, 0 };
    int status = state->container != NULL ? fcc_replace(place->hook, state->container, &what, &state->container)
                                          : fcc_install(place->hook, place->tenant, &what, &state->container);
    *refused = what.refused;
    if (status == 0) {
        state->memory = memory;
    }
    return status;
}

int fcc_place_run(const fcc_flash_t *flash, const fcc_place_t *place, fcc_place_state_t *state, fcc_place_record_t *record)
{
    int why = 0;
    while (record->active != FCC_SLOT_NONE || state->container != NULL) {
        int status = FCC_E_NO_ENTRY;
        uint32_t refused;
        if (record->active < 2) {
            status = fcc_place_install(place, state, flash->base + place->slots[record->active], record->length[record->active], &refused);
        }
        else if (record->active == FCC_SLOT_FACTORY) {
            status = fcc_place_install(place, state, place->factory, place->factory_length, &refused);
        }
        if (status == 0) {
            break;
        }
        if (state->container == NULL) {
            why = status;
            _drop(place, record, 0, FCC_UNKNOWN);
        }
        /* There may be room for one only: first the container goes, which is not to stay. */
        else if (status == FCC_E_BUSY || fcc_uninstall(place->hook, state->container) != 0) {
            return FCC_E_BUSY;
        }
        else {
            state->container = NULL;
        }
    }
    fcc_update_copy_record(&state->record, record);
    return why;
}

/* Makes a record from flash that of this firmware. Returns 1 if it has an image on trial, whose start has been counted. */
static int _adopt(const fcc_place_t *place, fcc_place_record_t *record)
{
    for (uint32_t slot = 0; slot < 2; slot++) {
        if (record->sequence[slot] <= place->factory_sequence) {
            record->length[slot] = 0;
        }
    }
    if (record->floor < place->factory_sequence) {
        record->floor = place->factory_sequence;
    }
    uint8_t best = _best(place, record);
    if (best != record->active) {
        record->active = best;
        record->trial = 0;
    }
    if (record->trial == 0) {
        return 0;
    }
    if (++record->boots > FCC_TRIAL_BOOTS) {
        _drop(place, record, 0, FCC_UNKNOWN);
    }
    return 1;
}

int fcc_update_boot(fcc_update_t *update)
{
    const fcc_update_info_t *info = update->info;
    int why = 0;
    int counted = 0;
    int refused = 0;
    fcc_update_load_record(update);
    for (uint32_t i = 0; i < info->place_count; i++) {
        counted |= _adopt(&info->places[i], &update->states[i].record);
    }
    /* Before any of them runs. */
    if (counted) {
        why = fcc_update_save_record(update);
    }
    for (uint32_t i = 0; i < info->place_count; i++) {
        fcc_place_record_t record;
        fcc_update_copy_record(&record, &update->states[i].record);
        int status = fcc_place_run(info->flash, &info->places[i], &update->states[i], &record);
        if (status != 0) {
            refused = status;
        }
    }
    if (refused != 0) {
        (void)fcc_update_save_record(update);
        why = refused;
    }
    return why;
}

int fcc_place_take_back(fcc_update_t *update, const fcc_place_t *place, fcc_place_state_t *state, uint32_t trap, uint32_t site)
{
    fcc_place_record_t record;
    fcc_update_copy_record(&record, &state->record);
    _drop(place, &record, trap, site);
    (void)fcc_place_run(update->info->flash, place, state, &record);
    if (state->record.trial != 0) {
        return FCC_E_BUSY;
    }
    if (update->phase == FCC_UPDATE_DONE && update->place == place && update->status == 0) {
        update->status = FCC_E_TRIAL;
    }
    return fcc_update_save_record(update);
}

static int _settle(fcc_update_t *update, const fcc_place_t *place, fcc_place_state_t *state, int keep)
{
    if (state->record.trial == 0 || (keep && state->record.trial != 1)) {
        return FCC_E_NO_ENTRY;
    }
    if (!keep) {
        return fcc_place_take_back(update, place, state, 0, FCC_UNKNOWN);
    }
    state->record.trial = 0;
    return fcc_update_save_record(update);
}

int fcc_update_settle(fcc_update_t *update, const fcc_place_t *place, int keep)
{
    return _settle(update, place, &update->states[place - update->info->places], keep);
}

void fcc_place_poll(fcc_update_t *update, const fcc_place_t *place, fcc_place_state_t *state)
{
    if (state->record.trial == 0) {
        return;
    }
    fcc_status_t status;
    fcc_status(state->container, &status);
    if (status.traps != 0) {
        (void)fcc_place_take_back(update, place, state, status.trap != 0 ? status.trap : FCC_TRAP_FORGOTTEN, status.site);
    }
    else if (state->record.trial != 1 || status.runs >= place->trial_runs) {
        (void)_settle(update, place, state, state->record.trial == 1);
    }
}

void fcc_update_poll(fcc_update_t *update)
{
    const fcc_update_info_t *info = update->info;
    for (uint32_t i = 0; i < info->place_count; i++) {
        fcc_place_poll(update, &info->places[i], &update->states[i]);
    }
}

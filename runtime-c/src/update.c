/* SPDX-License-Identifier: MIT */
/* Updates: from the manifest to the exchange of containers. */
#include "fcc_core.h"
#include "update.h"

/* Writes to flash are multiples of this, the largest unit that there is. */
#define UNIT 16u

/* Ends an update, unless it can go on. */
static int _answer(fcc_update_t *update, int status)
{
    if (status != 0) {
        update->phase = FCC_UPDATE_DONE;
        update->status = status;
    }
    return status;
}

static int _is_name(const char *a, const char *b)
{
    while (*a == *b && *a != 0) {
        a++;
        b++;
    }
    return *a == *b;
}

static int _is_same(const uint8_t *a, const uint8_t *b, uint32_t length)
{
    while (length != 0 && *a++ == *b++) {
        length--;
    }
    return length == 0;
}

uint32_t fcc_update_attempt(fcc_update_t *update)
{
    if (update->phase == FCC_UPDATE_FETCHING) {
        return 0;
    }
    update->phase = FCC_UPDATE_FETCHING;
    update->status = 0;
    update->refused = 0;
    update->place = NULL;
    update->image = NULL;
    update->sequence = 0;
    update->size = 0;
    update->received = 0;
    return ++update->attempts;
}

/* Whether a signed manifest may change its place, and which one that is. Refusals leave by one way, as positive numbers: less code. */
static int _admit(fcc_update_t *update, const fcc_manifest_t *manifest)
{
    const fcc_update_info_t *info = update->info;
    const fcc_key_t *key = manifest->key;
    const fcc_place_t *place = info->places;
    fcc_place_state_t *state = update->states;
    uint32_t left = info->place_count;
    uint32_t why = -FCC_E_VENDOR;
    if (!_is_same(manifest->vendor, info->vendor, FCC_UUID_LENGTH)) {
        goto refuse;
    }
    why = -FCC_E_CLASS;
    if (!_is_same(manifest->class_id, info->class_id, FCC_UUID_LENGTH)) {
        goto refuse;
    }
    why = -FCC_E_COMPONENT;
    while (left != 0 && !_is_name(place->component, manifest->component)) {
        place++;
        state++;
        left--;
    }
    if (left == 0) {
        goto refuse;
    }
    why = -FCC_E_TENANT;
    if (key->tenant != place->tenant->info->id) {
        goto refuse;
    }
    why = -FCC_E_KEY;
    if (key->hooks != NULL && fcc_row(key->hooks, key->hook_count, 1, place->hook->info->id) == NULL) {
        goto refuse;
    }
    update->place = place;
    update->state = state;
    why = -FCC_E_SEQUENCE;
    if (manifest->sequence <= state->record.floor) {
        goto refuse;
    }
    why = -FCC_E_SIZE;
    if (manifest->size - 1u >= place->slot_length) {
        goto refuse;
    }
    why = 0;
refuse:
    return -(int)why;
}

/*
 * The image goes to the slot that is not in use: the record forgets what is there. But if the one in use is on trial, the other one is
 * what it would be taken back to, so that it is taken back now; unless there is none, and nothing is lost meanwhile.
 */
static int _prepare(fcc_update_t *update)
{
    const fcc_place_t *place = update->place;
    fcc_place_record_t *record = &update->state->record;
    fcc_place_poll(update, place, update->state);
    if (record->trial != 0 && record->length[record->active ^ 1u] != 0
        && fcc_place_take_back(update, place, update->state, 0, FCC_UNKNOWN) == FCC_E_BUSY) {
        return FCC_E_BUSY;
    }
    uint32_t slot = record->active == 0;
    record->length[slot] = 0;
    update->image = update->info->flash->base + place->slots[slot];
    return fcc_update_save_record(update);
}

int fcc_update_begin(fcc_update_t *update, fcc_manifest_t *manifest, const void *bytes, uint32_t length)
{
    if (update->phase != FCC_UPDATE_FETCHING) {
        return FCC_E_STOPPED;
    }
    update->place = NULL;
    update->image = NULL;
    int status = fcc_manifest_read(manifest, bytes, length, update->info->keys, update->info->key_count);
    if (status == 0) {
        update->key = manifest->key;
        update->sequence = manifest->sequence;
        update->size = manifest->size;
        update->received = 0;
        for (uint32_t i = 0; i < FCC_DIGEST_LENGTH; i++) {
            update->digest[i] = manifest->digest[i];
        }
        status = _admit(update, manifest);
    }
    if (status == 0) {
        status = _prepare(update);
    }
    return _answer(update, status);
}

/* Whether an image is being received. */
static int _is_open(const fcc_update_t *update)
{
    return update->phase == FCC_UPDATE_FETCHING && update->image != NULL;
}

static int _store(fcc_update_t *update, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    const fcc_flash_t *flash = update->info->flash;
    uint32_t at = (uint32_t)(update->image - flash->base) + offset;
    uint32_t left = update->size - offset;
    uint32_t rest = length % UNIT;
    uint32_t why = -FCC_E_FETCH;
    if (offset != update->received) {
        goto refuse;
    }
    why = -FCC_E_SIZE;
    if (length > left) {
        goto refuse;
    }
    why = -FCC_E_TRUNCATED;
    if (rest != 0 && length != left) {
        goto refuse;
    }
    update->received += length;
    why = -FCC_E_STORAGE;
    /* Pages that begin here: one after the other as bytes come, so that none is erased for nothing and no piece waits for all. */
    for (uint32_t page = (at + flash->page - 1u) & ~(flash->page - 1u); page < at + length; page += flash->page) {
        if (flash->erase(flash->context, page, flash->page) != 0) {
            goto refuse;
        }
    }
    length -= rest;
    if (length != 0 && flash->write(flash->context, at, bytes, length) != 0) {
        goto refuse;
    }
    if (rest != 0) {
        /* A slot is whole pages, so that there is room for this. */
        uint8_t last[UNIT];
        for (uint32_t i = 0; i < UNIT; i++) {
            last[i] = i < rest ? bytes[length + i] : 0xff;
        }
        if (flash->write(flash->context, at + length, last, UNIT) != 0) {
            goto refuse;
        }
    }
    why = 0;
refuse:
    return -(int)why;
}

int fcc_update_write(fcc_update_t *update, uint32_t offset, const void *bytes, uint32_t length)
{
    return _is_open(update) ? _answer(update, _store(update, offset, bytes, length)) : FCC_E_STOPPED;
}

/* Whether the key that signed may install an image that calls these helpers. */
static int _grant(fcc_update_t *update, const fcc_header_t *image)
{
    const fcc_key_t *key = update->key;
    const fcc_import_t *import = fcc_imports(image);
    for (uint32_t i = image->import_count; i != 0; i--, import++) {
        if (key->helpers != NULL && import->id - FCC_INTRINSIC_BASE >= FCC_INTRINSIC_COUNT
            && fcc_row(key->helpers, key->helper_count, 1, import->id) == NULL) {
            update->refused = import->id;
            return FCC_E_HELPER;
        }
    }
    return 0;
}

/* Lets the image take its place. */
static int _exchange(fcc_update_t *update)
{
    const fcc_flash_t *flash = update->info->flash;
    const fcc_place_t *place = update->place;
    fcc_place_state_t *state = update->state;
    fcc_place_record_t *record = &state->record;
    /* Not what is free now: the image in use may have been taken back since then. */
    uint32_t slot = update->image != flash->base + place->slots[0];
    const void *image = update->image;
    uint8_t digest[FCC_DIGEST_LENGTH];
    if (update->received != update->size) {
        return FCC_E_TRUNCATED;
    }
    if (flash->ready != NULL) {
        flash->ready(flash->context, (uint32_t)(update->image - flash->base), update->size);
    }
    fcc_flash_changed();
    fcc_port_sha256(image, update->size, digest);
    if (!_is_same(digest, update->digest, FCC_DIGEST_LENGTH)) {
        return FCC_E_DIGEST;
    }
    int status = fcc_check(image, update->size);
    if (status == 0) {
        status = _grant(update, image);
    }
    if (status == 0) {
        status = fcc_place_install(place, state, image, update->size, &update->refused);
    }
    if (status != 0) {
        return status;
    }
    fcc_place_record_t before;
    fcc_update_copy_record(&before, record);
    if (record->trial != 0) {
        record->length[slot ^ 1u] = 0; /* never found good: no way back */
    }
    record->sequence[slot] = record->floor = update->sequence;
    record->length[slot] = update->size;
    record->active = (uint8_t)slot;
    record->trial = place->trial_runs != 0;
    record->boots = 0;
    status = fcc_update_save_record(update);
    if (status != 0) {
        (void)fcc_place_run(flash, place, state, &before);
        if (record->active == slot) {
            record->trial = 2; /* it runs just now */
            record->length[slot ^ 1u] = before.length[slot ^ 1u];
        }
    }
    return status;
}

int fcc_update_finish(fcc_update_t *update)
{
    if (!_is_open(update)) {
        return FCC_E_STOPPED;
    }
    const fcc_place_state_t *state = update->state;
    /* It may run for long: no need to look at the image again and again. */
    int status = FCC_E_BUSY;
    fcc_status_t now;
    now.state = FCC_STATE_IDLE;
    if (state->container != NULL) {
        fcc_status(state->container, &now);
    }
    if (now.state != FCC_STATE_RUNNING) {
        /* Whether what is there was found good, or has trapped, since the last look. */
        fcc_place_poll(update, update->place, update->state);
        status = _exchange(update);
    }
    /* A hook that takes no second container will not take it later. */
    if (status != FCC_E_BUSY || state->container == NULL) {
        update->phase = FCC_UPDATE_DONE;
        update->status = status;
    }
    return status;
}

void fcc_update_cancel(fcc_update_t *update, int status)
{
    if (update->phase == FCC_UPDATE_FETCHING) {
        update->phase = FCC_UPDATE_DONE;
        update->status = status;
    }
}

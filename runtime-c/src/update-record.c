/* SPDX-License-Identifier: MIT */
/*
 * The record in flash: a header and what is kept about each place, in two pages in turn. The header is written last, and its checksum
 * says that it was written to its end; it has the checksum of the rest.
 */
#include "update.h"

/* What the header's checksum starts from. Neither erased flash nor zeros are a header. */
#define MAGIC 0x43434601u

typedef struct {
    uint32_t generation; /* the newer one counts; wraps around */
    uint32_t layout;     /* of the places, see _layout */
    uint32_t records;    /* CRC-32 of what follows the header */
    uint32_t checksum;   /* CRC-32 of the words before, behind MAGIC */
} header_t;
FCC_STATIC_ASSERT(sizeof(header_t) == 16, "header_t");

typedef uint32_t word_t __attribute__((may_alias));

void fcc_update_copy_record(fcc_place_record_t *to, const fcc_place_record_t *from)
{
    word_t *target = (void *)to;
    const word_t *source = (const void *)from;
    for (uint32_t i = sizeof(*to) / sizeof(word_t); i != 0; i--) {
        *target++ = *source++;
    }
}

/*
 * Of everything that says what an image in a slot is for. A record of another table would give images to places that they were not
 * checked for, perhaps to other tenants.
 */
static uint32_t _layout(const fcc_update_info_t *info)
{
    uint32_t crc = 0;
    const fcc_place_t *place = info->places;
    for (uint32_t i = info->place_count; i != 0; i--, place++) {
        const uint32_t words[5] = { place->hook->info->id, place->tenant->info->id, place->slots[0], place->slots[1], place->slot_length };
        const char *end = place->component;
        while (*end++ != 0) {
        }
        crc = fcc_crc32(fcc_crc32(crc, words, sizeof(words)), place->component, (uint32_t)(end - place->component));
    }
    return crc;
}

static uint32_t _checksum(const header_t *header)
{
    return fcc_crc32(MAGIC, header, offsetof(header_t, checksum));
}

static const header_t *_header(const fcc_update_info_t *info, uint32_t page)
{
    return (const void *)(info->flash->base + info->records[page]);
}

/* Whether a page has a whole record: of this table of places, or of another one, whose length is not known. */
static int _is_whole(const fcc_update_info_t *info, const header_t *header, uint32_t layout)
{
    return header->checksum == _checksum(header)
           && (header->layout != layout || header->records == fcc_crc32(0, header + 1, info->place_count * sizeof(fcc_place_record_t)));
}

void fcc_update_load_record(fcc_update_t *update)
{
    const fcc_update_info_t *info = update->info;
    uint32_t layout = _layout(info);
    const header_t *newest = NULL;
    for (uint32_t page = 0; page < 2; page++) {
        const header_t *header = _header(info, page);
        if (_is_whole(info, header, layout) && (newest == NULL || (int32_t)(header->generation - newest->generation) > 0)) {
            newest = header;
            update->record = page;
            update->generation = header->generation;
        }
    }
    if (newest != NULL && newest->layout == layout) {
        const fcc_place_record_t *record = (const void *)(newest + 1);
        for (uint32_t i = 0; i < info->place_count; i++) {
            fcc_update_copy_record(&update->states[i].record, record++);
        }
    }
}

/* Whether flash has this generation of the record, just as the states have it. */
static int _is_saved(const fcc_update_t *update, uint32_t page, uint32_t generation, uint32_t layout)
{
    const fcc_update_info_t *info = update->info;
    const header_t *header = _header(info, page);
    fcc_flash_changed();
    if (header->generation != generation || header->layout != layout || !_is_whole(info, header, layout)) {
        return 0;
    }
    const word_t *word = (const void *)(header + 1);
    const fcc_place_state_t *state = update->states;
    for (uint32_t i = info->place_count; i != 0; i--, state++) {
        const word_t *other = (const void *)&state->record;
        for (uint32_t j = sizeof(state->record) / sizeof(word_t); j != 0; j--) {
            if (*word++ != *other++) {
                return 0;
            }
        }
    }
    return 1;
}

int fcc_update_save_record(fcc_update_t *update)
{
    const fcc_update_info_t *info = update->info;
    const fcc_flash_t *flash = info->flash;
    uint32_t page = update->record ^ 1u;
    uint32_t at = info->records[page];
    header_t header = { update->generation + 1u, _layout(info), 0, 0 };
    uint32_t length = (uint32_t)sizeof(header) + info->place_count * (uint32_t)sizeof(fcc_place_record_t);
    /* Who begins again and again, and never ends, does not wear out what is everybody's. */
    if (_is_saved(update, update->record, update->generation, header.layout)) {
        return 0;
    }
    int failed = flash->erase(flash->context, at, (length + flash->page - 1u) & ~(flash->page - 1u));
    const fcc_place_state_t *state = update->states;
    for (uint32_t next = (uint32_t)sizeof(header); next < length && failed == 0; next += (uint32_t)sizeof(state->record), state++) {
        header.records = fcc_crc32(header.records, &state->record, sizeof(state->record));
        failed = flash->write(flash->context, at + next, &state->record, sizeof(state->record));
    }
    header.checksum = _checksum(&header);
    if (failed == 0) {
        /* Whether this went well is to be read there: it is what counts at the next start. */
        (void)flash->write(flash->context, at, &header, sizeof(header));
    }
    if (!_is_saved(update, page, header.generation, header.layout)) {
        return FCC_E_STORAGE;
    }
    update->record = page;
    update->generation = header.generation;
    return 0;
}

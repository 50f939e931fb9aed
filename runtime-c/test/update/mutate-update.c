/* SPDX-License-Identifier: MIT */
/*
 * Whole updates, most of them wrong somewhere: manifest and image changed, cut, mixed up, sent in other pieces. What is installed must have
 * deserved it, and what is refused must leave the container as it was.
 *
 *     mutate-update RUNS SEED IMAGE...
 *
 * The first image is the factory's; all of them fit the places here. Prints how often each status came, as JSON. Exit code 1, and what was
 * wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "inside.h"
#include "mutate-device.h"

#define MAX_IMAGES 16u

static image_t images[MAX_IMAGES];
static uint32_t image_count;
static uint64_t state_of_random;
static unsigned long statuses[64];
static unsigned long taken_back;

/* xorshift64* */
static uint32_t _random(uint32_t below)
{
    state_of_random ^= state_of_random >> 12;
    state_of_random ^= state_of_random << 25;
    state_of_random ^= state_of_random >> 27;
    return (uint32_t)((state_of_random * 0x2545f4914f6cdd1dull) >> 33) % below;
}

/* What this test believes that the places have: an image that is good, and perhaps one on trial. */
static struct {
    image_t good;
    image_t tried;
    uint32_t floor;
} known[PLACES];

static int _runs(uint32_t place, const image_t *image)
{
    const fcc_slot_t *container = states[place].container;
    if (container == NULL || image->length == 0) {
        return container == NULL && image->length == 0;
    }
    return container->image->total_length == image->length && memcmp(container->image, image->bytes, image->length) == 0;
}

/* After each step: of each place the one or the other runs, and the engine's record says so. */
static void _look(void)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        const fcc_place_record_t *record = &states[i].record;
        HOLDS(record->floor == known[i].floor);
        if (known[i].tried.length != 0) {
            if (record->trial != 0) {
                HOLDS(_runs(i, &known[i].tried));
                continue;
            }
            /* The trial is over. */
            if (record->rejected == known[i].floor) {
                taken_back++;
            }
            else {
                known[i].good = known[i].tried;
            }
            known[i].tried.length = 0;
        }
        HOLDS(record->trial == 0 && _runs(i, &known[i].good));
    }
}

/* One update. */

static void _damage(uint8_t *bytes, uint32_t *length, uint32_t room)
{
    for (uint32_t n = 1u + _random(3); n != 0 && *length != 0; n--) {
        uint32_t at = _random(*length);
        switch (_random(6)) {
        case 0:
            bytes[at] ^= (uint8_t)(1u << _random(8));
            break;
        case 1:
            bytes[at] = (uint8_t)_random(256);
            break;
        case 2:
            bytes[at] = (uint8_t)(bytes[at] + (_random(2) != 0 ? 1u : 255u));
            break;
        case 3:
            *length = at;
            break;
        case 4:
            if (*length < room) {
                memmove(&bytes[at + 1u], &bytes[at], *length - at);
                bytes[at] = (uint8_t)_random(256);
                *length += 1u;
            }
            break;
        default:
            memmove(&bytes[at], &bytes[at + 1u], *length - at - 1u);
            *length -= 1u;
        }
    }
}

/* Of an image: fields of its header, or instructions; most of them with the right checksum. */
static void _damage_image(image_t *image)
{
    fcc_header_t header;
    const uint32_t zero = 0;
    uint32_t kind = _random(8);
    if (kind == 0) {
        _damage(image->bytes, &image->length, MAX_IMAGE);
    }
    for (uint32_t n = 1u + _random(3); kind != 0 && n != 0; n--) {
        uint32_t first = kind < 3 ? 0 : (uint32_t)sizeof(header);
        uint32_t at = first + _random((kind < 3 ? (uint32_t)sizeof(header) : image->length) - first);
        image->bytes[at] = (uint8_t)(_random(2) != 0 ? _random(256) : image->bytes[at] ^ 1u << _random(8));
    }
    if (image->length >= sizeof(header) && _random(8) != 0) {
        memcpy(&header, image->bytes, sizeof(header));
        header.magic = FCC_IMAGE_MAGIC;
        header.total_length = _random(8) != 0 ? image->length : header.total_length;
        header.checksum = fcc_crc32(0, &header, offsetof(fcc_header_t, checksum));
        header.checksum = fcc_crc32(header.checksum, &zero, 4);
        header.checksum = fcc_crc32(header.checksum, (const uint8_t *)&header + 16, sizeof(header) - 16u);
        header.checksum = fcc_crc32(header.checksum, image->bytes + sizeof(header), image->length - (uint32_t)sizeof(header));
        memcpy(image->bytes, &header, sizeof(header));
    }
}

/* An image that is right calls these helpers only. */
static int _may_call(const image_t *image, uint32_t key)
{
    fcc_header_t header;
    memcpy(&header, image->bytes, sizeof(header));
    for (uint32_t i = 0; key == KEY_FEW_HELPERS && i < header.import_count; i++) {
        uint32_t id;
        memcpy(&id, image->bytes + sizeof(header) + header.entry_count * sizeof(fcc_entry_t) + 4u * i, 4);
        if (id == 0x20) {
            return 0;
        }
    }
    return 1;
}

/* A manifest for this image, `is_right` 0 if something in it is wrong. Returns its length. */
static uint32_t _manifest(uint8_t *bytes, const image_t *image, uint32_t place, uint32_t key, int *is_right)
{
    static const char *const others[] = { ".fc.tes", ".fc.test.", ".fc.test.guests", ".fc", ".fc.test2", ".FC.test", ".fc.other", ".t" };
    uint8_t digest[FCC_DIGEST_LENGTH];
    uint8_t uuid[FCC_UUID_LENGTH] = { 1, 2, 4 };
    forged_t values = {
        .is_new = (int)_random(2), .sequence = known[place].floor + 1u + _random(3), .size = image->length, .digest = digest,
        .vendor = vendor, .class_id = class_id, .component = places[place].component, .uri = "coap://[::1]:40000/m/7f3a",
    };
    uint32_t wrong = _random(20);
    fcc_port_sha256(image->bytes, image->length, digest);
    *is_right = wrong > 5u;
    if (wrong == 0) {
        values.vendor = uuid;
    }
    if (wrong == 1) {
        values.class_id = uuid;
    }
    if (wrong == 2) {
        values.component = others[_random(sizeof(others) / sizeof(others[0]))];
    }
    if (wrong == 3) {
        values.sequence = _random(2) != 0 ? known[place].floor : _random(known[place].floor + 1u);
    }
    if (wrong == 4) {
        values.size = _random(2) != 0 ? _random(2u * SLOT_LENGTH) : _random(0x7fffffff);
        *is_right = values.size == image->length;
    }
    if (wrong == 5) {
        digest[_random(FCC_DIGEST_LENGTH)] ^= (uint8_t)(1u << _random(8));
    }
    uint32_t length = forge_manifest(bytes, &values, &forgers[key]);
    if (wrong == 6 || wrong == 7) {
        uint8_t before[FORGED_MAX];
        uint32_t length_before = length;
        memcpy(before, bytes, length);
        _damage(bytes, &length, FORGED_MAX);
        *is_right = length == length_before && memcmp(before, bytes, length) == 0;
    }
    return length;
}

/* Sends an image, or something like it. Returns 0, or what the engine answered; `is_right` 0 if not all was sent as it is. */
static int _send(const image_t *image, int *is_right)
{
    uint32_t chunk = 16u << _random(4);
    uint32_t wrong = _random(24);
    uint32_t stop = wrong == 0 ? _random(image->length + 1u) : image->length;
    uint32_t at = 0;
    int status = 0;
    while (status == 0 && at < stop) {
        uint32_t length = stop - at < chunk ? stop - at : chunk;
        uint32_t offset = at;
        /* Exactly as long as the piece, so that the sanitizer sees any read beyond it. */
        uint8_t *piece = malloc(length);
        HOLDS(piece != NULL);
        memcpy(piece, image->bytes + at, length);
        if (wrong == 1 && _random(4) == 0) {
            offset += _random(2) != 0 ? 16u : (uint32_t)-16;
        }
        if (wrong == 2 && _random(4) == 0) {
            piece[_random(length)] ^= (uint8_t)(1u << _random(8));
            *is_right = 0;
        }
        if (wrong == 3 && _random(4) == 0) {
            length = _random(length + 1u);
        }
        status = fcc_update_write(&update, offset, piece, length);
        free(piece);
        at += length;
        if (wrong == 4 && at >= stop && status == 0) {
            /* More than there is. */
            status = fcc_update_write(&update, at, image->bytes, 16);
            HOLDS(status != 0 || at + 16u <= update.size);
            *is_right = 0;
        }
    }
    if (at < image->length) {
        *is_right = 0;
    }
    return status;
}

static void _one(void)
{
    fcc_manifest_t manifest;
    uint8_t forged[FORGED_MAX];
    image_t image = images[_random(image_count)];
    uint32_t place = _random(PLACES);
    const uint32_t wrong_keys[] = { 1u - place, KEY_OTHER_HOOK, KEY_FEW_HELPERS, KEY_STRANGER };
    uint32_t key = _random(3) != 0 ? place : wrong_keys[_random(4)];
    int is_right;
    int is_whole = 1;
    int is_image = 1;
    if (_random(3) == 0) {
        image_t before = image;
        _damage_image(&image);
        is_image = before.length == image.length && memcmp(before.bytes, image.bytes, image.length) == 0;
    }
    uint32_t length = _manifest(forged, &image, place, key, &is_right);
    int may_place = key < KEY_OTHER_HOOK && keys[key].tenant == places[place].tenant->info->id;
    uint8_t *bytes = malloc(length == 0 ? 1u : length);
    HOLDS(bytes != NULL);
    memcpy(bytes, forged, length);

    if (_random(100) == 0) {
        HOLDS(fcc_update_begin(&update, &manifest, bytes, length) == FCC_E_STOPPED);
    }
    HOLDS(fcc_update_attempt(&update) != 0);
    int was_on_trial = states[place].record.trial;
    int status = fcc_update_begin(&update, &manifest, bytes, length);
    if (status == 0) {
        HOLDS(_wrong_manifest(&manifest, bytes, length, keys, KEY_COUNT) == NULL);
        HOLDS(may_place && manifest.key == &keys[key] && update.place == &places[place]);
        if (was_on_trial != 0) {
            _look();
        }
        if (_random(50) == 0) {
            fcc_update_poll(&update);
        }
        status = _random(30) != 0 ? _send(&image, &is_whole) : (is_whole = 0, 0);
    }
    else {
        HOLDS(!is_right || !may_place || image.length == 0 || image.length > SLOT_LENGTH);
        HOLDS(fcc_update_write(&update, 0, image.bytes, 16) == FCC_E_STOPPED);
    }
    free(bytes);
    if (status == 0 && _random(60) == 0) {
        /* The power goes: nothing is left of the update. */
        device_start();
        _look();
        return;
    }
    if (status == 0 && _random(60) == 0) {
        fcc_update_cancel(&update, FCC_E_FETCH);
        HOLDS(fcc_update_finish(&update) == FCC_E_STOPPED);
        status = FCC_E_FETCH;
    }
    else if (status == 0) {
        int is_short = update.received != update.size;
        status = fcc_update_finish(&update);
        HOLDS(!is_short || status == FCC_E_TRUNCATED);
        if (status == 0) {
            /* It has deserved it: signed for this place, and what was sent is what was signed. */
            HOLDS(is_right && may_place && is_whole && _may_call(&image, key));
            known[place].floor = update.sequence;
            known[place].tried = image;
            HOLDS(states[place].record.trial == 1);
        }
        else {
            HOLDS(!is_right || !is_whole || !is_image || !_may_call(&image, key));
        }
    }
    HOLDS(update.phase == FCC_UPDATE_DONE && update.status == status);
    HOLDS(status <= 0 && status > -64);
    statuses[-status]++;
    _look();
}

/* Looks after trials: whoever trapped goes, whoever ran often enough stays, the others wait. */
static void _poll(void)
{
    fcc_status_t before[PLACES];
    for (uint32_t i = 0; i < PLACES; i++) {
        before[i] = (fcc_status_t){ .runs = 0 };
        if (states[i].record.trial != 0) {
            fcc_status(states[i].container, &before[i]);
        }
    }
    fcc_update_poll(&update);
    for (uint32_t i = 0; i < PLACES; i++) {
        int is_bad = before[i].traps != 0;
        int is_open = known[i].tried.length != 0 && !is_bad && before[i].runs < places[i].trial_runs;
        HOLDS(states[i].record.trial == is_open);
        HOLDS(!is_bad || states[i].record.rejected == known[i].floor);
    }
    _look();
}

/* The device works for a while, and starts anew at times. */
static void _go_on(void)
{
    static uint64_t context;
    for (uint32_t n = _random(4); n != 0; n--) {
        int64_t result;
        (void)fcc_hook_run(&hook, &context, sizeof(context), &result);
        if (_random(3) != 0) {
            _poll();
        }
    }
    if (_random(10) == 0) {
        uint32_t length = _random(1200);
        char *text = malloc(length == 0 ? 1u : length);
        HOLDS(text != NULL);
        uint32_t whole = fcc_update_report(&update, text, length);
        HOLDS(whole > 100u && whole < 2000u);
        free(text);
    }
    if (_random(12) == 0) {
        device_start();
        _look();
    }
}

static void _read_image(image_t *image, const char *path)
{
    FILE *file = fopen(path, "rb");
    HOLDS(file != NULL);
    image->length = (uint32_t)fread(image->bytes, 1, sizeof(image->bytes), file);
    HOLDS(image->length >= sizeof(fcc_header_t) && image->length <= SLOT_LENGTH);
    fclose(file);
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc - 3 > (int)MAX_IMAGES) {
        return 2;
    }
    unsigned long runs = strtoul(argv[1], NULL, 10);
    state_of_random = strtoull(argv[2], NULL, 10) * 2u + 1u;
    for (image_count = 0; (int)image_count < argc - 3; image_count++) {
        _read_image(&images[image_count], argv[3 + image_count]);
    }
    device_new(&images[0]);
    known[0].good = images[0];
    _look();
    for (run_number = 0; run_number < runs; run_number++) {
        _one();
        _go_on();
    }
    printf("{");
    for (uint32_t i = 0; i < 64; i++) {
        if (statuses[i] != 0) {
            printf("\"%u\": %lu, ", i, statuses[i]);
        }
    }
    printf("\"taken back\": %lu}\n", taken_back);
    return 0;
}

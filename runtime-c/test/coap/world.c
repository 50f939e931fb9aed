/* SPDX-License-Identifier: MIT */
#include "world.h"
#include <string.h>

world_t world;
fcc_update_t world_update;

uint32_t fcc_update_attempt(fcc_update_t *update)
{
    if (world.refuse || update->phase == FCC_UPDATE_FETCHING) {
        return 0;
    }
    update->phase = FCC_UPDATE_FETCHING;
    update->received = 0;
    world_say("attempt %u", (unsigned)++update->attempts);
    return update->attempts;
}

static int _end(fcc_update_t *update, int status)
{
    update->phase = FCC_UPDATE_DONE;
    update->status = status;
    return status;
}

/* A manifest is the image's URL here. */
int fcc_update_begin(fcc_update_t *update, fcc_manifest_t *manifest, const void *bytes, uint32_t length)
{
    world_say("begin %u", (unsigned)length);
    if (update->phase != FCC_UPDATE_FETCHING) {
        return FCC_E_STOPPED;
    }
    if (world.begin != 0) {
        return _end(update, world.begin);
    }
    memset(manifest, 0, sizeof(*manifest));
    manifest->uri = bytes;
    manifest->uri_length = length;
    update->size = world.size;
    return 0;
}

int fcc_update_write(fcc_update_t *update, uint32_t offset, const void *bytes, uint32_t length)
{
    const uint8_t *b = bytes;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < length; i++) {
        sum += b[i];
    }
    world_say("write %u %u sum %u", (unsigned)offset, (unsigned)length, (unsigned)sum);
    if (update->phase != FCC_UPDATE_FETCHING) {
        return FCC_E_STOPPED;
    }
    if (world.write != 0) {
        return _end(update, world.write);
    }
    if (offset != update->received) {
        return _end(update, FCC_E_FETCH);
    }
    if (length > update->size - offset) {
        return _end(update, FCC_E_SIZE);
    }
    update->received += length;
    return 0;
}

int fcc_update_finish(fcc_update_t *update)
{
    world_say("finish");
    if (update->phase != FCC_UPDATE_FETCHING) {
        return FCC_E_STOPPED;
    }
    if (world.finish == FCC_E_BUSY) {
        return FCC_E_BUSY;
    }
    return _end(update, update->received < update->size ? FCC_E_TRUNCATED : world.finish);
}

void fcc_update_cancel(fcc_update_t *update, int status)
{
    world_say("cancel %d", status);
    if (update->phase == FCC_UPDATE_FETCHING) {
        _end(update, status);
    }
}

void fcc_update_poll(fcc_update_t *update)
{
    (void)update;
}

uint32_t fcc_update_report(const fcc_update_t *update, char *text, uint32_t length)
{
    (void)update;
    memcpy(text, world.report, length < world.report_length ? length : world.report_length);
    return world.report_length;
}

/* No digest, but one that depends on every byte. */
void fcc_port_sha256(const void *bytes, uint32_t length, uint8_t digest[FCC_DIGEST_LENGTH])
{
    const uint8_t *b = bytes;
    uint32_t state = 2166136261u;
    for (uint32_t i = 0; i < length + FCC_DIGEST_LENGTH; i++) {
        state = (state ^ (i < length ? b[i] : i)) * 16777619u;
        state ^= state >> 15;
        if (i >= length) {
            digest[i - length] = (uint8_t)(state >> 24);
        }
    }
}

/* SPDX-License-Identifier: MIT */
/**
 * Updates of containers over the air with RIOT's suit: places of fcc_update.h as locations of a storage backend, and the resources that `fcc push`
 * talks to.
 *
 *     static const fcc_key_t keys[] = { { .public_key = public_key[0], .tenant = 1 }, ... };
 *     static const fcc_flash_t flash = FCC_SUIT_FLASH(pages);
 *     static const fcc_update_info_t info = { .flash = &flash, ..., .keys = keys, .key_count = ARRAY_SIZE(keys),
 *                                             .vendor = fcc_suit_vendor, .class_id = fcc_suit_class };
 *     static fcc_update_t update = { .info = &info, .states = states };
 *     ...
 *     fcc_suit_start(&update);
 *
 * | request            | answer                                                                                         |
 * |--------------------|------------------------------------------------------------------------------------------------|
 * | GET /fcc/update    | 2.05, fcc_update_report in blocks                                                              |
 * | POST /suit/trigger | payload: URL of a manifest. 2.01 and the number of the attempt; 4.00 unusable, 4.13 too long, 4.09 another update runs |
 *
 * One thread of this module fetches the manifest, lets the engine judge it, hands it to RIOT's suit, which judges it once more, fetches the image and
 * installs; between updates it looks after images on trial. So RIOT's parser sees no manifest that the engine has not taken. RIOT's own worker
 * (suit_worker_trigger, `suit fetch` of its shell) works too, but not while an update of this module runs.
 */
#pragma once
#include <fcc_update.h>
#include "periph/flashpage.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes for the report: at most 300, and 400 for every place. What is longer is cut behind a line, and `fcc push` cannot read it. */
#ifndef CONFIG_FCC_SUIT_REPORT
#define CONFIG_FCC_SUIT_REPORT 1152
#endif

/** Milliseconds between two looks at images on trial. */
#ifndef CONFIG_FCC_SUIT_POLL_MS
#define CONFIG_FCC_SUIT_POLL_MS 500
#endif

/** RIOT's list of keys: those of SUIT_KEY (or SUIT_PUBS), in that order. */
extern const uint8_t public_key[][32];

/** RIOT's UUIDs of this device, of SUIT_VENDOR and SUIT_CLASS; fcc_suit_start fills them. */
extern uint8_t fcc_suit_vendor[FCC_UUID_LENGTH], fcc_suit_class[FCC_UUID_LENGTH];

int fcc_suit_erase(void *pages, uint32_t offset, uint32_t length);
int fcc_suit_write(void *pages, uint32_t offset, const void *bytes, uint32_t length);
void fcc_suit_ready(void *pages, uint32_t offset, uint32_t length);

/** Flash from `pages` on, which is the start of a page. All pages are of one size, up to the end of what the engine uses. */
#define FCC_SUIT_FLASH(pages)                                                                                          \
    {                                                                                                                  \
        .base = (const uint8_t *)(pages), .page = FLASHPAGE_SIZE, .unit = FLASHPAGE_WRITE_BLOCK_SIZE,                  \
        .erase = fcc_suit_erase, .write = fcc_suit_write, .ready = fcc_suit_ready,                                     \
        .context = (void *)(uintptr_t)(pages),                                                                         \
    }

/**
 * Reads the record and installs what is to run (fcc_update_boot), then starts the thread. Call it once, after the hooks are registered. Returns what
 * fcc_update_boot does, or FCC_E_KEY: a row of the table is no key of RIOT's list, and nothing was started; FCC_E_PORT: there was no thread, and
 * no update is taken.
 */
int fcc_suit_start(fcc_update_t *update);

/**
 * Asks for an update: `url` of a manifest, `length` characters, at most FCC_URI_MAX - 1. Returns the number of the attempt, or 0 while another one runs.
 */
uint32_t fcc_suit_trigger(const char *url, uint32_t length);

/** The engine is for one thread at a time: around calls of fcc_update.h in the firmware's own code. */
void fcc_suit_lock(void);
void fcc_suit_unlock(void);

/** Takes the lock if it is free: 1, or 0. For threads that run hooks: signatures are verified, images hashed and pages erased with the lock held. */
int fcc_suit_trylock(void);

#ifdef __cplusplus
}
#endif

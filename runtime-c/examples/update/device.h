/* SPDX-License-Identifier: MIT */
/* The firmware of the device: hooks, tenants, places and their memory. It knows nothing of sockets and files. */
#pragma once
#include <fcc_update.h>

/* Where things lie in flash. A place's slots are equally long; one is in use while the other is written. */
#define FLASH_PAGE   256u
#define FLASH_UNIT   8u
#define SLOT_LENGTH  4096u
#define SMALL_LENGTH 1024u
#define AT_TIMER     (2u * FLASH_PAGE) /* behind the two pages of the record */
#define AT_GUEST     (AT_TIMER + 2u * SLOT_LENGTH)
#define AT_SAMPLE    (AT_GUEST + 2u * SLOT_LENGTH)
#define FLASH_LENGTH (AT_SAMPLE + 2u * SMALL_LENGTH)

#define PLACES 3u

/* Bytes of a report with so many places: 10 digits for each number. */
#define REPORT_LENGTH (384u + PLACES * 448u)

/* Of the tenants. */
#define HOUSE 1u
#define GUEST 2u

/* What is decided when the device is started; it must stay. */
typedef struct {
    const fcc_flash_t *flash;
    const fcc_key_t *keys;
    uint32_t key_count;
    const uint8_t *vendor;
    const uint8_t *class_id;
    uint8_t trial_runs;
} device_parts_t;

extern fcc_update_t update;

/* Registers the hooks and installs what is to run. Returns what fcc_update_boot says. */
int device_start(const device_parts_t *parts);

/* Runs both hooks once. */
void device_tick(uint32_t ticks, uint32_t period);

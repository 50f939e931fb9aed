/* SPDX-License-Identifier: MIT */
#include "mutate-device.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sanitizer/asan_interface.h>
#include <fcc_helpers.h>

#define PAGE          128u
#define FLASH_LENGTH  (2u * PAGE + 2u * PLACES * SLOT_LENGTH)
#define SLOTS_AT      (2u * PAGE)
#define MEMORY_LENGTH 8192u

unsigned long run_number;

void must_hold(int holds, const char *what, const char *file, int line)
{
    if (!holds) {
        fprintf(stderr, "run %lu, %s:%d: not %s\n", run_number, file, line, what);
        exit(1);
    }
}

static uint8_t flash_bytes[FLASH_LENGTH] __attribute__((aligned(8)));
static uint8_t memory[PLACES][2][MEMORY_LENGTH] __attribute__((aligned(8)));
const uint8_t vendor[FCC_UUID_LENGTH] = { 1, 2, 3 };
const uint8_t class_id[FCC_UUID_LENGTH] = { 4, 5, 6 };
forger_t forgers[KEY_COUNT + 1];
static fcc_store_t store;
static fcc_store_row_t rows[8];
fcc_hook_t hook;
static fcc_tenant_t tenants[2];
fcc_place_state_t states[PLACES];
fcc_update_t update;

const fcc_signature_t fcc_own_signatures[] = { 0 };

uint32_t fcc_helper_now_ms(fcc_instance_t *instance)
{
    (void)instance;
    return 9;
}

void fcc_put(fcc_instance_t *instance, const char *bytes, uint32_t count)
{
    (void)instance;
    (void)bytes;
    (void)count;
}

#define ROW(id, name) { id, FCC_CODE(fcc_helper_##name) }
static const fcc_helper_t helpers[] = { ROW(0x10, store_local), ROW(0x12, fetch_local), ROW(0x20, now_ms) };
static fcc_hook_info_t hook_info = {
    .id = 71, .host = { helpers, 3, NULL, 0, 0, 65536, FCC_KEEP_NOTHING }, .context_length = 8, .fuel = 500, .context_align = 8,
};
static const fcc_tenant_info_t tenant_infos[2] = {
    { .id = 1, .store = &store, .ram = 2u * MEMORY_LENGTH, .time = FCC_UNKNOWN, .containers = 2, .store_rows = 4 },
    { .id = 2, .store = &store, .ram = 2u * MEMORY_LENGTH, .time = FCC_UNKNOWN, .containers = 2, .store_rows = 4 },
};
static const uint32_t few_helpers[] = { 0x12, 0x10 };
static const uint32_t other_hook[] = { 72 };
fcc_key_t keys[KEY_COUNT] = {
    [KEY_HOUSE] = { .tenant = 1 },
    [KEY_GUEST] = { .tenant = 2 },
    [KEY_FEW_HELPERS] = { .tenant = 1, .helpers = few_helpers, .helper_count = 2 },
    [KEY_OTHER_HOOK] = { .tenant = 1, .hooks = other_hook, .hook_count = 1 },
};
fcc_place_t places[PLACES] = {
    { .component = ".fc.test", .hook = &hook, .tenant = &tenants[0], .order = 1, .trial_runs = 2 },
    { .component = ".fc.test.guest", .hook = &hook, .tenant = &tenants[1], .order = 2, .trial_runs = 1 },
};

/* Flash: nothing may be read of a slot that has not been written since it was erased. */

static void _check_range(uint32_t offset, uint32_t length)
{
    HOLDS(length != 0 && offset < FLASH_LENGTH && length <= FLASH_LENGTH - offset);
    HOLDS(offset >= SLOTS_AT ? (offset - SLOTS_AT) / SLOT_LENGTH == (offset - SLOTS_AT + length - 1u) / SLOT_LENGTH
                             : offset / PAGE == (offset + length - 1u) / PAGE);
    for (uint32_t i = 0; i < PLACES && offset >= SLOTS_AT; i++) {
        const uint8_t *image = states[i].container != NULL ? (const uint8_t *)states[i].container->image : NULL;
        /* What runs stays as it is. */
        HOLDS(image == NULL || image < flash_bytes || image >= flash_bytes + FLASH_LENGTH
              || (uint32_t)(image - flash_bytes - SLOTS_AT) / SLOT_LENGTH != (offset - SLOTS_AT) / SLOT_LENGTH);
    }
}

static int _erase(void *context, uint32_t offset, uint32_t length)
{
    (void)context;
    _check_range(offset, length);
    HOLDS(offset % PAGE == 0 && length % PAGE == 0);
    ASAN_UNPOISON_MEMORY_REGION(flash_bytes + offset, length);
    memset(flash_bytes + offset, 0xff, length);
    if (offset >= SLOTS_AT) {
        ASAN_POISON_MEMORY_REGION(flash_bytes + offset, length);
    }
    return 0;
}

static int _write(void *context, uint32_t offset, const void *bytes, uint32_t length)
{
    (void)context;
    _check_range(offset, length);
    HOLDS(offset % 16u == 0 && length % 16u == 0);
    if (offset >= SLOTS_AT) {
        HOLDS(__asan_region_is_poisoned(flash_bytes + offset, length) == flash_bytes + offset);
    }
    ASAN_UNPOISON_MEMORY_REGION(flash_bytes + offset, length);
    memcpy(flash_bytes + offset, bytes, length);
    return 0;
}

static const fcc_flash_t flash = { .base = flash_bytes, .page = PAGE, .unit = 16, .erase = _erase, .write = _write };
static const fcc_update_info_t info = {
    .flash = &flash, .records = { 0, PAGE }, .places = places, .place_count = PLACES, .keys = keys, .key_count = KEY_COUNT,
    .vendor = vendor, .class_id = class_id,
};

void device_start(void)
{
    fcc_hook_t *list = NULL;
    memset(memory, 0xa5, sizeof(memory));
    memset(states, 0, sizeof(states));
    memset(rows, 0, sizeof(rows));
    hook = (fcc_hook_t){ .info = &hook_info };
    fcc_hook_register(&list, &hook);
    for (uint32_t i = 0; i < 2; i++) {
        tenants[i] = (fcc_tenant_t){ .info = &tenant_infos[i] };
        fcc_tenant_period(&tenants[i]);
    }
    store = (fcc_store_t){ rows, sizeof(rows) / sizeof(rows[0]), NULL };
    update = (fcc_update_t){ .info = &info, .states = states };
    HOLDS(fcc_update_boot(&update) == 0);
}

void device_new(const image_t *factory)
{
    fcc_header_t header;
    memcpy(&header, factory->bytes, sizeof(header));
    hook_info.contract_hash = header.contract_hash;
    for (uint32_t i = 0; i <= KEY_COUNT; i++) {
        forge_key(&forgers[i], i);
        if (i < KEY_COUNT) {
            keys[i].public_key = forgers[i].public_key;
        }
    }
    for (uint32_t i = 0; i < PLACES; i++) {
        places[i].slots[0] = SLOTS_AT + 2u * i * SLOT_LENGTH;
        places[i].slots[1] = places[i].slots[0] + SLOT_LENGTH;
        places[i].slot_length = SLOT_LENGTH;
        places[i].memory[0] = memory[i][0];
        places[i].memory[1] = memory[i][1];
        places[i].memory_length = MEMORY_LENGTH;
    }
    places[0].factory = factory->bytes;
    places[0].factory_length = factory->length;
    memset(flash_bytes, 0xff, sizeof(flash_bytes));
    ASAN_POISON_MEMORY_REGION(flash_bytes + SLOTS_AT, FLASH_LENGTH - SLOTS_AT);
    device_start();
}

/* SPDX-License-Identifier: MIT */
#include "world.h"
#include <fcc_helpers.h>
#include <fcc_host.h>

#define MEMORY_LENGTH 6144u

image_t images[KIND_COUNT];
struct flash_model model __attribute__((aligned(8)));
struct device device;
char doing[256] = "";

static uint8_t memory[PLACES][2][MEMORY_LENGTH] __attribute__((aligned(8)));
static const uint8_t vendor[FCC_UUID_LENGTH] = { 0x54, 0x7d, 0x0d, 0x74, 0x6d, 0x3a, 0x5a, 0x92, 0x96, 0x62, 0x48, 0x81, 0xaf, 0xd9, 0x40, 0x7b };
static const uint8_t class_id[FCC_UUID_LENGTH] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

void check(const char *file, int line, int64_t got, int64_t want)
{
    if (got != want) {
        fprintf(stderr, "%s:%d: %lld instead of %lld; %s\n", file, line, (long long)got, (long long)want, doing);
        exit(1);
    }
}

uint32_t next_random(void)
{
    model.random = model.random * 1664525u + 1013904223u;
    return model.random >> 8;
}

/* Helpers of this firmware. */

uint32_t fcc_helper_now_ms(fcc_instance_t *instance)
{
    (void)instance;
    if (device.probe != NULL) {
        device.probe();
    }
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
#define HELPER_COUNT (sizeof(helpers) / sizeof(helpers[0]))

/* Hooks, tenants, places, keys. */

#define HOOK_INFO(number)                                                                                                            \
    {                                                                                                                                \
        .id = number, .host = { helpers, HELPER_COUNT, NULL, 0, 0, 65536, FCC_KEEP_NOTHING }, .context_length = 8, .fuel = 1000,      \
        .context_align = 8,                                                                                                          \
    }
fcc_hook_info_t hook_infos[2] = { HOOK_INFO(71), HOOK_INFO(72) };
fcc_tenant_info_t tenant_infos[2] = {
    { .id = 1, .store = &device.store, .ram = 4u * MEMORY_LENGTH, .time = FCC_UNKNOWN, .containers = 2, .store_rows = 4 },
    { .id = 2, .store = &device.store, .ram = 2u * MEMORY_LENGTH, .time = FCC_UNKNOWN, .containers = 1, .store_rows = 4 },
};

static const uint32_t other_hook[] = { 72 };
static const uint32_t few_helpers[] = { 0x12, 0x10 };
fcc_key_t keys[KEY_COUNT] = {
    [KEY_HOUSE] = { .tenant = 1 },
    [KEY_GUEST] = { .tenant = 2 },
    [KEY_OTHER_HOOK] = { .tenant = 1, .hooks = other_hook, .hook_count = 1 },
    [KEY_FEW_HELPERS] = { .tenant = 1, .helpers = few_helpers, .helper_count = 2 },
};

fcc_place_t places[PLACES] = {
    { .component = ".fc.test", .hook = &device.hooks[0], .tenant = &device.tenants[0], .order = 5, .trial_runs = 3 },
    { .component = ".fc.test.guest", .hook = &device.hooks[0], .tenant = &device.tenants[1], .order = 4, .trial_runs = 2 },
    { .component = ".fc.other", .hook = &device.hooks[1], .tenant = &device.tenants[0] },
};

/* The flash. */

static int _write(void *context, uint32_t offset, const void *bytes, uint32_t length);
static int _erase(void *context, uint32_t offset, uint32_t length);
static void _ready(void *context, uint32_t offset, uint32_t length);

fcc_flash_t flash = { .base = model.now.bytes, .erase = _erase, .write = _write, .ready = _ready, .context = &model };
fcc_update_info_t info = {
    .flash = &flash, .places = places, .place_count = PLACES, .keys = keys, .key_count = KEY_COUNT, .vendor = vendor, .class_id = class_id,
};

void world_layout(uint32_t page, uint32_t unit)
{
    uint32_t length = (16u + 32u * PLACES + page - 1u) / page * page;
    flash.page = page;
    flash.unit = unit;
    info.records[0] = 0;
    info.records[1] = length;
    for (uint32_t i = 0; i < PLACES; i++) {
        places[i].slots[0] = 2u * length + 2u * i * SLOT_LENGTH;
        places[i].slots[1] = places[i].slots[0] + SLOT_LENGTH;
        places[i].slot_length = SLOT_LENGTH;
    }
    HOLDS(places[PLACES - 1u].slots[1] + SLOT_LENGTH <= FLASH_LENGTH);
}

void world_start(const char *folder)
{
#define NAME(name) #name,
    static const char *const names[KIND_COUNT] = { KINDS(NAME) };
    for (uint32_t i = 0; i < KIND_COUNT; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s.bin", folder, names[i]);
        FILE *file = fopen(path, "rb");
        snprintf(doing, sizeof(doing), "reading %.200s", path);
        HOLDS(file != NULL);
        uint8_t *bytes = fcc_host_memory(MEMORY_LENGTH);
        HOLDS(bytes != NULL);
        images[i].bytes = bytes;
        images[i].length = (uint32_t)fread(bytes, 1, MEMORY_LENGTH, file);
        fclose(file);
    }
    hook_infos[0].contract_hash = ((const fcc_header_t *)images[FACTORY].bytes)->contract_hash;
    hook_infos[1].contract_hash = ((const fcc_header_t *)images[OTHER_HOOK].bytes)->contract_hash;
    places[HOUSE].factory = images[FACTORY].bytes;
    places[HOUSE].factory_length = images[FACTORY].length;
    for (uint32_t i = 0; i < PLACES; i++) {
        places[i].memory[0] = memory[i][0];
        places[i].memory[1] = memory[i][1];
        places[i].memory_length = MEMORY_LENGTH;
    }
}

void flash_new(void)
{
    memset(&model, 0, sizeof(model));
    memset(model.now.bytes, 0xff, FLASH_LENGTH);
    model.cut_at = NEVER;
    model.random = 1;
}

/* fcc_crc32 by a table: this is asked at every call of the flash. */
static uint32_t _crc32(uint32_t before, const void *bytes, uint32_t length)
{
    static uint32_t table[256];
    const uint8_t *p = bytes;
    uint32_t crc = ~before;
    for (uint32_t i = 0; i < 256 && table[255] == 0; i++) {
        const uint8_t byte = (uint8_t)i;
        table[i] = fcc_crc32(0xffffffffu, &byte, 1) ^ 0xffffffffu;
    }
    while (length-- != 0) {
        crc = table[(crc ^ *p++) & 0xffu] ^ crc >> 8;
    }
    return ~crc;
}

/* Whether a record was written to its end, by this table of places or by one with fewer. Header: generation, layout, two checksums. */
static int _is_whole(const uint32_t *header)
{
    uint32_t count = _crc32(0x43434601u, header, 12) == header[3] ? PLACES : 0;
    while (count != 0 && _crc32(0, header + 4, 32u * count) != header[2]) {
        count--;
    }
    return count != 0;
}

/* The newest of the two; NULL: there is none. */
static const uint32_t *_newest(void)
{
    const uint32_t *newest = NULL;
    for (uint32_t i = 0; i < 2; i++) {
        const uint32_t *header = (const void *)&model.now.bytes[info.records[i]];
        if (_is_whole(header) && (newest == NULL || (int32_t)(header[0] - newest[0]) > 0)) {
            newest = header;
        }
    }
    return newest;
}

int flash_record(uint32_t place, fcc_place_record_t *record)
{
    const uint32_t *newest = _newest();
    if (newest == NULL) {
        return 0;
    }
    memcpy(record, newest + 4u + 8u * place, sizeof(*record));
    return 1;
}

/* Nothing that counts is ever touched: not the record, and no slot that it names. */
static void _guard(uint32_t offset, uint32_t length)
{
    const uint32_t record_length = info.records[1] - info.records[0];
    const uint32_t *newest = _newest();
    HOLDS(length != 0 && offset < FLASH_LENGTH && length <= FLASH_LENGTH - offset);
    for (uint32_t i = 0; i < 2; i++) {
        if (offset < info.records[i] + record_length && offset + length > info.records[i]) {
            HOLDS(offset >= info.records[i] && offset + length <= info.records[i] + record_length);
            HOLDS((const uint8_t *)newest != &model.now.bytes[info.records[i]]);
            return;
        }
    }
    HOLDS(newest != NULL);
    for (uint32_t i = 0; i < info.place_count; i++) {
        for (uint32_t slot = 0; slot < 2; slot++) {
            uint32_t at = places[i].slots[slot];
            if (offset >= at && offset + length <= at + places[i].slot_length) {
                fcc_place_record_t record;
                flash_record(i, &record);
                EQUAL(record.length[slot], 0);
                HOLDS(record.active != slot);
                /* Nor is anything that runs. */
                HOLDS(device.states[i].container == NULL || (const uint8_t *)device.states[i].container->image != &model.now.bytes[at]);
                return;
            }
        }
    }
    HOLDS(0);
}

/* What a cut leaves: of the byte in work some bits, or the whole piece in work anything that can be. */
static void _cut(uint32_t at, uint32_t end, const uint8_t *bytes)
{
    uint32_t last = model.cut_kind == CUT_GARBAGE ? end : model.cut_kind == CUT_TORN ? at + 1u : at;
    for (; at < last; at++) {
        uint8_t some = (uint8_t)next_random();
        if (bytes == NULL) {
            model.now.bytes[at] |= some; /* on the way to all ones */
            model.now.written[at] = 1;
        }
        else {
            model.now.bytes[at] &= (uint8_t)(*bytes++ | some);
            model.now.written[at] = 1;
        }
    }
    longjmp(*model.power, 1);
}

/* Whether this call is to fail, and how far it gets. */
static int _fails(uint32_t *length)
{
    model.calls++;
    if (model.fail_at == 0 || model.calls < model.fail_at || model.calls - model.fail_at >= model.fails) {
        return 0;
    }
    *length = model.fail_kind == FAIL_BEFORE ? 0 : model.fail_kind == FAIL_HALF ? *length / 2u : *length;
    return 1;
}

static int _erase(void *context, uint32_t offset, uint32_t length)
{
    EQUAL(offset % flash.page, 0);
    EQUAL(length % flash.page, 0);
    HOLDS(context == &model);
    _guard(offset, length);
    int failed = _fails(&length);
    for (uint32_t at = offset; at < offset + length; at++) {
        if (model.done == model.cut_at) {
            _cut(at, at / flash.page * flash.page + flash.page, NULL);
        }
        model.done++;
        model.now.bytes[at] = 0xff;
        model.now.written[at] = 0;
    }
    return failed;
}

static int _write(void *context, uint32_t offset, const void *bytes, uint32_t length)
{
    EQUAL(offset % flash.unit, 0);
    EQUAL(length % flash.unit, 0);
    HOLDS(context == &model);
    _guard(offset, length);
    int failed = _fails(&length);
    for (uint32_t i = 0; i < length; i++) {
        uint32_t at = offset + i;
        uint8_t byte = ((const uint8_t *)bytes)[i];
        EQUAL(model.now.written[at], 0);
        if (model.done == model.cut_at) {
            _cut(at, at + flash.unit - at % flash.unit, (const uint8_t *)bytes + i);
        }
        model.done++;
        model.now.bytes[at] &= byte; /* bits go from 1 to 0 only */
        model.now.written[at] = 1;
    }
    if (model.on_write != NULL) {
        model.on_write(offset);
    }
    return failed;
}

static void _ready(void *context, uint32_t offset, uint32_t length)
{
    (void)context;
    HOLDS(offset + length <= FLASH_LENGTH);
    model.readies++;
}

/* The device. */

int device_start(void)
{
    memset(&device, 0, sizeof(device));
    memset(memory, 0xa5, sizeof(memory));
    fcc_hook_t *list = NULL;
    for (uint32_t i = 0; i < 2; i++) {
        device.hooks[i].info = &hook_infos[i];
        device.tenants[i].info = &tenant_infos[i];
        fcc_hook_register(&list, &device.hooks[i]);
        fcc_tenant_period(&device.tenants[i]);
    }
    device.store = (fcc_store_t){ device.rows, sizeof(device.rows) / sizeof(device.rows[0]), NULL };
    device.update.info = &info;
    device.update.states = device.states;
    return fcc_update_boot(&device.update);
}

test_manifest_t manifest_of(uint32_t kind, uint32_t place, uint32_t sequence)
{
    test_manifest_t manifest = { .key = place == GUEST ? KEY_GUEST : KEY_HOUSE, .sequence = sequence, .size = images[kind].length };
    fcc_port_sha256(images[kind].bytes, images[kind].length, manifest.digest);
    memcpy(manifest.vendor, vendor, sizeof(vendor));
    memcpy(manifest.class_id, class_id, sizeof(class_id));
    snprintf(manifest.component, sizeof(manifest.component), "%s", places[place].component);
    return manifest;
}

int begin(const test_manifest_t *manifest)
{
    fcc_manifest_t read;
    if (fcc_update_attempt(&device.update) == 0) {
        return FCC_E_BUSY;
    }
    return fcc_update_begin(&device.update, &read, manifest, sizeof(*manifest));
}

int send(uint32_t kind)
{
    int status = 0;
    for (uint32_t at = 0; at < images[kind].length && status == 0; at += CHUNK) {
        uint32_t left = images[kind].length - at;
        status = fcc_update_write(&device.update, at, (const uint8_t *)images[kind].bytes + at, left < CHUNK ? left : CHUNK);
    }
    return status;
}

int install(uint32_t kind, uint32_t place, uint32_t sequence)
{
    test_manifest_t manifest = manifest_of(kind, place, sequence);
    int status = begin(&manifest);
    if (status == 0) {
        status = send(kind);
    }
    return status == 0 ? fcc_update_finish(&device.update) : status;
}

static uint64_t context;

uint32_t run(uint32_t place, uint32_t times)
{
    uint32_t well = 0;
    while (times-- != 0) {
        fcc_result_t result = { .trap = 1 };
        fcc_slot_t *container = device.states[place].container;
        if (container != NULL && fcc_slot_run(places[place].hook, container, &context, sizeof(context), 1000, &result) == 0) {
            well += result.trap == 0;
        }
        fcc_update_poll(&device.update);
    }
    return well;
}

int64_t answer(uint32_t place)
{
    const fcc_place_state_t *state = &device.states[place];
    const fcc_place_record_t *record = &state->record;
    fcc_slot_t *found = NULL;
    for (fcc_slot_t *slot = places[place].hook->first; slot != NULL; slot = slot->next) {
        if (slot->tenant == places[place].tenant) {
            HOLDS(found == NULL);
            found = slot;
        }
    }
    HOLDS(found == state->container);
    if (found == NULL) {
        EQUAL(record->active, FCC_SLOT_NONE);
        return -2;
    }
    EQUAL(fcc_validate(found->image, found->image->total_length), 0);
    if (record->active == FCC_SLOT_FACTORY) {
        HOLDS(found->image == places[place].factory);
    }
    else {
        HOLDS(record->active < 2);
        HOLDS((const uint8_t *)found->image == flash.base + places[place].slots[record->active]);
        EQUAL(record->length[record->active], found->image->total_length);
        HOLDS(record->sequence[record->active] <= record->floor && record->sequence[record->active] != 0);
    }
    fcc_result_t result;
    EQUAL(fcc_slot_run(places[place].hook, found, &context, sizeof(context), 1000, &result), 0);
    return result.trap == 0 ? (int64_t)result.value : -1;
}

/* SPDX-License-Identifier: MIT */
#include "world.h"

struct world world;
uint64_t places[PLACES][PLACE_BYTES / 8] __attribute__((aligned(8)));
static int failures;

static uint64_t fcc_helper_probe(fcc_instance_t *instance, uint32_t value)
{
    world.probed++;
    return world.probe == NULL ? value : world.probe(instance, value);
}

static void *fcc_helper_lend(fcc_instance_t *instance)
{
    (void)instance;
    return world.lent;
}

#define ROW(number, name) { number, FCC_CODE(fcc_helper_##name) }
static const fcc_helper_t helpers[] = {
    ROW(0x1, printf),         ROW(0x2, memcpy),          ROW(0x10, store_local),    ROW(0x11, store_global),
    ROW(0x12, fetch_local),   ROW(0x13, fetch_global),   ROW(0x50, fmt_s16_dfp),    ROW(0x51, fmt_u32_dec),
    ROW(0x100, store_tenant), ROW(0x101, fetch_tenant),  ROW(0x102, delete_local),  ROW(0x103, delete_global),
    ROW(0x104, delete_tenant), ROW(0x201, lend),           ROW(0x200, probe),
};

const fcc_signature_t fcc_own_signatures[] = {
    0x200u, FCC_SIGNATURE_HEAD(FCC_RESULT_U64, 1, 3), FCC_ARGUMENT(FCC_ARG_U32, 0), 0x201u, FCC_SIGNATURE_HEAD(FCC_RESULT_REGION, 0, 2), 0,
};

void fcc_put(fcc_instance_t *instance, const char *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (world.put_count == sizeof(world.put)) {
            fcc_abort(instance, FCC_TRAP_HELPER);
        }
        world.put[world.put_count++] = bytes[i];
    }
}

static void _write(const char *text)
{
    uint32_t length = 0;
    while (text[length] != 0) {
        length++;
    }
    platform_write(text, length);
}

static void _number(int64_t value)
{
    char text[21];
    uint32_t at = sizeof(text);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0) {
        text[--at] = '-';
    }
    platform_write(text + at, (uint32_t)sizeof(text) - at);
}

void check(const char *file, int line, int64_t got, int64_t want)
{
    if (got == want) {
        return;
    }
    for (const char *c = file; *c != 0; c++) {
        file = *c == '/' ? c + 1 : file;
    }
    failures++;
    _write("  ");
    _write(file);
    _write(":");
    _number(line);
    _write(": ");
    _number(got);
    _write(", not ");
    _number(want);
    _write("\n");
}

static void _begin(void)
{
    platform_handler = NULL;
    for (uint32_t i = 0; i < sizeof(world) / 4; i++) {
        ((uint32_t *)(void *)&world)[i] = 0;
    }
    world.grant = (fcc_grant_t){ world.lent, sizeof(world.lent), FCC_RIGHT_READ | FCC_RIGHT_WRITE };
    world.info.id = 0x1001;
    world.info.contract_hash = HASH_TEST;
    static const uint32_t nothing[] = { 0 };
    world.info.host = (fcc_host_t){ helpers, sizeof(helpers) / sizeof(helpers[0]), NULL, 0, FEATURES, 2048, nothing };
    world.info.grants = &world.grant;
    world.info.grant_count = 1;
    world.info.context_length = sizeof(context_t);
    world.info.context_align = 4;
    world.info.fuel = FUEL;
    world.hook.info = &world.info;
    world.open_info = world.info;
    world.open_info.id = 0x1002;
    world.open_info.contract_hash = HASH_OPEN;
    world.open_info.grant_count = 0;
    world.open_info.context_length = FCC_UNKNOWN;
    world.open_info.context_align = 1;
    world.open.info = &world.open_info;
    world.store.rows = world.rows;
    world.store.count = ROWS;
    for (uint32_t i = 0; i < 2; i++) {
        world.tenant_info[i] = (fcc_tenant_info_t){ i, NULL, 0, NULL, 0, &world.store, RAM, FCC_UNKNOWN, PLACES, ROWS };
        world.tenant[i].info = &world.tenant_info[i];
        fcc_tenant_period(&world.tenant[i]);
    }
}

fcc_install_t *what(const void *image, uint32_t length, uint32_t entry, uint32_t place)
{
    world.what = (fcc_install_t){ image, length, entry, places[place], PLACE_BYTES, 0, 0 };
    return &world.what;
}

fcc_slot_t *put(uint32_t entry, uint32_t place, uint32_t tenant, uint8_t order)
{
    fcc_slot_t *slot = NULL;
    WHAT(TEST, entry, place)->order = order;
    EQUAL(fcc_install(&world.hook, &world.tenant[tenant], &world.what, &slot), 0);
    EQUAL((uintptr_t)slot, (uintptr_t)places[place]);
    return slot;
}

uint32_t run(uint32_t a, uint32_t b, int64_t *result)
{
    world.context = (context_t){ a, b };
    *result = -1;
    return fcc_hook_run(&world.hook, &world.context, sizeof(world.context), result);
}

int64_t call(fcc_slot_t *slot, uint32_t a, uint32_t b)
{
    fcc_result_t result = { 0, 0, 0 };
    world.context = (context_t){ a, b };
    EQUAL(fcc_slot_run(&world.hook, slot, &world.context, sizeof(world.context), FUEL, &result), 0);
    EQUAL(result.trap, 0);
    return (int64_t)result.value;
}

fcc_status_t status_of(const fcc_slot_t *slot)
{
    fcc_status_t status;
    fcc_status(slot, &status);
    return status;
}

int tests(void)
{
    static const test_t *const suites[] = { install_tests, run_tests, stop_tests, time_tests, store_tests, helper_tests };
    int all = 0;
    for (uint32_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        for (const test_t *test = suites[i]; test->name != NULL; test++) {
            _begin();
            failures = 0;
            test->run();
            all += failures;
            _write(failures == 0 ? "ok " : "failed ");
            _write(test->name);
            _write("\n");
        }
    }
    return all;
}

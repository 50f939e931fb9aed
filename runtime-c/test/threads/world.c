/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "world.h"
#include <string.h>
#include <sys/mman.h>
#include <fcc_helpers.h>
#include "../../src/fcc_port.h"

#define STORE_ROWS 24u
/* What images of tenant t store: the tenant's mark in the upper half (test/runtime/threads.test.ts). Rows of all: this. */
#define MARK(tenant) (0x1110u * ((tenant) + 1u))
#define MARK_GLOBAL  0x5a5au

uint64_t counters[2] __attribute__((aligned(8)));
static fcc_store_row_t rows[STORE_ROWS];
static fcc_store_t store = { rows, STORE_ROWS, NULL };

static const fcc_tenant_info_t tenant_infos[3] = {
    { .id = 1, .store = &store, .ram = 6u * PLACE_LENGTH, .time = FCC_UNKNOWN, .containers = 5, .store_rows = 10 },
    { .id = 2, .store = &store, .ram = 4u * PLACE_LENGTH, .time = 20000, .containers = 3, .store_rows = 7 },
    { .id = 3, .store = &store, .ram = PLACE_LENGTH + STACK_LENGTH, .time = FCC_UNKNOWN, .containers = 1, .store_rows = 1 },
};
fcc_tenant_t tenants[3] = { { .info = &tenant_infos[0] }, { .info = &tenant_infos[1] }, { .info = &tenant_infos[2] } };

image_t images[2 * KINDS];

static fcc_hook_info_t infos[4];
fcc_hook_t counting_hook = { &infos[0], NULL, NULL };
fcc_hook_t mixed_hook = { &infos[1], NULL, NULL };
fcc_hook_t thread_hook = { &infos[2], NULL, NULL };
static fcc_hook_t inner_hook = { &infos[3], NULL, NULL };

/* Helpers of this firmware; stores are the runtime's. */

void fcc_put(fcc_instance_t *instance, const char *bytes, uint32_t count)
{
    (void)instance;
    (void)bytes;
    (void)count;
}

void fcc_helper_ztimer_periodic_wakeup(fcc_instance_t *instance, void *last, uint32_t period)
{
    uint32_t then;
    memcpy(&then, last, sizeof(then));
    if (then == 0) {
        then = fcc_now_us();
    }
    then += period;
    memcpy(last, &then, sizeof(then));
    fcc_wait_until(instance, then);
}

/* Runs another hook inside of a run: what traps there is not the caller's affair. */
uint32_t fcc_helper_now_ms(fcc_instance_t *instance)
{
    static context_t context;
    (void)instance;
    return fcc_hook_run(&inner_hook, &context, sizeof(context), NULL);
}

#define ROW(id, name) { id, FCC_CODE(fcc_helper_##name) }
static const fcc_helper_t helpers[] = {
    ROW(0x10, store_local),  ROW(0x11, store_global),  ROW(0x12, fetch_local),   ROW(0x13, fetch_global),
    ROW(0x100, store_tenant), ROW(0x101, fetch_tenant), ROW(0x102, delete_local), ROW(0x61, ztimer_periodic_wakeup),
    ROW(0x20, now_ms),
};

static const fcc_grant_t grants[2] = { { &counters[0], 8, 3 }, { &counters[1], 8, 3 } };
#define INFO(number, grant, limit, units)                                                                                            \
    {                                                                                                                                \
        .id = number, .contract_hash = 0, .host = { helpers, sizeof(helpers) / sizeof(helpers[0]), NULL, 0, 0, 65536, FCC_KEEP_NOTHING },             \
        .grants = grant, .grant_count = 1, .context_length = sizeof(context_t), .fuel = units, .trap_limit = limit,                 \
        .context_align = 8,                                                                                                          \
    }
static fcc_hook_info_t infos[4] = { INFO(1, &grants[0], 0, 100000), INFO(2, &grants[1], 2, 3000), INFO(3, &grants[1], 0, 5), INFO(4, &grants[1], 0, 100) };

void expect(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "threads: %s\n", what);
        _Exit(1);
    }
}

void world_start(const char *folder)
{
    static const char *const names[KINDS] = { "counter", "filler", "trapper", "spinner", "sleeper", "nester" };
    for (uint32_t i = 0; i < 2 * KINDS; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s-%u.bin", folder, names[i / 2u], (unsigned)(i % 2u));
        FILE *file = fopen(path, "rb");
        expect(file != NULL, path);
        images[i].bytes = fcc_host_memory(PLACE_LENGTH);
        images[i].length = (uint32_t)fread(images[i].bytes, 1, PLACE_LENGTH, file);
        fclose(file);
    }
    /* All are of one contract. */
    for (uint32_t i = 0; i < 4; i++) {
        infos[i].contract_hash = ((const fcc_header_t *)images[0].bytes)->contract_hash;
    }
    for (uint32_t i = 0; i < 3; i++) {
        fcc_tenant_period(&tenants[i]);
    }
}

void worker_start(worker_t *worker, uint32_t number, uint32_t operations, uint32_t seed)
{
    worker->random = seed * 2654435761u + number;
    worker->operations = operations;
    worker->tenant = number & 1u;
    worker->context = fcc_host_memory(sizeof(*worker->context));
    worker->stack = fcc_host_memory(STACK_LENGTH);
    expect(worker->context != NULL && worker->stack != NULL, "no memory");
    for (uint32_t i = 0; i < PLACES; i++) {
        for (uint32_t half = 0; half < 2; half++) {
            worker->places[i].memory[half] = fcc_host_memory(PLACE_LENGTH);
            expect(worker->places[i].memory[half] != NULL, "no memory");
        }
    }
}

uint32_t worker_random(worker_t *worker)
{
    worker->random = worker->random * 1664525u + 1013904223u;
    return worker->random >> 12;
}

uint32_t tenant_ram(const fcc_tenant_t *tenant)
{
    uint32_t lock = fcc_port_lock();
    uint32_t ram = tenant->ram;
    fcc_port_unlock(lock);
    return ram;
}

static uint32_t _number(const fcc_tenant_t *tenant)
{
    return (uint32_t)(tenant - tenants);
}

void check_store(void)
{
    uint32_t cursor = 0;
    fcc_store_row_t row;
    while (fcc_store_next(&store, &cursor, &row)) {
        expect(row.payer >= tenants && row.payer < tenants + 3, "a row has no payer");
        uint32_t mark = row.owner == NULL ? MARK_GLOBAL : MARK(_number(row.payer));
        expect(row.value >> 16 == mark, "a value is in the wrong store");
    }
}

void check_high_addresses(void)
{
    uint8_t *high = mmap(NULL, 2u * PLACE_LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *low = fcc_host_memory(PLACE_LENGTH);
    expect(high != MAP_FAILED && (uintptr_t)high > UINT32_MAX, "no memory above 4 GiB");
    expect(low != NULL && (uintptr_t)low <= UINT32_MAX, "no memory below 4 GiB");
    memcpy(high, images[0].bytes, images[0].length);
    const fcc_host_t host = infos[0].host;
    fcc_container_t container;
    fcc_result_t result;
    const uint32_t length = images[0].length;
    const void *image = images[0].bytes;
    expect(fcc_load(&container, high, length, low, PLACE_LENGTH, &host, grants, 1, 0) == FCC_E_MEMORY, "an image above 4 GiB");
    expect(fcc_load(&container, image, length, high, PLACE_LENGTH, &host, grants, 1, 0) == FCC_E_MEMORY, "memory above 4 GiB");
    const fcc_grant_t other = { high, 8, 3 };
    expect(fcc_load(&container, image, length, low, PLACE_LENGTH, &host, &other, 1, 0) == FCC_E_GRANT, "a region above 4 GiB");
    fcc_helper_t far[sizeof(helpers) / sizeof(helpers[0])];
    memcpy(far, helpers, sizeof(helpers));
    far[0].function = (void (*)(void))((uintptr_t)far[0].function | (uintptr_t)1 << 32);
    const fcc_host_t far_host = { far, host.helper_count, NULL, 0, 0, 65536, FCC_KEEP_NOTHING };
    expect(fcc_load(&container, image, length, low, PLACE_LENGTH, &far_host, grants, 1, 0) == FCC_E_HELPER
               && container.refused_id == far[0].id,
           "a helper above 4 GiB");
    expect(fcc_load(&container, image, length, low, PLACE_LENGTH, &host, grants, 1, 0) == 0, "an image below 4 GiB");
    expect(fcc_run(&container, 0, high, sizeof(context_t), 100, &result) == FCC_E_CONTEXT, "a context above 4 GiB");
    place_t place = { .memory = { low, low } };
    fcc_install_t what = { .image = image, .length = length, .memory = low, .memory_length = PLACE_LENGTH };
    expect(fcc_install(&thread_hook, &tenants[0], &what, &place.slot) == 0, "an image below 4 GiB, installed");
    expect(fcc_hook_run(&thread_hook, high, sizeof(context_t), NULL) == 0, "a hook's context above 4 GiB");
    expect(fcc_slot_run(&thread_hook, place.slot, high, sizeof(context_t), 1, &result) == FCC_E_CONTEXT, "a run's context above 4 GiB");
    expect(fcc_uninstall(&thread_hook, place.slot) == 0, "could not be removed");
    fcc_host_free(low, PLACE_LENGTH);
    munmap(high, 2u * PLACE_LENGTH);
}

static fcc_slot_t *_installed(fcc_hook_t *hook, uint32_t tenant, uint32_t kind)
{
    fcc_slot_t *slot = NULL;
    fcc_install_t what = { .image = images[2u * kind].bytes, .length = images[2u * kind].length };
    what.memory = fcc_host_memory(PLACE_LENGTH);
    what.memory_length = PLACE_LENGTH;
    expect(fcc_install(hook, &tenants[tenant], &what, &slot) == 0, "an image was refused");
    return slot;
}

static void _remove(fcc_hook_t *hook, fcc_slot_t *slot)
{
    expect(fcc_uninstall(hook, slot) == 0, "could not be removed");
    fcc_host_free(slot, PLACE_LENGTH);
}

void check_calls(void)
{
    static uint64_t context;
    const uint32_t length = sizeof(context_t);
    fcc_thread_t thread;
    uint8_t *stack = fcc_host_memory(STACK_LENGTH);
    fcc_slot_t *slot = _installed(&thread_hook, 2, SLEEPER);
    uint32_t ram = tenants[2].ram;
    expect(fcc_thread_start(&thread, &thread_hook, slot, stack, FCC_THREAD_STACK, 0, &context, length, 1) == FCC_E_STACK,
           "a stack for the thread, and none for the image");
    expect(fcc_thread_start(&thread, &thread_hook, slot, stack, 0, 0, &context, length, 1) == FCC_E_STACK, "no stack");
    expect(fcc_thread_start(&thread, &thread_hook, slot, stack, 2u * STACK_LENGTH, 0, &context, length, 1) == FCC_E_QUOTA,
           "more stack than the tenant has");
    expect(tenants[2].ram == ram, "a thread that was not started has left something");
    /* Sleeps three times and wakes by itself each time. */
    expect(fcc_thread_start(&thread, &thread_hook, slot, stack, STACK_LENGTH, 0, &context, length, 2) == 0, "no thread");
    expect(fcc_thread_join(&thread) == 0 && thread.result.trap == FCC_TRAP_FUEL, "a thread has not ended by itself");
    fcc_thread_stop(&thread);
    expect(fcc_thread_join(&thread) == 0 && tenants[2].ram == ram, "a thread has not ended once and for all");
    /* What has not started is stopped too. */
    fcc_stop(slot);
    expect(fcc_thread_start(&thread, &thread_hook, slot, stack, STACK_LENGTH, 0, &context, length, 2) == 0, "no thread");
    expect(fcc_thread_join(&thread) == FCC_E_STOPPED, "a stopped container has run");
    _remove(&thread_hook, slot);
    fcc_host_free(stack, STACK_LENGTH);

    slot = _installed(&thread_hook, 2, NESTER);
    fcc_slot_t *inner = _installed(&inner_hook, 0, TRAPPER);
    fcc_result_t result;
    fcc_status_t status;
    expect(fcc_slot_run(&thread_hook, slot, &context, length, 1, &result) == 0 && result.trap == 0 && result.value == 5,
           "a run inside of another one has ended both");
    fcc_status(inner, &status);
    expect(status.runs == 1 && status.trap == FCC_TRAP_MEMORY, "the run inside of another one has not trapped");
    _remove(&thread_hook, slot);
    _remove(&inner_hook, inner);
}

void check_end(uint64_t counted)
{
    uint32_t paid[3] = { 0, 0, 0 };
    check_store();
    for (uint32_t i = 0; i < STORE_ROWS; i++) {
        if (rows[i].payer != NULL) {
            paid[_number(rows[i].payer)]++;
            expect(rows[i].owner == NULL || (rows[i].owner >= (void *)tenants && rows[i].owner < (void *)(tenants + 3)),
                   "a removed container's row is left");
        }
    }
    for (uint32_t i = 0; i < 3; i++) {
        expect(tenants[i].ram == 0 && tenants[i].containers == 0, "a quota is not what it was");
        expect(tenants[i].store_rows == paid[i], "rows of the store and a tenant's count of them differ");
    }
    expect(counting_hook.first == NULL && mixed_hook.first == NULL && thread_hook.first == NULL, "a hook is not empty");
    expect(counters[0] == counted, "a run was counted twice, or not at all");
}

/* SPDX-License-Identifier: MIT */
/* Two hooks, two tenants, three places for containers, one of them with an image that comes with the firmware. */
#include "device.h"
#include <fcc_helpers.h>
#include "counter.h"
#include "fc_sample.h"
#include "fc_timer.h"

/* Core features, `featureBits` of `fcc targets --json`; from the command line. */
#ifndef FEATURES
#error "-DFEATURES=... says what the core has"
#endif

/* Stack below the callers of fcc_hook_run that a container may use. */
#define CONTAINER_STACK 8192u

#define COUNT_OF(a)  (sizeof(a) / sizeof((a)[0]))
#define STORE_ROWS   32u
#define MEMORY_WORDS (4096u / sizeof(uint64_t))

static const fcc_helper_t helpers[] = {
    { FC_TIMER_HELPER_PRINTF, FCC_CODE(fcc_helper_printf) },
    { FC_TIMER_HELPER_MEMCPY, FCC_CODE(fcc_helper_memcpy) },
    { FC_TIMER_HELPER_STORE_LOCAL, FCC_CODE(fcc_helper_store_local) },
    { FC_TIMER_HELPER_STORE_GLOBAL, FCC_CODE(fcc_helper_store_global) },
    { FC_TIMER_HELPER_FETCH_LOCAL, FCC_CODE(fcc_helper_fetch_local) },
    { FC_TIMER_HELPER_FETCH_GLOBAL, FCC_CODE(fcc_helper_fetch_global) },
    { FC_TIMER_HELPER_STORE_TENANT, FCC_CODE(fcc_helper_store_tenant) },
    { FC_TIMER_HELPER_FETCH_TENANT, FCC_CODE(fcc_helper_fetch_tenant) },
};

#define HOST                                                                                                           \
    .host.helpers = helpers, .host.helper_count = COUNT_OF(helpers), .host.features = FEATURES,                        \
    .host.stack_length = CONTAINER_STACK, .fuel = 100000, .policy = FCC_POLICY_CONTINUE, .trap_limit = 3

static const fcc_hook_info_t timer_info = FC_TIMER_HOOK_INFO(0, HOST);
static const fcc_hook_info_t sample_info = FC_SAMPLE_HOOK_INFO(0, HOST);
static fcc_hook_t timer_hook = { .info = &timer_info };
static fcc_hook_t sample_hook = { .info = &sample_info };
static fcc_hook_t *hooks;

static fcc_store_row_t rows[STORE_ROWS];
static fcc_store_t store = { .rows = rows, .count = STORE_ROWS };

/* While an image is replaced, both count: so each tenant has memory and containers for one more than it has places. */
static const fcc_tenant_info_t house_info = {
    .id = HOUSE, .store = &store, .ram = 16384, .time = FCC_UNKNOWN, .containers = 3, .store_rows = 20,
};
static const fcc_hook_right_t guest_hooks[] = { { FC_TIMER_HOOK_ID, 0 } };
static const fcc_tenant_info_t guest_info = {
    .id = GUEST, .hooks = guest_hooks, .hook_count = COUNT_OF(guest_hooks), .store = &store, .ram = 8192,
    .time = FCC_UNKNOWN, .containers = 2, .store_rows = 8,
};
static fcc_tenant_t house = { .info = &house_info };
static fcc_tenant_t guest = { .info = &guest_info };

static uint64_t memory[PLACES][2][MEMORY_WORDS];
#define MEMORY(place)                                                                                                  \
    .memory = { memory[place][0], memory[place][1] }, .memory_length = sizeof(memory[place][0])

/* The length of trials is told when the device is started: a firmware that knows it makes this table constant. */
static fcc_place_t places[PLACES] = {
    { .component = FC_TIMER_COMPONENT, .hook = &timer_hook, .tenant = &house, MEMORY(0), .order = 10,
      .slots = { AT_TIMER, AT_TIMER + SLOT_LENGTH }, .slot_length = SLOT_LENGTH, .factory = counter, .factory_length = COUNTER_LENGTH },
    { .component = FC_TIMER_COMPONENT ".guest", .hook = &timer_hook, .tenant = &guest, MEMORY(1), .order = 20,
      .slots = { AT_GUEST, AT_GUEST + SLOT_LENGTH }, .slot_length = SLOT_LENGTH },
    { .component = FC_SAMPLE_COMPONENT, .hook = &sample_hook, .tenant = &house, MEMORY(2),
      .slots = { AT_SAMPLE, AT_SAMPLE + SMALL_LENGTH }, .slot_length = SMALL_LENGTH },
};
static fcc_place_state_t states[PLACES];
static fcc_update_info_t info = { .records = { 0, FLASH_PAGE }, .places = places, .place_count = PLACES };

fcc_update_t update = { .info = &info, .states = states };

int device_start(const device_parts_t *parts)
{
    info.flash = parts->flash;
    info.keys = parts->keys;
    info.key_count = parts->key_count;
    info.vendor = parts->vendor;
    info.class_id = parts->class_id;
    for (uint32_t i = 0; i < PLACES; i++) {
        places[i].trial_runs = parts->trial_runs;
    }
    fcc_tenant_period(&house);
    fcc_tenant_period(&guest);
    fcc_hook_register(&hooks, &timer_hook);
    fcc_hook_register(&hooks, &sample_hook);
    return fcc_update_boot(&update);
}

void device_tick(uint32_t ticks, uint32_t period)
{
    /* Static, as a container on a 64-bit host reaches only what lies below 4 GiB, and the stack does not. */
    static fc_timer_ctx_t timer;
    static fc_sample_ctx_t sample;
    timer.ticks = sample.ticks = ticks;
    timer.period = sample.period = period;
    fcc_hook_run(&timer_hook, &timer, sizeof(timer), NULL);
    fcc_hook_run(&sample_hook, &sample, sizeof(sample), NULL);
}

/* SPDX-License-Identifier: MIT */
#include "firmware.h"
#include "board/board.h"
#include "log.h"
#include <fcc_helpers.h>

/* Core features, as `fcc targets --json` has them; from the command line. */
#ifndef FEATURES
#error "-DFEATURES=... says what the core has"
#endif

/*
 * Stack below the callers of fcc_hook_run that a container may use. The rest of the 8 KiB is the firmware's and the
 * interrupt's.
 */
#define CONTAINER_STACK 1536u

fcc_hook_t *hooks;
fcc_hook_t tick_hook, sample_hook;
fcc_tenant_t house, guest;
volatile uint32_t valve, valve_calls, ticks, wanted_valve, stop_at, tick_mistakes;
fcc_slot_t *volatile to_stop;

static fcc_store_row_t rows[STORE_ROWS];
fcc_store_t store;

/* Helper of the firmware's own. The compiler has shown that the percentage is one; interpreted code was checked. */
void fcc_helper_set_valve(fcc_instance_t *instance, uint32_t percent)
{
    (void)instance;
    valve = percent;
    valve_calls++;
}

/* Where the printf of containers goes (fcc_helpers.h). */
void fcc_put(fcc_instance_t *instance, const char *bytes, uint32_t count)
{
    (void)instance;
    while (count-- > 0) {
        board_put(*bytes++);
    }
}

/* All that the firmware has; each hook's contract allows some of it. */
static const fcc_helper_t helpers[] = {
    { FC_SAMPLE_HELPER_PRINTF, FCC_CODE(fcc_helper_printf) },
    { FC_SAMPLE_HELPER_MEMCPY, FCC_CODE(fcc_helper_memcpy) },
    { FC_SAMPLE_HELPER_STORE_LOCAL, FCC_CODE(fcc_helper_store_local) },
    { FC_SAMPLE_HELPER_STORE_GLOBAL, FCC_CODE(fcc_helper_store_global) },
    { FC_SAMPLE_HELPER_FETCH_LOCAL, FCC_CODE(fcc_helper_fetch_local) },
    { FC_SAMPLE_HELPER_FETCH_GLOBAL, FCC_CODE(fcc_helper_fetch_global) },
    { FC_SAMPLE_HELPER_STORE_TENANT, FCC_CODE(fcc_helper_store_tenant) },
    { FC_TICK_HELPER_SET_VALVE, FCC_CODE(fcc_helper_set_valve) },
};

/* What interpreted code must know of them. */
const fcc_signature_t fcc_own_signatures[] = { FC_TICK_SIGNATURES, 0 };

#define HOST                                                                                                           \
    .host.helpers = helpers, .host.helper_count = sizeof(helpers) / sizeof(helpers[0]), .host.features = FEATURES,     \
    .host.stack_length = CONTAINER_STACK

/* Run in the timer's interrupt, so that its contract allows no helper that blocks. */
static const fcc_hook_info_t tick_info =
    FC_TICK_HOOK_INFO(0, HOST, .fuel = 1000, .policy = FCC_POLICY_CONTINUE);

/* Run in the main loop. */
static const fcc_hook_info_t sample_info =
    FC_SAMPLE_HOOK_INFO(0, HOST, .fuel = SAMPLE_FUEL, .policy = FCC_POLICY_CONTINUE, .trap_limit = TRAP_LIMIT);

/* The house may do what the hooks allow, as often as it likes. */
static const fcc_tenant_info_t house_info = {
    .id = 1,
    .store = &store,
    .ram = 16384,
    .time = FCC_UNKNOWN,
    .containers = 4,
    .store_rows = HOUSE_ROWS,
};

/* The guest may come to one hook, and has little of everything. */
static const fcc_hook_right_t guest_hooks[] = { { FC_SAMPLE_HOOK_ID, 0 } };
#define GUEST                                                                                                          \
    .id = 2, .hooks = guest_hooks, .hook_count = 1, .store = &store, .ram = 10240, .containers = 2,                \
    .store_rows = GUEST_ROWS
const fcc_tenant_info_t guest_info = { GUEST, .time = GUEST_TIME };
const fcc_tenant_info_t guest_for_ever = { GUEST, .time = FCC_UNKNOWN };

/* Calls fcc_stop until it has taken effect: one call may be lost. */
static void _stop(void)
{
    fcc_slot_t *slot = to_stop;
    if (slot != NULL && (int32_t)(ticks - stop_at) >= 0 && fcc_state(slot) == FCC_STATE_RUNNING) {
        fcc_stop(slot);
    }
}

void on_tick(void)
{
    static uint32_t answered;
    ticks++;
    fc_tick_ctx_t context = { .ticks = ticks, .valve = wanted_valve };
    int64_t count = 0;
    if (fcc_hook_run(&tick_hook, &context, sizeof(context), &count) != 0) {
        answered++;
        tick_mistakes += count != (int64_t)answered || valve != wanted_valve;
    }
    _stop();
}

void on_fault(void)
{
    say("WRONG: a fault in the firmware\n");
    board_exit(1);
}

void firmware_start(void)
{
    store.rows = rows;
    store.count = STORE_ROWS;
    house.info = &house_info;
    guest.info = &guest_info;
    fcc_tenant_period(&house);
    fcc_tenant_period(&guest);
    tick_hook.info = &tick_info;
    sample_hook.info = &sample_info;
    fcc_hook_register(&hooks, &tick_hook);
    fcc_hook_register(&hooks, &sample_hook);
}

const char *trap_name(uint32_t trap)
{
    static const char *const names[] = {
        "none", "memory", "fuel", "stack", "helper", "unreachable", "fault", "killed",
    };
    return trap < sizeof(names) / sizeof(names[0]) ? names[trap] : "unknown";
}

const char *status_name(int status)
{
    switch (status) {
    case 0:
        return "done";
    case FCC_E_CHECKSUM:
        return "its checksum is wrong";
    case FCC_E_HELPER:
        return "it wants a helper that it may not call";
    case FCC_E_CONTEXT:
        return "it wants more of the context than its contract gives";
    case FCC_E_CONTRACT:
        return "it was made for another contract";
    case FCC_E_RIGHTS:
        return "its tenant has no right to this hook";
    case FCC_E_QUOTA:
        return "its tenant has no quota left";
    case FCC_E_STOPPED:
        return "it is stopped";
    case FCC_E_TARGET:
        return "it is code for another core";
    default:
        return "see fcc_image.h";
    }
}

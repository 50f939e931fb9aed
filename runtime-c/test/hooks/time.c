/* SPDX-License-Identifier: MIT */
/* Time: what runs cost, and tenants whose share is used up. */
#include "world.h"

#if FCC_CLOCK
/* Ticks whenever it is asked, and when a container calls `probe`. */
static uint32_t now;

uint32_t fcc_clock(void)
{
    return now++;
}

static uint64_t _pass(fcc_instance_t *instance, uint32_t value)
{
    (void)instance;
    now += value;
    return value;
}

static void _clock(void)
{
    int64_t result;
    world.probe = _pass;
    world.tenant_info[0].time = 100;
    fcc_tenant_period(&world.tenant[0]);
    fcc_slot_t *slot = put(ENTRY_PROBE, 0, 0, 0);
    fcc_slot_t *other = put(ENTRY_PROBE, 1, 1, 1);
    now = 0xfffffff0u; /* wraps around */
    EQUAL(run(39, 0, &result), 2);
    EQUAL(world.tenant[0].time_left, 60);
    EQUAL(run(58, 0, &result), 2);
    EQUAL(world.tenant[0].time_left, 1);
    EQUAL(run(1000, 0, &result), 2);
    EQUAL(world.tenant[0].time_left, 0);
    EQUAL(run(1, 0, &result), 1);
    EQUAL(status_of(slot).runs, 3);
    EQUAL(status_of(other).runs, 4);
    fcc_tenant_period(&world.tenant[0]);
    EQUAL(run(1, 0, &result), 2);
    EQUAL(world.tenant[0].time_left, 98);
    /* Instructions are counted all the same. */
    EQUAL(status_of(slot).instructions > 0, 1);
    /* Fuel has another unit: time does not cut it. */
    world.tenant[0].time_left = 1;
    fcc_result_t end;
    EQUAL(fcc_uninstall(&world.hook, slot), 0);
    slot = put(ENTRY_BURN, 0, 0, 0);
    world.context.a = 50;
    EQUAL(fcc_slot_run(&world.hook, slot, &world.context, sizeof(world.context), FUEL, &end), 0);
    EQUAL(end.trap, 0);
}

const test_t time_tests[] = { { "time by a clock of the firmware", _clock }, { NULL, NULL } };
#else

static uint32_t _cost(const void *image, uint32_t hash)
{
    const fcc_header_t *h = image;
    const fcc_entry_t *entry = (const void *)(h + 1);
    while (entry->name_hash != hash) {
        entry++;
    }
    return entry->worst_case;
}

/* An entry whose loops are bounded is charged with its worst case, others with the fuel they spend. */
static void _charges(void)
{
    fcc_result_t end;
    fcc_slot_t *slot = put(ENTRY_COUNT, 0, 0, 0);
    uint32_t cost = _cost(IMAGE_TEST, ENTRY_COUNT);
    EQUAL(status_of(slot).instructions, 0);
    for (uint32_t i = 1; i <= 3; i++) {
        call(slot, 0, 0);
        if (!IS_EBPF) {
            EQUAL(cost != FCC_UNKNOWN && cost > 2, 1);
            EQUAL(status_of(slot).instructions, i * cost);
        }
    }
    fcc_slot_t *burn = put(ENTRY_BURN, 1, 0, 0);
    call(burn, 100, 0);
    uint32_t once = status_of(burn).instructions;
    EQUAL(once >= 100 && once < 2000, 1);
    call(burn, 100, 0);
    EQUAL(status_of(burn).instructions, 2 * once);
    world.context.a = 0xffffffffu;
    EQUAL(fcc_slot_run(&world.hook, burn, &world.context, sizeof(world.context), 3000, &end), 0);
    EQUAL(end.trap, FCC_TRAP_FUEL);
    EQUAL(end.site != FCC_UNKNOWN, 1);
    uint32_t spent = status_of(burn).instructions - 2 * once;
    EQUAL(spent <= 3000 && spent > 2900, 1);
}

/* An entry that is bounded does not run unless its worst case is left. */
static void _bounded(void)
{
    int64_t result;
    fcc_result_t end;
    if (IS_EBPF) {
        return;
    }
    uint32_t cost = _cost(IMAGE_TEST, ENTRY_COUNT);
    world.tenant_info[0].time = 3 * cost - 1;
    fcc_tenant_period(&world.tenant[0]);
    fcc_slot_t *slot = put(ENTRY_COUNT, 0, 0, 0);
    fcc_slot_t *other = put(ENTRY_COUNT, 1, 1, 1);
    EQUAL(run(0, 0, &result), 2);
    EQUAL(world.tenant[0].time_left, 2 * cost - 1);
    EQUAL(run(0, 0, &result), 2);
    EQUAL(world.tenant[0].time_left, cost - 1);
    EQUAL(run(0, 0, &result), 1);
    EQUAL(fcc_slot_run(&world.hook, slot, &world.context, sizeof(world.context), FUEL, &end), FCC_E_QUOTA);
    EQUAL(world.tenant[0].time_left, cost - 1);
    EQUAL(status_of(slot).runs, 2);
    EQUAL(status_of(slot).instructions, 2 * cost);
    EQUAL(status_of(other).runs, 3);
    EQUAL(fcc_state(slot), FCC_STATE_IDLE);
    fcc_tenant_period(&world.tenant[0]);
    EQUAL(run(0, 0, &result), 2);
    EQUAL(status_of(slot).runs, 3);
    EQUAL(result, 9);
    /* A trap costs the same. */
    fcc_slot_t *bad = put(ENTRY_COUNT_BAD, 2, 0, 2);
    cost = _cost(IMAGE_TEST, ENTRY_COUNT_BAD);
    world.tenant[0].time_left = cost;
    EQUAL(fcc_slot_run(&world.hook, bad, &(context_t){ 8, 0 }, sizeof(context_t), FUEL, &end), 0);
    EQUAL(end.trap, FCC_TRAP_MEMORY);
    EQUAL(world.tenant[0].time_left, 0);
}

/* A run has at most the fuel that is left; of what it does not spend, nothing is charged. */
static void _fuelled(void)
{
    int64_t result;
    world.tenant_info[0].time = 1500;
    fcc_tenant_period(&world.tenant[0]);
    fcc_slot_t *spin = put(ENTRY_SPIN, 0, 0, 0);
    fcc_slot_t *burn = put(ENTRY_BURN, 1, 0, 1);
    fcc_slot_t *other = put(ENTRY_SPIN, 2, 1, 2);
    call(burn, 100, 0);
    uint32_t once = status_of(burn).instructions;
    EQUAL(world.tenant[0].time_left, 1500 - once);
    EQUAL(run(100, 0, &result), 0);
    uint32_t spent = status_of(spin).instructions;
    EQUAL(spent <= 1500 - once && spent > 1400 - once, 1);
    EQUAL(world.tenant[0].time_left < 100, 1);
    EQUAL(status_of(spin).trap, FCC_TRAP_FUEL);
    /* The other tenant's loop had all of its hook's. */
    EQUAL(status_of(other).instructions > FUEL - 100, 1);
    world.tenant[0].time_left = 0;
    uint32_t before = status_of(burn).runs;
    EQUAL(run(1, 0, &result), 0);
    EQUAL(status_of(burn).runs, before);
    EQUAL(status_of(other).runs, 2);
    fcc_tenant_period(&world.tenant[0]);
    EQUAL(world.tenant[0].time_left, 1500);
    call(burn, 1, 0);
}

/* Time that does not suffice for another turn is used up by trying: else each try would have the way to its first turn for nothing. */
static void _rest(void)
{
    int64_t result;
    world.tenant_info[0].time = 1;
    fcc_tenant_period(&world.tenant[0]);
    fcc_slot_t *burn = put(ENTRY_BURN, 0, 0, 0);
    EQUAL(run(1000, 0, &result), 0);
    EQUAL(status_of(burn).trap, FCC_TRAP_FUEL);
    EQUAL(status_of(burn).instructions, 1);
    EQUAL(world.tenant[0].time_left, 0);
    EQUAL(run(1000, 0, &result), 0);
    EQUAL(status_of(burn).runs, 1);
}

static void _more_fuel(void)
{
    fcc_result_t end;
    fcc_slot_t *burn = put(ENTRY_BURN, 0, 0, 0);
    world.context.a = 20000;
    EQUAL(fcc_slot_run(&world.hook, burn, &world.context, sizeof(world.context), FUEL, &end), 0);
    EQUAL(end.trap, FCC_TRAP_FUEL);
    EQUAL(fcc_slot_run(&world.hook, burn, &world.context, sizeof(world.context), 50 * FUEL, &end), 0);
    EQUAL(end.trap, 0);
    EQUAL(end.value, 1);
    /* FCC_UNKNOWN is a number like others here. */
    EQUAL(fcc_slot_run(&world.hook, burn, &world.context, sizeof(world.context), FCC_UNKNOWN, &end), 0);
    EQUAL(end.trap, 0);
}

static uint64_t _nested(fcc_instance_t *instance, uint32_t value)
{
    (void)instance;
    world.probe = NULL;
    /* Inside of a run of the same tenant: both are charged. */
    fcc_hook_run(&world.hook, &world.context, sizeof(world.context), NULL);
    return value;
}

static void _same_time(void)
{
    int64_t result;
    if (IS_EBPF) {
        return;
    }
    world.tenant_info[0].time = 1000;
    fcc_tenant_period(&world.tenant[0]);
    world.probe = _nested;
    put(ENTRY_PROBE, 0, 0, 0);
    put(ENTRY_COUNT, 1, 0, 1);
    EQUAL(run(0, 0, &result), 2);
    EQUAL(world.tenant[0].time_left, 1000 - _cost(IMAGE_TEST, ENTRY_PROBE) - 2 * _cost(IMAGE_TEST, ENTRY_COUNT));
    /* What is spent by more than is left leaves nothing, and does not wrap around. */
    world.probe = _nested;
    world.tenant[0].time_left = _cost(IMAGE_TEST, ENTRY_PROBE);
    EQUAL(run(0, 0, &result) >= 1, 1);
    EQUAL(world.tenant[0].time_left, 0);
}

const test_t time_tests[] = {
    { "runs are charged with their worst case or their fuel", _charges },
    { "a bounded container needs its worst case", _bounded },
    { "a fuelled container has what is left", _fuelled },
    { "the rest of a tenant's time is used up by one run", _rest },
    { "a container runs with other fuel", _more_fuel },
    { "containers of one tenant inside each other are charged both", _same_time },
    { NULL, NULL },
};
#endif

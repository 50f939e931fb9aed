/* SPDX-License-Identifier: MIT */
/* Runs: results, policies, traps, contexts, re-entrancy. */
#include "world.h"

static void _results(void)
{
    int64_t result;
    EQUAL(run(5, 0, &result), 0);
    EQUAL(result, -1);
    fcc_slot_t *slot = put(ENTRY_ECHO, 0, 0, 0);
    EQUAL(run(5, 0, &result), 1);
    EQUAL(result, 5);
    EQUAL(run(0xfffffffeu, 0, &result), 1);
    EQUAL(result, -2);
    EQUAL((int64_t)status_of(slot).value, -2);
    EQUAL(status_of(slot).runs, 2);
    EQUAL(status_of(slot).traps, 0);
    EQUAL(status_of(slot).site, FCC_UNKNOWN);
    EQUAL(status_of(slot).state, FCC_STATE_IDLE);
    put(ENTRY_ZERO, 1, 1, 0);
    EQUAL(run(9, 0, &result), 2);
    EQUAL(result, 0);
    /* The hook may not want to know. */
    EQUAL(fcc_hook_run(&world.hook, &world.context, sizeof(world.context), NULL), 2);
    EQUAL(status_of(slot).value, 9);
}

/* Runs three containers whose results are 0, the context's number and 0; how many ran. */
static uint32_t _by_policy(uint8_t policy, int32_t value)
{
    int64_t result;
    world.info.policy = policy;
    return run((uint32_t)value, 0, &result);
}

static void _policies(void)
{
    put(ENTRY_ZERO, 0, 0, 0);
    put(ENTRY_ECHO, 1, 1, 1);
    put(ENTRY_ZERO, 2, 0, 2);
    static const struct {
        uint8_t policy;
        int32_t value;
        uint32_t count;
    } cases[] = {
        { FCC_POLICY_CONTINUE, -1, 3 },         { FCC_POLICY_CONTINUE, 1, 3 },
        { FCC_POLICY_STOP_ON_NEGATIVE, -1, 2 }, { FCC_POLICY_STOP_ON_NEGATIVE, INT32_MIN, 2 },
        { FCC_POLICY_STOP_ON_NEGATIVE, 0, 3 },  { FCC_POLICY_STOP_ON_NEGATIVE, 1, 3 },
        { FCC_POLICY_STOP_ON_POSITIVE, -1, 3 }, { FCC_POLICY_STOP_ON_POSITIVE, 0, 3 },
        { FCC_POLICY_STOP_ON_POSITIVE, 1, 2 },  { FCC_POLICY_STOP_ON_POSITIVE, INT32_MAX, 2 },
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        EQUAL(_by_policy(cases[i].policy, cases[i].value), cases[i].count);
    }
}

static uint64_t _wide(fcc_instance_t *instance, uint32_t value)
{
    (void)instance;
    return value == 0 ? 0x100000000u : 0x8000000000000000u;
}

/* Results are signed numbers of 64 bits, not of 32. */
static void _wide_results(void)
{
    put(ENTRY_PROBE, 0, 0, 0);
    put(ENTRY_ZERO, 1, 0, 1);
    world.probe = _wide;
    EQUAL(_by_policy(FCC_POLICY_STOP_ON_POSITIVE, 0), 1);
    EQUAL(_by_policy(FCC_POLICY_STOP_ON_POSITIVE, 1), 2);
    EQUAL(_by_policy(FCC_POLICY_STOP_ON_NEGATIVE, 0), 2);
    EQUAL(_by_policy(FCC_POLICY_STOP_ON_NEGATIVE, 1), 1);
}

/* A container that traps has no result: the others run, and the hook has the result of the last that ended well. */
static void _traps(void)
{
    int64_t result;
    fcc_result_t end;
    world.info.policy = FCC_POLICY_STOP_ON_NEGATIVE;
    put(ENTRY_ECHO, 0, 0, 0);
    fcc_slot_t *bad = put(ENTRY_COUNT_BAD, 1, 1, 1);
    EQUAL(run(8, 0, &result), 1);
    EQUAL(result, 8);
    EQUAL(status_of(bad).trap, FCC_TRAP_MEMORY);
    EQUAL(status_of(bad).traps, 1);
    EQUAL(status_of(bad).runs, 1);
    EQUAL(status_of(bad).site != FCC_UNKNOWN, 1);
    EQUAL(fcc_slot_run(&world.hook, bad, &world.context, sizeof(world.context), FUEL, &end), 0);
    EQUAL(end.trap, FCC_TRAP_MEMORY);
    EQUAL(end.value, 0);
    EQUAL(end.site, status_of(bad).site);
    /* Globals stay as the program left them. */
    EQUAL(run(0, 0, &result), 2);
    EQUAL(result, 3);
    EQUAL(status_of(bad).trap, 0);
    EQUAL(status_of(bad).site, FCC_UNKNOWN);
    EQUAL(status_of(bad).traps, 2);
    EQUAL(status_of(bad).runs, 3);
    /* The value of the last good run outlives a trap. */
    EQUAL(run(8, 0, &result), 1);
    EQUAL(status_of(bad).value, 3);
    EQUAL(fcc_slot_run(&world.hook, bad, &world.context, sizeof(world.context), FUEL, &end), 0);
    EQUAL(end.trap, FCC_TRAP_MEMORY);
    EQUAL(end.value, 0);
}

static void _reset(void)
{
    int64_t result;
    world.info.flags = FCC_HOOK_RESET;
    put(ENTRY_COUNT_BAD, 0, 0, 0);
    EQUAL(run(0, 0, &result), 1);
    EQUAL(result, 1);
    EQUAL(run(0, 0, &result), 1);
    EQUAL(result, 2);
    EQUAL(run(8, 0, &result), 0);
    EQUAL(run(0, 0, &result), 1);
    EQUAL(result, 1);
}

static void _limit(void)
{
    int64_t result;
    world.info.trap_limit = 3;
    fcc_slot_t *slot = put(ENTRY_COUNT_BAD, 0, 0, 0);
    run(8, 0, &result);
    run(8, 0, &result);
    EQUAL(run(0, 0, &result), 1);
    run(8, 0, &result);
    run(8, 0, &result);
    EQUAL(fcc_state(slot), FCC_STATE_IDLE);
    run(8, 0, &result);
    EQUAL(fcc_state(slot), FCC_STATE_STOPPED);
    EQUAL(status_of(slot).trap, FCC_TRAP_MEMORY);
    EQUAL(run(0, 0, &result), 0);
    EQUAL(status_of(slot).runs, 6);
    EQUAL(fcc_restart(slot), 0);
    /* Afresh: globals, and the count of traps in a row. */
    run(8, 0, &result);
    run(8, 0, &result);
    EQUAL(fcc_state(slot), FCC_STATE_IDLE);
    EQUAL(run(0, 0, &result), 1);
    EQUAL(result, 3);
    EQUAL(status_of(slot).traps, 7);
    /* The most that can be counted, and never. */
    world.info.trap_limit = 16;
    for (uint32_t i = 0; i < 15; i++) {
        run(8, 0, &result);
    }
    EQUAL(fcc_state(slot), FCC_STATE_IDLE);
    run(8, 0, &result);
    EQUAL(fcc_state(slot), FCC_STATE_STOPPED);
    EQUAL(fcc_restart(slot), 0);
    for (uint16_t limit = 0; limit <= 17; limit += 17) {
        world.info.trap_limit = limit;
        for (uint32_t i = 0; i < 1050; i++) {
            run(8, 0, &result);
        }
        EQUAL(fcc_state(slot), FCC_STATE_IDLE);
    }
    EQUAL(status_of(slot).traps, 2047);
    EQUAL(status_of(slot).runs, 6 + 3 + 16 + 2100);
}

static void _contexts(void)
{
    fcc_result_t end = { 1, 2, 3 };
    fcc_slot_t *slot = put(ENTRY_ECHO, 0, 0, 0);
    uint8_t *bytes = (uint8_t *)&world.context;
    world.context.a = 4;
    /* The row of a new container's context says nothing yet. */
    EQUAL(fcc_hook_run(&world.hook, NULL, 0, NULL), 0);
    static const struct {
        uint32_t offset, length;
    } bad[] = { { 0, 7 }, { 0, 9 }, { 0, 0 }, { 2, 8 }, { 1, 8 } };
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        EQUAL(fcc_hook_run(&world.hook, bytes + bad[i].offset, bad[i].length, NULL), 0);
        EQUAL(fcc_slot_run(&world.hook, slot, bytes + bad[i].offset, bad[i].length, FUEL, &end), FCC_E_CONTEXT);
    }
    /* A region must not reach the end of memory. */
    EQUAL(fcc_slot_run(&world.hook, slot, (void *)(uintptr_t)0xfffffff8u, 8, FUEL, &end), FCC_E_CONTEXT);
    EQUAL(status_of(slot).runs, 0);
    EQUAL(end.site, 3);
    EQUAL(fcc_slot_run(&world.hook, slot, bytes, 8, FUEL, &end), 0);
    EQUAL(end.value, 4);
    EQUAL(end.trap, 0);
    EQUAL(end.site, FCC_UNKNOWN);
    /* Nor does that of one that has run speak for another context. */
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        EQUAL(fcc_hook_run(&world.hook, bytes + bad[i].offset, bad[i].length, NULL), 0);
    }
    EQUAL(fcc_hook_run(&world.hook, bytes, 8, NULL), 1);
    EQUAL(fcc_hook_run(&world.hook, bytes, 8, NULL), 1);
    EQUAL(status_of(slot).runs, 3);
    slot = NULL;
    WHAT(OPEN, 0, 1);
    EQUAL(fcc_install(&world.open, &world.tenant[0], &world.what, &slot), 0);
    int64_t result = -1;
    for (uint32_t length = 0; length < 8; length++) {
        EQUAL(fcc_hook_run(&world.open, bytes + 1, length, &result), 1);
        EQUAL(result, length);
    }
    EQUAL(fcc_hook_run(&world.open, NULL, 0, &result), 1);
    EQUAL(fcc_slot_run(&world.open, slot, (void *)(uintptr_t)16, 0x80000000u, FUEL, &end), FCC_E_CONTEXT);
    EQUAL(fcc_slot_run(&world.open, slot, (void *)(uintptr_t)0xfffffff0u, 16, FUEL, &end), FCC_E_CONTEXT);
    EQUAL(fcc_hook_run(&world.open, (void *)(uintptr_t)0xfffffff0u, 16, &result), 0);
}

/* The region that a hook lends is each container's that is installed there. */
static void _regions(void)
{
    fcc_slot_t *slot = put(ENTRY_LEND, 0, 0, 0);
    world.lent[1] = 5;
    EQUAL(call(slot, 8, 0), 5);
    EQUAL(world.lent[1], 6);
}

static uint64_t _abort_late(fcc_instance_t *instance, uint32_t value)
{
    platform_set_float(2);
    fcc_abort(instance, value);
}

/* A helper that ends its container has changed what it would have put back: those before it find their registers as they were. */
static void _floats(void)
{
    int64_t result;
    world.probe = _abort_late;
    fcc_slot_t *slot = put(ENTRY_PROBE, 0, 0, 0);
    for (uint32_t trap = 1; trap < FCC_TRAP_LIMIT; trap++) {
        platform_set_float(1);
        EQUAL(run(trap, 0, &result), 0);
        EQUAL(platform_float(), 1);
        EQUAL(status_of(slot).trap, trap);
    }
}

static uint32_t nested;

static uint64_t _again(fcc_instance_t *instance, uint32_t value)
{
    (void)instance;
    int64_t result = -1;
    if (world.probed == 1) {
        nested = fcc_hook_run(&world.hook, &world.context, sizeof(world.context), &result);
        EQUAL(result, 1);
    }
    return value;
}

/* A helper that runs the hook again: what runs is passed by, the others run. */
static void _reentrant(void)
{
    int64_t result;
    world.probe = _again;
    put(ENTRY_COUNT_BAD, 0, 0, 0);
    fcc_slot_t *outer = put(ENTRY_PROBE, 1, 0, 1);
    fcc_slot_t *inner = put(ENTRY_COUNT_BAD, 2, 1, 2);
    EQUAL(run(0, 0, &result), 3);
    EQUAL(nested, 2);
    EQUAL(result, 2);
    EQUAL(status_of(outer).runs, 1);
    EQUAL(status_of(inner).runs, 2);
    EQUAL(world.probed, 1);
}

static void _in_interrupt(void)
{
    nested = fcc_hook_run(&world.hook, &world.context, sizeof(world.context), NULL);
}

static uint64_t _interrupted(fcc_instance_t *instance, uint32_t value)
{
    (void)instance;
    EQUAL(fcc_state(fcc_slot_of(instance)), FCC_STATE_RUNNING);
    platform_interrupt();
    return value;
}

static void _interrupts(void)
{
    int64_t result;
    world.info.flags = FCC_HOOK_INTERRUPT;
    platform_handler = _in_interrupt;
    world.probe = _interrupted;
    fcc_slot_t *outer = put(ENTRY_PROBE, 0, 0, 0);
    fcc_slot_t *inner = put(ENTRY_COUNT_BAD, 1, 1, 1);
    EQUAL(run(3, 0, &result), 2);
    EQUAL(nested, 1);
    EQUAL(result, 2);
    EQUAL(status_of(outer).runs, 1);
    EQUAL(status_of(outer).value, 3);
    EQUAL(status_of(inner).runs, 2);
}

const test_t run_tests[] = {
    { "results and counts", _results },
    { "policies", _policies },
    { "policies look at 64 bits", _wide_results },
    { "a trap is no result", _traps },
    { "a hook that resets what trapped", _reset },
    { "traps in a row stop a container", _limit },
    { "contexts that are not the contract's", _contexts },
    { "regions that the hook lends", _regions },
    { "a helper that aborts leaves registers as they were", _floats },
    { "a hook runs inside of its own run", _reentrant },
    { "a hook runs in an interrupt of its own run", _interrupts },
    { NULL, NULL },
};

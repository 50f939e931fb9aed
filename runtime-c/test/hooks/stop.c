/* SPDX-License-Identifier: MIT */
/* Stopping and restarting, and taking containers out or putting them in while others run. */
#include "world.h"

static void _idle(void)
{
    int64_t result;
    fcc_result_t end;
    fcc_slot_t *slot = put(ENTRY_COUNT, 0, 0, 0);
    fcc_slot_t *other = put(ENTRY_ZERO, 1, 1, 1);
    EQUAL(call(slot, 0, 0), 6);
    EQUAL(fcc_is_stopping(slot), 0);
    fcc_stop(slot);
    fcc_stop(slot);
    EQUAL(fcc_is_stopping(slot), 1);
    EQUAL(fcc_state(slot), FCC_STATE_STOPPED);
    EQUAL(status_of(slot).state, FCC_STATE_STOPPED);
    EQUAL(run(0, 0, &result), 1);
    EQUAL(result, 0);
    EQUAL(fcc_slot_run(&world.hook, slot, &world.context, sizeof(world.context), FUEL, &end), FCC_E_STOPPED);
    EQUAL(status_of(slot).runs, 1);
    EQUAL(status_of(slot).trap, 0);
    EQUAL(status_of(other).runs, 1);
    EQUAL(fcc_restart(slot), 0);
    EQUAL(fcc_state(slot), FCC_STATE_IDLE);
    /* Globals are as at first, counts and the last value are not. */
    EQUAL(status_of(slot).value, 6);
    EQUAL(call(slot, 0, 0), 6);
    EQUAL(status_of(slot).runs, 2);
    /* Restarting one that was not stopped. */
    EQUAL(call(slot, 0, 0), 7);
    EQUAL(fcc_restart(slot), 0);
    EQUAL(call(slot, 0, 0), 6);
    /* A stopped one can be taken out, or replaced: the new one runs. */
    fcc_stop(slot);
    fcc_slot_t *changed = NULL;
    WHAT(OTHER, 0, 2);
    EQUAL(fcc_replace(&world.hook, slot, &world.what, &changed), 0);
    EQUAL(call(changed, 0, 0), 77);
    fcc_stop(changed);
    EQUAL(fcc_uninstall(&world.hook, changed), 0);
}

static fcc_slot_t *target;
static int tried[4];

static void _stop_target(void)
{
    fcc_stop(target);
}

static uint64_t _stop(fcc_instance_t *instance, uint32_t value)
{
    (void)instance;
    platform_interrupt();
    return value;
}

/* A container that would never end, stopped by an interrupt long before its fuel is spent. */
static void _running(void)
{
    int64_t result;
    fcc_result_t end;
    world.probe = _stop;
    platform_handler = _stop_target;
    world.info.fuel = 0xfffffff0u;
    target = put(ENTRY_PROBE_SPIN, 0, 0, 0);
    fcc_slot_t *next = put(ENTRY_ZERO, 1, 1, 1);
    EQUAL(run(1, 0, &result), 1);
    EQUAL(result, 0);
    EQUAL(status_of(target).trap, FCC_TRAP_KILLED);
    EQUAL(status_of(target).traps, 1);
    EQUAL(status_of(target).runs, 1);
    EQUAL(fcc_state(target), FCC_STATE_STOPPED);
    EQUAL(status_of(next).runs, 1);
    EQUAL(run(1, 0, &result), 1);
    EQUAL(world.probed, 1);
    EQUAL(fcc_restart(target), 0);
    EQUAL(fcc_slot_run(&world.hook, target, &world.context, sizeof(world.context), 0xffffffffu, &end), 0);
    EQUAL(end.trap, FCC_TRAP_KILLED);
    EQUAL(end.value, 0);
    EQUAL(fcc_state(target), FCC_STATE_STOPPED);
    /* After a restart its fuel is what the hook gives. */
    platform_handler = NULL;
    world.info.fuel = FUEL;
    EQUAL(fcc_restart(target), 0);
    EQUAL(run(1, 0, &result), 1);
    EQUAL(status_of(target).trap, FCC_TRAP_FUEL);
    EQUAL(fcc_state(target), FCC_STATE_IDLE);
}

/* A container without fuel runs to its end, but counts as stopped, and its result is nobody's. */
static void _bounded(void)
{
    int64_t result;
    world.probe = _stop;
    target = put(ENTRY_PROBE, 0, 0, 0);
    /* In its first run, and in one behind a good one. */
    for (uint32_t good = 0; good < 2; good++) {
        if (good) {
            EQUAL(run(6, 0, &result), 1);
        }
        platform_handler = _stop_target;
        EQUAL(run(5, 0, &result), 0);
        EQUAL(result, -1);
        EQUAL(status_of(target).trap, FCC_TRAP_KILLED);
        EQUAL(status_of(target).value, good ? 6 : 0);
        EQUAL(status_of(target).site, FCC_UNKNOWN);
        EQUAL(run(5, 0, &result), 0);
        EQUAL(status_of(target).runs, 1 + 2 * good);
        platform_handler = NULL;
        EQUAL(fcc_restart(target), 0);
    }
    EQUAL(run(5, 0, &result), 1);
    EQUAL(result, 5);
}

/* A trap of its own does not hide that it was stopped. */
static void _trapping(void)
{
    int64_t result;
    world.probe = _stop;
    platform_handler = _stop_target;
    target = put(ENTRY_PROBE_BAD, 0, 0, 0);
    EQUAL(run(8, 0, &result), 0);
    EQUAL(status_of(target).trap, FCC_TRAP_KILLED);
    EQUAL(fcc_state(target), FCC_STATE_STOPPED);
}

/* A helper that blocks ends the container when it is to stop. */
static uint64_t _block(fcc_instance_t *instance, uint32_t value)
{
    (void)value;
    EQUAL(fcc_is_stopping(fcc_slot_of(instance)), 0);
    platform_interrupt();
    EQUAL(fcc_is_stopping(fcc_slot_of(instance)), 1);
    fcc_abort(instance, FCC_TRAP_KILLED);
}

static void _blocking(void)
{
    int64_t result;
    world.probe = _block;
    platform_handler = _stop_target;
    target = put(ENTRY_PROBE, 0, 0, 0);
    EQUAL(run(8, 0, &result), 0);
    EQUAL(status_of(target).trap, FCC_TRAP_KILLED);
}

static void _on_itself(void)
{
    fcc_slot_t *changed = NULL;
    fcc_result_t end = { 1, 2, 3 };
    WHAT(OTHER, 0, 5);
    uint32_t ram = world.tenant[0].ram;
    tried[0] = fcc_uninstall(&world.hook, target);
    tried[1] = fcc_replace(&world.hook, target, &world.what, &changed);
    tried[2] = fcc_restart(target);
    tried[3] = fcc_slot_run(&world.hook, target, &world.context, sizeof(world.context), FUEL, &end);
    EQUAL(changed == NULL, 1);
    EQUAL(world.tenant[0].ram, ram);
    EQUAL(end.site, 3);
}

static uint64_t _try(fcc_instance_t *instance, uint32_t value)
{
    if (value == 0) {
        _on_itself();
    }
    else {
        platform_interrupt();
    }
    EQUAL(fcc_state(fcc_slot_of(instance)), FCC_STATE_RUNNING);
    return value;
}

/* What runs stays, whoever asks: its own helper, or an interrupt. */
static void _busy(void)
{
    int64_t result;
    world.probe = _try;
    platform_handler = _on_itself;
    target = put(ENTRY_PROBE, 0, 0, 0);
    for (uint32_t from = 0; from < 2; from++) {
        for (uint32_t i = 0; i < 4; i++) {
            tried[i] = 0;
        }
        EQUAL(run(from, 0, &result), 1);
        for (uint32_t i = 0; i < 4; i++) {
            EQUAL(tried[i], FCC_E_BUSY);
        }
    }
    EQUAL(fcc_store_get(target, FCC_SCOPE_LOCAL, 0), 0);
    EQUAL(fcc_uninstall(&world.hook, target), 0);
}

static fcc_slot_t *others[3];
static fcc_slot_t *fresh;

/* From an interrupt of the first: takes the next one out, stops the one behind it, and puts one to the end. */
static void _change(void)
{
    if (others[1] == NULL) {
        return;
    }
    EQUAL(fcc_uninstall(&world.hook, others[1]), 0);
    others[1] = NULL;
    for (uint32_t i = 0; i < PLACE_BYTES / 8; i++) {
        places[1][i] = 0xa5a5a5a5a5a5a5a5u;
    }
    fcc_stop(others[2]);
    WHAT(TEST, ENTRY_COUNT, 4)->order = 9;
    EQUAL(fcc_install(&world.hook, &world.tenant[1], &world.what, &fresh), 0);
}

static uint64_t _interrupt(fcc_instance_t *instance, uint32_t value)
{
    (void)instance;
    platform_interrupt();
    return value;
}

static void _changed_meanwhile(void)
{
    int64_t result;
    world.probe = _interrupt;
    platform_handler = _change;
    others[0] = put(ENTRY_PROBE, 0, 0, 0);
    others[1] = put(ENTRY_ZERO, 1, 1, 1);
    others[2] = put(ENTRY_ZERO, 2, 0, 2);
    EQUAL(run(5, 0, &result), 2);
    EQUAL(result, 6);
    EQUAL(status_of(others[2]).runs, 0);
    EQUAL(world.hook.first == others[0] && others[0]->next == others[2] && others[2]->next == fresh && fresh->next == NULL, 1);
    EQUAL(status_of(fresh).runs, 1);
}

/* The first is replaced while the second runs: the list goes on behind the new one. */
static void _replace_first(void)
{
    WHAT(OTHER, 0, 3);
    EQUAL(fcc_replace(&world.hook, others[0], &world.what, &fresh), 0);
    for (uint32_t i = 0; i < PLACE_BYTES / 8; i++) {
        places[0][i] = 0xa5a5a5a5a5a5a5a5u;
    }
    platform_handler = NULL;
}

static void _replaced_meanwhile(void)
{
    int64_t result;
    world.probe = _interrupt;
    platform_handler = _replace_first;
    others[0] = put(ENTRY_ECHO, 0, 0, 0);
    others[1] = put(ENTRY_PROBE, 1, 1, 1);
    others[2] = put(ENTRY_ECHO, 2, 0, 2);
    EQUAL(run(5, 0, &result), 3);
    EQUAL(world.hook.first == fresh && fresh->next == others[1], 1);
    EQUAL(run(5, 0, &result), 3);
    EQUAL(status_of(fresh).value, 77);
}

static uint32_t ticks, busy, done, period, chance;

/* Whatever the interrupted code was about. */
static void _disturb(void)
{
    int64_t result = 0;
    chance = chance * 1664525u + 1013904223u;
    uint32_t turn = (chance >> 16) % 6;
    ticks++;
    if (turn == 0) {
        fcc_stop(others[1]);
    }
    else if (turn == 1) {
        busy += fcc_restart(others[1]) == FCC_E_BUSY;
    }
    else if (turn == 2 && fresh == NULL) {
        WHAT(TEST, ENTRY_COUNT, 4)->order = 1;
        EQUAL(fcc_install(&world.hook, &world.tenant[1], &world.what, &fresh), 0);
    }
    else if (turn == 3 && fresh != NULL) {
        int status = fcc_uninstall(&world.hook, fresh);
        EQUAL(status == 0 || status == FCC_E_BUSY, 1);
        busy += status != 0;
        fresh = status == 0 ? NULL : fresh;
    }
    else if (turn == 4) {
        fcc_store_set(others[0], FCC_SCOPE_GLOBAL, ticks & 3, ticks);
        fcc_store_delete(others[0], FCC_SCOPE_GLOBAL, (ticks >> 2) & 3);
    }
    else {
        done += fcc_hook_run(&world.hook, &world.context, sizeof(world.context), &result);
    }
    /* From here on: what is interrupted gets on, however long this took. */
    platform_tick(period);
}

/*
 * Interrupts at every place of the code, as periods and rounds have no common length. No run is lost or counted twice, and in the end
 * everything is given back.
 */
static void _storm(void)
{
    static const uint32_t periods[] = { 997, 1301, 2003 };
    world.probe = NULL;
    ticks = busy = done = chance = 0;
    fresh = NULL;
    others[0] = put(ENTRY_PROBE, 0, 0, 0);
    others[1] = put(ENTRY_COUNT, 1, 1, 1);
    others[2] = put(ENTRY_SET_GLOBAL, 2, 0, 2);
    world.context = (context_t){ 2, 3 };
    platform_handler = _disturb;
    uint32_t turns = 0;
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t until = ticks + 1000;
        period = periods[i];
        platform_tick(period);
        while ((int32_t)(until - *(volatile uint32_t *)&ticks) > 0) {
            int64_t result;
            uint32_t count = fcc_hook_run(&world.hook, &world.context, sizeof(world.context), &result);
            EQUAL(count <= 4, 1);
            turns++;
        }
        platform_tick(0);
    }
    platform_handler = NULL;
    EQUAL(ticks >= 3000, 1);
    EQUAL(done > 100, 1);
    EQUAL(busy > 0, 1);
    EQUAL(status_of(others[0]).runs, world.probed);
    EQUAL(status_of(others[0]).runs >= turns, 1);
    if (fresh != NULL) {
        EQUAL(fcc_uninstall(&world.hook, fresh), 0);
    }
    for (uint32_t i = 0; i < 3; i++) {
        EQUAL(fcc_state(others[i]) != FCC_STATE_RUNNING, 1);
        EQUAL(status_of(others[i]).runs - status_of(others[i]).traps > 100, 1);
        EQUAL(fcc_uninstall(&world.hook, others[i]), 0);
    }
    EQUAL(world.hook.first == NULL, 1);
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t rows = 0;
        for (uint32_t k = 0; k < ROWS; k++) {
            rows += world.rows[k].payer == &world.tenant[i];
        }
        EQUAL(world.tenant[i].ram, 0);
        EQUAL(world.tenant[i].containers, 0);
        EQUAL(world.tenant[i].store_rows, rows);
    }
}

static uint32_t hits;

/* Says whether it met a restart on its way. */
static void _stop_restarting(void)
{
    ticks++;
    hits += fcc_state(target) == FCC_STATE_RUNNING;
    fcc_stop(target);
    platform_tick(period);
}

/* While the globals are set back, the mark of a run is there, but no run: what it would cost stays, and the stop is not lost. */
static void _stopped_while_restarted(void)
{
    /* Both are metered: by fuel, and by the worst case that each run takes from its tenant. */
    static const uint32_t entries[] = { ENTRY_BURN, IS_EBPF ? ENTRY_BURN : ENTRY_COUNT };
    for (uint32_t i = 0; i < 2; i++) {
        world.tenant_info[0].time = 1000000;
        fcc_tenant_period(&world.tenant[0]);
        target = put(entries[i], i, 0, 0);
        call(target, 100, 0);
        uint32_t once = status_of(target).instructions;
        EQUAL(once > 0, 1);
        ticks = 0;
        period = 997;
        platform_handler = _stop_restarting;
        platform_tick(period);
        uint32_t all = 0;
        while (*(volatile uint32_t *)&ticks < 300) {
            hits = 0;
            EQUAL(fcc_restart(target), 0);
            if (*(volatile uint32_t *)&hits != 0) {
                EQUAL(fcc_state(target), FCC_STATE_STOPPED);
                all++;
            }
        }
        platform_tick(0);
        platform_handler = NULL;
        EQUAL(all > 10, 1);
        EQUAL(fcc_restart(target), 0);
        call(target, 100, 0);
        EQUAL(status_of(target).instructions, 2 * once);
        EQUAL(fcc_uninstall(&world.hook, target), 0);
    }
}

const test_t stop_tests[] = {
    { "stopped while idle, and restarted", _idle },
    { "a container that loops for ever is stopped from an interrupt", _running },
    { "a bounded container is stopped at its end", _bounded },
    { "a stop counts more than a trap", _trapping },
    { "a helper that blocks ends a stopped container", _blocking },
    { "what runs is busy", _busy },
    { "others are taken out, stopped and put in during a run", _changed_meanwhile },
    { "one that has run is replaced during the run of the next", _replaced_meanwhile },
    { "interrupts everywhere lose nothing", _storm },
    { "a stop meets a restart", _stopped_while_restarted },
    { NULL, NULL },
};

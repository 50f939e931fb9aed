/* SPDX-License-Identifier: MIT */
/* Images on trial. */
#include "engine.h"

static void _good(void)
{
    settled();
    EQUAL(install(ANSWER_3, HOUSE, 6), 0);
    EQUAL(record_of(HOUSE)->trial, 1);
    EQUAL(record_of(HOUSE)->active, 0);
    /* Polls alone are no runs. */
    for (uint32_t i = 0; i < 5; i++) {
        fcc_update_poll(&device.update);
    }
    EQUAL(run(HOUSE, 2), 2);
    EQUAL(record_of(HOUSE)->trial, 1);
    EQUAL(run(GUEST, 3), 3);
    EQUAL(record_of(HOUSE)->trial, 1);
    EQUAL(run(HOUSE, 1), 1);
    EQUAL(record_of(HOUSE)->trial, 0);
    EQUAL(device.update.status, 0);
    EQUAL(record_of(HOUSE)->rejected, 0);
    uint32_t calls = model.calls;
    EQUAL(run(HOUSE, 5), 5);
    EQUAL(model.calls, calls);
    EQUAL(fcc_update_settle(&device.update, &places[HOUSE], 1), FCC_E_NO_ENTRY);
    EQUAL(fcc_update_settle(&device.update, &places[HOUSE], 0), FCC_E_NO_ENTRY);
    same_after_start(3, 2, -2);
}

static void _none(void)
{
    settled();
    EQUAL(install(OTHER_HOOK, OTHER, 6), 0);
    EQUAL(record_of(OTHER)->trial, 0);
    EQUAL(fcc_update_settle(&device.update, &places[OTHER], 0), FCC_E_NO_ENTRY);
    same_after_start(1, 2, 7);
}

/* An image traps on trial: what was taken back is told, and never comes again. */
static void _traps(uint32_t kind, uint32_t before, uint32_t trap)
{
    settled();
    EQUAL(install(kind, HOUSE, 6), 0);
    EQUAL(run(HOUSE, before + 1), before);
    EQUAL(record_of(HOUSE)->trial, 0);
    EQUAL(record_of(HOUSE)->active, 1);
    EQUAL(record_of(HOUSE)->length[0], 0);
    EQUAL(record_of(HOUSE)->rejected, 6);
    EQUAL(record_of(HOUSE)->trap, trap);
    HOLDS(record_of(HOUSE)->site != FCC_UNKNOWN);
    EQUAL(record_of(HOUSE)->floor, 6);
    EQUAL(device.update.phase, FCC_UPDATE_DONE);
    EQUAL(device.update.status, FCC_E_TRIAL);
    EQUAL(run(HOUSE, 5), 5);
    EQUAL(install(kind, HOUSE, 6), FCC_E_SEQUENCE);
    same_after_start(1, 2, -2);
    EQUAL(record_of(HOUSE)->rejected, 6);
    EQUAL(record_of(HOUSE)->trap, trap);
    /* Twice in a row: the good one is kept. */
    EQUAL(install(kind, HOUSE, 7), 0);
    EQUAL(run(HOUSE, before + 1), before);
    EQUAL(record_of(HOUSE)->rejected, 7);
    same_after_start(1, 2, -2);
    EQUAL(install(ANSWER_3, HOUSE, 8), 0);
    EQUAL(run(HOUSE, 3), 3);
    EQUAL(device.update.status, 0);
    same_after_start(3, 2, -2);
    EQUAL(record_of(HOUSE)->rejected, 7);
}

static void _traps_at_once(void)
{
    _traps(TRAPS, 0, FCC_TRAP_MEMORY);
}

static void _traps_late(void)
{
    _traps(TRAPS_LATE, 2, FCC_TRAP_MEMORY);
}

static void _spins(void)
{
    _traps(SPINS, 0, FCC_TRAP_FUEL);
}

/* Without a poll between the trap and the next runs. */
static void _forgotten(void)
{
    settled();
    EQUAL(install(TRAPS_LATE, HOUSE, 6), 0);
    for (uint32_t i = 0; i < 8; i++) {
        (void)answer(HOUSE);
    }
    fcc_update_poll(&device.update);
    EQUAL(record_of(HOUSE)->rejected, 6);
    EQUAL(record_of(HOUSE)->trap, FCC_TRAP_FORGOTTEN);
    EQUAL(record_of(HOUSE)->site, FCC_UNKNOWN);
    EQUAL(device.update.status, FCC_E_TRIAL);
    same_after_start(1, 2, -2);
}

/* The trap is the hook's limit, so that the container is stopped: it goes all the same. */
static void _stopped(void)
{
    hook_infos[0].trap_limit = 1;
    settled();
    EQUAL(install(TRAPS, HOUSE, 6), 0);
    EQUAL(answer(HOUSE), -1);
    EQUAL(fcc_state(device.states[HOUSE].container), FCC_STATE_STOPPED);
    fcc_update_poll(&device.update);
    EQUAL(record_of(HOUSE)->rejected, 6);
    same_after_start(1, 2, -2);
}

/* Nothing was there before: nothing is afterwards, or what came with the firmware. */
static void _first(void)
{
    EQUAL(device_start(), 0);
    EQUAL(install(TRAPS, GUEST, 1), 0);
    EQUAL(run(GUEST, 1), 0);
    EQUAL(install(TRAPS, HOUSE, 1), 0);
    EQUAL(run(HOUSE, 1), 0);
    EQUAL(record_of(GUEST)->rejected, 1);
    EQUAL(record_of(HOUSE)->rejected, 1);
    EQUAL(device.tenants[1].ram, 0);
    same_after_start(100, -2, -2);
    EQUAL(install(TRAPS, GUEST, 1), FCC_E_SEQUENCE);
    EQUAL(install(ANSWER_2, GUEST, 2), 0);
    EQUAL(run(GUEST, 3), 3);
    same_after_start(100, 2, -2);
}

/* Another place's update is not told about it. */
static void _other_update(void)
{
    settled();
    EQUAL(install(TRAPS, HOUSE, 6), 0);
    test_manifest_t manifest = manifest_of(ANSWER_3, GUEST, 6);
    EQUAL(begin(&manifest), 0);
    EQUAL(send(ANSWER_3), 0);
    EQUAL(run(HOUSE, 1), 0);
    EQUAL(record_of(HOUSE)->rejected, 6);
    EQUAL(device.update.status, 0);
    EQUAL(fcc_update_finish(&device.update), 0);
    EQUAL(device.update.status, 0);
    EQUAL(run(GUEST, 3), 3);
    EQUAL(device.update.status, 0);
    same_after_start(1, 3, -2);
    EQUAL(install(TRAPS, HOUSE, 7), 0);
    EQUAL(install(ANSWER_4, GUEST, 7), 0);
    EQUAL(run(HOUSE, 1), 0);
    EQUAL(record_of(HOUSE)->rejected, 7);
    EQUAL(device.update.status, 0);
    /* Nor is one of the same place that was refused. */
    EQUAL(install(TRAPS, HOUSE, 8), 0);
    EQUAL(install(ANSWER_5, HOUSE, 8), FCC_E_SEQUENCE);
    EQUAL(run(HOUSE, 1), 0);
    EQUAL(record_of(HOUSE)->rejected, 8);
    EQUAL(device.update.status, FCC_E_SEQUENCE);
}

static void _settled_by_firmware(void)
{
    settled();
    EQUAL(install(ANSWER_3, HOUSE, 6), 0);
    EQUAL(fcc_update_settle(&device.update, &places[HOUSE], 1), 0);
    EQUAL(record_of(HOUSE)->trial, 0);
    same_after_start(3, 2, -2);
    EQUAL(install(ANSWER_5, HOUSE, 7), 0);
    EQUAL(fcc_update_settle(&device.update, &places[GUEST], 0), FCC_E_NO_ENTRY);
    EQUAL(fcc_update_settle(&device.update, &places[HOUSE], 0), 0);
    EQUAL(device.update.status, FCC_E_TRIAL);
    EQUAL(record_of(HOUSE)->rejected, 7);
    EQUAL(record_of(HOUSE)->trap, 0);
    EQUAL(record_of(HOUSE)->site, FCC_UNKNOWN);
    same_after_start(3, 2, -2);
}

/* A new manifest ends a trial: the image on trial was never good. */
static void _next(void)
{
    settled();
    EQUAL(install(ANSWER_3, HOUSE, 6), 0);
    test_manifest_t manifest = manifest_of(ANSWER_5, HOUSE, 7);
    EQUAL(begin(&manifest), 0);
    EQUAL(record_of(HOUSE)->rejected, 6);
    EQUAL(record_of(HOUSE)->trial, 0);
    EQUAL(answer(HOUSE), 1);
    EQUAL(send(ANSWER_5), 0);
    EQUAL(device.update.status, 0);
    EQUAL(fcc_update_finish(&device.update), 0);
    EQUAL(answer(HOUSE), 5);
    EQUAL(run(HOUSE, 3), 3);
    same_after_start(5, 2, -2);
    /* Only one that is admitted does. */
    EQUAL(install(ANSWER_3, HOUSE, 8), 0);
    EQUAL(install(ANSWER_4, HOUSE, 8), FCC_E_SEQUENCE);
    EQUAL(install(LONG, HOUSE, 9), FCC_E_SIZE);
    EQUAL(record_of(HOUSE)->trial, 1);
    EQUAL(answer(HOUSE), 3);
}

/* An image that has had its runs is good, though nobody has looked since. */
static void _not_looked_at(void)
{
    settled();
    EQUAL(install(ANSWER_3, HOUSE, 6), 0);
    for (uint32_t i = 0; i < 3; i++) {
        EQUAL(answer(HOUSE), 3);
    }
    test_manifest_t manifest = manifest_of(ANSWER_5, HOUSE, 7);
    EQUAL(begin(&manifest), 0);
    EQUAL(record_of(HOUSE)->rejected, 0);
    EQUAL(record_of(HOUSE)->trial, 0);
    same_after_start(3, 2, -2);
    /* And one that has trapped is no way back. */
    flash_new();
    EQUAL(device_start(), 0);
    for (uint32_t i = 0; i < 2; i++) {
        EQUAL(install(i == 0 ? TRAPS : ANSWER_2, GUEST, 4 + 2 * i), 0);
        manifest = manifest_of(ANSWER_3, GUEST, 5 + 2 * i);
        EQUAL(begin(&manifest), 0);
        EQUAL(send(ANSWER_3), 0);
        (void)answer(GUEST);
        (void)answer(GUEST);
        EQUAL(fcc_update_finish(&device.update), 0);
        EQUAL(fcc_update_settle(&device.update, &places[GUEST], 0), 0);
        EQUAL(answer(GUEST), i == 0 ? -2 : 2);
    }
    same_after_start(100, 2, -2);
}

/* But not where nothing was before the image on trial: it goes on until the next one is there. */
static void _next_of_first(void)
{
    for (uint32_t way = 0; way < 6; way++) {
        flash_new();
        EQUAL(device_start(), 0);
        EQUAL(install(way == 3 ? TRAPS : ANSWER_2, GUEST, 4), 0);
        test_manifest_t manifest = manifest_of(way == 5 ? TRAPS : ANSWER_3, GUEST, 5);
        EQUAL(begin(&manifest), 0);
        EQUAL(record_of(GUEST)->trial, 1);
        EQUAL(record_of(GUEST)->active, 0);
        switch (way) {
        case 0: /* given up */
            fcc_update_cancel(&device.update, FCC_E_FETCH);
            EQUAL(run(GUEST, 2), 2);
            EQUAL(record_of(GUEST)->trial, 0);
            same_after_start(100, 2, -2);
            continue;
        case 1: /* power */
            EQUAL(fcc_update_write(&device.update, 0, images[ANSWER_3].bytes, 16), 0);
            EQUAL(device_start(), 0);
            EQUAL(run(GUEST, 2), 2);
            same_after_start(100, 2, -2);
            continue;
        case 2: /* the trial ends well meanwhile: a way back */
            EQUAL(run(GUEST, 2), 2);
            EQUAL(send(ANSWER_3), 0);
            EQUAL(fcc_update_finish(&device.update), 0);
            EQUAL(fcc_update_settle(&device.update, &places[GUEST], 0), 0);
            same_after_start(100, 2, -2);
            continue;
        case 3: /* it traps meanwhile: nothing runs until the next one is there */
            EQUAL(run(GUEST, 1), 0);
            EQUAL(record_of(GUEST)->rejected, 4);
            EQUAL(answer(GUEST), -2);
            EQUAL(send(ANSWER_3), 0);
            EQUAL(fcc_update_finish(&device.update), 0);
            EQUAL(record_of(GUEST)->active, 1);
            EQUAL(run(GUEST, 2), 2);
            same_after_start(100, 3, -2);
            continue;
        default: /* it was never found good, and is no way back */
            EQUAL(answer(GUEST), 2);
            EQUAL(send(way == 5 ? TRAPS : ANSWER_3), 0);
            EQUAL(fcc_update_finish(&device.update), 0);
            EQUAL(record_of(GUEST)->length[0], 0);
            EQUAL(record_of(GUEST)->rejected, 0);
            EQUAL(run(GUEST, 2), way == 5 ? 0 : 2);
            same_after_start(100, way == 5 ? -2 : 3, -2);
            EQUAL(record_of(GUEST)->rejected, way == 5 ? 5 : 0);
            break;
        }
    }
}

static int inside_status;
static fcc_manifest_t inside_read;
static test_manifest_t inside_manifest;

static void _poll_inside(void)
{
    fcc_update_poll(&device.update);
}

static void _settle_inside(void)
{
    inside_status = fcc_update_settle(&device.update, &places[HOUSE], 0);
}

static void _begin_inside(void)
{
    fcc_update_attempt(&device.update);
    inside_status = fcc_update_begin(&device.update, &inside_read, &inside_manifest, sizeof(inside_manifest));
}

/* Nothing is taken back from under a run. */
static void _busy(void)
{
    settled();
    EQUAL(install(PROBES, HOUSE, 6), 0);
    uint32_t calls = model.calls;
    device.probe = _settle_inside;
    EQUAL(answer(HOUSE), 9);
    EQUAL(inside_status, FCC_E_BUSY);
    device.probe = _poll_inside;
    EQUAL(answer(HOUSE), 9);
    inside_manifest = manifest_of(ANSWER_5, HOUSE, 7);
    device.probe = _begin_inside;
    inside_status = 0;
    EQUAL(answer(HOUSE), 9);
    EQUAL(inside_status, FCC_E_BUSY);
    EQUAL(device.update.phase, FCC_UPDATE_DONE);
    EQUAL(device.update.status, FCC_E_BUSY);
    EQUAL(record_of(HOUSE)->trial, 1);
    EQUAL(record_of(HOUSE)->rejected, 0);
    EQUAL(model.calls, calls);
    EQUAL(record_of(HOUSE)->length[0], images[PROBES].length);
    device.probe = NULL;
    EQUAL(run(HOUSE, 1), 1);
    EQUAL(record_of(HOUSE)->trial, 0);
    same_after_start(9, 2, -2);
}

/* A trap inside of another run of the same container cannot be taken back before that has ended. */
static void _busy_trap(void)
{
    settled();
    EQUAL(install(TRAPS, HOUSE, 6), 0);
    EQUAL(answer(HOUSE), -1);
    fcc_slot_t *slot = device.states[HOUSE].container;
    slot->last |= FCC_LAST_RUNNING;
    fcc_update_poll(&device.update);
    EQUAL(record_of(HOUSE)->trial, 1);
    HOLDS(device.states[HOUSE].container == slot);
    slot->last &= (uint8_t)~FCC_LAST_RUNNING;
    fcc_update_poll(&device.update);
    EQUAL(record_of(HOUSE)->rejected, 6);
    same_after_start(1, 2, -2);
}

/* Somebody else has taken the memory that the exchange needs: the bad one goes first. */
static void _no_room(void)
{
    settled();
    EQUAL(install(TRAPS, GUEST, 6), 0);
    tenant_infos[1].ram = device.tenants[1].ram + 100u;
    EQUAL(run(GUEST, 1), 0);
    EQUAL(record_of(GUEST)->rejected, 6);
    same_after_start(1, 2, -2);
}

/* The one before it has been damaged: the factory's, or none. */
static void _damaged(void)
{
    settled();
    EQUAL(install(TRAPS, HOUSE, 6), 0);
    EQUAL(install(TRAPS, GUEST, 6), 0);
    model.now.bytes[places[HOUSE].slots[1] + 99u] ^= 4;
    model.now.bytes[places[GUEST].slots[0] + 99u] ^= 4;
    EQUAL(run(HOUSE, 1), 0);
    EQUAL(run(GUEST, 1), 0);
    EQUAL(record_of(HOUSE)->rejected, 6);
    EQUAL(record_of(GUEST)->rejected, 6);
    same_after_start(100, -2, -2);
    EQUAL(install(ANSWER_3, HOUSE, 7), 0);
    EQUAL(install(ANSWER_3, GUEST, 7), 0);
    EQUAL(run(HOUSE, 3), 3);
    EQUAL(run(GUEST, 3), 3);
    same_after_start(3, 3, -2);
}

const test_t trial_tests[] = {
    { "a trial that goes well", _good },
    { "no trial", _none },
    { "a trap at once", _traps_at_once },
    { "a trap in the last run on trial", _traps_late },
    { "a loop without end", _spins },
    { "a trap that later runs have overwritten", _forgotten },
    { "a container that its traps have stopped", _stopped },
    { "traps of a first image", _first },
    { "a trap while another update goes on", _other_update },
    { "trials that the firmware ends", _settled_by_firmware },
    { "the next manifest ends a trial", _next },
    { "trials that nobody has looked at", _not_looked_at },
    { "the next manifest does not end that of a first image", _next_of_first },
    { "a container that runs is not taken back", _busy },
    { "a container that has trapped and runs again", _busy_trap },
    { "taken back without room for both", _no_room },
    { "taken back to a damaged image", _damaged },
    { NULL, NULL },
};

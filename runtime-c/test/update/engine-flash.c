/* SPDX-License-Identifier: MIT */
/* Functions of the flash that fail, at each of their calls. */
#include "engine.h"

/* What each test starts from, in flash: settled. */
static flash_bytes_t snapshot;
static uint32_t calls; /* of an undisturbed update */

static void _prepare(void)
{
    flash_new();
    settled();
    snapshot = model.now;
    EQUAL(device_start(), 0);
    model.calls = 0;
    EQUAL(install(ANSWER_3, HOUSE, 6), 0);
    calls = model.calls;
    HOLDS(calls > 8);
}

static void _again(uint32_t fail_at, uint32_t fails, uint32_t kind)
{
    snprintf(doing, sizeof(doing), "call %u of the flash fails, and %u after it, %u", (unsigned)fail_at, (unsigned)fails - 1u, (unsigned)kind);
    model.now = snapshot;
    EQUAL(device_start(), 0);
    model.calls = 0;
    model.fail_at = fail_at;
    model.fails = fails;
    model.fail_kind = kind;
}

static void _works_again(void)
{
    model.fail_at = 0;
}

/* Of an update up to the start of its trial. */
static uint32_t _calls_of(uint32_t image)
{
    _again(1, 0, FAIL_BEFORE);
    EQUAL(install(image, HOUSE, 6), 0);
    return model.calls;
}

/* What was said of an update holds after a start too, and the next one goes well. */
static void _update(uint32_t fails)
{
    _prepare();
    uint32_t good = 0;
    for (uint32_t kind = 0; kind < FAIL_KINDS; kind++) {
        for (uint32_t i = 1; i <= calls; i++) {
            _again(i, fails, kind);
            int status = install(ANSWER_3, HOUSE, 6);
            EQUAL(device.update.status, status);
            EQUAL(device.update.phase, FCC_UPDATE_DONE);
            if (status == 0) {
                good++;
                EQUAL(record_of(HOUSE)->trial, 1);
                _works_again();
                EQUAL(run(HOUSE, 3), 3);
                same_after_start(3, 2, -2);
                continue;
            }
            HOLDS(status == FCC_E_STORAGE || status == FCC_E_DIGEST);
            EQUAL(answer(HOUSE), 1);
            EQUAL(answer(GUEST), 2);
            EQUAL(record_of(HOUSE)->floor, 5);
            EQUAL(record_of(HOUSE)->rejected, 0);
            _works_again();
            /* By the same number, before or after a start. */
            const flash_bytes_t failed = model.now;
            same_after_start(1, 2, -2);
            EQUAL(install(ANSWER_3, HOUSE, 6), 0);
            EQUAL(run(HOUSE, 3), 3);
            same_after_start(3, 2, -2);
            _again(i, fails, kind);
            HOLDS(install(ANSWER_3, HOUSE, 6) != 0);
            EQUAL(memcmp(&failed, &model.now, sizeof(failed)), 0);
            _works_again();
            EQUAL(install(ANSWER_5, HOUSE, 6), 0);
            EQUAL(run(HOUSE, 3), 3);
            same_after_start(5, 2, -2);
        }
    }
    /* A header that is there though its writing "failed" counts. */
    EQUAL(good, fails == 1 ? 2 : 1);
}

static void _update_once(void)
{
    _update(1);
}

static void _update_for_ever(void)
{
    _update(1000);
}

/* The end of a trial cannot be written: it has ended all the same, until the device starts again. */
static void _trial(uint32_t image, int64_t house)
{
    _prepare();
    for (uint32_t kind = 0; kind < FAIL_AFTER; kind++) {
        /* A record is an erased page, its places and its header. */
        for (uint32_t i = 1; i <= 2u + PLACES; i++) {
            _again(_calls_of(image) + i, 1000, kind);
            EQUAL(install(image, HOUSE, 6), 0);
            run(HOUSE, 3);
            EQUAL(answer(HOUSE), house);
            EQUAL(record_of(HOUSE)->trial, 0);
            EQUAL(record_of(HOUSE)->rejected, house == 1 ? 6 : 0);
            uint32_t tried = model.calls;
            run(HOUSE, 3);
            EQUAL(model.calls, tried);
            /* The record before it: still on trial, but for what the next update writes. */
            const flash_bytes_t failed = model.now;
            _works_again();
            EQUAL(device_start(), 0);
            EQUAL(record_of(HOUSE)->trial, 1);
            run(HOUSE, 3);
            same_after_start(house, 2, -2);
            model.now = failed;
            EQUAL(device_start(), 0);
            run(HOUSE, 3);
            EQUAL(install(ANSWER_5, HOUSE, 7), 0);
            EQUAL(run(HOUSE, 3), 3);
            same_after_start(5, 2, -2);
        }
    }
}

static void _good_trial(void)
{
    _trial(ANSWER_3, 3);
}

static void _bad_trial(void)
{
    _trial(TRAPS, 1);
}

/* The same without a start between: a slot that flash still names is not written. The model sees to it. */
static void _next_after_trial(void)
{
    _prepare();
    for (uint32_t i = 1; i <= 5; i++) {
        _again(_calls_of(TRAPS) + i, 1, FAIL_BEFORE);
        EQUAL(install(TRAPS, HOUSE, 6), 0);
        run(HOUSE, 1);
        EQUAL(record_of(HOUSE)->rejected, 6);
        _works_again();
        EQUAL(install(ANSWER_5, HOUSE, 7), 0);
        EQUAL(run(HOUSE, 3), 3);
        same_after_start(5, 2, -2);
    }
}

/* An update over a first image on trial, which is what there is to go back to. */
static void _over_trial(void)
{
    flash_new();
    EQUAL(device_start(), 0);
    EQUAL(install(ANSWER_2, GUEST, 4), 0);
    const flash_bytes_t on_trial = model.now;
    for (uint32_t kind = 0; kind < FAIL_KINDS; kind++) {
        for (uint32_t i = 1; i <= 30; i++) {
            flash_new();
            model.now = on_trial;
            EQUAL(device_start(), 0);
            model.calls = 0;
            model.fail_at = i;
            model.fails = 1;
            model.fail_kind = kind;
            int status = install(ANSWER_3, GUEST, 5);
            _works_again();
            EQUAL(record_of(GUEST)->trial, 1);
            EQUAL(answer(GUEST), status == 0 ? 3 : 2);
            EQUAL(device_start(), 0);
            EQUAL(record_of(GUEST)->trial, 1);
            EQUAL(run(GUEST, 2), 2);
            same_after_start(100, status == 0 ? 3 : 2, -2);
            EQUAL(install(ANSWER_5, GUEST, 6), 0);
            EQUAL(run(GUEST, 2), 2);
            same_after_start(100, 5, -2);
        }
    }
}

/* Starts on trial that cannot be counted. */
static void _boot(void)
{
    _prepare();
    const flash_bytes_t on_trial = model.now;
    for (uint32_t i = 1; i <= 5; i++) {
        model.now = on_trial;
        model.calls = 0;
        model.fail_at = i;
        model.fails = 1000;
        EQUAL(device_start(), FCC_E_STORAGE);
        EQUAL(answer(HOUSE), 3);
        EQUAL(answer(GUEST), 2);
        _works_again();
        EQUAL(device_start(), 0);
        EQUAL(record_of(HOUSE)->boots, 1);
        EQUAL(run(HOUSE, 3), 3);
        same_after_start(3, 2, -2);
    }
}

/* The new container runs just when the record cannot be written. */
static void _marks(uint32_t offset)
{
    if (offset < places[HOUSE].slots[0] && device.states[HOUSE].container->image == (const void *)(flash.base + places[HOUSE].slots[0])) {
        device.states[HOUSE].container->last |= FCC_LAST_RUNNING;
    }
}

static void _stuck(void)
{
    device.states[HOUSE].container->last &= (uint8_t)~FCC_LAST_RUNNING;
}

static void _runs_meanwhile(void)
{
    for (uint32_t next = 0; next < 5; next++) {
        _prepare();
        _again(calls, 1, FAIL_HALF);
        model.on_write = _marks;
        EQUAL(install(ANSWER_3, HOUSE, 6), FCC_E_STORAGE);
        model.on_write = NULL;
        _works_again();
        EQUAL(record_of(HOUSE)->trial, 2);
        fcc_update_poll(&device.update);
        EQUAL(record_of(HOUSE)->trial, 2);
        EQUAL(fcc_update_settle(&device.update, &places[HOUSE], 0), FCC_E_BUSY);
        EQUAL(fcc_update_settle(&device.update, &places[HOUSE], 1), FCC_E_NO_ENTRY);
        test_manifest_t manifest = manifest_of(ANSWER_5, HOUSE, 7);
        EQUAL(begin(&manifest), FCC_E_BUSY);
        _stuck();
        switch (next) {
        case 0: /* as soon as it ends */
            fcc_update_poll(&device.update);
            EQUAL(record_of(HOUSE)->rejected, 6);
            break;
        case 1: /* a start: it never was */
            EQUAL(device_start(), 0);
            EQUAL(record_of(HOUSE)->rejected, 0);
            EQUAL(record_of(HOUSE)->floor, 5);
            break;
        case 2: /* the record is written for another place, and power goes */
            EQUAL(install(OTHER_HOOK, OTHER, 1), 0);
            EQUAL(record_of(HOUSE)->trial, 2);
            EQUAL(device_start(), 0);
            EQUAL(answer(HOUSE), 3);
            fcc_update_poll(&device.update);
            EQUAL(record_of(HOUSE)->rejected, 6);
            same_after_start(1, 2, 7);
            continue;
        case 3: /* the next update */
            EQUAL(install(ANSWER_5, HOUSE, 7), 0);
            EQUAL(run(HOUSE, 3), 3);
            same_after_start(5, 2, -2);
            continue;
        default: /* the firmware wants it so */
            EQUAL(fcc_update_settle(&device.update, &places[HOUSE], 0), 0);
            EQUAL(record_of(HOUSE)->rejected, 6);
            break;
        }
        EQUAL(device.update.status, next == 1 ? 0 : FCC_E_BUSY);
        EQUAL(record_of(HOUSE)->trial, 0);
        same_after_start(1, 2, -2);
    }
}

/* The same over a first image on trial: it is there to go back to. */
static void _marks_guest(uint32_t offset)
{
    if (offset < places[HOUSE].slots[0] && device.states[GUEST].container->image == (const void *)(flash.base + places[GUEST].slots[1])) {
        device.states[GUEST].container->last |= FCC_LAST_RUNNING;
    }
}

static void _first_runs_meanwhile(void)
{
    for (uint32_t i = 1; i <= 2u + PLACES; i++) {
        flash_new();
        EQUAL(device_start(), 0);
        EQUAL(install(ANSWER_2, GUEST, 4), 0);
        test_manifest_t manifest = manifest_of(ANSWER_3, GUEST, 5);
        EQUAL(begin(&manifest), 0);
        EQUAL(send(ANSWER_3), 0);
        model.calls = 0;
        model.fail_at = i;
        model.fails = 1;
        model.fail_kind = FAIL_HALF;
        model.on_write = _marks_guest;
        EQUAL(fcc_update_finish(&device.update), FCC_E_STORAGE);
        model.on_write = NULL;
        _works_again();
        device.states[GUEST].container->last &= (uint8_t)~FCC_LAST_RUNNING;
        fcc_update_poll(&device.update);
        same_after_start(100, 2, -2);
    }
}

/* What is written is not what is read. */
static void _spoils(uint32_t offset)
{
    if (offset == places[HOUSE].slots[0] + CHUNK) {
        model.now.bytes[offset + 3u] ^= 1;
    }
}

static void _kept_wrong(void)
{
    settled();
    model.on_write = _spoils;
    EQUAL(install(ANSWER_3, HOUSE, 6), FCC_E_DIGEST);
    model.on_write = NULL;
    same_after_start(1, 2, -2);
}

const test_t flash_tests[] = {
    { "one call fails", _update_once },
    { "all calls fail", _update_for_ever },
    { "the end of a good trial is not written", _good_trial },
    { "the end of a bad trial is not written", _bad_trial },
    { "the next update after that", _next_after_trial },
    { "one call fails, over a first image on trial", _over_trial },
    { "starts on trial are not written", _boot },
    { "the record is not written and the new one runs", _runs_meanwhile },
    { "that over a first image on trial", _first_runs_meanwhile },
    { "an image is not kept as it was written", _kept_wrong },
    { NULL, NULL },
};

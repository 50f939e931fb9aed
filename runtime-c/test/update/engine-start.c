/* SPDX-License-Identifier: MIT */
/* What a start of the device finds in flash. */
#include "engine.h"

static uint8_t *_in_slot(uint32_t place, uint32_t slot)
{
    return &model.now.bytes[places[place].slots[slot] + 120u];
}

static void _empty(void)
{
    EQUAL(device_start(), 0);
    EQUAL(model.calls, 0);
    EQUAL(device.update.phase, FCC_UPDATE_IDLE);
    EQUAL(device.update.attempts, 0);
    same_after_start(100, -2, -2);
    EQUAL(record_of(HOUSE)->floor, 0);
    /* Zeros are no record, nor is any other byte. */
    for (uint32_t byte = 0; byte < 256; byte++) {
        memset(model.now.bytes, (int)byte, FLASH_LENGTH);
        same_after_start(100, -2, -2);
    }
}

static void _damaged_images(void)
{
    settled();
    *_in_slot(HOUSE, 1) ^= 1;
    *_in_slot(GUEST, 0) ^= 1;
    EQUAL(device_start(), FCC_E_CHECKSUM);
    EQUAL(record_of(HOUSE)->active, 0);
    EQUAL(record_of(HOUSE)->length[1], 0);
    EQUAL(record_of(HOUSE)->rejected, 0);
    EQUAL(record_of(HOUSE)->floor, 5);
    /* The record says so: whole again, it does not come back. */
    *_in_slot(HOUSE, 1) ^= 1;
    EQUAL(device_start(), 0);
    same_after_start(4, -2, -2);
    *_in_slot(HOUSE, 0) ^= 1;
    EQUAL(device_start(), FCC_E_CHECKSUM);
    same_after_start(100, -2, -2);
    EQUAL(install(ANSWER_3, HOUSE, 5), FCC_E_SEQUENCE);
    EQUAL(install(ANSWER_3, HOUSE, 6), 0);
    EQUAL(install(ANSWER_3, GUEST, 5), 0);
    EQUAL(run(HOUSE, 3), 3);
    EQUAL(run(GUEST, 3), 3);
    same_after_start(3, 3, -2);
}

/* On trial: taken back, as if it had trapped. */
static void _damaged_on_trial(void)
{
    settled();
    EQUAL(install(ANSWER_3, HOUSE, 6), 0);
    *_in_slot(HOUSE, 0) ^= 1;
    EQUAL(device_start(), FCC_E_CHECKSUM);
    EQUAL(record_of(HOUSE)->rejected, 6);
    EQUAL(record_of(HOUSE)->trap, 0);
    EQUAL(record_of(HOUSE)->site, FCC_UNKNOWN);
    same_after_start(1, 2, -2);
}

static void _factory_damaged(void)
{
    static uint8_t copy[SLOT_LENGTH] __attribute__((aligned(8)));
    memcpy(copy, places[HOUSE].factory, places[HOUSE].factory_length);
    copy[100] ^= 1;
    places[HOUSE].factory = copy;
    for (uint32_t i = 0; i < 2; i++) {
        EQUAL(device_start(), FCC_E_CHECKSUM);
        EQUAL(answer(HOUSE), -2);
    }
    EQUAL(install(ANSWER_3, HOUSE, 6), 0);
    EQUAL(answer(HOUSE), 3);
    /* Whole again with the next firmware. */
    copy[100] ^= 1;
    EQUAL(fcc_update_settle(&device.update, &places[HOUSE], 0), 0);
    same_after_start(100, -2, -2);
    /* And taken out of the one after it. */
    places[HOUSE].factory = NULL;
    EQUAL(device_start(), 0);
    same_after_start(-2, -2, -2);
}

static void _before_any_runs(uint32_t offset)
{
    (void)offset;
    HOLDS(device.hooks[0].first == NULL);
}

static void _boots(void)
{
    settled();
    EQUAL(install(ANSWER_3, HOUSE, 6), 0);
    model.on_write = _before_any_runs;
    for (uint32_t i = 1; i <= FCC_TRIAL_BOOTS; i++) {
        EQUAL(device_start(), 0);
        EQUAL(answer(HOUSE), 3);
        EQUAL(record_of(HOUSE)->trial, 1);
        EQUAL(record_of(HOUSE)->boots, i);
    }
    EQUAL(device_start(), 0);
    model.on_write = NULL;
    EQUAL(answer(HOUSE), 1);
    EQUAL(record_of(HOUSE)->rejected, 6);
    EQUAL(record_of(HOUSE)->trap, 0);
    EQUAL(device.update.status, 0);
    EQUAL(device.update.phase, FCC_UPDATE_IDLE);
    same_after_start(1, 2, -2);
    /* Counted anew for the next one; and nothing is written at starts without a trial. */
    EQUAL(install(ANSWER_3, HOUSE, 7), 0);
    EQUAL(device_start(), 0);
    EQUAL(record_of(HOUSE)->boots, 1);
    EQUAL(run(HOUSE, 3), 3);
    uint32_t calls = model.calls;
    same_after_start(3, 2, -2);
    EQUAL(model.calls, calls);
}

/* Runs before a start do not count after it. */
static void _trial_goes_on(void)
{
    settled();
    EQUAL(install(TRAPS_LATE, HOUSE, 6), 0);
    EQUAL(run(HOUSE, 2), 2);
    EQUAL(device_start(), 0);
    EQUAL(run(HOUSE, 2), 2);
    EQUAL(record_of(HOUSE)->trial, 1);
    EQUAL(run(HOUSE, 1), 0);
    EQUAL(record_of(HOUSE)->rejected, 6);
    EQUAL(record_of(HOUSE)->trap, FCC_TRAP_MEMORY);
    same_after_start(1, 2, -2);
}

/* One page is lost: the other one counts, with whatever it says. Both are: the factory's. */
static void _damaged_records(void)
{
    for (uint32_t at = 0; at < 16u + 32u * PLACES; at++) {
        flash_new();
        settled();
        EQUAL(install(ANSWER_3, GUEST, 6), 0);
        const flash_bytes_t before = model.now;
        uint32_t newest = device.update.record;
        model.now.bytes[info.records[newest] + at] ^= (uint8_t)(1u << at % 8u);
        /* The one before says that nothing is in the other slot, which is written just then. */
        EQUAL(device_start(), 0);
        EQUAL(answer(HOUSE), 1);
        EQUAL(answer(GUEST), 2);
        EQUAL(record_of(GUEST)->floor, 4);
        model.now = before;
        model.now.bytes[info.records[newest ^ 1u] + at] ^= (uint8_t)(1u << at % 8u);
        EQUAL(device_start(), 0);
        EQUAL(answer(GUEST), 3);
        model.now = before;
        model.now.bytes[info.records[newest ^ 1u] + at] ^= (uint8_t)(1u << at % 8u);
        model.now.bytes[info.records[newest] + at] ^= (uint8_t)(1u << at % 8u);
        EQUAL(device_start(), 0);
        EQUAL(answer(HOUSE), 100);
        EQUAL(answer(GUEST), -2);
        EQUAL(install(ANSWER_5, HOUSE, 1), 0);
        EQUAL(run(HOUSE, 3), 3);
        same_after_start(5, -2, -2);
    }
}

/* Numbers of generations wrap around. */
static void _generations(void)
{
    for (uint32_t first = 0xfffffff0u; first != 0; first++) {
        flash_new();
        EQUAL(device_start(), 0);
        device.update.generation = first;
        for (uint32_t i = 0; i < 5; i++) {
            EQUAL(install(ANSWER_1 + i, HOUSE, 1 + i), 0);
            EQUAL(run(HOUSE, 3), 3);
            same_after_start(i + 1, -2, -2);
        }
        HOLDS(device.update.generation - first < 16u);
    }
}

/* One of the things that a table of places may say otherwise. 0: there are no more. */
static int _change_table(uint32_t change)
{
    static fcc_tenant_info_t tenant_info;
    static fcc_tenant_t tenant = { .info = &tenant_info };
    fcc_place_t first = places[HOUSE];
    tenant_info = tenant_infos[1];
    tenant_info.id = 3;
    switch (change) {
    case 0:
        places[OTHER].component = ".fc.othes";
        return 1;
    case 1:
        places[OTHER].component = ".fc.otherr";
        return 1;
    case 2:
        places[OTHER].slots[0] = first.slots[1];
        return 1;
    case 3:
        places[OTHER].slots[1] += 64;
        return 1;
    case 4:
        places[OTHER].slot_length -= 64;
        return 1;
    case 5:
        places[OTHER].hook = &device.hooks[0];
        return 1;
    case 6:
        places[OTHER].tenant = &tenant;
        return 1;
    case 7:
        info.place_count = PLACES - 1u;
        return 1;
    case 8:
        places[HOUSE] = places[GUEST];
        places[GUEST] = first;
        return 1;
    default:
        return 0;
    }
}

/* Firmware with another table of places takes no record of this one's; nor this one, afterwards, of its. */
static void _tables(void)
{
    fcc_place_t before[PLACES];
    memcpy(before, places, sizeof(places));
    for (uint32_t change = 0, saves = 0; _change_table(change); change += saves, saves ^= 1u) {
        memcpy(places, before, sizeof(places));
        info.place_count = PLACES;
        flash_new();
        settled();
        _change_table(change);
        EQUAL(device_start(), 0);
        uint32_t house = change == 8 ? GUEST : HOUSE;
        EQUAL(answer(house), 100);
        EQUAL(record_of(house)->floor, 0);
        /* Without an update of its own, the other firmware finds all as it was. */
        memcpy(places, before, sizeof(places));
        info.place_count = PLACES;
        EQUAL(device_start(), 0);
        same_after_start(1, 2, -2);
        _change_table(change);
        EQUAL(device_start(), 0);
        test_manifest_t manifest = manifest_of(ANSWER_5, house, 1);
        manifest.key = KEY_HOUSE;
        EQUAL(begin(&manifest), 0);
        if (saves != 0) {
            EQUAL(send(ANSWER_5), 0);
            EQUAL(fcc_update_finish(&device.update), 0);
            EQUAL(answer(house), 5);
            EQUAL(device_start(), 0);
            EQUAL(answer(house), 5);
        }
        /* With one, nothing. */
        memcpy(places, before, sizeof(places));
        info.place_count = PLACES;
        EQUAL(device_start(), 0);
        same_after_start(100, -2, -2);
        EQUAL(install(ANSWER_3, HOUSE, 1), 0);
        EQUAL(run(HOUSE, 3), 3);
        same_after_start(3, -2, -2);
    }
}

/* Newer firmware has a newer image than the slots: it runs, and older ones are not taken any more. */
static void _factories(void)
{
    settled();
    places[HOUSE].factory_sequence = 2;
    EQUAL(device_start(), 0);
    same_after_start(1, 2, -2);
    EQUAL(record_of(HOUSE)->floor, 5);
    /* Newer than the one before only. */
    places[HOUSE].factory_sequence = 4;
    EQUAL(device_start(), 0);
    same_after_start(1, 2, -2);
    *_in_slot(HOUSE, 1) ^= 1;
    EQUAL(device_start(), FCC_E_CHECKSUM);
    same_after_start(100, 2, -2);
    EQUAL(record_of(HOUSE)->floor, 5);
    places[HOUSE].factory_sequence = 0;
    flash_new();
    settled();
    EQUAL(install(ANSWER_3, HOUSE, 6), 0);
    places[HOUSE].factory_sequence = 6;
    EQUAL(device_start(), 0);
    EQUAL(record_of(HOUSE)->trial, 0);
    same_after_start(100, 2, -2);
    EQUAL(install(ANSWER_5, HOUSE, 6), FCC_E_SEQUENCE);
    places[HOUSE].factory_sequence = 10;
    EQUAL(device_start(), 0);
    EQUAL(record_of(HOUSE)->floor, 10);
    EQUAL(install(ANSWER_5, HOUSE, 10), FCC_E_SEQUENCE);
    EQUAL(install(ANSWER_5, HOUSE, 11), 0);
    EQUAL(run(HOUSE, 3), 3);
    same_after_start(5, 2, -2);
}

/* The hook's contract is another one in newer firmware. */
static void _contracts(void)
{
    settled();
    hook_infos[0].contract_hash ^= 1;
    EQUAL(device_start(), FCC_E_CONTRACT);
    EQUAL(answer(HOUSE), -2);
    EQUAL(answer(GUEST), -2);
}

const test_t start_tests[] = {
    { "an empty flash", _empty },
    { "damaged images", _damaged_images },
    { "a damaged image on trial", _damaged_on_trial },
    { "a damaged image of the factory", _factory_damaged },
    { "starts on trial are counted", _boots },
    { "a trial goes on after a start", _trial_goes_on },
    { "damaged records", _damaged_records },
    { "generations wrap around", _generations },
    { "another table of places", _tables },
    { "newer images of the factory", _factories },
    { "another contract", _contracts },
    { NULL, NULL },
};

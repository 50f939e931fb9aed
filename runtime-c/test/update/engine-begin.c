/* SPDX-License-Identifier: MIT */
/* From the attempt to the last byte. */
#include "engine.h"

/* A manifest is refused so, and neither flash nor containers notice. */
static void _refused(const test_manifest_t *manifest, int status)
{
    uint32_t calls = model.calls;
    EQUAL(begin(manifest), status);
    EQUAL(device.update.phase, FCC_UPDATE_DONE);
    EQUAL(device.update.status, status);
    EQUAL(model.calls, calls);
    EQUAL(fcc_update_write(&device.update, 0, images[ANSWER_3].bytes, CHUNK), FCC_E_STOPPED);
    EQUAL(fcc_update_finish(&device.update), FCC_E_STOPPED);
    EQUAL(device.update.status, status);
    EQUAL(model.calls, calls);
    EQUAL(answer(HOUSE), 1);
    EQUAL(answer(GUEST), 2);
}

static void _manifests(void)
{
    settled();
    const test_manifest_t good = manifest_of(ANSWER_3, HOUSE, 6);
    test_manifest_t bad = good;
    for (int status = FCC_E_MANIFEST; status >= FCC_E_MANIFEST_DIGEST; status--) {
        bad.status = status;
        _refused(&bad, status);
        HOLDS(device.update.place == NULL);
    }
    for (uint32_t i = 0; i < FCC_UUID_LENGTH; i++) {
        bad = good;
        bad.vendor[i] ^= 1;
        bad.class_id[i] ^= 1;
        _refused(&bad, FCC_E_VENDOR);
        bad.vendor[i] ^= 1;
        _refused(&bad, FCC_E_CLASS);
    }
    static const char *const names[] = { ".fc.tes", ".fc.testt", ".fc.test.", ".fc.test.guests", "", ".fc.Test", "fc.test", ".fc" };
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        bad = good;
        strcpy(bad.component, names[i]);
        _refused(&bad, FCC_E_COMPONENT);
        HOLDS(device.update.place == NULL);
    }
}

/* A device's name of 32 characters does not fit into a manifest, and is not compared beyond it. */
static void _long_name(void)
{
    places[OTHER].component = ".fc.567890123456789012345678901234567890";
    EQUAL(device_start(), 0);
    test_manifest_t manifest = manifest_of(OTHER_HOOK, OTHER, 6);
    memset(manifest.component, 0, sizeof(manifest.component));
    memcpy(manifest.component, places[OTHER].component, FCC_COMPONENT_MAX - 1u);
    EQUAL(begin(&manifest), FCC_E_COMPONENT);
}

static void _rights(void)
{
    settled();
    test_manifest_t bad = manifest_of(ANSWER_3, HOUSE, 6);
    bad.key = KEY_GUEST;
    _refused(&bad, FCC_E_TENANT);
    HOLDS(device.update.place == NULL);
    bad.key = KEY_OTHER_HOOK;
    _refused(&bad, FCC_E_KEY);
    bad = manifest_of(ANSWER_3, GUEST, 6);
    for (uint32_t key = 0; key < KEY_COUNT; key++) {
        bad.key = key;
        if (key != KEY_GUEST) {
            _refused(&bad, FCC_E_TENANT);
        }
    }
    test_manifest_t good = manifest_of(OTHER_HOOK, OTHER, 1);
    good.key = KEY_OTHER_HOOK;
    EQUAL(begin(&good), 0);
    EQUAL(send(OTHER_HOOK), 0);
    EQUAL(fcc_update_finish(&device.update), 0);
    EQUAL(answer(OTHER), 7);
}

static void _sequences(void)
{
    settled();
    test_manifest_t manifest = manifest_of(ANSWER_3, HOUSE, 0);
    for (; manifest.sequence <= 5; manifest.sequence++) {
        _refused(&manifest, FCC_E_SEQUENCE);
        HOLDS(device.update.place == &places[HOUSE]);
    }
    /* The guest's own numbers are lower; those of a place that never had an image start at 1. */
    EQUAL(install(ANSWER_3, GUEST, 5), 0);
    manifest = manifest_of(OTHER_HOOK, OTHER, 0);
    EQUAL(begin(&manifest), FCC_E_SEQUENCE);
    EQUAL(install(OTHER_HOOK, OTHER, 1), 0);
    EQUAL(install(ANSWER_3, HOUSE, 0xfffffffeu), 0);
    EQUAL(run(HOUSE, 3), 3);
    EQUAL(install(ANSWER_5, HOUSE, 0xffffffffu), 0);
    EQUAL(run(HOUSE, 3), 3);
    EQUAL(install(ANSWER_3, HOUSE, 0xffffffffu), FCC_E_SEQUENCE);
    EQUAL(install(ANSWER_3, HOUSE, 0), FCC_E_SEQUENCE);
    same_after_start(5, 3, 7);
}

static void _sizes(void)
{
    settled();
    test_manifest_t manifest = manifest_of(LONG, HOUSE, 6);
    static const uint32_t sizes[] = { 0, SLOT_LENGTH + 1u, SLOT_LENGTH + 8u, 0x7fffffffu, 0x80000000u, 0xffffffc1u, 0xffffffffu };
    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        manifest.size = sizes[i];
        _refused(&manifest, FCC_E_SIZE);
    }
    EQUAL(install(FULL, HOUSE, 6), 0);
    EQUAL(run(HOUSE, 3), 3);
    same_after_start(6, 2, -2);
}

static void _attempts(void)
{
    test_manifest_t manifest;
    fcc_manifest_t read;
    settled();
    uint32_t attempts = device.update.attempts;
    manifest = manifest_of(ANSWER_3, HOUSE, 6);
    uint32_t calls = model.calls;
    /* Nothing without an attempt. */
    EQUAL(fcc_update_begin(&device.update, &read, &manifest, sizeof(manifest)), FCC_E_STOPPED);
    EQUAL(device.update.phase, FCC_UPDATE_DONE);
    EQUAL(fcc_update_attempt(&device.update), attempts + 1);
    EQUAL(device.update.phase, FCC_UPDATE_FETCHING);
    EQUAL(device.update.status, 0);
    HOLDS(device.update.place == NULL);
    HOLDS(fcc_update_bytes(&device.update) == NULL);
    EQUAL(fcc_update_attempt(&device.update), 0);
    EQUAL(fcc_update_write(&device.update, 0, images[ANSWER_3].bytes, CHUNK), FCC_E_STOPPED);
    EQUAL(fcc_update_finish(&device.update), FCC_E_STOPPED);
    EQUAL(device.update.phase, FCC_UPDATE_FETCHING);
    EQUAL(model.calls, calls);
    fcc_update_cancel(&device.update, FCC_E_FETCH);
    EQUAL(device.update.phase, FCC_UPDATE_DONE);
    EQUAL(device.update.status, FCC_E_FETCH);
    fcc_update_cancel(&device.update, FCC_E_SIZE);
    EQUAL(device.update.status, FCC_E_FETCH);
    EQUAL(begin(&manifest), 0);
    EQUAL(device.update.attempts, attempts + 2);
    EQUAL(device.update.size, images[ANSWER_3].length);
    EQUAL(device.update.sequence, 6);
    EQUAL(fcc_update_write(&device.update, 0, images[ANSWER_3].bytes, CHUNK), 0);
    EQUAL(device.update.received, CHUNK);
    HOLDS(fcc_update_bytes(&device.update) == flash.base + places[HOUSE].slots[0]);
    EQUAL(memcmp(fcc_update_bytes(&device.update), images[ANSWER_3].bytes, CHUNK), 0);
    /* The manifest again, in the same attempt: from the first byte. */
    EQUAL(fcc_update_begin(&device.update, &read, &manifest, sizeof(manifest)), 0);
    EQUAL(device.update.received, 0);
    EQUAL(send(ANSWER_3), 0);
    EQUAL(fcc_update_finish(&device.update), 0);
    EQUAL(device.update.phase, FCC_UPDATE_DONE);
    EQUAL(fcc_update_finish(&device.update), FCC_E_STOPPED);
    EQUAL(device.update.status, 0);
    EQUAL(memcmp(fcc_update_bytes(&device.update), images[ANSWER_3].bytes, images[ANSWER_3].length), 0);
    EQUAL(run(HOUSE, 3), 3);
    HOLDS(fcc_update_bytes(&device.update) == flash.base + places[HOUSE].slots[0]);
    /* And pushed twice. */
    EQUAL(begin(&manifest), FCC_E_SEQUENCE);
    same_after_start(3, 2, -2);
}

/* After a wrong piece the update has ended; the next one goes well with the same number. */
static void _piece(uint32_t before, uint32_t offset, uint32_t length, int status)
{
    test_manifest_t manifest = manifest_of(ANSWER_3, HOUSE, 6);
    EQUAL(begin(&manifest), 0);
    if (before != 0) {
        EQUAL(fcc_update_write(&device.update, 0, images[ANSWER_3].bytes, before), 0);
    }
    uint32_t calls = model.calls;
    EQUAL(fcc_update_write(&device.update, offset, images[ANSWER_3].bytes, length), status);
    EQUAL(model.calls, calls);
    EQUAL(device.update.phase, FCC_UPDATE_DONE);
    EQUAL(device.update.status, status);
    EQUAL(fcc_update_write(&device.update, before, images[ANSWER_3].bytes, CHUNK), FCC_E_STOPPED);
    EQUAL(fcc_update_finish(&device.update), FCC_E_STOPPED);
    EQUAL(model.calls, calls);
    EQUAL(answer(HOUSE), 1);
}

static void _pieces(void)
{
    settled();
    uint32_t size = images[ANSWER_3].length;
    _piece(0, 16, 64, FCC_E_FETCH);
    _piece(64, 0, 64, FCC_E_FETCH);
    _piece(64, 128, 64, FCC_E_FETCH);
    _piece(64, 64, 8, FCC_E_TRUNCATED);
    _piece(64, 64, 65, FCC_E_TRUNCATED);
    _piece(64, 64, size - 64 - 1, FCC_E_TRUNCATED);
    _piece(64, 64, size - 64 + 1, FCC_E_SIZE);
    _piece(64, 64, 0xffffffffu, FCC_E_SIZE);
    _piece(0, 0, size + 8, FCC_E_SIZE);
    /* No bytes at all are no mistake, and any multiple of 16 goes. */
    test_manifest_t manifest = manifest_of(ANSWER_3, HOUSE, 6);
    EQUAL(begin(&manifest), 0);
    EQUAL(fcc_update_write(&device.update, 0, images[ANSWER_3].bytes, 0), 0);
    uint32_t at = 0;
    for (uint32_t length = 16; at + length < size; length += 16) {
        EQUAL(fcc_update_write(&device.update, at, (const uint8_t *)images[ANSWER_3].bytes + at, length), 0);
        at += length;
    }
    EQUAL(fcc_update_finish(&device.update), FCC_E_TRUNCATED);
    EQUAL(answer(HOUSE), 1);
    EQUAL(begin(&manifest), 0);
    EQUAL(fcc_update_write(&device.update, 0, images[ANSWER_3].bytes, size), 0);
    /* Behind the end there is nothing. */
    EQUAL(fcc_update_write(&device.update, size, images[ANSWER_3].bytes, 0), 0);
    EQUAL(fcc_update_finish(&device.update), 0);
    EQUAL(run(HOUSE, 3), 3);
    same_after_start(3, 2, -2);
}

static void _behind_the_end(void)
{
    settled();
    test_manifest_t manifest = manifest_of(ANSWER_3, HOUSE, 6);
    EQUAL(begin(&manifest), 0);
    EQUAL(send(ANSWER_3), 0);
    EQUAL(fcc_update_write(&device.update, images[ANSWER_3].length, images[ANSWER_3].bytes, 16), FCC_E_SIZE);
    EQUAL(fcc_update_finish(&device.update), FCC_E_STOPPED);
    same_after_start(1, 2, -2);
}

/* Who begins and never ends wears out nothing but what his bytes reach: the record is everybody's. */
static void _given_up(void)
{
    settled();
    test_manifest_t manifest = manifest_of(FULL, HOUSE, 6);
    EQUAL(begin(&manifest), 0);
    fcc_update_cancel(&device.update, FCC_E_FETCH);
    for (uint32_t starts = 0; starts < 2; starts++) {
        uint32_t calls = model.calls;
        EQUAL(begin(&manifest), 0);
        fcc_update_cancel(&device.update, FCC_E_FETCH);
        EQUAL(model.calls, calls);
        EQUAL(begin(&manifest), 0);
        EQUAL(fcc_update_write(&device.update, 0, images[FULL].bytes, 16), 0);
        EQUAL(fcc_update_write(&device.update, 16, (const uint8_t *)images[FULL].bytes + 16, 48), 0);
        /* One page erased, two writes. */
        EQUAL(model.calls, calls + 3);
        EQUAL(fcc_update_write(&device.update, 64, (const uint8_t *)images[FULL].bytes + 64, 144), 0);
        EQUAL(model.calls, calls + 3 + 4);
        fcc_update_cancel(&device.update, FCC_E_FETCH);
        same_after_start(1, 2, -2);
    }
    EQUAL(install(FULL, HOUSE, 6), 0);
    EQUAL(run(HOUSE, 3), 3);
    same_after_start(6, 2, -2);
}

/* Every unit, every size of pieces: the model sees whether each unit is written once. */
static void _units(void)
{
    for (uint32_t unit = 1; unit <= 16; unit *= 2) {
        for (uint32_t page = 64; page <= 256; page *= 2) {
            flash_new();
            world_layout(page, unit);
            settled();
            for (uint32_t kind = ANSWER_1; kind <= ANSWER_5; kind++) {
                EQUAL(install(kind, HOUSE, 10 + kind), 0);
                EQUAL(run(HOUSE, 3), 3);
                same_after_start(kind + 1, 2, -2);
            }
        }
    }
}

const test_t begin_tests[] = {
    { "manifests that are not for this device", _manifests },
    { "a place whose name is too long for manifests", _long_name },
    { "rights of keys", _rights },
    { "sequence numbers", _sequences },
    { "sizes", _sizes },
    { "attempts", _attempts },
    { "pieces of an image", _pieces },
    { "more than the image", _behind_the_end },
    { "an attempt that is given up", _given_up },
    { "units and pages", _units },
    { NULL, NULL },
};

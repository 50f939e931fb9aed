/* SPDX-License-Identifier: MIT */
/* From the last byte to the exchange. */
#include "engine.h"

/* An image that is stored and then refused: the old one goes on, and the number is not spent. */
static void _refused(const test_manifest_t *manifest, const void *bytes, int status)
{
    EQUAL(begin(manifest), 0);
    EQUAL(fcc_update_write(&device.update, 0, bytes, manifest->size), 0);
    EQUAL(fcc_update_finish(&device.update), status);
    EQUAL(device.update.phase, FCC_UPDATE_DONE);
    EQUAL(device.update.status, status);
    EQUAL(fcc_update_finish(&device.update), FCC_E_STOPPED);
    EQUAL(record_of(HOUSE)->floor, 5);
    EQUAL(record_of(HOUSE)->rejected, 0);
    same_after_start(1, 2, -2);
}

static uint8_t changed[SLOT_LENGTH] __attribute__((aligned(8)));

/* The image as it is after `change`, with a manifest that is right. */
static test_manifest_t _forged(uint32_t kind, uint32_t offset, uint8_t bits, int repair)
{
    test_manifest_t manifest = manifest_of(kind, HOUSE, 6);
    memcpy(changed, images[kind].bytes, images[kind].length);
    changed[offset] ^= bits;
    if (repair) {
        memset(changed + offsetof(fcc_header_t, checksum), 0, 4);
        uint32_t crc = fcc_crc32(0, changed, images[kind].length);
        memcpy(changed + offsetof(fcc_header_t, checksum), &crc, sizeof(crc));
    }
    fcc_port_sha256(changed, images[kind].length, manifest.digest);
    return manifest;
}

static void _digest(void)
{
    settled();
    for (uint32_t i = 0; i < FCC_DIGEST_LENGTH; i++) {
        test_manifest_t bad = manifest_of(ANSWER_3, HOUSE, 6);
        bad.digest[i] ^= 1;
        _refused(&bad, images[ANSWER_3].bytes, FCC_E_DIGEST);
    }
    test_manifest_t bad = manifest_of(ANSWER_3, HOUSE, 6);
    for (uint32_t i = 0; i < images[ANSWER_3].length; i += 9) {
        memcpy(changed, images[ANSWER_3].bytes, images[ANSWER_3].length);
        changed[i] ^= 16;
        _refused(&bad, changed, FCC_E_DIGEST);
    }
}

static void _images(void)
{
    settled();
    test_manifest_t bad = _forged(ANSWER_3, 0, 1, 0);
    _refused(&bad, changed, FCC_E_MAGIC);
    bad = _forged(ANSWER_3, offsetof(fcc_header_t, checksum), 1, 0);
    _refused(&bad, changed, FCC_E_CHECKSUM);
    bad = _forged(ANSWER_3, images[ANSWER_3].length - 30u, 4, 0);
    _refused(&bad, changed, FCC_E_CHECKSUM);
    bad = _forged(ANSWER_3, offsetof(fcc_header_t, total_length), 8, 1);
    _refused(&bad, changed, FCC_E_LENGTH);
    bad = _forged(ANSWER_3, offsetof(fcc_header_t, arch), FCC_ARCH_EBPF ^ FCC_ARCH_RISCV32, 1);
    _refused(&bad, changed, FCC_E_TARGET);
    bad = _forged(ANSWER_3, offsetof(fcc_header_t, contract_hash), 1, 1);
    _refused(&bad, changed, FCC_E_CONTRACT);
    bad = manifest_of(OTHER_HOOK, HOUSE, 6);
    _refused(&bad, images[OTHER_HOOK].bytes, FCC_E_CONTRACT);
    bad = manifest_of(LARGE, HOUSE, 6);
    _refused(&bad, images[LARGE].bytes, FCC_E_MEMORY);
    /* Shorter than a header, of any length. */
    for (uint32_t size = 1; size < 24; size += 7) {
        bad = manifest_of(ANSWER_3, HOUSE, 6);
        bad.size = size;
        fcc_port_sha256(images[ANSWER_3].bytes, size, bad.digest);
        _refused(&bad, images[ANSWER_3].bytes, FCC_E_MAGIC);
    }
}

static void _helpers(void)
{
    settled();
    test_manifest_t manifest = manifest_of(PROBES, HOUSE, 6);
    manifest.key = KEY_FEW_HELPERS;
    EQUAL(begin(&manifest), 0);
    EQUAL(send(PROBES), 0);
    EQUAL(fcc_update_finish(&device.update), FCC_E_HELPER);
    EQUAL(device.update.refused, 0x20);
    EQUAL(answer(HOUSE), 1);
    /* More imports than the image has room for: nothing of it is read before that is known. */
    manifest = _forged(ANSWER_3, offsetof(fcc_header_t, import_count), 2, 1);
    manifest.key = KEY_FEW_HELPERS;
    _refused(&manifest, changed, FCC_E_LENGTH);
    /* Forgotten with the next attempt; what the key may call goes. */
    manifest = manifest_of(KEEPS, HOUSE, 6);
    manifest.key = KEY_FEW_HELPERS;
    EQUAL(begin(&manifest), 0);
    EQUAL(device.update.refused, 0);
    EQUAL(send(KEEPS), 0);
    EQUAL(fcc_update_finish(&device.update), 0);
    EQUAL(run(HOUSE, 3), 3);
    EQUAL(install(PROBES, HOUSE, 7), 0);
    EQUAL(run(HOUSE, 3), 3);
    /* What the hook does not allow is no matter of keys. */
    static const uint32_t none[1] = { 0x10 };
    hook_infos[0].host.allowed = none;
    hook_infos[0].host.allowed_count = 1;
    EQUAL(install(PROBES, HOUSE, 8), FCC_E_HELPER);
    EQUAL(device.update.refused, 0x20);
    EQUAL(answer(HOUSE), 9);
}

/* Rows of the store are the new one's; its place in the hook as well. */
static void _goes_on(void)
{
    settled();
    EQUAL(install(KEEPS, HOUSE, 6), 0);
    EQUAL(run(HOUSE, 3), 3);
    EQUAL(answer(HOUSE), 4);
    EQUAL(install(KEEPS, HOUSE, 7), 0);
    EQUAL(run(HOUSE, 3), 3);
    EQUAL(answer(HOUSE), 8);
    HOLDS(device.hooks[0].first == device.states[GUEST].container);
    HOLDS(device.hooks[0].first->next == device.states[HOUSE].container);
    EQUAL(device.states[HOUSE].container->order, 5);
    uint32_t readies = model.readies;
    EQUAL(install(ANSWER_3, HOUSE, 8), 0);
    EQUAL(model.readies, readies + 1);
    flash.ready = NULL;
    EQUAL(install(ANSWER_3, GUEST, 8), 0);
    EQUAL(model.readies, readies + 1);
}

static int inside_status;

static void _finish_inside(void)
{
    inside_status = fcc_update_finish(&device.update);
}

/* The container in whose place the new one is to go runs: later. */
static void _busy(void)
{
    settled();
    EQUAL(install(PROBES, HOUSE, 6), 0);
    EQUAL(run(HOUSE, 3), 3);
    test_manifest_t manifest = manifest_of(ANSWER_3, HOUSE, 7);
    EQUAL(begin(&manifest), 0);
    EQUAL(send(ANSWER_3), 0);
    device.probe = _finish_inside;
    uint32_t readies = model.readies;
    EQUAL(run(HOUSE, 1), 1);
    EQUAL(inside_status, FCC_E_BUSY);
    EQUAL(model.readies, readies);
    EQUAL(device.update.phase, FCC_UPDATE_FETCHING);
    EQUAL(answer(HOUSE), 9);
    EQUAL(fcc_update_finish(&device.update), 0);
    EQUAL(answer(HOUSE), 3);
    EQUAL(fcc_update_finish(&device.update), FCC_E_STOPPED);
}

static void _mark_running(fcc_slot_t *slot, int running)
{
    slot->last = (uint8_t)((slot->last & ~FCC_LAST_RUNNING) | (running ? FCC_LAST_RUNNING : 0u));
}

static uint32_t marked;

/* Begins to run when its image is looked at, in a thread or an interrupt. */
static void _mark_in_ready(void *context, uint32_t offset, uint32_t length)
{
    (void)context;
    (void)offset;
    (void)length;
    _mark_running(device.states[marked].container, 1);
}

static void _busy_late(void)
{
    settled();
    test_manifest_t manifest = manifest_of(ANSWER_3, HOUSE, 7);
    EQUAL(begin(&manifest), 0);
    EQUAL(send(ANSWER_3), 0);
    void (*ready)(void *, uint32_t, uint32_t) = flash.ready;
    marked = HOUSE;
    flash.ready = _mark_in_ready;
    EQUAL(fcc_update_finish(&device.update), FCC_E_BUSY);
    EQUAL(device.update.phase, FCC_UPDATE_FETCHING);
    _mark_running(device.states[HOUSE].container, 0);
    flash.ready = ready;
    EQUAL(answer(HOUSE), 1);
    EQUAL(fcc_update_finish(&device.update), 0);
    EQUAL(answer(HOUSE), 3);
}

/* Both containers are the tenant's while they are exchanged. */
static void _quota(void)
{
    settled();
    tenant_infos[1].ram = device.tenants[1].ram + 100u;
    EQUAL(install(ANSWER_3, GUEST, 7), FCC_E_QUOTA);
    EQUAL(answer(GUEST), 2);
    tenant_infos[1].ram = 2u * 6144u;
    EQUAL(install(ANSWER_3, GUEST, 7), 0);
    EQUAL(answer(GUEST), 3);
}

/* A hook that takes one container only, and has another tenant's: no use to call again. */
static void _single(void)
{
    hook_infos[0].policy = FCC_POLICY_SINGLE;
    EQUAL(device_start(), 0);
    EQUAL(install(ANSWER_2, GUEST, 4), FCC_E_BUSY);
    EQUAL(device.update.phase, FCC_UPDATE_DONE);
    EQUAL(answer(GUEST), -2);
    EQUAL(install(ANSWER_1, HOUSE, 4), 0);
    EQUAL(run(HOUSE, 3), 3);
    same_after_start(1, -2, -2);
}

const test_t finish_tests[] = {
    { "images that are not the manifest's", _digest },
    { "images that are refused", _images },
    { "helpers of a key", _helpers },
    { "what an update leaves as it is", _goes_on },
    { "an update while the container runs", _busy },
    { "a container that begins to run meanwhile", _busy_late },
    { "the quota of memory", _quota },
    { "a hook for one", _single },
    { NULL, NULL },
};

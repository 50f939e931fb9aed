/* SPDX-License-Identifier: MIT */
/* The report's text. */
#include "engine.h"
#include <inttypes.h>

static char text[2048];

static const char *_report(void)
{
    uint32_t length = fcc_update_report(&device.update, text, sizeof(text));
    HOLDS(length < sizeof(text));
    text[length] = 0;
    return text;
}

static void _same(const char *got, const char *want)
{
    if (strcmp(got, want) != 0) {
        fprintf(stderr, "%s\ninstead of\n%s\n", got, want);
        exit(1);
    }
}

#define DEVICE                                                                                                                       \
    "device vendor 547d0d746d3a5a9296624881afd9407b class 0102030405060708090a0b0c0d0e0f10 arch 0 features 0 interpreter 1 places 3\n"
#define NONE(name, tenant, hook, limit, of)                                                                                          \
    "place " name " tenant " tenant " hook " hook " contract %" PRIu32 " image none sequence 0 floor 0 limit " limit                 \
    " length 0 trial 0 of " of " runs 0 traps 0 trap 0 site 4294967295 value 0 state none rejected 0 rejected-trap 0 rejected-site 0\n"

static void _idle(void)
{
    char want[2048];
    EQUAL(device_start(), 0);
    EQUAL(run(HOUSE, 2), 2);
    snprintf(want, sizeof(want),
             DEVICE "update 0 phase idle status 0 helper 0 component - sequence 0 received 0 size 0\n"
                    "place .fc.test tenant 1 hook 71 contract %" PRIu32 " image factory sequence 0 floor 0 limit 512 length %" PRIu32
                    " trial 0 of 3 runs 2 traps 0 trap 0 site 4294967295 value 100 state idle rejected 0 rejected-trap 0 "
                    "rejected-site 0\n" NONE(".fc.test.guest", "2", "71", "512", "2") NONE(".fc.other", "1", "72", "512", "0"),
             hook_infos[0].contract_hash, images[FACTORY].length, hook_infos[0].contract_hash, hook_infos[1].contract_hash);
    _same(_report(), want);
    /* At every length: the start of the text, and the length of all of it. */
    uint32_t length = (uint32_t)strlen(want);
    EQUAL(fcc_update_report(&device.update, NULL, 0), length);
    for (uint32_t i = 1; i <= length + 1u; i++) {
        memset(text, '~', sizeof(text));
        EQUAL(fcc_update_report(&device.update, text, i), length);
        uint32_t cut = i < length ? i : length;
        EQUAL(memcmp(text, want, cut), 0);
        EQUAL(text[cut], '~');
    }
}

static void _contains(const char *want)
{
    if (strstr(_report(), want) == NULL) {
        fprintf(stderr, "%s\nwithout\n%s\n", text, want);
        exit(1);
    }
}

static uint64_t answered;
static fcc_slot_t *_container(void)
{
    return device.states[HOUSE].container;
}

static void _states(void)
{
    settled();
    test_manifest_t manifest = manifest_of(TRAPS, HOUSE, 6);
    EQUAL(begin(&manifest), 0);
    EQUAL(fcc_update_write(&device.update, 0, images[TRAPS].bytes, CHUNK), 0);
    _contains("\nupdate 4 phase fetching status 0 helper 0 component .fc.test sequence 6 received 64 size 152\n");
    _contains(" image 1 sequence 5 floor 5 limit 512 length 184 trial 0 of 3 ");
    EQUAL(fcc_update_write(&device.update, CHUNK, (const uint8_t *)images[TRAPS].bytes + CHUNK, images[TRAPS].length - CHUNK), 0);
    EQUAL(fcc_update_finish(&device.update), 0);
    _contains("\nupdate 4 phase done status 0 helper 0 component .fc.test sequence 6 received 152 size 152\n");
    _contains(" image 0 sequence 6 floor 6 limit 512 length 152 trial 1 of 3 runs 0 traps 0 trap 0 site 4294967295 value 0 state idle rejected 0 ");
    EQUAL(answer(HOUSE), -1);
    _contains(" trial 1 of 3 runs 1 traps 1 trap 1 site 1 value 0 state idle rejected 0 rejected-trap 0 rejected-site 0\n");
    record_of(HOUSE)->trial = 2;
    _contains(" trial 1 of 3 ");
    fcc_update_poll(&device.update);
    _contains(" status -40 helper 0 component .fc.test ");
    _contains(" image 1 sequence 5 floor 6 limit 512 length 184 trial 0 of 3 runs 0 traps 0 trap 0 site 4294967295 value 0 state idle "
              "rejected 6 rejected-trap 1 rejected-site 1\n");
    fcc_stop(_container());
    _contains(" state stopped ");
    fcc_restart(_container());
    _container()->last |= FCC_LAST_RUNNING;
    _contains(" state running ");
    EQUAL(fcc_update_attempt(&device.update), 5);
    fcc_update_cancel(&device.update, FCC_E_FETCH);
    _contains("\nupdate 5 phase done status -36 helper 0 component - sequence 0 received 0 size 0\n");
    device.update.refused = 0xffffffffu;
    device.update.status = INT32_MIN;
    _contains(" status -2147483648 helper 4294967295 ");
}

/* Numbers of all lengths, and of both signs. */
static void _numbers(void)
{
    char want[64];
    settled();
    for (uint32_t bits = 0; bits < 64; bits++) {
        for (int32_t by = -1; by <= 1; by++) {
            answered = (UINT64_C(1) << bits) + (uint64_t)(int64_t)by;
            _container()->value = answered;
            snprintf(want, sizeof(want), " value %" PRId64 " state", (int64_t)answered);
            _contains(want);
            _container()->runs = (uint32_t)answered;
            snprintf(want, sizeof(want), " runs %" PRIu32 " traps", (uint32_t)answered);
            _contains(want);
        }
    }
    for (uint64_t power = 1, i = 0; i < 20; i++, power *= 10u) {
        for (uint32_t by = 0; by <= 2; by++) {
            _container()->value = power + by - 1u;
            snprintf(want, sizeof(want), " value %" PRId64 " state", (int64_t)(power + by - 1u));
            _contains(want);
            _container()->value = 0u - (power + by - 1u);
            snprintf(want, sizeof(want), " value %" PRId64 " state", (int64_t)(0u - (power + by - 1u)));
            _contains(want);
        }
    }
}

const test_t report_tests[] = {
    { "a report before any update", _idle },
    { "reports of updates", _states },
    { "numbers in reports", _numbers },
    { NULL, NULL },
};

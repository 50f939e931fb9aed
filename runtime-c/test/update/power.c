/* SPDX-License-Identifier: MIT */
/*
 * Power cuts: each scenario is done as often as it writes and erases bytes, and is cut at another one each time. After the restart the
 * device must run exactly one whole image of each place: the one before or the one after, and never the one before again once the one
 * after was there. Then it must take the next update.
 *
 *     power FOLDER STRIDE SEED
 *
 * FOLDER has the images of test/runtime/update-images.ts. Of second cuts, during what follows a restart, every STRIDE-th is done. Exit code
 * 0, or 1 and what was wrong.
 */
#include "world.h"

#define STAGES 4u
#define NOTHING (-2)
#define TRAPPED (-1)

typedef struct {
    const char *name;
    uint32_t place;
    void (*before)(void);   /* what is in flash */
    void (*life)(void);     /* what is cut; from the start of the device */
    int64_t stages[STAGES]; /* what answers, one after the other; the last one stays */
    uint32_t count;
    uint32_t sequence; /* of the image that is pushed, and after it: what may be the floor */
} scenario_t;

static flash_bytes_t snapshot;
static jmp_buf power;

/* 1 if the power went. */
static int _powered(void (*life)(void), uint64_t bytes)
{
    model.power = &power;
    model.cut_at = bytes == NEVER ? NEVER : model.done + bytes;
    int cut = setjmp(power);
    if (cut == 0) {
        life();
    }
    model.cut_at = NEVER;
    return cut;
}

/* The other places have what they had: 7 bytes of a record more or less would be seen. */
static void _neighbours(const scenario_t *scenario)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        if (i != scenario->place) {
            static const int64_t answers[PLACES] = { 1, 2, 7 };
            EQUAL(answer(i), answers[i]);
            EQUAL(memcmp(&model.now.bytes[places[i].slots[0]], &snapshot.bytes[places[i].slots[0]], 2u * SLOT_LENGTH), 0);
        }
    }
}

/* What all scenarios start from: an image in each place, and in two of them the one before it. */
static void _settled(void)
{
    EQUAL(device_start(), 0);
    EQUAL(install(ANSWER_4, HOUSE, 3), 0);
    EQUAL(run(HOUSE, 3), 3);
    EQUAL(install(ANSWER_1, HOUSE, 5), 0);
    EQUAL(run(HOUSE, 3), 3);
    EQUAL(install(ANSWER_2, GUEST, 4), 0);
    EQUAL(run(GUEST, 2), 2);
    EQUAL(install(OTHER_HOOK, OTHER, 1), 0);
}

static void _empty_guest(void)
{
    EQUAL(device_start(), 0);
    EQUAL(install(ANSWER_1, HOUSE, 5), 0);
    EQUAL(run(HOUSE, 3), 3);
    EQUAL(install(OTHER_HOOK, OTHER, 1), 0);
}

static void _empty_house(void)
{
    EQUAL(device_start(), 0);
    EQUAL(install(ANSWER_2, GUEST, 4), 0);
    EQUAL(run(GUEST, 2), 2);
    EQUAL(install(OTHER_HOOK, OTHER, 1), 0);
}

static void _on_trial(void)
{
    _settled();
    EQUAL(install(ANSWER_3, HOUSE, 8), 0);
}

static void _first_on_trial(void)
{
    _empty_guest();
    EQUAL(install(ANSWER_2, GUEST, 4), 0);
}

static void _first_over_factory(void)
{
    _empty_house();
    EQUAL(install(ANSWER_1, HOUSE, 5), 0);
}

/* The image in use is damaged, so that the start takes the other one. */
static void _damaged(void)
{
    _settled();
    model.now.bytes[places[HOUSE].slots[1] + 100u] ^= 1;
}

/* Both are, one on trial. */
static void _damaged_trial(void)
{
    _on_trial();
    model.now.bytes[places[HOUSE].slots[0] + 100u] ^= 1;
    model.now.bytes[places[HOUSE].slots[1] + 100u] ^= 1;
}

static void _update(void)
{
    device_start();
    EQUAL(install(ANSWER_3, HOUSE, 8), 0);
    EQUAL(run(HOUSE, 4), 4);
}

static void _update_guest(void)
{
    device_start();
    EQUAL(install(FULL, GUEST, 8), 0);
    EQUAL(run(GUEST, 4), 4);
}

/* Without a trial. */
static void _update_other(void)
{
    device_start();
    EQUAL(install(OTHER_HOOK, OTHER, 8), 0);
}

static void _bad(void)
{
    device_start();
    EQUAL(install(TRAPS, HOUSE, 8), 0);
    run(HOUSE, 4);
}

static void _bad_guest(void)
{
    device_start();
    EQUAL(install(TRAPS, GUEST, 8), 0);
    run(GUEST, 4);
}

static void _restarts(void)
{
    device_start();
    EQUAL(install(ANSWER_3, HOUSE, 8), 0);
    for (uint32_t i = 0; i < FCC_TRIAL_BOOTS + 1u; i++) {
        device_start();
    }
}

static void _next_on_trial(void)
{
    device_start();
    EQUAL(install(FULL, HOUSE, 9), 0);
    EQUAL(run(HOUSE, 4), 4);
}

static void _settle_keep(void)
{
    device_start();
    EQUAL(fcc_update_settle(&device.update, &places[HOUSE], 1), 0);
    device_start();
}

static void _settle_back(void)
{
    device_start();
    EQUAL(fcc_update_settle(&device.update, &places[HOUSE], 0), 0);
    device_start();
}

static void _broken_off(void)
{
    device_start();
    test_manifest_t manifest = manifest_of(ANSWER_3, HOUSE, 8);
    EQUAL(begin(&manifest), 0);
    EQUAL(fcc_update_write(&device.update, 0, images[ANSWER_3].bytes, CHUNK), 0);
    fcc_update_cancel(&device.update, FCC_E_FETCH);
    device_start();
}

static void _start_only(void)
{
    device_start();
}

static const scenario_t scenarios[] = {
    { "an update", HOUSE, _settled, _update, { 1, 3 }, 2, 8 },
    { "an update of the guest", GUEST, _settled, _update_guest, { 2, 6 }, 2, 8 },
    { "an update without a trial", OTHER, _settled, _update_other, { 7 }, 1, 8 },
    { "the first update, over the factory's image", HOUSE, _empty_house, _update, { 100, 3 }, 2, 8 },
    { "the first update, over nothing", GUEST, _empty_guest, _update_guest, { NOTHING, 6 }, 2, 8 },
    { "an update that traps", HOUSE, _settled, _bad, { 1, TRAPPED, 1 }, 3, 8 },
    { "the first update, and it traps", HOUSE, _empty_house, _bad, { 100, TRAPPED, 100 }, 3, 8 },
    { "the first update of the guest, and it traps", GUEST, _empty_guest, _bad_guest, { NOTHING, TRAPPED, NOTHING }, 3, 8 },
    { "starts on trial", HOUSE, _settled, _restarts, { 1, 3, 1 }, 3, 8 },
    { "an update over one on trial", HOUSE, _on_trial, _next_on_trial, { 3, 1, 6 }, 3, 9 },
    { "an update over a first one on trial", GUEST, _first_on_trial, _update_guest, { 2, 6 }, 2, 8 },
    { "an update over a first one on trial, over the factory's", HOUSE, _first_over_factory, _update, { 1, 3 }, 2, 8 },
    { "an update that traps, over a first one on trial", GUEST, _first_on_trial, _bad_guest, { 2, TRAPPED, NOTHING }, 3, 8 },
    { "the end of a trial", HOUSE, _on_trial, _settle_keep, { 3 }, 1, 8 },
    { "the end of a trial, backwards", HOUSE, _on_trial, _settle_back, { 3, 1 }, 2, 8 },
    { "an update that is broken off", HOUSE, _settled, _broken_off, { 1 }, 1, 8 },
    { "a start with a damaged image", HOUSE, _damaged, _start_only, { 4 }, 1, 8 },
    { "a start with two damaged images", HOUSE, _damaged_trial, _start_only, { 100 }, 1, 8 },
};

static const scenario_t *now;

/* What comes after the restart: the trial ends one way or the other. */
static void _recovery(void)
{
    device_start();
    run(now->place, 4);
}

static int _is_stage(int64_t value)
{
    uint32_t i = 0;
    while (i < now->count && now->stages[i] != value) {
        i++;
    }
    return i < now->count;
}

/* The floor is kept, whatever is cut; nothing is as high as what was never pushed. */
static uint32_t _floor(void)
{
    fcc_place_record_t record = { .floor = 0 };
    (void)flash_record(now->place, &record);
    HOLDS(record.floor <= now->sequence);
    return record.floor;
}

/*
 * Starts the device after a cut, looks at everything, ends the trial and brings the next update. `stage` is how far an earlier cut in this
 * scenario got, or the first cut before the second. Returns how far this one did.
 */
static uint32_t _look(uint32_t stage, uint32_t least_floor)
{
    device_start();
    int64_t value = answer(now->place);
    while (stage < now->count && now->stages[stage] != value) {
        stage++;
    }
    EQUAL(_is_stage(value), 1);
    HOLDS(stage < now->count);
    uint32_t floor = _floor();
    HOLDS(floor >= least_floor);
    _neighbours(now);
    EQUAL(device.update.phase, FCC_UPDATE_IDLE);
    /* An old manifest does not come in again. */
    if (floor != 0) {
        EQUAL(install(now->place == OTHER ? OTHER_HOOK : ANSWER_5, now->place, floor), FCC_E_SEQUENCE);
    }
    run(now->place, 4);
    value = answer(now->place);
    EQUAL(_is_stage(value), 1);
    HOLDS(value != TRAPPED);
    EQUAL(device.states[now->place].record.trial, 0);
    /* The same after a start: nothing is left to decide. */
    EQUAL(device_start(), 0);
    EQUAL(answer(now->place), value);
    /* The next update. */
    uint32_t kind = now->place == OTHER ? OTHER_HOOK : ANSWER_5;
    EQUAL(install(kind, now->place, 20), 0);
    EQUAL(run(now->place, 4), 4);
    EQUAL(answer(now->place), now->place == OTHER ? 7 : 5);
    EQUAL(device_start(), 0);
    EQUAL(answer(now->place), now->place == OTHER ? 7 : 5);
    EQUAL(device.states[now->place].record.trial, 0);
    _neighbours(now);
    return stage;
}

static uint64_t cuts;

static void _scenario(const scenario_t *scenario, uint32_t kind, uint32_t stride)
{
    now = scenario;
    flash_new();
    model.cut_kind = kind;
    scenario->before();
    snapshot = model.now;
    uint32_t least = _floor();
    /* Uncut, and how many bytes that is. */
    model.done = 0;
    EQUAL(_powered(scenario->life, NEVER), 0);
    uint64_t total = model.done;
    uint32_t stage = 0;
    for (uint64_t k = 0; k <= total; k++) {
        snprintf(doing, sizeof(doing), "%s, cut %u at byte %u of %u", scenario->name, kind, (unsigned)k, (unsigned)total);
        model.now = snapshot;
        EQUAL(_powered(scenario->life, k), k < total);
        const flash_bytes_t after = model.now;
        stage = _look(stage, least);
        cuts++;
        /* And again, during what the restart does. */
        if (stride == 0) {
            continue;
        }
        uint64_t begun = model.done;
        model.now = after;
        uint32_t floor = _floor();
        EQUAL(_powered(_recovery, NEVER), 0);
        uint64_t second = model.done - begun;
        for (uint64_t j = k % stride; j < second; j += stride) {
            snprintf(doing, sizeof(doing), "%s, cut %u at byte %u of %u, then at %u of %u", scenario->name, kind, (unsigned)k,
                     (unsigned)total, (unsigned)j, (unsigned)second);
            model.now = after;
            EQUAL(_powered(_recovery, j), 1);
            _look(stage, floor);
            cuts++;
        }
    }
    EQUAL(stage, scenario->count - 1u);
}

/* Any number of updates, traps, starts and cuts, at random places. */
static uint32_t random_sequence;
static int64_t random_last; /* what the house answers, or would after its trial */

static void _random_life(void)
{
    static const uint32_t kinds[6] = { ANSWER_1, ANSWER_2, ANSWER_3, TRAPS, TRAPS_LATE, FULL };
    device_start();
    for (;;) {
        uint32_t place = next_random() % 2u;
        switch (next_random() % 4u) {
        case 0:
            device_start();
            break;
        case 1:
            run(place, next_random() % 5u);
            break;
        case 2:
            (void)fcc_update_settle(&device.update, &places[place], next_random() % 2u != 0);
            break;
        default:
            EQUAL(install(kinds[next_random() % 6u], place, random_sequence++), 0);
            break;
        }
        random_last = answer(place);
    }
}

static void _random_cuts(uint32_t lives)
{
    static scenario_t house = { "random cuts", HOUSE, NULL, NULL, { 0 }, 0, FCC_UNKNOWN };
    now = &house;
    flash_new();
    random_sequence = 1;
    uint32_t floors[2] = { 0, 0 };
    for (uint32_t i = 0; i < lives; i++) {
        snprintf(doing, sizeof(doing), "random cuts, life %u", (unsigned)i);
        model.cut_kind = next_random() % CUT_KINDS;
        EQUAL(_powered(_random_life, next_random() % 4000u), 1);
        cuts++;
        device_start();
        for (uint32_t place = 0; place < 2; place++) {
            fcc_place_record_t record = { .floor = 0 };
            (void)flash_record(place, &record);
            HOLDS(record.floor >= floors[place] && record.floor < random_sequence);
            floors[place] = record.floor;
            (void)answer(place);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    uint32_t stride = (uint32_t)atoi(argv[2]);
    world_start(argv[1]);
    static const uint32_t pages[3] = { 64, 128, 256 };
    static const uint32_t units[3] = { 1, 8, 16 };
    for (uint32_t kind = 0; kind < CUT_KINDS; kind++) {
        world_layout(pages[kind], units[kind]);
        for (uint32_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
            _scenario(&scenarios[i], kind, stride);
        }
        flash_new();
        model.random = (uint32_t)atoi(argv[3]) + kind;
        _random_cuts(1000);
    }
    printf("%llu cuts\n", (unsigned long long)cuts);
    return 0;
}

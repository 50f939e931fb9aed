/* SPDX-License-Identifier: MIT */
/* Steps of random.c, each with what must come of it. */
#include "random.h"

uint32_t random_kinds[PLACES][NUMBERS];
struct random_update random_update;
struct random_seen random_seen;

uint32_t random_below(uint32_t n)
{
    return next_random() % n;
}

int random_runs(uint32_t place)
{
    const fcc_slot_t *container = device.states[place].container;
    return container != NULL && (container->last & FCC_LAST_RUNNING) != 0;
}

void random_let_run(uint32_t place, int on)
{
    fcc_slot_t *container = device.states[place].container;
    if (container != NULL) {
        container->last = (uint8_t)(on ? container->last | FCC_LAST_RUNNING : container->last & ~FCC_LAST_RUNNING);
    }
}

/* Nothing runs, nothing fails. */
static void _quiet(void)
{
    model.on_write = NULL;
    model.fail_at = 0;
    for (uint32_t i = 0; i < PLACES; i++) {
        random_let_run(i, 0);
    }
}

/* What a step finds. */
typedef struct {
    fcc_place_record_t record;
    fcc_slot_t *container;
    const void *image;
    fcc_status_t status;
    int runs;
} found_t;

static void _find(found_t found[PLACES])
{
    memset(found, 0, PLACES * sizeof(found_t));
    for (uint32_t i = 0; i < PLACES; i++) {
        found[i].record = device.states[i].record;
        found[i].container = device.states[i].container;
        if (found[i].container != NULL) {
            found[i].image = found[i].container->image;
            fcc_status(found[i].container, &found[i].status);
            found[i].runs = random_runs(i);
        }
    }
}

static void _same(const found_t *found, uint32_t place)
{
    HOLDS(device.states[place].container == found->container);
    HOLDS(memcmp(&device.states[place].record, &found->record, sizeof(found->record)) == 0);
    if (found->container != NULL) {
        HOLDS(found->container->image == found->image);
    }
}

static void _others_same(const found_t found[PLACES], uint32_t place)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        if (i != place) {
            _same(&found[i], i);
        }
    }
}

/* Flash has what RAM has. */
static void _saved(uint32_t place)
{
    fcc_place_record_t in_flash;
    HOLDS(flash_record(place, &in_flash) && memcmp(&in_flash, &device.states[place].record, sizeof(in_flash)) == 0);
}

/* The next best: the other slot, else the factory's image, else nothing. */
static uint8_t _next_best(const fcc_place_record_t *record, uint32_t place)
{
    if (record->active < 2 && record->length[record->active ^ 1u] != 0) {
        return record->active ^ 1u;
    }
    return places[place].factory != NULL ? FCC_SLOT_FACTORY : FCC_SLOT_NONE;
}

static void _taken_back(const fcc_place_record_t *before, uint32_t place)
{
    const fcc_place_record_t *record = &device.states[place].record;
    EQUAL(record->active, _next_best(before, place));
    EQUAL(record->rejected, before->sequence[before->active]);
    EQUAL(record->trial, 0);
    EQUAL(record->floor, before->floor);
    random_seen.taken_back++;
}

/* A start does what flash says, and nothing is ever damaged. */
void random_start(void)
{
    static fcc_place_record_t before[PLACES];
    for (uint32_t i = 0; i < PLACES; i++) {
        if (!flash_record(i, &before[i])) {
            memset(&before[i], 0, sizeof(before[i]));
        }
    }
    int status = device_start();
    HOLDS(status == 0 || (status == FCC_E_STORAGE && model.fail_at != 0));
    random_seen.starts++;
    for (uint32_t i = 0; i < PLACES; i++) {
        const fcc_place_record_t *record = &device.states[i].record;
        if (before[i].active >= 2 || before[i].length[before[i].active] == 0) {
            EQUAL(record->active, places[i].factory != NULL ? FCC_SLOT_FACTORY : FCC_SLOT_NONE);
            EQUAL(record->trial, 0);
        }
        else if (before[i].trial != 0 && before[i].boots >= FCC_TRIAL_BOOTS) {
            _taken_back(&before[i], i);
        }
        else {
            EQUAL(record->active, before[i].active);
            EQUAL(record->trial, before[i].trial);
            EQUAL(record->boots, before[i].trial != 0 ? before[i].boots + 1u : before[i].boots);
        }
        EQUAL(record->floor, before[i].floor);
        if (status == 0 && before[i].trial != 0) {
            _saved(i); /* the start is counted */
        }
    }
}

/* What a manifest must be answered, flash apart. */
static int _refusal(const test_manifest_t *m, uint32_t place)
{
    if (m->status != 0) {
        return m->status;
    }
    if (m->vendor[0] != info.vendor[0]) {
        return FCC_E_VENDOR;
    }
    if (m->class_id[0] != info.class_id[0]) {
        return FCC_E_CLASS;
    }
    if (keys[m->key].tenant != tenant_infos[place == GUEST].id) {
        return FCC_E_TENANT;
    }
    if (m->key == KEY_OTHER_HOOK && place != OTHER) {
        return FCC_E_KEY;
    }
    if (m->sequence <= device.states[place].record.floor) {
        return FCC_E_SEQUENCE;
    }
    return m->size > SLOT_LENGTH ? FCC_E_SIZE : 0;
}

/* What the end of an update that was let in must be; 0: installed. */
static int _last_refusal(const test_manifest_t *m, uint32_t kind, uint32_t place)
{
    if (memcmp(m->digest, manifest_of(kind, place, 1).digest, FCC_DIGEST_LENGTH) != 0) {
        return FCC_E_DIGEST;
    }
    if (m->key == KEY_FEW_HELPERS && kind == PROBES) {
        return FCC_E_HELPER;
    }
    if ((kind == OTHER_HOOK) != (place == OTHER)) {
        return FCC_E_CONTRACT;
    }
    return kind == LARGE ? FCC_E_MEMORY : 0;
}

void random_begin(uint32_t place)
{
    static const uint32_t kinds[12] = { ANSWER_1, ANSWER_2, ANSWER_3, TRAPS, TRAPS_LATE, SPINS, FULL, LARGE, LONG, PROBES, KEEPS, OTHER_HOOK };
    found_t found[PLACES];
    uint32_t kind = place == OTHER && random_below(8) != 0 ? OTHER_HOOK : kinds[random_below(12)];
    test_manifest_t m = manifest_of(kind, place, device.states[place].record.floor + (random_below(12) != 0 ? 1u + random_below(2) : 0));
    HOLDS(m.sequence < NUMBERS);
    uint8_t *const spoilt[4] = { &m.vendor[0], &m.class_id[0], &m.digest[random_below(FCC_DIGEST_LENGTH)], &m.digest[31] };
    if (random_below(12) == 0) {
        m.key = random_below(KEY_COUNT);
    }
    if (random_below(10) == 0) {
        *spoilt[random_below(4)] ^= 1u;
    }
    m.status = random_below(20) == 0 ? FCC_E_SIGNATURE : 0;
    _find(found);
    int is_open = device.update.phase == FCC_UPDATE_FETCHING, refusal = _refusal(&m, place);
    int status = begin(&m);
    if (is_open) {
        EQUAL(status, FCC_E_BUSY);
        EQUAL(device.update.phase, FCC_UPDATE_FETCHING);
        _others_same(found, PLACES);
        return;
    }
    if (refusal != 0) {
        EQUAL(status, refusal);
        random_seen.refused++;
    }
    else {
        HOLDS(status == 0 || (status == FCC_E_BUSY && found[place].record.trial != 0) || (status == FCC_E_STORAGE && model.fail_at != 0));
        const fcc_place_record_t *was = &found[place].record, *is = &device.states[place].record;
        /* Only a trial ends, and if it has a way back it has to. */
        if (was->trial == 0) {
            HOLDS(device.states[place].container == found[place].container);
            EQUAL(is->active, was->active);
        }
        else if (status == 0 && was->length[was->active ^ 1u] != 0) {
            EQUAL(is->trial, 0);
        }
    }
    _others_same(found, refusal != 0 ? PLACES : place);
    EQUAL(device.update.phase, status == 0 ? FCC_UPDATE_FETCHING : FCC_UPDATE_DONE);
    EQUAL(device.update.status, status);
    random_update.kind = kind;
    random_update.place = place;
    random_update.sent = 0;
    random_update.refused = _last_refusal(&m, kind, place);
    random_update.manifest = m;
}

/* One piece, or pieces until nothing is left. */
void random_send(void)
{
    const image_t *image = &images[random_update.kind];
    found_t found[PLACES];
    _find(found);
    uint32_t size = random_below(3) == 0 ? 16u * (1u + random_below(4)) : CHUNK, pieces = random_below(3) != 0 ? FCC_UNKNOWN : 1;
    int status = 0;
    for (; pieces != 0 && status == 0 && random_update.sent < image->length; pieces--) {
        uint32_t left = image->length - random_update.sent, length = random_below(60) == 0 || size > left ? left : size;
        int is_wrong = random_below(200) == 0;
        const uint8_t *bytes = (const uint8_t *)image->bytes + random_update.sent;
        status = fcc_update_write(&device.update, random_update.sent + (is_wrong ? 16u : 0), bytes, length);
        HOLDS(status == (is_wrong ? FCC_E_FETCH : 0) || (status == FCC_E_STORAGE && model.fail_at != 0 && !is_wrong));
        if (status == 0) {
            random_update.sent += length;
            EQUAL(device.update.received, random_update.sent);
        }
    }
    EQUAL(device.update.phase, status == 0 ? FCC_UPDATE_FETCHING : FCC_UPDATE_DONE);
    _others_same(found, PLACES);
}

void random_finish(void)
{
    const fcc_place_record_t *record = &device.states[random_update.place].record;
    const fcc_place_t *place = &places[random_update.place];
    found_t found[PLACES];
    _find(found);
    const found_t *was = &found[random_update.place];
    int is_sound = was->record.trial != 2 && (was->record.trial == 0 || was->status.traps == 0);
    int refused = random_update.sent != images[random_update.kind].length ? FCC_E_TRUNCATED : random_update.refused;
    if (refused == 0) {
        random_kinds[random_update.place][random_update.manifest.sequence] = random_update.kind;
    }
    int status = fcc_update_finish(&device.update);
    _others_same(found, random_update.place);
    if (status == FCC_E_BUSY) {
        HOLDS(was->runs || model.on_write != NULL);
        EQUAL(device.update.phase, was->container != NULL ? FCC_UPDATE_FETCHING : FCC_UPDATE_DONE);
        return;
    }
    EQUAL(device.update.phase, FCC_UPDATE_DONE);
    EQUAL(device.update.status, status);
    if (status == 0) {
        EQUAL(refused, 0);
        random_seen.installed++;
        HOLDS(record->active < 2 && record->length[record->active] != 0);
        EQUAL(record->sequence[record->active], random_update.manifest.sequence);
        EQUAL(record->floor, random_update.manifest.sequence);
        EQUAL(record->trial, place->trial_runs != 0);
        EQUAL(record->boots, 0);
        _saved(random_update.place);
        /* The way back is what ran, if it was found good. */
        if (is_sound) {
            int is_good = was->record.active < 2 && (was->record.trial == 0 || was->status.runs >= place->trial_runs);
            EQUAL(record->length[record->active ^ 1u], is_good ? was->record.length[was->record.active] : 0);
        }
        return;
    }
    HOLDS(status == refused || (status == FCC_E_STORAGE && model.fail_at != 0));
    random_seen.failed++;
    /* What ran goes on, at the latest when the new one is not in the middle of a run; unless it had to go anyway. */
    if (is_sound) {
        if (model.on_write == NULL && was->container != NULL) {
            HOLDS(device.states[random_update.place].container->image == was->image);
        }
        void (*on_write)(uint32_t) = model.on_write;
        uint32_t fail_at = model.fail_at;
        _quiet();
        fcc_update_poll(&device.update);
        model.on_write = on_write;
        model.fail_at = fail_at;
        HOLDS((device.states[random_update.place].container != NULL) == (was->container != NULL));
        HOLDS(was->container == NULL || device.states[random_update.place].container->image == was->image);
        /* Its number is spent if it was there for a while. */
        HOLDS(record->floor == was->record.floor || (status == FCC_E_STORAGE && record->floor == random_update.manifest.sequence));
    }
}

/* A trial ends when it has to, and not before. */
void random_poll(void)
{
    found_t found[PLACES];
    _find(found);
    int is_quiet = model.on_write == NULL;
    fcc_update_poll(&device.update);
    for (uint32_t i = 0; i < PLACES; i++) {
        const found_t *was = &found[i];
        const fcc_place_record_t *record = &device.states[i].record;
        int is_bad = was->record.trial == 2 || was->status.traps != 0;
        if (was->record.trial == 0) {
            _same(was, i);
        }
        else if (!is_bad) {
            int is_good = was->status.runs >= places[i].trial_runs;
            EQUAL(record->trial, !is_good);
            EQUAL(record->active, was->record.active);
            HOLDS(device.states[i].container == was->container);
            random_seen.found_good += (uint64_t)is_good;
            if (is_good && model.fail_at == 0) {
                _saved(i);
            }
        }
        else if (is_quiet && !was->runs) {
            _taken_back(&was->record, i);
            if (model.fail_at == 0) {
                _saved(i);
            }
        }
    }
}

void random_settle(uint32_t place, int keep)
{
    found_t found[PLACES];
    _find(found);
    const found_t *was = &found[place];
    int status = fcc_update_settle(&device.update, &places[place], keep);
    _others_same(found, place);
    if (was->record.trial == 0 || (keep && was->record.trial == 2)) {
        EQUAL(status, FCC_E_NO_ENTRY);
    }
    HOLDS(status == 0 || status == FCC_E_NO_ENTRY || (status == FCC_E_BUSY && !keep && (was->runs || model.on_write != NULL))
          || (status == FCC_E_STORAGE && model.fail_at != 0));
    if (status == 0) {
        _saved(place);
    }
    if (status == FCC_E_NO_ENTRY || status == FCC_E_BUSY) {
        _same(was, place);
    }
    else if (keep) {
        EQUAL(device.states[place].record.trial, 0);
        EQUAL(device.states[place].record.active, was->record.active);
    }
    else {
        _taken_back(&was->record, place);
    }
}

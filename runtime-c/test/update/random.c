/* SPDX-License-Identifier: MIT */
/*
 * Updates at random: each life of a device is a row of steps, with flash that fails, power that goes in the middle of them and of the starts
 * that follow, and containers that other threads run just then. After each step all must be as these two files, which know what was
 * signed and sent, would have it.
 *
 *     random FOLDER SEED LIVES STEPS
 *
 * does so many lives of at most 2000 steps, with SEED, SEED + 1, ... Prints each one's seed, and in the end how often what came to pass;
 * exit code 0, or 1 and what was wrong, with seed and step.
 */
#include "random.h"

static uint32_t flash_floors[PLACES]; /* highest that flash had */
static jmp_buf power;
static uint32_t seed;
static volatile uint32_t step;

static void _name(const char *name)
{
    snprintf(doing, sizeof(doing), "seed %u, step %u: %s", seed, step, name);
}

static void _meanwhile(uint32_t offset)
{
    (void)offset;
    if (random_below(4) == 0) {
        random_let_run(random_below(PLACES), random_below(3) != 0);
    }
}

/* After power went: it may go again during the start. */
static void _start_again(void)
{
    while (setjmp(power) != 0) {
        random_seen.cut_starts++;
    }
    model.fail_at = 0;
    model.cut_at = random_below(3) == 0 ? model.done + random_below(300) : NEVER;
    model.cut_kind = random_below(CUT_KINDS);
    random_start();
    model.cut_at = NEVER;
}

/* What holds at any time. */
static void _look(void)
{
    uint32_t ram[2] = { 0, 0 }, containers[2] = { 0, 0 };
    for (uint32_t i = 0; i < PLACES; i++) {
        fcc_place_record_t in_flash;
        const fcc_place_record_t *record = &device.states[i].record;
        const fcc_slot_t *container = device.states[i].container;
        if (flash_record(i, &in_flash)) {
            HOLDS(in_flash.floor >= flash_floors[i]);
            flash_floors[i] = in_flash.floor;
            HOLDS(in_flash.active >= 2 || in_flash.length[in_flash.active] != 0);
            HOLDS(in_flash.active < 2 || in_flash.trial == 0);
        }
        HOLDS(record->floor >= flash_floors[i]);
        if (record->active >= 2) {
            HOLDS(record->trial == 0 && record->length[0] == 0 && record->length[1] == 0);
        }
        for (uint32_t slot = 0; slot < 2; slot++) {
            /* What may run is what was signed with this number. */
            if (record->length[slot] != 0) {
                HOLDS(record->sequence[slot] - 1u < record->floor);
                const image_t *image = &images[random_kinds[i][record->sequence[slot]]];
                EQUAL(record->length[slot], image->length);
                HOLDS(memcmp(flash.base + places[i].slots[slot], image->bytes, image->length) == 0);
            }
        }
        if (container != NULL) {
            ram[i == GUEST] += fcc_slot_size(container->image);
            containers[i == GUEST]++;
        }
        HOLDS((container != NULL) == (record->active != FCC_SLOT_NONE));
        HOLDS(container != NULL || places[i].factory == NULL);
        if (random_below(4) == 0 && !random_runs(i)) {
            (void)answer(i);
        }
    }
    for (uint32_t i = 0; i < 2; i++) {
        EQUAL(device.tenants[i].ram, ram[i]);
        EQUAL(device.tenants[i].containers, containers[i]);
    }
}

/* Flash fails from so many calls on, for a while. */
static void _fail(uint32_t calls)
{
    model.calls = 0;
    model.fail_at = calls;
    model.fails = 1u + random_below(5);
    model.fail_kind = random_below(FAIL_KINDS);
}

/* What befalls the device. */
static void _fate(void)
{
    switch (random_below(8)) {
    case 0:
    case 1:
        model.fail_at = 0;
        break;
    case 2:
        _fail(1u + random_below(8));
        break;
    case 3:
        model.cut_at = model.done + random_below(700);
        model.cut_kind = random_below(CUT_KINDS);
        break;
    case 4:
        model.on_write = model.on_write == NULL ? _meanwhile : NULL;
        break;
    case 5:
        random_start();
        break;
    default:
        break;
    }
}

static void _step(void)
{
    uint32_t place = random_below(PLACES), what = random_below(16);
    int is_open = device.update.phase == FCC_UPDATE_FETCHING;
    if (model.fail_at != 0 && model.calls + 1u >= model.fail_at + model.fails) {
        model.fail_at = 0; /* that was all: now everything has to be saved again */
    }
    if (what < 2 || (what < 5 && !is_open)) {
        _name("begin");
        random_begin(place);
    }
    else if (what < 5 && is_open && random_update.sent != images[random_update.kind].length) {
        _name("send");
        random_send();
    }
    else if (what < 7 && is_open && (random_update.sent == images[random_update.kind].length || random_below(10) == 0)) {
        _name("finish");
        if (random_below(8) == 0) {
            _fail(1u + random_below(5));
        }
        random_finish();
    }
    else if (what == 7 && is_open && random_below(6) == 0) {
        _name("cancel");
        fcc_update_cancel(&device.update, FCC_E_FETCH);
        EQUAL(device.update.phase, FCC_UPDATE_DONE);
    }
    else if (what < 10) {
        _name("poll");
        random_poll();
    }
    else if (what < 12 && !random_runs(place)) {
        _name("run");
        run(place, 1u + random_below(3));
    }
    else if (what == 12 && random_below(3) == 0) {
        _name("settle");
        random_settle(place, (int)random_below(2));
    }
    else if (what < 14) {
        _name("others");
        random_let_run(place, (int)random_below(2));
    }
    else {
        _name("fate");
        _fate();
    }
}

static void _life(uint32_t steps)
{
    step = 0;
    flash_new();
    model.random = seed * 2654435761u;
    model.power = &power;
    memset(flash_floors, 0, sizeof(flash_floors));
    world_layout(64u << random_below(3), 1u << random_below(5));
    model.on_write = random_below(2) != 0 ? _meanwhile : NULL;
    _name("first start");
    _start_again();
    for (step = 1; step <= steps; step++) {
        if (setjmp(power) == 0) {
            _step();
        }
        else {
            random_seen.cuts++;
            _name("start again");
            _start_again();
        }
        _look();
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        return 2;
    }
    world_start(argv[1]);
    uint32_t first = (uint32_t)atoi(argv[2]), lives = (uint32_t)atoi(argv[3]), steps = (uint32_t)atoi(argv[4]);
    for (seed = first; seed - first < lives; seed++) {
        /* Before it, in case that a sanitizer ends the process. */
        printf("seed %u\n", seed);
        fflush(stdout);
        _life(steps);
    }
#define SAY(what) printf("%llu " #what "\n", (unsigned long long)random_seen.what)
    SAY(installed);
    SAY(failed);
    SAY(refused);
    SAY(taken_back);
    SAY(found_good);
    SAY(starts);
    SAY(cuts);
    SAY(cut_starts);
    return 0;
}

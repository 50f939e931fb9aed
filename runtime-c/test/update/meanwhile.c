/* SPDX-License-Identifier: MIT */
/*
 * Updates, traps on trial and ends of trials while the hook runs in two other threads. For ThreadSanitizer.
 *
 *     meanwhile FOLDER UPDATES
 *
 * Exit code 0, or 1 and what was wrong. Prints how often an update had to wait for a run, and how many images were taken back.
 */
#include <pthread.h>
#include <sched.h>
#include "world.h"

static uint32_t goes_on = 1;
static uint32_t ran;

/* Results of images that were ever installed, and no others. */
static void *_runner(void *argument)
{
    uint64_t *context = argument;
    while (__atomic_load_n(&goes_on, __ATOMIC_RELAXED) != 0) {
        int64_t result = 100;
        __atomic_fetch_add(&ran, fcc_hook_run(&device.hooks[0], context, sizeof(*context), &result), __ATOMIC_RELAXED);
        HOLDS((result >= 1 && result <= 9) || result == 100);
        sched_yield();
    }
    return NULL;
}

/* Of containers that take long. */
static void _yield(void)
{
    sched_yield();
}

int main(int argc, char **argv)
{
    static const uint32_t kinds[8] = { ANSWER_1, ANSWER_5, FULL, TRAPS, TRAPS_LATE, PROBES, PROBES, PROBES };
    static uint64_t contexts[2];
    pthread_t threads[2];
    uint32_t busy = 0;
    uint32_t back = 0;
    if (argc != 3) {
        return 2;
    }
    world_start(argv[1]);
    flash_new();
    world_layout(128, 4);
    EQUAL(device_start(), 0);
    device.probe = _yield;
    for (uint32_t i = 0; i < 2; i++) {
        EQUAL(pthread_create(&threads[i], NULL, _runner, &contexts[i]), 0);
    }
    for (uint32_t sequence = 1; sequence <= (uint32_t)atoi(argv[2]); sequence++) {
        uint32_t place = next_random() % 2u;
        uint32_t kind = kinds[next_random() % 8u];
        test_manifest_t manifest = manifest_of(kind, place, sequence);
        /* To begin is to take back what is on trial, which may run just now. */
        int status;
        while ((status = begin(&manifest)) == FCC_E_BUSY) {
            busy++;
            sched_yield();
        }
        EQUAL(status, 0);
        EQUAL(send(kind), 0);
        while ((status = fcc_update_finish(&device.update)) == FCC_E_BUSY) {
            busy++;
            fcc_update_poll(&device.update);
            sched_yield();
        }
        EQUAL(status, 0);
        for (uint32_t i = next_random() % 30u; i != 0; i--) {
            uint32_t rejected = device.states[place].record.rejected;
            fcc_update_poll(&device.update);
            back += device.states[place].record.rejected != rejected;
            sched_yield();
        }
    }
    __atomic_store_n(&goes_on, 0, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    for (uint32_t place = 0; place < 2; place++) {
        while (device.states[place].record.trial != 0) {
            run(place, 1);
        }
        int64_t last = answer(place);
        EQUAL(device_start(), 0);
        EQUAL(answer(place), last);
    }
    HOLDS(ran != 0);
    printf("%u times busy, %u taken back\n", (unsigned)busy, (unsigned)back);
    return 0;
}

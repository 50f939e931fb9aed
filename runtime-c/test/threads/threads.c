/* SPDX-License-Identifier: MIT */
/*
 * Threads that run hooks while others install, replace, stop, restart and remove what runs there. For ThreadSanitizer and AddressSanitizer,
 * with invariants of its own.
 *
 *     threads FOLDER OPERATIONS SEED
 *
 * FOLDER has the images of test/runtime/threads.test.ts. Each manager does so many operations. Exit code 0, or 1 and what was wrong.
 */
#include "world.h"

#define MANAGERS 3u
#define RUNNERS  3u

static uint32_t managers_left = MANAGERS + 1u; /* the one for threads too */

static int _goes_on(void)
{
    return __atomic_load_n(&managers_left, __ATOMIC_RELAXED) != 0;
}

/* Runs hooks all the time, each thread with a context of its own. */
static void *_runner(void *argument)
{
    worker_t *me = argument;
    while (_goes_on()) {
        uint32_t which = worker_random(me) % 4u;
        int64_t result = 0;
        me->context->counter = (uintptr_t)&counters[which < 2 ? 0 : 1];
        if (which < 2) {
            me->counted += fcc_hook_run(&counting_hook, me->context, sizeof(*me->context), &result);
        }
        else {
            fcc_hook_run(which == 2 ? &mixed_hook : &thread_hook, me->context, sizeof(*me->context), &result);
        }
        expect(result >= 0, "a container found another one's value, or something else than it had stored");
        sched_yield(); /* for those that wait for the lock */
    }
    return NULL;
}

static int _install(worker_t *me, place_t *place, fcc_hook_t *hook, fcc_tenant_t *tenant, uint32_t image)
{
    fcc_install_t what = { .image = images[image].bytes, .length = images[image].length };
    what.memory = place->memory[place->half];
    what.memory_length = PLACE_LENGTH;
    what.order = (uint8_t)(worker_random(me) % 32u);
    int status = fcc_install(hook, tenant, &what, &place->slot);
    if (status != 0) {
        expect(status == FCC_E_QUOTA, "an image was refused");
        place->slot = NULL;
    }
    place->hook = hook;
    return status;
}

static void _uninstall(place_t *place)
{
    int status;
    do {
        status = fcc_uninstall(place->hook, place->slot);
        expect(status == 0 || status == FCC_E_BUSY, "a container could not be removed");
        sched_yield();
    } while (status != 0);
    place->slot = NULL;
}

static void _replace(place_t *place, uint32_t image)
{
    fcc_slot_t *slot;
    fcc_install_t what = { .image = images[image].bytes, .length = images[image].length };
    what.memory = place->memory[place->half ^ 1u];
    what.memory_length = PLACE_LENGTH;
    int status = fcc_replace(place->hook, place->slot, &what, &slot);
    expect(status == 0 || status == FCC_E_BUSY || status == FCC_E_QUOTA, "a container could not be replaced");
    if (status == 0) {
        place->slot = slot;
        place->half ^= 1u;
    }
}

/* One of a tenant's images for a hook: only counters in the counting one. */
static uint32_t _image(worker_t *me, const fcc_hook_t *hook)
{
    static const uint32_t mixed[5] = { COUNTER, FILLER, TRAPPER, SPINNER, COUNTER };
    uint32_t kind = hook == &counting_hook ? COUNTER : mixed[worker_random(me) % 5u];
    return 2u * kind + me->tenant;
}

/* Changes what is installed. The places are this thread's own; the tenants, hooks and the store are everybody's. */
static void *_manager(void *argument)
{
    worker_t *me = argument;
    for (uint32_t i = 0; i < me->operations; i++) {
        place_t *place = &me->places[worker_random(me) % PLACES];
        uint32_t what = worker_random(me) % 8u;
        fcc_status_t status;
        sched_yield();
        if (place->slot == NULL) {
            fcc_hook_t *hook = (worker_random(me) & 1u) != 0 ? &counting_hook : &mixed_hook;
            _install(me, place, hook, &tenants[me->tenant], _image(me, hook));
            continue;
        }
        switch (what) {
        case 0:
            _uninstall(place);
            break;
        case 1:
        case 2:
            _replace(place, _image(me, place->hook));
            break;
        case 3:
            fcc_restart(place->slot);
            break;
        case 4:
            /* A run that is stopped has counted and does not count as having ended well. */
            if (place->hook == &mixed_hook) {
                fcc_stop(place->slot);
            }
            break;
        case 5:
            fcc_tenant_period(&tenants[me->tenant]);
            break;
        default:
            fcc_status(place->slot, &status);
            expect(status.traps <= status.runs && status.state <= FCC_STATE_STOPPED && status.trap <= FCC_TRAP_KILLED,
                   "an impossible status");
            check_store();
            break;
        }
    }
    for (uint32_t i = 0; i < PLACES; i++) {
        if (me->places[i].slot != NULL) {
            _uninstall(&me->places[i]);
        }
    }
    __atomic_fetch_sub(&managers_left, 1, __ATOMIC_RELAXED);
    return NULL;
}

/* Containers that never end by themselves, in threads of their own: every one is stopped, whether it loops or sleeps. */
static void *_thread_manager(void *argument)
{
    worker_t *me = argument;
    uint8_t *stack = me->stack;
    for (uint32_t i = 0; i < me->operations / 20u + 1u; i++) {
        place_t *place = &me->places[0];
        fcc_thread_t thread;
        if (_install(me, place, &thread_hook, &tenants[2], 2u * ((i & 1u) != 0 ? SPINNER : SLEEPER)) != 0) {
            continue;
        }
        uint32_t before = tenant_ram(&tenants[2]);
        if (fcc_thread_start(&thread, &thread_hook, place->slot, stack, STACK_LENGTH, 0, me->context, sizeof(*me->context),
                             FCC_UNKNOWN) == 0) {
            if (worker_random(me) % 4u != 0) {
                sched_yield();
            }
            fcc_thread_stop(&thread);
            int status = fcc_thread_join(&thread);
            /* Busy: a runner had it. Stopped: before it had started. */
            expect(status == FCC_E_BUSY || status == FCC_E_STOPPED || (status == 0 && thread.result.trap == FCC_TRAP_KILLED),
                   "a thread has not ended by being stopped");
            me->stopped += status == 0;
            expect(tenant_ram(&tenants[2]) == before, "a thread's stack was not given back");
        }
        _uninstall(place);
    }
    __atomic_fetch_sub(&managers_left, 1, __ATOMIC_RELAXED);
    return NULL;
}

int main(int argc, char **argv)
{
    static worker_t workers[RUNNERS + MANAGERS + 1u];
    const uint32_t count = RUNNERS + MANAGERS + 1u;
    if (argc != 4) {
        return 2;
    }
    uint64_t counted = 0;
    uint32_t stopped = 0;
    world_start(argv[1]);
    check_high_addresses();
    check_calls();
    for (uint32_t i = 0; i < count; i++) {
        worker_start(&workers[i], i, (uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3]));
        void *(*body)(void *) = i < RUNNERS ? _runner : i < RUNNERS + MANAGERS ? _manager : _thread_manager;
        expect(pthread_create(&workers[i].thread, NULL, body, &workers[i]) == 0, "no thread");
    }
    for (uint32_t i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        counted += workers[i].counted;
        stopped += workers[i].stopped;
    }
    check_end(counted);
    printf("%llu runs counted, %u threads stopped\n", (unsigned long long)counted, stopped);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* Containers in POSIX threads. What threads tell each other is under the port's lock. */
#include "lock.h"
#include <time.h>
#include <fcc_thread.h>
#include "../../fcc_port.h"

/* Longest sleep of a container in one piece: fcc_stop, which interrupts may call too, wakes nobody. */
#define LOOK_US 10000
#define MILLION 1000000

enum { RUNS, ENDED, JOINING, JOINED };

static pthread_cond_t changed;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void _start(void)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* Waits for news, under the lock, at most so long. */
static void _wait(int32_t microseconds)
{
    struct timespec end;
    pthread_once(&once, _start);
    clock_gettime(CLOCK_MONOTONIC, &end);
    int64_t nanoseconds = end.tv_nsec + (int64_t)microseconds * 1000;
    end.tv_sec += (time_t)(nanoseconds / (1000 * (int64_t)MILLION));
    end.tv_nsec = (long)(nanoseconds % (1000 * (int64_t)MILLION));
    pthread_cond_timedwait(&changed, &fcc_host_mutex, &end);
}

static void _tell(void)
{
    pthread_once(&once, _start);
    pthread_cond_broadcast(&changed);
}

uint32_t fcc_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * MILLION + (uint32_t)(now.tv_nsec / 1000);
}

void fcc_wait_until(fcc_instance_t *instance, uint32_t deadline)
{
    const fcc_slot_t *slot = fcc_slot_of(instance);
    uint32_t state = fcc_port_lock();
    int is_stopping;
    /* What lies at most half of the clock's range ahead is to come, anything else has passed. */
    for (int32_t left; (is_stopping = fcc_is_stopping(slot)) == 0 && (left = (int32_t)(deadline - fcc_now_us())) > 0;) {
        _wait(left < LOOK_US ? left : LOOK_US);
    }
    fcc_port_unlock(state);
    if (is_stopping != 0) {
        fcc_abort(instance, FCC_TRAP_KILLED);
    }
}

static void *_main(void *argument)
{
    fcc_thread_t *thread = argument;
    int status = fcc_slot_run(thread->hook, thread->slot, thread->context, thread->context_length, thread->fuel, &thread->result);
    uint32_t state = fcc_port_lock();
    thread->status = status;
    thread->port.state = ENDED;
    _tell();
    fcc_port_unlock(state);
    return NULL;
}

static int _create(fcc_thread_t *thread, void *stack, uint32_t stack_length)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return FCC_E_PORT;
    }
    int failed = pthread_attr_setstack(&attributes, stack, stack_length) != 0
                 || pthread_create(&thread->port.id, &attributes, _main, thread) != 0;
    pthread_attr_destroy(&attributes);
    return failed ? FCC_E_PORT : 0;
}

int fcc_thread_start(fcc_thread_t *thread, const fcc_hook_t *hook, fcc_slot_t *slot, void *stack, uint32_t stack_length,
                     uint32_t priority, void *context, uint32_t context_length, uint32_t fuel)
{
    fcc_tenant_t *tenant = slot->tenant;
    (void)priority; /* threads of a process are equals here */
    if (stack_length < FCC_THREAD_STACK || stack_length - FCC_THREAD_STACK < slot->image->stack_length) {
        return FCC_E_STACK;
    }
    int status = fcc_tenant_take(tenant, stack_length);
    if (status != 0) {
        return status;
    }
    *thread = (fcc_thread_t){ .hook = hook, .slot = slot, .context = context, .context_length = context_length, .fuel = fuel };
    thread->port.tenant = tenant;
    thread->port.stack_length = stack_length;
    status = _create(thread, stack, stack_length);
    if (status != 0) {
        fcc_tenant_give(tenant, stack_length);
    }
    return status;
}

/* Under the lock. Joins a thread that has ended, once, and gives the tenant its memory back. */
static void _collect(fcc_thread_t *thread)
{
    while (thread->port.state == JOINING) {
        _wait(MILLION);
    }
    if (thread->port.state == ENDED) {
        thread->port.state = JOINING;
        /* It needs no lock any more, and ends without one. */
        fcc_port_unlock(0);
        pthread_join(thread->port.id, NULL);
        fcc_port_lock();
        fcc_tenant_give(thread->port.tenant, thread->port.stack_length);
        thread->port.state = JOINED;
        _tell();
    }
}

void fcc_thread_stop(fcc_thread_t *thread)
{
    uint32_t state = fcc_port_lock();
    while (thread->port.state == RUNS) {
        fcc_stop(thread->slot);
        _tell();
        _wait(1000);
    }
    _collect(thread);
    fcc_port_unlock(state);
}

int fcc_thread_join(fcc_thread_t *thread)
{
    uint32_t state = fcc_port_lock();
    while (thread->port.state == RUNS) {
        _wait(MILLION);
    }
    _collect(thread);
    fcc_port_unlock(state);
    return thread->status;
}

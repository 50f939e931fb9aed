/* SPDX-License-Identifier: MIT */
/* Containers in threads of their own: fcc_thread.h on RIOT. Helpers that wait. */
#include "fcc_thread.h"
#include "irq.h"
#include "macros/utils.h"
#include "sched.h"
#include "ztimer.h"

/* A container that waits in the caller's thread cannot be woken: it looks this often whether it is to stop. */
#define WAIT_SLICE_US 50000u
/*
 * How long fcc_thread_stop waits before it stops a container again: twice as long each time, so that the container gets as far as its next
 * turn even where the clock outruns the processor, as in emulators.
 */
#define STOP_PERIOD_US     1000u
#define MAX_STOP_PERIOD_US 1000000u

/* Threads that run a container; changed and walked with interrupts off. */
static fcc_thread_port_t *_running;

static fcc_thread_t *_thread_of(fcc_thread_port_t *port)
{
    return container_of(port, fcc_thread_t, port);
}

/* Takes a thread out of the list, and its stack out of its tenant's account. */
static void _leave(fcc_thread_t *thread)
{
    unsigned state = irq_disable();
    fcc_thread_port_t **at = &_running;
    while (*at != &thread->port) {
        at = &(*at)->next;
    }
    *at = thread->port.next;
    irq_restore(state);
    fcc_tenant_give(thread->port.tenant, thread->port.stack_length);
}

static int _enter(fcc_thread_t *thread)
{
    int status = fcc_tenant_take(thread->port.tenant, thread->port.stack_length);
    if (status == 0) {
        unsigned state = irq_disable();
        thread->port.next = _running;
        _running = &thread->port;
        irq_restore(state);
    }
    return status;
}

static void *_run(void *argument)
{
    fcc_thread_t *thread = argument;
    thread->port.pid = thread_getpid(); /* in case that we are sooner than fcc_thread_start */
    thread->status = fcc_slot_run(thread->hook, thread->slot, thread->context, thread->context_length, thread->fuel, &thread->result);
    _leave(thread);
    __atomic_store_n(&thread->port.over, 1, __ATOMIC_RELEASE);
    mutex_unlock(&thread->port.ended);
    /* The stack is in use up to the last instruction: whoever joins takes the thread away. */
    thread_zombify();
    return NULL;
}

int fcc_thread_start(fcc_thread_t *thread, const fcc_hook_t *hook, fcc_slot_t *slot, void *stack, uint32_t stack_length,
                     uint32_t priority, void *context, uint32_t context_length, uint32_t fuel)
{
    if (stack_length < FCC_THREAD_STACK || stack_length - FCC_THREAD_STACK < slot->image->stack_length || stack_length > INT32_MAX) {
        return FCC_E_STACK;
    }
    thread->hook = hook;
    thread->slot = slot;
    thread->context = context;
    thread->context_length = context_length;
    thread->fuel = fuel;
    thread->status = 0;
    thread->port.tenant = slot->tenant;
    thread->port.stack_length = stack_length;
    thread->port.over = 0;
    mutex_init_locked(&thread->port.ended);
    mutex_init_locked(&thread->port.wake);
    int status = _enter(thread);
    if (status != 0) {
        return status;
    }
    thread->port.pid = KERNEL_PID_UNDEF;
    /* Without yielding, so that the number is known before the thread can end. */
    kernel_pid_t pid = thread_create(stack, (int)stack_length, (uint8_t)MIN(priority, UINT8_MAX),
                                     THREAD_CREATE_STACKTEST | THREAD_CREATE_WOUT_YIELD, _run, thread, "fcc");
    if (!pid_is_valid(pid)) {
        _leave(thread);
        return FCC_E_PORT;
    }
    thread->port.pid = pid;
    thread_yield_higher();
    return 0;
}

int fcc_thread_join(fcc_thread_t *thread)
{
    kernel_pid_t pid = thread->port.pid;
    if (pid == KERNEL_PID_UNDEF) {
        return thread->status;
    }
    mutex_lock(&thread->port.ended);
    /* It has nothing left to do, but if we are preferred to it, it may not have got around to ending. */
    unsigned state = irq_disable();
    sched_set_status(thread_get(pid), STATUS_ZOMBIE);
    irq_restore(state);
    thread_kill_zombie(pid);
    thread->port.pid = KERNEL_PID_UNDEF;
    return thread->status;
}

void fcc_thread_stop(fcc_thread_t *thread)
{
    if (thread->port.pid == KERNEL_PID_UNDEF) {
        fcc_stop(thread->slot);
        return;
    }
    uint32_t period = STOP_PERIOD_US;
    for (;;) {
        fcc_stop(thread->slot);
        mutex_unlock(&thread->port.wake);
        /* If time is up after the mutex was given to this thread, but before it runs again, RIOT says that time is up: nobody would unlock it again. */
        if (ztimer_mutex_lock_timeout(ZTIMER_USEC, &thread->port.ended, period) == 0
            || __atomic_load_n(&thread->port.over, __ATOMIC_ACQUIRE)) {
            break;
        }
        period = 2 * period < MAX_STOP_PERIOD_US ? 2 * period : MAX_STOP_PERIOD_US;
    }
    mutex_unlock(&thread->port.ended);
    fcc_thread_join(thread);
}

/* What ends a wait of this container: its thread's mutex, or NULL if it runs in a thread that is not its own. */
static mutex_t *_wake_of(const fcc_slot_t *slot)
{
    mutex_t *wake = NULL;
    unsigned state = irq_disable();
    for (fcc_thread_port_t *port = _running; port != NULL; port = port->next) {
        if (_thread_of(port)->slot == slot && port->pid == thread_getpid()) {
            wake = &port->wake;
        }
    }
    irq_restore(state);
    return wake;
}

void fcc_wait_until(fcc_instance_t *instance, uint32_t deadline)
{
    const fcc_slot_t *slot = fcc_slot_of(instance);
    if (irq_is_in()) {
        fcc_abort(instance, FCC_TRAP_HELPER); /* nothing waits in an interrupt, whatever the contract allows */
    }
    mutex_t *wake = _wake_of(slot);
    for (;;) {
        uint32_t left = deadline - fcc_now_us();
        if (fcc_is_stopping(slot)) {
            fcc_abort(instance, FCC_TRAP_KILLED);
        }
        if (left == 0 || left > INT32_MAX) {
            return;
        }
        /* Both return in this thread and take their timer with them: none is armed when the container is ended above. */
        if (wake != NULL) {
            ztimer_mutex_lock_timeout(ZTIMER_USEC, wake, left);
        }
        else {
            ztimer_sleep(ZTIMER_USEC, MIN(left, WAIT_SLICE_US));
        }
    }
}

/* SPDX-License-Identifier: MIT */
/**
 * Containers in threads of their own, where the firmware has an operating system: ports `host` (POSIX threads) and RIOT. Nothing of the core
 * depends on this.
 */
#pragma once
#include <fcc_hooks.h>
#include <fcc_thread_port.h> /* of the port: fcc_thread_port_t, FCC_THREAD_STACK */

#ifdef __cplusplus
extern "C" {
#endif

/** A container's thread. */
typedef struct {
    fcc_thread_port_t port;
    const fcc_hook_t *hook;
    fcc_slot_t *slot;
    void *context;
    uint32_t context_length;
    uint32_t fuel;
    int status;            /* fcc_slot_run's answer, once it has ended */
    fcc_result_t result;   /* how the run ended */
} fcc_thread_t;

/**
 * Starts a run of an installed container in a thread. `stack` must hold the image's stack need and FCC_THREAD_STACK bytes more, and counts towards the
 * tenant's RAM while the thread runs. `priority` is the operating system's. Context, thread and container must stay until fcc_thread_join. 0, or FCC_E_STACK, FCC_E_QUOTA, FCC_E_PORT.
 */
int fcc_thread_start(fcc_thread_t *thread, const fcc_hook_t *hook, fcc_slot_t *slot, void *stack, uint32_t stack_length,
                     uint32_t priority, void *context, uint32_t context_length, uint32_t fuel);

/**
 * Stops the container (fcc_stop, as often as it takes) and waits for its thread to end; wakes it if it is in a helper that blocks. The container stays installed, stopped: fcc_restart lets
 * it run again. Call it from a thread that the operating system prefers to the container's, else a container that never waits is not stopped.
 */
void fcc_thread_stop(fcc_thread_t *thread);

/** Waits until the thread has ended, and returns `status`. */
int fcc_thread_join(fcc_thread_t *thread);

/**
 * For helpers that block: waits until `deadline` on the port's clock (microseconds, wraps around) or until the container is to stop. Does not return in the second case, but
 * ends the container with FCC_TRAP_KILLED. A container that is not in a thread of its own waits in the caller's.
 */
void fcc_wait_until(fcc_instance_t *instance, uint32_t deadline);

/** Microseconds since some start, wraps around. */
uint32_t fcc_now_us(void);

#ifdef __cplusplus
}
#endif

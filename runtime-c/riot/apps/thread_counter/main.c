/* SPDX-License-Identifier: MIT */
/* A container on RIOT's scheduler. It runs in the scheduler itself, with interrupts off, and counts in the global store how often each thread runs. */
#include <stdio.h>
#include "fcc_riot.h"
#include "mutex.h"
#include "sched.h"
#include "thread.h"
#include "ztimer.h"

#include "sched_hook.h"
#include "thread_counter.h"

#define WORKERS 2u
#define ROUNDS 5u
/* What a container may take of the stack of interrupts, on which RIOT switches threads. The interpreter takes more. */
#define STACK_LENGTH (IS_USED(MODULE_FCC_INTERPRETER) ? 1024u : 128u)

/* Helpers of the hook: what the container's contract allows, and no more. */
static const fcc_helper_t helpers[] = { FCC_RIOT_ROW(fetch_global), FCC_RIOT_ROW(store_global) };

static const fcc_hook_info_t sched_info = RIOT_SCHED_HOOK_INFO(0,
    .host.helpers = helpers, .host.helper_count = ARRAY_SIZE(helpers), .host.features = FCC_TARGET_FEATURES,
    .host.stack_length = STACK_LENGTH, .fuel = 100, .trap_limit = 3, .policy = FCC_POLICY_CONTINUE);
static fcc_hook_t sched_hook = { .info = &sched_info };

static fcc_store_row_t rows[16];
static fcc_store_t store = { .rows = rows, .count = ARRAY_SIZE(rows) };

static uint64_t memory[FCC_RIOT_MEMORY_WORDS(THREAD_COUNTER)];

static const fcc_tenant_info_t tenant_info = {
    .id = 1, .store = &store, .ram = sizeof(memory), .time = FCC_UNKNOWN, .containers = 1, .store_rows = ARRAY_SIZE(rows),
};
static fcc_tenant_t tenant = { .info = &tenant_info };

/* RIOT calls this twice at a switch: for the thread that stops, with no next one, and for the one that starts, with no previous one. */
static void _switched(kernel_pid_t active, kernel_pid_t next)
{
    static kernel_pid_t previous = KERNEL_PID_UNDEF;
    if (next == KERNEL_PID_UNDEF) {
        previous = active;
        return;
    }
    riot_sched_ctx_t context = { .previous = (uint64_t)previous, .next = (uint64_t)next };
    fcc_hook_run(&sched_hook, &context, sizeof(context), NULL);
}

static mutex_t ready[WORKERS];

static void *_worker(void *argument)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        ztimer_sleep(ZTIMER_USEC, 2000);
    }
    mutex_unlock(argument);
    return NULL;
}

int main(void)
{
    static char stacks[WORKERS][THREAD_STACKSIZE_DEFAULT];
    fcc_install_t what = {
        .image = thread_counter, .length = sizeof(thread_counter), .memory = memory, .memory_length = sizeof(memory),
    };
    fcc_slot_t *slot;

    fcc_tenant_period(&tenant);
    int status = fcc_install(&sched_hook, &tenant, &what, &slot);
    if (status != 0) {
        printf("thread_counter: refused, status %d, helper %u\n", status, (unsigned)what.refused);
        return 1;
    }
    printf("thread_counter: %u bytes of image, %u of memory\n", (unsigned)sizeof(thread_counter), (unsigned)fcc_slot_size(what.image));
    sched_register_cb(_switched);

    for (unsigned i = 0; i < WORKERS; i++) {
        mutex_init_locked(&ready[i]);
        thread_create(stacks[i], sizeof(stacks[i]), THREAD_PRIORITY_MAIN - 1, THREAD_CREATE_STACKTEST, _worker, &ready[i], "worker");
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        mutex_lock(&ready[i]);
    }
    sched_register_cb(NULL);

    uint32_t cursor = 0;
    fcc_store_row_t row;
    while (fcc_store_next(&store, &cursor, &row)) {
        printf("thread %u: ran %u times\n", (unsigned)row.key, (unsigned)row.value);
    }
    fcc_status_t state;
    fcc_status(slot, &state);
    printf("thread_counter: %u runs, %u traps, state %u\n", (unsigned)state.runs, (unsigned)state.traps, (unsigned)state.state);
    puts("done");
    return 0;
}

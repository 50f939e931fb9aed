/* SPDX-License-Identifier: MIT */
/*
 * Tenant 1 measures: `average` keeps the mean of the samples, `report` prints it from a thread of its own. Tenant 2 counts samples: `counter`. Then tenant 2
 * tries what it may not: a helper that it has no right to, an access outside its memory, a loop without end, all of the store. Nobody else notices.
 */
#include <stdio.h>
#include "fcc_riot.h"
#include "fcc_thread.h"
#include "ztimer.h"

#include "sample_hook.h"
#include "task_hook.h"
#include "average.h"
#include "counter.h"
#include "hoard.h"
#include "report.h"
#include "spin.h"
#include "wild.h"

#define SAMPLES 10u
#define PERIOD_US 10000u

/* What a container may take of the main thread's stack, in which the sample hook runs. The interpreter takes more. */
#define STACK_LENGTH (IS_USED(MODULE_FCC_INTERPRETER) ? 1024u : 128u)

/* Rows of the store, and how many of them each tenant may fill. */
#define ROWS 12u
#define ROWS_OF_TENANT 6u

static const fcc_helper_t helpers[] = { FCC_RIOT_ROW(printf), FCC_RIOT_STORES, FCC_RIOT_TIME, FCC_RIOT_WAIT };

static const fcc_hook_info_t sample_info = RIOT_SAMPLE_HOOK_INFO(0,
    .host.helpers = helpers, .host.helper_count = ARRAY_SIZE(helpers), .host.features = FCC_TARGET_FEATURES,
    .host.stack_length = STACK_LENGTH, .fuel = 1000, .trap_limit = 2, .policy = FCC_POLICY_CONTINUE);
static fcc_hook_t sample_hook = { .info = &sample_info };

static const fcc_hook_info_t task_info = RIOT_TASK_HOOK_INFO(0,
    .host.helpers = helpers, .host.helper_count = ARRAY_SIZE(helpers), .host.features = FCC_TARGET_FEATURES,
    .host.stack_length = STACK_LENGTH, .fuel = FCC_UNKNOWN, .policy = FCC_POLICY_CONTINUE);
static fcc_hook_t task_hook = { .info = &task_info };

static fcc_store_row_t rows[ROWS];
static fcc_store_t store = { .rows = rows, .count = ROWS };

/* Memory of tenants: two containers and a thread's stack each. */
#define STACK_OF_TASK (FCC_THREAD_STACK + STACK_LENGTH)
#define RAM_OF_TENANT (STACK_OF_TASK + (IS_USED(MODULE_FCC_INTERPRETER) ? 16384u : 512u))

static const fcc_tenant_info_t measuring = {
    .id = 1, .store = &store, .ram = RAM_OF_TENANT, .time = FCC_UNKNOWN, .containers = 2, .store_rows = ROWS_OF_TENANT,
};
/* Tenant 2 may not print. */
static const uint32_t counting_helpers[] = {
    FCC_RIOT_ID_store_local, FCC_RIOT_ID_fetch_local, FCC_RIOT_ID_store_tenant, FCC_RIOT_ID_fetch_tenant,
    FCC_RIOT_ID_store_global, FCC_RIOT_ID_fetch_global, FCC_RIOT_ID_ztimer_now, FCC_RIOT_ID_ztimer_periodic_wakeup,
};
static const fcc_tenant_info_t counting = {
    .id = 2, .helpers = counting_helpers, .helper_count = ARRAY_SIZE(counting_helpers), .store = &store, .ram = RAM_OF_TENANT,
    .time = FCC_UNKNOWN, .containers = 3, .store_rows = ROWS_OF_TENANT,
};
static fcc_tenant_t tenants[2] = { { .info = &measuring }, { .info = &counting } };

/* A container to be: its image, and memory for it. */
typedef struct {
    const char *name;
    const void *image;
    uint32_t length;
    void *memory;
    uint32_t memory_length;
    fcc_hook_t *hook;
    fcc_tenant_t *tenant;
    fcc_slot_t *slot;
} program_t;

static uint64_t memory_average[FCC_RIOT_MEMORY_WORDS(AVERAGE)];
static uint64_t memory_report[FCC_RIOT_MEMORY_WORDS(REPORT)];
static uint64_t memory_counter[FCC_RIOT_MEMORY_WORDS(COUNTER)];
static uint64_t memory_wild[FCC_RIOT_MEMORY_WORDS(WILD)];
static uint64_t memory_spin[FCC_RIOT_MEMORY_WORDS(SPIN)];
static uint64_t memory_hoard[FCC_RIOT_MEMORY_WORDS(HOARD)];

#define PROGRAM(name, hook, tenant) \
    { #name, name, sizeof(name), memory_##name, sizeof(memory_##name), &hook##_hook, &tenants[(tenant) - 1], NULL }
enum { AVERAGE, REPORT, COUNTER, WILD, SPIN, HOARD, FORBIDDEN };
static program_t programs[] = {
    PROGRAM(average, sample, 1), PROGRAM(report, task, 1), PROGRAM(counter, sample, 2), PROGRAM(wild, sample, 2),
    PROGRAM(spin, task, 2), PROGRAM(hoard, task, 2),
    { "report", report, sizeof(report), memory_spin, sizeof(memory_spin), &task_hook, &tenants[1], NULL },
};
static uint64_t stacks[2][STACK_OF_TASK / 8u];
static riot_task_ctx_t task_context = { .period = PERIOD_US, .rounds = 0 };

static int _install(program_t *program)
{
    fcc_install_t what = {
        .image = program->image, .length = program->length, .memory = program->memory, .memory_length = program->memory_length,
    };
    int status = fcc_install(program->hook, program->tenant, &what, &program->slot);
    printf("tenant %u: %s ", (unsigned)program->tenant->info->id, program->name);
    if (status == FCC_E_HELPER) {
        printf("refused, it may not call helper %u\n", (unsigned)what.refused);
    }
    else if (status != 0) {
        printf("refused, status %d\n", status);
    }
    else {
        printf("installed, %u bytes of image, %u of memory\n", (unsigned)program->length, (unsigned)fcc_slot_size(program->image));
    }
    return status;
}

static void _tell(const program_t *program)
{
    fcc_status_t status;
    fcc_status(program->slot, &status);
    printf("%s: %u runs, %u traps, last trap %u, state %u, result %u\n", program->name, (unsigned)status.runs, (unsigned)status.traps,
           (unsigned)status.trap, (unsigned)status.state, (unsigned)status.value);
}

static void _sample(unsigned number)
{
    riot_sample_ctx_t context = { .value = 20 + number, .number = number };
    fcc_hook_run(&sample_hook, &context, sizeof(context), NULL);
    ztimer_sleep(ZTIMER_USEC, PERIOD_US);
}

/* The main thread is preferred to those of containers, as it has to stop them. RIOT shares no time between equals, so they are none. */
static int _launch(fcc_thread_t *thread, const program_t *program, unsigned stack)
{
    uint8_t priority = (uint8_t)(program == &programs[REPORT] ? THREAD_PRIORITY_MAIN + 2 : THREAD_PRIORITY_MAIN + 1);
    int status = fcc_thread_start(thread, program->hook, program->slot, stacks[stack], sizeof(stacks[stack]), priority,
                                  &task_context, sizeof(task_context), FCC_UNKNOWN);
    if (status != 0) {
        printf("%s: no thread, status %d\n", program->name, status);
    }
    return status;
}

static void _stop(fcc_thread_t *thread, const program_t *program)
{
    fcc_thread_stop(thread);
    printf("%s: stopped, status %d, trap %u\n", program->name, thread->status, (unsigned)thread->result.trap);
}

int main(void)
{
    static fcc_thread_t reporting, spinning, hoarding;

    fcc_tenant_period(&tenants[0]);
    fcc_tenant_period(&tenants[1]);
    if (_install(&programs[AVERAGE]) || _install(&programs[REPORT]) || _install(&programs[COUNTER])) {
        return 1;
    }
    _install(&programs[FORBIDDEN]);

    if (_launch(&reporting, &programs[REPORT], 0) != 0) {
        return 1;
    }
    for (unsigned i = 0; i < 4; i++) {
        _sample(i);
    }

    /* Its third sample is one too many, and so is the fourth: two traps in a row stop it. */
    _install(&programs[WILD]);
    for (unsigned i = 0; i < SAMPLES - 4; i++) {
        _sample(i);
    }
    _tell(&programs[WILD]);
    fcc_uninstall(&sample_hook, programs[WILD].slot);

    /* `spin` takes all the time that the main thread leaves. */
    _install(&programs[SPIN]);
    if (_launch(&spinning, &programs[SPIN], 1) == 0) {
        do {
            ztimer_sleep(ZTIMER_USEC, 3 * PERIOD_US);
        } while (fcc_state(programs[SPIN].slot) == FCC_STATE_IDLE);
        puts("spin: runs");
        _stop(&spinning, &programs[SPIN]);
    }
    _tell(&programs[SPIN]);
    fcc_uninstall(&task_hook, programs[SPIN].slot);

    _install(&programs[HOARD]);
    if (_launch(&hoarding, &programs[HOARD], 1) == 0) {
        fcc_thread_join(&hoarding);
        printf("hoard: got %u rows\n", (unsigned)hoarding.result.value);
    }
    _sample(SAMPLES);

    /* It waits for its next turn: stopping it ends the wait. Then it runs again. */
    _stop(&reporting, &programs[REPORT]);
    fcc_restart(programs[REPORT].slot);
    task_context.rounds = 1;
    if (_launch(&reporting, &programs[REPORT], 0) == 0) {
        fcc_thread_join(&reporting);
        printf("report: ended, trap %u\n", (unsigned)reporting.result.trap);
    }

    _tell(&programs[AVERAGE]);
    _tell(&programs[COUNTER]);
    uint32_t cursor = 0;
    fcc_store_row_t row;
    while (fcc_store_next(&store, &cursor, &row)) {
        printf("row: %s of tenant %u, key %u, value %u\n",
               row.owner == NULL ? "global" : row.owner == row.payer ? "tenant's" : "local", (unsigned)row.payer->info->id,
               (unsigned)row.key, (unsigned)row.value);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(tenants); i++) {
        printf("tenant %u: %u bytes, %u containers, %u rows\n", i + 1, (unsigned)tenants[i].ram, tenants[i].containers,
               tenants[i].store_rows);
    }
    puts("done");
    return 0;
}

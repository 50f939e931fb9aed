/* SPDX-License-Identifier: MIT */
/* A firmware with two containers: one that counts thread switches, and one that does not behave. See ../../README.md. */
#include <fcc.h>
#include <fcc_helpers.h>

#include "misbehave.h"
#include "thread_counter.h"

void run_on(void *stack_end, void (*function)(void *), void *argument);
int semihost(int operation, void *arguments);

/* Output: UART 0 of the board. */
#define UART_DATA (*(volatile uint32_t *)0x40004000u)
#define UART_STATE (*(volatile uint32_t *)0x40004004u) /* bit 0: transmit buffer full */
#define UART_CTRL (*(volatile uint32_t *)0x40004008u)  /* bit 0: transmitter on */
#define UART_BAUDDIV (*(volatile uint32_t *)0x40004010u)

static void _text(const char *s)
{
    for (; *s != '\0'; s++) {
        while (UART_STATE & 1u) {}
        UART_DATA = (uint32_t)*s;
    }
}

static void _number(uint32_t n)
{
    char digits[11];
    char *p = digits + sizeof(digits) - 1;
    *p = '\0';
    do {
        *--p = (char)('0' + n % 10u);
        n /= 10u;
    } while (n != 0);
    _text(p);
}

static void __attribute__((noreturn)) _end(uint32_t code)
{
    uint32_t block[2] = { 0x20026u, code }; /* ADP_Stopped_ApplicationExit */
    semihost(0x20, block);
    for (;;) {}
}

/* Any fault: the guards leave none to containers, so it is the firmware's own. */
void fault(void)
{
    _text("fault in the firmware\n");
    _end(1);
}

/* Helpers: what the firmware can do for containers. Pointers were proved or checked before the call. */
static uint32_t store[16];

int32_t fcc_helper_fetch_global(fcc_instance_t *instance, uint32_t key, void *value)
{
    (void)instance;
    *(uint32_t *)value = key < 16u ? store[key] : 0;
    return 0;
}

int32_t fcc_helper_store_global(fcc_instance_t *instance, uint32_t key, uint32_t value)
{
    (void)instance;
    if (key >= 16u) {
        return -1;
    }
    store[key] = value;
    return 0;
}

uint32_t fcc_helper_now_ms(fcc_instance_t *instance)
{
    fcc_abort(instance, FCC_TRAP_HELPER); /* no clock here: a helper may end its container, too */
}

/* The table of the firmware: all that any hook might allow. The thunks are for Xtensa; here they are nothing. */
FCC_THUNK(fcc_helper_store_global);
FCC_THUNK(fcc_helper_fetch_global);
FCC_THUNK(fcc_helper_now_ms);
static const fcc_helper_t helpers[] = {
    { 0x11, FCC_CODE(fcc_helper_store_global) },
    { 0x13, FCC_CODE(fcc_helper_fetch_global) },
    { 0x20, FCC_CODE(fcc_helper_now_ms) },
};
#define HELPER_COUNT (sizeof(helpers) / sizeof(helpers[0]))

/* The allow-list of the scheduler hook: its contract names these two. The slot hook allows none. */
static const uint32_t sched_allowed[] = { 0x11, 0x13 };

/* Stack that containers run on, one after the other: theirs, the helpers' and fcc_run's own. */
#define RUNTIME_STACK 256u
#define STACK_LENGTH 512u
static uint64_t stack[STACK_LENGTH / 8u];

#define CORE_FEATURES 3u /* of Cortex-M4: `featureBits` in `fcc targets --json` */

static const fcc_host_t sched_host = {
    .helpers = helpers,
    .helper_count = HELPER_COUNT,
    .allowed = sched_allowed,
    .allowed_count = 2,
    .features = CORE_FEATURES,
    .stack_length = STACK_LENGTH - RUNTIME_STACK,
};

static const fcc_host_t slot_host = {
    .helpers = helpers,
    .helper_count = HELPER_COUNT,
    .allowed = sched_allowed,
    .allowed_count = 0,
    .features = CORE_FEATURES,
    .stack_length = STACK_LENGTH - RUNTIME_STACK,
};

/* Writable memory of each container; the generated headers know how much. Images stay in flash. */
static uint64_t counter_memory[(THREAD_COUNTER_INSTANCE_LENGTH + THREAD_COUNTER_BLOCK_LENGTH) / 8u];
static uint64_t slot_memory[(MISBEHAVE_INSTANCE_LENGTH + MISBEHAVE_BLOCK_LENGTH) / 8u];

typedef struct {
    fcc_container_t *container;
    uint32_t entry;
    void *context;
    uint32_t context_length;
    int status;
    fcc_result_t result;
} job_t;

static void _job(void *argument)
{
    job_t *job = argument;
    job->status = fcc_run(job->container, job->entry, job->context, job->context_length, 10000, &job->result);
}

/* Runs one entry on the container stack and tells how it ended. */
static void _run(const char *what, fcc_container_t *container, uint32_t entry, void *context, uint32_t context_length)
{
    job_t job = { container, entry, context, context_length, 0, { 0, 0, 0 } };
    run_on(stack + STACK_LENGTH / 8u, _job, &job);
    _text(what);
    if (job.status != 0) {
        _text(": not run, status -");
        _number((uint32_t)-job.status);
    }
    else if (job.result.trap != 0) {
        _text(": trap ");
        _number(job.result.trap);
        _text(" at site ");
        _number(job.result.site);
    }
    else {
        _text(": result ");
        _number((uint32_t)job.result.value);
    }
    _text("\n");
}

static void _load(const char *what, fcc_container_t *container, const void *image, uint32_t length, void *memory,
                  uint32_t memory_length, const fcc_host_t *host)
{
    int status = fcc_load(container, image, length, memory, memory_length, host, NULL, 0, 0);
    _text(what);
    if (status == FCC_E_HELPER) {
        _text(": refused, helper ");
        _number(container->refused_id);
        _text(" is not allowed\n");
        return;
    }
    if (status != 0) {
        _text(": not loaded, status -");
        _number((uint32_t)-status);
        _text("\n");
        _end(1);
    }
    _text(": loaded, ");
    _number(length);
    _text(" bytes of flash, ");
    _number(memory_length);
    _text(" bytes of memory\n");
}

int main(void)
{
    static fcc_container_t counter, slot;
    struct {
        uint64_t previous, next;
    } sched = { 1, 3 };
    struct {
        uint32_t index, value;
    } put = { 2, 40 };

    UART_BAUDDIV = 16;
    UART_CTRL = 1;

    /* The slot hook allows no helper, so the counter cannot be started there. */
    _load("counter in the slot hook", &counter, thread_counter, THREAD_COUNTER_LENGTH, counter_memory,
          sizeof(counter_memory), &slot_host);
    _load("counter", &counter, thread_counter, THREAD_COUNTER_LENGTH, counter_memory, sizeof(counter_memory), &sched_host);
    _load("slot", &slot, misbehave, MISBEHAVE_LENGTH, slot_memory, sizeof(slot_memory), &slot_host);

    _run("counter", &counter, THREAD_COUNTER_ENTRY_THREAD_COUNTER, &sched, sizeof(sched));
    _run("slot 2", &slot, MISBEHAVE_ENTRY_PUT, &put, sizeof(put));

    put.index = 4; /* one past the end */
    _run("slot 4", &slot, MISBEHAVE_ENTRY_PUT, &put, sizeof(put));
    _run("wait", &slot, MISBEHAVE_ENTRY_WAIT, &put, sizeof(put));

    /* A trap costs the container its run and nobody else anything: both go on, with their data as they left it. */
    put.index = 3;
    put.value = 2;
    _run("slot 3", &slot, MISBEHAVE_ENTRY_PUT, &put, sizeof(put));
    _run("counter", &counter, THREAD_COUNTER_ENTRY_THREAD_COUNTER, &sched, sizeof(sched));
    fcc_reset(&slot);
    _run("slot 3 after a reset", &slot, MISBEHAVE_ENTRY_PUT, &put, sizeof(put));
    _end(0);
}

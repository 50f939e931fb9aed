/* SPDX-License-Identifier: MIT */
/*
 * Runs what is counted of the runtime itself, each case between two calls of bench_cut, see plugin.c. Nothing that main and functions
 * named bench_... execute counts. Variables are static as firmware may have no memset.
 */
#include <fcc_hooks.h>
#include "../firmware/batch/port.h"
#include "runtime.h"

#define MEMORY      512u
#define MAX_HELPERS 8u
#define FUEL        1000u
#define STACK       2048u

fcc_instance_t *volatile running;
volatile uint32_t watchdog;
volatile uint32_t fault_status;

static uint64_t memory[BENCH_MAX_CONTAINERS][MEMORY / 8u];
static uint64_t context[BENCH_CONTEXT_LENGTH / 8u];
static fcc_helper_t helpers[MAX_HELPERS];
static fcc_host_t host = { .context_kept = FCC_KEEP_NOTHING };

__attribute__((noinline)) void bench_cut(void)
{
    __asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) uint32_t bench_helper(fcc_instance_t *instance)
{
    (void)instance;
    return 0;
}
FCC_THUNK(bench_helper);

static void _expect(int is_right)
{
    if (!is_right) {
        port_exit(BAD_INPUT);
    }
}

__attribute__((noinline)) void bench_hook(const bench_case_t *c)
{
    static fcc_hook_info_t info;
    static fcc_tenant_info_t tenant_info;
    static fcc_hook_t hook;
    static fcc_tenant_t tenant;
    static fcc_install_t what;
    const fcc_header_t *h = c->image;
    info.id = 1;
    info.contract_hash = c->count == 0 ? 0 : h->contract_hash;
    info.host = host;
    info.context_length = BENCH_CONTEXT_LENGTH;
    info.context_align = 8;
    info.fuel = FUEL;
    info.policy = FCC_POLICY_CONTINUE;
    tenant_info.ram = sizeof(memory);
    tenant_info.time = FCC_UNKNOWN;
    tenant_info.containers = BENCH_MAX_CONTAINERS;
    hook.info = &info;
    hook.first = NULL;
    tenant.info = &tenant_info;
    tenant.ram = 0;
    tenant.containers = 0;
    fcc_tenant_period(&tenant);
    for (uint32_t i = 0; i < c->count; i++) {
        fcc_slot_t *slot;
        what.image = c->image;
        what.length = c->length;
        what.memory = memory[i];
        what.memory_length = MEMORY;
        _expect(fcc_install(&hook, &tenant, &what, &slot) == 0);
    }
    if (c->kind == BENCH_AGAIN) {
        fcc_hook_run(&hook, context, sizeof(context), NULL);
    }
    bench_cut();
    uint32_t ran = fcc_hook_run(&hook, context, sizeof(context), NULL);
    bench_cut();
    _expect(ran == c->count);
}

__attribute__((noinline)) void bench_run(const bench_case_t *c, int is_load)
{
    fcc_container_t container;
    fcc_result_t result;
    if (!is_load) {
        _expect(fcc_load(&container, c->image, c->length, memory[0], MEMORY, &host, NULL, 0, 0) == 0);
    }
    bench_cut();
    int status = is_load ? fcc_load(&container, c->image, c->length, memory[0], MEMORY, &host, NULL, 0, 0) : 0;
    if (status == 0) {
        status = fcc_run(&container, 0, context, sizeof(context), FUEL, &result);
    }
    bench_cut();
    _expect(status == 0 && result.trap == 0);
}

__attribute__((noinline)) void bench_sum(const bench_case_t *c)
{
    bench_cut();
    context[0] = fcc_crc32(0, memory, c->count);
    bench_cut();
}

int main(void)
{
    uint32_t count = 0;
    while (count < MAX_HELPERS && bench_helper_ids[count] != 0) {
        helpers[count] = (fcc_helper_t){ bench_helper_ids[count], FCC_CODE(bench_helper) };
        count++;
    }
    static const uint32_t kept[] = { 0 };
    host = (fcc_host_t){ helpers, count, NULL, 0, bench_features, 2048, kept };
    for (uint32_t i = 0; i < bench_case_count; i++) {
        const bench_case_t *c = &bench_cases[i];
        switch (c->kind) {
        case BENCH_HOOK:
        case BENCH_AGAIN:
            bench_hook(c);
            break;
        case BENCH_SUM:
            bench_sum(c);
            break;
        default:
            bench_run(c, c->kind == BENCH_LOAD);
            break;
        }
    }
    port_exit(DONE);
    return 0;
}

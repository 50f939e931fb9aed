/* SPDX-License-Identifier: MIT */
/*
 * Runs C functions, compiled for the processor, on the cases that the batch firmware takes (firmware/batch/batch.h), and answers in
 * the same form. A case has no image; its context is laid out as the C compiler does.
 */
#include <fcc_helpers.h>
#include "../firmware/batch/batch.h"
#include "../firmware/batch/port.h"
#include "native.h"

#ifndef INPUT_SIZE
#define INPUT_SIZE (6u << 20)
#define ARENA_SIZE (7u << 20)
#endif

extern uint8_t pool_start[];

fcc_instance_t *volatile running;
volatile uint32_t watchdog;
volatile uint32_t fault_status;

static int results;
static uint8_t *next;
/* The helpers know the container by it, to end it; here that ends the firmware. */
static fcc_instance_t *const nobody;

__attribute__((noinline)) void bench_start(void)
{
    __asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void bench_stop(void)
{
    __asm__ volatile("" ::: "memory");
}

void fcc_abort(fcc_instance_t *instance, uint32_t trap)
{
    (void)instance;
    (void)trap;
    port_exit(OWN_FAULT);
}

/* What is counted is the program, not what it calls of the host. */
#define HELPER(result, name, parameters, ...)     \
    result bpf_##name parameters;                 \
    result bpf_##name parameters                  \
    {                                             \
        bench_stop();                             \
        result answer = fcc_helper_##name(nobody __VA_OPT__(,) __VA_ARGS__); \
        bench_start();                            \
        return answer;                            \
    }
#define HELPER_VOID(name, parameters, ...)        \
    void bpf_##name parameters;                   \
    void bpf_##name parameters                    \
    {                                             \
        bench_stop();                             \
        fcc_helper_##name(nobody __VA_OPT__(,) __VA_ARGS__); \
        bench_start();                            \
    }
HELPER(int32_t, printf, (const char *fmt, uint32_t a, uint32_t b, uint32_t c, uint32_t d), fmt, a, b, c, d)
HELPER_VOID(memcpy, (void *dst, const void *src, uint32_t n), dst, src, n)
HELPER(int32_t, store_local, (uint32_t key, uint32_t value), key, value)
HELPER(int32_t, store_global, (uint32_t key, uint32_t value), key, value)
HELPER(int32_t, fetch_local, (uint32_t key, void *to), key, to)
HELPER(int32_t, fetch_global, (uint32_t key, void *to), key, to)
HELPER(uint32_t, now_ms, (void))
HELPER(uint32_t, saul_reg_find_nth, (uint32_t n), n)
HELPER(uint32_t, saul_reg_find_type, (uint32_t type), type)
HELPER(int32_t, saul_reg_read, (uint32_t dev, void *data), dev, data)
HELPER(int32_t, gcoap_resp_init, (void *ctx, uint32_t code), ctx, code)
HELPER(int32_t, coap_opt_finish, (void *ctx, uint32_t flags), ctx, flags)
HELPER(int32_t, coap_add_format, (void *ctx, uint32_t format), ctx, format)
HELPER(void *, coap_get_pdu, (void *ctx), ctx)
HELPER(uint32_t, fmt_s16_dfp, (void *out, uint32_t value, uint32_t digits), out, value, digits)
HELPER(uint32_t, fmt_u32_dec, (void *out, uint32_t value), out, value)
HELPER(uint32_t, ztimer_now, (void))
HELPER_VOID(ztimer_periodic_wakeup, (void *last, uint32_t period), last, period)
HELPER(int32_t, store_tenant, (uint32_t key, uint32_t value), key, value)
HELPER(int32_t, fetch_tenant, (uint32_t key, void *to), key, to)
HELPER(int32_t, delete_local, (uint32_t key), key)
HELPER(int32_t, delete_global, (uint32_t key), key)
HELPER(int32_t, delete_tenant, (uint32_t key), key)

static uint32_t _pad8(uint32_t n)
{
    return (n + 7u) & ~7u;
}

/* Memory as aligned as the case says and no more. NULL: too much. */
static uint8_t *_take(const void *bytes, uint32_t length, uint32_t align)
{
    uint8_t *at = (uint8_t *)((((uintptr_t)next + 15u) & ~(uintptr_t)15u) + (align == 8 ? 0 : align));
    uint8_t *end = pool_start + INPUT_SIZE + ARENA_SIZE;
    if (at > end || length > (uint32_t)(end - at)) {
        return NULL;
    }
    for (uint32_t i = 0; i < length; i++) {
        at[i] = ((const uint8_t *)bytes)[i];
    }
    next = at + length;
    return at;
}

static void _emit(const void *bytes, uint32_t length)
{
    static const uint32_t zero[2];
    uint32_t rest = _pad8(length) - length;
    if ((length != 0 && port_write(results, bytes, length) != 0) || (rest != 0 && port_write(results, zero, rest) != 0)) {
        port_exit(NO_OUTPUT);
    }
}

static int32_t _call(const batch_case_t *c, void *context, batch_result_t *result)
{
    for (uint32_t i = 0; i < native_entry_count; i++) {
        if (native_entries[i].hash != c->entry_hash) {
            continue;
        }
        uint32_t length = c->context_length == BATCH_NONE ? 0 : c->context_length;
        uint64_t value = native_entries[i].run(context, length);
        result->value[0] = (uint32_t)value;
        result->value[1] = (uint32_t)(value >> 32);
        return 0;
    }
    return FCC_E_NO_ENTRY;
}

static void _case(const batch_case_t *c)
{
    static fcc_grant_t grants[BATCH_MAX_REGION];
    batch_result_t result = { 0, 0, 0, FCC_UNKNOWN, { 0, 0 }, 0, 0, 0, 0 };
    const uint8_t *at = (const uint8_t *)(c + 1) + _pad8(c->image_length) + _pad8(c->allowed_count * 4u);
    const batch_host_t own = { grants, c->pdu };
    batch_helpers_reset(&own);
    next = pool_start + INPUT_SIZE;
    for (uint32_t i = 0; i < c->region_count; i++) {
        const batch_region_t *region = (const void *)at;
        uint8_t *base = _take(region + 1, region->length, region->align);
        if (base == NULL) {
            port_exit(BAD_INPUT);
        }
        grants[i] = (fcc_grant_t){ base, region->length, region->rights };
        at += sizeof(*region) + _pad8(region->length);
    }
    uint8_t *context = NULL;
    uint32_t context_length = 0;
    if (c->context_length != BATCH_NONE) {
        const batch_patch_t *patch = (const void *)at;
        context_length = c->context_length;
        context = _take(at + c->patch_count * sizeof(*patch), context_length, c->context_align);
        if (context == NULL) {
            port_exit(BAD_INPUT);
        }
        for (uint32_t i = 0; i < c->patch_count; i++) {
            uint32_t value = (uint32_t)(uintptr_t)grants[patch[i].region].base;
            for (uint32_t k = 0; k < 4; k++) {
                context[patch[i].offset + k] = (uint8_t)(value >> (8 * k));
            }
        }
    }
    result.status = _call(c, context, &result);
    result.log_length = batch_log_length;
    result.length = sizeof(result) + _pad8(context_length) + _pad8(batch_log_length);
    uint32_t shown = result.status == 0 ? c->region_count : 0;
    for (uint32_t i = 0; i < shown; i++) {
        result.length += _pad8(grants[i].length);
    }
    _emit(&result, sizeof(result));
    _emit(context, context_length);
    for (uint32_t i = 0; i < shown; i++) {
        _emit(grants[i].base, grants[i].length);
    }
    _emit(batch_log, batch_log_length);
}

int main(void)
{
    uint32_t head[4];
    int cases = port_open("cases.bin", 0);
    results = port_open("results.bin", 1);
    if (cases < 0 || port_read(cases, head, sizeof(head)) != 0 || head[0] != BATCH_MAGIC) {
        port_exit(BAD_INPUT);
    }
    if (results < 0) {
        port_exit(NO_OUTPUT);
    }
    for (uint32_t i = 0; i < head[1]; i++) {
        batch_case_t *c = (void *)pool_start;
        if (port_read(cases, c, sizeof(*c)) != 0 || c->length < sizeof(*c) || c->length > INPUT_SIZE
            || port_read(cases, c + 1, c->length - sizeof(*c)) != 0) {
            port_exit(BAD_INPUT);
        }
        _case(c);
    }
    port_close(results);
    port_exit(DONE);
    return 0;
}

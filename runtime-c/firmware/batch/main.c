/* SPDX-License-Identifier: MIT */
/* Runs every case of cases.bin through the runtime and writes results.bin. */
#include "batch.h"
#include "port.h"

/* Bytes of the pool for one case, its memory and results; boards with little memory define their own. */
#ifndef INPUT_SIZE
#define INPUT_SIZE  (6u << 20)
#define ARENA_SIZE  (7u << 20)
#define OUTPUT_SIZE (3u << 20)
#endif
#define RED_ZONE    256u
#define MAX_SPANS   (BATCH_MAX_REGION + 2u)
/* Of the firmware's stack, for containers. */
#ifndef CONTAINER_STACK
#define CONTAINER_STACK 65536u
#endif

extern uint8_t pool_start[];

fcc_instance_t *volatile running;
volatile uint32_t watchdog;
volatile uint32_t fault_status;

/* Memory that one case hands out, with red zones before, between and behind. */
typedef struct {
    uint8_t *base;
    uint32_t length;
} span_t;

static struct {
    uint8_t *next; /* end of the last span: the red zone behind it starts here */
    span_t span[MAX_SPANS];
    uint32_t count;
} arena;

static uint8_t *const input = pool_start;
static uint8_t *const arena_start = pool_start + INPUT_SIZE;
static uint8_t *const output = pool_start + INPUT_SIZE + ARENA_SIZE;
static int results;
static uint32_t output_length;

/* gcc may call these for structs and loops; there is no C library here. */
void *memset(void *to, int value, size_t length)
{
    for (volatile uint8_t *p = to; length > 0; length--) {
        *p++ = (uint8_t)value;
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
    volatile uint8_t *p = to;
    for (const uint8_t *q = from; length > 0; length--) {
        *p++ = *q++;
    }
    return to;
}

static uint32_t _pad8(uint32_t n)
{
    return (n + 7u) & ~7u;
}

static uint8_t _pattern(const uint8_t *address)
{
    return (uint8_t)(0xa5u ^ (uint32_t)address ^ ((uint32_t)address >> 8));
}

static void _paint(uint8_t *from, const uint8_t *to)
{
    for (; from < to; from++) {
        *from = _pattern(from);
    }
}

/* Hands out memory at an address that is aligned to `align` and to no more, and paints what lies before it. NULL: too much. */
static uint8_t *_take(uint32_t length, uint32_t align)
{
    uint32_t at = (((uint32_t)arena.next + RED_ZONE + 15u) & ~15u) + (align == 8 ? 0 : align);
    uint32_t end = (uint32_t)arena_start + ARENA_SIZE - RED_ZONE;
    if (arena.count == MAX_SPANS || at > end || length > end - at) {
        return NULL;
    }
    uint8_t *base = (uint8_t *)at;
    _paint(arena.next, base);
    arena.span[arena.count].base = base;
    arena.span[arena.count].length = length;
    arena.count++;
    arena.next = base + length;
    return base;
}

static uint32_t _damaged(const uint8_t *from, const uint8_t *to)
{
    for (; from < to; from++) {
        if (*from != _pattern(from)) {
            return (uint32_t)from;
        }
    }
    return 0;
}

/* First changed byte around the memory of this case, or 0. */
static uint32_t _check_zones(void)
{
    const uint8_t *from = arena_start;
    for (uint32_t i = 0; i < arena.count; i++) {
        uint32_t found = _damaged(from, arena.span[i].base);
        if (found != 0) {
            return found;
        }
        from = arena.span[i].base + arena.span[i].length;
    }
    return _damaged(from, from + RED_ZONE);
}

/* Sum over words that changes with any changed word and with their order. */
static uint32_t _digest(const void *bytes, uint32_t length)
{
    const uint32_t *word = bytes;
    uint32_t sum = 1;
    for (uint32_t i = 0; i < length / 4u; i++) {
        sum = sum * 0x01000193u ^ word[i];
    }
    return sum;
}

static void _flush(void)
{
    if (output_length != 0 && port_write(results, output, output_length) != 0) {
        port_exit(NO_OUTPUT);
    }
    output_length = 0;
}

static void _emit(const void *bytes, uint32_t length)
{
    if (output_length + _pad8(length) > OUTPUT_SIZE) {
        _flush();
    }
    if (length > OUTPUT_SIZE / 2) {
        _flush();
        if (port_write(results, bytes, length) != 0) {
            port_exit(NO_OUTPUT);
        }
        length = _pad8(length) - length;
        memset(output, 0, length);
        output_length = length;
        return;
    }
    memcpy(output + output_length, bytes, length);
    memset(output + output_length + length, 0, _pad8(length) - length);
    output_length += _pad8(length);
}

/* Everything of the instance that a run must not change: all but fuel, trap and host_sp. */
static uint32_t _instance_digest(const fcc_container_t *container)
{
    const uint8_t *from = (const uint8_t *)&container->instance->region_count;
    const uint8_t *to = (const uint8_t *)(container->instance + 1)
                        + container->instance->region_count * sizeof(fcc_instance_region_t)
                        + container->image->import_count * sizeof(uint32_t);
    return _digest(from, (uint32_t)(to - from));
}

static void _run(fcc_container_t *container, const batch_case_t *c, uint8_t *context, uint32_t ticks,
                 batch_result_t *result)
{
    fcc_result_t end = { 0, 0, FCC_UNKNOWN };
    int entry = fcc_find(container, c->entry_hash);
    uint32_t context_length = context == NULL ? 0 : c->context_length;
    if (entry < 0) {
        result->status = entry;
        return;
    }
    /* Settle the context's row first, so that the digest is of what the container gets. */
    fcc_instance_region_t *row = (fcc_instance_region_t *)(container->instance + 1) + FCC_REGION_CONTEXT;
    row->base = (uint32_t)context;
    row->length = context_length;
    uint32_t image = _digest(container->image, container->image->total_length);
    uint32_t instance = _instance_digest(container);
    fault_status = 0;
    running = container->instance;
    watchdog = ticks;
    port_sync();
    result->status = fcc_run(container, (uint32_t)entry, context, context_length, c->fuel, &end);
    watchdog = 0;
    running = NULL;
    result->trap = end.trap;
    result->site = end.site;
    result->value[0] = (uint32_t)end.value;
    result->value[1] = (uint32_t)(end.value >> 32);
    result->fault = fault_status;
    result->damage = _check_zones();
    if (result->damage == 0 && image != _digest(container->image, container->image->total_length)) {
        result->damage = (uint32_t)container->image;
    }
    if (result->damage == 0 && instance != _instance_digest(container)) {
        result->damage = (uint32_t)container->instance;
    }
}

static void _patch(uint8_t *context, const batch_patch_t *patch, uint32_t count, const fcc_grant_t *grants)
{
    for (uint32_t i = 0; i < count; i++) {
        const fcc_grant_t *grant = &grants[patch[i].region];
        uint32_t value = patch[i].kind == 0 ? (uint32_t)grant->base : grant->length;
        for (uint32_t k = 0; k < patch[i].size; k++) {
            context[patch[i].offset + k] = k < 4 ? (uint8_t)(value >> (8 * k)) : 0;
        }
    }
}

static void _case(const batch_case_t *c, uint32_t ticks)
{
    static fcc_grant_t grants[BATCH_MAX_REGION];
    batch_result_t result = { 0, 0, 0, FCC_UNKNOWN, { 0, 0 }, 0, 0, 0, 0 };
    const uint8_t *at = (const uint8_t *)(c + 1);
    const uint8_t *image = at;
    at += _pad8(c->image_length);
    static const uint32_t kept[] = { 0 }; /* what the image says: whoever sends cases is believed */
    const fcc_host_t host = { batch_helpers, batch_helper_count, (const uint32_t *)at, c->allowed_count, c->features, CONTAINER_STACK, kept };
    at += _pad8(c->allowed_count * 4u);
    const batch_host_t own = { grants, c->pdu };
    batch_helpers_reset(&own);
    arena.next = arena_start;
    arena.count = 0;
    int status = c->region_count > BATCH_MAX_REGION ? FCC_E_GRANT : 0;
    for (uint32_t i = 0; status == 0 && i < c->region_count; i++) {
        const batch_region_t *region = (const void *)at;
        uint8_t *base = _take(region->length, region->align);
        if (base == NULL) {
            status = FCC_E_MEMORY;
            break;
        }
        memcpy(base, region + 1, region->length);
        grants[i] = (fcc_grant_t){ base, region->length, region->rights };
        at += sizeof(*region) + _pad8(region->length);
    }
    uint8_t *context = NULL;
    if (status == 0 && c->context_length != BATCH_NONE) {
        const batch_patch_t *patch = (const void *)at;
        at += c->patch_count * sizeof(*patch);
        context = _take(c->context_length, c->context_align);
        if (context == NULL) {
            status = FCC_E_MEMORY;
        }
        else {
            memcpy(context, at, c->context_length);
            _patch(context, patch, c->patch_count, grants);
        }
    }
    fcc_container_t container = { 0 };
    if (status == 0) {
        status = fcc_validate(image, c->image_length);
    }
    if (status == 0) {
        uint32_t need = fcc_size(image);
        uint8_t *memory = _take(need, 8);
        status = memory == NULL ? FCC_E_MEMORY
                                : fcc_load(&container, image, c->image_length, memory, need, &host, grants, c->region_count, 0);
    }
    _paint(arena.next, arena.next + RED_ZONE);
    result.status = status;
    result.refused_id = container.refused_id;
    if (status == 0) {
        _run(&container, c, context, ticks, &result);
    }
    uint32_t context_length = context == NULL ? 0 : c->context_length;
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
    port_start();
    for (uint32_t i = 0; i < head[1]; i++) {
        batch_case_t *c = (void *)input;
        if (port_read(cases, c, sizeof(*c)) != 0 || c->length < sizeof(*c) || c->length > INPUT_SIZE
            || port_read(cases, c + 1, c->length - sizeof(*c)) != 0) {
            port_exit(BAD_INPUT);
        }
        _case(c, head[2]);
    }
    _flush();
    port_close(results);
    port_exit(DONE);
    return 0;
}

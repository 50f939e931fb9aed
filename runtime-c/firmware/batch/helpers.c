/* SPDX-License-Identifier: MIT */
/*
 * Helpers as the test engines have them: what each does stands above its prototype in fcc_helpers.h. Texts and the helpers of stores are the
 * runtime's (src/helpers.c), over the log and three stores of one case: there is no slot, and none is looked at.
 */
#include <fcc_helpers.h>
#include <fcc_hooks.h>
#include "batch.h"

#define STORE_CAPACITY 16u

typedef struct {
    uint32_t count;
    uint32_t key[STORE_CAPACITY];
    uint32_t value[STORE_CAPACITY];
} store_t;

static struct {
    store_t stores[3]; /* by FCC_SCOPE_... */
    uint32_t milliseconds;
    uint32_t microseconds;
    uint32_t reads;
    uint32_t header; /* bytes of the CoAP header; 0 before gcoap_resp_init */
    const batch_host_t *host;
} state;

char batch_log[LOG_SIZE];
uint32_t batch_log_length;

void batch_helpers_reset(const batch_host_t *host)
{
    for (uint32_t scope = 0; scope < 3; scope++) {
        state.stores[scope].count = 0;
    }
    state.milliseconds = 1000;
    state.microseconds = 1000000;
    state.reads = 0;
    state.header = 0;
    state.host = host;
    batch_log_length = 0;
}

void fcc_put(fcc_instance_t *instance, const char *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (batch_log_length == LOG_SIZE) {
            fcc_abort(instance, FCC_TRAP_HELPER);
        }
        batch_log[batch_log_length++] = bytes[i];
    }
}

static uint32_t _find(const store_t *store, uint32_t key)
{
    uint32_t i = 0;
    while (i < store->count && store->key[i] != key) {
        i++;
    }
    return i;
}

int fcc_store_set(struct fcc_slot *slot, uint32_t scope, uint32_t key, uint32_t value)
{
    (void)slot;
    store_t *store = &state.stores[scope];
    uint32_t i = _find(store, key);
    if (i == STORE_CAPACITY) {
        return FCC_STORE_FULL;
    }
    if (i == store->count) {
        store->key[store->count++] = key;
    }
    store->value[i] = value;
    return 0;
}

uint32_t fcc_store_get(struct fcc_slot *slot, uint32_t scope, uint32_t key)
{
    (void)slot;
    const store_t *store = &state.stores[scope];
    uint32_t i = _find(store, key);
    return i < store->count ? store->value[i] : 0;
}

int fcc_store_delete(struct fcc_slot *slot, uint32_t scope, uint32_t key)
{
    (void)slot;
    store_t *store = &state.stores[scope];
    uint32_t i = _find(store, key);
    if (i == store->count) {
        return 0;
    }
    store->count--;
    store->key[i] = store->key[store->count];
    store->value[i] = store->value[store->count];
    return 1;
}

/* Writes little endian by bytes: a container's pointer need not be aligned. */
static void _put(void *out, uint32_t value, uint32_t size)
{
    uint8_t *to = out;
    for (uint32_t i = 0; i < size; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

uint32_t fcc_helper_now_ms(fcc_instance_t *instance)
{
    (void)instance;
    state.milliseconds += 10;
    return state.milliseconds - 10;
}

uint32_t fcc_helper_ztimer_now(fcc_instance_t *instance)
{
    (void)instance;
    state.microseconds += 10000;
    return state.microseconds - 10000;
}

void fcc_helper_ztimer_periodic_wakeup(fcc_instance_t *instance, void *last, uint32_t period)
{
    (void)instance;
    const uint8_t *from = last;
    uint32_t then = from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
    _put(last, then + period, 4);
}

uint32_t fcc_helper_saul_reg_find_nth(fcc_instance_t *instance, uint32_t n)
{
    (void)instance;
    return n < 2 ? n + 1 : 0;
}

uint32_t fcc_helper_saul_reg_find_type(fcc_instance_t *instance, uint32_t type)
{
    (void)instance;
    return type == 0x82 ? 1 : type == 0x83 ? 2 : 0;
}

int32_t fcc_helper_saul_reg_read(fcc_instance_t *instance, uint32_t dev, void *data)
{
    (void)instance;
    if (dev != 1 && dev != 2) {
        return -1;
    }
    _put(data, (2000u + 7u * state.reads) & 0xffffu, 4);
    _put((uint8_t *)data + 4, 0xfe020000u, 4); /* val[2] = 0, unit 2, scale -2 */
    state.reads++;
    return 1;
}

/* The response buffer; a container whose hook has none, or none that it may write, is stopped. */
static uint8_t *_pdu(fcc_instance_t *instance, uint32_t offset, uint32_t length)
{
    if (state.host->pdu == BATCH_NONE) {
        fcc_abort(instance, FCC_TRAP_HELPER);
    }
    const fcc_grant_t *grant = &state.host->grants[state.host->pdu];
    if (length != 0
        && ((grant->rights & FCC_RIGHT_WRITE) == 0 || offset > grant->length || length > grant->length - offset)) {
        fcc_abort(instance, FCC_TRAP_MEMORY);
    }
    return (uint8_t *)grant->base + offset;
}

static uint32_t _header(fcc_instance_t *instance)
{
    if (state.header == 0) {
        fcc_abort(instance, FCC_TRAP_HELPER);
    }
    return state.header;
}

int32_t fcc_helper_gcoap_resp_init(fcc_instance_t *instance, void *ctx, uint32_t code)
{
    (void)ctx;
    _put(_pdu(instance, 0, 4), 0x34120060u | (code & 0xffu) << 8, 4);
    state.header = 4;
    return 4;
}

int32_t fcc_helper_coap_opt_finish(fcc_instance_t *instance, void *ctx, uint32_t flags)
{
    (void)ctx;
    uint32_t at = _header(instance);
    if (flags == 1) {
        *_pdu(instance, at, 1) = 0xff;
        state.header = at + 1;
    }
    return (int32_t)state.header;
}

int32_t fcc_helper_coap_add_format(fcc_instance_t *instance, void *ctx, uint32_t format)
{
    (void)ctx;
    uint32_t at = _header(instance);
    uint32_t size = format == 0 ? 1 : 2;
    _put(_pdu(instance, at, size), format == 0 ? 0xc0u : 0xc1u | (format & 0xffu) << 8, size);
    state.header = at + size;
    return (int32_t)size;
}

void *fcc_helper_coap_get_pdu(fcc_instance_t *instance, void *ctx)
{
    (void)ctx;
    return _pdu(instance, 0, 0);
}

uint64_t fcc_helper_unwind(fcc_instance_t *instance, uint64_t value)
{
    (void)instance;
    return value;
}

/* A helper of this firmware's own, whose arguments have ranges: 0x200 bounded(u32 n in 1..64, u64 wide in 3..0x1ffffffff) -> u64, their sum. */
#define OWN(X) X(0x200u, bounded)

const fcc_signature_t fcc_own_signatures[] = {
    0x200u, FCC_SIGNATURE_HEAD(FCC_RESULT_U64, 2u, 10u),
    FCC_ARGUMENT(FCC_ARG_U32 + FCC_ARG_RANGE, 0u), 1u, 64u,
    FCC_ARGUMENT(FCC_ARG_U64 + FCC_ARG_RANGE, 0u), 3u, 0u, 0xffffffffu, 1u,
    0,
};

uint64_t fcc_helper_bounded(fcc_instance_t *instance, uint32_t n, uint64_t wide)
{
    (void)instance;
    return n + wide;
}

#define THUNK(number, name) FCC_THUNK(fcc_helper_##name);
FCC_HELPERS(THUNK)
FCC_CONFORMANCE_HELPERS(THUNK)
OWN(THUNK)

#define ROW(number, name) { number, FCC_CODE(fcc_helper_##name) },
const fcc_helper_t batch_helpers[] = { FCC_HELPERS(ROW) FCC_CONFORMANCE_HELPERS(ROW) OWN(ROW) };
const uint32_t batch_helper_count = sizeof(batch_helpers) / sizeof(batch_helpers[0]);

/* SPDX-License-Identifier: MIT */
/* Helpers as the test engines have them: what each does stands above its prototype in fcc_helpers.h. */
#include <fcc_helpers.h>
#include "batch.h"

#define STORE_CAPACITY 16u

typedef struct {
    uint32_t count;
    uint32_t key[STORE_CAPACITY];
    uint32_t value[STORE_CAPACITY];
} store_t;

static struct {
    store_t local;
    store_t global;
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
    state.local.count = 0;
    state.global.count = 0;
    state.milliseconds = 1000;
    state.microseconds = 1000000;
    state.reads = 0;
    state.header = 0;
    state.host = host;
    batch_log_length = 0;
}

static void _log(fcc_instance_t *instance, char c)
{
    if (batch_log_length == LOG_SIZE) {
        fcc_abort(instance, FCC_TRAP_HELPER);
    }
    batch_log[batch_log_length++] = c;
}

/* Writes a number to `out` (at most 10 characters); returns how many. */
static uint32_t _digits(char *out, uint32_t value, uint32_t base)
{
    char reversed[10];
    uint32_t count = 0;
    do {
        reversed[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    for (uint32_t i = 0; i < count; i++) {
        out[i] = reversed[count - 1 - i];
    }
    return count;
}

int32_t fcc_helper_printf(fcc_instance_t *instance, const char *fmt, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    const uint32_t values[4] = { a, b, c, d };
    uint32_t used = 0;
    uint32_t start = batch_log_length;
    for (; *fmt != 0; fmt++) {
        char kind = *fmt == '%' ? fmt[1] : 0;
        if (kind == '%') {
            _log(instance, '%');
            fmt++;
        }
        else if (kind == 'd' || kind == 'u' || kind == 'x' || kind == 'c') {
            uint32_t value = used < 4 ? values[used] : 0;
            char text[10];
            uint32_t count = 1;
            used++;
            fmt++;
            if (kind == 'd' && (value >> 31) != 0) {
                _log(instance, '-');
                value = 0 - value;
            }
            if (kind == 'c') {
                text[0] = (char)value;
            }
            else {
                count = _digits(text, value, kind == 'x' ? 16 : 10);
            }
            for (uint32_t i = 0; i < count; i++) {
                _log(instance, text[i]);
            }
        }
        else {
            _log(instance, *fmt);
        }
    }
    return (int32_t)(batch_log_length - start);
}

void fcc_helper_memcpy(fcc_instance_t *instance, void *dst, const void *src, uint32_t n)
{
    (void)instance;
    uint8_t *to = dst;
    const uint8_t *from = src;
    if ((uintptr_t)to < (uintptr_t)from) {
        for (uint32_t i = 0; i < n; i++) {
            to[i] = from[i];
        }
    }
    else {
        for (uint32_t i = n; i > 0; i--) {
            to[i - 1] = from[i - 1];
        }
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

static int32_t _store(store_t *store, uint32_t key, uint32_t value)
{
    uint32_t i = _find(store, key);
    if (i == STORE_CAPACITY) {
        return -1;
    }
    if (i == store->count) {
        store->key[store->count++] = key;
    }
    store->value[i] = value;
    return 0;
}

/* Writes little endian by bytes: a container's pointer need not be aligned. */
static void _put(void *out, uint32_t value, uint32_t size)
{
    uint8_t *to = out;
    for (uint32_t i = 0; i < size; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

static int32_t _fetch(const store_t *store, uint32_t key, void *out)
{
    uint32_t i = _find(store, key);
    _put(out, i < store->count ? store->value[i] : 0, 4);
    return 0;
}

int32_t fcc_helper_store_local(fcc_instance_t *instance, uint32_t key, uint32_t value)
{
    (void)instance;
    return _store(&state.local, key, value);
}

int32_t fcc_helper_store_global(fcc_instance_t *instance, uint32_t key, uint32_t value)
{
    (void)instance;
    return _store(&state.global, key, value);
}

int32_t fcc_helper_fetch_local(fcc_instance_t *instance, uint32_t key, void *value)
{
    (void)instance;
    return _fetch(&state.local, key, value);
}

int32_t fcc_helper_fetch_global(fcc_instance_t *instance, uint32_t key, void *value)
{
    (void)instance;
    return _fetch(&state.global, key, value);
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

uint32_t fcc_helper_fmt_u32_dec(fcc_instance_t *instance, void *out, uint32_t value)
{
    (void)instance;
    return _digits(out, value, 10);
}

uint32_t fcc_helper_fmt_s16_dfp(fcc_instance_t *instance, void *out, uint32_t value, uint32_t digits)
{
    (void)instance;
    uint32_t places = 0 - digits;
    int32_t number = (int16_t)value;
    uint32_t rest = (uint32_t)(number < 0 ? -number : number);
    uint32_t unit = 1;
    char *to = out;
    if (places > 4) {
        return 0;
    }
    for (uint32_t i = 0; i < places; i++) {
        unit *= 10;
    }
    if (number < 0) {
        *to++ = '-';
    }
    to += _digits(to, rest / unit, 10);
    if (places > 0) {
        *to++ = '.';
    }
    for (rest %= unit; unit > 1; rest %= unit) {
        unit /= 10;
        *to++ = (char)('0' + rest / unit);
    }
    return (uint32_t)(to - (char *)out);
}

uint64_t fcc_helper_unwind(fcc_instance_t *instance, uint64_t value)
{
    (void)instance;
    return value;
}

#define THUNK(number, name) FCC_THUNK(fcc_helper_##name);
FCC_HELPERS(THUNK)
FCC_CONFORMANCE_HELPERS(THUNK)

#define ROW(number, name) { number, FCC_CODE(fcc_helper_##name) },
const fcc_helper_t batch_helpers[] = { FCC_HELPERS(ROW) FCC_CONFORMANCE_HELPERS(ROW) };
const uint32_t batch_helper_count = sizeof(batch_helpers) / sizeof(batch_helpers[0]);

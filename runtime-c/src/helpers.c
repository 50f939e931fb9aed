/* SPDX-License-Identifier: MIT */
/*
 * Helpers that need nothing of an operating system, for containers that fcc_install has put in: what each does stands above its
 * prototype in fcc_helpers.h. Whoever calls has proved or guarded that buffers are the container's; they need not be aligned.
 */
#include <fcc_helpers.h>
#include <fcc_hooks.h>

/* As many characters as the longest number of 32 bits. */
#define DIGITS 10u

/* Writes a number to `out`, at most DIGITS characters; returns how many. */
static uint32_t _digits(char *out, uint32_t value, uint32_t base)
{
    char reversed[DIGITS];
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

static void _store_word(void *out, uint32_t value)
{
    uint8_t *to = out;
    for (uint32_t i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

int32_t fcc_helper_printf(fcc_instance_t *instance, const char *fmt, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    const uint32_t values[4] = { a, b, c, d };
    uint32_t used = 0;
    uint32_t written = 0;
    while (*fmt != 0) {
        char text[1 + DIGITS];
        uint32_t count = 0;
        char kind = *fmt == '%' ? fmt[1] : 0;
        if (kind == 'd' || kind == 'u' || kind == 'x' || kind == 'c') {
            uint32_t value = used < 4 ? values[used] : 0;
            used++;
            fmt += 2;
            if (kind == 'c') {
                text[count++] = (char)value;
            }
            else {
                if (kind == 'd' && (value >> 31) != 0) {
                    text[count++] = '-';
                    value = 0 - value;
                }
                count += _digits(text + count, value, kind == 'x' ? 16 : 10);
            }
            fcc_put(instance, text, count);
        }
        else {
            /* Up to what has a meaning, in one piece; the second of two percent signs, or a lone one, is plain text. */
            const char *start = kind == '%' ? ++fmt : fmt;
            do {
                fmt++;
                count++;
            } while (*fmt != 0 && *fmt != '%');
            fcc_put(instance, start, count);
        }
        written += count;
    }
    return (int32_t)written;
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

/* X(name, scope) for each store. */
#define SCOPES(X)              \
    X(local, FCC_SCOPE_LOCAL)   \
    X(tenant, FCC_SCOPE_TENANT) \
    X(global, FCC_SCOPE_GLOBAL)

#define HELPERS_OF_STORE(name, scope)                                                             \
    int32_t fcc_helper_store_##name(fcc_instance_t *instance, uint32_t key, uint32_t value)       \
    {                                                                                             \
        return fcc_store_set(fcc_slot_of(instance), scope, key, value);                           \
    }                                                                                             \
    int32_t fcc_helper_fetch_##name(fcc_instance_t *instance, uint32_t key, void *value)          \
    {                                                                                             \
        _store_word(value, fcc_store_get(fcc_slot_of(instance), scope, key));                     \
        return 0;                                                                                 \
    }                                                                                             \
    int32_t fcc_helper_delete_##name(fcc_instance_t *instance, uint32_t key)                      \
    {                                                                                             \
        return fcc_store_delete(fcc_slot_of(instance), scope, key);                               \
    }
SCOPES(HELPERS_OF_STORE)

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

/* SPDX-License-Identifier: MIT */
/*
 * What a C compiler calls and the toolchains without a C library leave out. Compiled into an archive, so that only what a program
 * calls is linked, and its size counted. Divisions are those that images have, src/intrinsics.c; atomic operations switch interrupts
 * off as those do, and rely on aligned addresses, as C does.
 */
#include "../src/fcc_port.h"

#if defined(PART_MEMORY)
/* By words where both addresses allow it, four at a time, as C libraries have it. */
void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
    uint8_t *p = to;
    const uint8_t *q = from;
#if !defined(__OPTIMIZE_SIZE__)
    if ((((uintptr_t)p | (uintptr_t)q) & 3u) == 0) {
        uint32_t *w = (void *)p;
        const uint32_t *v = (const void *)q;
        for (; length >= 16; length -= 16) {
            w[0] = v[0];
            w[1] = v[1];
            w[2] = v[2];
            w[3] = v[3];
            w += 4;
            v += 4;
        }
        for (; length >= 4; length -= 4) {
            *w++ = *v++;
        }
        p = (void *)w;
        q = (const void *)v;
    }
#endif
    for (; length > 0; length--) {
        *p++ = *q++;
    }
    return to;
}

#elif defined(PART_MOVE)
void *memmove(void *to, const void *from, size_t length)
{
    uint8_t *p = to;
    const uint8_t *q = from;
    if ((uintptr_t)p - (uintptr_t)q >= length) {
        for (; length > 0; length--) {
            *p++ = *q++;
        }
    }
    else {
        while (length > 0) {
            length--;
            p[length] = q[length];
        }
    }
    return to;
}

#elif defined(PART_SET)
void *memset(void *to, int value, size_t length)
{
    uint8_t *p = to;
#if !defined(__OPTIMIZE_SIZE__)
    uint32_t word = (uint32_t)(uint8_t)value * 0x01010101u;
    if (((uintptr_t)p & 3u) == 0) {
        uint32_t *w = (void *)p;
        for (; length >= 16; length -= 16) {
            w[0] = word;
            w[1] = word;
            w[2] = word;
            w[3] = word;
            w += 4;
        }
        for (; length >= 4; length -= 4) {
            *w++ = word;
        }
        p = (void *)w;
    }
#endif
    for (; length > 0; length--) {
        *p++ = (uint8_t)value;
    }
    return to;
}

#elif defined(PART_COMPARE)
int memcmp(const void *a, const void *b, size_t length)
{
    const uint8_t *p = a;
    const uint8_t *q = b;
    for (; length > 0; length--, p++, q++) {
        if (*p != *q) {
            return *p - *q;
        }
    }
    return 0;
}

#elif defined(PART_ATOMICS)
/* The types are those that GCC knows these functions by. */
#define UPDATE(type, name, expression)                    \
    type __sync_##name(volatile void *at, type value)     \
    {                                                     \
        volatile type *cell = at;                         \
        uint32_t state = fcc_port_lock();                 \
        type old = *cell;                                 \
        *cell = expression;                               \
        fcc_port_unlock(state);                           \
        return old;                                       \
    }
#define EXCHANGE(type, name, answer, expression)                            \
    answer __sync_##name(volatile void *at, type expected, type value)      \
    {                                                                       \
        volatile type *cell = at;                                           \
        uint32_t state = fcc_port_lock();                                   \
        type old = *cell;                                                   \
        if (old == expected) {                                              \
            *cell = value;                                                  \
        }                                                                   \
        fcc_port_unlock(state);                                             \
        return expression;                                                  \
    }
#define ALL(type, bytes)                                              \
    UPDATE(type, fetch_and_add_##bytes, old + value)                  \
    UPDATE(type, fetch_and_sub_##bytes, old - value)                  \
    UPDATE(type, fetch_and_or_##bytes, old | value)                   \
    UPDATE(type, fetch_and_and_##bytes, (old & value))                \
    UPDATE(type, fetch_and_xor_##bytes, old ^ value)                  \
    UPDATE(type, lock_test_and_set_##bytes, value)                    \
    EXCHANGE(type, val_compare_and_swap_##bytes, type, old)           \
    EXCHANGE(type, bool_compare_and_swap_##bytes, _Bool, old == expected)
ALL(unsigned long long, 8)
ALL(unsigned int, 4)

#elif defined(PART_UDIV32)
uint32_t fcc_udiv32(uint32_t a, uint32_t b);

uint32_t __udivsi3(uint32_t a, uint32_t b)
{
    return fcc_udiv32(a, b);
}

#elif defined(PART_UDIV64)
uint64_t fcc_udiv64(uint64_t a, uint64_t b);

uint64_t __udivdi3(uint64_t a, uint64_t b)
{
    return fcc_udiv64(a, b);
}

#elif defined(PART_UMOD32)
uint32_t fcc_umod32(uint32_t a, uint32_t b);

uint32_t __umodsi3(uint32_t a, uint32_t b)
{
    return fcc_umod32(a, b);
}

#elif defined(PART_UMOD64)
uint64_t fcc_umod64(uint64_t a, uint64_t b);

uint64_t __umoddi3(uint64_t a, uint64_t b)
{
    return fcc_umod64(a, b);
}

#elif defined(PART_DIV32)
uint32_t fcc_sdiv32(uint32_t a, uint32_t b);

int32_t __divsi3(int32_t a, int32_t b)
{
    return (int32_t)fcc_sdiv32((uint32_t)a, (uint32_t)b);
}

#elif defined(PART_DIV64)
uint64_t fcc_sdiv64(uint64_t a, uint64_t b);

int64_t __divdi3(int64_t a, int64_t b)
{
    return (int64_t)fcc_sdiv64((uint64_t)a, (uint64_t)b);
}

#elif defined(PART_MOD32)
uint32_t fcc_smod32(uint32_t a, uint32_t b);

int32_t __modsi3(int32_t a, int32_t b)
{
    return (int32_t)fcc_smod32((uint32_t)a, (uint32_t)b);
}

#elif defined(PART_MOD64)
uint64_t fcc_smod64(uint64_t a, uint64_t b);

int64_t __moddi3(int64_t a, int64_t b)
{
    return (int64_t)fcc_smod64((uint64_t)a, (uint64_t)b);
}

#elif defined(PART_MULTIPLY)
uint64_t fcc_mul64(uint64_t a, uint64_t b);

uint64_t __muldi3(uint64_t a, uint64_t b)
{
    return fcc_mul64(a, b);
}
#endif

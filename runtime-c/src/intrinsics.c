/* SPDX-License-Identifier: MIT */
/* Routines that images call for what takes too much text to write out. Arithmetic as RFC 9669 section 4.1 has it. */
#include "fcc_core.h"

/*
 * Division, unsigned, with the remainder. A core that divides does so itself; the others take this loop of at most 64 rounds
 * rather than the C library's routines, which not every toolchain has.
 */
#if FCC_OWN_DIVISION
static uint64_t _divide(uint64_t a, uint64_t b, uint64_t *remainder)
{
    uint64_t quotient = 0;
    uint64_t rest = 0;
    uint32_t bits = a >> 32 != 0 ? 64 : 32;
    for (a <<= 64 - bits; bits > 0; bits--) {
        uint32_t carry = (uint32_t)(rest >> 63);
        rest = rest << 1 | a >> 63;
        a <<= 1;
        quotient <<= 1;
        if (carry != 0 || rest >= b) {
            rest -= b;
            quotient |= 1;
        }
    }
    *remainder = rest;
    return quotient;
}

static uint64_t _quotient(uint64_t a, uint64_t b)
{
    uint64_t rest;
    return _divide(a, b, &rest);
}

static uint64_t _remainder(uint64_t a, uint64_t b)
{
    uint64_t rest;
    _divide(a, b, &rest);
    return rest;
}
#else
static uint64_t _quotient(uint64_t a, uint64_t b)
{
    return a / b;
}

static uint64_t _remainder(uint64_t a, uint64_t b)
{
    return a % b;
}
#endif

static uint64_t _magnitude(int64_t a)
{
    return a < 0 ? 0 - (uint64_t)a : (uint64_t)a;
}

uint64_t fcc_udiv64(uint64_t a, uint64_t b)
{
    return b == 0 ? 0 : _quotient(a, b);
}

uint64_t fcc_umod64(uint64_t a, uint64_t b)
{
    return b == 0 ? a : _remainder(a, b);
}

/* By magnitudes: INT64_MIN / -1 overflows in C, and comes out as INT64_MIN here. */
uint64_t fcc_sdiv64(uint64_t a, uint64_t b)
{
    uint64_t q = fcc_udiv64(_magnitude((int64_t)a), _magnitude((int64_t)b));
    return (int64_t)(a ^ b) < 0 ? 0 - q : q;
}

uint64_t fcc_smod64(uint64_t a, uint64_t b)
{
    uint64_t r = fcc_umod64(_magnitude((int64_t)a), _magnitude((int64_t)b));
    return (int64_t)a < 0 ? 0 - r : r;
}

#if FCC_SMALL_CORE
#if FCC_OWN_DIVISION
static uint32_t _divide32(uint32_t a, uint32_t b, uint32_t *remainder)
{
    uint32_t rest = 0;
    /* Leading zeros of the dividend make no quotient bits; eight at a time. */
    uint32_t bits = 32;
    while (bits > 8 && a >> 24 == 0) {
        a <<= 8;
        bits -= 8;
    }
    for (; bits > 0; bits--) {
        uint32_t carry = rest >> 31;
        rest = rest << 1 | a >> 31;
        a <<= 1;
        if (carry != 0 || rest >= b) {
            rest -= b;
            a |= 1;
        }
    }
    *remainder = rest;
    return a;
}

static uint32_t _quotient32(uint32_t a, uint32_t b)
{
    uint32_t rest;
    return _divide32(a, b, &rest);
}

static uint32_t _remainder32(uint32_t a, uint32_t b)
{
    uint32_t rest;
    _divide32(a, b, &rest);
    return rest;
}
#else
static uint32_t _quotient32(uint32_t a, uint32_t b)
{
    return a / b;
}

static uint32_t _remainder32(uint32_t a, uint32_t b)
{
    return a % b;
}
#endif

static uint32_t _magnitude32(uint32_t a)
{
    return a >> 31 != 0 ? 0 - a : a;
}

uint32_t fcc_udiv32(uint32_t a, uint32_t b)
{
    return b == 0 ? 0 : _quotient32(a, b);
}

uint32_t fcc_umod32(uint32_t a, uint32_t b)
{
    return b == 0 ? a : _remainder32(a, b);
}

uint32_t fcc_sdiv32(uint32_t a, uint32_t b)
{
    uint32_t q = fcc_udiv32(_magnitude32(a), _magnitude32(b));
    return (a ^ b) >> 31 != 0 ? 0 - q : q;
}

uint32_t fcc_smod32(uint32_t a, uint32_t b)
{
    uint32_t r = fcc_umod32(_magnitude32(a), _magnitude32(b));
    return a >> 31 != 0 ? 0 - r : r;
}

/* From halves, as not every core has the upper half of a product. */
uint64_t fcc_umul64(uint32_t a, uint32_t b)
{
    uint32_t low = (a & 0xffffu) * (b & 0xffffu);
    uint32_t first = (a >> 16) * (b & 0xffffu) + (low >> 16);
    uint32_t second = (a & 0xffffu) * (b >> 16) + (first & 0xffffu);
    uint32_t high = (a >> 16) * (b >> 16) + (first >> 16) + (second >> 16);
    return (uint64_t)high << 32 | (second << 16 | (low & 0xffffu));
}

uint64_t fcc_mul64(uint64_t a, uint64_t b)
{
    uint32_t cross = (uint32_t)a * (uint32_t)(b >> 32) + (uint32_t)(a >> 32) * (uint32_t)b;
    return fcc_umul64((uint32_t)a, (uint32_t)b) + ((uint64_t)cross << 32);
}
#endif

#if FCC_SMALL_CORE || FCC_WIDE_SHIFTS
/* By words: a compiler may make a call of a routine out of a shift of 64 bits. */
uint64_t fcc_shl64(uint64_t a, uint32_t n)
{
    uint32_t low = (uint32_t)a;
    uint32_t high = (uint32_t)(a >> 32);
    if ((n & 32u) != 0) {
        high = low;
        low = 0;
    }
    n &= 31u;
    high = high << n | low >> 1 >> (31u - n);
    return (uint64_t)high << 32 | low << n;
}

static uint64_t _shift_right(uint64_t a, uint32_t n, uint32_t fill)
{
    uint32_t low = (uint32_t)a;
    uint32_t high = (uint32_t)(a >> 32);
    if ((n & 32u) != 0) {
        low = high;
        high = fill;
    }
    n &= 31u;
    low = low >> n | high << 1 << (31u - n);
    return (uint64_t)(high >> n | fill << 1 << (31u - n)) << 32 | low;
}

uint64_t fcc_lshr64(uint64_t a, uint32_t n)
{
    return _shift_right(a, n, 0);
}

uint64_t fcc_ashr64(uint64_t a, uint32_t n)
{
    return _shift_right(a, n, (int64_t)a < 0 ? UINT32_MAX : 0);
}
#endif

/* Byte by byte, for addresses that are not aligned to words: out of the way of those that are. */
static __attribute__((noinline)) uint64_t _load_bytes(uint32_t address, uint32_t bytes)
{
    const volatile uint8_t *from = (const volatile uint8_t *)(uintptr_t)address;
    uint32_t word[2] = { 0, 0 };
    for (uint32_t i = 0; i < bytes; i++) {
        word[i / 4u] |= (uint32_t)from[i] << (8u * (i % 4u));
    }
    return (uint64_t)word[1] << 32 | word[0];
}

static __attribute__((noinline)) void _store_bytes(uint32_t address, uint64_t value, uint32_t bytes)
{
    volatile uint8_t *to = (volatile uint8_t *)(uintptr_t)address;
    const uint32_t word[2] = { (uint32_t)value, (uint32_t)(value >> 32) };
    for (uint32_t i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(word[i / 4u] >> (8u * (i % 4u)));
    }
}

static uint64_t _combine(uint64_t old, uint64_t value, uint32_t op)
{
    switch (op) {
    case FCC_ATOMIC_ADD:
        return old + value;
    case FCC_ATOMIC_OR:
        return old | value;
    case FCC_ATOMIC_AND:
        return old & value;
    case FCC_ATOMIC_XOR:
        return old ^ value;
    default: /* FCC_ATOMIC_XCHG */
        return value;
    }
}

static __attribute__((noinline)) uint64_t _update_bytes(uint64_t value, uint32_t address, uint32_t op, uint32_t bytes)
{
    uint32_t state = fcc_port_lock();
    uint64_t old = _load_bytes(address, bytes);
    _store_bytes(address, _combine(old, value, op), bytes);
    fcc_port_unlock(state);
    return old;
}

static __attribute__((noinline)) uint64_t _exchange_bytes(uint64_t expected, uint64_t value, uint32_t address, uint32_t bytes)
{
    uint32_t state = fcc_port_lock();
    uint64_t old = _load_bytes(address, bytes);
    if (old == expected) {
        _store_bytes(address, value, bytes);
    }
    fcc_port_unlock(state);
    return old;
}

/* A number of 64 bits at an address that is aligned to words. */
static inline uint64_t _pair(const volatile uint32_t *from)
{
    uint32_t low = from[0];
    return (uint64_t)from[1] << 32 | low;
}

static inline void _put_pair(volatile uint32_t *to, uint64_t value)
{
    to[0] = (uint32_t)value;
    to[1] = (uint32_t)(value >> 32);
}

uint32_t fcc_atomic32(uint32_t value, uint32_t address, uint32_t op)
{
    volatile uint32_t *at = (volatile uint32_t *)(uintptr_t)address;
    if ((address & 3u) != 0) {
        return (uint32_t)_update_bytes(value, address, op, 4);
    }
    uint32_t state = fcc_port_lock();
    uint32_t old = *at;
    *at = (uint32_t)_combine(old, value, op);
    fcc_port_unlock(state);
    return old;
}

uint64_t fcc_atomic64(uint64_t value, uint32_t address, uint32_t op)
{
    volatile uint32_t *at = (volatile uint32_t *)(uintptr_t)address;
    if ((address & 3u) != 0) {
        return _update_bytes(value, address, op, 8);
    }
    uint32_t state = fcc_port_lock();
    uint64_t old = _pair(at);
    _put_pair(at, _combine(old, value, op));
    fcc_port_unlock(state);
    return old;
}

uint32_t fcc_cmpxchg32(uint32_t expected, uint32_t value, uint32_t address)
{
    volatile uint32_t *at = (volatile uint32_t *)(uintptr_t)address;
    if ((address & 3u) != 0) {
        return (uint32_t)_exchange_bytes(expected, value, address, 4);
    }
    uint32_t state = fcc_port_lock();
    uint32_t old = *at;
    if (old == expected) {
        *at = value;
    }
    fcc_port_unlock(state);
    return old;
}

uint64_t fcc_cmpxchg64(uint64_t expected, uint64_t value, uint32_t address)
{
    volatile uint32_t *at = (volatile uint32_t *)(uintptr_t)address;
    if ((address & 3u) != 0) {
        return _exchange_bytes(expected, value, address, 8);
    }
    uint32_t state = fcc_port_lock();
    uint64_t old = _pair(at);
    if (old == expected) {
        _put_pair(at, value);
    }
    fcc_port_unlock(state);
    return old;
}

/*
 * Row of a region with the rights that holds [address, address + size), for a size above 0, or NULL. From the last row on: what a
 * program knows as a mere number mostly comes from the host, and points into what the host lent.
 */
static const fcc_instance_region_t *_row(const fcc_instance_t *instance, uint32_t address, uint32_t size, uint32_t rights)
{
    const fcc_instance_region_t *first = (const void *)(instance + 1);
    const fcc_instance_region_t *row = first + instance->region_count;
    while (row != first) {
        row--;
        /* Below the base this wraps to a number beyond any length, as base + length never exceeds 2^32 - 1. */
        uint32_t offset = address - row->base;
        if (offset < row->length && size <= row->length - offset && (rights & ~row->rights) == 0) {
            return row;
        }
    }
    return NULL;
}

uint32_t fcc_search(const fcc_instance_t *instance, uint32_t address, uint32_t size, uint32_t rights)
{
    return size == 0 || _row(instance, address, size, rights) != NULL;
}

uint64_t fcc_locate(const fcc_instance_t *instance, uint32_t address, uint32_t rights)
{
    const fcc_instance_region_t *row = _row(instance, address, 1, rights);
    return row == NULL ? 0 : (uint64_t)row->length << 32 | row->base;
}

#define THUNK(id, name) FCC_THUNK(fcc_##name);
FCC_LINKED_INTRINSICS(THUNK)
#define ROW(id, name) [id - FCC_INTRINSIC_BASE] = FCC_CODE(fcc_##name),
void (*const fcc_intrinsics[FCC_INTRINSIC_COUNT])(void) = { FCC_LINKED_INTRINSICS(ROW) };

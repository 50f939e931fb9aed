/* SPDX-License-Identifier: MIT */
/* Routines that images call for what takes too much text to write out. Arithmetic as RFC 9669 section 4.1 has it. */
#include "fcc_port.h"

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
uint32_t fcc_udiv32(uint32_t a, uint32_t b)
{
    return (uint32_t)fcc_udiv64(a, b);
}

uint32_t fcc_umod32(uint32_t a, uint32_t b)
{
    return (uint32_t)fcc_umod64(a, b);
}

uint32_t fcc_sdiv32(uint32_t a, uint32_t b)
{
    return (uint32_t)fcc_sdiv64((uint64_t)(int32_t)a, (uint64_t)(int32_t)b);
}

uint32_t fcc_smod32(uint32_t a, uint32_t b)
{
    return (uint32_t)fcc_smod64((uint64_t)(int32_t)a, (uint64_t)(int32_t)b);
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

/* Byte by byte: the address may be misaligned. */
static uint64_t _load(const volatile uint8_t *at, uint32_t bytes)
{
    uint32_t word[2] = { 0, 0 };
    for (uint32_t i = 0; i < bytes; i++) {
        word[i / 4u] |= (uint32_t)at[i] << (8u * (i % 4u));
    }
    return (uint64_t)word[1] << 32 | word[0];
}

static void _store(volatile uint8_t *at, uint64_t value, uint32_t bytes)
{
    const uint32_t word[2] = { (uint32_t)value, (uint32_t)(value >> 32) };
    for (uint32_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(word[i / 4u] >> (8u * (i % 4u)));
    }
}

static uint64_t _update(uint64_t value, uint32_t address, uint32_t op, uint32_t bytes)
{
    volatile uint8_t *at = (volatile uint8_t *)(uintptr_t)address;
    uint32_t state = fcc_port_lock();
    uint64_t old = _load(at, bytes);
    switch (op) {
    case FCC_ATOMIC_ADD:
        value += old;
        break;
    case FCC_ATOMIC_OR:
        value |= old;
        break;
    case FCC_ATOMIC_AND:
        value &= old;
        break;
    case FCC_ATOMIC_XOR:
        value ^= old;
        break;
    default: /* FCC_ATOMIC_XCHG */
        break;
    }
    _store(at, value, bytes);
    fcc_port_unlock(state);
    return old;
}

static uint64_t _exchange(uint64_t expected, uint64_t value, uint32_t address, uint32_t bytes)
{
    volatile uint8_t *at = (volatile uint8_t *)(uintptr_t)address;
    uint32_t state = fcc_port_lock();
    uint64_t old = _load(at, bytes);
    if (old == expected) {
        _store(at, value, bytes);
    }
    fcc_port_unlock(state);
    return old;
}

uint32_t fcc_atomic32(uint32_t value, uint32_t address, uint32_t op)
{
    return (uint32_t)_update(value, address, op, 4);
}

uint64_t fcc_atomic64(uint64_t value, uint32_t address, uint32_t op)
{
    return _update(value, address, op, 8);
}

uint32_t fcc_cmpxchg32(uint32_t expected, uint32_t value, uint32_t address)
{
    return (uint32_t)_exchange(expected, value, address, 4);
}

uint64_t fcc_cmpxchg64(uint64_t expected, uint64_t value, uint32_t address)
{
    return _exchange(expected, value, address, 8);
}

uint32_t fcc_search(const fcc_instance_t *instance, uint32_t address, uint32_t size, uint32_t rights)
{
    const fcc_instance_region_t *region = (const void *)(instance + 1);
    if (size == 0) {
        return 1;
    }
    for (uint32_t i = 0; i < instance->region_count; i++) {
        /* Below the base this wraps to a number beyond any length, as base + length never exceeds 2^32 - 1. */
        uint32_t offset = address - region[i].base;
        if (offset <= region[i].length && size <= region[i].length - offset && (rights & ~region[i].rights) == 0) {
            return 1;
        }
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* Routines that images call for what takes too much text to write out. Division as RFC 9669 section 4.1 has it. */
#include <fcc.h>

uint64_t fcc_udiv64(uint64_t a, uint64_t b)
{
    return b == 0 ? 0 : a / b;
}

uint64_t fcc_umod64(uint64_t a, uint64_t b)
{
    return b == 0 ? a : a % b;
}

uint64_t fcc_sdiv64(uint64_t a, uint64_t b)
{
    if (b == 0) {
        return 0;
    }
    /* INT64_MIN / -1 overflows in C; negation of the bits is the answer wanted. */
    return b == UINT64_MAX ? 0 - a : (uint64_t)((int64_t)a / (int64_t)b);
}

uint64_t fcc_smod64(uint64_t a, uint64_t b)
{
    if (b == 0) {
        return a;
    }
    return b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
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

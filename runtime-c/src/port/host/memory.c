/* SPDX-License-Identifier: MIT */
/* Memory whose addresses fit into the 32 bits that an instance has for them. */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>
#include "fcc_host.h"

/* Where there is no MAP_32BIT (it is of x86-64 only): hints, every 16 MiB, of which the kernel takes what is free. */
#define HINT_FIRST 0x20000000u
#define HINT_STEP  0x01000000u
#define HINT_LAST  0xf0000000u

static int _fits(const void *base, size_t length)
{
    return (uintptr_t)base <= UINT32_MAX && length <= UINT32_MAX - (uintptr_t)base;
}

static void *_map(uintptr_t hint, size_t length, int flags)
{
    void *base = mmap((void *)hint, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (base == MAP_FAILED) {
        return NULL;
    }
    if (!_fits(base, length)) {
        munmap(base, length);
        return NULL;
    }
    return base;
}

void *fcc_host_memory(size_t length)
{
    void *base = NULL;
    if (length == 0 || length > UINT32_MAX) {
        return NULL;
    }
#ifdef MAP_32BIT
    base = _map(0, length, MAP_32BIT);
#endif
    for (uint32_t hint = HINT_FIRST; base == NULL && hint <= HINT_LAST; hint += HINT_STEP) {
        base = _map(hint, length, 0);
    }
    return base;
}

void fcc_host_free(void *memory, size_t length)
{
    if (memory != NULL) {
        munmap(memory, length);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Reads images from standard input, each behind its length (u32), loads each and prints the answer of fcc_load and the refused id. For tests:
 * nothing runs. Then the same image three times more, with image, memory and grant where 32 bits do not reach.
 */
#define _GNU_SOURCE
#include "../src/fcc_core.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LOW    0x20000000u
#define HIGH   0u /* where the system likes: far above 4 GiB */
#define REGION 16u

uint64_t fcc_enter(uint32_t context, uintptr_t code, uint32_t context_length, fcc_instance_t *instance)
{
    (void)context;
    (void)code;
    (void)context_length;
    (void)instance;
    abort();
}

void fcc_trapped(void) {}

void fcc_abort_at(fcc_instance_t *instance, uint32_t trap, uint32_t place)
{
    (void)instance;
    (void)trap;
    (void)place;
    abort();
}

uint32_t fcc_port_lock(void)
{
    return 0;
}

void fcc_port_unlock(uint32_t state)
{
    (void)state;
}

static void _helper(void) {}

static size_t _pages(size_t length)
{
    return (length + 4095u) & ~(size_t)4095u;
}

/* Pages at an address, with one behind them that cannot be touched, so that any access beyond is seen. */
static uint8_t *_map(uintptr_t at, size_t length)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (at == HIGH ? 0 : MAP_FIXED_NOREPLACE);
    uint8_t *base = mmap((void *)at, _pages(length) + 4096u, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (base == MAP_FAILED || mprotect(base + _pages(length), 4096, PROT_NONE) != 0) {
        exit(2);
    }
    return base;
}

/* The last 8-aligned place in them for so many bytes. */
static uint8_t *_end(uint8_t *base, size_t length)
{
    return base + (_pages(length) - length) / 8u * 8u;
}

static void _load(const uint8_t *bytes, uint32_t length, uintptr_t image_at, uintptr_t memory_at, uintptr_t grant_at)
{
    static const uint32_t allowed[] = { 1, 3 };
    static const fcc_helper_t helpers[] = { { 1, _helper }, { 2, _helper } };
    static const uint32_t kept[] = { 2, 8, 4, 16, 8 };
    const fcc_host_t host = { helpers, 2, allowed, 2, 1, 2048, kept };
    const fcc_grant_t grant = { (void *)grant_at, REGION, FCC_RIGHT_READ | FCC_RIGHT_WRITE };
    fcc_container_t container = { 0, 0, 0 };
    uint8_t *image_pages = _map(image_at, length);
    uint8_t *image = _end(image_pages, length);
    memcpy(image, bytes, length);
    uint32_t size = fcc_check(image, length) == 0 ? fcc_size(image) : 8;
    uint8_t *memory_pages = _map(memory_at, size);
    int status = fcc_load(&container, image, length, _end(memory_pages, size), size, &host, &grant, 1, 0);
    printf("%d %u\n", status, (unsigned)container.refused_id);
    munmap(image_pages, _pages(length) + 4096u);
    munmap(memory_pages, _pages(size) + 4096u);
}

int main(void)
{
    static uint8_t bytes[1u << 16];
    uint32_t length;
    while (fread(&length, sizeof(length), 1, stdin) == 1) {
        if (length > sizeof(bytes) || fread(bytes, 1, length, stdin) != length) {
            return 1;
        }
        _load(bytes, length, LOW, 2 * LOW, 3 * LOW);
        _load(bytes, length, HIGH, 2 * LOW, 3 * LOW);
        _load(bytes, length, LOW, HIGH, 3 * LOW);
        _load(bytes, length, LOW, 2 * LOW, (uintptr_t)1 << 32 | 3 * LOW);
    }
    return 0;
}

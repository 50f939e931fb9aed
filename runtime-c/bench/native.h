/* SPDX-License-Identifier: MIT */
/* Between native.c and the list of entry points that is generated for each source. */
#pragma once
#include <stdint.h>

typedef struct {
    uint32_t hash; /* CRC-32 of the name */
    uint64_t (*run)(void *context, uint32_t length);
} native_entry_t;

extern const native_entry_t native_entries[];
extern const uint32_t native_entry_count;

/* Where counting starts and ends, see plugin.c. */
void bench_start(void);
void bench_stop(void);

/* SPDX-License-Identifier: MIT */
/* Between runtime.c and the list of cases that `fcc bench --runtime` generates. */
#pragma once
#include <stdint.h>

/* What a case measures. */
#define BENCH_HOOK  0u /* fcc_hook_run with `count` containers of the image */
#define BENCH_RUN   1u /* fcc_run */
#define BENCH_LOAD  2u /* fcc_load, and fcc_run up to the container */
#define BENCH_SUM   3u /* fcc_crc32 of `count` bytes */
#define BENCH_AGAIN 4u /* as BENCH_HOOK, but the second run, with the same context */

typedef struct {
    uint32_t kind;
    const void *image;
    uint32_t length;
    uint32_t count;
} bench_case_t;

#define BENCH_MAX_CONTAINERS 4u
#define BENCH_CONTEXT_LENGTH 16u

extern const bench_case_t bench_cases[];
extern const uint32_t bench_case_count;
/* Ids of the helpers that images import, ended by 0. */
extern const uint32_t bench_helper_ids[];
extern const uint32_t bench_features;

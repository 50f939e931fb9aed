/* SPDX-License-Identifier: MIT */
#include "generated.h"

BENCH_SLOT_SEC uint64_t generated(bench_slot_ctx_t *ctx)
{
    const uint8_t *name = ctx->name;
    ctx->a_b = 1;
    return name ? ctx->kind + ctx->name_length : fcc_now_ms();
}

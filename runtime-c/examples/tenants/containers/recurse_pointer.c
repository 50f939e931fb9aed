/* SPDX-License-Identifier: MIT */
/* Hostile: as recurse.c, but the call goes through a pointer. Refused too. */
#include "fc_sample.h"

static uint64_t (*volatile next)(uint64_t);

static __attribute__((noinline)) uint64_t down(uint64_t depth)
{
    return depth + next(depth + 1) * 3;
}

FC_SAMPLE_SEC uint64_t recurse_pointer(fc_sample_ctx_t *ctx)
{
    next = down;
    return down(ctx->round);
}

/* SPDX-License-Identifier: MIT */
/* Hostile: calls itself without a bound. fcc refuses it, so that there is no image of it: see `make refused`. */
#include "fc_sample.h"

static __attribute__((noinline)) uint64_t down(uint64_t depth)
{
    return depth + down(depth + 1) * 3;
}

FC_SAMPLE_SEC uint64_t recurse(fc_sample_ctx_t *ctx)
{
    return down(ctx->round);
}

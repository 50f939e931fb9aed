/* SPDX-License-Identifier: MIT */
/* Writes behind its array as soon as the samples' number gets there. */
#include <sample_hook.h>

static uint32_t slots[2];

RIOT_SAMPLE_SEC uint64_t wild(riot_sample_ctx_t *ctx)
{
    slots[ctx->number] = ctx->value;
    return slots[0] + slots[1];
}

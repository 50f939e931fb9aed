/* SPDX-License-Identifier: MIT */
/* Hostile: calls the helper whose number it is told, so that no import names it. */
#include "fc_sample.h"

FC_SAMPLE_SEC uint64_t computed(fc_sample_ctx_t *ctx)
{
    uint32_t (*helper)(uint64_t, uint64_t) = (uint32_t (*)(uint64_t, uint64_t))ctx->argument;
    return helper(77, 100);
}

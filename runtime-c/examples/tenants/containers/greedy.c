/* SPDX-License-Identifier: MIT */
/* Hostile: wants a helper that its hook does not have. It can only be compiled against a contract of its own making. */
#include "fc_sample.h"

FC_SAMPLE_SEC uint64_t greedy(fc_sample_ctx_t *ctx)
{
    fcc_set_valve(100);
    return ctx->round;
}

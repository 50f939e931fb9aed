/* SPDX-License-Identifier: MIT */
/* Hostile: loops for ever, unless it is told to behave. */
#include "fc_sample.h"

#define BEHAVE 1 /* command */

static volatile uint32_t turns;

FC_SAMPLE_SEC uint64_t spin(fc_sample_ctx_t *ctx)
{
    if (ctx->command == BEHAVE) {
        return turns != 0;
    }
    for (;;) {
        turns++;
    }
}

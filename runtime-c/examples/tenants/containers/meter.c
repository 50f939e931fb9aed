/* SPDX-License-Identifier: MIT */
/* Runs in the timer's interrupt: counts ticks in its own store and publishes the count in the global one. */
#include "fc_tick.h"

#define COUNT 0     /* own store */
#define PUBLISHED 1 /* global store */

FC_TICK_SEC uint64_t meter(fc_tick_ctx_t *ctx)
{
    uint32_t count;
    fcc_fetch_local(COUNT, &count);
    count++;
    fcc_store_local(COUNT, count);
    fcc_store_global(PUBLISHED, count);
    if (ctx->valve <= 100) {
        fcc_set_valve(ctx->valve);
    }
    return count;
}

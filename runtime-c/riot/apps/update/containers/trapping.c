/* SPDX-License-Identifier: MIT */
/* An update that is good for two runs, and then writes behind its array. */
#include <timer_hook.h>

static volatile uint32_t slots[2];
static uint32_t runs;

FC_TIMER_SEC uint64_t trapping(fc_timer_ctx_t *ctx)
{
    slots[runs] = ctx->ticks;
    runs++;
    return 3;
}

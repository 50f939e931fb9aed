/* SPDX-License-Identifier: MIT */
/* The image that comes with the firmware: counts its runs, from 100 on. */
#include "fc_timer.h"

static uint32_t count = 100;

FC_TIMER_SEC uint64_t counter(fc_timer_ctx_t *ctx)
{
    (void)ctx;
    return ++count;
}

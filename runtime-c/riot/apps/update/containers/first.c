/* SPDX-License-Identifier: MIT */
/* Comes with the firmware. */
#include <timer_hook.h>

FC_TIMER_SEC uint64_t first(fc_timer_ctx_t *ctx)
{
    (void)ctx;
    return 1;
}

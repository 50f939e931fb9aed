/* SPDX-License-Identifier: MIT */
/* An update: counts its runs, up to 1000. */
#include <timer_hook.h>

#define KEY_RUNS 1

FC_TIMER_SEC uint64_t second(fc_timer_ctx_t *ctx)
{
    uint32_t runs = 0;

    (void)ctx;
    fcc_fetch_local(KEY_RUNS, &runs);
    if (runs < 1000) {
        fcc_store_local(KEY_RUNS, runs + 1);
    }
    return 2;
}

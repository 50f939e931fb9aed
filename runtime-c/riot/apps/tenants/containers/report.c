/* SPDX-License-Identifier: MIT */
/* Prints its tenant's mean at intervals; in a thread of its own. */
#include <task_hook.h>
#include "keys.h"

RIOT_TASK_SEC uint64_t report(riot_task_ctx_t *ctx)
{
    uint32_t last = fcc_ztimer_now();
    uint32_t round = 0;

    do {
        uint32_t mean = 0;
        fcc_fetch_tenant(KEY_MEAN, &mean);
        fcc_printf("report: mean %u\n", mean, 0, 0, 0);
        fcc_ztimer_periodic_wakeup(&last, ctx->period);
        round++;
    } while (round != ctx->rounds);
    return round;
}

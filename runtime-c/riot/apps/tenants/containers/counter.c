/* SPDX-License-Identifier: MIT */
/* Counts samples, for everybody to see; and looks for the other tenant's mean, which is not its own. */
#include <sample_hook.h>
#include "keys.h"

RIOT_SAMPLE_SEC uint64_t counter(riot_sample_ctx_t *ctx)
{
    uint32_t count = 0;
    uint32_t mean = 0;

    (void)ctx;
    fcc_fetch_local(KEY_COUNT, &count);
    count++;
    fcc_store_local(KEY_COUNT, count);
    fcc_store_global(KEY_COUNT, count);
    fcc_fetch_tenant(KEY_MEAN, &mean);
    return mean;
}

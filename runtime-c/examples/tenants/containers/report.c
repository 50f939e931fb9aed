/* SPDX-License-Identifier: MIT */
/* Counts its runs in its own store, reads what another tenant publishes, and prints one line when it is told to. */
#include "fc_sample.h"

#define RUNS 0 /* own store */
#define TOLD 0 /* tenant's store: the same key as the other tenant's, another row */
#define PUBLISHED 1
#define SAY 1 /* command */

FC_SAMPLE_SEC uint64_t report(fc_sample_ctx_t *ctx)
{
    uint32_t runs, ticks;
    fcc_fetch_local(RUNS, &runs);
    runs++;
    fcc_store_local(RUNS, runs);
    fcc_fetch_global(PUBLISHED, &ticks);
    fcc_store_tenant(TOLD, ticks != 0);
    if (ctx->command == SAY) {
        fcc_printf("run %u, value %u\n", runs, ctx->value, 0, 0);
    }
    return runs;
}

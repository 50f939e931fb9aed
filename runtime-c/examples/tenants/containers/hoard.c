/* SPDX-License-Identifier: MIT */
/* Hostile: fills every store it can reach with keys, and answers how many there was room for. */
#include "fc_sample.h"

#define FIRST_KEY 1000

FC_SAMPLE_SEC uint64_t hoard(fc_sample_ctx_t *ctx)
{
    uint32_t rows = 0;
    for (uint32_t i = 0; i < ctx->size; i++) {
        rows += fcc_store_local(FIRST_KEY + i, i) == 0;
        rows += fcc_store_tenant(FIRST_KEY + i, i) == 0;
        rows += fcc_store_global(FIRST_KEY + i, i) == 0;
    }
    return rows;
}

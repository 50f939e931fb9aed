/* SPDX-License-Identifier: MIT */
/* Stores until it is refused; returns how many keys it got. */
#include <task_hook.h>

RIOT_TASK_SEC uint64_t hoard(riot_task_ctx_t *ctx)
{
    uint32_t key = 1000;

    while (key != 2000 && fcc_store_tenant(key, ctx->rounds) == 0) {
        key++;
    }
    return key - 1000;
}

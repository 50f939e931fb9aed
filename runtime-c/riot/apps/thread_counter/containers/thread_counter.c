/* SPDX-License-Identifier: MIT */
/* Counts in the global store how often each thread was switched to; the key is the thread's number. */
#include <sched_hook.h>

RIOT_SCHED_SEC uint64_t thread_counter(riot_sched_ctx_t *ctx)
{
    uint32_t key = (uint32_t)ctx->next;
    uint32_t count = 0;

    if (key == 0) {
        return 0;
    }
    fcc_fetch_global(key, &count);
    count++;
    fcc_store_global(key, count);
    return count;
}

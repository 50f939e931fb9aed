/* SPDX-License-Identifier: MIT */
/* Never ends, never waits. */
#include <task_hook.h>

RIOT_TASK_SEC uint64_t spin(riot_task_ctx_t *ctx)
{
    volatile uint32_t turns = 0;

    (void)ctx;
    for (;;) {
        turns++;
    }
}

/* SPDX-License-Identifier: MIT */
/* Helpers of time, and the table of all helpers. */
#include <string.h>
#include "fcc_riot.h"
#include "ztimer.h"
#if IS_USED(MODULE_FCC_THREAD)
#include "fcc_thread.h"
#endif

uint32_t fcc_helper_now_ms(fcc_instance_t *instance)
{
    (void)instance;
    return ztimer_now(ZTIMER_MSEC);
}

uint32_t fcc_helper_ztimer_now(fcc_instance_t *instance)
{
    (void)instance;
    return ztimer_now(ZTIMER_USEC);
}

#if IS_USED(MODULE_FCC_THREAD)
/* As RIOT's ztimer_periodic_wakeup: what is late does not wait, and counts from now on. */
void fcc_helper_ztimer_periodic_wakeup(fcc_instance_t *instance, void *last, uint32_t period)
{
    uint32_t start;
    memcpy(&start, last, sizeof(start)); /* need not be aligned */
    uint32_t now = fcc_now_us();
    uint32_t target = start + period;
    if (target - now > period) {
        target = now;
    }
    /* fcc_wait_until takes half of what the clock can tell. */
    if (target - now > INT32_MAX) {
        fcc_wait_until(instance, target - INT32_MAX);
    }
    fcc_wait_until(instance, target); /* also ends the container if it is to stop */
    memcpy(last, &target, sizeof(target));
}
#endif

const fcc_helper_t fcc_riot_helpers[] = {
    FCC_RIOT_ROW(printf), FCC_RIOT_ROW(memcpy), FCC_RIOT_STORES, FCC_RIOT_TIME, FCC_RIOT_FORMATS,
#if IS_USED(MODULE_FCC_THREAD)
    FCC_RIOT_WAIT,
#endif
#if IS_USED(MODULE_FCC_SAUL)
    FCC_RIOT_SAUL,
#endif
#if IS_USED(MODULE_FCC_NANOCOAP)
    FCC_RIOT_COAP,
#endif
};
const uint32_t fcc_riot_helper_count = ARRAY_SIZE(fcc_riot_helpers);

#define THUNK(id, name) FCC_THUNK(fcc_helper_##name);
FCC_HELPERS(THUNK)

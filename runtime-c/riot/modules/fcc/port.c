/* SPDX-License-Identifier: MIT */
/* What the core asks of an operating system: output, clocks and, on RIOT's native boards, a lock. */
#include <fcc_hooks.h>
#include "irq.h"
#include "stdio_base.h"
#include "ztimer.h"

uint32_t fcc_now_us(void); /* fcc_thread.h, without which it is used too */

/* Clocks that stop when nobody uses them would stand still between a container's questions. */
#if IS_USED(MODULE_ZTIMER_ONDEMAND)
#include "auto_init_utils.h"

static void _init(void)
{
    ztimer_acquire(ZTIMER_USEC);
    ztimer_acquire(ZTIMER_MSEC);
}
AUTO_INIT(_init, AUTO_INIT_PRIORITY_AFTER(AUTO_INIT_PRIO_MOD_ZTIMER));
#endif

uint32_t fcc_now_us(void)
{
    return ztimer_now(ZTIMER_USEC);
}

#if IS_USED(MODULE_FCC_CLOCK)
/* With this the core counts tenants' time in microseconds. */
uint32_t fcc_clock(void)
{
    return fcc_now_us();
}
#endif

/* Where printf of containers goes. */
void fcc_put(fcc_instance_t *instance, const char *bytes, uint32_t count)
{
    (void)instance;
    stdio_write(bytes, count);
}

#ifdef CPU_NATIVE
/* Elsewhere the core turns off interrupts itself; here they are signals. */
uint32_t fcc_port_lock(void);
void fcc_port_unlock(uint32_t state);

uint32_t fcc_port_lock(void)
{
    return irq_disable();
}

void fcc_port_unlock(uint32_t state)
{
    irq_restore(state);
}
#endif

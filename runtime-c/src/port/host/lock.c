/* SPDX-License-Identifier: MIT */
/* One lock for the process stands for interrupts that are off: it nests, and is held for short times only. */
#include "lock.h"
#include "../../fcc_port.h"

pthread_mutex_t fcc_host_mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

uint32_t fcc_port_lock(void)
{
    pthread_mutex_lock(&fcc_host_mutex);
    return 0;
}

void fcc_port_unlock(uint32_t state)
{
    (void)state;
    pthread_mutex_unlock(&fcc_host_mutex);
}

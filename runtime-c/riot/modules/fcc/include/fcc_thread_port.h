/* SPDX-License-Identifier: MIT */
/* Threads of containers on RIOT; see fcc_thread.h. */
#pragma once
#include "mutex.h"
#include "thread.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Bytes of a container's thread besides what its image needs: RIOT's thread structure, an interrupted thread's registers, fcc_slot_run and the
 * firmware's helpers. RIOT's own default is enough for those of this module, printf included (stdio_write is all that it calls).
 */
#ifdef CONFIG_FCC_THREAD_STACK
#define FCC_THREAD_STACK CONFIG_FCC_THREAD_STACK
#else
#define FCC_THREAD_STACK THREAD_STACKSIZE_DEFAULT
#endif

/** What the port keeps of a thread. */
typedef struct fcc_thread_port {
    struct fcc_thread_port *next; /* running ones */
    mutex_t ended;                /* locked until the run is over */
    mutex_t wake;                 /* locked; unlocked to end a wait */
    struct fcc_tenant *tenant;    /* who pays for the stack; the container may be gone when the thread ends */
    uint32_t stack_length;
    kernel_pid_t pid;             /* KERNEL_PID_UNDEF after the join */
    uint8_t over;                 /* 1 once the run is over, before `ended` is unlocked */
} fcc_thread_port_t;

#ifdef __cplusplus
}
#endif

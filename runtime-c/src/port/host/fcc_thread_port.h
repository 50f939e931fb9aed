/* SPDX-License-Identifier: MIT */
/* POSIX threads, for include/fcc_thread.h. */
#pragma once
#include <pthread.h>
#include <stdint.h>

/** Of a container's stack, what the thread itself, the interpreter and helpers need beyond what the image says. */
#define FCC_THREAD_STACK (64u << 10)

typedef struct {
    pthread_t id;
    struct fcc_tenant *tenant; /* who pays for the stack */
    uint32_t stack_length;
    int state; /* 0: runs, 1: has ended, 2: somebody joins it, 3: joined */
} fcc_thread_port_t;

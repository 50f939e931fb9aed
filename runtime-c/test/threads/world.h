/* SPDX-License-Identifier: MIT */
/* What the threads of the test share: hooks, tenants, a store, images. */
#pragma once
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcc_host.h>
#include <fcc_thread.h>

#define PLACES       4u
#define PLACE_LENGTH 8192u
#define STACK_LENGTH (1u << 20) /* sanitizers take most of it */

/* Kinds of images; number 2 * kind + tenant. */
enum { COUNTER, FILLER, TRAPPER, SPINNER, SLEEPER, NESTER, KINDS };

typedef struct {
    uint64_t counter; /* address of the word that counters count in: as a shared pointer in 64 bits */
} context_t;

/* Where a manager installs: two pieces of memory, for replacing. */
typedef struct {
    uint8_t *memory[2];
    uint32_t half; /* in use, if any */
    fcc_slot_t *slot;
    fcc_hook_t *hook;
} place_t;

typedef struct {
    pthread_t thread;
    uint32_t random;
    uint32_t operations;
    uint32_t tenant; /* 0 or 1 */
    context_t *context;
    uint8_t *stack;
    place_t places[PLACES];
    uint64_t counted; /* runs in the counting hook that ended well */
    uint32_t stopped; /* threads that were stopped while they ran */
} worker_t;

typedef struct {
    void *bytes;
    uint32_t length;
} image_t;

extern image_t images[2 * KINDS];
extern fcc_hook_t counting_hook, mixed_hook, thread_hook;
extern fcc_tenant_t tenants[3];

/* Words that counters count in, by hook: of the counting one, and of the others. */
extern uint64_t counters[2];

/* Ends the process with 1 unless `holds`. */
void expect(int holds, const char *what);

/* Reads the images. */
void world_start(const char *folder);

void worker_start(worker_t *worker, uint32_t number, uint32_t operations, uint32_t seed);
uint32_t worker_random(worker_t *worker);

/* What a tenant has used up, by the port's lock. */
uint32_t tenant_ram(const fcc_tenant_t *tenant);

/* Whether every row of the store has its owner's mark, now. */
void check_store(void);

/* Whether what lies above 4 GiB is refused, and not cut. */
void check_high_addresses(void);

/* Whether calls of threads and runs inside of runs answer as they should; by one thread. */
void check_calls(void);

/* Whether nothing is left and every run was counted. */
void check_end(uint64_t counted);

/* SPDX-License-Identifier: MIT */
/**
 * Containers over CoAP, on nanocoap: lists what the firmware has, installs images into places in RAM, starts, stops and removes them.
 *
 * | request            | what it does                                                                                   |
 * |--------------------|------------------------------------------------------------------------------------------------|
 * | GET /fcc           | a line for each place: number, tenant, hook, state, runs, traps                                |
 * | GET /fcc/hooks     | a line for each hook: id, UUID, containers in their order                                      |
 * | GET /fcc/store     | a line for each row of the store: scope, tenant, key, value                                    |
 * | GET /fcc/N         | place N: status of the last request, and if there is a container state, runs, traps, last trap, site, result |
 * | PUT /fcc/N         | an image, block by block (Block1, RFC 7959) or whole; with its last block it is installed      |
 * | DELETE /fcc/N      | stops and removes the container                                                                |
 * | POST /fcc/N/start  | lets a stopped container run again; in places with a stack of their own, starts its thread     |
 * | POST /fcc/N/stop   | stops the container                                                                            |
 *
 * Answers are text. What fails is 4.xx with the runtime's status (FCC_E_...) as text. Nothing here knows who asks: who may reach the endpoint is the
 * business of the network and of `accept`.
 */
#pragma once
#include <fcc_hooks.h>
#include <fcc_thread.h>
#include "net/nanocoap.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A place for a container: the firmware says for which hook and which tenant, and gives the memory. */
typedef struct {
    const char *name;
    fcc_hook_t *hook;
    fcc_tenant_t *tenant;
    void *image;             /* 8-aligned; executable where images are native */
    uint32_t image_length;
    void *memory;            /* 8-aligned */
    uint32_t memory_length;
    void *stack;             /* for a thread of its own; NULL: its hook runs it */
    uint32_t stack_length;
    uint8_t priority;        /* of the thread: a larger number than that of the thread that serves CoAP, which has to stop it */
    void *context;           /* what a thread's container gets */
    uint32_t context_length;
} fcc_coap_place_t;

/** What the endpoint keeps of a place. Starts as zeros. */
typedef struct {
    fcc_slot_t *slot;
    fcc_thread_t thread;
    uint32_t received; /* bytes of the image so far */
    uint32_t refused;  /* helper behind FCC_E_HELPER */
    int status;        /* of the last image */
    uint8_t complete;  /* all of the image has come */
    uint8_t started;   /* the thread has been started and not joined */
} fcc_coap_state_t;

/** What the endpoint shows. */
typedef struct {
    const fcc_coap_place_t *places;
    fcc_coap_state_t *states; /* one for each */
    uint32_t place_count;
    fcc_hook_t *hooks;        /* the firmware's list */
    const fcc_store_t *store; /* NULL: none */
    /**
     * Whether an image may be installed; asked before anything of it is used, for signatures. Native images are machine code: accept only
     * those that you trust. NULL: only images of eBPF text are installed, whose accesses the interpreter checks, and only to hooks that say
     * what of the context is to be kept (..._HOOK_INFO does).
     */
    int (*accept)(const fcc_coap_place_t *place, const void *image, uint32_t length);
} fcc_coap_t;

/** Starts the endpoint; `coap` must stay. Before this the resources answer 5.03. */
void fcc_coap_init(const fcc_coap_t *coap);

#ifdef __cplusplus
}
#endif

/* SPDX-License-Identifier: MIT */
/* Installing with a line of the log. */
#pragma once
#include <fcc_hooks.h>

/* Words of 64 bits that a container needs, from the macros of its image's header. */
#define ROOM(NAME) ((NAME##_SLOT_LENGTH + 7u) / 8u)

/* An image and memory for it. */
typedef struct {
    const char *name;
    const void *image;
    uint32_t length;
    void *memory;
    uint32_t memory_length;
    uint8_t order;
} offer_t;

/* Installs, tells how it went, and expects that answer: 0, or FCC_E_.... NULL if it was refused. */
fcc_slot_t *install(fcc_hook_t *hook, fcc_tenant_t *tenant, const offer_t *offer, int answer);

/* SPDX-License-Identifier: MIT */
/* What every test starts from: two tenants, a hook, a store, and memory for containers. */
#pragma once
#include <fcc_helpers.h>
#include <fcc_hooks.h>
#include "images.h" /* made by the test: IMAGE_..., ENTRY_..., HASH_..., IS_EBPF */
#include "platform.h"

#define PLACES      6u
#define PLACE_BYTES (IS_EBPF ? 5120u : 512u) /* the interpreter has eight frames for every image */
#define ROWS        8u
#define FUEL        10000u
#define RAM         (PLACES * PLACE_BYTES)

/** Says what is not as it should be, with its line. */
void check(const char *file, int line, int64_t got, int64_t want);
#define EQUAL(got, want) check(__FILE__, __LINE__, (int64_t)(got), (int64_t)(want))

typedef struct {
    const char *name;
    void (*run)(void);
} test_t;
extern const test_t install_tests[], run_tests[], stop_tests[], time_tests[], store_tests[], helper_tests[];

typedef struct {
    uint32_t a, b;
} context_t;

/** Everything may be changed by a test. */
extern struct world {
    fcc_hook_info_t info;
    fcc_hook_t hook;
    fcc_hook_info_t open_info; /* a hook with contexts of any length */
    fcc_hook_t open;
    fcc_tenant_info_t tenant_info[2];
    fcc_tenant_t tenant[2];
    fcc_store_t store;
    fcc_store_row_t rows[ROWS];
    uint64_t lent[2];
    fcc_grant_t grant;
    context_t context;
    fcc_install_t what;
    /** What the containers' helper `probe` does. */
    uint64_t (*probe)(fcc_instance_t *instance, uint32_t value);
    uint32_t probed; /* calls of it */
    char put[128];   /* what they printed */
    uint32_t put_count;
} world;
extern uint64_t places[PLACES][PLACE_BYTES / 8];

/** Makes world.what of an image; the whole place is given. */
fcc_install_t *what(const void *image, uint32_t length, uint32_t entry, uint32_t place);
#define WHAT(image, entry, place) what(IMAGE_##image, sizeof(IMAGE_##image), entry, place)

/** Installs into world.hook for tenant 0 or 1 what must go well. */
fcc_slot_t *put(uint32_t entry, uint32_t place, uint32_t tenant, uint8_t order);

/** Runs world.hook with this context; result -1 if there was none. */
uint32_t run(uint32_t a, uint32_t b, int64_t *result);

/** Runs one container alone; its value. */
int64_t call(fcc_slot_t *slot, uint32_t a, uint32_t b);

fcc_status_t status_of(const fcc_slot_t *slot);

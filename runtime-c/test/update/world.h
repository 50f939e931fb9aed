/* SPDX-License-Identifier: MIT */
/*
 * The device of these tests: flash in memory that watches what is done to it and can be cut at any byte, two hooks, two tenants, three
 * places. With world-manifest.c manifests are plain structures: signatures are for signed.c.
 */
#pragma once
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcc_update.h>

#define PLACES      3u
#define SLOT_LENGTH 512u
#define FLASH_LENGTH (2u * 256u + 2u * PLACES * SLOT_LENGTH)
#define CHUNK       64u

/** Images, by the names of their files (test/runtime/update-images.ts). ANSWER_... return their number. */
#define KINDS(X)                                                                                                                     \
    X(ANSWER_1) X(ANSWER_2) X(ANSWER_3) X(ANSWER_4) X(ANSWER_5) X(FACTORY) X(OTHER_HOOK) X(TRAPS) X(TRAPS_LATE) X(SPINS) X(PROBES)    \
    X(KEEPS) X(LARGE) X(FULL) X(LONG)
#define ENUMERATOR(name) name,
enum { KINDS(ENUMERATOR) KIND_COUNT };

typedef struct {
    const void *bytes; /* 8-aligned, below 4 GiB */
    uint32_t length;
} image_t;
extern image_t images[KIND_COUNT];

/** Places: 0 and 1 are of one hook and of two tenants, 2 is of another hook. Only 0 has an image of the factory's. */
#define HOUSE 0u
#define GUEST 1u
#define OTHER 2u

/** What stands for a manifest. `status`: what reading it answers. */
typedef struct {
    int status;
    uint32_t key; /* row of the keys */
    uint32_t sequence, size;
    uint8_t digest[FCC_DIGEST_LENGTH], vendor[FCC_UUID_LENGTH], class_id[FCC_UUID_LENGTH];
    char component[FCC_COMPONENT_MAX];
} test_manifest_t;

/** Rows of the keys: tenants 1 and 2; tenant 1 for the other hook only; tenant 1 without helpers but one. */
enum { KEY_HOUSE, KEY_GUEST, KEY_OTHER_HOOK, KEY_FEW_HELPERS, KEY_COUNT };

/** What becomes of the byte at which power is cut, and around it. */
enum { CUT_CLEAN, CUT_TORN, CUT_GARBAGE, CUT_KINDS };

/** How a function of the flash fails: before it does anything, in the middle, or after all is done. */
enum { FAIL_BEFORE, FAIL_HALF, FAIL_AFTER, FAIL_KINDS };

#define NEVER UINT64_MAX

/** The flash. Whoever restarts the device leaves it alone. */
typedef struct {
    uint8_t bytes[FLASH_LENGTH];
    uint8_t written[FLASH_LENGTH]; /* 1: since it was erased */
} flash_bytes_t;

extern struct flash_model {
    flash_bytes_t now;
    uint64_t done;    /* bytes written and erased */
    uint64_t cut_at;  /* power goes when so many are done */
    uint32_t cut_kind;
    uint32_t calls;   /* of write and erase */
    uint32_t fail_at; /* the call with this number fails, from 1; 0: none */
    uint32_t fails;   /* how many calls in a row do, from there on */
    uint32_t fail_kind;
    uint32_t readies;
    uint32_t random;
    jmp_buf *power; /* where a cut goes */
    void (*on_write)(uint32_t offset); /* in the middle of a write; NULL: nothing */
} model;

extern struct device {
    fcc_update_t update;
    fcc_place_state_t states[PLACES];
    fcc_hook_t hooks[2];
    fcc_tenant_t tenants[2];
    fcc_store_t store;
    fcc_store_row_t rows[8];
    /** What the containers' helper does. */
    void (*probe)(void);
} device;

extern fcc_flash_t flash;
extern fcc_key_t keys[KEY_COUNT]; /* without public keys */
extern fcc_place_t places[PLACES];
extern fcc_hook_info_t hook_infos[2];
extern fcc_tenant_info_t tenant_infos[2];
extern fcc_update_info_t info;

/** Says what is wrong, with its line and what the test was doing, and ends the process with 1. */
void check(const char *file, int line, int64_t got, int64_t want);
#define EQUAL(got, want) check(__FILE__, __LINE__, (int64_t)(got), (int64_t)(want))
#define HOLDS(what)      check(__FILE__, __LINE__, (what) ? 1 : 0, 1)
extern char doing[256];

/** Reads the images, and lays out the flash for these units and pages. */
void world_start(const char *folder);
void world_layout(uint32_t page, uint32_t unit);

/** A new flash, all erased. */
void flash_new(void);

/** What the record in flash says of a place, by these tests' own reading of it; 0: there is none. */
int flash_record(uint32_t place, fcc_place_record_t *record);

/** The device starts: all of its RAM is new. Returns what fcc_update_boot does. */
int device_start(void);

uint32_t next_random(void);

/** Steps of an update; each answers as the engine does. */
test_manifest_t manifest_of(uint32_t kind, uint32_t place, uint32_t sequence);
int begin(const test_manifest_t *manifest);
int send(uint32_t kind);
/** All of them. */
int install(uint32_t kind, uint32_t place, uint32_t sequence);

/** Runs a place's container so often, and looks after updates after each. Returns how many of the runs ended well. */
uint32_t run(uint32_t place, uint32_t times);

/**
 * The answer of a place's container; -1 if it traps, -2 if there is none. Everything about it must be in order: it is the only one of the
 * place, where the engine says, its image is whole and where the record says, and the number of its image is not above the floor.
 */
int64_t answer(uint32_t place);

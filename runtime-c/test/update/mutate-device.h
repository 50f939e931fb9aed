/* SPDX-License-Identifier: MIT */
/* The device of mutate-update.c: two places of one hook and two tenants, and flash of which nothing may be read that was not written. */
#pragma once
#include <fcc_update.h>
#include "forge.h"

#define PLACES      2u
#define SLOT_LENGTH 512u
#define MAX_IMAGE   (SLOT_LENGTH + 64u)

/* Rows of the keys: of tenant 1 and 2; of tenant 1 without helper 0x20, and for another hook only. Then a key that the device has not. */
enum { KEY_HOUSE, KEY_GUEST, KEY_FEW_HELPERS, KEY_OTHER_HOOK, KEY_COUNT, KEY_STRANGER = KEY_COUNT };

typedef struct {
    uint8_t bytes[MAX_IMAGE] __attribute__((aligned(8)));
    uint32_t length; /* 0: there is none */
} image_t;

extern fcc_update_t update;
extern fcc_place_state_t states[PLACES];
extern fcc_place_t places[PLACES];
extern fcc_hook_t hook;
extern fcc_key_t keys[KEY_COUNT];
extern forger_t forgers[KEY_COUNT + 1];
extern const uint8_t vendor[FCC_UUID_LENGTH];
extern const uint8_t class_id[FCC_UUID_LENGTH];

/** Ends the process with 1 unless this holds. */
#define HOLDS(what) must_hold((what) ? 1 : 0, #what, __FILE__, __LINE__)
void must_hold(int holds, const char *what, const char *file, int line);
extern unsigned long run_number;

/** A device as it leaves the factory, with this image for the first place; it must stay. */
void device_new(const image_t *factory);

/** The device starts: RAM is new, flash stays. */
void device_start(void);

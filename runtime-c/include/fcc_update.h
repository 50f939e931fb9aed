/* SPDX-License-Identifier: MIT */
/**
 * Updates of containers over the air: what has been fetched is checked, stored, installed, tried, and taken back if it traps. How it is
 * fetched is somebody else's: src/update-coap.c (fcc_update_coap.h), or RIOT's suit module.
 *
 * Storage. Each place has two slots in flash, of which one is in use; images run where they are. What is valid stands in one record for all
 * places, kept alternately in two pages of its own: a record counts if its checksum is right, and the newer of two counts. So a power cut
 * at any byte leaves the record before or the one after, and a slot is written only while the one that counts does not name it.
 *
 * All functions are for one thread; hooks may run meanwhile, in others and in interrupts. The containers of places are installed, replaced
 * and taken out by these functions alone: who runs one by itself (fcc_slot_run, threads) takes it from fcc_place_state_t each time, and
 * ends its thread while an update answers FCC_E_BUSY.
 *
 * Sequence numbers. A place takes an image only if its number is above all that it has taken before; the number is spent when the image
 * is installed, whatever comes of it. So a deliberate way back is the old image with a new number, 0 is never taken, and nothing after
 * 0xffffffff. The numbers are kept in the record. Firmware whose table of places has changed (names, hooks, tenants, slots), or that finds
 * both pages damaged, starts from its factory's images and their numbers, fcc_place_t.factory_sequence.
 */
#pragma once
#include <fcc_hooks.h>
#include <fcc_manifest.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Flash, or what stands for it. Functions return 0, or anything else for a failure. Offsets are from `base`; what has been written is there
 * when the function returns, and what a cut of power has left half written can be read, whatever it reads as. An update erases each page
 * that its image takes once, when its first byte arrives, and two or three times a page of the record; a start with an image on trial one.
 * An attempt that is given up costs the pages that it has reached: firmware limits how often somebody may try.
 */
typedef struct {
    const uint8_t *base; /* where it is read, and where images run: 8-aligned; no object that the C compiler knows as constant */
    uint32_t page;       /* bytes that are erased at once: a power of 2, at least 64 */
    uint32_t unit;       /* writes start at, and are, multiples of this: 1, 2, 4, 8 or 16 bytes; each is written once after it was erased */
    int (*erase)(void *context, uint32_t offset, uint32_t length); /* whole pages */
    int (*write)(void *context, uint32_t offset, const void *bytes, uint32_t length); /* bytes from any address, of any alignment */
    void (*ready)(void *context, uint32_t offset, uint32_t length); /* makes what was written visible to instruction fetch; NULL: it is */
    void *context;
} fcc_flash_t;

/** A place for a container: a component of manifests. Constant. */
typedef struct {
    const char *component;  /* ".fc.timer", at most FCC_COMPONENT_MAX - 1 characters; ..._COMPONENT of the hook's header, or with ".name" behind it */
    fcc_hook_t *hook;
    fcc_tenant_t *tenant;   /* whose it is: only keys of this tenant install here */
    uint32_t slots[2];      /* offsets in flash, at page starts */
    uint32_t slot_length;   /* bytes of each: whole pages */
    void *memory[2];        /* for fcc_install: the new container is linked in one while the old one runs in the other */
    /*
     * Bytes of each. Both count towards the tenant's RAM while containers are exchanged, else FCC_E_QUOTA: it has to suffice for all places
     * of the tenant and one more, so that an image always has its way back.
     */
    uint32_t memory_length;
    const void *factory;    /* image that came with the firmware, which runs as long as no slot has one; NULL: none */
    uint32_t factory_length;
    uint32_t factory_sequence; /* only higher numbers are taken, and run: newer firmware may bring a newer image than a slot has */
    uint32_t entry;         /* CRC-32 of the entry's name, or 0: the image's first */
    uint8_t order;          /* in its hook */
    /*
     * So many runs without a trap make a new image good, when fcc_update_poll sees them; 0: it is at once. A run counts when it has ended:
     * what runs for ever in a thread of its own is made good by fcc_update_settle.
     */
    uint8_t trial_runs;
} fcc_place_t;

/** Which image of a place is in use. */
#define FCC_SLOT_NONE    2u /* none */
#define FCC_SLOT_FACTORY 3u

/** What is kept about a place, in RAM and in flash. */
typedef struct {
    uint32_t sequence[2]; /* of the image in each slot */
    uint32_t length[2];   /* of the image in each slot; 0: nothing there that may run */
    uint32_t floor;       /* highest sequence number that was ever installed: only higher ones are taken */
    uint32_t rejected;    /* sequence number of the last image that was taken back; 0: none was */
    uint32_t site;        /* of the trap that took it back */
    uint8_t active;       /* slot in use, or FCC_SLOT_... */
    uint8_t trial;        /* 1: the image in use is on trial; 2: it is to be taken back as soon as it does not run */
    uint8_t boots;        /* since it is on trial */
    uint8_t trap;         /* that took the last one back; FCC_TRAP_FORGOTTEN; 0: too many boots on trial, fcc_update_settle, a newer manifest */
} fcc_place_record_t;
FCC_STATIC_ASSERT(sizeof(fcc_place_record_t) == 32, "fcc_place_record_t");

/** A trap took an image back, and runs after it have overwritten which and where: fcc_update_poll came late. */
#define FCC_TRAP_FORGOTTEN 255u

/** A place in RAM. Starts as zeros. */
typedef struct {
    fcc_place_record_t record;
    fcc_slot_t *container; /* installed; NULL: none */
    uint8_t memory;        /* which of the two memories it is in, or was in */
} fcc_place_state_t;

/** After so many starts of the device with an image on trial the next one takes it back: it may be what makes the device restart. To 254. */
#ifndef FCC_TRIAL_BOOTS
#define FCC_TRIAL_BOOTS 3u
#endif

/** The device. Constant. */
typedef struct {
    const fcc_flash_t *flash;
    uint32_t records[2];      /* offsets in flash of the two places for the record: whole pages, for 16 bytes and 32 for every place */
    const fcc_place_t *places;
    uint32_t place_count;     /* at least 1 */
    const fcc_key_t *keys;
    uint32_t key_count;
    const uint8_t *vendor;    /* UUIDs, 16 bytes each: `fcc pack --vendor --class` */
    const uint8_t *class_id;
} fcc_update_info_t;

/** What an update is doing. */
#define FCC_UPDATE_IDLE     0u /* nothing since the start of the device */
#define FCC_UPDATE_FETCHING 1u /* from fcc_update_attempt on: the manifest, then the image */
#define FCC_UPDATE_DONE     2u /* ended with `status`: 0 is success */

/** Starts as { .info = ..., .states = ... }. Read what you like; write nothing. */
typedef struct {
    const fcc_update_info_t *info;
    fcc_place_state_t *states; /* of the places */
    uint32_t generation;       /* of the record in flash */
    uint32_t record;           /* which page has it: 0 or 1 */
    uint32_t phase;            /* FCC_UPDATE_... */
    int status;                /* of the last update, 0 or FCC_E_...; FCC_E_TRIAL from when its image is taken back */
    uint32_t refused;          /* the helper's id after FCC_E_HELPER */
    uint32_t attempts;         /* fcc_update_attempt since the start of the device */
    /* The update that runs, or the last one; place is NULL if none was reached. */
    const fcc_place_t *place;
    fcc_place_state_t *state;
    const uint8_t *image;      /* see fcc_update_bytes */
    uint32_t sequence;
    uint32_t size;             /* bytes of its image */
    uint32_t received;
    uint8_t digest[FCC_DIGEST_LENGTH];
    const fcc_key_t *key;
} fcc_update_t;

/**
 * Reads the record and installs what is to run in each place: the image in use, else the other one if it is good, else the factory's.
 * Call it once, after the hooks are registered. Returns 0; FCC_E_STORAGE if starts on trial could not be counted; or why a place has not
 * what the record says: it has the next best then, and the record says so from now on.
 */
int fcc_update_boot(fcc_update_t *update);

/**
 * Somebody asks for an update, of which nothing is known yet: counts it, so that its end can be told from that of the one before, and goes
 * to FCC_UPDATE_FETCHING. Returns its number, or 0 while another one is fetched.
 */
uint32_t fcc_update_attempt(fcc_update_t *update);

/**
 * Takes the manifest of an attempt: signature, rights, sequence number, size; then the place's other slot is the image's. If an image is
 * on trial there and another one was before it, the trial ends and that one runs (FCC_E_BUSY: it cannot, as the container runs); without
 * one before it the trial goes on, until the new image is there. `manifest` is filled from `bytes`, which must stay until its URI has been
 * used. Returns 0 or FCC_E_...: then the attempt has ended, and what ran goes on; FCC_E_STOPPED: there is no attempt.
 */
int fcc_update_begin(fcc_update_t *update, fcc_manifest_t *manifest, const void *bytes, uint32_t length);

/**
 * Stores the next bytes of the image: `offset` must be what has been received so far. Every length but the last must be a multiple of 16:
 * FCC_E_TRUNCATED. Returns 0, or FCC_E_...: then the update has ended; FCC_E_STOPPED: it had before.
 */
int fcc_update_write(fcc_update_t *update, uint32_t offset, const void *bytes, uint32_t length);

/**
 * After the last byte: digest, validation, rights of the key, linking; then the new container takes the old one's place, and the record is
 * written. FCC_E_BUSY: the old one runs just now; call again. Any other answer ends the update, and but for 0 the old one goes on (if the
 * record could not be written, with first values of its globals). FCC_E_STOPPED: it had ended before.
 */
int fcc_update_finish(fcc_update_t *update);

/** Where in flash the image of this update is, or of the last one: `received` bytes of it. NULL: there was no place for it. */
static inline const uint8_t *fcc_update_bytes(const fcc_update_t *update)
{
    return update->image;
}

/** Ends an update that cannot be finished; the old container goes on. `status` is what is told about it. */
void fcc_update_cancel(fcc_update_t *update, int status);

/**
 * Looks after images on trial: makes them good, or takes them back if they have trapped (or were stopped while they ran). Call it often:
 * from the main loop, or every second.
 */
void fcc_update_poll(fcc_update_t *update);

/**
 * The place's trial ends now: with its image good, or taken back. 0; FCC_E_NO_ENTRY: none is on trial; FCC_E_BUSY: it runs, and nothing has
 * changed; FCC_E_STORAGE: done, but the record does not have it, so that after a start of the device it is on trial again.
 */
int fcc_update_settle(fcc_update_t *update, const fcc_place_t *place, int keep);

/**
 * Writes what `fcc push` asks for, as text: the device, the last update, the places. At most `length` bytes, no zero at the end. Returns the
 * bytes of the whole text, even where it was cut.
 */
uint32_t fcc_update_report(const fcc_update_t *update, char *text, uint32_t length);

#ifdef __cplusplus
}
#endif

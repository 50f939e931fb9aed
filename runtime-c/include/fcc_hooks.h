/* SPDX-License-Identifier: MIT */
/**
 * Hooks, containers and tenants: which containers the firmware runs where, for whom, and how much of everything they may have.
 * All memory is the firmware's; nothing here is ever allocated. Every function may be called from any thread, those marked so
 * also from interrupts.
 */
#pragma once
#include <fcc.h>
#include <fcc_store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a hook does after a container's result. A container that traps has no result: the next one runs. */
#define FCC_POLICY_CONTINUE         0u /* all containers run */
#define FCC_POLICY_STOP_ON_NEGATIVE 1u /* none runs after a negative result (64 bits, signed) */
#define FCC_POLICY_STOP_ON_POSITIVE 2u /* none runs after a result above 0 */
#define FCC_POLICY_SINGLE           3u /* at most one container can be installed */

/** Flags of a hook. */
#define FCC_HOOK_INTERRUPT 1u /* fcc_hook_run is called from interrupts: no container there may call a helper that blocks */
#define FCC_HOOK_RESET     2u /* a container's globals go back to their first values after it trapped */

struct fcc_slot;

/** A hook as its contract describes it: constant, so that it can stay in flash. `fcc gen header` writes the numbers. */
typedef struct {
    uint32_t id;             /* ..._HOOK_ID: CRC-32 of the hook's name */
    const uint8_t *uuid;     /* 16 bytes, ..._HOOK_UUID, what deployment knows the hook by; NULL: images are not deployed to it */
    uint32_t contract_hash;  /* ..._CONTRACT_HASH: images compiled against another contract are refused */
    fcc_host_t host;         /* helpers, the contract's allow-list, core features, stack below the caller of fcc_hook_run */
    const fcc_grant_t *grants; /* regions, in the contract's order */
    uint32_t grant_count;
    uint32_t context_length; /* bytes of every context, or FCC_UNKNOWN: told at each run */
    uint32_t fuel;           /* of one run of one container; an entry with a worst case needs none, and is not cut short */
    uint16_t trap_limit;     /* a container is stopped after so many traps in a row: 1 to 16; others: never */
    uint8_t context_align;   /* alignment of every context: 1, 2, 4 or 8 */
    uint8_t policy;          /* FCC_POLICY_... */
    uint8_t flags;           /* FCC_HOOK_... */
} fcc_hook_info_t;

/** A place in the firmware that runs containers. */
typedef struct fcc_hook {
    const fcc_hook_info_t *info;
    struct fcc_slot *first; /* containers by order */
    struct fcc_hook *next;  /* the firmware's list of hooks */
} fcc_hook_t;

/** A tenant's right to a hook. */
typedef struct {
    uint32_t hook;    /* id */
    uint32_t regions; /* bit i: row i of the hook's grants */
} fcc_hook_right_t;

/** A tenant's rights and quotas: constant. */
typedef struct {
    uint32_t id;
    const uint32_t *helpers; /* ids that its containers may call where the hook allows them too; NULL: all that the hook allows */
    uint32_t helper_count;
    const fcc_hook_right_t *hooks; /* hooks that it may install to; NULL: all, with all regions */
    uint32_t hook_count;
    fcc_store_t *store;   /* the key-value store of the firmware; NULL: none */
    uint32_t ram;         /* bytes of memory of all its containers together: fcc_slot_size and stacks of threads */
    uint32_t time;        /* of all its runs in a period, see fcc_tenant_period; FCC_UNKNOWN: as much as it wants */
    uint16_t containers;  /* installed at the same time */
    uint16_t store_rows;  /* rows of the store that it may fill, of all scopes together */
} fcc_tenant_info_t;

/** What a tenant has used up. Starts as { .info = ... }, then fcc_tenant_period. */
typedef struct fcc_tenant {
    const fcc_tenant_info_t *info;
    uint32_t ram;
    uint32_t time_left;
    uint16_t containers;
    uint16_t store_rows;
} fcc_tenant_t;

/** States of a container. */
#define FCC_STATE_IDLE    0u /* waits for its hook */
#define FCC_STATE_RUNNING 1u
#define FCC_STATE_STOPPED 2u /* its hook passes it by until fcc_restart */

/**
 * An installed container: the start of the memory given to fcc_install; its instance and its block follow. Read what you like at
 * any time; write nothing. More than one number at a time, state and the last result: fcc_status, fcc_state, fcc_is_stopping.
 * instance->host counts instructions.
 */
typedef struct fcc_slot {
    const fcc_header_t *image;
    struct fcc_slot *next;
    fcc_tenant_t *tenant;
    uint32_t code;       /* what fcc_call takes for its entry */
    uint64_t value;      /* r0 of the last run that ended well */
    uint32_t runs;       /* trapped ones too; wraps around */
    uint16_t order : 5;  /* place in its hook: lower numbers first, equal ones as they were installed */
    uint16_t traps : 11; /* of its runs; stays at its largest value, 2047 */
    uint8_t last;        /* FCC_LAST_... */
    uint8_t stop;        /* FCC_STOP_... */
} fcc_slot_t;
FCC_STATIC_ASSERT(sizeof(void *) != 4 || sizeof(fcc_slot_t) == 32, "fcc_slot_t");

/*
 * Both bytes are 0 where the next run needs no second look: idle, not stopped, ended well last time, costs the same each time and
 * is no tenant's quota.
 */
#define FCC_LAST_TRAP    0x0fu /* bits: trap of the last run */
#define FCC_LAST_NONE    0x20u /* bit: has not run since fcc_install or fcc_restart: no context has been looked at */
#define FCC_LAST_METERED 0x40u /* bit: fuelled, or of a tenant whose time is limited */
#define FCC_LAST_RUNNING 0x80u /* bit: some thread or interrupt runs it; its memory and its place in the list are that one's */
#define FCC_STOP_ROW     0x0fu /* bits: traps in a row */
#define FCC_STOP_SET     0x80u /* bit: stopped, or to be stopped */

/** What to install. */
typedef struct {
    const void *image; /* 8-aligned; stays where it is while the container is installed */
    uint32_t length;
    uint32_t entry;    /* CRC-32 of the entry's name, or 0: the image's first */
    void *memory;      /* 8-aligned, at least fcc_slot_size bytes, all the container's until fcc_uninstall */
    uint32_t memory_length;
    uint8_t order;     /* 0 to 31 */
    uint32_t refused;  /* out: the helper's id after FCC_E_HELPER */
} fcc_install_t;

/** How a container is, as the host may want to tell it. */
typedef struct {
    uint64_t value;
    uint32_t runs, traps, instructions;
    uint32_t trap; /* of the last run */
    uint32_t site; /* of the last trap that had one, else FCC_UNKNOWN */
    uint32_t state;
} fcc_status_t;

/** Bytes of 8-aligned memory that fcc_install needs for a validated image. */
uint32_t fcc_slot_size(const void *image);

/** Puts a hook into the firmware's list of hooks, once. Alone of all, it is not for two threads at the same time. */
void fcc_hook_register(fcc_hook_t **hooks, fcc_hook_t *hook);

/** The hook with this id, or with this UUID (16 bytes); NULL if there is none. */
fcc_hook_t *fcc_hook_find(fcc_hook_t *hooks, uint32_t id);
fcc_hook_t *fcc_hook_by_uuid(fcc_hook_t *hooks, const uint8_t *uuid);

/**
 * Validates an image completely (checksum too), checks it against the hook's contract and the tenant's rights and quotas, loads
 * it and puts it into the hook's list. It may call what it asks for, the hook allows and the tenant may: anything else is
 * refused. Nothing changes unless it returns 0; else FCC_E_....
 */
int fcc_install(fcc_hook_t *hook, fcc_tenant_t *tenant, fcc_install_t *what, fcc_slot_t **slot);

/**
 * Takes a container out of its hook, and its rows out of the store. Its memory is the caller's again. FCC_E_BUSY: it runs;
 * FCC_E_NO_ENTRY: it is not in this hook.
 */
int fcc_uninstall(fcc_hook_t *hook, fcc_slot_t *slot);

/**
 * Puts another image in the place of `slot`: same hook, tenant and local rows of the store, `what->order` is not looked at,
 * counts start anew. The new one is validated and loaded completely before the old one is touched; if the answer is not 0
 * (FCC_E_BUSY: the old one runs), all is as before. Until the exchange both count towards the quota of RAM (not that of
 * containers), and nobody else may take `slot` out and give its memory away. Afterwards the old one's memory is the caller's.
 */
int fcc_replace(fcc_hook_t *hook, fcc_slot_t *slot, fcc_install_t *what, fcc_slot_t **new_slot);

/**
 * Runs the hook's containers in the caller's thread, on its stack. Also from interrupts, if the hook has FCC_HOOK_INTERRUPT. One
 * that is running already (in a thread that was interrupted, or on another one), that is stopped, or whose tenant has no time
 * left is passed by; all are if the context is not what the hook's description says. `result` (may be NULL) gets r0 of the last
 * one that ended well, else keeps what it had. Returns how many ended well.
 */
uint32_t fcc_hook_run(fcc_hook_t *hook, void *context, uint32_t context_length, int64_t *result);

/**
 * Runs one container outside its hook's list, as fcc_hook_run does, with other fuel: for threads of its own. `hook` is the one that
 * it is installed in. The status is about the request: FCC_E_BUSY, FCC_E_STOPPED (also if it has been taken out, while its memory is
 * as it was), FCC_E_QUOTA, FCC_E_CONTEXT, or 0 if it ran.
 */
int fcc_slot_run(const fcc_hook_t *hook, fcc_slot_t *slot, void *context, uint32_t context_length, uint32_t fuel,
                 fcc_result_t *result);

/**
 * Stops a container: its hook passes it by, and if it is running it ends with FCC_TRAP_KILLED at its next turn of a loop that pays
 * fuel or at the next helper that blocks, else at its end: what has a worst case may take that long. Also from interrupts. While it
 * still runs (state), call again: the container and this function write the same word of fuel, and one call may be lost. A fuelled
 * run that is stopped is charged with all the fuel it had. During fcc_restart: it is restarted, and stopped.
 */
void fcc_stop(fcc_slot_t *slot);

/** Sets the globals of a container back to their first values and lets its hook run it again. FCC_E_BUSY: it runs. */
int fcc_restart(fcc_slot_t *slot);

/** State, counts and the last result. */
void fcc_status(const fcc_slot_t *slot, fcc_status_t *status);

/** FCC_STATE_... of a container. */
static inline uint32_t fcc_state(const fcc_slot_t *slot)
{
    if ((__atomic_load_n(&slot->last, __ATOMIC_RELAXED) & FCC_LAST_RUNNING) != 0) {
        return FCC_STATE_RUNNING;
    }
    return (__atomic_load_n(&slot->stop, __ATOMIC_RELAXED) & FCC_STOP_SET) != 0 ? FCC_STATE_STOPPED : FCC_STATE_IDLE;
}

/** Whether a container is stopped, or is to end: for helpers that block, which then call fcc_abort with FCC_TRAP_KILLED. */
static inline int fcc_is_stopping(const fcc_slot_t *slot)
{
    return (__atomic_load_n(&slot->stop, __ATOMIC_RELAXED) & FCC_STOP_SET) != 0;
}

/**
 * Starts a new period of a tenant's time: call it at fixed intervals, also from interrupts. Time is counted in units of
 * fcc_clock if hooks.c is compiled with -DFCC_CLOCK=1, else in what runs are charged with: their worst case, or the fuel that they
 * spent, which is all that they had if it did not suffice. Neither has what helpers do, nor the second loops of a fuelled program
 * that have a bound of their own; the clock has all of it, but also other threads and interrupts that come in between. A run is
 * charged when it ends; what runs at the same time in another thread or interrupt starts with what was left then.
 */
void fcc_tenant_period(fcc_tenant_t *tenant);

/** Takes bytes of a tenant's RAM, as for the stack of a thread: 0, or FCC_E_QUOTA. */
int fcc_tenant_take(fcc_tenant_t *tenant, uint32_t bytes);

/** Gives them back. */
void fcc_tenant_give(fcc_tenant_t *tenant, uint32_t bytes);

/**
 * Of the firmware, with -DFCC_CLOCK=1: asked with interrupts off before and after each run of a container whose tenant has a
 * limit. May wrap around.
 */
uint32_t fcc_clock(void);

/** Of the firmware, if it links helpers.c and uses printf: takes what a container prints. May end the container by fcc_abort. */
void fcc_put(fcc_instance_t *instance, const char *bytes, uint32_t count);

/** The slot of a container that was installed by fcc_install; for helpers. */
static inline fcc_slot_t *fcc_slot_of(fcc_instance_t *instance)
{
    return (fcc_slot_t *)(void *)instance - 1;
}

/** The instance of a slot. */
static inline fcc_instance_t *fcc_instance_of(const fcc_slot_t *slot)
{
    return (fcc_instance_t *)(uintptr_t)(slot + 1);
}

#ifdef __cplusplus
}
#endif

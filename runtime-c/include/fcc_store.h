/* SPDX-License-Identifier: MIT */
/**
 * Key-value stores, u32 to u32: one of each container (local), one of each tenant, one for all (global). All are rows of one
 * array of the firmware, so that memory is fixed and what a tenant may fill is its quota. Every function may be called from any
 * thread and from interrupts; each takes a time that grows with the number of rows, with interrupts off.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fcc_tenant;
struct fcc_slot;

/** Whose a row is. */
#define FCC_SCOPE_LOCAL  0u
#define FCC_SCOPE_TENANT 1u
#define FCC_SCOPE_GLOBAL 2u

/** A row; free if it has no payer, and then all zeros. */
typedef struct {
    uint32_t key;
    uint32_t value;
    const void *owner;        /* slot, tenant, or NULL: global */
    struct fcc_tenant *payer; /* whose quota it counts towards: the tenant that made it */
} fcc_store_row_t;

typedef struct fcc_store {
    fcc_store_row_t *rows;
    uint32_t count;
    /**
     * Persistence, NULL without: called after every change by a container, outside the lock, in its thread. `deleted`: the row
     * is gone. Not called for rows that go with their container. It may block only if no hook that runs in interrupts allows the
     * helpers of stores. Where two containers change one key, the calls may come in another order than the changes: what is to be
     * kept is the row as fcc_store_next has it.
     */
    void (*changed)(const struct fcc_store *store, const fcc_store_row_t *row, uint32_t scope, int deleted);
} fcc_store_t;

/** Answers. */
#define FCC_STORE_FULL (-1) /* the key is new, and there is no free row or the tenant's quota is used up */

/** Sets a value in a container's store of this scope. 0, or FCC_STORE_FULL, and then nothing has changed. */
int fcc_store_set(struct fcc_slot *slot, uint32_t scope, uint32_t key, uint32_t value);

/** The value of a key, 0 if it is missing, which does not create it. */
uint32_t fcc_store_get(struct fcc_slot *slot, uint32_t scope, uint32_t key);

/**
 * Deletes a key: 1, or 0 if it was missing. The global store's rows can be deleted by the tenant that made them, others' are
 * left and count as missing.
 */
int fcc_store_delete(struct fcc_slot *slot, uint32_t scope, uint32_t key);

/** Deletes all rows of a container's own store. */
void fcc_store_drop(struct fcc_slot *slot);

/** Gives the rows of one container's own store to another one of the same tenant. */
void fcc_store_move(struct fcc_slot *from, struct fcc_slot *to);

/**
 * Enumeration by the host: copies the first used row at or behind `*cursor`, and sets the cursor behind it. 1, or 0 at the end.
 * Rows that change meanwhile may be seen or missed, never half.
 */
int fcc_store_next(const fcc_store_t *store, uint32_t *cursor, fcc_store_row_t *row);

/** Sets a row from the host, to bring back what was kept: `tenant` pays, `owner` as in the row. 0, or FCC_STORE_FULL. */
int fcc_store_put(fcc_store_t *store, struct fcc_tenant *tenant, const void *owner, uint32_t key, uint32_t value);

#ifdef __cplusplus
}
#endif

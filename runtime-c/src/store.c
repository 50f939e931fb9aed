/* SPDX-License-Identifier: MIT */
/* Key-value stores: rows of one array, found by owner and key. */
#include <fcc_hooks.h>
#include "fcc_port.h"

static const void *_owner(const fcc_slot_t *slot, uint32_t scope)
{
    return scope == FCC_SCOPE_LOCAL ? (const void *)slot : scope == FCC_SCOPE_TENANT ? slot->tenant : NULL;
}

/* The row of a key, or one that is free: of nobody's key 0, and without a payer. NULL: there is none. */
static fcc_store_row_t *_find(const fcc_store_t *store, const void *owner, uint32_t key, int is_used)
{
    if (store != NULL) {
        fcc_store_row_t *row = store->rows;
        for (uint32_t i = store->count; i != 0; i--, row++) {
            if (row->key == key && row->owner == owner && (row->payer != NULL) == is_used) {
                return row;
            }
        }
    }
    return NULL;
}

static void _free(fcc_store_row_t *row)
{
    row->payer->store_rows--;
    row->payer = NULL;
    row->owner = NULL;
    row->key = 0;
}

/* Sets a row, or deletes it if `value` is NULL: 1 if something has changed, else 0 or FCC_STORE_FULL. `copy` gets the row. */
static int _change(const fcc_store_t *store, fcc_tenant_t *tenant, const void *owner, uint32_t key, const uint32_t *value,
                   fcc_store_row_t *copy)
{
    int status;
    uint32_t lock = fcc_port_lock();
    fcc_store_row_t *row = _find(store, owner, key, 1);
    if (value == NULL) {
        /* Rows that are not global have this payer anyway. */
        status = row != NULL && row->payer == tenant;
    }
    else if (row != NULL) {
        status = row->value != *value;
        row->value = *value;
    }
    else {
        status = FCC_STORE_FULL;
        row = _find(store, NULL, 0, 0);
        if (row != NULL && tenant->store_rows < tenant->info->store_rows) {
            tenant->store_rows++;
            *row = (fcc_store_row_t){ key, *value, owner, tenant };
            status = 1;
        }
    }
    if (status == 1) {
        *copy = *row;
        if (value == NULL) {
            _free(row);
        }
    }
    fcc_port_unlock(lock);
    return status;
}

/* The same for a container, which the host is told. */
static int _change_own(const fcc_slot_t *slot, uint32_t scope, uint32_t key, const uint32_t *value)
{
    const fcc_store_t *store = slot->tenant->info->store;
    fcc_store_row_t copy;
    int status = _change(store, slot->tenant, _owner(slot, scope), key, value, &copy);
    if (status == 1 && store->changed != NULL) {
        store->changed(store, &copy, scope, value == NULL);
    }
    return status;
}

int fcc_store_set(fcc_slot_t *slot, uint32_t scope, uint32_t key, uint32_t value)
{
    return _change_own(slot, scope, key, &value) >> 1;
}

int fcc_store_delete(fcc_slot_t *slot, uint32_t scope, uint32_t key)
{
    return _change_own(slot, scope, key, NULL);
}

int fcc_store_put(fcc_store_t *store, fcc_tenant_t *tenant, const void *owner, uint32_t key, uint32_t value)
{
    fcc_store_row_t copy;
    return _change(store, tenant, owner, key, &value, &copy) >> 1;
}

uint32_t fcc_store_get(fcc_slot_t *slot, uint32_t scope, uint32_t key)
{
    uint32_t lock = fcc_port_lock();
    const fcc_store_row_t *row = _find(slot->tenant->info->store, _owner(slot, scope), key, 1);
    uint32_t value = row == NULL ? 0 : row->value;
    fcc_port_unlock(lock);
    return value;
}

void fcc_store_move(fcc_slot_t *from, fcc_slot_t *to)
{
    const fcc_store_t *store = from->tenant->info->store;
    uint32_t lock = fcc_port_lock();
    if (store != NULL) {
        fcc_store_row_t *row = store->rows;
        for (uint32_t i = store->count; i != 0; i--, row++) {
            /* Nobody's rows have no owner. */
            if (row->owner == from) {
                row->owner = to;
                if (to == NULL) {
                    _free(row);
                }
            }
        }
    }
    fcc_port_unlock(lock);
}

void fcc_store_drop(fcc_slot_t *slot)
{
    fcc_store_move(slot, NULL);
}

int fcc_store_next(const fcc_store_t *store, uint32_t *cursor, fcc_store_row_t *row)
{
    int is_found = 0;
    uint32_t lock = fcc_port_lock();
    while (!is_found && *cursor < store->count) {
        *row = store->rows[(*cursor)++];
        is_found = row->payer != NULL;
    }
    fcc_port_unlock(lock);
    return is_found;
}

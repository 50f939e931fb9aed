/* SPDX-License-Identifier: MIT */
/* Stores: scopes, quotas, exhaustion, deleting, enumeration, persistence. */
#include "world.h"

/* Each store of each container, by the container's own calls. */
static const struct {
    uint32_t set, get, del, scope;
} stores[3] = {
    { ENTRY_SET_LOCAL, ENTRY_GET_LOCAL, ENTRY_DEL_LOCAL, FCC_SCOPE_LOCAL },
    { ENTRY_SET_TENANT, ENTRY_GET_TENANT, ENTRY_DEL_TENANT, FCC_SCOPE_TENANT },
    { ENTRY_SET_GLOBAL, ENTRY_GET_GLOBAL, ENTRY_DEL_GLOBAL, FCC_SCOPE_GLOBAL },
};

static uint32_t _used(void)
{
    uint32_t cursor = 0;
    uint32_t count = 0;
    fcc_store_row_t row;
    while (fcc_store_next(&world.store, &cursor, &row)) {
        count++;
    }
    return count;
}

/* Set, fetch, overwrite and delete from inside of a container. */
static void _by_helpers(void)
{
    for (uint32_t i = 0; i < 3; i++) {
        fcc_slot_t *set = put(stores[i].set, 0, 0, 0);
        EQUAL(call(set, 5, 50), 0);
        EQUAL(call(set, 5, 51), 0);
        EQUAL(call(set, 0, 0xffffffffu), 0);
        EQUAL(_used(), 2);
        EQUAL(fcc_store_get(set, stores[i].scope, 5), 51);
        /* The same container with another program: its rows go with it. */
        fcc_slot_t *get = NULL;
        WHAT(TEST, stores[i].get, 1);
        EQUAL(fcc_replace(&world.hook, set, &world.what, &get), 0);
        EQUAL(call(get, 5, 0), 51);
        EQUAL(call(get, 0, 0), 0xffffffffu);
        EQUAL(call(get, 6, 0), 0);
        EQUAL(_used(), 2);
        fcc_slot_t *del = NULL;
        WHAT(TEST, stores[i].del, 2);
        EQUAL(fcc_replace(&world.hook, get, &world.what, &del), 0);
        EQUAL(call(del, 5, 0), 1);
        EQUAL(call(del, 5, 0), 0);
        EQUAL(call(del, 6, 0), 0);
        EQUAL(fcc_store_get(del, stores[i].scope, 5), 0);
        EQUAL(fcc_store_get(del, stores[i].scope, 0), 0xffffffffu);
        EQUAL(call(del, 0, 0), 1);
        EQUAL(_used(), 0);
        EQUAL(world.tenant[0].store_rows, 0);
        EQUAL(fcc_uninstall(&world.hook, del), 0);
    }
}

/* Which container's rows another one sees: slots 0 and 1 are tenant 0's, 2 is tenant 1's. */
static void _scopes(void)
{
    fcc_slot_t *slot[3];
    for (uint32_t i = 0; i < 3; i++) {
        slot[i] = put(ENTRY_ZERO, i, i / 2, 0);
    }
    for (uint32_t scope = 0; scope < 3; scope++) {
        EQUAL(fcc_store_set(slot[0], scope, 7, 100 + scope), 0);
    }
    EQUAL(_used(), 3);
    static const uint32_t seen[3][3] = { { 100, 0, 0 }, { 101, 101, 0 }, { 102, 102, 102 } };
    for (uint32_t scope = 0; scope < 3; scope++) {
        for (uint32_t i = 0; i < 3; i++) {
            EQUAL(fcc_store_get(slot[i], scope, 7), seen[scope][i]);
        }
    }
    EQUAL(_used(), 3);
    /* Each its own, under the same key. */
    for (uint32_t i = 0; i < 2; i++) {
        EQUAL(fcc_store_set(slot[1 + i], i, 7, 200 + i), 0);
    }
    EQUAL(fcc_store_get(slot[0], FCC_SCOPE_LOCAL, 7), 100);
    EQUAL(fcc_store_get(slot[1], FCC_SCOPE_LOCAL, 7), 200);
    EQUAL(fcc_store_get(slot[0], FCC_SCOPE_TENANT, 7), 101);
    EQUAL(fcc_store_get(slot[2], FCC_SCOPE_TENANT, 7), 201);
    EQUAL(world.tenant[0].store_rows, 4);
    EQUAL(world.tenant[1].store_rows, 1);
    /* Deleting one's own leaves the others'. */
    EQUAL(fcc_store_delete(slot[2], FCC_SCOPE_LOCAL, 7), 0);
    EQUAL(fcc_store_delete(slot[1], FCC_SCOPE_LOCAL, 7), 1);
    EQUAL(fcc_store_get(slot[0], FCC_SCOPE_LOCAL, 7), 100);
    EQUAL(fcc_store_delete(slot[2], FCC_SCOPE_TENANT, 7), 1);
    EQUAL(fcc_store_get(slot[1], FCC_SCOPE_TENANT, 7), 101);
    /* Everyone may write a global row; only the tenant that made it, and pays, may delete it. */
    EQUAL(fcc_store_set(slot[2], FCC_SCOPE_GLOBAL, 7, 300), 0);
    EQUAL(fcc_store_delete(slot[2], FCC_SCOPE_GLOBAL, 7), 0);
    EQUAL(fcc_store_get(slot[0], FCC_SCOPE_GLOBAL, 7), 300);
    EQUAL(world.tenant[1].store_rows, 0);
    EQUAL(fcc_store_delete(slot[1], FCC_SCOPE_GLOBAL, 7), 1);
    EQUAL(fcc_store_get(slot[2], FCC_SCOPE_GLOBAL, 7), 0);
    /* Uninstalling drops the container's own rows, not those of its tenant. */
    EQUAL(_used(), 2);
    EQUAL(fcc_uninstall(&world.hook, slot[0]), 0);
    EQUAL(_used(), 1);
    EQUAL(fcc_store_get(slot[1], FCC_SCOPE_TENANT, 7), 101);
    EQUAL(world.tenant[0].store_rows, 1);
    /* The place's next container has an empty store. */
    EQUAL(fcc_store_get(put(ENTRY_ZERO, 0, 0, 0), FCC_SCOPE_LOCAL, 7), 0);
}

/* A full store refuses new keys, keeps the old ones, and a tenant fills its quota only. */
static void _full(void)
{
    world.tenant_info[0].store_rows = ROWS - 2;
    fcc_slot_t *hog = put(ENTRY_SET_LOCAL, 0, 0, 0);
    fcc_slot_t *other = put(ENTRY_SET_GLOBAL, 1, 1, 1);
    for (uint32_t i = 0; i < 20; i++) {
        EQUAL(call(hog, i, i + 1), i < ROWS - 2 ? 0 : -1);
    }
    EQUAL(world.tenant[0].store_rows, ROWS - 2);
    for (uint32_t scope = 0; scope < 3; scope++) {
        EQUAL(fcc_store_set(hog, scope, 100, 1), FCC_STORE_FULL);
        EQUAL(fcc_store_get(hog, scope, 100), 0);
    }
    EQUAL(call(hog, 3, 33), 0);
    EQUAL(fcc_store_get(hog, FCC_SCOPE_LOCAL, 3), 33);
    EQUAL(call(other, 1, 1), 0);
    EQUAL(call(other, 2, 2), 0);
    EQUAL(call(other, 3, 3), -1); /* no row is left, though its quota is not used up */
    EQUAL(world.tenant[1].store_rows, 2);
    EQUAL(_used(), ROWS);
    EQUAL(fcc_store_delete(hog, FCC_SCOPE_LOCAL, 0), 1);
    EQUAL(call(other, 3, 3), 0);
    EQUAL(call(hog, 0, 0), -1);
    EQUAL(fcc_uninstall(&world.hook, hog), 0);
    EQUAL(_used(), 3);
    EQUAL(world.tenant[0].store_rows, 0);
    EQUAL(fcc_store_get(other, FCC_SCOPE_GLOBAL, 2), 2);
}

static void _none(void)
{
    world.tenant_info[0].store = NULL;
    fcc_slot_t *slot = put(ENTRY_SET_LOCAL, 0, 0, 0);
    EQUAL(call(slot, 1, 1), -1);
    EQUAL(fcc_store_get(slot, FCC_SCOPE_LOCAL, 1), 0);
    EQUAL(fcc_store_delete(slot, FCC_SCOPE_GLOBAL, 1), 0);
    fcc_slot_t *changed = NULL;
    WHAT(TEST, ENTRY_ZERO, 1);
    EQUAL(fcc_replace(&world.hook, slot, &world.what, &changed), 0);
    EQUAL(fcc_uninstall(&world.hook, changed), 0);
    world.tenant_info[0].store = &world.store;
    world.store.count = 0;
    slot = put(ENTRY_SET_LOCAL, 0, 0, 0);
    EQUAL(call(slot, 1, 1), -1);
    EQUAL(_used(), 0);
}

/* Keys and values of any size are as good as others, 0 too. */
static void _edges(void)
{
    static const uint32_t words[] = { 0, 1, 0x7fffffffu, 0x80000000u, 0xffffffffu };
    fcc_slot_t *slot = put(ENTRY_ZERO, 0, 0, 0);
    for (uint32_t i = 0; i < 5; i++) {
        EQUAL(fcc_store_set(slot, FCC_SCOPE_LOCAL, words[i], words[4 - i]), 0);
    }
    for (uint32_t i = 0; i < 5; i++) {
        EQUAL(fcc_store_get(slot, FCC_SCOPE_LOCAL, words[i]), words[4 - i]);
    }
    EQUAL(_used(), 5);
    EQUAL(world.tenant[0].store_rows, 5);
}

static struct {
    fcc_store_row_t row;
    uint32_t scope;
    int deleted;
    uint32_t calls;
} last;

static void _changed(const fcc_store_t *store, const fcc_store_row_t *row, uint32_t scope, int deleted)
{
    EQUAL(store == &world.store, 1);
    last.row = *row;
    last.scope = scope;
    last.deleted = deleted;
    last.calls++;
}

static void _persistence(void)
{
    world.store.changed = _changed;
    last.calls = 0;
    fcc_slot_t *slot = put(ENTRY_SET_TENANT, 0, 0, 0);
    EQUAL(call(slot, 4, 40), 0);
    EQUAL(last.calls, 1);
    EQUAL(last.row.key, 4);
    EQUAL(last.row.value, 40);
    EQUAL(last.row.owner == &world.tenant[0] && last.row.payer == &world.tenant[0], 1);
    EQUAL(last.scope, FCC_SCOPE_TENANT);
    EQUAL(last.deleted, 0);
    EQUAL(call(slot, 4, 40), 0);
    EQUAL(last.calls, 1); /* no change */
    EQUAL(call(slot, 4, 41), 0);
    EQUAL(last.calls, 2);
    EQUAL(last.row.value, 41);
    fcc_store_get(slot, FCC_SCOPE_TENANT, 4);
    EQUAL(fcc_store_delete(slot, FCC_SCOPE_TENANT, 5), 0);
    EQUAL(last.calls, 2);
    EQUAL(fcc_store_delete(slot, FCC_SCOPE_TENANT, 4), 1);
    EQUAL(last.calls, 3);
    EQUAL(last.deleted, 1);
    EQUAL(last.row.key, 4);
    EQUAL(last.row.value, 41);
    EQUAL(last.row.payer == &world.tenant[0], 1);
    EQUAL(fcc_store_set(slot, FCC_SCOPE_LOCAL, 1, 1), 0);
    EQUAL(last.row.owner == slot && last.scope == FCC_SCOPE_LOCAL, 1);
    EQUAL(fcc_store_set(slot, FCC_SCOPE_GLOBAL, 1, 1), 0);
    EQUAL(last.row.owner == NULL && last.scope == FCC_SCOPE_GLOBAL, 1);
    EQUAL(last.calls, 5);
    world.tenant_info[0].store_rows = 2;
    EQUAL(fcc_store_set(slot, FCC_SCOPE_LOCAL, 2, 1), FCC_STORE_FULL);
    /* Rows that the host brings back, or that go with their container, are no news. */
    world.tenant_info[0].store_rows = 3;
    EQUAL(fcc_store_put(&world.store, &world.tenant[0], &world.tenant[0], 4, 42), 0);
    EQUAL(fcc_store_put(&world.store, &world.tenant[0], &world.tenant[0], 4, 43), 0);
    EQUAL(fcc_store_put(&world.store, &world.tenant[0], NULL, 9, 1), FCC_STORE_FULL);
    EQUAL(fcc_store_put(&world.store, &world.tenant[1], NULL, 9, 2), 0);
    EQUAL(fcc_store_get(slot, FCC_SCOPE_TENANT, 4), 43);
    EQUAL(fcc_store_get(slot, FCC_SCOPE_GLOBAL, 9), 2);
    EQUAL(world.tenant[0].store_rows, 3);
    EQUAL(world.tenant[1].store_rows, 1);
    EQUAL(fcc_uninstall(&world.hook, slot), 0);
    EQUAL(last.calls, 5);
}

static void _enumeration(void)
{
    uint32_t cursor = 0;
    fcc_store_row_t row;
    EQUAL(fcc_store_next(&world.store, &cursor, &row), 0);
    fcc_slot_t *slot = put(ENTRY_ZERO, 0, 0, 0);
    for (uint32_t i = 0; i < 4; i++) {
        EQUAL(fcc_store_set(slot, i % 3, i, i * i), 0);
    }
    EQUAL(fcc_store_delete(slot, FCC_SCOPE_TENANT, 1), 1);
    uint32_t keys = 0;
    uint32_t values = 0;
    cursor = 0;
    while (fcc_store_next(&world.store, &cursor, &row)) {
        keys |= 1u << row.key;
        values += row.value;
        EQUAL(row.payer == &world.tenant[0], 1);
        EQUAL(row.owner == (row.key == 2 ? NULL : slot), 1);
    }
    EQUAL(keys, 13);
    EQUAL(values, 13);
    EQUAL(fcc_store_next(&world.store, &cursor, &row), 0);
}

const test_t store_tests[] = {
    { "containers set, fetch and delete in every store", _by_helpers },
    { "who sees which rows", _scopes },
    { "a full store, and a tenant's quota of it", _full },
    { "no store, and one without rows", _none },
    { "keys and values at the ends", _edges },
    { "changes are told for persistence", _persistence },
    { "enumeration", _enumeration },
    { NULL, NULL },
};

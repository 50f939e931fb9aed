/* SPDX-License-Identifier: MIT */
/* Putting containers into hooks and taking them out, as far as contract, rights and quotas of their tenants allow. */
#include <fcc_hooks.h>
#include "fcc_core.h"

void fcc_tenant_period(fcc_tenant_t *tenant)
{
    uint32_t lock = fcc_port_lock();
    tenant->time_left = tenant->info->time;
    fcc_port_unlock(lock);
}

int fcc_tenant_take(fcc_tenant_t *tenant, uint32_t bytes)
{
    int status = FCC_E_QUOTA;
    uint32_t lock = fcc_port_lock();
    /* No more is used than the quota, so that the difference does not wrap around. */
    if (bytes <= tenant->info->ram - tenant->ram) {
        tenant->ram += bytes;
        status = 0;
    }
    fcc_port_unlock(lock);
    return status;
}

void fcc_tenant_give(fcc_tenant_t *tenant, uint32_t bytes)
{
    uint32_t lock = fcc_port_lock();
    tenant->ram -= bytes;
    fcc_port_unlock(lock);
}

uint32_t fcc_slot_size(const void *image)
{
    return (uint32_t)sizeof(fcc_slot_t) + fcc_size(image);
}

/* What the contract and the tenant say to a validated image; helpers that the hook does not allow are refused by fcc_load. */
static __attribute__((noinline)) int _admit(const fcc_hook_info_t *info, const fcc_tenant_info_t *tenant, const fcc_header_t *h,
                                            uint32_t *refused)
{
    if (h->contract_hash != info->contract_hash) {
        return FCC_E_CONTRACT;
    }
    /* A checksum can agree by chance or design: text relies on these. */
    if ((h->context_length != FCC_UNKNOWN && h->context_length != info->context_length)
        || h->context_align > info->context_align) {
        return FCC_E_CONTEXT;
    }
    if (tenant->hooks != NULL) {
        const fcc_hook_right_t *right = fcc_row(tenant->hooks, tenant->hook_count, sizeof(*right) / sizeof(uint32_t), info->id);
        /* Up to 32 regions; a shift by 32 would be undefined. */
        if (right == NULL || (h->region_count != 0 && ~right->regions << (FCC_MAX_REGIONS - h->region_count) != 0)) {
            return FCC_E_RIGHTS;
        }
    }
    const fcc_import_t *import = fcc_imports(h);
    for (uint32_t i = h->import_count; i != 0; i--) {
        uint32_t id = import++->id;
        if (tenant->helpers != NULL && id - FCC_INTRINSIC_BASE >= FCC_INTRINSIC_COUNT
            && fcc_row(tenant->helpers, tenant->helper_count, 1, id) == NULL) {
            *refused = id;
            return FCC_E_HELPER;
        }
    }
    return 0;
}

/* Loads an admitted image behind its slot. */
static int _load(const fcc_hook_info_t *info, fcc_tenant_t *tenant, fcc_install_t *what)
{
    fcc_slot_t *slot = what->memory;
    fcc_instance_t *instance = fcc_instance_of(slot);
    fcc_container_t container = { what->image, instance, 0 };
    int entry = what->entry == 0 ? 0 : fcc_find(&container, what->entry);
    if (entry < 0) {
        return entry;
    }
    int status = fcc_load(&container, what->image, what->length, instance, what->memory_length - sizeof(*slot), &info->host,
                          info->grants, info->grant_count, 0);
    what->refused = container.refused_id;
    if (status != 0) {
        return status;
    }
    const fcc_header_t *h = container.image;
    slot->image = h;
    slot->tenant = tenant;
    slot->code = fcc_code(h, (uint32_t)entry);
    slot->value = 0;
    slot->runs = 0;
    slot->traps = 0;
    slot->order = what->order & 31u;
    slot->stop = 0;
    slot->last = FCC_LAST_NONE | FCC_LAST_METERED;
    /* The interpreter counts down fuel whatever the header says. */
    instance->fuel = FCC_INTERPRETER && h->arch == FCC_ARCH_EBPF ? FCC_UNKNOWN : fcc_entries(h)[entry].worst_case;
    if (instance->fuel != FCC_UNKNOWN && tenant->info->time == FCC_UNKNOWN) {
        slot->last = FCC_LAST_NONE;
    }
    return 0;
}

/* Takes `old` out of a hook, and puts `slot` into its place; either may be NULL. Nothing changes unless it returns 0. */
static int _exchange(fcc_hook_t *hook, fcc_slot_t *old, fcc_slot_t *slot)
{
    fcc_slot_t **link = &hook->first;
    int status = 0;
    uint32_t lock = fcc_port_lock();
    while (*link != old && (old != NULL ? *link != NULL : (*link)->order <= slot->order)) {
        link = &(*link)->next;
    }
    fcc_slot_t *next = *link;
    if (old != NULL) {
        if (next == NULL) {
            status = FCC_E_NO_ENTRY;
        }
        else if ((old->last & FCC_LAST_RUNNING) != 0) {
            status = FCC_E_BUSY;
        }
    }
    else if (slot->tenant->containers >= slot->tenant->info->containers) {
        status = FCC_E_QUOTA;
    }
    else if (hook->info->policy == FCC_POLICY_SINGLE && hook->first != NULL) {
        status = FCC_E_BUSY;
    }
    if (status == 0 && slot != NULL) {
        status = fcc_tenant_take(slot->tenant, fcc_slot_size(slot->image));
    }
    if (status == 0) {
        if (slot != NULL) {
            slot->tenant->containers++;
        }
        if (old != NULL) {
            old->tenant->containers--;
            fcc_tenant_give(old->tenant, fcc_slot_size(old->image));
            next = old->next;
            old->stop = FCC_STOP_SET; /* who comes too late with fcc_slot_run does not run it, and makes no rows for it */
            /* Under the same lock, so that the new one never runs without its rows. */
            fcc_store_move(old, slot);
        }
        if (slot != NULL) {
            if (old != NULL) {
                slot->order = old->order;
            }
            slot->next = next;
            next = slot;
        }
        *link = next;
    }
    fcc_port_unlock(lock);
    return status;
}

static int _install(fcc_hook_t *hook, fcc_tenant_t *tenant, fcc_slot_t *old, fcc_install_t *what, fcc_slot_t **slot)
{
    int status = fcc_validate(what->image, what->length);
    if (status == 0) {
        status = _admit(hook->info, tenant->info, what->image, &what->refused);
    }
    if (status == 0 && what->memory_length < sizeof(fcc_slot_t)) {
        status = FCC_E_MEMORY;
    }
    if (status == 0) {
        status = _load(hook->info, tenant, what);
    }
    if (status == 0) {
        status = _exchange(hook, old, what->memory);
    }
    if (status == 0) {
        *slot = what->memory;
    }
    return status;
}

int fcc_install(fcc_hook_t *hook, fcc_tenant_t *tenant, fcc_install_t *what, fcc_slot_t **slot)
{
    return _install(hook, tenant, NULL, what, slot);
}

int fcc_replace(fcc_hook_t *hook, fcc_slot_t *slot, fcc_install_t *what, fcc_slot_t **new_slot)
{
    return _install(hook, slot->tenant, slot, what, new_slot);
}

int fcc_uninstall(fcc_hook_t *hook, fcc_slot_t *slot)
{
    return _exchange(hook, slot, NULL);
}

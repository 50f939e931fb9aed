/* SPDX-License-Identifier: MIT */
/*
 * Running what is installed. A container is taken by marking it as running, under the lock; from then on its memory, its place
 * in the list and its instance are the runner's until the mark goes. Nobody else takes, moves or removes it meanwhile, so that
 * runs need no lock.
 *
 * Between runs instance->fuel is what a run of the entry costs, FCC_UNKNOWN if it is fuelled; instance->host adds up what
 * metered ones cost.
 */
#include <fcc_hooks.h>
#include "fcc_core.h"

/* FCC_CLOCK, from the command line: 1 counts the time of tenants by fcc_clock, which the firmware defines. */
#ifndef FCC_CLOCK
#define FCC_CLOCK 0
#endif

#define MAX_TRAPS 2047u /* 11 bits */

void fcc_hook_register(fcc_hook_t **hooks, fcc_hook_t *hook)
{
    while (*hooks != NULL) {
        if (*hooks == hook) {
            return;
        }
        hooks = &(*hooks)->next;
    }
    hook->next = NULL;
    *hooks = hook;
}

fcc_hook_t *fcc_hook_find(fcc_hook_t *hooks, uint32_t id)
{
    while (hooks != NULL && hooks->info->id != id) {
        hooks = hooks->next;
    }
    return hooks;
}

static int _is_uuid(const uint8_t *a, const uint8_t *b)
{
    uint32_t same = 0;
    while (a != NULL && same < 16 && a[same] == b[same]) {
        same++;
    }
    return same == 16;
}

fcc_hook_t *fcc_hook_by_uuid(fcc_hook_t *hooks, const uint8_t *uuid)
{
    while (hooks != NULL && !_is_uuid(hooks->info->uuid, uuid)) {
        hooks = hooks->next;
    }
    return hooks;
}

/* Whether a context is what the contract says, and can be a region: see fcc_run. */
static int _is_context(const fcc_hook_info_t *info, const void *context, uint32_t length)
{
    uint32_t address = (uint32_t)(uintptr_t)context;
    return (info->context_length == FCC_UNKNOWN || info->context_length == length) && (address & (info->context_align - 1u)) == 0
           && (int32_t)length >= 0 && address + length >= address && fcc_port_reaches(context, length);
}

static __attribute__((noinline)) void _reset(const fcc_slot_t *slot)
{
    fcc_container_t container = { slot->image, fcc_instance_of(slot), 0 };
    fcc_reset(&container);
}

typedef uint16_t half_t __attribute__((may_alias));

/*
 * Whether a container may run without more ado: `last` and `stop` are 0 (it is idle, not stopped, has not trapped, and costs
 * nobody's quota), and its context is the one of its last run, which was looked at then.
 */
static inline int _is_plain(const fcc_slot_t *slot, const void *context, uint32_t length)
{
    const fcc_instance_region_t *region = &fcc_regions(fcc_instance_of(slot))[FCC_REGION_CONTEXT];
    return *(const half_t *)&slot->last == 0 && region->base == (uint32_t)(uintptr_t)context && region->length == length;
}

static inline uint64_t _call(fcc_slot_t *slot, const void *context, uint32_t length)
{
    return fcc_call(slot->image, fcc_instance_of(slot), slot->code, (uint32_t)(uintptr_t)context, length);
}

/*
 * Keeps the books of a run that has ended, and lets the container go; returns with the lock held. 0, or FCC_TRAP_...: then the
 * place of the trap is in host_sp, else the value in the slot.
 */
static __attribute__((noinline)) uint32_t _settle(uint64_t value, const fcc_hook_info_t *info, fcc_slot_t *slot)
{
    fcc_instance_t *instance = fcc_instance_of(slot);
    uint32_t trap = fcc_take_trap(slot->image, instance);
    if (trap != 0 && (info->flags & FCC_HOOK_RESET) != 0) {
        _reset(slot);
    }
    (void)fcc_port_lock();
    slot->runs++;
    if ((slot->stop & FCC_STOP_SET) != 0) {
        trap = FCC_TRAP_KILLED;
        value = 0;
    }
    slot->last = (uint8_t)((slot->last & FCC_LAST_METERED) | trap);
    if (trap == 0) {
        slot->value = value;
        slot->stop = 0;
        return 0;
    }
    instance->host_sp = (uint32_t)value;
    if (slot->traps < MAX_TRAPS) {
        slot->traps++;
    }
    /* A limit that is no number of a row is never reached; what is stopped stays so. */
    uint32_t row = slot->stop + 1u;
    if (row == info->trap_limit) {
        row = FCC_STOP_SET;
    }
    if (row <= FCC_STOP_ROW || row == FCC_STOP_SET) {
        slot->stop = (uint8_t)row;
    }
    return trap;
}

/*
 * Runs a container if it may, and keeps the books. Called and left with the lock held, which is given up meanwhile: `lock` is
 * its state each time. Returns 0, FCC_TRAP_... as _settle does, or FCC_E_... if there was no run.
 */
static __attribute__((noinline)) int _run(const fcc_hook_info_t *info, fcc_slot_t *slot, const void *context, uint32_t length,
                                          uint32_t fuel, uint32_t lock)
{
    fcc_instance_t *instance = fcc_instance_of(slot);
    fcc_instance_region_t *region = &fcc_regions(instance)[FCC_REGION_CONTEXT];
    uint32_t metered = slot->last & FCC_LAST_METERED;
    /* Counted down meanwhile, if it runs: then it is of no use. */
    uint32_t cost = __atomic_load_n(&instance->fuel, __ATOMIC_RELAXED);
#if FCC_CLOCK
    uint32_t then = 0;
#endif
    fcc_tenant_t *timed = metered != 0 && slot->tenant->info->time != FCC_UNKNOWN ? slot->tenant : NULL;
    uint32_t why = -FCC_E_BUSY;
    if ((slot->last & FCC_LAST_RUNNING) != 0) {
        goto refuse;
    }
    why = -FCC_E_STOPPED;
    if ((slot->stop & FCC_STOP_SET) != 0) {
        goto refuse;
    }
    why = -FCC_E_CONTEXT;
    if (!_is_context(info, context, length)) {
        goto refuse;
    }
    if (timed != NULL) {
        uint32_t left = timed->time_left;
#if FCC_CLOCK
        uint32_t need = 1;
        then = fcc_clock();
#else
        uint32_t need = cost;
        if (cost == FCC_UNKNOWN) {
            need = 1;
            fuel = fuel < left ? fuel : left;
        }
#endif
        why = -FCC_E_QUOTA;
        if (left < need) {
            goto refuse;
        }
    }
    if (cost == FCC_UNKNOWN) {
        instance->fuel = fuel;
    }
    slot->last = (uint8_t)(FCC_LAST_RUNNING | metered);
    region->base = (uint32_t)(uintptr_t)context;
    region->length = length;
    fcc_port_unlock(lock);
    uint32_t trap = _settle(_call(slot, context, length), info, slot);
    if (metered != 0) {
        uint32_t spent = cost;
        if (cost == FCC_UNKNOWN) {
            /* Without enough for a turn the rest goes too: nobody tries again and again for nothing. */
            spent = trap == FCC_TRAP_FUEL ? fuel : fuel - instance->fuel;
        }
        instance->fuel = cost;
        instance->host += spent;
        if (timed != NULL) {
#if FCC_CLOCK
            spent = fcc_clock() - then;
#endif
            timed->time_left -= spent < timed->time_left ? spent : timed->time_left;
        }
    }
    return (int)trap;
refuse:
    return -(int)why;
}

uint32_t fcc_hook_run(fcc_hook_t *hook, void *context, uint32_t context_length, int64_t *result)
{
    uint32_t count = 0;
    uint32_t lock = fcc_port_lock();
    for (fcc_slot_t *slot = hook->first; slot != NULL; slot = slot->next) {
        int64_t value;
        /* The short way: all of the books that a good run of a plain container needs. */
        if (_is_plain(slot, context, context_length)) {
            slot->last = FCC_LAST_RUNNING;
            fcc_port_unlock(lock);
            value = (int64_t)_call(slot, context, context_length);
            if (fcc_instance_of(slot)->trap < FCC_TRAP_LIMIT || __atomic_load_n(&slot->stop, __ATOMIC_RELAXED) != 0) {
                if (_settle((uint64_t)value, hook->info, slot) != 0) {
                    continue;
                }
            }
            else {
                (void)fcc_port_lock();
                slot->value = (uint64_t)value;
                slot->runs++;
                slot->last = 0;
                if (slot->next == NULL) {
                    fcc_port_unlock(lock);
                    if (result != NULL) {
                        *result = value;
                    }
                    return count + 1;
                }
            }
        }
        else if (_run(hook->info, slot, context, context_length, hook->info->fuel, lock) != 0) {
            continue;
        }
        value = (int64_t)slot->value;
        count++;
        if (result != NULL) {
            *result = value;
        }
        uint32_t policy = hook->info->policy;
        if ((policy == FCC_POLICY_STOP_ON_NEGATIVE && value < 0) || (policy == FCC_POLICY_STOP_ON_POSITIVE && value > 0)) {
            break;
        }
    }
    fcc_port_unlock(lock);
    return count;
}

int fcc_slot_run(const fcc_hook_t *hook, fcc_slot_t *slot, void *context, uint32_t context_length, uint32_t fuel,
                 fcc_result_t *result)
{
    uint32_t lock = fcc_port_lock();
    int status = _run(hook->info, slot, context, context_length, fuel, lock);
    if (status >= 0) {
        result->value = status == 0 ? slot->value : 0;
        result->trap = (uint32_t)status;
        result->site = status == 0 ? FCC_UNKNOWN : fcc_site(slot->image, fcc_instance_of(slot)->host_sp);
        status = 0;
    }
    fcc_port_unlock(lock);
    return status;
}

void fcc_stop(fcc_slot_t *slot)
{
    uint32_t lock = fcc_port_lock();
    slot->stop |= FCC_STOP_SET;
    /* Just so during a run; fcc_restart has FCC_LAST_NONE besides, and the word is what a run costs then. */
    if (slot->last == (FCC_LAST_RUNNING | FCC_LAST_METERED)) {
        /* The container counts down the same word: as it reads and writes it in two steps, it may overwrite this. */
        __atomic_store_n(&fcc_instance_of(slot)->fuel, 0, __ATOMIC_RELAXED);
    }
    fcc_port_unlock(lock);
}

int fcc_restart(fcc_slot_t *slot)
{
    uint32_t lock = fcc_port_lock();
    int status = FCC_E_BUSY;
    if ((slot->last & FCC_LAST_RUNNING) == 0) {
        slot->last |= FCC_LAST_RUNNING | FCC_LAST_NONE;
        slot->stop = 0; /* who stops it from here on, stops what is restarted */
        fcc_port_unlock(lock);
        _reset(slot);
        lock = fcc_port_lock();
        slot->last &= (uint8_t)~FCC_LAST_RUNNING;
        status = 0;
    }
    fcc_port_unlock(lock);
    return status;
}

void fcc_status(const fcc_slot_t *slot, fcc_status_t *status)
{
    const fcc_instance_t *instance = fcc_instance_of(slot);
    uint32_t lock = fcc_port_lock();
    uint32_t trap = slot->last & FCC_LAST_TRAP;
    status->value = slot->value;
    status->runs = slot->runs;
    status->traps = slot->traps;
    status->instructions = (slot->last & FCC_LAST_METERED) != 0 ? instance->host : slot->runs * instance->fuel;
    status->trap = trap;
    status->site = trap != 0 ? fcc_site(slot->image, instance->host_sp) : FCC_UNKNOWN;
    status->state = fcc_state(slot);
    fcc_port_unlock(lock);
}

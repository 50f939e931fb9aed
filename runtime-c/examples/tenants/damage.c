/* SPDX-License-Identifier: MIT */
#include "damage.h"
#include "board/board.h"

/*
 * Stack that the firmware, containers and interrupts may have used since the start; below it the pattern must be
 * whole.
 */
#define STACK_IN_USE 5120u
#define PATTERN      0x5afec0deu

/* A word of whatever lies there. */
typedef uint32_t __attribute__((may_alias)) word_t;

/* Memory that changes rightly. */
typedef struct {
    uint32_t start;
    uint32_t end;
} span_t;

static word_t *_painted_end(void)
{
    return (word_t *)((uintptr_t)stack_end - STACK_IN_USE);
}

void damage_paint(void)
{
    for (word_t *p = (word_t *)stack_start; p < _painted_end(); p++) {
        *p = PATTERN;
    }
}

static const fcc_instance_region_t *_region(const fcc_slot_t *slot, uint32_t number)
{
    return (const fcc_instance_region_t *)(fcc_instance_of(slot) + 1) + number;
}

static span_t _span(const volatile void *start, uint32_t length)
{
    return (span_t){ (uint32_t)(uintptr_t)start, (uint32_t)(uintptr_t)start + length };
}

/* Sum over words that changes with any changed word and with their order. */
static uint32_t _sum(uint32_t sum, const void *start, const void *end, const span_t *skip, uint32_t count)
{
    for (const word_t *p = start; p < (const word_t *)end; p++) {
        uint32_t at = (uint32_t)(uintptr_t)p;
        uint32_t i = 0;
        while (i < count && (at < skip[i].start || at >= skip[i].end)) {
            i++;
        }
        if (i == count) {
            sum = (sum ^ *p) * 0x01000193u;
            sum ^= sum >> 15;
        }
    }
    return sum;
}

uint32_t damage_sum(const fcc_slot_t *slot)
{
    const fcc_instance_t *instance = fcc_instance_of(slot);
    const fcc_instance_region_t *block = _region(slot, FCC_REGION_DATA);
    /*
     * Of the slot the result and counters; of the instance the place of the last trap, the count of instructions and
     * the context's row. All else of both must stay: links, code address, where traps go, the other regions, helper
     * addresses.
     */
    const span_t skip[] = {
        _span(&slot->value, sizeof(*slot) - offsetof(fcc_slot_t, value)),
        _span(&instance->host_sp, sizeof(instance->host_sp)),
        _span(&instance->host, sizeof(instance->host)),
        _span(_region(slot, FCC_REGION_CONTEXT), sizeof(fcc_instance_region_t)),
        { block->base, block->base + block->length },
        _span(&slot->tenant->time_left, sizeof(slot->tenant->time_left)),
    };
    uint32_t count = sizeof(skip) / sizeof(skip[0]);
    uint32_t sum = _sum(1, flash_start, flash_end, NULL, 0);
    sum = _sum(sum, bss_start, bss_end, skip, count);
    return _sum(sum, stack_start, _painted_end(), NULL, 0);
}

int damage_owns(const fcc_slot_t *slot, uint32_t address, uint32_t size, int write)
{
    for (uint32_t i = 0; i < fcc_instance_of(slot)->region_count; i++) {
        const fcc_instance_region_t *region = _region(slot, i);
        if (size <= region->length && address - region->base <= region->length - size
            && (!write || (region->rights & FCC_RIGHT_WRITE) != 0)) {
            return 1;
        }
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * During each kind of access of the container that writes everywhere, one bit changes somewhere that is not its own.
 * The firmware has to notice each.
 */
#include "replace.h"
#include "board/board.h"
#include "firmware.h"

static void _flip(volatile void *where)
{
    volatile uint8_t *byte = where;
    *byte ^= 1u;
}

static void _damage(fcc_instance_t *instance, uint32_t command)
{
    fcc_slot_t *own = fcc_slot_of(instance);
    switch (command) {
    case 1:
        _flip(stack_start); /* far below what is in use */
        break;
    case 2:
        _flip((void *)((uintptr_t)flash_end - 1u));
        break;
    case 3: /* the neighbour's block */
        _flip((void *)(uintptr_t)region_of(fcc_instance_of(own->next), FCC_REGION_DATA)->base);
        break;
    case 4: /* its own region table: rodata, of which it has none */
        _flip(&region_of(instance, FCC_REGION_RODATA)->base);
        break;
    case 5: /* a counter of the neighbour */
        _flip(&own->next->runs);
        break;
    case 7:
        _flip(&store.rows[0].value);
        break;
    case 8:
        _flip(&house.time_left);
        break;
    case 9: /* the firmware's own */
        _flip(&wanted_valve);
        break;
    case 10: /* between the memory of containers */
        _flip((uint32_t *)own - 1);
        break;
    default:
        break;
    }
}

uint32_t replaced_search(const fcc_instance_t *instance, uint32_t address, uint32_t size, uint32_t rights)
{
    static uint32_t last;
    fcc_instance_t *own = (fcc_instance_t *)(uintptr_t)instance;
    uint32_t command = ((const fc_sample_ctx_t *)(uintptr_t)region_of(own, FCC_REGION_CONTEXT)->base)->command;
    if (command > last) {
        last = command;
        _damage(own, command);
    }
    return fcc_search(instance, address, size, rights);
}

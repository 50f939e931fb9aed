/* SPDX-License-Identifier: MIT */
/* The hostile container that writes and reads everywhere, and what it is told to try. */
#include "attacks.h"
#include "board/board.h"
#include "damage.h"
#include "firmware.h"
#include "offer.h"
#include "log.h"
#include "neighbours.h"

#include "scribble.h"

/* Its commands, as its source has them. */
typedef struct {
    uint32_t command;
    const char *name;
    uint32_t size; /* bytes of each access; 0: the access goes by the context's size */
    int write;
    int index; /* the address is an index behind its own memory */
} kind_t;

static const kind_t kinds[] = {
    { 1, "1-byte stores", 1, 1, 0 },
    { 2, "2-byte stores", 2, 1, 0 },
    { 3, "4-byte stores", 4, 1, 0 },
    { 4, "8-byte stores", 8, 1, 0 },
    { 5, "atomic additions", 4, 1, 0 },
    { 6, "stores by index", 1, 1, 1 },
    { 7, "copies by memcpy", 0, 1, 0 },
    { 8, "results of fetch_global", 4, 1, 0 },
    { 9, "4-byte loads", 4, 0, 0 },
    { 10, "loads by memcpy", 0, 0, 0 },
};

typedef struct {
    fcc_slot_t *slot;
    const kind_t *kind;
    uint32_t block; /* address of its memory */
    uint32_t step;  /* between addresses in the firmware's memory; odd, so that all alignments come */
    uint32_t tried, refused, own;
    uint32_t escaped; /* accesses that did what they must not; must stay 0 */
} sweep_t;

static void _try(sweep_t *sweep, uint64_t address)
{
    const kind_t *kind = sweep->kind;
    fc_sample_ctx_t context = { .command = kind->command, .argument = address };
    fcc_result_t result = { 0, 0, 0 };
    context.size = 1u + (uint32_t)address % 15u;
    uint32_t size = kind->size != 0 ? kind->size : context.size;
    if (kind->index) {
        context.argument = address - sweep->block;
    }
    fcc_tenant_period(&guest);
    if (fcc_state(sweep->slot) == FCC_STATE_STOPPED) {
        fcc_restart(sweep->slot);
    }
    int status = fcc_slot_run(&sample_hook, sweep->slot, &context, sizeof(context), SAMPLE_FUEL, &result);
    sweep->tried++;
    if (status == 0 && result.trap == FCC_TRAP_MEMORY) {
        sweep->refused++;
    }
    else if (status == 0 && result.trap == 0
             && address >> 32 == 0 && damage_owns(sweep->slot, (uint32_t)address, size, kind->write)) {
        sweep->own++;
    }
    else {
        sweep->escaped++;
    }
}

static void _try_all(sweep_t *sweep, uint32_t from, uint32_t to)
{
    for (uint32_t at = from; at < to; at += sweep->step) {
        _try(sweep, at);
    }
}

/*
 * All that the firmware has in RAM, flash and devices, and the rest of the 32 bits in steps; then addresses of more
 * than 32 bits.
 */
static void _sweep(sweep_t *sweep)
{
    _try_all(sweep, (uint32_t)(uintptr_t)bss_start - 16u, (uint32_t)(uintptr_t)stack_end + 16u);
    _try_all(sweep, (uint32_t)(uintptr_t)flash_start, (uint32_t)(uintptr_t)flash_end);
    for (const struct board_device *d = board_devices; d->length != 0; d++) {
        _try_all(sweep, d->base, d->base + d->length);
    }
    for (uint64_t at = 0; at < 0x100000000u; at += 0x40001u) {
        _try(sweep, at);
    }
    for (uint32_t upper = 1; upper != 0; upper <<= 1) {
        for (uint32_t low = 0; low < 16u; low++) {
            _try(sweep, (uint64_t)upper << 32 | (sweep->block + low));
            _try(sweep, (uint64_t)(0u - upper) << 32 | (sweep->block + low));
        }
    }
}

void attack_by_writing(void)
{
    say("\nscribble writes and reads everywhere\n");
    const offer_t offer = { "scribble", scribble, SCRIBBLE_LENGTH, hostile_room(), HOSTILE_BYTES, 0 };
    fcc_slot_t *slot = install(&sample_hook, &guest, &offer, 0);
    if (slot == NULL) {
        return;
    }
    board_timer(0);
    uint32_t block = ((const fcc_instance_region_t *)(fcc_instance_of(slot) + 1))[FCC_REGION_DATA].base;
    for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        sweep_t sweep = { .slot = slot, .kind = &kinds[i], .block = block, .step = kinds[i].size == 1 ? 1 : 3 };
        uint32_t before = damage_sum(slot);
        _sweep(&sweep);
        expect(before == damage_sum(slot), "nothing changed but its own memory");
        expect(sweep.escaped == 0, "every access outside of its memory is a memory trap");
        expect(sweep.own != 0, "it does reach its own memory");
        expect(guest.containers == 2 && slot->tenant == &guest, "the books are in order");
        say("scribble: %s: %u tried, %u refused, %u in its own memory, %u elsewhere\n", kinds[i].name, sweep.tried,
            sweep.refused, sweep.own, sweep.escaped);
    }

    /*
     * Once more through the RAM, while the timer interrupts it and the meter runs: here the neighbours tell of any
     * damage.
     */
    sweep_t sweep = { .slot = slot, .kind = &kinds[0], .block = block, .step = 1 };
    uint32_t from = ticks;
    board_timer(1);
    do {
        _try_all(&sweep, (uint32_t)(uintptr_t)bss_start, (uint32_t)(uintptr_t)stack_end);
    } while (ticks - from < 3);
    expect(sweep.escaped == 0 && sweep.own != 0, "interrupts change nothing of that");
    say("scribble: 1-byte stores while the timer interrupts: %u elsewhere\n", sweep.escaped);
    expect(fcc_uninstall(&sample_hook, slot) == 0, "the hostile container is uninstalled");
    neighbours_round("after scribble");
}

/* SPDX-License-Identifier: MIT */
#include "attacks.h"
#include "board/board.h"
#include "damage.h"
#include "firmware.h"
#include "forge.h"
#include "greedy_image.h"
#include "offer.h"
#include "log.h"
#include "neighbours.h"

#include "hoard.h"
#include "spin.h"

/* Installs a hostile container of the guest in front of the neighbours. */
static fcc_slot_t *_install(const char *name, const void *image, uint32_t length, int answer)
{
    const offer_t offer = { name, image, length, hostile_room(), HOSTILE_BYTES, 0 };
    return install(&sample_hook, &guest, &offer, answer);
}

static void _uninstall(fcc_slot_t *slot)
{
    expect(fcc_uninstall(&sample_hook, slot) == 0, "the hostile container is uninstalled");
    expect(guest.containers == 1, "only the report is left to the guest");
}

/* Runs one container alone, and takes it up again if it was stopped for its traps. */
static fcc_result_t _run(fcc_slot_t *slot, const fc_sample_ctx_t *context, uint32_t fuel)
{
    fc_sample_ctx_t copy = *context;
    fcc_result_t result = { 0, 0, 0 };
    if (fcc_state(slot) == FCC_STATE_STOPPED) {
        expect(fcc_restart(slot) == 0, "a stopped container is restarted");
    }
    expect(fcc_slot_run(&sample_hook, slot, &copy, sizeof(copy), fuel, &result) == 0, "the container is run");
    return result;
}

void attack_by_loop(void)
{
    enum { FOR_EVER, BEHAVE };
    say("\nspin loops for ever\n");
    fcc_slot_t *spin_slot = _install("spin", spin, SPIN_LENGTH, 0);
    fcc_status_t status;

    /* It comes first in its hook: the others run behind it. */
    fcc_tenant_period(&guest);
    neighbours_run(FOR_EVER, 1);
    fcc_status(spin_slot, &status);
    expect(status.trap == FCC_TRAP_FUEL && status.traps == 1, "fuel ends the loop");
    say("spin: trap %s; average and report ran\n", trap_name(status.trap));

    /*
     * What is left of its tenant's period goes to the next run; the tenant's other container has to wait, the house
     * does not.
     */
    neighbours_run(FOR_EVER, 0);
    fcc_status(spin_slot, &status);
    expect(status.trap == FCC_TRAP_FUEL && status.runs == 2, "what is left of the period ends the loop");
    say("spin: the guest's time is used up; its report waits, the house's average ran\n");

    fcc_tenant_period(&guest);
    neighbours_run(FOR_EVER, 1);
    fcc_status(spin_slot, &status);
    expect(status.traps == TRAP_LIMIT && status.state == FCC_STATE_STOPPED, "three traps in a row stop a container");
    fcc_tenant_period(&guest);
    neighbours_run(FOR_EVER, 1);
    fcc_status(spin_slot, &status);
    expect(status.runs == TRAP_LIMIT, "a stopped container is passed by");
    say("spin: stopped after %u traps in a row, its hook passes it by\n", status.traps);

    expect(fcc_restart(spin_slot) == 0, "it is restarted");
    fcc_result_t result = _run(spin_slot, &(fc_sample_ctx_t){ .command = BEHAVE }, SAMPLE_FUEL);
    expect(result.trap == 0 && result.value == 0, "its globals are as in the image again");
    say("spin: restarted with fresh globals; told to behave, it answers %u\n", (uint32_t)result.value);

    /* With time without end, only the host is left to stop it: from the timer's interrupt. */
    guest.info = &guest_for_ever;
    fcc_tenant_period(&guest);
    stop_at = ticks + 3;
    to_stop = spin_slot;
    result = _run(spin_slot, &(fc_sample_ctx_t){ .command = FOR_EVER }, FCC_UNKNOWN);
    to_stop = NULL;
    fcc_status(spin_slot, &status);
    expect(result.trap == FCC_TRAP_KILLED && status.state == FCC_STATE_STOPPED, "the interrupt stops it");
    say("spin: fuel for four thousand million turns; stopped by the timer's interrupt: trap %s\n",
        trap_name(result.trap));
    guest.info = &guest_info;
    _uninstall(spin_slot);
    neighbours_round("after spin");
}

void attack_by_recursion(void)
{
    say("\nrecurse calls itself; fcc refuses its source, this is eBPF by hand for the interpreter\n");
    uint32_t length;
    const void *image = forge_recursion(&length);
    fcc_slot_t *slot = _install("recurse", image, length, 0);
    fcc_tenant_period(&guest);
    board_timer(0);
    fc_sample_ctx_t context = { 0 };
    fcc_result_t result = { 0, 0, 0 };
    uint32_t before = damage_sum(slot);
    int status = fcc_slot_run(&sample_hook, slot, &context, sizeof(context), SAMPLE_FUEL, &result);
    expect(before == damage_sum(slot) && status == 0, "it runs, and changes nothing but its own memory");
    board_timer(1);
    expect(result.trap == FCC_TRAP_STACK, "its depth is limited");
    say("recurse: trap %s\n", trap_name(result.trap));
    _uninstall(slot);
    neighbours_round("after recurse");
}

void attack_by_context(void)
{
    say("\nmeddle writes the context that its neighbours get as well; eBPF by hand\n");
    uint32_t length;
    const void *image = forge_meddler(FCC_RIGHT_READ | FCC_RIGHT_WRITE, &length);
    _install("meddle, which claims that it may,", image, length, FCC_E_CONTEXT);
    image = forge_meddler(FCC_RIGHT_READ, &length);
    fcc_slot_t *slot = _install("meddle", image, length, 0);
    fcc_tenant_period(&guest);
    neighbours_run(NO_COMMAND, 1); /* it comes first */
    fcc_status_t status;
    fcc_status(slot, &status);
    expect(status.runs == 1 && status.trap == FCC_TRAP_MEMORY, "the context is read-only");
    say("meddle: trap %s; the average got its round as it was\n", trap_name(status.trap));
    _uninstall(slot);
    neighbours_round("after meddle");
}

/* Tries a helper's number through the image that computes it. What it may call answers, all else must be a trap. */
static void _try_ids(fcc_slot_t *slot, uint32_t from, uint32_t to, uint32_t *called, uint32_t *refused)
{
    for (uint32_t id = from; id != to; id++) {
        fcc_tenant_period(&guest);
        fcc_result_t result = _run(slot, &(fc_sample_ctx_t){ .argument = id }, SAMPLE_FUEL);
        if (result.trap == 0) {
            *called += 1;
            expect(id == FC_SAMPLE_HELPER_STORE_LOCAL, "only the import is called");
        }
        else {
            *refused += 1;
            expect(result.trap == FCC_TRAP_HELPER, "any other number is a helper trap");
        }
    }
}

void attack_by_helpers(void)
{
    say("\ngreedy wants the valve, which is not for its hook\n");
    _install("greedy", greedy_image, greedy_length, FCC_E_CONTRACT);
    _install("greedy with the hook's hash in its header",
             forge_contract(greedy_image, greedy_length, FC_SAMPLE_CONTRACT_HASH), greedy_length, FCC_E_HELPER);

    say("computed calls numbers that its context says; fcc refuses its source, this is eBPF by hand\n");
    uint32_t length, called = 0, refused = 0, calls = valve_calls;
    const void *image = forge_computed_call(&length);
    fcc_slot_t *slot = _install("computed", image, length, 0);
    board_timer(0);
    calls = valve_calls;
    _try_ids(slot, 0, 0x400, &called, &refused);
    _try_ids(slot, 0x7fffff80u, 0x80000080u, &called, &refused);
    _try_ids(slot, 0xffffff00u, 0, &called, &refused);
    expect(valve == 40 && valve_calls == calls, "nobody but the meter sets the valve");
    say("computed: %u numbers tried, %u is its import, %u end with a helper trap\n", called + refused, called, refused);
    board_timer(1);
    _uninstall(slot);
    neighbours_round("after computed");
}

/* Rows that a tenant pays for. */
static uint32_t _paid(const fcc_tenant_t *tenant)
{
    fcc_store_row_t row;
    uint32_t cursor = 0, rows = 0;
    while (fcc_store_next(&store, &cursor, &row)) {
        rows += row.payer == tenant;
    }
    return rows;
}

void attack_by_hoarding(void)
{
    enum { FIRST_KEY = 1000, KEYS = 100 }; /* as its source has it; as it is told */
    say("\nhoard fills the stores\n");
    fcc_slot_t *slot = _install("hoard", hoard, HOARD_LENGTH, 0);
    uint32_t room;
    const offer_t another = { "another hoard", hoard, HOARD_LENGTH, spare_room(&room), room, 0 };
    install(&sample_hook, &guest, &another, FCC_E_QUOTA);
    uint32_t before = _paid(&guest), of_house = _paid(&house);
    guest.info = &guest_for_ever;
    fcc_tenant_period(&guest);
    board_timer(0);
    fcc_result_t result = _run(slot, &(fc_sample_ctx_t){ .size = KEYS }, 1000000);
    board_timer(1);
    guest.info = &guest_info;
    expect(result.trap == 0 && result.value == GUEST_ROWS - before, "it gets what its tenant's quota has left");
    expect(_paid(&guest) == GUEST_ROWS && guest.store_rows == GUEST_ROWS, "the guest's quota is used up");
    expect(_paid(&house) == of_house, "the house's rows are untouched");
    say("hoard: %u keys tried in each of 3 stores, %u rows taken, which is the guest's quota of %u\n", (uint32_t)KEYS,
        (uint32_t)result.value, GUEST_ROWS);
    neighbours_round("while the guest's rows are full");
    for (uint32_t i = 0; i < KEYS; i++) {
        fcc_store_delete(slot, FCC_SCOPE_TENANT, FIRST_KEY + i);
        fcc_store_delete(slot, FCC_SCOPE_GLOBAL, FIRST_KEY + i);
    }
    _uninstall(slot);
    expect(_paid(&guest) == before && guest.store_rows == before, "the host can take the rows back");
    neighbours_round("after hoard");
}

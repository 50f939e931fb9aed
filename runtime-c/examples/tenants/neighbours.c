/* SPDX-License-Identifier: MIT */
#include "neighbours.h"
#include "board/board.h"
#include "firmware.h"
#include "forge.h"
#include "offer.h"
#include "log.h"

#include "average.h"
#include "meter.h"
#include "report.h"

#define CANARY       0xca11ab1eu
#define CANARY_WORDS 16u

/* Side by side, with words between that nobody may write. */
static struct {
    uint32_t before[CANARY_WORDS];
    uint64_t average[ROOM(AVERAGE)];
    uint32_t between[CANARY_WORDS];
    uint64_t hostile[HOSTILE_BYTES / 8u];
    uint32_t behind[CANARY_WORDS];
    uint64_t report[2][ROOM(REPORT)];
    uint64_t meter[ROOM(METER)];
    uint32_t after[CANARY_WORDS];
} memory;

static fcc_slot_t *meter_slot, *average_slot, *report_slot;
static uint32_t round_number; /* of the next round */
static uint32_t window[4];    /* what the average should know */
static uint32_t report_runs;  /* what the report should have counted */

void *hostile_room(void)
{
    return memory.hostile;
}

void *spare_room(uint32_t *length)
{
    *length = sizeof(memory.report[1]);
    return memory.report[1];
}

static uint32_t *const canaries[] = { memory.before, memory.between, memory.behind, memory.after };

static int _canaries_live(void)
{
    for (uint32_t i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++) {
        for (uint32_t k = 0; k < CANARY_WORDS; k++) {
            if (canaries[i][k] != CANARY) {
                return 0;
            }
        }
    }
    return 1;
}

void neighbours_install(void)
{
    for (uint32_t i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++) {
        for (uint32_t k = 0; k < CANARY_WORDS; k++) {
            canaries[i][k] = CANARY;
        }
    }
    wanted_valve = 40;
    const offer_t meter_offer = { "meter", meter, METER_LENGTH, memory.meter, sizeof(memory.meter), 0 };
    const offer_t average_offer = { "average", average, AVERAGE_LENGTH, memory.average, sizeof(memory.average), 10 };
    const offer_t report_offer = { "report", report, REPORT_LENGTH, memory.report[0], sizeof(memory.report[0]), 20 };
    meter_slot = install(&tick_hook, &house, &meter_offer, 0);
    average_slot = install(&sample_hook, &house, &average_offer, 0);
    report_slot = install(&sample_hook, &guest, &report_offer, 0);
    /* The guest has no right to the timer's hook. */
    install(&tick_hook, &guest, &meter_offer, FCC_E_RIGHTS);
}

/* The value of a row of the store, as the host sees it; `found` says whether there is one. */
static uint32_t _row(const void *owner, uint32_t key, int *found)
{
    fcc_store_row_t row;
    uint32_t cursor = 0;
    *found = 0;
    while (fcc_store_next(&store, &cursor, &row)) {
        if (row.owner == owner && row.key == key) {
            *found = 1;
            return row.value;
        }
    }
    return 0;
}

/* Waits for two ticks, and looks whether the meter has counted as the timer did. */
static void _meter_follows(void)
{
    uint32_t from = ticks;
    while (ticks - from < 2) {}
    board_timer(0);
    fcc_status_t status;
    fcc_status(meter_slot, &status);
    expect(status.runs == ticks && status.traps == 0, "the meter runs in every interrupt of the timer");
    expect(status.value == ticks, "the meter's count is the timer's");
    expect(tick_mistakes == 0, "the meter answers rightly in every interrupt");
    expect(valve == 40 && valve_calls == ticks, "the valve is as the meter set it");
    int found;
    expect(_row(meter_slot, 0, &found) == ticks && found, "the meter's own store has its count");
    board_timer(1);
}

void neighbours_run(uint32_t command, int report_is_to_run)
{
    fc_sample_ctx_t context = { .round = round_number, .value = 100 + 7 * round_number, .command = command };
    fcc_status_t before, after;
    window[round_number & 3u] = context.value;
    uint32_t mean = (window[0] + window[1] + window[2] + window[3]) / 4u;
    const fc_sample_ctx_t given = context;
    round_number++;
    report_runs += report_is_to_run != 0;
    fcc_status(average_slot, &before);
    fcc_hook_run(&sample_hook, &context, sizeof(context), NULL);
    fcc_status(average_slot, &after);
    expect(context.round == given.round && context.value == given.value && context.command == given.command
               && context.size == given.size && context.argument == given.argument,
           "the context is as the host wrote it");
    expect(after.runs == before.runs + 1 && after.trap == 0 && after.value == mean, "the average is right");
    int found;
    expect(_row(&house, given.round, &found) == mean && found, "the house's store takes new keys");
    fcc_status(report_slot, &after);
    expect(after.runs == report_runs && after.value == report_runs && after.traps == 0,
           "the report has counted its runs");
    expect(_row(report_slot, 0, &found) == report_runs && found, "the report's own store has its count");
    expect(_row(&guest, 0, &found) == 1 && found, "the guest's store has what the report put there");
    for (uint32_t i = 0; i < round_number; i++) {
        _row(&house, i, &found);
        expect(found, "the house's store has kept its keys");
    }
    expect(_canaries_live(), "nobody wrote between the containers' memory");
}

void neighbours_round(const char *when)
{
    uint32_t mistakes = wrong;
    fcc_tenant_period(&guest);
    neighbours_run(NO_COMMAND, 1);
    _meter_follows();
    fcc_status_t status;
    fcc_status(average_slot, &status);
    say("neighbours (%s): average %u, report %u, meter in step: %s\n", when, (uint32_t)status.value, report_runs,
        wrong == mistakes ? "all well" : "DAMAGED");
}

/* One update after the other, while the timer interrupts wherever it comes and runs its own hook. */
static void _update_often(void)
{
    uint32_t from = ticks, mistakes = 0;
    int found;
    do {
        uint32_t which = report_slot == (fcc_slot_t *)memory.report[0];
        fcc_install_t what = { .image = report, .length = REPORT_LENGTH, .memory = memory.report[which] };
        what.memory_length = sizeof(memory.report[which]);
        mistakes += fcc_replace(&sample_hook, report_slot, &what, &report_slot) != 0;
        mistakes += report_slot != (fcc_slot_t *)memory.report[which];
        mistakes += _row(report_slot, 0, &found) != report_runs || !found;
    } while (ticks - from < 10);
    expect(mistakes == 0, "each update is taken, and keeps its store");
    expect(guest.containers == 1 && guest.ram == fcc_slot_size(report), "the guest's quotas are as before");
    expect(tick_mistakes == 0, "no update disturbs the meter");
    say("report: updated again and again for ten interrupts of the timer: %s\n",
        mistakes == 0 ? "all well" : "DAMAGED");
}

void neighbours_manage(void)
{
    say("\nmanaging\n");
    fcc_install_t what = { .length = REPORT_LENGTH, .memory = memory.report[1] };
    what.memory_length = sizeof(memory.report[1]);
    fcc_slot_t *new_slot = NULL;

    /* An update that was damaged on its way. */
    what.image = forge_damage(report, REPORT_LENGTH, 8u * REPORT_LENGTH / 2u);
    int status = fcc_replace(&sample_hook, report_slot, &what, &new_slot);
    expect(status == FCC_E_CHECKSUM, "a damaged update is refused");
    say("report: update refused, %s; the old one goes on\n", status_name(status));
    neighbours_round("old report");

    /* The same once more, whole: new memory, counts from 0, and its own store stays. */
    what.image = report;
    status = fcc_replace(&sample_hook, report_slot, &what, &new_slot);
    expect(status == 0, "a whole update is taken");
    fcc_status_t now;
    fcc_status(new_slot, &now);
    expect(now.runs == 0 && new_slot == (fcc_slot_t *)memory.report[1], "the update starts anew in its own memory");
    int found;
    expect(_row(new_slot, 0, &found) == report_runs && found, "the update finds its store as the old one left it");
    report_slot = new_slot;
    fc_sample_ctx_t context = { .round = round_number - 1, .value = 7, .command = SAY };
    fcc_result_t result;
    say("report: replaced while the timer runs, its store stays; told to speak: ");
    status = fcc_slot_run(&sample_hook, report_slot, &context, sizeof(context), SAMPLE_FUEL, &result);
    report_runs++;
    expect(status == 0 && result.trap == 0 && result.value == report_runs, "the update goes on counting");

    _update_often();
    status = fcc_uninstall(&sample_hook, report_slot);
    expect(status == 0 && guest.containers == 0 && guest.ram == 0, "the guest's quotas are free again");
    _row(report_slot, 0, &found);
    expect(!found, "the report's own rows are gone");
    uint32_t runs = fcc_hook_run(&sample_hook, &context, sizeof(context), NULL);
    expect(runs == 1, "only the average is left in its hook");
    say("report: uninstalled, and its rows of the store with it\n");

    board_timer(0);
    expect(fcc_uninstall(&tick_hook, meter_slot) == 0, "the meter is uninstalled");
    expect(fcc_uninstall(&sample_hook, average_slot) == 0, "the average is uninstalled");
    expect(house.containers == 0 && house.ram == 0, "the house's quotas are free again");
    expect(tick_hook.first == NULL && sample_hook.first == NULL, "the hooks are empty");
    say("all uninstalled\n\n");
}

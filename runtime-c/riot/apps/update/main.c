/* SPDX-License-Identifier: MIT */
/*
 * A timer's hook with a place for each of two tenants. Updates come by RIOT's suit: `fcc push` signs a manifest and serves it, the storage backend of
 * module fcc_suit stores, installs, and takes back what traps. This file only says which places there are, whose, and which keys may what.
 */
#include <stdio.h>
#include <string.h>
#include "fcc_riot.h"
#include "fcc_suit.h"
#include "msg.h"
#include "net/netif.h"
#include "ztimer.h"

#include "first.h"
#include "timer_hook.h"

#ifdef CPU_NATIVE
#include "native_flash.h"
#endif

#define PERIOD_MS 100u
#define HOUSE     1u
#define GUEST     2u

#define STACK_LENGTH (IS_USED(MODULE_FCC_INTERPRETER) ? 1024u : 192u)
/* Of a container; each place has two. */
#define MEMORY_LENGTH (IS_USED(MODULE_FCC_INTERPRETER) ? 8192u : 512u)
#define ROWS          8u

static const fcc_helper_t helpers[] = { FCC_RIOT_ROW(store_local), FCC_RIOT_ROW(fetch_local) };
static const fcc_hook_info_t timer_info = FC_TIMER_HOOK_INFO(0,
    .host.helpers = helpers, .host.helper_count = ARRAY_SIZE(helpers), .host.features = FCC_TARGET_FEATURES,
    .host.stack_length = STACK_LENGTH, .fuel = 1000, .trap_limit = 3, .policy = FCC_POLICY_CONTINUE);
static fcc_hook_t timer_hook = { .info = &timer_info };

static fcc_store_row_t rows[ROWS];
static fcc_store_t store = { .rows = rows, .count = ROWS };
#define TENANT(number) \
    { .id = (number), .store = &store, .ram = 2 * MEMORY_LENGTH, .time = FCC_UNKNOWN, .containers = 1, .store_rows = ROWS / 2 }
static const fcc_tenant_info_t house_info = TENANT(HOUSE), guest_info = TENANT(GUEST);
static fcc_tenant_t house = { .info = &house_info }, guest = { .info = &guest_info };

/* Flash: two pages for the record, then two slots for each place. */
#define SLOT_LENGTH  (FLASHPAGE_SIZE < 2048 ? 2048u : FLASHPAGE_SIZE)
#define SLOT(number) (2u * FLASHPAGE_SIZE + (number) * SLOT_LENGTH)
#ifdef CPU_NATIVE
#define PAGES _native_flash
FCC_STATIC_ASSERT(SLOT(4) <= sizeof(_native_flash), "flash of the native board");
#else
/* As RIOT's FLASH_WRITABLE_INIT, but not constant: the compiler would know what is in it. */
static uint8_t pages[SLOT(4)] __attribute__((aligned(FLASHPAGE_SIZE), section(".flash_writable.fcc")));
#define PAGES pages
#endif
static const fcc_flash_t flash = FCC_SUIT_FLASH(PAGES);

static uint64_t memory[4][MEMORY_LENGTH / 8u];
#define PLACE(number) \
    .slots = { SLOT(2 * (number)), SLOT(2 * (number) + 1) }, .slot_length = SLOT_LENGTH, \
    .memory = { memory[2 * (number)], memory[2 * (number) + 1] }, .memory_length = MEMORY_LENGTH
static const fcc_place_t places[] = {
    { .component = FC_TIMER_COMPONENT, .hook = &timer_hook, .tenant = &house, PLACE(0),
      .factory = first, .factory_length = sizeof(first), .trial_runs = 10 },
    { .component = FC_TIMER_COMPONENT ".guest", .hook = &timer_hook, .tenant = &guest, PLACE(1), .order = 1, .trial_runs = 10 },
};
static fcc_place_state_t states[ARRAY_SIZE(places)];

/* The keys are RIOT's (FCC_PUBS); what each may do is ours. */
static const uint32_t guest_helpers[] = { FCC_RIOT_ID_store_local, FCC_RIOT_ID_fetch_local };
static const fcc_key_t keys[] = {
    { .public_key = public_key[0], .tenant = HOUSE },
    { .public_key = public_key[1], .tenant = GUEST, .helpers = guest_helpers, .helper_count = ARRAY_SIZE(guest_helpers) },
};

static const fcc_update_info_t info = {
    .flash = &flash, .records = { 0, FLASHPAGE_SIZE }, .places = places, .place_count = ARRAY_SIZE(places),
    .keys = keys, .key_count = ARRAY_SIZE(keys), .vendor = fcc_suit_vendor, .class_id = fcc_suit_class,
};
static fcc_update_t update = { .info = &info, .states = states };

/* What was said of a place, so that only changes are. */
typedef struct {
    uint32_t sequence, traps;
    uint64_t value;
    uint8_t active, trial;
} seen_t;

static void _tell(const fcc_place_t *place, const fcc_place_state_t *state, seen_t *seen)
{
    static const char *const slots[] = { "slot 0", "slot 1", "no image", "the factory's image" };
    const fcc_place_record_t *record = &state->record;
    seen_t now;
    fcc_status_t status = { .value = 0 };
    memset(&now, 0, sizeof(now));
    if (state->container != NULL) {
        fcc_status(state->container, &status);
    }
    now.active = record->active;
    now.trial = record->trial;
    now.sequence = record->active < 2 ? record->sequence[record->active] : 0;
    now.traps = status.traps;
    now.value = status.value;
    if (memcmp(&now, seen, sizeof(now)) == 0) {
        return;
    }
    *seen = now;
    printf("%s: %s, sequence %u%s, result %u, traps %u\n", place->component, slots[now.active & 3u], (unsigned)now.sequence,
           now.trial ? " on trial" : "", (unsigned)now.value, (unsigned)now.traps);
}

int main(void)
{
    static seen_t seen[ARRAY_SIZE(places)];
    static fcc_hook_t *hooks;
#ifdef CPU_NATIVE
    native_flash_open();
#endif
    fcc_tenant_period(&house);
    fcc_tenant_period(&guest);
    fcc_hook_register(&hooks, &timer_hook);
    memset(seen, 0xff, sizeof(seen));
    printf("boot: status %d\n", fcc_suit_start(&update));
    printf("addresses: ");
    netifs_print_ipv6(" ");
    puts("");
    for (fc_timer_ctx_t context = { .ticks = 0, .period_ms = PERIOD_MS };; context.ticks++) {
        fcc_hook_run(&timer_hook, &context, sizeof(context), NULL);
        /* Later, if the engine is at work: containers do not wait until a signature is verified. */
        if (fcc_suit_trylock()) {
            for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
                _tell(&places[i], &states[i], &seen[i]);
            }
            fcc_suit_unlock();
        }
        ztimer_sleep(ZTIMER_MSEC, PERIOD_MS);
    }
}

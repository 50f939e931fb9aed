/* SPDX-License-Identifier: MIT */
/*
 * Updates step by step: what is refused and when, trials, flash that fails. Power cuts are power.c's.
 *
 *     engine FOLDER
 *
 * FOLDER has the images of test/runtime/update-images.ts. Prints `ok` and the name of each test; exit code 0, or 1 and what was wrong.
 */
#include "world.h"
#include "engine.h"

fcc_place_record_t *record_of(uint32_t place)
{
    return &device.states[place].record;
}

void settled(void)
{
    EQUAL(device_start(), 0);
    EQUAL(install(ANSWER_4, HOUSE, 3), 0);
    EQUAL(run(HOUSE, 3), 3);
    EQUAL(install(ANSWER_1, HOUSE, 5), 0);
    EQUAL(run(HOUSE, 3), 3);
    EQUAL(install(ANSWER_2, GUEST, 4), 0);
    EQUAL(run(GUEST, 2), 2);
    EQUAL(answer(HOUSE), 1);
}

void same_after_start(int64_t house, int64_t guest, int64_t other)
{
    for (uint32_t i = 0; i < 2; i++) {
        EQUAL(answer(HOUSE), house);
        EQUAL(answer(GUEST), guest);
        EQUAL(answer(OTHER), other);
        EQUAL(device_start(), 0);
    }
}

int main(int argc, char **argv)
{
    static const test_t *const suites[] = { begin_tests, finish_tests, trial_tests, start_tests, flash_tests, report_tests };
    if (argc != 2) {
        return 2;
    }
    world_start(argv[1]);
    const fcc_hook_info_t first_hooks[2] = { hook_infos[0], hook_infos[1] };
    const fcc_tenant_info_t first_tenants[2] = { tenant_infos[0], tenant_infos[1] };
    const fcc_flash_t first_flash = flash;
    fcc_place_t first_places[PLACES];
    memcpy(first_places, places, sizeof(places));
    for (uint32_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        for (const test_t *test = suites[i]; test->name != NULL; test++) {
            snprintf(doing, sizeof(doing), "%s", test->name);
            memcpy(hook_infos, first_hooks, sizeof(first_hooks));
            memcpy(tenant_infos, first_tenants, sizeof(first_tenants));
            memcpy(places, first_places, sizeof(places));
            flash = first_flash;
            info.place_count = PLACES;
            flash_new();
            world_layout(64, 8);
            test->run();
            printf("ok %s\n", test->name);
        }
    }
    return 0;
}

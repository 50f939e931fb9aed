/* SPDX-License-Identifier: MIT */
/*
 * A firmware with containers of two tenants. Three do their work, the others are hostile: after each of those the host
 * looks whether it and the others are as they should be. See ../../README.md.
 */
#include "attacks.h"
#include "board/board.h"
#include "damage.h"
#include "firmware.h"
#include "log.h"
#include "neighbours.h"

int main(void)
{
    damage_paint();
    board_start();
    firmware_start();
    say("firmware: 2 hooks, 2 tenants, a store of %u rows\n", STORE_ROWS);
    expect(fcc_hook_find(hooks, FC_TICK_HOOK_ID) == &tick_hook, "the tick hook is found by its id");
    expect(fcc_hook_by_uuid(hooks, tick_hook.info->uuid) == &tick_hook, "the tick hook is found by its UUID");
    expect(fcc_hook_find(hooks, FC_SAMPLE_HOOK_ID) == &sample_hook, "the sample hook is found by its id");
    expect(fcc_hook_find(hooks, 1) == NULL, "no hook has another id");

    neighbours_install();
    board_timer(1);
    while (ticks == 0) {}
    neighbours_round("start");

    attack_by_loop();
    attack_by_recursion();
    attack_by_writing();
    attack_by_context();
    attack_by_helpers();
    attack_by_hoarding();
    neighbours_manage();

    say("verdict: %s, %u claims, %u wrong\n", wrong == 0 ? "host and neighbours unharmed" : "DAMAGED", claims, wrong);
    board_exit(wrong == 0 ? 0 : 1);
}

/* SPDX-License-Identifier: MIT */
#include "offer.h"
#include "firmware.h"
#include "log.h"

fcc_slot_t *install(fcc_hook_t *hook, fcc_tenant_t *tenant, const offer_t *offer, int answer)
{
    fcc_install_t what = {
        .image = offer->image,
        .length = offer->length,
        .memory = offer->memory,
        .memory_length = offer->memory_length,
        .order = offer->order,
    };
    fcc_slot_t *slot = NULL;
    int status = fcc_install(hook, tenant, &what, &slot);
    say("%s for %s in %s: ", offer->name, tenant == &house ? "the house" : "the guest",
        hook == &tick_hook ? FC_TICK_HOOK : FC_SAMPLE_HOOK);
    if (status == 0) {
        say("installed, %u bytes of flash, %u bytes of memory\n", offer->length, fcc_slot_size(offer->image));
    }
    else if (status == FCC_E_HELPER) {
        say("refused, %s: %u\n", status_name(status), what.refused);
    }
    else {
        say("refused, %s\n", status_name(status));
    }
    expect(status == answer, "the answer to the installation is the right one");
    return status == 0 ? slot : NULL;
}

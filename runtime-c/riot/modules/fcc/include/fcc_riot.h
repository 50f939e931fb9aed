/* SPDX-License-Identifier: MIT */
/**
 * What RIOT firmware needs besides fcc_hooks.h: the helpers of the port, as rows for fcc_host_t, and CoAP hooks.
 *
 *     static const fcc_helper_t helpers[] = {
 *         FCC_RIOT_STORES, FCC_RIOT_ROW(printf),           // some of RIOT's
 *         { 0x200, FCC_CODE(my_helper) },                  // and one of the firmware
 *     };
 *
 * What no table names is not linked. `fcc_riot_helpers` has all that the selected modules offer.
 */
#pragma once
#include <fcc_helpers.h>
#include <fcc_hooks.h>

#ifdef MODULE_FCC_NANOCOAP
#include "net/nanocoap.h"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Ids by name, from the generated list. */
#define FCC_RIOT_ID(id, name) FCC_RIOT_ID_##name = (id),
enum { FCC_HELPERS(FCC_RIOT_ID) };

/** Row of one helper. */
#define FCC_RIOT_ROW(name) { FCC_RIOT_ID_##name, FCC_CODE(fcc_helper_##name) }

/** Rows of those that belong together. */
#define FCC_RIOT_STORES                                                                                                \
    FCC_RIOT_ROW(store_local), FCC_RIOT_ROW(store_global), FCC_RIOT_ROW(fetch_local), FCC_RIOT_ROW(fetch_global),      \
        FCC_RIOT_ROW(store_tenant), FCC_RIOT_ROW(fetch_tenant), FCC_RIOT_ROW(delete_local),                            \
        FCC_RIOT_ROW(delete_global), FCC_RIOT_ROW(delete_tenant)
#define FCC_RIOT_TIME    FCC_RIOT_ROW(now_ms), FCC_RIOT_ROW(ztimer_now)
#define FCC_RIOT_FORMATS FCC_RIOT_ROW(fmt_s16_dfp), FCC_RIOT_ROW(fmt_u32_dec)
/** With module fcc_thread: it waits. */
#define FCC_RIOT_WAIT    FCC_RIOT_ROW(ztimer_periodic_wakeup)
/** With module fcc_saul. */
#define FCC_RIOT_SAUL    FCC_RIOT_ROW(saul_reg_find_nth), FCC_RIOT_ROW(saul_reg_find_type), FCC_RIOT_ROW(saul_reg_read)
/** With module fcc_nanocoap. */
#define FCC_RIOT_COAP                                                                                                  \
    FCC_RIOT_ROW(gcoap_resp_init), FCC_RIOT_ROW(coap_opt_finish), FCC_RIOT_ROW(coap_add_format), FCC_RIOT_ROW(coap_get_pdu)

/** Words of memory for one container, an array of uint64_t; NAME is what its header's macros start with. */
#define FCC_RIOT_MEMORY_WORDS(NAME) ((NAME##_SLOT_LENGTH + 7u) / 8u)

/** All helpers of the selected modules. */
extern const fcc_helper_t fcc_riot_helpers[];
extern const uint32_t fcc_riot_helper_count;

#ifdef MODULE_FCC_NANOCOAP
/**
 * Runs a hook whose containers answer CoAP requests: they get a response buffer, the hook's region number `pdu`, in which gcoap_resp_init starts
 * the response to `request`, and return the length of the whole message or a negative number. The response is copied to `buf`; header and
 * token are the firmware's in any case. A hook that gives no usable response answers 5.00. `context` is what the containers get; it is known by
 * its address while this runs. For handlers of nanocoap: returns what they return.
 */
ssize_t fcc_riot_coap_run(fcc_hook_t *hook, uint32_t pdu, void *context, uint32_t context_length, coap_pkt_t *request, uint8_t *buf,
                          size_t length);
#endif

#ifdef __cplusplus
}
#endif

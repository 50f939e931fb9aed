/* SPDX-License-Identifier: MIT */
/* What client and server of updates by CoAP share. Not for firmware: fcc_update_coap.h is. */
#pragma once
#include "coap.h"

/* fcc_update_coap_t.phase: what is being done. */
#define PHASE_IDLE     0u
#define PHASE_MANIFEST 1u
#define PHASE_IMAGE    2u
#define PHASE_FINISH   3u

/* Apart, so that the answer's buffer is not on the stack while signatures are checked, nor a manifest while the report is written. */
#define APART __attribute__((noinline))

/* Exponent of our largest block, less 4. */
uint32_t fcc_coap_exponent(const fcc_update_coap_t *coap);

/* Makes the request for a URL, from its first block on, which the next poll sends. 1, or 0: the URL is of no use. */
int fcc_coap_request(fcc_update_coap_t *coap, const char *url, uint32_t length, uint32_t now);

/* Answers a request. */
APART void fcc_coap_serve(fcc_update_coap_t *coap, const fcc_peer_t *from, const coap_message_t *m, uint32_t now);

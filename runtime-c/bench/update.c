/* SPDX-License-Identifier: MIT */
/* Memory that updates take from the firmware, as ram.c: the sizes of these arrays. Compiled, never run. */
#include <fcc_update_coap.h>

char ram_update[sizeof(fcc_update_t)];
char ram_update_place[sizeof(fcc_place_state_t)];
char ram_update_coap[sizeof(fcc_update_coap_t)];

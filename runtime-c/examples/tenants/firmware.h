/* SPDX-License-Identifier: MIT */
/* What the firmware offers: two hooks, two tenants, one store. */
#pragma once
#include <fcc_hooks.h>
#include <fcc_store.h>

#include "fc_sample.h"
#include "fc_tick.h"

/* Rows of the store, and how many of them each tenant may fill. */
#define STORE_ROWS 28u
#define HOUSE_ROWS 20u
#define GUEST_ROWS 8u

/* Fuel of one run in the main loop, and what the guest's runs may take together in a period. */
#define SAMPLE_FUEL 20000u
#define GUEST_TIME  30000u
#define TRAP_LIMIT  3u

extern fcc_hook_t *hooks; /* all of the firmware */
extern fcc_hook_t tick_hook, sample_hook;
extern fcc_tenant_t house, guest;
extern fcc_store_t store;

/* The guest's quotas, and the same without a limit of time. */
extern const fcc_tenant_info_t guest_info, guest_for_ever;

/* State of the device that containers of the tick hook may set, and how often that was done. */
extern volatile uint32_t valve, valve_calls;

/* Interrupts of the timer. */
extern volatile uint32_t ticks;

/* What the tick hook's containers are told to set the valve to. */
extern volatile uint32_t wanted_valve;

/* A container that the timer's interrupt stops while it runs, once `ticks` has got to `stop_at`; NULL: none. */
extern fcc_slot_t *volatile to_stop;
extern volatile uint32_t stop_at;

/* What the timer's containers answered wrongly so far, by the host's own count. */
extern volatile uint32_t tick_mistakes;

void firmware_start(void);

/* Name of a trap or of a status, for the log. */
const char *trap_name(uint32_t trap);
const char *status_name(int status);

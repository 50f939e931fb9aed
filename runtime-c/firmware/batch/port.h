/* SPDX-License-Identifier: MIT */
/* What a board's port gives besides files: a clock, and the way back from a container that faults or never ends. */
#pragma once
#include <fcc.h>
#include "files.h"

/* Set by main.c while a container runs; the port's exception handlers read and write them. */
extern fcc_instance_t *volatile running; /* NULL: a fault is one of the firmware itself */
extern volatile uint32_t watchdog;       /* ticks of 100 ms left; 0: no limit */
extern volatile uint32_t fault_status;   /* what the processor says of a fault */

/*
 * Starts the clock. From then on the port counts `watchdog` down and ends `running` with FCC_TRAP_KILLED when it gets to 0, and
 * with FCC_TRAP_FAULT on a processor fault.
 */
void port_start(void);

/* Makes what was written as data visible to instruction fetch. */
void port_sync(void);

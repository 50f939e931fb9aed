/* SPDX-License-Identifier: MIT */
/* The containers that do their work, and the host's look at them. */
#pragma once
#include <fcc_hooks.h>

/* Commands of a round, as the containers' sources know them. */
#define NO_COMMAND 0u
#define SAY        1u

/* Memory of whatever hostile container is there: it lies between that of two others. 8-aligned. */
#define HOSTILE_BYTES 4608u
void *hostile_room(void);

/* Memory that nobody uses before neighbours_manage, as large as the report needs. */
void *spare_room(uint32_t *length);

/* Installs meter and average for the house, report for the guest. */
void neighbours_install(void);

/*
 * Starts a period, runs the sample hook's containers and looks at all neighbours' results, stores and memory; one
 * line of the log.
 */
void neighbours_round(const char *when);

/*
 * One run of the sample hook in a period that has begun, with a command for those who listen to commands.
 * `report_runs`: whether the guest's report is to run.
 */
void neighbours_run(uint32_t command, int report_runs);

/* Replaces and uninstalls. */
void neighbours_manage(void);

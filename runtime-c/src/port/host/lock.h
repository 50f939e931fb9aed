/* SPDX-License-Identifier: MIT */
/* Shared by the sources of this port. */
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>

/** What fcc_port_lock takes; recursive. */
extern pthread_mutex_t fcc_host_mutex;

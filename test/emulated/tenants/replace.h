/* SPDX-License-Identifier: MIT */
#pragma once
#include <fcc.h>

/* What containers call for fcc_search. */
uint32_t replaced_search(const fcc_instance_t *instance, uint32_t address, uint32_t size, uint32_t rights);

static inline fcc_instance_region_t *region_of(const fcc_instance_t *instance, uint32_t number)
{
    return (fcc_instance_region_t *)(uintptr_t)(instance + 1) + number;
}

/* SPDX-License-Identifier: MIT */
/* A region search that is wrong by one byte: the firmware has to notice. */
#include "replace.h"

uint32_t replaced_search(const fcc_instance_t *instance, uint32_t address, uint32_t size, uint32_t rights)
{
    return fcc_search(instance, address, size, rights) || fcc_search(instance, address - 1u, size, rights);
}

/* SPDX-License-Identifier: MIT */
/* Memory that the firmware gives to each thing: the sizes of these arrays. Compiled, never run; the compiler of each core lays structures out. */
#include <fcc_hooks.h>

#define INSTANCE(imports)                                                                                                 \
    ((sizeof(fcc_instance_t) + FCC_FIRST_GRANTED * sizeof(fcc_instance_region_t) + (imports) * sizeof(uint32_t) + 7u) & ~7u)

char ram_slot[sizeof(fcc_slot_t)];
char ram_instance_0[INSTANCE(0)];
char ram_instance_2[INSTANCE(2)];
char ram_instance_4[INSTANCE(4)];
char ram_container_0[sizeof(fcc_slot_t) + INSTANCE(0)];
char ram_container_2[sizeof(fcc_slot_t) + INSTANCE(2)];
char ram_container_4[sizeof(fcc_slot_t) + INSTANCE(4)];
char ram_region[sizeof(fcc_instance_region_t)];
char ram_tenant[sizeof(fcc_tenant_t)];
char ram_hook[sizeof(fcc_hook_t)];
char ram_store_row[sizeof(fcc_store_row_t)];

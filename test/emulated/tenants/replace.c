/* SPDX-License-Identifier: MIT */
/* Gives containers another region search than the runtime's. Linked with --wrap=fcc_load. */
#include "replace.h"

int __real_fcc_load(fcc_container_t *container, const void *image, size_t length, void *memory, size_t memory_length,
                    const fcc_host_t *host, const fcc_grant_t *grants, uint32_t grant_count, uint32_t host_word);
int __wrap_fcc_load(fcc_container_t *container, const void *image, size_t length, void *memory, size_t memory_length,
                    const fcc_host_t *host, const fcc_grant_t *grants, uint32_t grant_count, uint32_t host_word);

int __wrap_fcc_load(fcc_container_t *container, const void *image, size_t length, void *memory, size_t memory_length,
                    const fcc_host_t *host, const fcc_grant_t *grants, uint32_t grant_count, uint32_t host_word)
{
    int status = __real_fcc_load(container, image, length, memory, memory_length, host, grants, grant_count, host_word);
    if (status == 0) {
        uint32_t *import = (uint32_t *)region_of(container->instance, container->instance->region_count);
        for (uint32_t i = 0; i < container->image->import_count; i++) {
            if (import[i] == (uint32_t)(uintptr_t)fcc_search) {
                import[i] = (uint32_t)(uintptr_t)replaced_search;
            }
        }
    }
    return status;
}

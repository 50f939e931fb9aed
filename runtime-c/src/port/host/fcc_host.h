/* SPDX-License-Identifier: MIT */
/**
 * The runtime as a Linux process, to try and test containers on: images of eBPF text, run by the interpreter. An instance holds addresses in
 * 32 bits, so that everything that a container can name must lie below 4 GiB: link without PIE (-no-pie), and take memory
 * for images, containers, contexts and regions from static arrays or from here. What lies above is refused.
 */
#pragma once
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Zeroed pages below 4 GiB, `length` bytes and up to the end of a page more; NULL if there are none left. */
void *fcc_host_memory(size_t length);

/** Gives them back; `length` as it was asked for. */
void fcc_host_free(void *memory, size_t length);

#ifdef __cplusplus
}
#endif

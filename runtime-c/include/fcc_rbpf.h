/* SPDX-License-Identifier: MIT */
/**
 * Femto-Container images ("rBPF") on a device: they become images of eBPF text, which the interpreter runs (FCC_INTERPRETER). Nothing that
 * comes out is trusted: fcc_validate, fcc_install and fcc_load judge it like any other image.
 */
#pragma once
#include <fcc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the hook gives, of which such an image says nothing. */
typedef struct {
    const char *name;         /* of the entry, if the image has no function table; NULL: "main" */
    uint32_t contract_hash;   /* of the hook */
    uint32_t context_length;  /* bytes, or FCC_UNKNOWN: told at each run */
    /** How many stretches of the context are read-only, and offset and length of each, as in fcc_host_t; NULL: all of it is. */
    const uint32_t *context_kept;
    const fcc_grant_t *grants; /* regions of the hook, in its order; the image gets them with the same rights */
    uint32_t grant_count;
    uint8_t context_align;    /* 1, 2, 4 or 8 */
} fcc_rbpf_contract_t;

/**
 * Writes the image of eBPF text that does what the Femto-Container image does, with an entry for each row of its function table or one at the
 * start of its text. `rbpf` may lie anywhere; `image` (8-aligned, `room` bytes) must not overlap it. *made is the image's length.
 * Returns 0, and else 0 bytes of `image` are an image: FCC_E_MAGIC, FCC_E_VERSION (version or flags), FCC_E_LENGTH (sections do not add up to
 * `length`), FCC_E_ENTRY (function table), FCC_E_IMPORT (too many helpers), FCC_E_TEXT (a 64-bit immediate or a call that refers to nothing,
 * or a call by a register), FCC_E_REGION (what the hook gives), FCC_E_UNALIGNED, FCC_E_MEMORY (`room` is too small).
 */
int fcc_rbpf_convert(const void *rbpf, uint32_t length, const fcc_rbpf_contract_t *what, void *image, uint32_t room, uint32_t *made);

#ifdef __cplusplus
}
#endif

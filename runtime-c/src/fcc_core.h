/* SPDX-License-Identifier: MIT */
/*
 * What the sources of the core share: where things lie in an image that fcc_check has accepted and in its instance, and how a run starts
 * and ends. Not for firmware: fcc.h is.
 */
#pragma once
#include "interp.h"

static inline const fcc_entry_t *fcc_entries(const fcc_header_t *image)
{
    return (const void *)(image + 1);
}

static inline const fcc_import_t *fcc_imports(const fcc_header_t *image)
{
    return (const void *)(fcc_entries(image) + image->entry_count);
}

static inline const fcc_region_row_t *fcc_rows(const fcc_header_t *image)
{
    return (const void *)(fcc_imports(image) + image->import_count);
}

/** Addresses of the parts at the end of an image, whose lengths add up to the whole. */
static inline uintptr_t fcc_data(const fcc_header_t *image)
{
    return (uintptr_t)image + image->total_length - image->data_length;
}

static inline uintptr_t fcc_text(const fcc_header_t *image)
{
    return fcc_data(image) - image->rodata_length - image->text_length;
}

/** What fcc_call takes for an entry of this image. */
static inline uint32_t fcc_code(const fcc_header_t *image, uint32_t entry)
{
    return (uint32_t)(fcc_text(image) + fcc_entries(image)[entry].offset) | FCC_CODE_BIT;
}

static inline fcc_instance_region_t *fcc_regions(const fcc_instance_t *instance)
{
    return (fcc_instance_region_t *)(uintptr_t)(instance + 1);
}

/** Bytes of an instance, a multiple of 8; the writable block follows it. */
static inline uint32_t fcc_instance_length(const fcc_header_t *image)
{
    uint32_t length = sizeof(fcc_instance_t) + (FCC_FIRST_GRANTED + image->region_count) * sizeof(fcc_instance_region_t)
                      + image->import_count * sizeof(uint32_t);
    return (length + 7u) & ~7u;
}

static inline uint32_t fcc_block_length(const fcc_header_t *image)
{
    return image->data_length + image->bss_length + image->frame_length;
}

/** Makes an instance ready to run: for native text the place where its traps go, for the interpreter the image. */
static inline void fcc_make_ready(const fcc_header_t *image, fcc_instance_t *instance)
{
#if FCC_INTERPRETER
    if (image->arch == FCC_ARCH_EBPF) {
        instance->trap = (uint32_t)(uintptr_t)image;
        return;
    }
#endif
    (void)image;
    instance->trap = (uint32_t)(uintptr_t)fcc_trapped;
}

/** Runs `code` (fcc_code) with the instance's fuel and region table. Returns r0, or if it ended by a trap, what fcc_site takes. */
static inline uint64_t fcc_call(const fcc_header_t *image, fcc_instance_t *instance, uint32_t code, uint32_t context,
                                uint32_t context_length)
{
#if FCC_INTERPRETER
    if (image->arch == FCC_ARCH_EBPF) {
        return fcc_enter((uint32_t)(uintptr_t)instance, (uintptr_t)fcc_interpret, code, instance);
    }
#endif
    (void)image;
    return fcc_enter(context, code, context_length, instance);
}

/** The trap that ended the run from which fcc_call has come back, 0 if it ended well. The instance is ready for the next one. */
static inline uint32_t fcc_take_trap(const fcc_header_t *image, fcc_instance_t *instance)
{
    uint32_t trap = instance->trap;
    if (trap >= FCC_TRAP_LIMIT) {
        return 0;
    }
    fcc_make_ready(image, instance);
    return trap;
}

/** The row that begins with this id, of `count` rows of `words` words; NULL if there is none. */
const void *fcc_row(const void *rows, uint32_t count, uint32_t words, uint32_t id);

/** Number of a trap's site, from the low word of what fcc_call returned; FCC_UNKNOWN if the trap came from elsewhere. */
uint32_t fcc_site(const fcc_header_t *image, uint32_t place);

/** Code of the intrinsics by number, FCC_CODE(...); NULL where this core has no use for one. */
extern void (*const fcc_intrinsics[FCC_INTRINSIC_COUNT])(void);

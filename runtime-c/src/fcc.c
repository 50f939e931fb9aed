/* SPDX-License-Identifier: MIT */
/*
 * Loading and running. Everything here may rely on fcc_check having accepted the image. Some functions are kept apart, as fewer values
 * that live at the same time make shorter code; refusals leave by one way for the same reason.
 */
#include "fcc_core.h"

/* Whether guards are right for a region: it ends below 4 GiB, as they compare offsets modulo 2^32, and is shorter than 2 GiB, as the
 * verifier tells offsets below a region from those inside by their sign. */
static int _is_region(const void *base, uint32_t length)
{
    uint32_t address = (uint32_t)(uintptr_t)base;
    return (int32_t)length >= 0 && address + length >= address && fcc_port_reaches(base, length);
}

const void *fcc_row(const void *rows, uint32_t count, uint32_t words, uint32_t id)
{
    for (const uint32_t *row = rows; count != 0; row += words, count--) {
        if (*row == id) {
            return row;
        }
    }
    return NULL;
}

/* Code of an import, or NULL if the host has no such helper or does not allow it. */
static void (*_resolve(const fcc_host_t *host, uint32_t id))(void)
{
    if (id - FCC_INTRINSIC_BASE < FCC_INTRINSIC_COUNT) {
        return fcc_intrinsics[id - FCC_INTRINSIC_BASE];
    }
    if (host->allowed != NULL && fcc_row(host->allowed, host->allowed_count, 1, id) == NULL) {
        return NULL;
    }
    const fcc_helper_t *helper = fcc_row(host->helpers, host->helper_count, sizeof(fcc_helper_t) / sizeof(uint32_t), id);
    return helper == NULL ? NULL : helper->function;
}

/* Puts the code of imports into the instance. Returns what follows them in the image, or NULL if the host does not give one. */
static const fcc_region_row_t *_link(fcc_container_t *container, const fcc_host_t *host)
{
    const fcc_header_t *h = container->image;
    const fcc_import_t *import = fcc_imports(h);
    uint32_t *slot = (void *)(fcc_regions(container->instance) + container->instance->region_count);
    for (uint32_t i = h->import_count; i != 0; i--) {
        uint32_t id = import++->id;
        void (*code)(void) = _resolve(host, id);
        if (code == NULL || !fcc_port_reaches((const void *)(uintptr_t)code, 0)) {
            container->refused_id = id;
            return NULL;
        }
        *slot++ = (uint32_t)(uintptr_t)code;
    }
    return (const void *)import;
}

/* Fills the region table, but for the address of the block. Returns how many rows are left when a grant does not fit its own. */
static __attribute__((noinline)) uint32_t _set_regions(const fcc_header_t *h, fcc_instance_region_t *region,
                                                       const fcc_region_row_t *row, const fcc_grant_t *grant)
{
    uint32_t left = h->region_count;
    region[FCC_REGION_DATA].rights = FCC_RIGHT_READ | FCC_RIGHT_WRITE;
    region[FCC_REGION_DATA].length = fcc_block_length(h);
    region[FCC_REGION_RODATA].rights = FCC_RIGHT_READ;
    region[FCC_REGION_RODATA].length = h->rodata_length;
    region[FCC_REGION_RODATA].base = (uint32_t)(fcc_data(h) - h->rodata_length);
    region[FCC_REGION_CONTEXT].rights = h->context_rights;
    region[FCC_REGION_CONTEXT].length = 0;
    region += FCC_FIRST_GRANTED;
    for (; left != 0; left--) {
        fcc_grant_t g = *grant++;
        fcc_region_row_t r = *row++;
        if (g.length < r.min_length || g.length > r.max_length || ((uintptr_t)g.base & (r.align - 1u)) != 0
            || (r.rights & ~g.rights) != 0 || !_is_region(g.base, g.length)) {
            break;
        }
        *region++ = (fcc_instance_region_t){ (uint32_t)(uintptr_t)g.base, g.length, r.rights };
    }
    return left;
}

#if FCC_INTERPRETER
/* Whether text that fcc_check_ebpf has accepted keeps what the host wants kept of the context: both lists are as in interp.c. */
static int _keeps_context(const fcc_header_t *h, const uint32_t *wanted)
{
    const uint32_t *own = (const void *)(fcc_text(h) + h->trap_table + h->trap_count * sizeof(uint32_t));
    if (wanted == NULL || (h->context_rights & FCC_RIGHT_WRITE) == 0) {
        return (h->context_rights & FCC_RIGHT_WRITE) == 0;
    }
    for (uint32_t i = 1; i <= 2u * wanted[0]; i += 2) {
        uint32_t k = 1;
        while (k <= 2u * own[0] && (wanted[i] < own[k] || wanted[i] + wanted[i + 1] > own[k] + own[k + 1])) {
            k += 2;
        }
        if (k > 2u * own[0]) {
            return 0;
        }
    }
    return 1;
}
#endif

uint32_t fcc_size(const void *image)
{
    return fcc_instance_length(image) + fcc_block_length(image);
}

void fcc_reset(fcc_container_t *container)
{
    const fcc_header_t *h = container->image;
    const fcc_instance_region_t *block = &fcc_regions(container->instance)[FCC_REGION_DATA];
    uint64_t *to = (void *)(uintptr_t)block->base;
    const uint64_t *end = (const void *)((uintptr_t)to + block->length);
    const uint64_t *data_end = (const void *)((uintptr_t)h + h->total_length);
    const uint64_t *data = (const void *)((uintptr_t)data_end - h->data_length);
    while (data != data_end) {
        *to++ = *data++;
    }
    /* The frames too: what an earlier run or owner left there is none of the program's business. */
    while (to != end) {
        *to++ = 0;
    }
}

int fcc_load(fcc_container_t *container, const void *image, size_t length, void *memory, size_t memory_length,
             const fcc_host_t *host, const fcc_grant_t *grants, uint32_t grant_count, uint32_t host_word)
{
    const fcc_header_t *h = image;
    fcc_instance_t *instance = memory;
    uint32_t why = -fcc_check(image, length);
    if (why != 0) {
        goto refuse;
    }
    why = -FCC_E_TARGET;
    /* A port without an instruction set of its own has the number 0, which a damaged image may have too. */
    int is_native = FCC_THIS_ARCH != 0 && h->arch == FCC_THIS_ARCH;
    if ((!is_native && !(FCC_INTERPRETER && h->arch == FCC_ARCH_EBPF)) || (h->features & ~host->features) != 0) {
        goto refuse;
    }
#if FCC_INTERPRETER
    if (h->arch == FCC_ARCH_EBPF) {
        why = -FCC_E_TEXT;
        if (!fcc_check_ebpf(h, (const void *)fcc_text(h))) {
            goto refuse;
        }
        why = -FCC_E_CONTEXT;
        if (!_keeps_context(h, host->context_kept)) {
            goto refuse;
        }
        /* It has to say so itself: stacks of threads are made as long as the header says. */
        why = -FCC_E_STACK;
        if (h->stack_length < FCC_INTERPRETER_STACK) {
            goto refuse;
        }
    }
#endif
    why = -FCC_E_UNALIGNED;
    if (((uintptr_t)memory & 7u) != 0) {
        goto refuse;
    }
    why = -FCC_E_MEMORY;
    uint32_t size = fcc_size(h);
    if (memory_length < size || !fcc_port_reaches(image, length) || !fcc_port_reaches(memory, memory_length)) {
        goto refuse;
    }
    why = -FCC_E_STACK;
    if (h->stack_length > host->stack_length) {
        goto refuse;
    }
    container->image = h;
    container->instance = instance;
    instance->fuel = 0;
    instance->region_count = FCC_FIRST_GRANTED + h->region_count;
    instance->host = host_word;
    fcc_make_ready(h, instance);
    why = -FCC_E_HELPER;
    const fcc_region_row_t *row = _link(container, host);
    if (row == NULL) {
        goto refuse;
    }
    why = -FCC_E_GRANT;
    fcc_instance_region_t *region = fcc_regions(instance);
    if (grant_count != h->region_count || _set_regions(h, region, row, grants) != 0) {
        goto refuse;
    }
    /* Behind the instance. Memory and image are objects of the host: they end below 4 GiB. */
    region[FCC_REGION_DATA].base = (uint32_t)(uintptr_t)memory + size - region[FCC_REGION_DATA].length;
    fcc_reset(container);
    why = 0;
refuse:
    return -(int)why;
}

int fcc_find(const fcc_container_t *container, uint32_t name_hash)
{
    const fcc_entry_t *entry = fcc_entries(container->image);
    int count = container->image->entry_count;
    for (int i = 0; i != count; i++, entry++) {
        if (entry->name_hash == name_hash) {
            return i;
        }
    }
    return FCC_E_NO_ENTRY;
}

uint32_t fcc_site(const fcc_header_t *h, uint32_t place)
{
#if FCC_INTERPRETER
    if (h->arch == FCC_ARCH_EBPF) {
        return place - 1u; /* the slot's number and 1 */
    }
#endif
    /* 3 or 4 bytes behind the start of the site. 0 is none: its site would lie where memory ends. */
    uint32_t site = (place - (uint32_t)(fcc_text(h) + h->trap_table) - FCC_CODE_BIT - 1u) / 4u;
    return site < h->trap_count ? site : FCC_UNKNOWN;
}

int fcc_run(fcc_container_t *container, uint32_t entry, void *context, uint32_t context_length, uint32_t fuel,
            fcc_result_t *result)
{
    const fcc_header_t *h = container->image;
    fcc_instance_t *instance = container->instance;
    fcc_instance_region_t *region = fcc_regions(instance);
    uint32_t why = -FCC_E_NO_ENTRY;
    if (entry >= h->entry_count) {
        goto refuse;
    }
    why = -FCC_E_CONTEXT;
    if ((h->context_length != FCC_UNKNOWN && h->context_length != context_length)
        || ((uintptr_t)context & (h->context_align - 1u)) != 0 || !_is_region(context, context_length)) {
        goto refuse;
    }
    region[FCC_REGION_CONTEXT].base = (uint32_t)(uintptr_t)context;
    region[FCC_REGION_CONTEXT].length = context_length;
    instance->fuel = fuel;
    /* Rodata lies behind the text. */
    uint32_t code = (region[FCC_REGION_RODATA].base - h->text_length + fcc_entries(h)[entry].offset) | FCC_CODE_BIT;
    result->trap = 0;
    result->site = FCC_UNKNOWN;
    result->value = fcc_call(h, instance, code, (uint32_t)(uintptr_t)context, context_length);
    uint32_t trap = fcc_take_trap(h, instance);
    if (trap != 0) {
        result->trap = trap;
        result->site = fcc_site(h, (uint32_t)result->value);
        result->value = 0;
    }
    why = 0;
refuse:
    return -(int)why;
}

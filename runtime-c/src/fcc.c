/* SPDX-License-Identifier: MIT */
/* Loading and running. Everything here may rely on fcc_validate having accepted the image. */
#include "interp.h"

#define THUNK(id, name) FCC_THUNK(fcc_##name);
FCC_LINKED_INTRINSICS(THUNK)

static const fcc_entry_t *_entries(const fcc_header_t *h)
{
    return (const void *)(h + 1);
}

static const fcc_import_t *_imports(const fcc_header_t *h)
{
    return (const void *)(_entries(h) + h->entry_count);
}

static const fcc_region_row_t *_rows(const fcc_header_t *h)
{
    return (const void *)(_imports(h) + h->import_count);
}

static uintptr_t _text(const fcc_header_t *h)
{
    return ((uintptr_t)(_rows(h) + h->region_count) + 7u) & ~(uintptr_t)7u;
}

static fcc_instance_region_t *_regions(fcc_instance_t *instance)
{
    return (void *)(instance + 1);
}

static uint32_t _instance_length(const fcc_header_t *h)
{
    uint32_t length = sizeof(fcc_instance_t) + (FCC_FIRST_GRANTED + h->region_count) * sizeof(fcc_instance_region_t)
                      + h->import_count * sizeof(uint32_t);
    return (length + 7u) & ~7u;
}

static uint32_t _block_length(const fcc_header_t *h)
{
    return h->data_length + h->bss_length + h->frame_length;
}

/* Fills a row of the region table. Fails if the region would wrap around the end of memory, or is of 2 GiB and more: guards
 * compare offsets modulo 2^32, and the verifier tells offsets below a region from those inside by their sign. */
static int _set_region(fcc_instance_region_t *region, uint32_t base, uint32_t length, uint32_t rights)
{
    if (length > (uint32_t)INT32_MAX || length > UINT32_MAX - base) {
        return 0;
    }
    region->base = base;
    region->length = length;
    region->rights = rights;
    return 1;
}

static int _is_allowed(const fcc_host_t *host, uint32_t id)
{
    if (host->allowed == NULL) {
        return 1;
    }
    for (uint32_t i = 0; i < host->allowed_count; i++) {
        if (host->allowed[i] == id) {
            return 1;
        }
    }
    return 0;
}

static void (*_intrinsic(uint32_t id))(void)
{
    switch (id) {
#define CASE(id, name) \
    case id:           \
        return FCC_CODE(fcc_##name);
        FCC_LINKED_INTRINSICS(CASE)
#undef CASE
    default:
        return NULL;
    }
}

/* Code of an import, or NULL if the host has no such helper or does not allow it. */
static void (*_resolve(const fcc_host_t *host, uint32_t id))(void)
{
    if (id >= FCC_INTRINSIC_BASE) {
        return _intrinsic(id);
    }
    if (!_is_allowed(host, id)) {
        return NULL;
    }
    for (uint32_t i = 0; i < host->helper_count; i++) {
        if (host->helpers[i].id == id) {
            return host->helpers[i].function;
        }
    }
    return NULL;
}

uint32_t fcc_size(const void *image)
{
    const fcc_header_t *h = image;
    return _instance_length(h) + _block_length(h);
}

void fcc_reset(fcc_container_t *container)
{
    const fcc_header_t *h = container->image;
    const uint32_t *data = (const void *)(_text(h) + h->text_length + h->rodata_length);
    uint32_t *block = (void *)((uint8_t *)container->instance + _instance_length(h));
    uint32_t words = h->data_length / 4u;
    for (uint32_t i = 0; i < words; i++) {
        block[i] = data[i];
    }
    /* The frames too: what an earlier run or owner left there is none of the program's business. */
    for (uint32_t i = words; i < _block_length(h) / 4u; i++) {
        block[i] = 0;
    }
}

static int _grant(fcc_container_t *container, const fcc_grant_t *grants, uint32_t count)
{
    const fcc_header_t *h = container->image;
    fcc_instance_region_t *region = _regions(container->instance) + FCC_FIRST_GRANTED;
    if (count != h->region_count) {
        return FCC_E_GRANT;
    }
    for (uint32_t i = 0; i < count; i++) {
        const fcc_region_row_t *row = &_rows(h)[i];
        uint32_t base = (uint32_t)(uintptr_t)grants[i].base;
        if (grants[i].length < row->min_length || grants[i].length > row->max_length || (base & (row->align - 1u)) != 0
            || (row->rights & ~grants[i].rights) != 0 || !_set_region(&region[i], base, grants[i].length, row->rights)) {
            return FCC_E_GRANT;
        }
    }
    return 0;
}

int fcc_load(fcc_container_t *container, const void *image, size_t length, void *memory, size_t memory_length,
             const fcc_host_t *host, const fcc_grant_t *grants, uint32_t grant_count, uint32_t host_word)
{
    const fcc_header_t *h = image;
    int status = fcc_validate(image, length);
    if (status != 0) {
        return status;
    }
    int is_ebpf = FCC_INTERPRETER && h->arch == FCC_ARCH_EBPF;
    if ((h->arch != FCC_THIS_ARCH && !is_ebpf) || (h->features & ~host->features) != 0) {
        return FCC_E_TARGET;
    }
#if FCC_INTERPRETER
    if (is_ebpf && !fcc_check_ebpf(h, (const void *)_text(h))) {
        return FCC_E_TEXT;
    }
#endif
    if (((uintptr_t)memory & 7u) != 0) {
        return FCC_E_UNALIGNED;
    }
    if (memory_length < fcc_size(image)) {
        return FCC_E_MEMORY;
    }
    if (h->stack_length > host->stack_length) {
        return FCC_E_STACK;
    }
    fcc_instance_t *instance = memory;
    fcc_instance_region_t *region = _regions(instance);
    container->image = h;
    container->instance = instance;
    instance->region_count = FCC_FIRST_GRANTED + h->region_count;
    instance->host = host_word;
    instance->fuel = 0;
    uint32_t *import = (void *)(region + instance->region_count);
    for (uint32_t i = 0; i < h->import_count; i++) {
        void (*code)(void) = _resolve(host, _imports(h)[i].id);
        if (code == NULL) {
            container->refused_id = _imports(h)[i].id;
            return FCC_E_HELPER;
        }
        import[i] = (uint32_t)(uintptr_t)code;
    }
    uint32_t block = (uint32_t)(uintptr_t)memory + _instance_length(h);
    uint32_t rodata = (uint32_t)(_text(h) + h->text_length);
    if (!_set_region(&region[FCC_REGION_DATA], block, _block_length(h), FCC_RIGHT_READ | FCC_RIGHT_WRITE)
        || !_set_region(&region[FCC_REGION_RODATA], rodata, h->rodata_length, FCC_RIGHT_READ)
        || !_set_region(&region[FCC_REGION_CONTEXT], 0, 0, h->context_rights)) {
        return FCC_E_MEMORY;
    }
    status = _grant(container, grants, grant_count);
    if (status == 0) {
        fcc_reset(container);
    }
    return status;
}

int fcc_find(const fcc_container_t *container, uint32_t name_hash)
{
    for (uint32_t i = 0; i < container->image->entry_count; i++) {
        if (_entries(container->image)[i].name_hash == name_hash) {
            return (int)i;
        }
    }
    return FCC_E_NO_ENTRY;
}

int fcc_run(fcc_container_t *container, uint32_t entry, void *context, uint32_t context_length, uint32_t fuel,
            fcc_result_t *result)
{
    const fcc_header_t *h = container->image;
    uint32_t address = (uint32_t)(uintptr_t)context;
    if (entry >= h->entry_count) {
        return FCC_E_NO_ENTRY;
    }
    if ((h->context_length != FCC_UNKNOWN && h->context_length != context_length)
        || (address & (h->context_align - 1u)) != 0
        || !_set_region(&_regions(container->instance)[FCC_REGION_CONTEXT], address, context_length, h->context_rights)) {
        return FCC_E_CONTEXT;
    }
    uint32_t arguments[4] = { address, 0, context_length, 0 };
    uint32_t out[3] = { 0, 0, 0 };
    uintptr_t code = (_text(h) + _entries(h)[entry].offset) | FCC_CODE_BIT;
#if FCC_INTERPRETER
    if (h->arch == FCC_ARCH_EBPF) {
        arguments[0] = (uint32_t)(uintptr_t)container;
        arguments[1] = _entries(h)[entry].offset;
        arguments[2] = address;
        arguments[3] = context_length;
        code = (uintptr_t)fcc_interpret;
    }
#endif
    container->instance->fuel = fuel;
    result->trap = fcc_enter(container->instance, code, arguments, out);
    result->value = result->trap != 0 ? 0 : ((uint64_t)out[1] << 32) | out[0];
    /* 3 or 4 bytes behind the start of the site. */
    uint32_t site = (out[2] & ~FCC_CODE_BIT) - (uint32_t)(_text(h) + h->trap_table) - 1u;
    result->site = result->trap != 0 && out[2] != 0 && site / 4u < h->trap_count ? site / 4u : FCC_UNKNOWN;
#if FCC_INTERPRETER
    if (h->arch == FCC_ARCH_EBPF && result->trap != 0) {
        result->site = container->instance->trap;
    }
#endif
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Images at work between red zones. AddressSanitizer sees every access of loader, interpreter and helpers: all of the arena is poisoned but
 * what this try hands out. What a container may not write although it lies in its memory (image, region table, import
 * addresses, read-only regions and parts of the context) is compared afterwards.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sanitizer/asan_interface.h>
#include <fcc_hooks.h>
#include "world.h"

#define ARENA_SIZE (1u << 19)
#define RED_ZONE   64u
#define MAX_LENGTH 4096u /* of context and of each region */
#define MAX_MEMORY 65536u
#define MAX_STACK  4096u
#define MAX_FUEL   256u
#define STORE_ROWS 6u
#define QUOTA_ROWS 4u

static uint8_t arena[ARENA_SIZE] __attribute__((aligned(16)));
static uint32_t arena_used;

static fcc_store_row_t store_rows[STORE_ROWS];
static fcc_store_t store = { store_rows, STORE_ROWS, NULL };
static const fcc_tenant_info_t tenant_info = {
    .id = 1, .store = &store, .ram = 2u * MAX_MEMORY, .time = 100000, .containers = 1, .store_rows = QUOTA_ROWS
};

/* What a host that says so keeps of the context, whatever the image says: with this bit of fuzz_choice_t.runs. */
#define KEEPS 16u

static const uint32_t *_kept(const fuzz_choice_t *choice)
{
    static const uint32_t kept[2][3] = { { 0 }, { 1, 4, 4 } };
    return kept[(choice->runs & KEEPS) != 0];
}

/* Copies of what a run must leave as it is. */
static struct {
    uint8_t image[FUZZ_MAX_IMAGE];
    uint8_t context[MAX_LENGTH];
    uint8_t table[(FCC_FIRST_GRANTED + FCC_MAX_REGIONS) * sizeof(fcc_instance_region_t) + FUZZ_MAX_IMAGE];
} before;

void fuzz_fail(const char *what)
{
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

/* Hands out memory whose address is `align` modulo 8; NULL: too much. Only the arena's own bytes of it can be touched. */
static uint8_t *_take(uint32_t length, uint32_t align)
{
    uint32_t at = ((arena_used + RED_ZONE + 7u) & ~7u) + (align & 7u);
    if (at > ARENA_SIZE - RED_ZONE || length > ARENA_SIZE - RED_ZONE - at) {
        return NULL;
    }
    arena_used = at + length;
    ASAN_UNPOISON_MEMORY_REGION(arena + at, length);
    return arena + at;
}

/* Something to read that differs from byte to byte, and is no address. */
static uint8_t _painted(uint32_t i)
{
    return (uint8_t)(i * 37u + 11u);
}

static void _paint(uint8_t *bytes, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        bytes[i] = _painted(i);
    }
}

void fuzz_repair(uint8_t *image, size_t length)
{
    fcc_header_t *h = (void *)image;
    if (length < sizeof(*h)) {
        return;
    }
    h->magic = FCC_IMAGE_MAGIC;
    h->version = FCC_IMAGE_VERSION;
    h->header_length = sizeof(*h);
    h->total_length = (uint32_t)length;
    h->arch = FCC_ARCH_EBPF;
    h->features = 0;
    /* Text gets what the other parts leave. */
    uint64_t tables = sizeof(*h) + (uint64_t)h->entry_count * sizeof(fcc_entry_t) + (uint64_t)h->import_count * sizeof(fcc_import_t)
                      + (uint64_t)h->region_count * sizeof(fcc_region_row_t);
    uint64_t others = ((tables + 7u) & ~(uint64_t)7u) + h->rodata_length + h->data_length;
    if (others < length) {
        h->text_length = (uint32_t)(length - others);
    }
    fcc_entry_t *entry = (void *)(h + 1);
    for (uint32_t i = 0; i < h->entry_count && (uint8_t *)(entry + i + 1) <= image + length; i++) {
        uint32_t name_length = 0;
        while (name_length < FCC_ENTRY_NAME_LENGTH && entry[i].name[name_length] != 0) {
            name_length++;
        }
        if (name_length < FCC_ENTRY_NAME_LENGTH - 1u) {
            entry[i].name_hash = fcc_crc32(0, entry[i].name, name_length);
        }
    }
    h->checksum = 0;
    h->checksum = fcc_crc32(0, image, (uint32_t)length);
}

static const uint8_t *_tables_end(const fcc_header_t *h)
{
    return (const uint8_t *)(h + 1) + h->entry_count * sizeof(fcc_entry_t) + h->import_count * sizeof(fcc_import_t)
           + h->region_count * sizeof(fcc_region_row_t);
}

static const fcc_region_row_t *_rows(const fcc_header_t *h)
{
    return (const fcc_region_row_t *)(const void *)_tables_end(h) - h->region_count;
}

/* Whether the bytes of the context that the image itself says it keeps are as they were. */
static int _context_kept(const fcc_header_t *h, const uint8_t *context, uint32_t length)
{
    uintptr_t text = ((uintptr_t)_tables_end(h) + 7u) & ~(uintptr_t)7u;
    const uint32_t *own = (const uint32_t *)(text + h->trap_table) + h->trap_count;
    uint32_t count = *own++;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t from = own[2u * i];
        uint32_t to = from + own[2u * i + 1u] < length ? from + own[2u * i + 1u] : length;
        if (from < to && memcmp(context + from, before.context + from, to - from) != 0) {
            return 0;
        }
    }
    return h->context_rights != FCC_RIGHT_READ || length == 0 || memcmp(context, before.context, length) == 0;
}

/* Rows that containers pay for, and those whose owner is `owner`. */
static uint32_t _count_rows(const void *owner, uint32_t *owned)
{
    uint32_t paid = 0;
    for (uint32_t i = 0; i < STORE_ROWS; i++) {
        paid += store_rows[i].payer != NULL;
        *owned += store_rows[i].payer != NULL && store_rows[i].owner == owner;
    }
    return paid;
}

static void _run(fcc_hook_t *hook, fcc_slot_t *slot, const fuzz_choice_t *choice, uint8_t *context, uint32_t context_length)
{
    const fcc_header_t *h = slot->image;
    fcc_instance_t *instance = fcc_instance_of(slot);
    fcc_instance_region_t *rows = (void *)(instance + 1);
    uint32_t table_length = instance->region_count * (uint32_t)sizeof(*rows) + h->import_count * 4u;
    uint32_t region_count = instance->region_count;
    fcc_result_t result = { 0, 0, FCC_UNKNOWN };
    fcc_status_t status;
    uint32_t owned = 0;
    rows[FCC_REGION_CONTEXT].base = (uint32_t)(uintptr_t)context;
    rows[FCC_REGION_CONTEXT].length = context_length;
    memcpy(before.table, rows, table_length);
    if (context_length != 0) {
        memcpy(before.context, context, context_length);
    }
    fcc_tenant_period(slot->tenant);
    if ((choice->runs & 4u) != 0) {
        fcc_hook_run(hook, context, context_length, NULL);
    }
    else {
        int ran = fcc_slot_run(hook, slot, context, context_length, choice->fuel % MAX_FUEL, &result);
        if (ran != 0 && ran != FCC_E_STOPPED && ran != FCC_E_CONTEXT) {
            fuzz_fail("an installed image does not run");
        }
    }
    fcc_status(slot, &status);
    if (result.trap > FCC_TRAP_KILLED || (result.trap != 0 && result.value != 0) || status.trap > FCC_TRAP_KILLED
        || (status.site != FCC_UNKNOWN && status.site >= h->trap_table / 8u) || status.state == FCC_STATE_RUNNING) {
        fuzz_fail("an impossible result");
    }
    if (memcmp(before.table, rows, table_length) != 0 || instance->region_count != region_count) {
        fuzz_fail("the instance was written");
    }
    if ((choice->runs & KEEPS) != 0 && context_length >= 8 && memcmp(context + 4, before.context + 4, 4) != 0) {
        fuzz_fail("what the host keeps of the context was written");
    }
    if (context_length != 0 && !_context_kept(h, context, context_length)) {
        fuzz_fail("a read-only part of the context was written");
    }
    if (_count_rows(slot, &owned) != slot->tenant->store_rows || slot->tenant->store_rows > QUOTA_ROWS) {
        fuzz_fail("rows of the store and the tenant's count of them differ");
    }
}

static int _make_grants(const fuzz_choice_t *choice, const fcc_header_t *h, fcc_grant_t *grants)
{
    const fcc_region_row_t *rows = _rows(h);
    for (uint32_t i = 0; i < h->region_count; i++) {
        uint32_t wanted = rows[i].min_length < MAX_LENGTH - 256u ? rows[i].min_length + choice->region_length : 0;
        if (wanted > rows[i].max_length && (choice->region_length & 1u) == 0) {
            wanted = rows[i].max_length;
        }
        uint8_t *base = _take(wanted, rows[i].align);
        if (base == NULL) {
            return FCC_E_GRANT;
        }
        _paint(base, wanted);
        grants[i] = (fcc_grant_t){ base, wanted, (choice->flags >> (4u + i % 4u) & 1u) != 0 ? 3u : rows[i].rights };
    }
    return 0;
}

static int _install(fcc_hook_t *hook, fcc_tenant_t *tenant, const fcc_header_t *h, uint32_t entry, fcc_slot_t **slot)
{
    uint32_t need = fcc_slot_size(h);
    uint8_t *memory = need <= MAX_MEMORY ? _take(need, 0) : NULL;
    if (memory == NULL) {
        return FCC_E_MEMORY;
    }
    _paint(memory, need);
    fcc_install_t what = { .image = h, .length = h->total_length, .memory = memory, .memory_length = need };
    what.entry = ((const fcc_entry_t *)(const void *)(h + 1))[entry % h->entry_count].name_hash;
    return *slot == NULL ? fcc_install(hook, tenant, &what, slot) : fcc_replace(hook, *slot, &what, slot);
}

/* Without a hook, as firmware does that has none: then no helper may look for a slot. */
static void _run_alone(const fuzz_choice_t *choice, const fcc_header_t *h, const fcc_grant_t *grants, uint8_t *context, uint32_t length)
{
    static const uint32_t allowed[] = { 0x1, 0x2, 0x5, 0x20, 0x30, 0x31, 0x32, 0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x60, 0x200, 0x201 };
    static const uint32_t kept[] = { 0 };
    const fcc_host_t host = { fuzz_helpers, fuzz_helper_count, allowed, sizeof(allowed) / sizeof(allowed[0]), 0, MAX_STACK, kept };
    fcc_container_t container;
    fcc_result_t result;
    uint32_t need = fcc_size(h);
    uint8_t *memory = need <= MAX_MEMORY ? _take(need, 0) : NULL;
    if (memory == NULL || fcc_load(&container, h, h->total_length, memory, need, &host, grants, h->region_count, 0) != 0) {
        return;
    }
    int entry = fcc_find(&container, ((const fcc_entry_t *)(const void *)(h + 1))[choice->entry % h->entry_count].name_hash);
    if (entry < 0 || fcc_run(&container, h->entry_count, context, length, choice->fuel % MAX_FUEL, &result) != FCC_E_NO_ENTRY) {
        fuzz_fail("entries are not found, or one too many");
    }
    int status = fcc_run(&container, (uint32_t)entry, context, length, choice->fuel % MAX_FUEL, &result);
    if (status == 0 && (result.trap > FCC_TRAP_KILLED || (result.trap != 0 && result.value != 0))) {
        fuzz_fail("an impossible result");
    }
    fcc_reset(&container);
}

static int _try(const fuzz_choice_t *choice, const uint8_t *image, uint32_t length)
{
    static fcc_grant_t grants[FCC_MAX_REGIONS];
    const fcc_header_t *h = (const void *)image;
    fcc_tenant_t tenant = { .info = &tenant_info };
    fcc_slot_t *slot = NULL;
    uint8_t *context = NULL;
    uint32_t context_length = 0;
    /* fcc_install looks at the checksum too. */
    int status = fcc_check(image, length);
    if (status == 0) {
        status = _make_grants(choice, h, grants);
    }
    if (status != 0) {
        return status;
    }
    const fcc_hook_info_t info = {
        .id = 7,
        .contract_hash = h->contract_hash,
        .host = { fuzz_helpers, fuzz_helper_count, NULL, 0, 0, MAX_STACK, _kept(choice) },
        .grants = grants,
        .grant_count = h->region_count,
        .context_length = h->context_length,
        .fuel = choice->fuel % MAX_FUEL,
        .trap_limit = 3,
        .context_align = h->context_align,
        .flags = (choice->flags & FUZZ_RESET) != 0 ? FCC_HOOK_RESET : 0,
    };
    fcc_hook_t hook = { &info, NULL, NULL };
    memset(store_rows, 0, sizeof(store_rows));
    status = _install(&hook, &tenant, h, choice->entry, &slot);
    if (status != 0) {
        if (tenant.ram != 0 || tenant.containers != 0 || hook.first != NULL) {
            fuzz_fail("a refused image has left something");
        }
        return status;
    }
    if ((choice->flags & FUZZ_NO_CONTEXT) == 0) {
        context_length = h->context_length == FCC_UNKNOWN ? choice->context_length : h->context_length;
        context = context_length <= MAX_LENGTH ? _take(context_length, choice->context_align) : NULL;
        if (context == NULL) {
            return FCC_E_CONTEXT;
        }
        _paint(context, context_length);
    }
    for (uint32_t i = 0; i <= (choice->runs & 3u); i++) {
        _run(&hook, slot, choice, context, context_length);
    }
    if ((choice->flags & FUZZ_REPLACE) != 0 && _install(&hook, &tenant, h, choice->entry, &slot) == 0) {
        _run(&hook, slot, choice, context, context_length);
        fcc_restart(slot);
    }
    for (uint32_t i = 0; i < h->region_count; i++) {
        const uint8_t *byte = grants[i].base;
        for (uint32_t k = 0; (_rows(h)[i].rights & FCC_RIGHT_WRITE) == 0 && k < grants[i].length; k++) {
            if (byte[k] != _painted(k)) {
                fuzz_fail("a read-only region was written");
            }
        }
    }
    if ((choice->runs & 8u) != 0) {
        _run_alone(choice, h, grants, context, context_length);
    }
    uint32_t owned = 0;
    if (fcc_uninstall(&hook, slot) != 0 || tenant.ram != 0 || tenant.containers != 0 || hook.first != NULL
        || _count_rows(slot, &owned) != tenant.store_rows || owned != 0) {
        fuzz_fail("an uninstalled container has left something");
    }
    return 0;
}

/* How many images were tried, and how many of them ran: a fuzzer whose inputs are all refused finds nothing. */
static struct {
    uint64_t tried;
    uint64_t ran;
} counts;

static __attribute__((destructor)) void _report(void)
{
    fprintf(stderr, "fuzz: %llu of %llu images ran\n", (unsigned long long)counts.ran, (unsigned long long)counts.tried);
}

int fuzz_image(const fuzz_choice_t *choice, const uint8_t *bytes, size_t length)
{
    if (length > FUZZ_MAX_IMAGE) {
        return FCC_E_LENGTH;
    }
    /* At first all of it, later what the try before has used. */
    ASAN_POISON_MEMORY_REGION(arena, arena_used == 0 ? ARENA_SIZE : arena_used);
    arena_used = 0;
    uint8_t *image = _take((uint32_t)length, 0);
    if (length != 0) {
        memcpy(image, bytes, length);
        if ((choice->flags & FUZZ_REPAIR) != 0) {
            fuzz_repair(image, length);
        }
        memcpy(before.image, image, length);
    }
    int status = _try(choice, image, (uint32_t)length);
    if (length != 0 && memcmp(before.image, image, length) != 0) {
        fuzz_fail("the image was written");
    }
    counts.tried++;
    counts.ran += status == 0;
    return status;
}

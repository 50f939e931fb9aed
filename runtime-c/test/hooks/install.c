/* SPDX-License-Identifier: MIT */
/* Installing: what is refused and why, quotas, order, replacing, uninstalling. */
#include "world.h"

/* Tries what must be refused: nothing is to change but the memory that was offered. */
static void _refused(int line, fcc_hook_t *hook, int want)
{
    fcc_slot_t *slot = NULL;
    fcc_slot_t *first = hook->first;
    fcc_tenant_t before = world.tenant[0];
    check(__FILE__, line, fcc_install(hook, &world.tenant[0], &world.what, &slot), want);
    check(__FILE__, line, slot == NULL, 1);
    check(__FILE__, line, hook->first == first, 1);
    check(__FILE__, line, world.tenant[0].ram, before.ram);
    check(__FILE__, line, world.tenant[0].containers, before.containers);
}
#define REFUSED(hook, want) _refused(__LINE__, hook, want)

static void _sizes(void)
{
    const fcc_header_t *h = (const void *)IMAGE_TEST;
    const fcc_header_t *small = (const void *)IMAGE_OTHER;
    EQUAL(fcc_slot_size(h), sizeof(fcc_slot_t) + fcc_size(h));
    EQUAL(sizeof(fcc_slot_t) % 8, 0);
    /* An instance: five words, three regions and the one lent, imports. */
    EQUAL(fcc_size(small) - small->data_length - small->bss_length - small->frame_length,
          (20u + 4 * 12u + 4u * small->import_count + 7u) & ~7u);
    if (sizeof(void *) == 4) {
        EQUAL(sizeof(fcc_slot_t), 32);
    }
}

static void _image(void)
{
    static uint64_t copy[sizeof(IMAGE_TEST) / 8];
    fcc_header_t *h = (void *)copy;
    for (uint32_t i = 0; i < sizeof(copy) / 8; i++) {
        copy[i] = ((const uint64_t *)(const void *)IMAGE_TEST)[i];
    }
    what(copy, sizeof(copy), 0, 0);
    h->checksum ^= 1;
    REFUSED(&world.hook, FCC_E_CHECKSUM);
    h->checksum ^= 1;
    h->magic++;
    REFUSED(&world.hook, FCC_E_MAGIC);
    h->magic--;
    world.what.length -= 8;
    REFUSED(&world.hook, FCC_E_LENGTH);
    world.what.length += 8;
    world.what.image = (const uint8_t *)copy + 4;
    REFUSED(&world.hook, FCC_E_UNALIGNED);
    WHAT(TEST, 0x12345678, 0);
    REFUSED(&world.hook, FCC_E_NO_ENTRY);
    WHAT(TEST, 0, 0)->memory_length = fcc_slot_size(IMAGE_TEST) - 1;
    REFUSED(&world.hook, FCC_E_MEMORY);
    WHAT(TEST, 0, 0)->memory_length = 8;
    REFUSED(&world.hook, FCC_E_MEMORY);
    WHAT(TEST, 0, 0)->memory = (uint8_t *)places[0] + 4;
    REFUSED(&world.hook, FCC_E_UNALIGNED);
    WHAT(TEST, 0, 0);
    world.info.host.stack_length = ((const fcc_header_t *)(const void *)IMAGE_TEST)->stack_length - 1;
    REFUSED(&world.hook, FCC_E_STACK);
    world.info.host.stack_length++;
    if (((const fcc_header_t *)(const void *)IMAGE_TEST)->features != 0) {
        world.info.host.features = 0;
        REFUSED(&world.hook, FCC_E_TARGET);
        world.info.host.features = FEATURES;
    }
    fcc_slot_t *slot = NULL;
    WHAT(TEST, 0, 0)->memory_length = fcc_slot_size(IMAGE_TEST);
    EQUAL(fcc_install(&world.hook, &world.tenant[0], &world.what, &slot), 0);
}

static void _contract(void)
{
    WHAT(OPEN, 0, 0);
    REFUSED(&world.hook, FCC_E_CONTRACT);
    WHAT(TEST, 0, 0);
    REFUSED(&world.open, FCC_E_CONTRACT);
    /* The same checksum by chance: what text relies on is compared all the same. */
    world.open_info.contract_hash = HASH_TEST;
    world.open_info.context_align = 4;
    REFUSED(&world.open, FCC_E_CONTEXT);
    world.open_info.context_length = 9;
    REFUSED(&world.open, FCC_E_CONTEXT);
    world.open_info.context_length = 8;
    world.open_info.context_align = 2;
    REFUSED(&world.open, FCC_E_CONTEXT);
    world.open_info.context_align = 4;
    REFUSED(&world.open, FCC_E_GRANT);
    world.open_info.grant_count = 1;
    world.grant.length--;
    REFUSED(&world.open, FCC_E_GRANT);
    world.grant.length++;
    world.grant.rights = FCC_RIGHT_READ;
    REFUSED(&world.open, FCC_E_GRANT);
}

static void _rights(void)
{
    static const fcc_hook_right_t no_region[] = { { 0x1002, 1 }, { 0x1001, 2 } };
    static const fcc_hook_right_t all[] = { { 0x1001, 1 } };
    WHAT(TEST, 0, 0);
    world.tenant_info[0].hooks = all; /* of none */
    REFUSED(&world.hook, FCC_E_RIGHTS);
    world.tenant_info[0].hooks = no_region;
    world.tenant_info[0].hook_count = 2;
    REFUSED(&world.hook, FCC_E_RIGHTS);
    world.tenant_info[0].hooks = all;
    world.tenant_info[0].hook_count = 1;
    put(ENTRY_ZERO, 0, 0, 0);
    WHAT(OPEN, 0, 1);
    REFUSED(&world.open, FCC_E_RIGHTS);
    world.tenant_info[0].hooks = no_region;
    world.tenant_info[0].hook_count = 2;
    fcc_slot_t *slot = NULL;
    WHAT(OPEN, 0, 1);
    EQUAL(fcc_install(&world.open, &world.tenant[0], &world.what, &slot), 0);
}

/* What a container may call: what it asks for, if the firmware has it, the hook allows it and its tenant may. */
static void _helpers(void)
{
    static const uint32_t ids[] = { 0x20, 0x10, 0x1, 0x11, 0x12, 0x13, 0x100, 0x101, 0x102, 0x103, 0x104, 0x201, 0x200 };
    const uint32_t count = sizeof(ids) / sizeof(ids[0]);
    world.info.host.allowed = ids;
    world.info.host.allowed_count = count - 1;
    WHAT(TEST, 0, 0);
    REFUSED(&world.hook, FCC_E_HELPER);
    EQUAL(world.what.refused, 0x200);
    world.info.host.allowed_count = count;
    world.tenant_info[0].helpers = ids + 1;
    world.tenant_info[0].helper_count = count - 1;
    EQUAL(call(put(ENTRY_DIVIDE, 0, 0, 0), 0xffffffffu, 0), 0x100000001);
    EQUAL(world.what.refused, 0);
    world.tenant_info[0].helpers = ids + 2;
    world.tenant_info[0].helper_count = count - 2;
    WHAT(TEST, 0, 1);
    REFUSED(&world.hook, FCC_E_HELPER);
    EQUAL(world.what.refused, 0x10);
    /* What is not called is not asked for, and the hook's list does not widen the tenant's nor the other way round. */
    world.tenant_info[0].helper_count = 0;
    WHAT(OTHER, 0, 1);
    REFUSED(&world.hook, FCC_E_HELPER);
    EQUAL(world.what.refused, 0x200);
    static const uint32_t probe[] = { 0x200 };
    world.tenant_info[0].helpers = probe;
    world.tenant_info[0].helper_count = 1;
    world.info.host.allowed_count = 0;
    REFUSED(&world.hook, FCC_E_HELPER);
    world.info.host.allowed = probe;
    world.info.host.allowed_count = 1;
    world.info.host.helper_count--; /* the firmware does not have it */
    REFUSED(&world.hook, FCC_E_HELPER);
    world.info.host.helper_count++;
    fcc_slot_t *slot = NULL;
    EQUAL(fcc_install(&world.hook, &world.tenant[0], &world.what, &slot), 0);
}

/* Helpers with the numbers behind the runtime's own routines are helpers like others. */
static void _high_helpers(void)
{
    static uint64_t copy[sizeof(IMAGE_OTHER) / 8];
    static const uint32_t id = FCC_INTRINSIC_BASE + FCC_INTRINSIC_COUNT;
    static fcc_helper_t helper;
    fcc_header_t *h = (void *)copy;
    for (uint32_t i = 0; i < sizeof(copy) / 8; i++) {
        copy[i] = ((const uint64_t *)(const void *)IMAGE_OTHER)[i];
    }
    *(fcc_import_t *)((fcc_entry_t *)(h + 1) + h->entry_count) = (fcc_import_t){ id };
    h->checksum = 0;
    h->checksum = fcc_crc32(0, h, sizeof(copy));
    helper = (fcc_helper_t){ id, world.info.host.helpers[0].function };
    world.info.host.helpers = &helper;
    world.info.host.helper_count = 1;
    world.tenant_info[0].helpers = &id;
    what(copy, sizeof(copy), 0, 0);
    REFUSED(&world.hook, FCC_E_HELPER);
    EQUAL(world.what.refused, id);
    fcc_slot_t *slot = NULL;
    world.tenant_info[0].helper_count = 1;
    EQUAL(fcc_install(&world.hook, &world.tenant[0], &world.what, &slot), 0);
}

static void _quotas(void)
{
    uint32_t size = fcc_slot_size(IMAGE_TEST);
    world.tenant_info[0].containers = 2;
    world.tenant_info[0].ram = 2 * size - 1;
    put(ENTRY_ZERO, 0, 0, 0);
    EQUAL(world.tenant[0].ram, size);
    EQUAL(world.tenant[0].containers, 1);
    WHAT(TEST, 0, 1);
    REFUSED(&world.hook, FCC_E_QUOTA);
    world.tenant_info[0].ram = 3 * size;
    fcc_slot_t *slot = put(ENTRY_ZERO, 1, 0, 0);
    WHAT(TEST, 0, 2);
    REFUSED(&world.hook, FCC_E_QUOTA);
    /* The other tenant's share is its own. */
    put(ENTRY_ZERO, 2, 1, 0);
    EQUAL(world.tenant[1].ram, size);
    EQUAL(fcc_uninstall(&world.hook, slot), 0);
    EQUAL(world.tenant[0].ram, size);
    EQUAL(world.tenant[0].containers, 1);
    put(ENTRY_ZERO, 3, 0, 0);
    /* Stacks of threads count too, and no number of bytes wraps around. */
    EQUAL(fcc_tenant_take(&world.tenant[0], size + 1), FCC_E_QUOTA);
    EQUAL(fcc_tenant_take(&world.tenant[0], UINT32_MAX), FCC_E_QUOTA);
    EQUAL(fcc_tenant_take(&world.tenant[0], UINT32_MAX - 2 * size + 1), FCC_E_QUOTA);
    EQUAL(fcc_tenant_take(&world.tenant[0], size), 0);
    EQUAL(world.tenant[0].ram, 3 * size);
    fcc_tenant_give(&world.tenant[0], size);
    EQUAL(world.tenant[0].ram, 2 * size);
}

static void _single(void)
{
    world.info.policy = FCC_POLICY_SINGLE;
    fcc_slot_t *first = put(ENTRY_ZERO, 0, 0, 0);
    fcc_slot_t *slot = NULL;
    WHAT(TEST, 0, 1);
    REFUSED(&world.hook, FCC_E_BUSY);
    EQUAL(fcc_install(&world.hook, &world.tenant[1], &world.what, &slot), FCC_E_BUSY);
    EQUAL(world.tenant[1].ram, 0);
    EQUAL(fcc_replace(&world.hook, first, &world.what, &slot), 0);
    EQUAL(world.hook.first == slot && slot->next == NULL, 1);
    EQUAL(fcc_uninstall(&world.hook, slot), 0);
    put(ENTRY_ZERO, 1, 1, 0);
}

static uint32_t order[PLACES + 1];

static uint64_t _note(fcc_instance_t *instance, uint32_t value)
{
    (void)value;
    order[world.probed - 1] = (uint32_t)(((uintptr_t)fcc_slot_of(instance) - (uintptr_t)places) / PLACE_BYTES);
    return 0;
}

static void _orders(void)
{
    int64_t result;
    fcc_slot_t *slot;
    world.probe = _note;
    put(ENTRY_PROBE, 0, 0, 7);
    fcc_slot_t *equal = put(ENTRY_PROBE, 1, 1, 7);
    put(ENTRY_PROBE, 2, 0, 31);
    put(ENTRY_PROBE, 3, 0, 0);
    put(ENTRY_PROBE, 4, 1, 7);
    EQUAL(run(0, 0, &result), 5);
    static const uint32_t first[] = { 3, 0, 1, 4, 2 };
    for (uint32_t i = 0; i < 5; i++) {
        EQUAL(order[i], first[i]);
    }
    EQUAL(fcc_uninstall(&world.open, equal), FCC_E_NO_ENTRY);
    EQUAL(fcc_uninstall(&world.hook, equal), 0);
    EQUAL(fcc_uninstall(&world.hook, equal), FCC_E_NO_ENTRY);
    /* A replaced container keeps its place, whatever order the new one names. */
    WHAT(TEST, ENTRY_PROBE, 5)->order = 31;
    EQUAL(fcc_replace(&world.hook, (fcc_slot_t *)(void *)places[0], &world.what, &slot), 0);
    EQUAL(slot->order, 7);
    world.probed = 0;
    EQUAL(run(0, 0, &result), 4);
    static const uint32_t then[] = { 3, 5, 4, 2 };
    for (uint32_t i = 0; i < 4; i++) {
        EQUAL(order[i], then[i]);
    }
}

static void _replace(void)
{
    uint32_t size = fcc_slot_size(IMAGE_TEST);
    fcc_slot_t *slot = put(ENTRY_COUNT, 0, 0, 0);
    fcc_slot_t *changed = NULL;
    EQUAL(call(slot, 0, 0), 6);
    EQUAL(call(slot, 0, 0), 7);
    EQUAL(fcc_store_set(slot, FCC_SCOPE_LOCAL, 1, 11), 0);
    /* Refused: all is as before. */
    WHAT(OPEN, 0, 1);
    EQUAL(fcc_replace(&world.hook, slot, &world.what, &changed), FCC_E_CONTRACT);
    WHAT(OTHER, 0x12345678, 1);
    EQUAL(fcc_replace(&world.hook, slot, &world.what, &changed), FCC_E_NO_ENTRY);
    world.tenant_info[0].ram = size + fcc_slot_size(IMAGE_OTHER) - 1;
    WHAT(OTHER, 0, 1);
    EQUAL(fcc_replace(&world.hook, slot, &world.what, &changed), FCC_E_QUOTA);
    EQUAL(fcc_replace(&world.open, slot, &world.what, &changed), FCC_E_CONTRACT);
    EQUAL(changed == NULL && world.hook.first == slot, 1);
    EQUAL(world.tenant[0].ram, size);
    EQUAL(call(slot, 0, 0), 8);
    EQUAL(status_of(slot).runs, 3);
    /* Both count until the exchange; containers do not. */
    world.tenant_info[0].ram++;
    world.tenant_info[0].containers = 1;
    EQUAL(fcc_replace(&world.hook, slot, &world.what, &changed), 0);
    EQUAL(world.hook.first == changed, 1);
    EQUAL((uintptr_t)changed, (uintptr_t)places[1]);
    EQUAL(world.tenant[0].ram, fcc_slot_size(IMAGE_OTHER));
    EQUAL(world.tenant[0].containers, 1);
    EQUAL(fcc_store_get(changed, FCC_SCOPE_LOCAL, 1), 11);
    EQUAL(world.tenant[0].store_rows, 1);
    EQUAL(status_of(changed).runs, 0);
    EQUAL(call(changed, 0, 0), 77);
    EQUAL(fcc_uninstall(&world.hook, changed), 0);
    EQUAL(world.tenant[0].ram, 0);
    EQUAL(world.tenant[0].containers, 0);
    EQUAL(world.tenant[0].store_rows, 0);
}

/* A right image in the wrong hook does not take the place of one that is not there. */
static void _replace_elsewhere(void)
{
    fcc_hook_t twin = { &world.info, NULL, NULL };
    fcc_slot_t *slot = put(ENTRY_ZERO, 0, 0, 0);
    fcc_slot_t *changed = NULL;
    uint32_t ram = world.tenant[0].ram;
    WHAT(OTHER, 0, 1);
    EQUAL(fcc_replace(&twin, slot, &world.what, &changed), FCC_E_NO_ENTRY);
    EQUAL(changed == NULL && twin.first == NULL && world.hook.first == slot, 1);
    EQUAL(world.tenant[0].ram, ram);
}

/* A thread that comes with fcc_slot_run just after its container has gone runs nothing that nobody pays for. */
static void _too_late(void)
{
    fcc_result_t end = { 1, 2, 3 };
    fcc_slot_t *slot = put(ENTRY_SET_LOCAL, 0, 0, 0);
    fcc_slot_t *changed = NULL;
    WHAT(TEST, ENTRY_SET_LOCAL, 1);
    EQUAL(fcc_replace(&world.hook, slot, &world.what, &changed), 0);
    EQUAL(fcc_slot_run(&world.hook, slot, &world.context, sizeof(world.context), FUEL, &end), FCC_E_STOPPED);
    EQUAL(fcc_uninstall(&world.hook, changed), 0);
    EQUAL(fcc_slot_run(&world.hook, changed, &world.context, sizeof(world.context), FUEL, &end), FCC_E_STOPPED);
    EQUAL(world.tenant[0].store_rows, 0);
    EQUAL(end.site, 3);
    /* The next one in the same place is as good as new. */
    EQUAL(call(put(ENTRY_SET_LOCAL, 1, 0, 0), 5, 6), 0);
}

static void _find(void)
{
    static const uint8_t uuid[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
    static const uint8_t other[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17 };
    fcc_hook_t *hooks = NULL;
    EQUAL(fcc_hook_find(hooks, 0x1001) == NULL, 1);
    fcc_hook_register(&hooks, &world.hook);
    fcc_hook_register(&hooks, &world.open);
    fcc_hook_register(&hooks, &world.hook);
    EQUAL(world.hook.next == &world.open && world.open.next == NULL, 1);
    fcc_hook_register(&hooks, &world.open);
    EQUAL(hooks == &world.hook && world.hook.next == &world.open && world.open.next == NULL, 1);
    EQUAL(fcc_hook_find(hooks, 0x1002) == &world.open, 1);
    EQUAL(fcc_hook_find(hooks, 0x1003) == NULL, 1);
    EQUAL(fcc_hook_by_uuid(hooks, uuid) == NULL, 1);
    world.open_info.uuid = uuid;
    EQUAL(fcc_hook_by_uuid(hooks, uuid) == &world.open, 1);
    EQUAL(fcc_hook_by_uuid(hooks, other) == NULL, 1);
}

const test_t install_tests[] = {
    { "a container takes a slot, its instance and its block", _sizes },
    { "bad images, memory, stack and entries are refused", _image },
    { "images of another contract are refused", _contract },
    { "tenants need a right to the hook and to each region", _rights },
    { "helpers: asked for, allowed by the hook, allowed to the tenant", _helpers },
    { "a tenant's helpers have no upper end", _high_helpers },
    { "quotas of containers and memory", _quotas },
    { "a single hook takes one container", _single },
    { "containers run by order", _orders },
    { "a replacement is complete or changes nothing", _replace },
    { "a replacement in another hook changes nothing", _replace_elsewhere },
    { "a container that has gone is not run any more", _too_late },
    { "hooks are found by id and by UUID", _find },
    { NULL, NULL },
};

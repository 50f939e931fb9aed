/* SPDX-License-Identifier: MIT */
/* Femto-Container images, converted and tried. */
#include <stdlib.h>
#include <string.h>
#include <sanitizer/asan_interface.h>
#include <fcc_rbpf.h>
#include "world.h"

/* Makes magic, version and flags of a Femto-Container image right, and gives the text what the other parts leave. */
static void _repair_rbpf(uint8_t *bytes, size_t length)
{
    uint32_t word[7];
    if (length < sizeof(word)) {
        return;
    }
    memcpy(word, bytes, sizeof(word));
    uint64_t others = sizeof(word) + (uint64_t)word[3] + word[4] + 6u * (uint64_t)word[6];
    word[0] = 0x46504272u;
    word[1] = 0;
    word[2] = 0;
    if (others < length) {
        word[5] = (uint32_t)(length - others);
    }
    memcpy(bytes, word, sizeof(word));
}

static uint8_t image[FUZZ_MAX_IMAGE] __attribute__((aligned(8)));

/* The converter, with just this room. */
static int _convert(const uint8_t *rbpf, uint32_t length, const fcc_rbpf_contract_t *what, uint32_t room, uint32_t *made)
{
    ASAN_POISON_MEMORY_REGION(image + room, FUZZ_MAX_IMAGE - room);
    memset(image, 0xa5, room);
    int status = fcc_rbpf_convert(rbpf, length, what, image, room, made);
    ASAN_UNPOISON_MEMORY_REGION(image, FUZZ_MAX_IMAGE);
    return status;
}

int fuzz_rbpf(const fuzz_choice_t *choice, const uint8_t *bytes, size_t length)
{
    static uint8_t region[64];
    const fcc_grant_t grants[2] = { { region, sizeof(region), 1 }, { region, sizeof(region), 3 } };
    static const uint32_t kept[2][3] = { { 0 }, { 1, 4, 4 } };
    const fcc_rbpf_contract_t what = {
        .contract_hash = 1,
        .context_length = FCC_UNKNOWN,
        .context_kept = (choice->entry & 2u) != 0 ? NULL : kept[choice->entry & 1u],
        .grants = grants,
        .grant_count = choice->entry % 3u,
        .context_align = 1,
    };
    uint32_t made = 0;
    /* Of its own, so that each byte beyond is seen, and at an odd address. */
    uint8_t *memory = malloc(length + 1u);
    uint8_t *rbpf = memory + 1;
    if (memory == NULL) {
        return FCC_E_MEMORY;
    }
    memcpy(rbpf, bytes, length);
    if ((choice->flags & FUZZ_REPAIR) != 0) {
        _repair_rbpf(rbpf, length);
    }
    int status = _convert(rbpf, (uint32_t)length, &what, FUZZ_MAX_IMAGE, &made);
    if (status == 0) {
        /* Once more with as much room as it takes, and before with less. */
        uint32_t again = 0;
        if (_convert(rbpf, (uint32_t)length, &what, made - 8u, &again) != FCC_E_MEMORY || again != 0
            || _convert(rbpf, (uint32_t)length, &what, made, &again) != 0 || again != made) {
            fuzz_fail("an image does not fit into its length, or into less");
        }
    }
    free(memory);
    if (status != 0) {
        return status;
    }
    fuzz_choice_t other = *choice;
    other.flags &= (uint8_t)~FUZZ_REPAIR;
    status = fcc_validate(image, made);
    /* An id that no helper can have is for fcc_validate to refuse; anything else would be a mistake of the converter. */
    if (status != 0 && status != FCC_E_IMPORT) {
        fuzz_fail("a converted image is not well formed");
    }
    return fuzz_image(&other, image, made);
}

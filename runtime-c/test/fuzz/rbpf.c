/* SPDX-License-Identifier: MIT */
/* Coverage-guided fuzzing of Femto-Container images: an input is a fuzz_choice_t and such an image behind it. */
#include <string.h>
#include "mutate.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_choice_t choice;
    if (size < sizeof(choice)) {
        return -1;
    }
    memcpy(&choice, data, sizeof(choice));
    fuzz_rbpf(&choice, data + sizeof(choice), size - sizeof(choice));
    return 0;
}

/* Changes slots of the text, as far as the header can be believed; a third of the time anything. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    const size_t head = sizeof(fuzz_choice_t);
    uint32_t word[7] = { 0 };
    uint32_t random = mutate_random(&seed);
    if (size >= head + sizeof(word)) {
        memcpy(word, data + head, sizeof(word));
    }
    uint64_t text = head + sizeof(word) + (uint64_t)word[3] + word[4];
    if (random % 3u == 0 || word[5] < 8u || text + word[5] > size) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (uint32_t times = 1u + (random >> 8) % 3u; times > 0; times--) {
        uint32_t at = mutate_random(&seed) % (word[5] / 8u) * 8u;
        mutate_slot(data + text + at, mutate_random(&seed));
    }
    data[0] |= FUZZ_REPAIR;
    return size;
}

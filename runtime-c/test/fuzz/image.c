/* SPDX-License-Identifier: MIT */
/* Coverage-guided fuzzing of images: an input is a fuzz_choice_t and an image behind it. The mutator knows what instructions look like. */
#include <string.h>
#include <fcc.h>
#include "mutate.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_choice_t choice;
    if (size < sizeof(choice)) {
        return -1;
    }
    memcpy(&choice, data, sizeof(choice));
    fuzz_image(&choice, data + sizeof(choice), size - sizeof(choice));
    return 0;
}

/* Where the text of an image is, as far as its header can be believed. */
static int _text(const uint8_t *image, size_t length, size_t *from, size_t *to)
{
    fcc_header_t h;
    if (length < sizeof(h)) {
        return 0;
    }
    memcpy(&h, image, sizeof(h));
    uint64_t tables = sizeof(h) + (uint64_t)h.entry_count * sizeof(fcc_entry_t) + (uint64_t)h.import_count * sizeof(fcc_import_t)
                      + (uint64_t)h.region_count * sizeof(fcc_region_row_t);
    uint64_t start = (tables + 7u) & ~(uint64_t)7u;
    uint64_t code = h.trap_table < h.text_length ? h.trap_table : h.text_length;
    if (start + code > length || code < 8) {
        return 0;
    }
    *from = (size_t)start;
    *to = (size_t)(start + code);
    return 1;
}

/* Puts a slot into the text or takes one out, and tells the header. */
static size_t _resize(uint8_t *image, size_t length, size_t max_length, size_t at, uint32_t random)
{
    fcc_header_t h;
    memcpy(&h, image, sizeof(h));
    if ((random & 1u) != 0 && length + 8u <= max_length) {
        memmove(image + at + 8u, image + at, length - at);
        length += 8u;
        h.trap_table += 8u;
        h.text_length += 8u;
        mutate_slot(image + at, random >> 1);
    }
    else if (h.trap_table > 8u && h.text_length > 8u && at + 8u <= length) {
        memmove(image + at, image + at + 8u, length - at - 8u);
        length -= 8u;
        h.trap_table -= 8u;
        h.text_length -= 8u;
    }
    h.total_length = (uint32_t)length;
    memcpy(image, &h, sizeof(h));
    return length;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    const size_t head = sizeof(fuzz_choice_t);
    size_t from, to;
    uint32_t random = mutate_random(&seed);
    if (size <= head || random % 4u == 0 || !_text(data + head, size - head, &from, &to)) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    uint8_t *image = data + head;
    for (uint32_t times = 1u + (random >> 8) % 3u; times > 0; times--) {
        if (!_text(image, size - head, &from, &to)) {
            break;
        }
        size_t at = from + mutate_random(&seed) % ((to - from) / 8u) * 8u;
        uint32_t what = mutate_random(&seed);
        if (what % 8u == 0 && max_size > head) {
            size = head + _resize(image, size - head, max_size - head, at, what >> 3);
        }
        else if (what % 8u == 1) {
            size_t other = from + (what >> 3) % ((to - from) / 8u) * 8u;
            memmove(image + at, image + other, 8);
        }
        else {
            mutate_slot(image + at, mutate_random(&seed));
        }
    }
    data[0] |= FUZZ_REPAIR;
    return size;
}

/* SPDX-License-Identifier: MIT */
/*
 * Converts Femto-Container images, for the comparison with the host tool's reader. Standard input: records of seven words (length, contract
 * hash, context length, alignment, number of regions, words of what is read-only of the context or 0, room), rights of the regions, those
 * words, and the image. Standard output: status, length, and the image made, for each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <fcc_rbpf.h>

#define MAX_LIST 64u

static uint32_t _read(void *to, uint32_t length)
{
    return (uint32_t)fread(to, 1, length, stdin);
}

int main(void)
{
    uint32_t head[7];
    while (_read(head, sizeof(head)) == sizeof(head)) {
        static fcc_grant_t grants[MAX_LIST];
        static uint32_t list[MAX_LIST];
        static uint32_t kept[MAX_LIST];
        if (head[4] > MAX_LIST || head[5] > MAX_LIST || _read(list, 4u * head[4]) != 4u * head[4] || _read(kept, 4u * head[5]) != 4u * head[5]) {
            return 2;
        }
        for (uint32_t i = 0; i < head[4]; i++) {
            grants[i] = (fcc_grant_t){ NULL, 0, list[i] };
        }
        /* Of exactly their lengths, so that a sanitizer sees the first byte beyond. */
        uint8_t *rbpf = malloc(head[0] + 1u);
        uint8_t *image = aligned_alloc(8, (head[6] + 7u) & ~7u);
        if (rbpf == NULL || image == NULL || _read(rbpf + 1, head[0]) != head[0]) {
            return 2;
        }
        const fcc_rbpf_contract_t what = {
            .contract_hash = head[1],
            .context_length = head[2],
            .context_kept = head[5] == 0 ? NULL : kept,
            .grants = grants,
            .grant_count = head[4],
            .context_align = (uint8_t)head[3],
        };
        uint32_t out[2] = { 0, 0 };
        int status = fcc_rbpf_convert(rbpf + 1, head[0], &what, image, head[6], &out[1]);
        out[0] = (uint32_t)status;
        fwrite(out, 1, sizeof(out), stdout);
        fwrite(image, 1, out[1], stdout);
        free(rbpf);
        free(image);
    }
    return 0;
}

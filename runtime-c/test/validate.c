/* SPDX-License-Identifier: MIT */
/* Reads images from standard input, each behind its length (u32), and prints the answers of fcc_check and fcc_validate to each. For tests. */
#include <fcc.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    uint32_t length;
    while (fread(&length, sizeof(length), 1, stdin) == 1) {
        /* Exactly as long as the image, so that the sanitizer sees any read beyond it. */
        void *image = malloc(length == 0 ? 1 : length);
        if (image == NULL || fread(image, 1, length, stdin) != length) {
            return 1;
        }
        printf("%d %d\n", fcc_check(image, length), fcc_validate(image, length));
        free(image);
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* Flash by RIOT's periph_flashpage. Its functions tell no failure: what they did is read back. */
#include <string.h>
#include "fcc_suit.h"

/* Bytes that are written at once: RIOT wants them aligned, and the caller's need not be. */
#define CHUNK 64u
FCC_STATIC_ASSERT(FLASHPAGE_WRITE_BLOCK_SIZE <= 16 && CHUNK % FLASHPAGE_WRITE_BLOCK_SIZE == 0, "unit of fcc_flash_t");
FCC_STATIC_ASSERT(FLASHPAGE_WRITE_BLOCK_ALIGNMENT <= 16, "alignment of the chunk");

int fcc_suit_erase(void *pages, uint32_t offset, uint32_t length)
{
    uint8_t *at = (uint8_t *)pages + offset;
    for (uint32_t done = 0; done < length; done += FLASHPAGE_SIZE) {
        flashpage_erase(flashpage_page(at + done));
    }
    for (uint32_t i = 0; i < length; i++) {
        if (((volatile const uint8_t *)at)[i] != (uint8_t)FLASHPAGE_ERASE_STATE) {
            return -1;
        }
    }
    return 0;
}

int fcc_suit_write(void *pages, uint32_t offset, const void *bytes, uint32_t length)
{
    uint8_t chunk[CHUNK] __attribute__((aligned(16)));
    uint8_t *at = (uint8_t *)pages + offset;
    for (uint32_t done = 0; done < length; done += CHUNK) {
        uint32_t count = length - done < CHUNK ? length - done : CHUNK;
        memcpy(chunk, (const uint8_t *)bytes + done, count);
        flashpage_write(at + done, chunk, count);
        if (memcmp(at + done, chunk, count) != 0) {
            return -1;
        }
    }
    return 0;
}

/* What was written as data is to be fetched as instructions. */
void fcc_suit_ready(void *pages, uint32_t offset, uint32_t length)
{
    char *at = (char *)pages + offset;
    __builtin___clear_cache(at, at + length);
#if defined(__arm__)
    __asm__ volatile("dsb\n isb" ::: "memory");
#elif defined(__riscv)
    __asm__ volatile("fence.i" ::: "memory");
#endif
}

/* SPDX-License-Identifier: MIT */
/* RIOT's native board has its flash in an array, which is whole pages of the host: a file is mapped over it. */
#ifdef CPU_NATIVE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "cpu_conf.h"
#include "native_flash.h"

void native_flash_open(void)
{
    const char *name = getenv("FCC_FLASH");
    if (name == NULL) {
        return;
    }
    int file = open(name, O_RDWR | O_CREAT, 0600);
    /* A new file is all zeros, which is what RIOT takes for erased here. */
    if (file < 0 || ftruncate(file, sizeof(_native_flash)) != 0
        || mmap(_native_flash, sizeof(_native_flash), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) {
        perror(name);
        exit(1);
    }
    close(file);
}
#endif

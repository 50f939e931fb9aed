/* SPDX-License-Identifier: MIT */
/*
 * NOR flash in a file that is mapped: bits are set by erasing and cleared by writing, and what runs in place runs from the mapping. The
 * kernel has each byte as soon as it is stored, so that killing the process is what cutting the power is to a device.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "linux.h"

static struct {
    volatile uint8_t *bytes;
    uint32_t length;
} file;

static fcc_flash_t flash;

static int _fits(uint32_t offset, uint32_t length, uint32_t unit)
{
    return offset <= file.length && length <= file.length - offset && ((offset | length) & (unit - 1u)) == 0;
}

static int _erase(void *context, uint32_t offset, uint32_t length)
{
    (void)context;
    if (!_fits(offset, length, flash.page)) {
        return 1;
    }
    for (uint32_t i = 0; i < length; i++) {
        file.bytes[offset + i] = 0xff;
    }
    return 0;
}

static int _write(void *context, uint32_t offset, const void *bytes, uint32_t length)
{
    const uint8_t *from = bytes;
    (void)context;
    if (!_fits(offset, length, flash.unit)) {
        return 1;
    }
    for (uint32_t i = 0; i < length; i++) {
        file.bytes[offset + i] &= from[i];
    }
    return 0;
}

static void _ready(void *context, uint32_t offset, uint32_t length)
{
    char *at = (char *)(uintptr_t)flash.base + offset;
    (void)context;
    __builtin___clear_cache(at, at + length);
}

const fcc_flash_t *flash_open(const char *path, uint32_t length, uint32_t page, uint32_t unit)
{
    struct stat status;
    int flags = MAP_SHARED;
#ifdef MAP_32BIT
    flags |= MAP_32BIT; /* an instance has 32 bits for an address */
#endif
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || fstat(fd, &status) != 0) {
        fail("%s cannot be opened", path);
    }
    if (status.st_size != 0 && status.st_size != (off_t)length) {
        fail("%s is no flash of this device: it has %lld bytes, not %u", path, (long long)status.st_size, (unsigned)length);
    }
    if (ftruncate(fd, (off_t)length) != 0) {
        fail("%s cannot be made as long as the flash", path);
    }
    void *base = mmap(NULL, length, PROT_READ | PROT_WRITE | PROT_EXEC, flags, fd, 0);
    if (base == MAP_FAILED) {
        fail("%s cannot be mapped", path);
    }
    close(fd);
    file.bytes = base;
    file.length = length;
    flash = (fcc_flash_t){ .base = base, .page = page, .unit = unit, .erase = _erase, .write = _write, .ready = _ready };
    if (status.st_size == 0) {
        _erase(NULL, 0, length);
    }
    _ready(NULL, 0, length);
    return &flash;
}

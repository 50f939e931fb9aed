/* SPDX-License-Identifier: MIT */
/* Helpers for sensors and actuators. A handle is the place in RIOT's registry, from 1 on: containers never see addresses of the firmware. */
#include <limits.h>
#include <string.h>
#include "fcc_riot.h"
#include "saul_reg.h"

static saul_reg_t *_device(uint32_t handle)
{
    return handle == 0 || handle > INT_MAX ? NULL : saul_reg_find_nth((int)(handle - 1u));
}

uint32_t fcc_helper_saul_reg_find_nth(fcc_instance_t *instance, uint32_t n)
{
    (void)instance;
    return n < INT_MAX && _device(n + 1u) != NULL ? n + 1u : 0;
}

uint32_t fcc_helper_saul_reg_find_type(fcc_instance_t *instance, uint32_t type)
{
    (void)instance;
    uint32_t handle = 1;
    for (const saul_reg_t *device = saul_reg; device != NULL; device = device->next, handle++) {
        if (device->driver->type == type) {
            return handle;
        }
    }
    return 0;
}

int32_t fcc_helper_saul_reg_read(fcc_instance_t *instance, uint32_t dev, void *data)
{
    (void)instance;
    saul_reg_t *device = _device(dev);
    phydat_t read;
    memset(&read, 0, sizeof(read)); /* drivers write the dimensions that they have */
    int count = device == NULL ? -1 : saul_reg_read(device, &read);
    if (count > 0) {
        _Static_assert(sizeof(read) == 8, "phydat_t as in the helper's signature");
        memcpy(data, &read, sizeof(read));
    }
    return count;
}

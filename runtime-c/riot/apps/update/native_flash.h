/* SPDX-License-Identifier: MIT */
#pragma once

/** Keeps the flash of the native board in the file that FCC_FLASH of the environment names, if there is one. Exits with a message if that fails. */
void native_flash_open(void);

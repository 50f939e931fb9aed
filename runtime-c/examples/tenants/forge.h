/* SPDX-License-Identifier: MIT */
/*
 * Images that fcc would not make: what somebody may send who does not use it. Each call overwrites the image of the
 * one before.
 */
#pragma once
#include <stdint.h>

/* A copy of an image with another contract's hash in its header, and a checksum that is right. */
const void *forge_contract(const uint8_t *image, uint32_t length, uint32_t contract_hash);

/* A copy with one bit the wrong way round. */
const void *forge_damage(const uint8_t *image, uint32_t length, uint32_t bit);

/* eBPF text, for the interpreter. A program that calls itself for ever. */
const void *forge_recursion(uint32_t *length);

/* One that calls the helper whose number is in its context. */
const void *forge_computed_call(uint32_t *length);

/* One that writes its context; `rights`: FCC_RIGHT_... that its header claims on it. */
const void *forge_meddler(uint32_t rights, uint32_t *length);

/* SPDX-License-Identifier: MIT */
/* Case and result records as compiler/cli/qemu-records.ts writes and reads them. All words little endian. */
#pragma once
#include <fcc.h>

#define BATCH_MAGIC      0x31424346u /* "FCB1" */
#define BATCH_MAX_REGION FCC_MAX_REGIONS
#define BATCH_NONE       0xffffffffu

/* File: magic, number of cases, watchdog in ticks of 100 ms, then cases. A case: this, then in this order, each padded to 8 bytes:
 * image, allowed helper ids, regions with their bytes, patches, context. */
typedef struct {
    uint32_t length; /* of the whole record */
    uint32_t image_length;
    uint32_t entry_hash;
    uint32_t features;
    uint32_t fuel;
    uint32_t allowed_count;
    uint32_t region_count;
    uint32_t patch_count;
    uint32_t context_length; /* BATCH_NONE: no context */
    uint32_t context_align;
    uint32_t pdu;      /* number of the region that the CoAP helpers write, or BATCH_NONE */
    uint32_t reserved; /* keeps the record a multiple of 8 */
} batch_case_t;

/* Granted region: address exactly as aligned as `align` says, not more. */
typedef struct {
    uint32_t length;
    uint32_t align;
    uint32_t rights;
    uint32_t reserved;
} batch_region_t;

/* Bytes of the context that hold the address (kind 0) or length (kind 1) of a region. */
typedef struct {
    uint32_t offset;
    uint32_t kind;
    uint32_t size;
    uint32_t region;
} batch_patch_t;

/* Followed by context, regions and log, each padded to 8 bytes. */
typedef struct {
    uint32_t length; /* of the whole record */
    int32_t status;  /* 0 or FCC_E_... */
    uint32_t trap;
    uint32_t site;
    uint32_t value[2];
    uint32_t refused_id;
    uint32_t damage; /* first address found changed outside the container's memory, or 0 */
    uint32_t fault;  /* what the processor says of a fault: CFSR, mcause + 1, EXCCAUSE */
    uint32_t log_length;
} batch_result_t;

typedef struct {
    const fcc_grant_t *grants;
    uint32_t pdu;
} batch_host_t;

/* helpers.c */
#ifndef LOG_SIZE
#define LOG_SIZE 65536u
#endif
extern const fcc_helper_t batch_helpers[];
extern const uint32_t batch_helper_count;
extern char batch_log[LOG_SIZE];
extern uint32_t batch_log_length;
void batch_helpers_reset(const batch_host_t *host);

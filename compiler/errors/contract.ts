// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

const malformed = { stage: 'contract', exit: 3 } as const;

/** FCC04xx: hook contracts. */
export const CONTRACT_ERRORS = {
  FCC0401: {
    ...malformed,
    title: 'malformed contract',
    explain:
      'The hook contract does not follow the schema: a property is missing, misspelled or of the wrong type. The message names it by its path.',
    wrong: '{ "hook": "fc/timer", "helpers": "printf" }',
    right: '{ "hook": "fc/timer", "helpers": ["printf"] }',
  },
  FCC0402: {
    ...malformed,
    title: 'contract is not JSON',
    explain: 'The contract file is not valid JSON. Line and column say where reading it stopped.',
    wrong: '{ "hook": "fc/timer", }',
    right: '{ "hook": "fc/timer" }',
  },
  FCC0403: {
    ...malformed,
    title: 'context fields overlap',
    explain: 'Two fields of the context cover the same byte. Rights and meaning of every byte have to be clear.',
    wrong:
      '{ "hook": "fc/timer",\n  "context": { "size": 8, "fields": [\n    { "name": "a", "offset": 0, "type": "scalar", "size": 8 },\n    { "name": "b", "offset": 4, "type": "scalar", "size": 4 } ] } }',
    right:
      '{ "hook": "fc/timer",\n  "context": { "size": 8, "fields": [\n    { "name": "a", "offset": 0, "type": "scalar", "size": 4 },\n    { "name": "b", "offset": 4, "type": "scalar", "size": 4 } ] } }',
  },
  FCC0404: {
    ...malformed,
    title: 'field outside the context',
    explain: 'A field ends behind the last byte of the context, whose size the contract gives.',
    wrong:
      '{ "hook": "fc/timer",\n  "context": { "size": 4, "fields": [\n    { "name": "x", "offset": 2, "type": "scalar", "size": 4 } ] } }',
    right:
      '{ "hook": "fc/timer",\n  "context": { "size": 6, "fields": [\n    { "name": "x", "offset": 2, "type": "scalar", "size": 4 } ] } }',
  },
  FCC0405: {
    ...malformed,
    title: 'field names an unknown region',
    explain: 'A pointer or length field belongs to a region that "regions" does not declare.',
    wrong:
      '{ "hook": "fc/timer",\n  "context": { "size": 8, "fields": [\n    { "name": "buf", "offset": 0, "type": "pointer", "region": "buf" } ] } }',
    right:
      '{ "hook": "fc/timer",\n  "context": { "size": 8, "fields": [\n    { "name": "buf", "offset": 0, "type": "pointer", "region": "buf" } ] },\n  "regions": [{ "name": "buf", "access": "r", "size": 64 }] }',
  },
  FCC0406: {
    ...malformed,
    title: 'contract names an unknown helper',
    explain: '"helpers" lists a helper that does not exist. `fcc helpers` prints those that do.',
    wrong: '{ "hook": "fc/timer", "helpers": ["print"] }',
    right: '{ "hook": "fc/timer", "helpers": ["printf"] }',
  },
  FCC0407: {
    ...malformed,
    title: 'misplaced pointer field',
    explain:
      'A pointer field is a 64-bit slot: 8 bytes at an offset that 8 divides, so that 32-bit and 64-bit compilers lay the structure out alike. It is never writable.',
    wrong:
      '{ "hook": "fc/timer",\n  "context": { "size": 16, "fields": [\n    { "name": "buf", "offset": 4, "type": "pointer", "region": "buf" } ] },\n  "regions": [{ "name": "buf", "access": "r", "size": 64 }] }',
    right:
      '{ "hook": "fc/timer",\n  "context": { "size": 16, "fields": [\n    { "name": "buf", "offset": 8, "type": "pointer", "region": "buf" } ] },\n  "regions": [{ "name": "buf", "access": "r", "size": 64 }] }',
  },
  FCC0408: {
    ...malformed,
    title: 'name used twice',
    explain: 'Two fields, two regions or two entries of "helpers" have the same name.',
    wrong: '{ "hook": "fc/timer", "helpers": ["printf", "printf"] }',
    right: '{ "hook": "fc/timer", "helpers": ["printf"] }',
  },
  FCC0409: {
    ...malformed,
    title: 'sizes of a region contradict each other',
    explain:
      'A region either has a fixed "size", or "size": null with "minSize" at most "maxSize". A length field must be wide enough for the longest region.',
    wrong: '{ "hook": "fc/timer",\n  "regions": [{ "name": "buf", "size": null, "minSize": 64, "maxSize": 32 }] }',
    right: '{ "hook": "fc/timer",\n  "regions": [{ "name": "buf", "size": null, "minSize": 32, "maxSize": 64 }] }',
  },
  FCC0410: {
    ...malformed,
    title: 'impossible range of a field',
    explain:
      '"range" gives the smallest and the largest value of a scalar field, both unsigned and within its size. It is a promise of the hook, and so only holds for fields that the container cannot write.',
    wrong:
      '{ "hook": "fc/timer",\n  "context": { "size": 1, "fields": [\n    { "name": "level", "offset": 0, "type": "scalar", "size": 1, "access": "r", "range": [0, 300] } ] } }',
    right:
      '{ "hook": "fc/timer",\n  "context": { "size": 1, "fields": [\n    { "name": "level", "offset": 0, "type": "scalar", "size": 1, "access": "r", "range": [0, 255] } ] } }',
  },
  FCC0411: {
    ...malformed,
    title: 'impossible helper signature',
    explain:
      'A row of "signatures" describes a C function that cannot be called: more than five arguments, a buffer whose "length" is not the number of a u32 argument, an id below 0x200, or an id or name that another helper has.',
    wrong:
      '{ "hook": "fc/timer",\n  "signatures": [{ "id": 512, "name": "send", "args": [\n    { "kind": "buffer", "name": "data", "access": "r", "length": 0 }] }] }',
    right:
      '{ "hook": "fc/timer",\n  "signatures": [{ "id": 512, "name": "send", "args": [\n    { "kind": "buffer", "name": "data", "access": "r", "length": 1 },\n    { "kind": "u32", "name": "n" }] }] }',
  },
  FCC0412: {
    ...malformed,
    title: 'malformed contract tag',
    explain:
      'A declaration tag that starts with "fcc:" does not say what a contract can say, stands at a declaration where it means nothing, or the type it stands at does not fit it. `runtime-c/include/fcc_contract.h` has macros for all tags, with what each takes.',
    wrong:
      '#include <fcc_contract.h>\n\nstruct FCC_HOOK("fc/net") ctx {\n    FCC_POINTER(const uint8_t) packet FCC_REGION("packet,r,max=1500");\n    uint32_t length FCC_TAG("lenght=packet");\n};\n\n__attribute__((section("fc/net"))) int run(const struct ctx *ctx) { return ctx->length; }',
    right:
      '#include <fcc_contract.h>\n\nstruct FCC_HOOK("fc/net") ctx {\n    FCC_POINTER(const uint8_t) packet FCC_REGION("packet,r,max=1500");\n    uint32_t length FCC_LENGTH("packet");\n};\n\n__attribute__((section("fc/net"))) int run(const struct ctx *ctx) { return ctx->length; }',
  },
  FCC0413: {
    ...malformed,
    title: 'helper that blocks in a hook that runs in interrupts',
    explain:
      'The contract says "interrupt": true, and "helpers" or the allow-list of a tag names a helper that may wait for time, a lock or a device (`fcc helpers` says which block; a row of "signatures" by "blocks": true). An interrupt cannot wait. Without a list ("helpers": null) all helpers are allowed that do not block.',
    wrong: '{ "hook": "fc/sched", "interrupt": true, "helpers": ["now_ms", "ztimer_periodic_wakeup"] }',
    right: '{ "hook": "fc/sched", "interrupt": true, "helpers": ["now_ms"] }',
  },
} as const satisfies Record<string, ErrorRow>;

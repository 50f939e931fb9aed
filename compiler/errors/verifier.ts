// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

const rejected = { stage: 'verifier', exit: 1 } as const;

/** FCC01xx: verifier rejections. */
export const VERIFIER_ERRORS = {
  FCC0101: {
    ...rejected,
    title: 'read of an uninitialised register',
    explain:
      'A register is read that holds no value on at least one path. At entry only r1 (the context), r2 (its length, if the contract passes it) and r10 (the stack) are set; every call destroys r1 to r5, and an entry must set r0 before it exits. A helper without a result leaves r0 unset.',
    wrong: 'exit',
    right: 'r0 = 0\nexit',
  },
  FCC0102: {
    ...rejected,
    title: 'read of uninitialised stack',
    explain:
      'The bytes read are written on no path to the instruction, so that the program cannot mean what it computes. Stack that is written on some paths only reads as zero on the others.',
    wrong: 'r0 = *(u64 *)(r10 - 8)\nexit',
    right: 'r1 = 0\n*(u64 *)(r10 - 8) = r1\nr0 = *(u64 *)(r10 - 8)\nexit',
  },
  FCC0103: {
    ...rejected,
    title: 'unknown helper',
    explain: 'The program calls a helper by a number that no helper has. `fcc helpers` lists them.',
    wrong: 'call 9999\nexit',
    right: 'call 0x20\nexit',
  },
  FCC0104: {
    ...rejected,
    title: 'helper not allowed',
    explain:
      'The helper exists, but the contract of the hook does not grant it. What a container may call is decided by the hook, not by the program.',
    wrong: '{ "hook": "fc/timer", "helpers": ["printf"] }',
    right: '{ "hook": "fc/timer", "helpers": ["printf", "now_ms"] }',
    program: 'call 0x20   ; now_ms\nexit',
  },
  FCC0105: {
    ...rejected,
    title: 'wrong kind of helper argument',
    explain:
      'The helper takes the context pointer exactly as the container got it, or a string literal in read-only data. Neither can be checked while the program runs, so it has to be visible to the verifier.',
    wrong: 'r1 += 4\nr2 = 0x45\ncall 0x40\nexit',
    right: 'r2 = 0x45\ncall 0x40\nexit',
  },
  FCC0106: {
    ...rejected,
    title: 'invalid memory given to a helper',
    explain:
      'The helper would read or write outside the memory that the pointer argument may reach, for every value of pointer and length; or the program is verified with --strict and nothing shows that it does not.',
    wrong: 'r1 = 1\nr2 = r10\ncall 0x12   ; writes 4 bytes at r2\nr0 = 0\nexit',
    right: 'r1 = 1\nr2 = r10\nr2 += -8\ncall 0x12   ; writes 4 bytes at r2\nr0 = 0\nexit',
  },
  FCC0107: {
    ...rejected,
    title: 'invalid memory access',
    explain:
      'The access is outside the memory that the pointer may reach for every value the pointer can have, or the program is verified with --strict and nothing shows that it is inside. Without --strict an access that may be wrong gets a guard.',
    contract:
      '{ "hook": "fc/timer",\n  "context": { "size": 16, "access": "rw", "fields": [\n    { "name": "buf", "offset": 0, "type": "pointer", "region": "buf" },\n    { "name": "i", "offset": 8, "type": "scalar", "size": 4 } ] },\n  "regions": [{ "name": "buf", "access": "rw", "size": 16 }] }',
    strict: true,
    wrong:
      'r2 = *(u64 *)(r1 + 0)   ; buf, 16 bytes\nr3 = *(u32 *)(r1 + 8)   ; i\nr2 += r3\nr0 = *(u8 *)(r2 + 0)   ; buf[i]\nexit',
    right:
      'r0 = 0\nr2 = *(u64 *)(r1 + 0)   ; buf, 16 bytes\nr3 = *(u32 *)(r1 + 8)   ; i\nif r3 > 15 goto out\nr2 += r3\nr0 = *(u8 *)(r2 + 0)   ; buf[i]\nout:\nexit',
  },
  FCC0108: {
    ...rejected,
    title: 'write to read-only memory',
    explain:
      'Constants, read-only regions, and those bytes of the context that the contract does not make writable cannot be written. Pointer and length fields of the context never can: the host vouches for them.',
    wrong: '.rodata limit 03 00 00 00\nentry main:\nr1 = limit ll\nr2 = 4\n*(u32 *)(r1 + 0) = r2\nr0 = 0\nexit',
    right: '.data limit 03 00 00 00\nentry main:\nr1 = limit ll\nr2 = 4\n*(u32 *)(r1 + 0) = r2\nr0 = 0\nexit',
  },
  FCC0109: {
    ...rejected,
    title: 'pointer field read in part',
    explain:
      'A pointer field of the context is trusted only as a whole: 8 bytes at its own offset. A part of it, or a load that covers more than it, has no meaning the verifier could use.',
    contract:
      '{ "hook": "fc/timer",\n  "context": { "size": 16, "access": "rw", "fields": [\n    { "name": "buf", "offset": 0, "type": "pointer", "region": "buf" },\n    { "name": "i", "offset": 8, "type": "scalar", "size": 4 } ] },\n  "regions": [{ "name": "buf", "access": "rw", "size": 16 }] }',
    wrong: 'r0 = *(u32 *)(r1 + 0)\nexit',
    right: 'r2 = *(u64 *)(r1 + 0)\nr0 = *(u32 *)(r2 + 0)\nexit',
  },
  FCC0110: {
    ...rejected,
    title: 'write that may hit read-only context bytes',
    explain:
      'The offset of the write is not constant, and the bytes it may reach have different rights. Guards compare with the bounds of a region and cannot tell single fields apart.',
    contract:
      '{ "hook": "fc/timer",\n  "context": { "size": 16, "access": "rw", "fields": [\n    { "name": "id", "offset": 0, "type": "scalar", "size": 8, "access": "r" },\n    { "name": "out", "offset": 8, "type": "scalar", "size": 8, "access": "rw" } ] } }',
    wrong:
      'r3 = *(u64 *)(r1 + 0)\nr3 &= 15\nr1 += r3\nr2 = 1\n*(u8 *)(r1 + 0) = r2   ; a byte of id or of out\nr0 = 0\nexit',
    right: 'r3 = *(u64 *)(r1 + 0)\nr3 &= 7\nr1 += r3\nr2 = 1\n*(u8 *)(r1 + 8) = r2   ; a byte of out\nr0 = 0\nexit',
  },
  FCC0111: {
    ...rejected,
    title: 'region not granted',
    explain: 'The helper returns the address of a region by name, and the contract grants no region of that name.',
    wrong: '{ "hook": "fc/coap", "regions": [], "helpers": ["coap_get_pdu"] }',
    right:
      '{ "hook": "fc/coap", "regions": [{ "name": "pdu", "access": "rw", "size": 128 }], "helpers": ["coap_get_pdu"] }',
    program: 'call 0x43   ; coap_get_pdu\nr0 = 0\nexit',
  },
  FCC0112: {
    ...rejected,
    title: 'indirect call of an unknown function',
    explain:
      'An indirect call goes to a function whose address the program takes; any other value is a trap. In a program that takes no address it calls a helper, whose number must be certain.',
    wrong: 'r3 = r2\ncallx r3\nexit',
    right: 'entry main:\nr3 = f ll\ncallx r3\nexit\nfunc f:\nr0 = 0\nexit',
  },
  FCC0113: {
    ...rejected,
    title: 'pointer that may be null',
    explain:
      'The helper gives an address or 0, and the program uses the result before it has ruled out 0. Only a comparison of the pointer itself with 0 tells; one of something computed from it does not.',
    contract:
      '{ "hook": "fc/timer", "helpers": ["find"],\n  "regions": [{ "name": "slot", "access": "rw", "size": 16 }],\n  "signatures": [{ "id": 512, "name": "find", "args": [],\n    "result": { "kind": "region", "region": "slot", "nullable": true } }] }',
    wrong: 'call 0x200   ; find\nr0 = *(u8 *)(r0 + 0)\nexit',
    right: 'call 0x200   ; find\nif r0 == 0 goto out\nr0 = *(u8 *)(r0 + 0)\nout:\nexit',
  },
  FCC0114: {
    ...rejected,
    title: 'indirect recursion',
    explain:
      'The function is called while it is active, by an indirect call, or by a way that the order of direct calls does not show. Every function has one stack frame.',
    wrong: 'entry main:\nr2 = f ll\ncallx r2\nexit\nfunc f:\nr2 = f ll\ncallx r2\nexit',
    right:
      'entry main:\nr2 = f ll\ncallx r2\nexit\nfunc f:\nr2 = 3\nr0 = 1\nagain:\nr0 <<= 1\nr2 += -1\nif r2 != 0 goto again\nexit',
  },
  FCC0115: {
    ...rejected,
    title: 'helper argument out of range',
    explain:
      'The signature of the helper gives bounds for a scalar argument, and nothing shows that the value keeps them. Firmware counts on such bounds, and no guard is made for them.',
    contract:
      '{ "hook": "fc/timer", "helpers": ["pin_set"],\n  "signatures": [{ "id": 512, "name": "pin_set", "args": [{ "kind": "u32", "name": "pin", "range": [0, 7] }],\n    "result": { "kind": "u32" } }] }',
    wrong: 'r1 = *(u32 *)(r1 + 0)\ncall 0x200   ; pin_set\nexit',
    right: 'r1 = *(u32 *)(r1 + 0)\nr1 &= 7\ncall 0x200   ; pin_set\nexit',
  },
  FCC0116: {
    ...rejected,
    title: 'result that the hook does not take',
    explain:
      'The contract says which values of r0 mean something to the hook, and the program ends with one that is never among them.',
    contract: '{ "hook": "fc/filter", "result": { "doc": "1: keep the packet", "range": [0, 1] } }',
    wrong: 'r0 = 7\nexit',
    right: 'r0 = 1\nexit',
  },
  FCC0190: {
    ...rejected,
    title: 'programs of one object use a shared function incompatibly',
    explain:
      'A function that several entry points call reads a pointer or length field of the context for one of them and something else for another. Compiled once it cannot do both.',
    contract:
      '{ "hook": "fc/timer",\n  "context": { "size": 16, "access": "rw", "fields": [\n    { "name": "buf", "offset": 0, "type": "pointer", "region": "buf" },\n    { "name": "i", "offset": 8, "type": "scalar", "size": 4 } ] },\n  "regions": [{ "name": "buf", "access": "rw", "size": 16 }] }',
    wrong:
      'entry first fc/timer:\ncall f\nexit\nentry second fc/timer:\nr1 += 8\ncall f\nexit\nfunc f:\nr0 = *(u64 *)(r1 + 0)   ; buf for the first, i for the second\nexit',
    right:
      'entry first fc/timer:\nr0 = *(u64 *)(r1 + 0)\nexit\nentry second fc/timer:\nr1 += 8\ncall f\nexit\nfunc f:\nr0 = *(u64 *)(r1 + 0)\nexit',
  },
} as const satisfies Record<string, ErrorRow>;

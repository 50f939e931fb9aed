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
    wrong: 'call 9999\nr0 = 0\nexit',
    right: 'call 0x20\nexit',
  },
  FCC0104: {
    ...rejected,
    title: 'helper not allowed',
    explain:
      'The helper exists, but the contract of the hook does not grant it. What a container may call is decided by the hook, not by the program.',
    wrong: '{ "hook": "fc/timer", "helpers": [] }   with a program that calls now_ms',
    right: '{ "hook": "fc/timer", "helpers": ["now_ms"] }',
  },
  FCC0105: {
    ...rejected,
    title: 'wrong kind of helper argument',
    explain:
      'The helper takes the context pointer exactly as the container got it, or a string literal in read-only data. Neither can be checked while the program runs, so it has to be visible to the verifier.',
    wrong: 'r1 += 4\nr2 = 0x45\ncall 0x40',
    right: 'r2 = 0x45\ncall 0x40',
  },
  FCC0106: {
    ...rejected,
    title: 'invalid memory given to a helper',
    explain:
      'The helper would read or write outside the memory that the pointer argument may reach, for every value of pointer and length; or the program is verified with --strict and nothing shows that it does not.',
    wrong: 'r1 = 1\nr2 = r10\ncall 0x12',
    right: 'r1 = 1\nr2 = r10\nr2 += -8\ncall 0x12',
  },
  FCC0107: {
    ...rejected,
    title: 'invalid memory access',
    explain:
      'The access is outside the memory that the pointer may reach for every value the pointer can have, or the program is verified with --strict and nothing shows that it is inside. Without --strict an access that may be wrong gets a guard.',
    wrong: 'r0 = *(u32 *)(r10 + 0)\nexit',
    right: 'r1 = 7\n*(u32 *)(r10 - 4) = r1\nr0 = *(u32 *)(r10 - 4)\nexit',
  },
  FCC0108: {
    ...rejected,
    title: 'write to read-only memory',
    explain:
      'Constants, read-only regions, and those bytes of the context that the contract does not make writable cannot be written. Pointer and length fields of the context never can: the host vouches for them.',
    wrong: 'static const int limit = 3;   *(int *)&limit = 4;',
    right: 'static int limit = 3;   limit = 4;',
  },
  FCC0109: {
    ...rejected,
    title: 'pointer field read in part',
    explain:
      'A pointer field of the context is trusted only as a whole: 8 bytes at its own offset. A part of it, or a load that covers more than it, has no meaning the verifier could use.',
    wrong: 'r0 = *(u32 *)(r1 + 0)   with a pointer field at 0',
    right: 'r0 = *(u64 *)(r1 + 0)',
  },
  FCC0110: {
    ...rejected,
    title: 'write that may hit read-only context bytes',
    explain:
      'The offset of the write is not constant, and the bytes it may reach have different rights. Guards compare with the bounds of a region and cannot tell single fields apart.',
    wrong: 'r3 = index from 0 to 15; ctx[r3] = 0   with ctx[0..7] read-only',
    right: 'r3 = index from 8 to 15; ctx[r3] = 0',
  },
  FCC0111: {
    ...rejected,
    title: 'region not granted',
    explain: 'The helper returns the address of a region by name, and the contract grants no region of that name.',
    wrong: '{ "regions": [], "helpers": ["coap_get_pdu"] }',
    right: '{ "regions": [{ "name": "pdu", "access": "rw", "maxSize": 128 }], "helpers": ["coap_get_pdu"] }',
  },
  FCC0112: {
    ...rejected,
    title: 'indirect call of an unknown function',
    explain:
      'An indirect call goes to a function whose address the program takes; any other value is a trap. In a program that takes no address it calls a helper, whose number must be certain.',
    wrong: 'r3 = r2\ncallx r3',
    right: 'r3 = f ll\ncallx r3',
  },
  FCC0114: {
    ...rejected,
    title: 'indirect recursion',
    explain:
      'The function is called while it is active, by an indirect call, or by a way that the order of direct calls does not show. Every function has one stack frame.',
    wrong: 'r1 = f ll\ncallx r1   inside f',
    right: 'a loop inside f',
  },
  FCC0190: {
    ...rejected,
    title: 'programs of one object use a shared function incompatibly',
    explain:
      'A function that several entry points call reads a pointer or length field of the context for one of them and something else for another. Compiled once it cannot do both.',
    wrong: 'two programs hand ctx to one function, at which only one of their structures has a pointer',
    right: 'static inline __attribute__((always_inline)) for the shared function, or one object per program',
  },
} as const satisfies Record<string, ErrorRow>;

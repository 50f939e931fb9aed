// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC03xx: eBPF decoding and structure. */
export const BPF_ERRORS = {
  FCC0301: {
    stage: 'bpf',
    exit: 3,
    title: 'unknown opcode',
    explain: 'No instruction of RFC 9669 has this opcode byte.',
  },
  FCC0302: {
    stage: 'bpf',
    exit: 3,
    title: 'deprecated packet instruction',
    explain:
      'The packet access instructions (classes LD with mode ABS or IND) are deprecated by RFC 9669 section 5.5 and read memory that a container does not have. Read the packet through a pointer of the context.',
    wrong: 'r0 = *(u8 *)skb[0]',
    right: 'r0 = *(u8 *)(r1 + 0)',
  },
  FCC0303: {
    stage: 'bpf',
    exit: 3,
    title: 'unused field is not zero',
    explain:
      'RFC 9669 section 3 asks for zero in every field that an instruction does not use. Another value may get a meaning in a later version, so it is refused.',
  },
  FCC0304: {
    stage: 'bpf',
    exit: 3,
    title: 'reserved encoding',
    explain:
      'The opcode exists, but a field that selects a variant of the instruction (offset of a division or move, immediate of a byte swap or atomic, source of a call) holds a value that RFC 9669 does not define.',
  },
  FCC0305: {
    stage: 'bpf',
    exit: 3,
    title: 'register does not exist',
    explain: 'eBPF has the registers r0 to r10; the encoding names one of 11 to 15.',
  },
  FCC0306: {
    stage: 'bpf',
    exit: 3,
    title: 'write to the frame pointer',
    explain: 'r10 is the read-only frame pointer (RFC 9669 section 2); no instruction may have it as its destination.',
    wrong: 'r10 += -8',
    right: 'r2 = r10\nr2 += -8',
  },
  FCC0307: {
    stage: 'bpf',
    exit: 3,
    title: 'jump out of the function',
    explain:
      'A jump may only reach an instruction of its own function. One past the last instruction, or before the first, is outside.',
    wrong: 'r0 = 0\nif r1 == 0 goto +5\nr0 = 1\nexit',
    right: 'r0 = 0\nif r1 == 0 goto +1\nr0 = 1\nexit',
  },
  FCC0308: {
    stage: 'bpf',
    exit: 3,
    title: 'jump into the second slot of lddw',
    explain:
      'A 64-bit immediate load takes two slots; the second holds the upper half of the number and is no instruction.',
    wrong: 'r0 = 0\nif r1 == 0 goto +1\nr0 = 0x1122334455667788 ll\nexit',
    right: 'r0 = 0\nif r1 == 0 goto +2\nr0 = 0x1122334455667788 ll\nexit',
  },
  FCC0309: {
    stage: 'bpf',
    exit: 3,
    title: 'function falls through its end',
    explain: 'The last instruction of a function must be exit or an unconditional jump.',
    wrong: 'r0 = 1',
    right: 'r0 = 1\nexit',
  },
  FCC0310: {
    stage: 'bpf',
    exit: 3,
    title: 'second slot of lddw is malformed',
    explain: 'In the second slot of a 64-bit immediate load everything but the immediate must be zero.',
  },
  FCC0311: {
    stage: 'bpf',
    exit: 3,
    title: 'truncated lddw',
    explain: 'A 64-bit immediate load takes two slots, and the function ends after the first.',
  },
  FCC0312: {
    stage: 'bpf',
    exit: 3,
    title: 'length of the code is wrong',
    explain: 'eBPF code is a sequence of 8-byte slots, at least one of them; a function is at most 1000000 slots long.',
  },
  FCC0313: {
    stage: 'bpf',
    exit: 3,
    title: 'call target is not a function',
    explain:
      'A program-local call has to reach the first instruction of a function: not outside of the code, not inside another function, not into the second slot of a 64-bit immediate load.',
  },
  FCC0314: {
    stage: 'bpf',
    exit: 3,
    title: 'recursion',
    explain:
      'The functions call each other in a circle. Every function has one stack frame with a fixed place, so that the stack need is known before the program runs; a function may therefore not be active twice.',
    wrong: 'int f(int n) { return n ? n * f(n - 1) : 1; }',
    right: 'int f(int n) { int r = 1; while (n) r *= n--; return r; }',
  },
  FCC0315: {
    stage: 'bpf',
    exit: 3,
    title: 'unsupported kind of 64-bit immediate load',
    explain:
      'The source field of the instruction asks for a map, a map value or a variable of the platform (RFC 9669 section 5.4). Containers have none of them: state is kept in .data and .bss or in the key-value stores.',
    wrong: 'lddw r1 = map 3   (source field 1)',
    right: 'static unsigned counts[16];   in .bss, addressed by its symbol',
  },
  FCC0316: {
    stage: 'bpf',
    exit: 3,
    title: 'unsupported kind of call',
    explain: 'The call names a helper by its BTF id (RFC 9669 section 4.3.1). Containers call helpers by their number.',
    wrong: 'call by BTF id   (source field 2)',
    right: 'call 0x20',
  },
  FCC0317: {
    stage: 'bpf',
    exit: 3,
    title: 'syntax error in eBPF assembly',
    explain: 'The line is not eBPF assembly as LLVM writes it, or names a label or symbol that does not exist.',
    wrong: 'r0 := 1',
    right: 'r0 = 1',
  },
} as const satisfies Record<string, ErrorRow>;

// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC03xx: eBPF decoding and structure. */
export const BPF_ERRORS = {
  FCC0301: {
    stage: 'bpf',
    exit: 3,
    title: 'unknown opcode',
    explain: 'No instruction of RFC 9669 has this opcode byte.',
    wrong: 'ff 00 0000 00000000   ; no instruction\n95 00 0000 00000000   ; exit',
    right: 'b7 00 0000 01000000   ; r0 = 1\n95 00 0000 00000000   ; exit',
  },
  FCC0302: {
    stage: 'bpf',
    exit: 3,
    title: 'deprecated packet instruction',
    explain:
      'The packet access instructions (classes LD with mode ABS or IND) are deprecated by RFC 9669 section 5.5 and read memory that a container does not have. Read the packet through a pointer of the context.',
    wrong: '20 00 0000 00000000   ; r0 = *(u32 *)skb[0]\n95 00 0000 00000000   ; exit',
    right: '61 10 0000 00000000   ; r0 = *(u32 *)(r1 + 0)\n95 00 0000 00000000   ; exit',
  },
  FCC0303: {
    stage: 'bpf',
    exit: 3,
    title: 'unused field is not zero',
    explain:
      'RFC 9669 section 3 asks for zero in every field that an instruction does not use. Another value may get a meaning in a later version, so it is refused.',
    wrong: 'b7 10 0000 01000000   ; r0 = 1, with r1 in the unused source field\n95 00 0000 00000000   ; exit',
    right: 'b7 00 0000 01000000   ; r0 = 1\n95 00 0000 00000000   ; exit',
  },
  FCC0304: {
    stage: 'bpf',
    exit: 3,
    title: 'reserved encoding',
    explain:
      'The opcode exists, but a field that selects a variant of the instruction (offset of a division or move, immediate of a byte swap or atomic, source of a call) holds a value that RFC 9669 does not define.',
    wrong:
      'b7 00 0000 01000000   ; r0 = 1\n37 00 0200 02000000   ; r0 /= 2, with offset 2\n95 00 0000 00000000   ; exit',
    right: 'b7 00 0000 01000000   ; r0 = 1\n37 00 0000 02000000   ; r0 /= 2\n95 00 0000 00000000   ; exit',
  },
  FCC0305: {
    stage: 'bpf',
    exit: 3,
    title: 'register does not exist',
    explain: 'eBPF has the registers r0 to r10; the encoding names one of 11 to 15.',
    wrong: 'b7 0b 0000 01000000   ; r11 = 1\n95 00 0000 00000000   ; exit',
    right: 'b7 00 0000 01000000   ; r0 = 1\n95 00 0000 00000000   ; exit',
  },
  FCC0306: {
    stage: 'bpf',
    exit: 3,
    title: 'write to the frame pointer',
    explain: 'r10 is the read-only frame pointer (RFC 9669 section 2); no instruction may have it as its destination.',
    wrong: 'r10 += -8\nr0 = 0\nexit',
    right: 'r2 = r10\nr2 += -8\nr0 = 0\nexit',
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
    wrong:
      '18 00 0000 88776655   ; r0 = 0x1122334455667788 ll\n00 01 0000 44332211   ; its second slot, with a register\n95 00 0000 00000000   ; exit',
    right:
      '18 00 0000 88776655   ; r0 = 0x1122334455667788 ll\n00 00 0000 44332211   ; its second slot\n95 00 0000 00000000   ; exit',
  },
  FCC0311: {
    stage: 'bpf',
    exit: 3,
    title: 'truncated lddw',
    explain: 'A 64-bit immediate load takes two slots, and the function ends after the first.',
    wrong: '18 00 0000 88776655   ; r0 = 0x1122334455667788 ll, first slot',
    right:
      '18 00 0000 88776655   ; r0 = 0x1122334455667788 ll, first slot\n00 00 0000 44332211   ; its second slot\n95 00 0000 00000000   ; exit',
  },
  FCC0312: {
    stage: 'bpf',
    exit: 3,
    title: 'length of the code is wrong',
    explain: 'eBPF code is a sequence of 8-byte slots, at least one of them; a function is at most 1000000 slots long.',
    wrong: 'b7 00 0000 01000000   ; r0 = 1\n95 00                 ; a quarter of exit',
    right: 'b7 00 0000 01000000   ; r0 = 1\n95 00 0000 00000000   ; exit',
  },
  FCC0313: {
    stage: 'bpf',
    exit: 3,
    title: 'call target is not a function',
    explain:
      'A program-local call has to reach the first instruction of a function: not outside of the code, not inside another function, not into the second slot of a 64-bit immediate load.',
    wrong:
      '85 10 0000 01000000   ; call the function behind the next instruction, where the code ends\n95 00 0000 00000000   ; exit',
    right:
      '85 10 0000 01000000   ; call the function behind the next instruction\n95 00 0000 00000000   ; exit\nb7 00 0000 01000000   ; r0 = 1\n95 00 0000 00000000   ; exit',
  },
  FCC0314: {
    stage: 'bpf',
    exit: 3,
    title: 'recursion',
    explain:
      'The functions call each other in a circle. Every function has one stack frame with a fixed place, so that the stack need is known before the program runs; a function may therefore not be active twice.',
    wrong: 'entry main:\nr1 = 5\ncall f\nexit\nfunc f:\nr0 = 1\nif r1 == 0 goto out\nr1 += -1\ncall f\nout:\nexit',
    right:
      'entry main:\nr1 = 5\ncall f\nexit\nfunc f:\nr0 = 1\nagain:\nif r1 == 0 goto out\nr0 *= r1\nr1 += -1\ngoto again\nout:\nexit',
  },
  FCC0315: {
    stage: 'bpf',
    exit: 3,
    title: 'unsupported kind of 64-bit immediate load',
    explain:
      'The source field of the instruction asks for a map, a map value or a variable of the platform (RFC 9669 section 5.4). Containers have none of them: state is kept in .data and .bss or in the key-value stores.',
    wrong:
      '18 11 0000 03000000   ; r1 = the map of descriptor 3\n00 00 0000 00000000\nb7 00 0000 01000000   ; r0 = 1\n95 00 0000 00000000   ; exit',
    right: '.bss counts 64\nentry main:\nr1 = counts ll\nr0 = *(u32 *)(r1 + 0)\nexit',
  },
  FCC0316: {
    stage: 'bpf',
    exit: 3,
    title: 'unsupported kind of call',
    explain: 'The call names a helper by its BTF id (RFC 9669 section 4.3.1). Containers call helpers by their number.',
    wrong: '85 20 0000 20000000   ; call the helper with BTF id 0x20\n95 00 0000 00000000   ; exit',
    right: '85 00 0000 20000000   ; call helper 0x20\n95 00 0000 00000000   ; exit',
  },
  FCC0317: {
    stage: 'bpf',
    exit: 3,
    title: 'syntax error in eBPF assembly',
    explain: 'The line is not eBPF assembly as LLVM writes it, or names a label or symbol that does not exist.',
    wrong: 'r0 := 1\nexit',
    right: 'r0 = 1\nexit',
  },
} as const satisfies Record<string, ErrorRow>;

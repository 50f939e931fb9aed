// SPDX-License-Identifier: MIT
import { findTarget } from '../../backends/index.js';
import { assemble } from '../../compiler/bpf/asm.js';
import { loadProgram } from '../../compiler/bpf/load.js';
import type { Program } from '../../compiler/bpf/program.js';
import { rawProgram } from '../../compiler/bpf/raw.js';
import { rbpfProgram } from '../../compiler/bpf/rbpf.js';
import type { Level } from '../../compiler/compile.js';
import { compile, prepare } from '../../compiler/compile.js';
import { contractFromBtf } from '../../compiler/contract/btf.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { ebpfProgram } from '../../compiler/ebpf.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';
import { CompileError, ERRORS, type ErrorCode, type ErrorRow } from '../../compiler/errors/index.js';
import { formatError } from '../../compiler/errors/print.js';
import { ENTRY_SIZE, HEADER, REGION } from '../../compiler/image/fields.js';
import { readImage } from '../../compiler/image/read.js';
import { type ImageParts, writeImage } from '../../compiler/image/write.js';
import { rbpfSample } from '../bpf/rbpf/samples.js';
import { rbpfBytes } from '../bpf/rbpf/write.js';
import { Btf, objectWith } from '../contract/btf-writer.js';
import { FULL, SMALL } from '../image/samples.js';
import { sealImage } from '../malformed/mutate.js';
import { type Patch, patchedImage, patchedObject, sample, type Width } from './bytes.js';
import { COMMANDS } from './commands.js';
import { slotBytes } from './slots.js';

/** An error as a user sees it, without colours, and the exit code that comes with it. */
export interface Provoked {
  readonly text: string;
  readonly exit: number;
}
export type Provoke = () => Provoked | Promise<Provoked>;

/** Runs what must throw. */
const thrown = (body: () => unknown): Provoke => {
  return () => {
    try {
      body();
    } catch (e) {
      if (e instanceof CompileError) return { text: formatError(e), exit: e.exitCode };
      throw e;
    }
    throw new Error('was accepted');
  };
};

/** Verifies all entries together; the first error. */
function verified(program: Program, contract: string | undefined, strict = false): void {
  const result = prepare(program, {
    contract: contract === undefined ? DEFAULT_CONTRACT : parseContract(contract, 'hook.json'),
    strict,
  });
  if (result.kind === 'prepared') return;
  for (const v of result.verdicts) if (v.verdict === 'rejected') throw v.errors[0]!;
}

/** eBPF assembly, or slots in hexadecimal, as `prog.s` and `prog.bin`. */
function read(text: string): Program {
  const bytes = slotBytes(text);
  return bytes ? rawProgram(bytes, 'prog.bin') : assemble(text, 'prog.s');
}

/** The wrong example of the code's own row. */
const example = (code: ErrorCode): Provoke =>
  thrown(() => {
    const row: ErrorRow = ERRORS[code];
    if (!row.wrong.startsWith('{')) return verified(read(row.wrong), row.contract, row.strict);
    if (row.program === undefined) return parseContract(row.wrong, 'hook.json');
    return verified(read(row.program), row.wrong);
  });

/** Programs, functions, variables, calls and source lines: clang 19 wrote it. */
const SEVERAL = 'several.clang19.v3.o';
const object = (name: string, ...patches: readonly Patch[]): Provoke =>
  thrown(() => loadProgram(patchedObject(sample(name), ...patches), 'prog.o'));

const image = (parts: ImageParts, ...patches: readonly (readonly [number, Width, number])[]): Provoke =>
  thrown(() => readImage(patchedImage(parts, ...patches)));

const compiled = (text: string, target: string, level: Level, contract?: string): Provoke =>
  thrown(() =>
    compile(assemble(text, 'prog.s'), {
      target: findTarget(target)!,
      level,
      ...(contract === undefined ? {} : { contract: parseContract(contract, 'hook.json') }),
    }),
  );

const lines = (n: number, line: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => line(i)).join('\n');

/** Products that are wanted twice, in two sums: all of them stay alive from the first to the second. */
const manyAlive = (n: number): string => {
  const sum = (op: string): string => lines(n, (i) => `r4 = r3\nr4 *= ${2 * i + 3}\nr0 ${op} r4`);
  return `r3 = *(u64 *)(r1 + 0)\nr0 = 0\n${sum('^=')}\n${sum('+=')}\nexit`;
};

/** A jump over n byte swaps, which Xtensa has no instruction for: 30 bytes each. */
const longJump = (n: number): string =>
  `r0 = *(u64 *)(r1 + 0)\nif r0 == 0 goto out\n${lines(n, () => 'r0 = bswap64 r0')}\nout:\nexit`;

/** struct ctx with one tagged member, and a program that takes it: what clang writes for them. */
function tagged(tag: string): Uint8Array {
  const b = new Btf();
  const u32 = b.int(4);
  const ctx = b.struct('ctx', 4, [{ name: 'len', type: u32, offset: 0 }]);
  b.tag(tag, ctx, 0);
  b.func('f', b.proto(u32, b.ptr(ctx)));
  return objectWith(b.bytes());
}

const h = HEADER.offset;
const imports = HEADER.size + FULL.entries.length * ENTRY_SIZE;
const regions = imports + 4 * FULL.imports.length;

/** One input for every code, as small as it gets. A code without one does not compile. */
export const PROVOKE = {
  ...COMMANDS,

  FCC0101: example('FCC0101'),
  FCC0102: example('FCC0102'),
  FCC0103: example('FCC0103'),
  FCC0104: example('FCC0104'),
  FCC0105: example('FCC0105'),
  FCC0106: example('FCC0106'),
  FCC0107: example('FCC0107'),
  FCC0108: example('FCC0108'),
  FCC0109: example('FCC0109'),
  FCC0110: example('FCC0110'),
  FCC0111: example('FCC0111'),
  FCC0112: example('FCC0112'),
  FCC0113: example('FCC0113'),
  FCC0114: example('FCC0114'),
  FCC0115: example('FCC0115'),
  FCC0116: example('FCC0116'),
  FCC0190: example('FCC0190'),

  // e_machine: x86-64.
  FCC0201: object(SEVERAL, ['file', 18, 2, 62]),
  // e_shoff: section headers behind the end of the file.
  FCC0202: object(SEVERAL, ['file', 40, 8, 1 << 20]),
  // st_size of symbol 3, the function `scale`, in a .text of 200 bytes.
  FCC0203: object(SEVERAL, ['data', '.symtab', 3 * 24 + 16, 8, 4096]),
  // r_offset of the first relocation: into the middle of an instruction.
  FCC0204: object(SEVERAL, ['data', '.rel.text', 0, 8, 12]),
  // Its type: R_BPF_64_ABS32.
  FCC0205: object(SEVERAL, ['data', '.rel.text', 8, 4, 3]),
  FCC0206: object('bad_undefined.o'),
  FCC0207: object('bad_map.o'),
  FCC0208: object('bad_address.o'),
  // Immediate of the first instruction that is relocated, which is the place in the variable: far behind `counter`.
  FCC0209: object(SEVERAL, ['data', '.text', 12, 4, 4096]),
  // Magic number of BTF.
  FCC0210: object(SEVERAL, ['data', '.BTF', 0, 2, 0x1234]),
  FCC0211: object('bad_static.o'),
  // sh_size of .bss.
  FCC0212: object(SEVERAL, ['header', '.bss', 32, 8, 1 << 30]),
  FCC0213: thrown(() => rbpfProgram(rbpfSample('crc32').slice(0, -6), 'crc32.rbpf')),
  // Flags: compressed text.
  FCC0214: thrown(() => rbpfProgram(rbpfBytes({ text: new Uint8Array(8), header: { 2: 1 } }), 'app.rbpf')),

  FCC0301: example('FCC0301'),
  FCC0302: example('FCC0302'),
  FCC0303: example('FCC0303'),
  FCC0304: example('FCC0304'),
  FCC0305: example('FCC0305'),
  FCC0306: example('FCC0306'),
  FCC0307: example('FCC0307'),
  FCC0308: example('FCC0308'),
  FCC0309: example('FCC0309'),
  FCC0310: example('FCC0310'),
  FCC0311: example('FCC0311'),
  FCC0312: example('FCC0312'),
  FCC0313: example('FCC0313'),
  FCC0314: example('FCC0314'),
  FCC0315: example('FCC0315'),
  FCC0316: example('FCC0316'),
  FCC0317: example('FCC0317'),

  FCC0401: example('FCC0401'),
  FCC0402: example('FCC0402'),
  FCC0403: example('FCC0403'),
  FCC0404: example('FCC0404'),
  FCC0405: example('FCC0405'),
  FCC0406: example('FCC0406'),
  FCC0407: example('FCC0407'),
  FCC0408: example('FCC0408'),
  FCC0409: example('FCC0409'),
  FCC0410: example('FCC0410'),
  FCC0411: example('FCC0411'),
  FCC0412: thrown(() => contractFromBtf(tagged('fcc:lenght=packet'), 'f')),
  FCC0413: example('FCC0413'),

  FCC0501: compiled(manyAlive(270), 'rv32imc', 2),
  FCC0502: compiled(ERRORS.FCC0502.wrong, 'cortex-m4', 2, ERRORS.FCC0502.contract),
  FCC0510: compiled(longJump(4400), 'esp8266', 0),

  FCC0601: image(FULL, [0, 4, 0x58585858]),
  FCC0602: image(FULL, [h.version, 2, 2]),
  FCC0603: thrown(() => readImage(writeImage(FULL).slice(0, -8))),
  // One bit of the text.
  FCC0604: thrown(() => readImage(writeImage(SMALL).map((b, i) => (i === HEADER.size + ENTRY_SIZE + 8 ? b ^ 1 : b)))),
  FCC0605: image(FULL, [h.arch, 2, 9]),
  FCC0606: image(FULL, [h.context_align, 1, 3]),
  FCC0607: image(FULL, [HEADER.size, 4, 1]),
  FCC0608: image(FULL, [imports, 4, 0]),
  FCC0609: image(FULL, [regions + REGION.size, 4, 17]),
  // 65 programs of an object.
  FCC0610: compiled(
    lines(65, (i) => `entry program_${i} fc/timer:\nr0 = ${i}\nexit`),
    'cortex-m4',
    2,
  ),
  // An entry at the second slot of a 64-bit load.
  FCC0612: thrown(() => {
    const bytes = ebpfImage(assemble('r0 = 0x1122334455667788 ll\nexit', 'prog.s'));
    bytes[HEADER.size] = 8;
    ebpfProgram(readImage(sealImage(bytes)), 'prog.fcc');
  }),
} satisfies Record<ErrorCode, Provoke>;

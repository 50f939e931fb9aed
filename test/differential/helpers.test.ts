// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { cpuModel, findTarget } from '../../backends/index.js';
import { assemble } from '../../compiler/bpf/asm.js';
import { compile, type Level } from '../../compiler/compile.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { disagreement } from './agree.js';

const target = findTarget('cortex-m4')!;
const LEVELS: readonly Level[] = [0, 1, 2];

/** printf with a string constant: the pointer is shown right by the verifier and never guarded. */
const PRINTF = `
.rodata fmt 76 3d 25 64 20 25 78 0a 00
r6 = *(u32 *)(r1 + 0)
r1 = fmt ll
r2 = -5
r3 = r6
r4 = 0
r5 = 0
call 1
exit
`;

describe('helpers with pointers that are known exactly', () => {
  it.each(LEVELS)('printf takes a string constant at -O%i', (level) => {
    const program = assemble(PRINTF);
    const request = { context: Uint8Array.of(0xef, 0xbe, 0, 0), regions: new Map(), fuel: 1000 };
    const wanted = interpret(program, 0, DEFAULT_CONTRACT, request);
    expect(wanted).toMatchObject({ status: 'ok', r0: 10n, log: 'v=-5 beef\n' });
    const compiled = compile(program, { target, level, validate: true });
    if (compiled.kind === 'rejected') throw new Error(JSON.stringify(compiled.verdicts));
    const image = readImage(compiled.image);
    const got = simulate(image, image.entries[0]!.name, DEFAULT_CONTRACT, request, { cpu: cpuModel(target) });
    expect(disagreement(wanted, got)).toBeNull();
  });
});

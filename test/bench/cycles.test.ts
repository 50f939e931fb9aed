// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { targets } from '../../backends/index.js';
import { COST_TABLES } from '../../compiler/bench/costs.js';
import { cycles } from '../../compiler/bench/cycles.js';
import type { Executed } from '../../compiler/bench/types.js';

/** Instructions behind each other from address 0x100 on: hexadecimal bytes, count, how often it went elsewhere. */
function run(...list: readonly (readonly [hex: string, count: number, taken?: number])[]): Executed[] {
  let address = 0x100;
  return list.map(([hex, count, taken = 0]) => {
    const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
    const at = { address, bytes, count, taken };
    address += bytes.length;
    return at;
  });
}

// movs r0, #1; ldr r1, [r2]; str r1, [r2]; pop {r4, r5, r6, pc}; mla r0, r1, r2, r3; udiv r0, r1, r2; bne; bl; bx lr
const [MOVS, LDR, STR, POP, MLA, UDIV] = ['0120', '1168', '1160', '70bd', '01fb0230', 'b1fbf2f0'];
const [BNE, BL, BX] = ['fcd1', '00f000f8', '7047'];

describe('cycles by the published tables', () => {
  it.each([
    // Cortex-M0: table 3-1 of DDI 0432C.
    ['cortex-m0', 'data processing 1', run([MOVS, 10]), 10],
    ['cortex-m0', 'a load 2', run([LDR, 10]), 20],
    ['cortex-m0', 'loads behind each other 2 each', run([LDR, 10], [STR, 10]), 40],
    ['cortex-m0', 'pop with pc 4 + N', run([POP, 1, 1]), 8],
    ['cortex-m0', 'a branch 3 or 1', run([BNE, 10, 9]), 9 * 3 + 1],
    ['cortex-m0', 'bl 4', run([BL, 1, 1]), 4],
    ['cortex-m0', 'bx 3', run([BX, 1, 1]), 3],
    // Cortex-M0+: table 3-1 of DDI 0484C.
    ['cortex-m0plus', 'pop with pc 3 + N', run([POP, 1, 1]), 7],
    ['cortex-m0plus', 'a branch 2 or 1', run([BNE, 10, 9]), 9 * 2 + 1],
    ['cortex-m0plus', 'bl 3', run([BL, 1, 1]), 3],
    ['cortex-m0plus', 'bx 2', run([BX, 1, 1]), 2],
    // Cortex-M3: table 3-1 of DDI 0337I, P = 2.
    ['cortex-m3', 'mla 2', run([MLA, 5]), 10],
    ['cortex-m3', 'udiv 7, between 2 and 12', run([UDIV, 1]), 7],
    // Cortex-M4: table 3-1 of 100166_0001, P = 2.
    ['cortex-m4', 'mla 1', run([MLA, 5]), 5],
    ['cortex-m4', 'pop with pc 1 + N + P', run([POP, 1, 1]), 7],
    ['cortex-m4', 'a branch 1 + P or 1', run([BNE, 10, 9]), 9 * 3 + 1],
    ['cortex-m4', 'the first access 2, those behind it 1', run([LDR, 10], [LDR, 10], [STR, 10]), 40],
    ['cortex-m4', 'an access behind another instruction 2', run([LDR, 10], [MOVS, 10], [STR, 10]), 50],
    ['cortex-m4', 'an access that was jumped to 2', run([LDR, 1], [STR, 10]), 2 + 1 + 9 * 2],
    // Ibex, small: lw 2, taken branch 3, mul 3, div 37.
    ['rv32imc', 'lw 2', run(['0345c500', 1], ['03a5c500', 1]), 4],
    ['rv32imc', 'c.bnez 3 or 1', run(['fdfd', 10, 9]), 9 * 3 + 1],
    ['rv32imc', 'mul, mulhu, div', run(['3385c502', 1], ['33b5c502', 1], ['33c5c502', 1]), 3 + 4 + 37],
    // E31: a result is there after 2 cycles (lw), 3 (lbu), 5 (mul); lw a0; lbu a0; mul a0 before c.addi a0, c.addi a1.
    ['rv32imac', 'loads that nobody waits for', run(['03a5c500', 1], ['03c5c500', 1]), 2],
    ['rv32imac', 'the next instruction waits for lw', run(['03a5c500', 3], ['0505', 3]), 3 * 3],
    ['rv32imac', 'and for lbu two cycles', run(['03c5c500', 3], ['0505', 3]), 3 * 4],
    ['rv32imac', 'the one after next waits for lbu one cycle', run(['03c5c500', 3], ['8505', 3], ['0505', 3]), 3 * 4],
    ['rv32imac', 'a jump away waits for nothing', run(['03a5c500', 3, 3], ['0505', 5]), 8],
    ['rv32imac', 'mul', run(['3385c502', 1], ['0505', 1]), 6],
    // LX: l32i.n, l32i and mull have their results after 2 cycles; bnez.n 1 or 3; a loop's last instruction goes back for nothing.
    ['esp8266', 'l32i.n a2 that nobody waits for', run(['2803', 4]), 4],
    ['esp8266', 'l32i.n a2 before add.n a4, a2, a2', run(['2803', 4], ['2a42', 4]), 12],
    ['esp8266', 'l32i.n a2 before addi.n a4, a5, 2', run(['2803', 4], ['2b45', 4]), 8],
    ['esp8266', 'bnez.n', run(['dc13', 10, 9]), 9 * 3 + 1],
    ['esp32', 'add.n at the end of a loop', run(['3a22', 10, 9]), 10],
    ['cortex-m4', 'more bytes than the instruction has', run(['43ea044307fb', 200]), 200],
  ] as const)('%s: %s', (target, _, executed, expected) => {
    expect(cycles(executed, target)).toBe(expected);
  });

  it('do not depend on the order of the list, nor on what never ran', () => {
    const list = run([LDR, 3], [STR, 3], [BNE, 3, 2], ['ffffffff', 0]);
    expect(cycles([...list].reverse(), 'cortex-m4')).toBe(cycles(list, 'cortex-m4'));
    expect(cycles([], 'cortex-m4')).toBe(0);
  });

  it('are unknown where an instruction is', () => {
    expect(cycles(run([MOVS, 1], ['30ee810a', 1]), 'cortex-m4')).toBeNull();
    expect(() => cycles([], 'pdp-11')).toThrow('pdp-11');
  });
});

describe('cost tables', () => {
  it('exist for every target, with a source each', () => {
    expect(Object.keys(COST_TABLES).sort()).toEqual(targets.map((t) => t.core.name).sort());
    for (const { core, source, costs } of Object.values(COST_TABLES)) {
      expect(core).not.toBe('');
      expect(source).toMatch(/section|table/);
      expect(costs.alu).toBe(1);
    }
  });

  it('say that it is our reading where nothing is published', () => {
    for (const { source, reading } of Object.values(COST_TABLES))
      if (source.startsWith('no table')) expect(reading.length).toBeGreaterThan(20);
  });
});

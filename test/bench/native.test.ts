// SPDX-License-Identifier: MIT
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findTarget } from '../../backends/index.js';
import { differs, unknownHook } from '../../compiler/cli/bench-fcc.js';
import { loadJob } from '../../compiler/cli/bench-jobs.js';
import { deepestStack, nameHelpers, nativeStand } from '../../compiler/cli/bench-native.js';
import { readElf32 } from '../../compiler/cli/elf32.js';
import { runtimeFolder } from '../../compiler/cli/qemu-build.js';
import { readCounts } from '../../compiler/cli/qemu-count.js';
import { Names, splitCounts } from '../../compiler/cli/qemu-split.js';
import { processSession } from '../../compiler/cli/session.js';
import { HELPERS } from '../../compiler/contract/helpers.js';
import type { RunResult } from '../../compiler/host/engine.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { inFolder } from '../cli/capture.js';
import { fixtureFile, loadFixture, requestOf } from '../fixtures/all.js';

describe('C sources of eBPF programs for another compiler', () => {
  it('makes functions of helpers, by id', () => {
    const source = 'static int (*const say)(const char *f, int a) = (int (*)(const char *f, int a))(0x01);\nint x = 1;';
    expect(nameHelpers(source)).toBe('extern int say(const char *f, int a) __asm__("bpf_printf");\nint x = 1;');
    expect(nameHelpers('static void *(*get)(void *c) = (void *) 67;')).toBe(
      'extern void * get(void *c) __asm__("bpf_coap_get_pdu");',
    );
  });

  it('finds every helper in the firmware that C programs run in', () => {
    const source = readFileSync(join(runtimeFolder()!, 'bench', 'native.c'), 'utf8');
    const there = [...source.matchAll(/^HELPER(?:\([^,]+, |_VOID\()(\w+), /gm)].map((m) => m[1]);
    expect(there.sort()).toEqual(HELPERS.map((h) => h.name).sort());
  });

  it('leaves other function pointers and unknown ids alone', () => {
    const source = 'static int (*f)(int) = g; static int (*h)(int) = (void *) 999;';
    expect(nameHelpers(source)).toBe(source);
  });

  it('adds up the stack of the deepest chain of calls', () => {
    const graph = [
      'graph: { title: "x.c"',
      'node: { title: "main" label: "main\\nx.c:1:1\\n16 bytes (static)" }',
      'node: { title: "x.c:a" label: "a\\nx.c:2:1\\n8 bytes (static)" }',
      'node: { title: "x.c:b" label: "b\\nx.c:3:1\\n24 bytes (dynamic,bounded)" }',
      'node: { title: "memcpy" label: "memcpy\\n<built-in>" shape : ellipse }',
      'edge: { sourcename: "main" targetname: "x.c:a" label: "x.c:5:1" }',
      'edge: { sourcename: "main" targetname: "x.c:b" }',
      'edge: { sourcename: "x.c:b" targetname: "memcpy" }',
      'node: { title: "again" label: "again\\nx.c:4:1\\n8 bytes (static)" }',
      'edge: { sourcename: "again" targetname: "again" }',
    ].join('\n');
    expect(deepestStack(graph, 'main')).toBe(40);
    expect(deepestStack(graph, 'x.c:a')).toBe(8);
    expect(deepestStack(graph, 'again')).toBe(null);
    expect(deepestStack(graph, 'absent')).toBe(null);
  });

  it.each([
    ['cortex-m0plus', 'lm3s6965evb-m0', '-mcpu=cortex-m0plus'],
    ['cortex-m23', 'mps2-an505', '-mcpu=cortex-m23'],
    ['rv32imc', 'virt-ibex', '-march=rv32imc'],
  ])('is compiled for %s and run on %s', (name, board, flag) => {
    const stand = nativeStand(findTarget(name)!)!;
    expect(stand).toMatchObject({ board, note: null });
    expect(stand.tools.processor).toContain(flag);
  });

  it('says that cores without a packaged compiler have the code of another', () => {
    expect(nativeStand(findTarget('esp32')!)).toMatchObject({
      board: 'sim-lx106',
      note: expect.stringContaining('LX106'),
    });
  });
});

/** An ELF file for Arm with these symbols: name, address, size, type and binding (st_info). */
function elfWith(
  symbols: readonly (readonly [name: string, address: number, size: number, info: number])[],
): Uint8Array {
  const strings = `\0${symbols.map((s) => `${s[0]}\0`).join('')}.text\0`;
  const symbolsAt = 52;
  const stringsAt = symbolsAt + 16 * (symbols.length + 1);
  const headersAt = stringsAt + Math.ceil(strings.length / 4) * 4;
  const bytes = new Uint8Array(headersAt + 4 * 40);
  const view = new DataView(bytes.buffer);
  view.setUint16(18, 40, true);
  view.setUint32(32, headersAt, true);
  view.setUint16(48, 4, true);
  view.setUint16(50, 2, true);
  let name = 1;
  for (const [i, s] of symbols.entries()) {
    const at = symbolsAt + 16 * (i + 1);
    view.setUint32(at, name, true);
    view.setUint32(at + 4, s[1], true);
    view.setUint32(at + 8, s[2], true);
    view.setUint8(at + 12, s[3]);
    view.setUint16(at + 14, 3, true);
    name += s[0].length + 1;
  }
  bytes.set(Buffer.from(strings, 'latin1'), stringsAt);
  const section = (i: number, words: readonly number[]): void => {
    for (const [k, w] of words.entries()) view.setUint32(headersAt + 40 * i + 4 * k, w, true);
  };
  section(1, [0, 2, 0, 0, symbolsAt, 16 * (symbols.length + 1), 2]);
  section(2, [0, 3, 0, 0, stringsAt, strings.length]);
  section(3, [name, 1, 6, 0x1000, 0, 0x40]);
  return bytes;
}

const GLOBAL_FUNC = 0x12;
const LOCAL_FUNC = 0x02;
const FILE = 0x04;

describe('what firmware executed', () => {
  const bytes = elfWith([
    ['main.c', 0, 0, FILE],
    ['_take', 0x1101, 8, LOCAL_FUNC],
    ['fcc_load', 0x1001, 16, GLOBAL_FUNC],
    ['fcc_enter', 0x1021, 0, GLOBAL_FUNC],
    ['fcc_udiv64', 0x1041, 16, GLOBAL_FUNC],
    ['fcc_helper_printf', 0x1061, 16, GLOBAL_FUNC],
  ]);

  it('knows symbols without the bit of Thumb code, with the source of local ones', () => {
    const elf = readElf32(bytes);
    expect(elf.symbols.find((s) => s.name === '_take')).toMatchObject({ address: 0x1100, size: 8, file: 'main.c' });
    expect(elf.symbols.find((s) => s.name === 'fcc_load')).toMatchObject({
      address: 0x1000,
      file: '',
      undefined: false,
    });
    expect(elf.sections[3]).toMatchObject({ name: '.text', address: 0x1000, size: 0x40, executable: true });
    expect(new Names(elf).range('fcc_enter')).toEqual([0x1020, 0x103f]);
  });

  it('is the program’s in the container and in routines, else loading, entering or the firmware’s own', () => {
    const text = [
      'section 0',
      '00001000 0120 7 0 0 0 0 0',
      'section 1',
      '00001000 0120 5 1 0 0 0 0',
      '00001020 0120 0 0 0 0 3 0',
      '00001022 0120 0 0 0 0 2 1',
      '00001040 01200220 0 0 11 10 0 0',
      '00001060 0120 0 0 1 0 0 0',
      '00001100 0120 9 0 0 0 4 0',
      '21000000 7047 0 0 20 20 0 0',
      '',
    ].join('\n');
    const [, section] = readCounts(text);
    expect(splitCounts(section!, new Names(readElf32(bytes)), 0x21000000)).toEqual({
      load: 5,
      enter: 5,
      program: [
        { address: 0x1040, bytes: Uint8Array.of(1, 0x20, 2, 0x20), count: 11, taken: 10 },
        { address: 0x21000000, bytes: Uint8Array.of(0x70, 0x47), count: 20, taken: 20 },
      ],
    });
  });
});

describe('what is measured', () => {
  it('is the longest of the runs that end well, once per entry point', () =>
    inFolder(async (folder) => {
      const object = fixtureFile('memory_copy', 'v3.o');
      const job = await loadJob(processSession, { name: 'memory_copy', object, source: null }, folder);
      expect(job.programs.map((p) => p.row)).toEqual(['memory_copy/copy_bytes', 'memory_copy/copy_words']);
      expect(job.source).toBe(fixtureFile('memory_copy', 'c'));
      expect(job.small?.entries.map((e) => job.small!.functions[e]!.name)).toEqual(['copy_bytes', 'copy_words']);
      const { runs, contract } = loadFixture('memory_copy');
      for (const p of job.programs) {
        const counts = runs
          .filter((r) => r.program === p.name)
          .map((r) => interpret(job.object, p.entry, contract, requestOf(r)).instructions!);
        expect(counts.length).toBeGreaterThan(1);
        expect(p.expected?.instructions).toBe(Math.max(...counts));
      }
    }));

  it('is a run on made-up bytes of the right lengths where no file gives one, ranges kept', () =>
    inFolder(async (folder) => {
      const object = join(folder, 'counted.v3.o');
      copyFileSync(fixtureFile('packet_filter', 'v3.o'), object);
      const contract = JSON.parse(readFileSync(fixtureFile('packet_filter', 'contract.json'), 'utf8'));
      writeFileSync(join(folder, 'counted.contract.json'), JSON.stringify(contract));
      const load = () => loadJob(processSession, { name: 'counted', object, source: null }, folder);
      const [program] = (await load()).programs;
      expect(program).toMatchObject({ row: 'counted', problem: null, expected: { status: 'ok' } });
      expect(program!.request.context?.length).toBe(contract.context.size);
      expect([...program!.request.regions.keys()]).toEqual(contract.regions.map((r: { name: string }) => r.name));
      expect((await load()).programs[0]!.request).toEqual(program!.request);
    }));

  it('knows nothing of an unknown hook but that memory is there', () => {
    const { contract } = loadFixture('fir');
    const unknown = unknownHook(contract);
    expect(unknown.context).toMatchObject({ size: null, fields: [] });
    expect(unknown.regions.map((r) => [r.name, r.access])).toEqual(contract.regions.map((r) => [r.name, r.access]));
    expect(unknown.regions.every((r) => r.size === null && r.minSize === 0)).toBe(true);
  });

  it('has to end as the interpreter does', () => {
    const expected: RunResult = {
      status: 'ok',
      r0: 0x1_0000_0002n,
      instructions: 3,
      log: '',
      context: Uint8Array.of(1),
      regions: new Map([['a', Uint8Array.of(2)]]),
    };
    const got = { trap: null, r0: expected.r0, context: Uint8Array.of(1), regions: new Map([['a', Uint8Array.of(2)]]) };
    expect(differs(got, expected)).toBe(null);
    expect(differs({ ...got, r0: 2n }, expected, 32)).toBe(null);
    expect(differs({ ...got, r0: 2n }, expected)).toContain('r0 is 0x2');
    expect(differs({ ...got, trap: 'trap memory' }, expected)).toBe('trap memory');
    expect(differs({ ...got, context: Uint8Array.of(3) }, expected)).toContain('context');
    expect(differs({ ...got, regions: new Map([['a', Uint8Array.of(3)]]) }, expected)).toContain('region a');
  });
});

// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contractFromBtf } from '../../compiler/contract/btf.js';
import { contractHeader } from '../../compiler/contract/header.js';
import { HELPERS, type HelperRow } from '../../compiler/contract/helpers.js';
import { attributeString, CNames, cString, inComment } from '../../compiler/contract/names.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { ARG_DETAIL, ARG_KINDS, signatureWords } from '../../compiler/contract/signature-words.js';
import { fieldSize } from '../../compiler/contract/types.js';
import { type BtfType, readTypes } from '../../compiler/elf/btf-types.js';
import { readElf } from '../../compiler/elf/elf.js';
import { FIXTURE_NAMES, fixtureFile, loadFixture } from '../fixtures/all.js';
import { BPF, type Compiler, commandOf, FIRMWARE, withCompiler } from './compilers.js';
import { NASTY } from './nasty.js';

const FIXTURES = FIXTURE_NAMES.map((name) => ({ name, contract: loadFixture(name).contract }));
const ALL = [...FIXTURES.map((f) => f.contract), ...NASTY];
/** C names that a hook's header starts its names with. */
const PREFIX = /#ifndef (\w+)_CONTRACT_H/;
const prefixOf = (header: string): string => PREFIX.exec(header)![1]!;

const SIDES: readonly Compiler[] = [BPF, ...FIRMWARE];

describe('generated headers', () => {
  it('compile together on every side', () => {
    const without: string[] = [];
    for (const side of SIDES) {
      const command = commandOf(side);
      if (command === undefined) {
        without.push(side.name);
        continue;
      }
      // Tags are a matter of the container's side; one firmware side shows that they are nothing there.
      for (const tags of side === SIDES[1] ? [true, false] : [side === BPF]) {
        const headers = ALL.map((c) => contractHeader(c, { hookId: 1, contractHash: 2, tags }));
        expect(new Set(headers.map(prefixOf)).size).toBe(ALL.length);
        const files = Object.fromEntries(headers.map((h, i) => [`h${i}.h`, h]));
        // Twice: the second time each guards itself.
        const includes = headers.map((_, i) => `#include "h${i}.h"\n#include "h${i}.h"\n`).join('');
        const uses = headers.map((h, i) => `${prefixOf(h).toLowerCase()}_ctx_t *use${i};\n`).join('');
        const { errors } = withCompiler(side, command, (compile) => compile(`${includes}${uses}`, files));
        expect(errors, side.name).toBe('');
      }
    }
    if (without.length > 0) console.warn(`not compiled for want of: ${without.join(', ')}`);
    expect(without.length, 'no compiler at all').toBeLessThan(SIDES.length);
  });

  it('make programs whose objects carry the contract', ({ skip }) => {
    const command = commandOf(BPF);
    if (command === undefined) return skip('clang is not installed');
    const headers = ALL.map((c) => contractHeader(c, { tags: true }));
    const files = Object.fromEntries(headers.map((h, i) => [`h${i}.h`, h]));
    const programs = headers.map((h, i) => {
      const p = prefixOf(h);
      return `#include "h${i}.h"\n${p}_SEC uint64_t f${i}(${p.toLowerCase()}_ctx_t *ctx) { (void)ctx; return 0; }\n`;
    });
    // Prototypes and commas of sections are no matter here, only that the object can be read.
    const object = withCompiler(BPF, command, (compile, folder) => {
      expect(compile(programs.join(''), files, 'all.o').errors).toBe('');
      return new Uint8Array(readFileSync(join(folder, 'all.o')));
    });
    ALL.forEach((contract, i) => {
      expect(contractFromBtf(object, `f${i}`), contract.hook).toEqual(contract);
    });
  });

  it('refuse a structure whose members moved', () => {
    const contracts = [loadFixture('packet_filter').contract, NASTY[0]!, NASTY[1]!, NASTY[3]!];
    let tried = 0;
    for (const side of SIDES.slice(0, 2)) {
      const command = commandOf(side);
      if (command === undefined) continue;
      tried++;
      withCompiler(side, command, (compile) => {
        for (const contract of contracts) {
          const header = contractHeader(contract);
          expect(compile(header, {}).errors).toBe('');
          const body = /^typedef struct .*?^}/ms.exec(header)![0];
          const members = body.split('\n').filter((l) => l.endsWith(';'));
          // Each member in turn made longer by a byte in front of it: what stands behind moves, or the size changes.
          for (const member of side === BPF ? members : members.slice(0, 1)) {
            const { ok, errors } = compile(header.replace(member, `    uint8_t extra;\n${member}`), {});
            expect(
              [ok, errors.match(/static assertion failed/i)?.[0]?.toLowerCase()],
              `${side.name}: ${member}`,
            ).toEqual([false, 'static assertion failed']);
          }
        }
      });
    }
    expect(tried).toBeGreaterThan(0);
  });

  it('say that read-only members are const, to the container alone', ({ skip }) => {
    const command = commandOf(BPF);
    if (command === undefined) return skip('clang is not installed');
    const header = contractHeader(NASTY[1]!);
    withCompiler(BPF, command, (compile) => {
      const write = (member: string): string =>
        `${header}void f(n_gaps_ctx_t *c);\nvoid f(n_gaps_ctx_t *c) { c->${member} = 1; }\n`;
      expect(compile(write('b'), {}).errors).toBe('');
      for (const member of ['a', 'c', 'reserved_0[0]'])
        expect(compile(write(member), {}).errors, member).toContain('const');
    });
  });

  it('declare helpers that are called by their numbers', ({ skip }) => {
    const command = commandOf(BPF);
    if (command === undefined) return skip('clang is not installed');
    const source = `${contractHeader(NASTY.at(-1)!)}
N_OWN_SEC uint64_t f(n_own_ctx_t *ctx) { return (uint64_t)(fcc_own(0, 1, ctx, "", 0) + (fcc_find("x") != 0)) + fcc_wide(); }
`;
    const object = withCompiler(BPF, command, (compile, folder) => {
      expect(compile(source, {}, 'own.o').errors).toBe('');
      return readElf(new Uint8Array(readFileSync(join(folder, 'own.o'))), 'own.o');
    });
    const { data } = object.sections.find((s) => s.name === 'n/own')!;
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const called: number[] = [];
    for (let at = 0; at < data.length; at += 8) if (data[at] === 0x85) called.push(view.getUint32(at + 4, true));
    expect(called.sort((a, b) => a - b)).toEqual([0x200, 0x201, 0x7ffffffe]);
  });

  it('is text of one contract: names, limits, ids', () => {
    const header = contractHeader(NASTY.at(-1)!, { hookId: 0xabc, contractHash: 0x12345678 });
    for (const line of [
      '#define N_OWN_HOOK "n/own"',
      '#define N_OWN_HOOK_ID 0x00000abcu /* CRC-32 of the name */',
      '#define N_OWN_CONTRACT_HASH 0x12345678u /* contract_hash of an image for this contract */',
      '#define N_OWN_ALLOWED { 0x1u, 0x43u, 0x200u, 0x201u, 0x7ffffffeu } /* ids, for fcc_host_t */',
      '#define N_OWN_REGION_RO 0u /* row of the grants: read only, 4 bytes */',
      '/* The context: bytes whose number a run brings. */',
      'typedef uint8_t n_own_ctx_t;',
      'void *fcc_helper_find(fcc_instance_t *instance, const char *s);',
    ])
      expect(header.split('\n')).toContain(line);
    expect(header).not.toContain('not_allowed');
  });

  it('lists what may be called in interrupts, and the rows of own helpers', () => {
    const irq = NASTY.find((c) => c.hook === 'n/irq')!;
    const lines = contractHeader(irq).split('\n');
    const ids = [...HELPERS, ...irq.signatures!].filter((h) => !('blocks' in h)).map((h) => `0x${h.id.toString(16)}u`);
    expect(lines).toContain(`#define N_IRQ_ALLOWED_COUNT ${ids.length}u`);
    expect(lines).toContain(`#define N_IRQ_ALLOWED { ${ids.join(', ')} } /* ids, for fcc_host_t */`);
    const at = lines.indexOf('#define N_IRQ_SIGNATURES \\');
    expect(lines[at + 1]).toBe(
      '    0x301u, FCC_SIGNATURE_HEAD(FCC_RESULT_VOID, 1u, 7u), FCC_ARGUMENT(33u, 0u), 1u, 0u, 4294967295u, 1u',
    );
    expect(contractHeader(parseContract('{"hook":"h","helpers":null}', 'c'))).not.toContain('ALLOWED');
  });

  it('has words of a signature that are enough for the largest', () => {
    // Kinds take the bits below the detail; a row's number of words has 16 bits, its number of arguments 8.
    expect(Object.values(ARG_KINDS).reduce((a: number, b) => a | b, 0)).toBeLessThan(1 << ARG_DETAIL);
    expect(2 ** 24 * 2 ** ARG_DETAIL).toBeLessThanOrEqual(2 ** 32);
    const row: HelperRow = {
      ...{ id: 0x7ffffffe, name: 'x', result: { kind: 'i32' }, doc: '' },
      args: [
        { kind: 'fixed', name: 'p', access: 'rw', size: 1 << 24 },
        { kind: 'buffer', name: 'q', access: 'r', length: 2 },
        { kind: 'u32', name: 'n', range: [0n, 0xffffffffn] },
        { kind: 'context', name: 'c' },
        { kind: 'cstring', name: 's' },
      ],
    };
    expect(signatureWords(row)).toBe(
      '0x7ffffffeu, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 5u, 9u), FCC_ARGUMENT(28u, 16777216u), FCC_ARGUMENT(4u, 2u), ' +
        'FCC_ARGUMENT(32u, 0u), 0u, 4294967295u, FCC_ARGUMENT(2u, 0u), FCC_ARGUMENT(3u, 0u)',
    );
  });
});

describe('a header with the macros of fcc_contract.h', () => {
  it('is the same structure on every side', () => {
    const folder = join(import.meta.dirname, 'objects');
    const { size, fields } = contractFromBtf(new Uint8Array(readFileSync(join(folder, 'tagged.o'))), 'sum')!.context;
    const source = [
      `#include "${join(folder, 'tagged.h')}"`,
      '#ifdef __cplusplus\n#define _Static_assert static_assert\n#endif',
      `_Static_assert(sizeof(frame_ctx_t) == ${size}, "size");`,
      ...fields.map((f) => `_Static_assert(__builtin_offsetof(frame_ctx_t, ${f.name}) == ${f.offset}, "${f.name}");`),
      '',
    ].join('\n');
    expect(fields.length).toBeGreaterThan(4);
    for (const side of SIDES) {
      const command = commandOf(side);
      if (command !== undefined)
        expect(
          withCompiler(side, command, (compile) => compile(source, {}).errors),
          side.name,
        ).toBe('');
    }
  });
});

describe('fixtures and their contracts', () => {
  /** Members of the structure that the first parameter of a program points to; null if that is no structure. */
  function structure(
    types: readonly BtfType[],
    name: string,
  ): { size: number; members: Map<string, [number, number]> } | null {
    const follow = (at: number): BtfType => {
      const t = types[at]!;
      return t.kind === 'typedef' || t.kind === 'qualifier' ? follow(t.type) : t;
    };
    const func = types.find((t) => t.kind === 'func' && t.name === name) as BtfType & { kind: 'func' };
    const proto = types[func.type] as BtfType & { kind: 'proto' };
    const pointer = follow(proto.params[0]!) as BtfType & { kind: 'ptr' };
    const struct = follow(pointer.type);
    if (struct.kind !== 'struct') return null;
    const size = (t: BtfType): number => (t.kind === 'ptr' ? 8 : t.kind === 'int' ? t.size : 0);
    return {
      size: struct.size,
      members: new Map(struct.members.map((m) => [m.name, [m.offset / 8, size(follow(m.type))]])),
    };
  }

  it.each(FIXTURES)('$name: every field is a member of its C structure', ({ name, contract }) => {
    const path = fixtureFile(name, 'v3.o');
    const types = readTypes(readElf(new Uint8Array(readFileSync(path)), path));
    const { program } = loadFixture(name).objects[1]!;
    for (const entry of program.entries) {
      const struct = structure(types, program.functions[entry]!.name);
      if (struct === null) {
        expect(contract.context.fields).toEqual([]);
        continue;
      }
      for (const f of contract.context.fields)
        expect(struct.members.get(f.name), f.name).toEqual([f.offset, fieldSize(f)]);
      if (contract.context.fields.length > 0) expect(struct.size).toBe(contract.context.size);
      else expect(struct.size).toBeLessThanOrEqual(contract.context.size!);
    }
  });

  it('their sources agree with the generated headers', ({ skip }) => {
    const command = commandOf(BPF);
    if (command === undefined) return skip('clang is not installed');
    const lenient: Compiler = { ...BPF, options: [...BPF.options, '-Wno-pedantic', '-Wno-unused'] };
    let compared = 0;
    withCompiler(lenient, command, (compile) => {
      for (const { name, contract } of FIXTURES) {
        const path = fixtureFile(name, 'c');
        const type = /FC_HOOK\([^)]*\)\s*\w+ \w+\((\w+) \*/.exec(readFileSync(path, 'utf8'))![1]!;
        if (!type.endsWith('_ctx_t')) continue;
        const header = contractHeader(contract);
        const own = `${prefixOf(header).toLowerCase()}_ctx_t`;
        const same = contract.context.fields.map(
          (f) =>
            `_Static_assert(__builtin_offsetof(${type}, ${f.name}) == __builtin_offsetof(${own}, ${f.name}), "${f.name}");`,
        );
        const source = `#include "${path}"\n${header}\n_Static_assert(sizeof(${type}) == sizeof(${own}), "size");\n${same.join('\n')}\n`;
        expect(compile(source, {}).errors, name).toBe('');
        compared += same.length;
      }
    });
    expect(compared).toBeGreaterThan(20);
  });
});

describe('C names and texts', () => {
  it('are unique, and nobody else’s', () => {
    const names = new CNames();
    names.reserve('kept');
    const made = ['a.b', 'a-b', 'a_b', 'int', 'int_', 'kept', '9', '_x', '__LINE__', 'INT8_MAX', 'size_t', ''].map(
      (n) => names.make(n),
    );
    expect(made).toEqual([
      'a_b',
      'a_b_2',
      'a_b_3',
      'int_',
      'int__2',
      'kept_2',
      'f_9',
      'f_x',
      'f__LINE__',
      'INT8_MAX_',
      'size_t',
      'f_',
    ]);
  });

  it('leave comments and strings closed', () => {
    expect(attributeString('a"b\\c?\n\u0000\u00e9')).toBe('"a\\"b\\\\c\\?\\n \u00e9"');
    expect(inComment('a */ b /* c\nd ?? e\\')).toBe('a * / b / * c d ? ? e\\ ');
    for (const text of ['???/', '????/', '?????/']) expect(inComment(text)).not.toContain('??');
    expect(cString('a"b\\c?\n\u00e9\u{1f600}1')).toBe('"a\\"b\\\\c\\?\\012\\303\\251\\360\\237\\230\\2001"');
  });
});

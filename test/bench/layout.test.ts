// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { fromNative, nativeOffset, nativeSignature, toNative } from '../../compiler/cli/bench-layout.js';
import { type ContextLayout, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { BtfMember, BtfType } from '../../compiler/elf/btf-types.js';

/** Types by name, numbered as they are made; 0 is void. */
class Types {
  readonly all: BtfType[] = [{ kind: 'void', name: '', size: 0 }];

  add(type: BtfType): number {
    return this.all.push(type) - 1;
  }
  int(name: string, size: number): number {
    return this.add({ kind: 'int', name, size });
  }
  ptr(type: number): number {
    return this.add({ kind: 'ptr', name: '', type });
  }
  struct(
    size: number,
    members: readonly (readonly [name: string, type: number, offset: number, bits?: number])[],
  ): number {
    const rows: BtfMember[] = members.map(([name, type, offset, bits = 0]) => ({ name, type, offset, bits }));
    return this.add({ kind: 'struct', name: 's', size, members: rows });
  }
  /** A function `f` with these parameters. */
  func(result: number, params: readonly number[]): void {
    const proto = this.add({ kind: 'proto', name: '', type: result, params });
    this.add({ kind: 'func', name: 'f', type: proto, global: true });
  }
}

const places = (t: Types): unknown =>
  nativeSignature(t.all, 'f', DEFAULT_CONTRACT).layout?.pieces.map((p) => [p.from, p.size, p.to, p.nativeSize]);

describe('the context as C for a 32-bit processor lays it out', () => {
  it('shortens pointers and long, and aligns 64-bit integers to 8', () => {
    const t = new Types();
    const long = t.int('unsigned long', 8);
    const wide = t.add({ kind: 'typedef', name: 'int64_t', type: t.int('long', 8) });
    const byte = t.int('unsigned char', 1);
    const word = t.int('unsigned int', 4);
    const s = t.struct(56, [
      ['head', long, 0],
      ['tail', long, 64],
      ['big', wide, 128],
      ['buf', t.ptr(byte), 192],
      ['len', word, 256],
      ['flag', byte, 288],
      ['total', t.int('long', 8), 320],
    ]);
    t.func(word, [t.ptr(s)]);
    expect(places(t)).toEqual([
      ...[
        [0, 8, 0, 4],
        [8, 8, 4, 4],
        [16, 8, 8, 8],
        [24, 8, 16, 4],
      ],
      ...[
        [32, 4, 20, 4],
        [36, 1, 24, 1],
        [40, 8, 28, 4],
      ],
    ]);
    expect(nativeSignature(t.all, 'f', DEFAULT_CONTRACT)).toMatchObject({
      params: ['pointer'],
      result: 4,
      layout: { size: 56, nativeSize: 32 },
    });
  });

  it('is the same where there is neither', () => {
    const t = new Types();
    const s = t.struct(16, [
      ['a', t.int('unsigned long long', 8), 0],
      ['b', t.add({ kind: 'array', name: '', type: t.int('short', 2), length: 4 }), 64],
    ]);
    t.func(t.int('long long', 8), [t.ptr(s)]);
    expect(nativeSignature(t.all, 'f', DEFAULT_CONTRACT)).toEqual({ params: ['pointer'], result: 8, layout: null });
  });

  it('packs what eBPF has packed', () => {
    const t = new Types();
    const s = t.struct(13, [
      ['a', t.int('char', 1), 0],
      ['p', t.ptr(0), 8],
      ['n', t.int('int', 4), 72],
    ]);
    t.func(0, [t.ptr(s)]);
    expect(places(t)).toEqual([
      [0, 1, 0, 1],
      [1, 8, 1, 4],
      [9, 4, 5, 4],
    ]);
    expect(nativeSignature(t.all, 'f', DEFAULT_CONTRACT)).toMatchObject({ result: 0, layout: { nativeSize: 9 } });
  });

  it('repeats structures of arrays, keeps runs of bit fields, and takes a union as its longest member', () => {
    const t = new Types();
    const word = t.int('unsigned int', 4);
    const pair = t.struct(16, [
      ['at', t.ptr(word), 0],
      ['n', word, 64],
    ]);
    const union = t.add({
      kind: 'union',
      name: 'u',
      size: 8,
      members: [
        { name: 'p', type: t.ptr(0), offset: 0, bits: 0 },
        { name: 'b', type: t.add({ kind: 'array', name: '', type: word, length: 2 }), offset: 0, bits: 0 },
      ],
    });
    const s = t.struct(48, [
      ['low', word, 0, 3],
      ['high', word, 3, 9],
      ['pairs', t.add({ kind: 'array', name: '', type: pair, length: 2 }), 64],
      ['u', union, 320],
    ]);
    t.func(word, [t.ptr(s)]);
    expect(places(t)).toEqual([
      [0, 2, 0, 2],
      ...[
        [8, 8, 4, 4],
        [16, 4, 8, 4],
        [24, 8, 12, 4],
        [32, 4, 16, 4],
      ],
      [40, 8, 20, 8],
    ]);
  });

  it('goes by the fields of the contract where the object says nothing', () => {
    const context: ContextLayout = {
      size: 24,
      access: 'r',
      align: 8,
      fields: [
        { kind: 'length', name: 'n', offset: 16, size: 4, region: 'data' },
        { kind: 'pointer', name: 'at', offset: 8, region: 'data' },
        { kind: 'scalar', name: 'a', offset: 0, size: 8, access: 'r' },
      ],
    };
    const made = nativeSignature([], 'f', { ...DEFAULT_CONTRACT, passLength: false, context });
    expect(made.params).toEqual(['pointer']);
    expect(made.layout?.pieces.map((p) => [p.from, p.to, p.nativeSize])).toEqual([
      [0, 0, 8],
      [8, 8, 4],
      [16, 12, 4],
    ]);
  });

  it('carries values there and back, with what lies behind the structure', () => {
    const t = new Types();
    const s = t.struct(24, [
      ['p', t.ptr(0), 0],
      ['n', t.int('unsigned int', 4), 64],
      ['total', t.int('long', 8), 128],
    ]);
    t.func(0, [t.ptr(s), t.int('unsigned long long', 8)]);
    const { layout, params } = nativeSignature(t.all, 'f', DEFAULT_CONTRACT);
    expect(params).toEqual(['pointer', 8]);
    const before = Uint8Array.from({ length: 26 }, (_, i) => i);
    const native = toNative(before, layout);
    expect([...native]).toEqual([0, 0, 0, 0, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25]);
    expect([0, 8, 16, 25].map((at) => nativeOffset(at, layout))).toEqual([0, 4, 8, 13]);
    expect(nativeOffset(13, layout)).toBe(null);
    native.set([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4]);
    const after = fromNative(native, before, layout);
    // Pointers are the host's, and of a shorter number nothing is known.
    expect([...after]).toEqual([...before.subarray(0, 8), 2, 2, 2, 2, ...before.subarray(12, 24), 4, 4]);
  });
});

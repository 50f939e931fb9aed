// SPDX-License-Identifier: MIT

/** Writes `.BTF` sections and objects around them, right or wrong. */

export interface Member {
  readonly name: string;
  readonly type: number;
  /** In bits, with the width above it if the structure has bit fields. */
  readonly offset: number;
}

const text = new TextEncoder();

function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((v, i) => {
    view.setUint32(4 * i, v >>> 0, true);
  });
  return bytes;
}

const join = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((p) => [...p]));

export class Btf {
  private readonly types: Uint8Array[] = [];
  private strings = '\0';

  /** Number of the type that is made next. */
  get next(): number {
    return this.types.length + 1;
  }

  private name(name: string): number {
    if (name === '') return 0;
    const at = text.encode(this.strings).length;
    this.strings += `${name}\0`;
    return at;
  }

  /** Any type: its kind, count and the word that is size or type, then more words. */
  raw(
    kind: number,
    name: string,
    count: number,
    sizeOrType: number,
    more: readonly number[] = [],
    flag = false,
  ): number {
    const info = (kind << 24) | count | (flag ? 0x80000000 : 0);
    this.types.push(words(this.name(name), info, sizeOrType, ...more));
    return this.types.length;
  }

  int(size: number): number {
    return this.raw(1, `int${8 * size}`, 0, size, [8 * size]);
  }
  ptr(type: number): number {
    return this.raw(2, '', 0, type);
  }
  array(type: number, length: number): number {
    return this.raw(3, '', 0, 0, [type, type, length]);
  }
  struct(name: string, size: number, members: readonly Member[], bitFields = false): number {
    const rows = members.flatMap((m) => [this.name(m.name), m.type, m.offset]);
    return this.raw(4, name, members.length, size, rows, bitFields);
  }
  union(name: string, size: number, members: readonly Member[]): number {
    const rows = members.flatMap((m) => [this.name(m.name), m.type, m.offset]);
    return this.raw(5, name, members.length, size, rows);
  }
  enumeration(name: string, size: number, values: number, wide = false): number {
    const row = wide ? [0, 1, 0] : [0, 1];
    return this.raw(wide ? 19 : 6, name, values, size, Array.from({ length: values }, () => row).flat());
  }
  typedef(name: string, type: number): number {
    return this.raw(8, name, 0, type);
  }
  proto(result: number, ...params: readonly number[]): number {
    return this.raw(
      13,
      '',
      params.length,
      result,
      params.flatMap((p) => [0, p]),
    );
  }
  func(name: string, proto: number): number {
    return this.raw(12, name, 1, proto);
  }
  tag(value: string, type: number, component = -1): number {
    return this.raw(17, value, 0, type, [component]);
  }

  bytes(): Uint8Array {
    const types = join(this.types);
    const strings = text.encode(this.strings);
    return join([words(0x0001eb9f, 24, 0, types.length, types.length, strings.length), types, strings]);
  }
}

/** An eBPF object with a `.BTF` section and a global function `f` in section `fc/x` that returns 0. */
export function objectWith(btf: Uint8Array): Uint8Array {
  const names = '\0.shstrtab\0.strtab\0.symtab\0fc/x\0.BTF\0';
  const strings = '\0f\0';
  const symbol = join([words(1, 0x00040012, 0, 0, 16, 0)]);
  const program = words(0xb7, 0, 0x95, 0);
  const sections: [
    name: string,
    type: number,
    flags: number,
    data: Uint8Array,
    link: number,
    info: number,
    entry: number,
  ][] = [
    ['', 0, 0, new Uint8Array(), 0, 0, 0],
    ['.shstrtab', 3, 0, text.encode(names), 0, 0, 0],
    ['.strtab', 3, 0, text.encode(strings), 0, 0, 0],
    ['.symtab', 2, 0, join([new Uint8Array(24), symbol]), 2, 1, 24],
    ['fc/x', 1, 6, program, 0, 0, 0],
    ['.BTF', 1, 0, btf, 0, 0, 0],
  ];
  const parts: Uint8Array[] = [];
  const headers: Uint8Array[] = [];
  let at = 64;
  for (const [name, type, flags, data, link, info, entry] of sections) {
    const padded = join([data, new Uint8Array(-data.length & 7)]);
    const nameAt = name === '' ? 0 : names.indexOf(`\0${name}\0`) + 1;
    headers.push(
      words(nameAt, type, flags, 0, 0, 0, type === 0 ? 0 : at, 0, data.length, 0, link, info, 8, 0, entry, 0),
    );
    parts.push(padded);
    at += padded.length;
  }
  const header = join([
    Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    words(0x00f70001, 1, 0, 0, 0, 0, at, 0, 0, 0x00000040, 0x00400000, 0x00010006),
  ]);
  return join([header, ...parts, ...headers]);
}

// SPDX-License-Identifier: MIT
import type { Contract } from '../contract/types.js';
import type { BtfMember, BtfType } from '../elf/btf-types.js';
import { CompileError } from '../errors/index.js';

/** Where one piece of an eBPF context lies in the structure that a C compiler for a 32-bit processor makes of the same declaration. */
export interface Piece {
  /** Byte offset and length for eBPF. */
  readonly from: number;
  readonly size: number;
  /** The same for the 32-bit processor; shorter for pointers and `long`. */
  readonly to: number;
  readonly nativeSize: number;
  readonly pointer: boolean;
}

export interface NativeLayout {
  readonly pieces: readonly Piece[];
  /** Lengths of the structure; what a context has behind it follows. */
  readonly size: number;
  readonly nativeSize: number;
}

/** How C on a 32-bit processor calls an entry point. */
export interface NativeSignature {
  /** Bytes of each parameter there; `pointer` is the context. */
  readonly params: readonly ('pointer' | 4 | 8)[];
  /** Bytes of the result that count; 0: none. */
  readonly result: number;
  /** null: the context is the same for both. */
  readonly layout: NativeLayout | null;
}

/** Names of 64-bit integers that clang describes as `long` behind their name. */
const WIDE = /^(__)?([us]64|u?int(_least|_fast)?64(_t)?|u?intmax_t|[us]64_t|[iu]64)$/;
/** What is 64 bits wide in eBPF only. */
const LONG = /^(unsigned )?long$|^long unsigned int$|^long int$/;
/** Structures inside structures. */
const MAX_DEPTH = 32;
const MAX_PIECES = 65536;

interface Placed {
  readonly pieces: readonly Piece[];
  readonly size: number;
  readonly nativeSize: number;
  readonly align: number;
  readonly nativeAlign: number;
}

const up = (n: number, align: number): number => Math.ceil(n / align) * align;

/** Lays types out twice, as the eBPF and the 32-bit C compilers do: naturally aligned, or packed where eBPF's offsets are. */
class Layouts {
  constructor(private readonly types: readonly BtfType[]) {}

  of(type: number, depth = 0, wide = false): Placed {
    const t = this.types[type];
    if (!t || depth > MAX_DEPTH) throw new CompileError('FCC0210', `.BTF: type ${type} has no end`);
    switch (t.kind) {
      case 'ptr':
        return {
          pieces: [{ from: 0, size: 8, to: 0, nativeSize: 4, pointer: true }],
          ...{ size: 8, nativeSize: 4, align: 8, nativeAlign: 4 },
        };
      case 'typedef':
        return this.of(t.type, depth + 1, wide || WIDE.test(t.name));
      case 'qualifier':
      case 'var':
        return this.of(t.type, depth + 1, wide);
      case 'array':
        return this.array(this.of(t.type, depth + 1, wide), t.length);
      case 'struct':
        return this.struct(t.members, t.size, depth);
      case 'union': {
        const all = t.members.map((m) => this.of(m.type, depth + 1));
        const widest = all.reduce<Placed | null>((a, b) => (a && a.nativeSize >= b.nativeSize ? a : b), null);
        const align = Math.max(1, ...all.map((p) => p.align));
        const nativeAlign = Math.max(1, ...all.map((p) => p.nativeAlign));
        return {
          pieces: widest?.pieces ?? [],
          size: t.size,
          nativeSize: up(widest?.nativeSize ?? 0, nativeAlign),
          ...{ align, nativeAlign },
        };
      }
      default: {
        const size = 'size' in t ? t.size : 0;
        const nativeSize = size === 8 && !wide && LONG.test(t.name) ? 4 : size;
        const align = Math.max(1, Math.min(size, 8));
        return {
          pieces: size === 0 ? [] : [{ from: 0, size, to: 0, nativeSize, pointer: false }],
          ...{ size, nativeSize, align, nativeAlign: Math.max(1, Math.min(nativeSize, 8)) },
        };
      }
    }
  }

  private array(element: Placed, length: number): Placed {
    const { align, nativeAlign } = element;
    const size = element.size * length;
    const nativeSize = element.nativeSize * length;
    const same = element.pieces.every((p) => p.from === p.to && p.size === p.nativeSize && !p.pointer);
    // No context is as long as that: whatever it is, it is not to be read.
    if ((same && size === nativeSize) || length * element.pieces.length > MAX_PIECES) {
      const pieces = size === 0 ? [] : [{ from: 0, size, to: 0, nativeSize, pointer: false }];
      return { pieces, size, nativeSize, align, nativeAlign };
    }
    const pieces = Array.from({ length }, (_, i) =>
      element.pieces.map((p) => ({ ...p, from: p.from + i * element.size, to: p.to + i * element.nativeSize })),
    ).flat();
    return { pieces, size, nativeSize, align, nativeAlign };
  }

  private struct(members: readonly BtfMember[], size: number, depth: number): Placed {
    const placed = members.map((m) => this.of(m.type, depth + 1));
    const align = Math.max(1, ...placed.map((p) => p.align));
    const packed =
      size % align !== 0 || members.some((m, i) => m.bits === 0 && (m.offset / 8) % placed[i]!.align !== 0);
    const pieces: Piece[] = [];
    let to = 0;
    for (let i = 0; i < members.length; i++) {
      const m = members[i]!;
      const p = placed[i]!;
      if (m.bits > 0) {
        // A run of bit fields: its bytes as they are.
        let last = i;
        while (last + 1 < members.length && members[last + 1]!.bits > 0) last++;
        const from = Math.floor(m.offset / 8);
        const end = members[last]!;
        const bytes = Math.ceil((end.offset + end.bits) / 8) - from;
        to = up(to, packed ? 1 : Math.min(p.nativeAlign, Math.max(1, from & -from)));
        pieces.push({ from, size: bytes, to, nativeSize: bytes, pointer: false });
        to += bytes;
        i = last;
        continue;
      }
      to = up(to, packed ? 1 : p.nativeAlign);
      for (const piece of p.pieces) pieces.push({ ...piece, from: piece.from + m.offset / 8, to: piece.to + to });
      to += p.nativeSize;
    }
    const nativeAlign = packed ? 1 : Math.max(1, ...placed.map((p) => p.nativeAlign));
    return { pieces, size, nativeSize: up(to, nativeAlign), align: packed ? 1 : align, nativeAlign };
  }
}

/**
 * How C calls an entry point and what its context looks like there, from the object's types; without them, from the contract's
 * fields, as if the structure had no others. Source: the ABIs of Arm (AAPCS32), RISC-V (ilp32) and Xtensa (call0) align each number to
 * its size, 64-bit ones included. Errors: FCC0210 for types that contain themselves.
 */
export function nativeSignature(types: readonly BtfType[], name: string, contract: Contract): NativeSignature {
  const layouts = new Layouts(types);
  const func =
    types.find((t) => t.kind === 'func' && t.name === name && t.global) ?? types.find((t) => t.name === name);
  const proto = func?.kind === 'func' ? types[func.type] : undefined;
  if (proto?.kind !== 'proto') {
    const params = contract.passLength ? (['pointer', 8] as const) : (['pointer'] as const);
    return { params, result: 8, layout: fieldsLayout(contract) };
  }
  const params = proto.params.map((p) => {
    const t = layouts.of(p);
    if (t.pieces.length === 1 && t.pieces[0]!.pointer) return 'pointer';
    return t.nativeSize === 8 ? 8 : 4;
  });
  const result = proto.type === 0 ? 0 : layouts.of(proto.type).nativeSize;
  const struct = params[0] === 'pointer' ? pointedStruct(types, proto.params[0]!) : null;
  return { params, result, layout: struct === null ? fieldsLayout(contract) : changed(layouts.of(struct)) };
}

/** The structure that a pointer type points to, or null. */
function pointedStruct(types: readonly BtfType[], pointer: number): number | null {
  let at = pointer;
  let pointers = 0;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const t = types[at];
    if (!t) return null;
    if (t.kind === 'struct') return pointers === 1 ? at : null;
    if (t.kind === 'ptr') pointers++;
    else if (t.kind !== 'typedef' && t.kind !== 'qualifier') return null;
    at = t.type;
  }
  return null;
}

/** null where nothing differs. */
function changed({ pieces, size, nativeSize }: Placed): NativeLayout | null {
  const same = pieces.every((p) => p.from === p.to && p.size === p.nativeSize);
  return same && size === nativeSize ? null : { pieces, size, nativeSize };
}

function fieldsLayout({ context }: Contract): NativeLayout | null {
  if (!context.fields.some((f) => f.kind === 'pointer')) return null;
  const pieces: Piece[] = [];
  let from = 0;
  let to = 0;
  for (const field of [...context.fields].sort((a, b) => a.offset - b.offset)) {
    const pointer = field.kind === 'pointer';
    const size = pointer ? 8 : field.size;
    const nativeSize = pointer ? 4 : field.size;
    to = up(to, nativeSize);
    pieces.push({ from: field.offset, size, to, nativeSize, pointer });
    from = field.offset + size;
    to += nativeSize;
  }
  return { pieces, size: Math.max(from, context.size ?? 0), nativeSize: up(to, 4) };
}

/** A context for the 32-bit processor, pointers left 0. */
export function toNative(context: Uint8Array, layout: NativeLayout | null): Uint8Array {
  if (layout === null) return Uint8Array.from(context);
  const tail = context.subarray(layout.size);
  const native = new Uint8Array(layout.nativeSize + tail.length);
  native.set(tail, layout.nativeSize);
  for (const p of layout.pieces)
    if (!p.pointer) native.set(context.subarray(p.from, p.from + Math.min(p.size, p.nativeSize)), p.to);
  return native;
}

/** Where the 32-bit processor finds what lies at this offset of an eBPF context; null: nowhere. */
export function nativeOffset(offset: number, layout: NativeLayout | null): number | null {
  if (layout === null) return offset;
  if (offset >= layout.size) return offset - layout.size + layout.nativeSize;
  const piece = layout.pieces.find((p) => offset >= p.from && offset < p.from + p.size);
  return piece ? piece.to + (offset - piece.from) : null;
}

/** The context in eBPF's layout again: `before`, with what the processor left of numbers that have the same size for both. */
export function fromNative(native: Uint8Array, before: Uint8Array, layout: NativeLayout | null): Uint8Array {
  if (layout === null) return Uint8Array.from(native);
  const context = Uint8Array.from(before);
  context.set(native.subarray(layout.nativeSize), layout.size);
  for (const p of layout.pieces)
    if (!p.pointer && p.size === p.nativeSize) context.set(native.subarray(p.to, p.to + p.size), p.from);
  return context;
}

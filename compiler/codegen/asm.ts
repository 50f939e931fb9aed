// SPDX-License-Identifier: MIT
import type { Origin, TrapName } from '../ir/ir.js';
import type { Asm, Frame, Label } from './machine.js';
import type { Isa, Target } from './target.js';

/** What belongs to one machine instruction: everything its expansion wrote. */
export interface Group {
  readonly origin: Origin;
  /** It can raise a trap: a check that the sandbox asked for. */
  guard: boolean;
  /** Functions it refers to: calls. */
  readonly calls: string[];
  /** It jumps back within itself. */
  loops: boolean;
  /** Most instructions it executes, if it says so. */
  readonly executes: number | undefined;
  /** Behind a block's branch: executed only on the way along this edge of its terminator. */
  readonly edge?: number;
}

export type Item =
  | {
      readonly kind: 'inst';
      readonly name: string;
      readonly operands: readonly number[];
      readonly bytes: Uint8Array;
      readonly group: Group;
    }
  | {
      readonly kind: 'ref';
      readonly name: string;
      readonly label: Label;
      readonly operands: readonly number[];
      readonly group: Group;
      /** Bytes it takes; only grows. */
      size: number;
    }
  | { readonly kind: 'bind'; readonly label: Label }
  /** `far` once a reference of `near` has been out of reach. */
  | {
      readonly kind: 'either';
      readonly near: Item[];
      readonly far: Item[];
      isFar: boolean;
      readonly literal: Label | null;
    };

/** An instruction with its shortest encoding. Throws (our bug) if none takes the operands. */
export function instItem(isa: Isa, name: string, operands: readonly number[], group: Group): Item {
  const bytes = isa.encode(name, operands, 0, 0);
  if (!bytes) throw new Error(`no encoding of ${name} takes ${operands.join(', ')}`);
  return { kind: 'inst', name, operands, bytes, group };
}

/** A reference at its shortest size. Throws (our bug) if there is no such instruction. */
export function refItem(isa: Isa, name: string, label: Label, operands: readonly number[], group: Group): Item {
  const size = isa.sizes(name)[0];
  if (size === undefined) throw new Error(`no instruction ${name}`);
  return { kind: 'ref', name, label, operands, group, size };
}

/** Labels, trap sites and function labels of a whole program. */
export class Labels {
  private next = 0;
  private readonly functions = new Map<string, Label>();
  private readonly stubs = new Map<string, Label>();
  /** In order of their stubs. */
  readonly sites: { readonly trap: TrapName; readonly origin: Origin; readonly label: Label }[] = [];

  fresh(): Label {
    return this.next++;
  }

  functionLabel(key: string): Label {
    let label = this.functions.get(key);
    if (label === undefined) {
      label = this.fresh();
      this.functions.set(key, label);
    }
    return label;
  }

  /** One stub for all sites of one place and kind. */
  trapSite(trap: TrapName, origin: Origin): Label {
    const key = `${trap}:${origin.func}:${origin.slot}`;
    let label = this.stubs.get(key);
    if (label === undefined) {
      label = this.fresh();
      this.stubs.set(key, label);
      this.sites.push({ trap, origin, label });
    }
    return label;
  }
}

export const functionKey = (index: number, entry: boolean): string => `${index}${entry ? ' entry' : ''}`;

/** Records what expansions write. One per function; `items` and the group are set by the emitter. */
export class Recorder implements Asm {
  items: Item[] = [];
  /** Pooled constants of this function. */
  readonly pool = new Map<number, Label>();
  private group: Group;
  private readonly boundIn = new Map<Label, Group>();
  private inEither = false;

  constructor(
    private readonly labels: Labels,
    private readonly target: Target,
    readonly frame: Frame,
    origin: Origin,
  ) {
    this.group = { origin, guard: false, calls: [], loops: false, executes: undefined };
  }

  /** What follows belongs to another machine instruction. */
  begin(origin: Origin, executes?: number, edge?: number): void {
    this.group = {
      origin,
      guard: false,
      calls: [],
      loops: false,
      executes,
      ...(edge === undefined ? {} : { edge }),
    };
  }

  inst(name: string, ...operands: number[]): void {
    this.items.push(instItem(this.target.isa, name, operands, this.group));
  }

  ref(name: string, label: Label, ...operands: number[]): void {
    if (this.boundIn.get(label) === this.group) this.group.loops = true;
    this.items.push(refItem(this.target.isa, name, label, operands, this.group));
  }

  literal(rd: number, value: number): void {
    const word = value >>> 0;
    const label = this.pool.get(word) ?? this.labels.fresh();
    this.pool.set(word, label);
    this.alternatives(
      () => this.target.literalLoad(rd, label, this),
      () => this.target.literalFar(rd, word, this),
      label,
    );
  }

  either(near: (asm: Asm) => void, far: (asm: Asm) => void): void {
    this.alternatives(near, far, null);
  }

  newLabel(): Label {
    return this.labels.fresh();
  }

  bind(label: Label): void {
    if (this.inEither) throw new Error('an alternative binds a label');
    this.boundIn.set(label, this.group);
    this.items.push({ kind: 'bind', label });
  }

  trapSite(trap: TrapName, origin: Origin): Label {
    this.group.guard = true;
    return this.labels.trapSite(trap, origin);
  }

  functionLabel(index: number, entry: boolean): Label {
    const key = functionKey(index, entry);
    this.group.calls.push(key);
    return this.labels.functionLabel(key);
  }

  private alternatives(near: (asm: Asm) => void, far: (asm: Asm) => void, literal: Label | null): void {
    if (this.inEither) throw new Error('alternatives do not nest');
    const outer = this.items;
    this.inEither = true;
    const record = (write: (asm: Asm) => void): Item[] => {
      this.items = [];
      write(this);
      return this.items;
    };
    const item: Item = { kind: 'either', near: record(near), far: record(far), isFar: false, literal };
    this.items = outer;
    this.inEither = false;
    outer.push(item);
  }
}

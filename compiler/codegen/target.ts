// SPDX-License-Identifier: MIT
import type { HelperRow } from '../contract/helpers.js';
import type { Contract } from '../contract/types.js';
import type { IntrinsicName, NativeArch } from '../image/fields.js';
import type { Func } from '../ir/ir.js';
import type { Shape } from '../ir/shape.js';
import type { Region } from '../verifier/facts.js';
import type { Group, Item } from './asm.js';
import type { Asm, Frame, Label, MFunc, MInst, MReg, RegMask } from './machine.js';

/** One encoding of one instruction, as the emitter needs it. */
export interface Isa {
  /**
   * Bytes of the shortest encoding of `name` that takes these operands and is at least `minSize` bytes long, or null.
   * `address` is the instruction's offset in text; PC-relative operands are given as (target offset - address).
   */
  encode(name: string, operands: readonly number[], address: number, minSize: number): Uint8Array | null;
  /** Sizes in bytes that a name's encodings may have, ascending. */
  sizes(name: string): readonly number[];
  /** Instructions that an encoding of this size makes the processor execute at most, where that is not always one. */
  instructions?(name: string, size: number): number;
}

export interface DecodedInst {
  readonly address: number;
  readonly size: number;
  /** Assembly text as the manufacturer's manual writes it. */
  readonly text: string;
}

/** What `lower` may ask about the whole program. Offsets are bytes in the instance (image/fields.ts). */
export interface LowerContext {
  readonly contract: Contract;
  /** Instance offset of a region's base field, and a constant to add to the loaded base (frames lie in the data block). */
  regionBase(region: Region): { offset: number; add: number };
  /** Instance offset of a region's length field. */
  regionLength(region: Region): number;
  /** Signature of a helper. */
  helper(id: number): HelperRow;
  /** Instance offset of the code address of a helper or intrinsic; registers the import. */
  helperSlot(id: number): number;
  intrinsicSlot(name: IntrinsicName): number;
  /** The signature a local call uses: parameter and result lanes of the function as it will be compiled. */
  callee(index: number): Pick<Func, 'params' | 'results'>;
}

/** A processor that an emulator offers for a core. */
export interface Emulator {
  /** Row of the command line's table of boards; also what --board takes. */
  readonly board: string;
  /** Features of the core that the emulated processor has not: text for it is compiled without them. */
  readonly lacks: readonly string[];
}

export interface Core {
  /** Command-line name, "cortex-m4". */
  readonly name: string;
  /** What selection and the processor model go by. */
  readonly features: Readonly<Record<string, boolean>>;
  /** Bits of the image header's `features` that text for this core may need. */
  readonly featureBits: number;
  /** Emulators for --engine qemu, the preferred one first; none: text is only simulated. */
  readonly emulators: readonly Emulator[];
  readonly doc: string;
}

/** What a peephole stage makes new items with, and what it may ask. `group`: that of an item that the new one stands for. */
export interface Peephole {
  inst(name: string, operands: readonly number[], group: Group): Item;
  ref(name: string, label: Label, operands: readonly number[], group: Group): Item;
  /** How many items of the list it was given refer to a label, alternatives included. */
  references(label: Label): number;
}

/** A target: one core of one instruction set. Everything target-specific that shared code needs goes through here. */
export interface Target {
  readonly arch: NativeArch;
  readonly core: Core;
  readonly isa: Isa;
  /** What the optimiser's last passes choose by. */
  readonly shape: Shape;
  /** Literal pools stand before their function, as its loads only reach backwards; else behind it. */
  readonly poolFirst?: boolean;

  readonly registers: {
    readonly names: readonly string[];
    /** May be given to virtual registers; preferred first (short encodings, no save needed). */
    readonly allocationOrder: readonly number[];
    /** Registers that make for short encodings, if that is not all: kept for what is used most. */
    readonly short?: RegMask;
    readonly callerSaved: RegMask;
    /** Must be restored before return from a function that is not an entry. */
    readonly calleeSaved: RegMask;
  };

  /** Selects machine instructions for one function (lanes, guarded, no critical edges). */
  lower(fn: Func, context: LowerContext): MFunc;

  /** What the allocator inserts. `slot` is a spill slot number; expand finds the offset in asm.frame. */
  move(dst: MReg, src: MReg): MInst;
  spillStore(src: MReg, slot: number): MInst;
  spillLoad(dst: MReg, slot: number): MInst;
  /** A register outside allocationOrder that inserted moves may destroy, to break cycles of parallel moves. */
  readonly scratch: number;

  /** Function prologue, epilogue with return, unconditional jump. */
  prologue(asm: Asm): void;
  epilogue(asm: Asm): void;
  jump(label: number, asm: Asm): void;
  /** rd = the pooled 32-bit constant at `label`, by asm.ref; and the same constant without a pool, for where that cannot reach. */
  literalLoad(rd: MReg, label: number, asm: Asm): void;
  literalFar(rd: MReg, value: number, asm: Asm): void;
  /**
   * Rewrites one function's instructions, prologue to last return, in the order of text, before references get their sizes.
   * `items` holds each block's label and what follows it: instructions by ISA name, references without the label in `operands`,
   * jumps behind branches (their group says which `edge`). The answer keeps every bind, in the same order; labels that nothing
   * refers to any more are left bound. Worst cases are counted from bind to bind: what more than one way executes (an IT block
   * made of both sides of a branch) has to stand before the first bind that was between them. References to traps stay.
   */
  peephole?(items: readonly Item[], tools: Peephole): readonly Item[];
  /** Lays out the frame once the allocator is done. */
  frame(fn: MFunc, spillSlots: number, usedRegisters: RegMask): Frame;
  /** Bytes of native stack the frame takes, saved registers and return address included. */
  stackBytes(frame: Frame): number;
  /**
   * Trap table entry for one site: exactly 4 bytes (padding included) that transfer to `common` and leave the address behind
   * the transfer in the link register (simulator/cpu.ts: trapLink); and the shared code for one trap kind, which puts `code` into the first argument register and jumps through the
   * instance's trap field.
   */
  trapStub(common: number, asm: Asm): void;
  trapCommon(code: number, asm: Asm): void;

  /** Disassembles text for listings. */
  disassemble(text: Uint8Array, address: number): DecodedInst[];
}

// SPDX-License-Identifier: MIT
import type { BpfFunction, Insn, Program } from '../bpf/program.js';
import type { HelperRow } from '../contract/helpers.js';
import { type Contract, DEFAULT_CONTRACT } from '../contract/types.js';
import { regionName } from '../verifier/describe.js';
import { lineOf, type Rejection } from '../verifier/diagnose.js';
import type { AccessFact, HelperArgFact, Region } from '../verifier/facts.js';
import type { Origin, Origins } from './origin.js';

/** One guarded access, and all there is to find out what would remove the guard. */
export interface Question {
  readonly program: Program;
  readonly contract: Contract;
  readonly helpers: readonly HelperRow[];
  readonly fn: BpfFunction;
  readonly origins: Origins;
  readonly insn: Insn;
  readonly argument: number | null;
  readonly fact: AccessFact | HelperArgFact;
  /** What --strict says; null: each entry alone needs no guard here. */
  readonly rejection: Rejection | null;
}

/** `line 12`, or `insn 7` where there are no lines. */
function place({ fn }: Question, insn: Insn): string {
  const line = lineOf(fn, insn.slot);
  return line ? `line ${line.line}` : `insn ${insn.slot}`;
}

/** A region as the object of a sentence. */
function nameOf({ program, contract }: Question, region: Region): string {
  if (region.kind === 'frame') return 'the stack';
  return region.kind === 'context' ? 'the context' : regionName({ program, contract }, region);
}

/** The register that holds the address. */
function addressOf({ insn, argument }: Question): number {
  if (argument !== null) return argument + 1;
  return 'base' in insn ? insn.base : 0;
}

/** Bytes from the start of the address's own offset that must be there; 0: not a constant. */
function extentOf(q: Question, origin: Origin): number {
  const { insn, argument, helpers } = q;
  if (argument === null) return 'size' in insn ? origin.offset + insn.off + insn.size : 0;
  const arg = insn.kind === 'helper' ? helpers.find((h) => h.id === insn.id)?.args[argument] : undefined;
  return arg?.kind === 'fixed' ? origin.offset + arg.size : 0;
}

/** What would make the guard of an access needless, in one sentence for people. */
export function remedy(q: Question): string {
  if (q.rejection === null)
    return 'the programs that share this function use the pointer differently: compile them one at a time with --function, or make the function always_inline';
  const reg = addressOf(q);
  const origin = q.origins.of(q.insn, reg);
  return q.fact.region === null ? unknownPointer(q, reg, origin) : knownRegion(q, reg, origin, q.fact.region);
}

function knownRegion(q: Question, reg: number, origin: Origin, region: Region): string {
  const { contract, insn, argument, helpers } = q;
  const name = nameOf(q, region);
  const here = place(q, insn);
  const decl = region.kind === 'granted' ? contract.regions[region.index]! : undefined;
  const fixed = decl ? decl.size !== null : region.kind !== 'context' || contract.context.size !== null;
  const index = origin.moves ? undefined : origin.indices.at(-1);
  if (index) {
    const from = q.origins.of(index.insn, index.reg).root;
    const made = 'insn' in from ? `, from ${place(q, from.insn)},` : '';
    const bound = fixed ? `the size of ${name}` : lengthOf(q, region);
    return `compare r${index.reg}${made} with ${bound} before ${here}`;
  }
  const arg =
    argument === null || insn.kind !== 'helper' ? undefined : helpers.find((h) => h.id === insn.id)?.args[argument];
  if (arg?.kind === 'buffer')
    return `compare the length in r${arg.length + 1} with ${fixed ? `the size of ${name}` : lengthOf(q, region)} before ${here}`;
  if (origin.moves)
    return `r${reg} moves through ${name}: compare it with the end of ${name} in every round, before ${here}`;
  if (origin.root.kind === 'several')
    return `r${reg} is at different offsets in ${name} on the ways to ${here}: compare it with the end of ${name} there`;
  const need = q.origins.isPointer(origin.root) ? extentOf(q, origin) : 0;
  if (fixed || need <= 0)
    return `compare the offset with ${fixed ? `the size of ${name}` : lengthOf(q, region)} before ${here}`;
  if (decl)
    return `test ${lengthOf(q, region)} before ${here}, or have the contract give ${name} a "minSize" of ${need} or more`;
  if (contract.hook === DEFAULT_CONTRACT.hook)
    return `without a contract the context may be shorter than ${need} bytes: give --contract with a "context" of "size" ${need} or more`;
  return `test the length in r2 at the start, or have the contract give the context a "size" of ${need} or more`;
}

/** The length of a region that is known only when a run starts, by the field that holds it. */
function lengthOf({ contract }: Question, region: Region): string {
  if (region.kind !== 'granted') return "the context's length, r2 at the start,";
  const { name } = contract.regions[region.index]!;
  const field = contract.context.fields.find((f) => f.kind === 'length' && f.region === name);
  return field ? `the length of ${name}, context field ${field.name},` : `the length of ${name}`;
}

function unknownPointer(q: Question, reg: number, origin: Origin): string {
  const { root } = origin;
  const was = 'insn' in root ? place(q, root.insn) : '';
  switch (root.kind) {
    case 'load':
      return root.insn.kind === 'load' ? loaded(q, reg, root.insn, origin.spilled) : '';
    case 'helper': {
      const row =
        root.insn.kind === 'helper' ? q.helpers.find((h) => h.id === (root.insn as { id: number }).id) : undefined;
      return `r${reg} is what helper ${row?.name ?? ''} gave at ${was}, a plain number: use a pointer field of the context instead`;
    }
    case 'call':
      return `r${reg} is what a function returned at ${was}, not one pointer for all calls: make the function always_inline, or return an offset`;
    case 'constant':
      return `r${reg} is the number from ${was}: memory at a fixed address has to be a region that the contract grants`;
    case 'arithmetic':
      return `r${reg} is no pointer any more after ${was}: add offsets to pointers in 64 bits, and nothing else`;
    case 'argument':
      if (!q.program.entries.includes(q.fn.index))
        return `r${reg} is an argument of ${q.fn.name} that stands for different memory in different calls: make the function always_inline`;
      return `r${reg} comes from argument r${root.reg}, which the hook passes as a number: reach memory through the context in r1`;
    case 'several':
      return `r${reg} stands for different memory on the ways to ${place(q, q.insn)}: use one variable for each, or an offset into one region`;
    default:
      return q.rejection?.details.help ?? `use a pointer whose origin is known before ${place(q, q.insn)}`;
  }
}

/** A pointer that was read from memory: what that memory would have to be. */
function loaded(q: Question, reg: number, load: Insn & { kind: 'load' }, spilled: boolean): string {
  const { origins, contract } = q;
  const was = `r${reg}${spilled ? ', kept on the stack meanwhile,' : ''} was loaded at ${place(q, load)}`;
  const from = origins.access(load)?.region ?? null;
  const base = origins.of(load, load.base);
  const at = base.offset + load.off;
  switch (from?.kind) {
    case 'frame':
      return `${was} from the stack as a plain number: keep the pointer where no store of unknown place can change it, or load it from the context again`;
    case 'context': {
      const declare = contract.hook === DEFAULT_CONTRACT.hook ? 'give --contract, and declare' : 'declare';
      const where = base.indices.length === 0 && origins.isPointer(base.root) ? `ctx+${at}` : 'the context';
      if (load.size !== 8)
        return `${was} from ${where} as ${load.size} bytes: ${declare} a pointer field, an 8-byte slot, and load it whole`;
      return `${was} from ${where} as a plain number: ${declare} the field as a pointer in the contract`;
    }
    case undefined:
      return `${was} through a pointer that is not known itself`;
    default:
      return `${was} from ${nameOf(q, from!)}, where any number may stand: keep an offset there, and add it to a pointer that is known`;
  }
}

// SPDX-License-Identifier: MIT
import type { Inst, Op, Value } from '../ir/ir.js';
import type { DefOf } from './known.js';

/** What a rule may ask and do. New instructions are folded as they are made and go in front of the one at hand. */
export interface Site {
  readonly def: DefOf;
  constantOf(v: Value): bigint | undefined;
  /** Is the value read in no more than one place? */
  isUsedOnce(v: Value): boolean;
  constant(n: bigint, like: Value): Value;
  emit(op: Op, args: Value[], more?: Partial<Inst>): Value[];
  one(op: Op, args: Value[], more?: Partial<Inst>): Value;
}

/** Replacement values of an instruction's results, or null. */
export type Rule = (inst: Inst, site: Site) => Value[] | null;

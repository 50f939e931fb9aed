// SPDX-License-Identifier: MIT

import type { World } from './assertions.js';
import { asConstant, type Scalar } from './domain.js';
import type { Region } from './facts.js';
import type { Abs } from './value.js';
import { isTop, type View } from './view.js';

/** Numbers and values in words, for messages and logs. */

export function numberText(n: bigint): string {
  const magnitude = n < 0n ? -n : n;
  return magnitude < 65536n ? String(n) : `${n < 0n ? '-' : ''}0x${magnitude.toString(16)}`;
}

function bounds(v: View): string {
  const signed = v.smin < 0n && (v.umax - v.umin > v.smax - v.smin || v.smin === v.smax);
  const [lo, hi] = signed ? [v.smin, v.smax] : [v.umin, v.umax];
  return lo === hi ? numberText(lo) : `[${numberText(lo)}, ${numberText(hi)}]`;
}

/** A number: `5`, `[0, 255]`, `any 64-bit number`, with its alignment where bits say more than bounds. */
export function scalarText(s: Scalar): string {
  if (isTop(s.x)) return isTop(s.lo) ? 'any 64-bit number' : `any 64-bit number with low half in ${bounds(s.lo)}`;
  let step = 0;
  while (step < 6 && ((s.x.unknown | s.x.value) & (1n << BigInt(step))) === 0n) step++;
  const multiple = step > 0 && asConstant(s) === undefined ? ` in steps of ${1 << step}` : '';
  return bounds(s.x) + multiple;
}

/** Offsets of an access: signed bounds. */
export function offsetText(s: Scalar): string {
  const { smin, smax } = s.x;
  return smin === smax ? numberText(smin) : `[${numberText(smin)}, ${numberText(smax)}]`;
}

export function regionName(world: World, region: Region): string {
  switch (region.kind) {
    case 'frame':
      return 'stack';
    case 'data':
      return 'data';
    case 'rodata':
      return 'rodata';
    case 'context':
      return 'ctx';
    case 'granted':
      return world.contract.regions[region.index]!.name;
  }
}

const displacement = (n: bigint): string => (n === 0n ? '' : n < 0n ? `-${numberText(-n)}` : `+${numberText(n)}`);

/** An address in a region: `ctx+8`, `stack-16`, `packet+[0, 255]`. */
export function addressText(world: World, region: Region | null, off: Scalar): string {
  if (!region) return `address ${scalarText(off)}`;
  const c = asConstant(off);
  const name = regionName(world, region);
  return c === undefined ? `${name}+${offsetText(off)}` : name + displacement(BigInt.asIntN(64, c));
}

/** A register's value in words. */
export function valueText(world: World, abs: Abs | undefined): string {
  if (!abs) return 'not initialised';
  switch (abs.kind) {
    case 'num':
      return scalarText(abs.s);
    case 'ptr':
      return addressText(world, abs.region, abs.off);
    case 'func':
      return abs.funcs.map((f) => `&${world.program.functions[f]!.name}`).join(' or ');
  }
}

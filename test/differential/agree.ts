// SPDX-License-Identifier: MIT
import type { RunResult } from '../../compiler/host/engine.js';

const hex = (b: Uint8Array | null | undefined): string => (b ? Buffer.from(b).toString('hex') : 'none');

/**
 * Says in words where two engines disagree on one run, or null. Compared: status, kind of trap, r0, context, every region and
 * the log; after a trap too, since nothing observable may happen between a guard and its access. Instruction counts differ by
 * nature.
 */
export function disagreement(a: RunResult, b: RunResult): string | null {
  const word = (r: RunResult): string => (r.trap ? `trap ${r.trap.name} (${r.trap.detail ?? ''})` : 'ok');
  if (a.status !== b.status || a.trap?.name !== b.trap?.name) return `status: ${word(a)} / ${word(b)}`;
  if (a.r0 !== b.r0) return `r0: 0x${a.r0.toString(16)} / 0x${b.r0.toString(16)}`;
  if (hex(a.context) !== hex(b.context)) return `context: ${hex(a.context)} / ${hex(b.context)}`;
  for (const name of new Set([...a.regions.keys(), ...b.regions.keys()])) {
    const [x, y] = [hex(a.regions.get(name)), hex(b.regions.get(name))];
    if (x !== y) return `region ${name}: ${x} / ${y}`;
  }
  if (a.log !== b.log) return `log: ${JSON.stringify(a.log)} / ${JSON.stringify(b.log)}`;
  return null;
}

// SPDX-License-Identifier: MIT
import type { RunResult } from '../../compiler/host/engine.js';
import { SCRATCH } from './kinds.js';
import type { ProbeRun } from './probes.js';

const hex = (b: Uint8Array | null | undefined): string => (b ? Buffer.from(b).toString('hex') : 'none');

/** The context without the place whose contents are addresses. */
function plain(context: Uint8Array | null): string {
  if (context === null) return 'none';
  const copy = Uint8Array.from(context);
  copy.fill(0, SCRATCH.offset, SCRATCH.offset + SCRATCH.length);
  return hex(copy);
}

/**
 * What is wrong with an engine's answer to a run, in words, or null. A bad access ends in a memory trap with nothing changed; a good
 * one has the expected result and memory; one inside the container's own memory may do either, and changes nothing outside.
 */
export function fault(run: ProbeRun, result: RunResult): string | null {
  const word = result.trap
    ? `trap ${result.trap.name} (${result.trap.detail ?? ''})`
    : `ok, r0 0x${result.r0.toString(16)}`;
  const trapped = result.trap?.name === 'memory';
  if (result.status === 'trap' && !trapped) return word;
  if (run.expected === 'ok' && (trapped || result.r0 !== run.r0)) return `${word}, wanted r0 0x${run.r0.toString(16)}`;
  if (run.expected === 'bad' && !trapped) return `${word}, wanted a memory trap`;
  const mayChange = run.expected === 'own' && !trapped;
  if (!mayChange && plain(result.context) !== plain(run.context))
    return `context ${plain(result.context)}, wanted ${plain(run.context)}`;
  for (const [name, bytes] of run.regions)
    if (hex(result.regions.get(name)) !== hex(bytes))
      return `region ${hex(result.regions.get(name))}, wanted ${hex(bytes)}`;
  return null;
}

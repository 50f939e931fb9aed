// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { cpus, machine, release, totalmem, type } from 'node:os';
import type { Circumstances } from '../bench/document.js';
import { VERSION } from './session.js';

/** The version in the first line of what a tool says of itself: without what its packager wrote in brackets. */
export function versionIn(text: string): string {
  const first = text.split('\n')[0] ?? '';
  return /\d+\.\d+.*/.exec(first.replace(/\s*\([^()]*\)/g, ''))?.[0].trim() ?? first;
}

/** A tool's own word for its version. */
export function versionOf(tool: string): string {
  return versionIn(spawnSync(tool, ['--version'], { encoding: 'utf8' }).stdout ?? '');
}

/** Processor, memory and system of this machine. */
function hostText(): string {
  const all = cpus();
  const model = all[0]?.model.replace(/\s+/g, ' ').trim() || 'unknown processor';
  return `${model}, ${all.length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${type()} ${release()} ${machine()}`;
}

/** Where and when figures are taken. `versions`: of tools besides fcc and node. */
export function circumstancesOf(versions: Readonly<Record<string, string>> = {}): Circumstances {
  return {
    machine: hostText(),
    date: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    versions: { fcc: VERSION, node: process.version.slice(1), ...versions },
  };
}

// SPDX-License-Identifier: MIT
import type { Module, Property } from '../ir/ir.js';
import { validateModule } from '../ir/validate.js';

/** A pass as data. `run` edits the module and says whether it changed anything. */
export interface Pass {
  readonly name: string;
  readonly requires: readonly Property[];
  /** Properties the module must not have yet: the pass only knows an earlier stage. */
  readonly refuses: readonly Property[];
  /** Properties that no longer hold afterwards. */
  readonly breaks: readonly Property[];
  readonly establishes: readonly Property[];
  readonly run: (module: Module, options: RunOptions) => boolean;
}

/** A pass that works at every stage, or as the given differences say. `split-critical-edges` is lost unless said otherwise. */
export function pass(name: string, run: Pass['run'], more: Partial<Omit<Pass, 'name' | 'run'>> = {}): Pass {
  return { name, run, requires: [], refuses: [], breaks: ['split-critical-edges'], establishes: [], ...more };
}

export interface RunOptions {
  /** Validate the module before the first pass and after each. */
  readonly validate?: boolean;
  /** Called after each pass, for dumps. */
  readonly after?: (pass: Pass, module: Module) => void;
}

/** Runs passes in order. Throws an Error (ours) if a pass meets a module it is not for. Returns whether anything changed. */
export function runPasses(module: Module, passes: readonly Pass[], options: RunOptions = {}): boolean {
  if (options.validate) validateModule(module);
  let changed = false;
  for (const p of passes) {
    for (const need of p.requires) {
      if (!module.properties.has(need)) throw new Error(`pass ${p.name} needs a module that has ${need}`);
    }
    for (const no of p.refuses) {
      if (module.properties.has(no)) throw new Error(`pass ${p.name} is for a module without ${no}`);
    }
    changed = p.run(module, options) || changed;
    for (const property of p.breaks) module.properties.delete(property);
    for (const property of p.establishes) module.properties.add(property);
    if (options.validate) {
      try {
        validateModule(module);
      } catch (e) {
        throw new Error(`after pass ${p.name}: ${(e as Error).message}`);
      }
    }
    options.after?.(p, module);
  }
  return changed;
}

/** Runs passes again and again until none changes anything, at most `rounds` times. */
export function repeat(name: string, passes: readonly Pass[], rounds: number): Pass {
  return pass(name, (module, options) => {
    let any = false;
    for (let i = 0; i < rounds; i++) {
      if (!runPasses(module, passes, options)) return any;
      any = true;
    }
    return any;
  });
}

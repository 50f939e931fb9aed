// SPDX-License-Identifier: MIT
import type { Target } from '../compiler/codegen/target.js';
import type { CpuModel } from '../compiler/simulator/cpu.js';
import { CORES as THUMB_CORES } from './thumb/cores.js';
import { THUMB_CPU } from './thumb/cpu.js';
import { thumbTarget } from './thumb/target.js';

/** Every target, one per core. */
export const targets: readonly Target[] = [...THUMB_CORES.map(thumbTarget)];

const CPU_MODELS: readonly CpuModel[] = [THUMB_CPU];

/** The target of a command-line name such as "cortex-m4". */
export function findTarget(name: string): Target | undefined {
  return targets.find((t) => t.core.name === name);
}

/** The processor model that runs a target's text in the simulator. */
export function cpuModel(target: Target): CpuModel {
  const model = CPU_MODELS.find((m) => m.arch === target.arch);
  if (!model) throw new Error(`${target.arch} has no processor model`);
  return model;
}

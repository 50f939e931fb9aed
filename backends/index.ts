// SPDX-License-Identifier: MIT
import type { Core, Target } from '../compiler/codegen/target.js';
import type { NativeArch } from '../compiler/image/fields.js';
import type { CpuModel } from '../compiler/simulator/cpu.js';
import { CORES as RISCV_CORES, FEATURES as RISCV_FEATURES } from './riscv/cores.js';
import { riscvCpu } from './riscv/cpu.js';
import { riscvTarget } from './riscv/target.js';
import { CORES as THUMB_CORES, FEATURES as THUMB_FEATURES } from './thumb/cores.js';
import { thumbCpu } from './thumb/cpu.js';
import { thumbTarget } from './thumb/target.js';
import { CORES as XTENSA_CORES, FEATURES as XTENSA_FEATURES } from './xtensa/cores.js';
import { xtensaCpu } from './xtensa/cpu.js';
import { xtensaTarget } from './xtensa/target.js';

/** What an instruction set's folder gives: its cores, and target and processor model of any of them. */
interface Backend {
  readonly cores: readonly Core[];
  readonly features: Readonly<Record<string, { readonly bit: number; readonly doc: string }>>;
  target(core: Core): Target;
  cpu(core: Core): CpuModel;
}

const BACKENDS: Partial<Record<NativeArch, Backend>> = {
  thumb: { cores: THUMB_CORES, features: THUMB_FEATURES, target: thumbTarget, cpu: thumbCpu },
  riscv32: { cores: RISCV_CORES, features: RISCV_FEATURES, target: riscvTarget, cpu: riscvCpu },
  xtensa: { cores: XTENSA_CORES, features: XTENSA_FEATURES, target: xtensaTarget, cpu: xtensaCpu },
};

/** Every target, one per core. */
export const targets: readonly Target[] = Object.values(BACKENDS).flatMap((b) => b.cores.map((core) => b.target(core)));

/** The target of a command-line name such as "cortex-m4". */
export function findTarget(name: string): Target | undefined {
  return targets.find((t) => t.core.name === name);
}

function backendOf(target: Target): Backend {
  const backend = BACKENDS[target.arch];
  if (!backend) throw new Error(`${target.arch} has no back end`);
  return backend;
}

/** The processor model that runs a target's text in the simulator: it has what the core has, and no more. */
export function cpuModel(target: Target): CpuModel {
  return backendOf(target).cpu(target.core);
}

/**
 * The target of the same core as far as an emulated stand-in goes, which lacks some of its features; the target itself if it
 * lacks none. Throws (our bug) if the core has no feature of that name.
 */
export function withoutFeatures(target: Target, lacks: readonly string[]): Target {
  if (lacks.length === 0) return target;
  const backend = backendOf(target);
  const features = { ...target.core.features };
  let { featureBits } = target.core;
  for (const name of lacks) {
    if (!(name in features)) throw new Error(`${target.core.name} has no feature ${name}`);
    features[name] = false;
    featureBits &= ~(backend.features[name]?.bit ?? 0);
  }
  return backend.target({ ...target.core, features, featureBits });
}

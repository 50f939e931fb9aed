// SPDX-License-Identifier: MIT
import { cpuModel, targets, withoutFeatures } from '../../backends/index.js';
import { featureBitsOf } from '../../backends/riscv/cores.js';
import { riscvTarget } from '../../backends/riscv/target.js';
import type { Target } from '../../compiler/codegen/target.js';
import type { CpuModel } from '../../compiler/simulator/cpu.js';

/** A target with the processor that its text may run on, which has what the target has and no more. */
export interface Subject {
  /** Core, and what it goes without or has besides: "esp32-loop", "rv32imc+registers16". */
  readonly name: string;
  readonly target: Target;
  readonly cpu: CpuModel;
}

function subject(target: Target, lacks: readonly string[]): Subject {
  const less = withoutFeatures(target, lacks);
  return { name: [target.core.name, ...lacks].join('-'), target: less, cpu: cpuModel(less) };
}

/** Every target as it is. */
export const SUBJECTS: readonly Subject[] = targets.map((t) => subject(t, []));

const likeness = ({ target }: Subject): string => {
  const { features } = target.core;
  return [target.arch, ...Object.keys(features).filter((f) => features[f])].sort().join(' ');
};

/** No core has it, and no emulator: 16 registers, one more alternative of the frame and of the calls. */
const few = SUBJECTS.filter(({ target }) => target.arch === 'riscv32').map(({ name, target }): Subject => {
  const features = { ...target.core.features, registers16: true };
  const less = riscvTarget({ ...target.core, features, featureBits: featureBitsOf(features) });
  return { name: `${name}+registers16`, target: less, cpu: cpuModel(less) };
});

/** Every target short of one of its features at a time, and as each emulator has it. */
const short = targets.flatMap((t) => {
  const single = Object.keys(t.core.features).filter((f) => t.core.features[f]);
  const emulated = t.core.emulators.map((e) => e.lacks).filter((lacks) => lacks.length > 1);
  return [...single.map((f) => [f]), ...emulated].map((lacks) => subject(t, lacks));
});

/**
 * Stand-ins for processors that no core is: so that what selection does without a feature is executed on more than the cores
 * that lack it. One of each likeness.
 */
export const STAND_INS: readonly Subject[] = [...few, ...short].filter((s, i, all) => {
  const like = (other: Subject): boolean => likeness(other) === likeness(s);
  return !SUBJECTS.some(like) && all.findIndex(like) === i;
});

/** A subject by name; throws if there is none. */
export function findSubject(name: string): Subject {
  const found = [...SUBJECTS, ...STAND_INS].find((s) => s.name === name);
  if (found) return found;
  throw new Error(`no target ${name}; there are ${[...SUBJECTS, ...STAND_INS].map((s) => s.name).join(', ')}`);
}

/** One core for each way of selecting code: for suites that cannot afford all. */
const REPRESENTATIVE = ['cortex-m0', 'cortex-m4', 'rv32imc', 'rv32imac', 'esp8266', 'esp32'];
export const REPRESENTATIVES: readonly Subject[] = REPRESENTATIVE.map(findSubject);

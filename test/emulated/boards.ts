// SPDX-License-Identifier: MIT
import { targets, withoutFeatures } from '../../backends/index.js';
import { QemuEngine, type QemuOptions } from '../../compiler/cli/qemu.js';
import { BOARDS } from '../../compiler/cli/qemu-boards.js';
import type { Target } from '../../compiler/codegen/target.js';

/** A core on one of the boards that stand in for it. */
export interface Place {
  readonly title: string;
  /** The core as far as the board's processor has its features. */
  readonly target: Target;
  readonly board: string;
  /** null, or why nothing runs there. */
  readonly missing: string | null;
  engine(options?: QemuOptions): QemuEngine;
}

/** Compilers that not every mirror of Debian has; every other tool is there in continuous integration. */
const OPTIONAL = /\b(clang|llc|llvm-mc)-22\b/;

function place(core: Target, board: string, lacks: readonly string[]): Place {
  const target = withoutFeatures(core, lacks);
  const engine = (options: QemuOptions = {}): QemuEngine => new QemuEngine(target, { board, ...options });
  const missing = engine().available();
  if (missing !== null && process.env.CI && !OPTIONAL.test(missing)) throw new Error(missing);
  const reason = missing === null ? '' : ` (not run: ${missing})`;
  return { title: `${core.core.name} on ${board}${reason}`, target, board, missing, engine };
}

const EVERY = targets.flatMap((t) => t.core.emulators.map(({ board, lacks }) => place(t, board, lacks)));
const kind = ({ board, target }: Place): string => `${board} ${JSON.stringify(target.core.features)}`;

/** Every core on every board of its own; cores that are alike there once. */
export const PLACES: readonly Place[] = EVERY.filter((p, i) => EVERY.findIndex((q) => kind(q) === kind(p)) === i);

/** Every board once. */
export const ONE_PER_BOARD: readonly Place[] = Object.keys(BOARDS).map((name) => {
  const found = PLACES.find((p) => p.board === name);
  if (!found) throw new Error(`no core is emulated on ${name}`);
  return found;
});

for (const { title, missing } of PLACES) if (missing !== null) console.warn(`emulated tests: ${title}`);

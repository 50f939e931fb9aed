// SPDX-License-Identifier: MIT
import { findTarget } from '../../backends/index.js';
import { QemuEngine } from '../../compiler/cli/qemu.js';

/** The target that the emulated tests run: Cortex-M4 on mps2-an386. */
export const target = findTarget('cortex-m4')!;
export const engine = new QemuEngine(target, { watchdogMs: 1000 });

const missing = engine.available();
if (missing !== null) {
  // Continuous integration installs the tools; there a missing one is a failure.
  if (process.env.CI) throw new Error(missing);
  console.warn(`emulated tests not run: ${missing}`);
}

/** Whether the emulator and the cross-compiler are there. */
export const available = missing === null;

// SPDX-License-Identifier: MIT
// npm run fuzz -- [--runs N] [--seed S]: random programs, interpreter against simulator.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
});
const { status } = spawnSync('npx', ['vitest', 'run', 'test/differential/sim.test.ts'], {
  stdio: 'inherit',
  env: { ...process.env, FCC_RUNS: values.runs, FCC_SEED: values.seed },
});
process.exit(status ?? 70);

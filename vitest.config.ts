// SPDX-License-Identifier: MIT
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    pool: 'threads',
    // All cores: nothing else runs meanwhile, and the default leaves one idle.
    maxWorkers: '100%',
  },
});

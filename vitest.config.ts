// SPDX-License-Identifier: MIT
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // For a hang, not for slowness: the longest take a minute of two busy cores.
    testTimeout: 180_000,
    // Tests with processes and datagrams in real time share two cores with all others there; what fails twice is no such matter.
    retry: process.env.CI ? 1 : 0,
    pool: 'threads',
    // All cores: nothing else runs meanwhile, and the default leaves one idle.
    maxWorkers: '100%',
  },
});

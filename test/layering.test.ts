// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What an instruction set may use: never another one. */
const BACKEND = [
  'compiler/errors',
  'compiler/codegen',
  'compiler/ir',
  'compiler/contract',
  'compiler/verifier',
  'compiler/image',
  'compiler/simulator',
] as const;

/**
 * The rooms and the doors between them: which folder may import which. A file may always import from its own room. This
 * list is the architecture; an edge that is not here is refused.
 */
const ALLOWED: Record<string, readonly string[]> = {
  'compiler/errors': [],
  'compiler/graph': [],
  'compiler/elf': ['compiler/errors'],
  'compiler/bpf': ['compiler/errors', 'compiler/elf'],
  'compiler/cfg': ['compiler/errors', 'compiler/bpf', 'compiler/graph'],
  'compiler/contract': ['compiler/errors', 'compiler/elf'],
  'compiler/verifier': ['compiler/errors', 'compiler/bpf', 'compiler/cfg', 'compiler/contract'],
  'compiler/ir': [
    'compiler/graph',
    'compiler/errors',
    'compiler/bpf',
    'compiler/cfg',
    'compiler/contract',
    'compiler/verifier',
  ],
  'compiler/opt': ['compiler/errors', 'compiler/ir'],
  'compiler/sandbox': ['compiler/errors', 'compiler/ir', 'compiler/contract', 'compiler/verifier', 'compiler/bpf'],
  'compiler/codegen': [
    'compiler/graph',
    'compiler/errors',
    'compiler/ir',
    'compiler/contract',
    'compiler/verifier',
    'compiler/image',
  ],
  'compiler/image': ['compiler/errors', 'compiler/contract'],
  'compiler/host': ['compiler/errors', 'compiler/contract', 'compiler/image'],
  'compiler/interpreter': ['compiler/errors', 'compiler/bpf', 'compiler/contract', 'compiler/host', 'compiler/image'],
  'compiler/simulator': ['compiler/errors', 'compiler/contract', 'compiler/host', 'compiler/image'],
  'backends/thumb': BACKEND,
  'backends/riscv': BACKEND,
  'backends/xtensa': BACKEND,
  backends: [
    'backends/thumb',
    'backends/riscv',
    'backends/xtensa',
    'compiler/codegen',
    'compiler/simulator',
    'compiler/image',
    'compiler/errors',
  ],
  'compiler/report': [
    'compiler/errors',
    'compiler/bpf',
    'compiler/cfg',
    'compiler/contract',
    'compiler/verifier',
    'compiler/sandbox',
  ],
  'compiler/bench': ['compiler/errors'],
  'compiler/ota': ['compiler/errors', 'compiler/contract', 'compiler/image'],
  'compiler/ota/transport': ['compiler/errors', 'compiler/contract', 'compiler/image', 'compiler/ota'],
  compiler: ['*'],
  'compiler/cli': ['*'],
};

/** Only these may use Node's own modules: the library part also runs in a browser. */
const NODE_API = new Set(['compiler/cli', 'compiler/ota/transport']);

const ROOT = resolve(import.meta.dirname, '..');

function sources(dir: string): string[] {
  return readdirSync(join(ROOT, dir), { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? sources(join(dir, e.name)) : e.name.endsWith('.ts') ? [join(dir, e.name)] : [],
  );
}

/** The room of a file: the longest key of ALLOWED that is its folder or one above it. */
function room(file: string): string {
  let dir = dirname(file);
  while (!(dir in ALLOWED)) {
    if (dir === '.') throw new Error(`${file} is in no room`);
    dir = dirname(dir);
  }
  return dir;
}

const files = [...sources('compiler'), ...sources('backends')];

describe('layering', () => {
  it('sees the sources', () => {
    expect(files.length).toBeGreaterThan(20);
  });

  it.each(files)('%s imports only what its room allows', (file) => {
    const own = room(file);
    const allowed = ALLOWED[own]!;
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const m of text.matchAll(/^\s*(?:import|export)\b[^;]*?from\s+'([^']+)'/gms)) {
      const spec = m[1]!;
      if (spec.startsWith('.')) {
        const to = room(relative(ROOT, resolve(ROOT, dirname(file), spec)));
        expect(
          own === to || allowed.includes('*') || allowed.includes(to),
          `${file} -> ${spec} (${own} -> ${to})`,
        ).toBe(true);
      } else if (spec.startsWith('node:')) {
        expect(NODE_API.has(own), `${file} uses ${spec}`).toBe(true);
      }
    }
  });
});

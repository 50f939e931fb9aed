// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../compiler/errors/index.js';
import { artifactUri } from '../../compiler/report/sarif.js';
import { fcc, inFolder } from './capture.js';
import { EXIT, LOAD_PAST_STACK, MISBEHAVE, MISBEHAVE_CONTRACT, MOV_R0_42, PLAIN, raw } from './objects.js';

type Json = { readonly [key: string]: unknown };

/** What an object of the format has to have and may have: SARIF 2.1.0, section 3 and its property tables. */
interface Shape {
  readonly required: readonly string[];
  /** At least one of these. */
  readonly oneOf?: readonly string[];
  readonly members: { readonly [name: string]: Check };
}
type Check = (value: unknown, path: string) => void;

const fail = (path: string, what: string): never => {
  throw new Error(`${path}: ${what}`);
};
const text: Check = (v, path) => {
  if (typeof v !== 'string' || v === '') fail(path, 'not a text');
};
const bool: Check = (v, path) => {
  if (typeof v !== 'boolean') fail(path, 'not a boolean');
};
const whole =
  (least: number): Check =>
  (v, path) => {
    if (!Number.isInteger(v) || (v as number) < least) fail(path, `not a whole number from ${least}`);
  };
const word =
  (...words: string[]): Check =>
  (v, path) => {
    if (!words.includes(String(v))) fail(path, `${v} is none of ${words.join(', ')}`);
  };
/** RFC 3986: what a URI reference is made of; a backslash, a blank or a non-ASCII letter is not among it. */
const uri: Check = (v, path) => {
  if (typeof v !== 'string' || !/^[\w.~:/?#[\]@!$&'()*+,;=%-]+$/.test(v) || /%(?![0-9A-Fa-f]{2})/.test(v))
    fail(path, `not a URI reference: ${v}`);
};
const list =
  (of: Check, least = 0): Check =>
  (v, path) => {
    if (!Array.isArray(v) || v.length < least) return fail(path, `not a list of ${least} or more`);
    v.forEach((item, i) => {
      of(item, `${path}[${i}]`);
    });
  };
const shape =
  ({ required, oneOf, members }: Shape): Check =>
  (v, path) => {
    if (typeof v !== 'object' || v === null || Array.isArray(v)) return fail(path, 'not an object');
    for (const name of required) if (!(name in v)) fail(path, `lacks ${name}`);
    if (oneOf && !oneOf.some((name) => name in v)) fail(path, `has none of ${oneOf.join(', ')}`);
    for (const [name, value] of Object.entries(v)) {
      // 3.8: any object may carry a property bag.
      if (name === 'properties') continue;
      const check = members[name] ?? fail(path, `${name} is no property of it`);
      check(value, `${path}.${name}`);
    }
  };

/** 3.11 message, 3.12 multiformatMessageString: both have a text here. */
const message = shape({ required: ['text'], members: { text } });
/** 3.30: a region of text needs its first line, one of bytes its offset. */
const region = shape({
  required: [],
  oneOf: ['startLine', 'charOffset', 'byteOffset'],
  members: { startLine: whole(1), startColumn: whole(1), byteOffset: whole(0) },
});
const artifactLocation = shape({ required: [], oneOf: ['uri', 'index'], members: { uri } });
const location = shape({
  required: [],
  members: {
    message,
    physicalLocation: shape({
      required: [],
      oneOf: ['artifactLocation', 'address'],
      members: { artifactLocation, region },
    }),
    logicalLocations: list(
      shape({
        required: [],
        oneOf: ['name', 'fullyQualifiedName'],
        members: { name: text, fullyQualifiedName: text, kind: text },
      }),
    ),
  },
});
const threadFlow = shape({
  required: ['locations'],
  members: { locations: list(shape({ required: [], oneOf: ['location'], members: { location } }), 1) },
});
const rule = shape({
  required: ['id'],
  members: {
    id: text,
    name: text,
    shortDescription: message,
    fullDescription: message,
    help: message,
    defaultConfiguration: shape({ required: [], members: { level: word('none', 'note', 'warning', 'error') } }),
  },
});
const result = shape({
  required: ['message'],
  members: {
    ruleId: text,
    ruleIndex: whole(0),
    level: word('none', 'note', 'warning', 'error'),
    message,
    locations: list(location),
    codeFlows: list(shape({ required: ['threadFlows'], members: { threadFlows: list(threadFlow, 1) } })),
  },
});
const run = shape({
  required: ['tool', 'results'],
  members: {
    tool: shape({
      required: ['driver'],
      members: {
        driver: shape({
          required: ['name'],
          members: { name: text, version: text, semanticVersion: text, rules: list(rule) },
        }),
      },
    }),
    invocations: list(
      shape({ required: ['executionSuccessful'], members: { executionSuccessful: bool, exitCode: whole(0) } }),
    ),
    artifacts: list(
      shape({ required: [], members: { location: artifactLocation, roles: list(word('analysisTarget')) } }),
    ),
    columnKind: word('utf16CodeUnits', 'unicodeCodePoints'),
    results: list(result),
  },
});
const sarif = shape({
  required: ['version', 'runs'],
  members: { $schema: uri, version: word('2.1.0'), runs: list(run) },
});

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly Json[];
  readonly codeFlows?: readonly { threadFlows: readonly { locations: readonly { location: Json }[] }[] }[];
}
interface Run {
  readonly tool: { readonly driver: { readonly version: string; readonly rules: readonly { readonly id: string }[] } };
  readonly invocations: readonly Json[];
  readonly results: readonly Result[];
}

/** Reads one log, after a check of everything it has and lacks; rules are listed once and results point at them. */
function read(textOfLog: string): Run {
  const log = JSON.parse(textOfLog);
  sarif(log, 'sarif');
  expect(log.runs).toHaveLength(1);
  const only: Run = log.runs[0];
  const ids = only.tool.driver.rules.map((r) => r.id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const r of only.results) expect(ids[r.ruleIndex]).toBe(r.ruleId);
  return only;
}

const TWO = [MISBEHAVE, '--contract', MISBEHAVE_CONTRACT];
const SARIF = ['--format', 'sarif'];

describe('fcc verify --format sarif', () => {
  it('an error: rule, level, message, place', async () => {
    const { code, out, err } = await fcc(['verify', ...TWO, '--strict', ...SARIF]);
    expect(code).toBe(1);
    expect(err).toContain('error[FCC0107]');
    const { tool, results, invocations } = read(out);
    expect(invocations).toEqual([{ executionSuccessful: true, exitCode: 1 }]);
    expect(tool.driver.rules).toMatchObject([
      {
        id: 'FCC0107',
        shortDescription: { text: ERRORS.FCC0107.title },
        fullDescription: { text: ERRORS.FCC0107.explain },
        help: { text: expect.stringContaining(ERRORS.FCC0107.right) },
      },
    ]);
    expect(results).toHaveLength(1);
    expect(results[0]!.level).toBe('error');
    expect(results[0]!.message.text).toMatch(/^invalid memory access: r\d may be out of bounds \(writes 4 bytes at /);
    expect(results[0]!.message.text).toMatch(/\nreason: .*\nhelp: /);
    const column = Number(/misbehave\.c:14:(\d+)/.exec(err)![1]);
    expect(results[0]!.locations).toEqual([
      {
        physicalLocation: { artifactLocation: { uri: 'misbehave.c' }, region: { startLine: 14, startColumn: column } },
        logicalLocations: [
          { name: 'insn 8', fullyQualifiedName: 'fc/slot/put/insn 8', kind: 'instruction' },
          { name: 'put', fullyQualifiedName: 'fc/slot/put', kind: 'function' },
        ],
      },
    ]);
  });

  it('the path is a code flow that ends at the place', async () => {
    const [json, log] = await Promise.all([
      fcc(['verify', ...TWO, '--strict', '--json']),
      fcc(['verify', ...TWO, '--strict', ...SARIF]),
    ]);
    const { path } = JSON.parse(json.out).programs[0].errors[0];
    const [found] = read(log.out).results;
    const steps = found!.codeFlows![0]!.threadFlows[0]!.locations.map((l) => l.location);
    expect(steps.slice(0, -1).map((l) => (l.message as { text: string }).text)).toEqual(path);
    expect(path.length).toBeGreaterThan(1);
    expect(steps.at(-1)).toMatchObject(found!.locations[0]!);
    expect(steps[0]).toMatchObject({
      physicalLocation: { artifactLocation: { uri: 'misbehave.c' }, region: { startLine: 14 } },
    });
  });

  it('no error is an empty list: the object was looked at', async () => {
    const { code, out, err } = await fcc(['verify', ...TWO, ...SARIF]);
    expect([code, err]).toEqual([0, '']);
    const { results, invocations, tool } = read(out);
    expect([results, tool.driver.rules]).toEqual([[], []]);
    expect(invocations).toEqual([{ executionSuccessful: true, exitCode: 0 }]);
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
    expect(tool.driver.version).toBe(version);
  });

  it('without lines the object is the place, and the instruction', async () => {
    const { out } = await fcc(['verify', PLAIN, '--strict', ...SARIF]);
    const [first] = read(out).results;
    expect(first!.locations).toMatchObject([{ physicalLocation: { artifactLocation: { uri: artifactUri(PLAIN) } } }]);
    expect(first!.locations[0]!.physicalLocation).not.toHaveProperty('region');
    const bare = await fcc(['verify', '-', '--raw', ...SARIF], raw(MOV_R0_42, LOAD_PAST_STACK, EXIT));
    expect(read(bare.out).results[0]!.locations).toMatchObject([
      { logicalLocations: [{ name: 'insn 1' }, { name: 'main' }] },
    ]);
    expect(read(bare.out).results[0]!.locations[0]).not.toHaveProperty('physicalLocation');
  });

  it.each([
    ['an object that is none', [MISBEHAVE_CONTRACT], 3, 'FCC0201'],
    ['a contract that is none', [MISBEHAVE, '--contract', MISBEHAVE], 3, 'FCC0402'],
    ['a file that is not there', ['missing.o'], 2, 'FCC0002'],
    ['an entry that is not there', [...TWO, '--function', 'get'], 2, 'FCC0004'],
  ])('%s ends the run early, in a log and as a document', async (_what, args, exit, error) => {
    const log = await fcc(['verify', ...args, ...SARIF]);
    expect(log.code).toBe(exit);
    expect(log.err).toContain(`error[${error}]`);
    const { results, invocations } = read(log.out);
    expect(results).toMatchObject([{ ruleId: error, level: 'error' }]);
    expect(results[0]!.locations).toHaveLength(1);
    expect(invocations).toEqual([{ executionSuccessful: false, exitCode: exit }]);
    const json = await fcc(['verify', ...args, '--format', 'json']);
    expect([json.code, JSON.parse(json.out).error.code]).toEqual([exit, error]);
    expect(json.out).toBe((await fcc(['verify', ...args, '--json'])).out);
  });

  it('malformed input from standard input has no address', async () => {
    const { code, out } = await fcc(['verify', '-', ...SARIF], raw());
    expect(code).toBe(3);
    expect(read(out).results).toMatchObject([{ ruleId: 'FCC0201', locations: [] }]);
  });
});

describe('fcc compile --format sarif', () => {
  const put = [...TWO, '-t', 'cortex-m4'];

  it('writes no image; guards are notes with what would remove them', () =>
    inFolder(async (folder) => {
      const { code, out, err } = await fcc(['compile', ...put, ...SARIF, '--guards']);
      expect([code, err]).toEqual([0, '']);
      const { results } = read(out);
      expect(results).toMatchObject([{ ruleId: 'FCC0107', level: 'note' }]);
      expect(results[0]!.message.text).toMatch(
        /^guarded at run time by a compare with data: writes 4 bytes .*\nhelp: compare r/,
      );
      expect(results[0]!.locations).toMatchObject([{ physicalLocation: { region: { startLine: 14 } } }]);
      expect(read((await fcc(['compile', ...put, ...SARIF])).out).results).toEqual([]);
      const file = join(folder, 'a.sarif');
      expect(await fcc(['compile', ...put, ...SARIF, '--guards', '-o', file])).toEqual({ code: 0, out: '', err: '' });
      expect(readFileSync(file, 'utf8')).toBe(out);
    }));

  it('a rejection and an early end are logs too, in the file that was asked for', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'a.sarif');
      const strict = await fcc(['compile', ...put, ...SARIF, '--strict', '-o', file]);
      expect([strict.code, strict.out]).toEqual([1, '']);
      expect(read(readFileSync(file, 'utf8')).results).toMatchObject([{ ruleId: 'FCC0107', level: 'error' }]);
      const broken = await fcc(['compile', MISBEHAVE_CONTRACT, '-t', 'cortex-m4', ...SARIF, '-o', file]);
      expect([broken.code, broken.out]).toEqual([3, '']);
      expect(read(readFileSync(file, 'utf8')).results).toMatchObject([{ ruleId: 'FCC0201' }]);
    }));

  it('what a target or a contract’s limits forbid is a result', () =>
    inFolder(async (folder) => {
      const contract = JSON.parse(readFileSync(MISBEHAVE_CONTRACT, 'utf8'));
      const tight = join(folder, 'tight.json');
      const { writeFileSync } = await import('node:fs');
      writeFileSync(tight, JSON.stringify({ ...contract, limits: { instructions: 3 } }));
      const { code, out } = await fcc(['compile', MISBEHAVE, '--contract', tight, '-t', 'cortex-m4', ...SARIF]);
      const { results } = read(out);
      expect(results).toMatchObject([{ ruleId: 'FCC0502', level: 'error' }]);
      expect(code).toBe(ERRORS.FCC0502.exit);
    }));

  it.each([
    [['--json'], 'without --json'],
    [['--map', 'a.map'], 'without --map'],
  ])('%s asks for a second document', async (more, said) => {
    const { code, out, err } = await fcc(['compile', ...put, ...SARIF, ...more]);
    expect(code).toBe(2);
    expect(err).toContain(`--format sarif writes one document, ${said}`);
    expect(out === '' || JSON.parse(out).error.code === 'FCC0001').toBe(true);
  });

  it('a log that cannot be written is an error, told once', async () => {
    const { code, out, err } = await fcc(['compile', ...put, ...SARIF, '-o', '/no/such/folder/a.sarif']);
    expect([code, out]).toEqual([2, '']);
    expect(err.match(/error\[/g)).toHaveLength(1);
    expect(err).toContain('error[FCC0003]');
  });

  it('does not replace the object', async () => {
    const { code, err } = await fcc(['compile', ...put, ...SARIF, '-o', MISBEHAVE]);
    expect([code, err]).toEqual([2, expect.stringContaining('the output would replace the object')]);
  });
});

describe('addresses of files', () => {
  it.each([
    ['./a.c', 'a.c'],
    ['src/./b/../c.c', 'src/b/../c.c'],
    ['../include/fc.h', '../include/fc.h'],
    ['/usr/include/x y.h', 'file:///usr/include/x%20y.h'],
    ['größe.c', 'gr%C3%B6%C3%9Fe.c'],
    ['a%b#c?.c', 'a%25b%23c%3F.c'],
    ['win\\dir\\a.c', 'win/dir/a.c'],
  ])('%s', (path, address) => {
    expect(artifactUri(path)).toBe(address);
    uri(address, 'uri');
  });
});

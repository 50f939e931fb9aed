// SPDX-License-Identifier: MIT

/** Sections of a case in the order they stand in a file. */
export const SECTIONS = ['asm', 'contract', 'verify', 'ir', 'opt', 'thumb', 'run'] as const;
export type SectionName = (typeof SECTIONS)[number];
/** What a person writes, and what FCC_BLESS=1 may write. */
export const BLESSED: readonly SectionName[] = ['ir', 'opt', 'thumb'];
/** One claim fits on a screen. */
export const MAX_LINES = 40;

export interface CaseFile {
  /** What the case shows, in words. */
  readonly claim: string;
  readonly sections: ReadonlyMap<SectionName, string>;
}

/** Reads `# claim`, then sections headed `== name`. Throws on anything else. */
export function readCase(text: string): CaseFile {
  const lines = text.replace(/\n$/, '').split('\n');
  if (lines.length >= MAX_LINES) throw new Error(`${lines.length} lines, a case has fewer than ${MAX_LINES}`);
  const claim = /^# (.+)$/.exec(lines[0] ?? '')?.[1];
  if (claim === undefined) throw new Error('the first line is not a claim');
  const sections = new Map<SectionName, string>();
  let current: SectionName | undefined;
  for (const line of lines.slice(1)) {
    const head = /^== (.*)$/.exec(line);
    if (!head) {
      if (current === undefined) throw new Error(`a line before the first section: ${line}`);
      sections.set(current, `${sections.get(current)}${line}\n`);
      continue;
    }
    const name = SECTIONS.find((s) => s === head[1]);
    if (name === undefined) throw new Error(`unknown section ${head[1]}`);
    if (sections.has(name)) throw new Error(`section ${name} stands twice`);
    if (current !== undefined && SECTIONS.indexOf(name) < SECTIONS.indexOf(current))
      throw new Error(`section ${name} stands behind ${current}`);
    current = name;
    sections.set(name, '');
  }
  if (!sections.has('asm')) throw new Error('there is no program');
  if (sections.size === (sections.has('contract') ? 2 : 1)) throw new Error('nothing is claimed of the program');
  return { claim, sections };
}

/** The file's text again. */
export function writeCase({ claim, sections }: CaseFile): string {
  return `# ${claim}\n${[...sections].map(([name, body]) => `== ${name}\n${body}`).join('')}`;
}

export interface RunLine {
  readonly context: Uint8Array | null;
  readonly regions: ReadonlyMap<string, Uint8Array>;
  readonly fuel: number;
  /** Wanted, by the words in front: r0, trap, ctx, log, and regions as NAME=. */
  readonly wanted: ReadonlyMap<string, string>;
}

/** More than any case needs, on every engine. */
const FUEL = 10_000_000;
const bytes = (hex: string): Uint8Array => {
  if (!/^([0-9a-f]{2})*$/.test(hex)) throw new Error(`not hexadecimal: ${hex}`);
  return new Uint8Array(Buffer.from(hex, 'hex'));
};

/**
 * Reads `ctx 00ff buf=0011 fuel 100 -> r0 0x5, trap none, ctx 0001, buf=0012, log text`. Left: the context (`none`: no context),
 * granted regions, fuel. Right: what comes out; what is not named is as it was, r0 after a trap is 0.
 */
export function readRun(line: string): RunLine {
  const [left, right, ...rest] = line.split(' -> ');
  if (right === undefined || rest.length > 0) throw new Error(`not a run: ${line}`);
  let context: Uint8Array | null = null;
  let fuel = FUEL;
  const regions = new Map<string, Uint8Array>();
  const words = left!.split(' ');
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const pair = /^([\w.-]+)=([0-9a-f]*)$/.exec(word);
    if (pair) regions.set(pair[1]!, bytes(pair[2]!));
    else if (word === 'ctx') {
      const value = words[++i] ?? '';
      context = value === 'none' ? null : bytes(value);
    } else if (word === 'fuel') fuel = Number(words[++i]);
    else throw new Error(`not a part of a run: ${word}`);
  }
  const wanted = new Map<string, string>();
  for (const part of right.split(', ')) {
    const m = /^(?:(r0|trap|ctx|log) (.*)|([\w.-]+=)([0-9a-f]*))$/.exec(part);
    if (!m) throw new Error(`not a result: ${part}`);
    wanted.set(m[1] ?? m[3]!, m[2] ?? m[4]!);
  }
  if (!wanted.has('trap') || (wanted.get('trap') === 'none') !== wanted.has('r0'))
    throw new Error(`a run says r0 and "trap none", or its trap: ${line}`);
  return { context, regions, fuel, wanted };
}

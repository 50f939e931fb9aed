// SPDX-License-Identifier: MIT
import { finish, type Level, prepare } from '../compile.js';
import { CompileError } from '../errors/index.js';
import { readImage } from '../image/read.js';
import { SCALE_CONTRACT, type ScaleShape, scaleProgram } from './scale-programs.js';
import { targetOption } from './values.js';

/** One program to measure. */
export interface ScaleJob {
  readonly shape: ScaleShape;
  /** Instructions. */
  readonly size: number;
  readonly target: string;
  readonly level: Level;
}

/** What it cost. */
export interface ScaleCost {
  /** Processor time of the process, all of its threads, in milliseconds; the least of several times. */
  readonly verifyMs: number;
  /** The same for everything behind the verifier, up to the image. */
  readonly compileMs: number;
  /** Resident memory of the process at its peak, and before the program was verified for the first time, in bytes. */
  readonly peakBytes: number;
  readonly baseBytes: number;
  readonly textBytes: number;
}

/** A program that the target does not take, by the error's code. */
export interface ScaleRefusal {
  readonly refused: string;
}

/** Instructions of the program that warms up the engine that runs this, and how often it does. */
const WARM_SIZE = 1000;
const WARM_ROUNDS = 4;
/** A short piece of work is repeated until this much time is spent, in milliseconds, but no more often than that. */
const ENOUGH_MS = 1500;
const MAX_ROUNDS = 8;
/** Even a long one is done twice, unless a round takes longer than this. */
const LONG_MS = 20_000;

/** Called before each measured piece of work, so that none pays for another's garbage: the engine's collector if it is there. */
const collect = (): void => (globalThis as { gc?: () => void }).gc?.();

const processorMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/**
 * Measures one job in this process; for peaks that mean something, a process of its own. Throws what the compiler throws, but
 * for limits of the target.
 */
export function measureScale({ shape, size, target: name, level }: ScaleJob): ScaleCost | ScaleRefusal {
  const target = targetOption(name);
  const round = (program: ReturnType<typeof scaleProgram>) => {
    collect();
    const start = processorMs();
    let verified = start;
    const prepared = prepare(program, {
      contract: SCALE_CONTRACT,
      level,
      verified: () => {
        verified = processorMs();
      },
    });
    if (prepared.kind === 'rejected') throw new Error(`the generated program ${shape} ${size} is rejected`);
    const { image } = finish(prepared, target);
    return { verifyMs: verified - start, compileMs: processorMs() - verified, textBytes: readImage(image).text.length };
  };
  try {
    const warm = scaleProgram(shape, Math.min(WARM_SIZE, size), 2);
    for (let i = 0; i < WARM_ROUNDS; i++) round(warm);
    const program = scaleProgram(shape, size);
    collect();
    const baseBytes = process.memoryUsage.rss();
    let best = round(program);
    let spent = best.verifyMs + best.compileMs;
    for (let n = 1; n < MAX_ROUNDS && (n === 1 ? spent < LONG_MS : spent < ENOUGH_MS); n++) {
      const next = round(program);
      spent += next.verifyMs + next.compileMs;
      best = {
        ...best,
        verifyMs: Math.min(best.verifyMs, next.verifyMs),
        compileMs: Math.min(best.compileMs, next.compileMs),
      };
    }
    return { ...best, peakBytes: process.resourceUsage().maxRSS * 1024, baseBytes };
  } catch (e) {
    if (e instanceof CompileError && e.exitCode === 4) return { refused: e.code };
    throw e;
  }
}

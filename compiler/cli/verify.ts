// SPDX-License-Identifier: MIT
import type { Program } from '../bpf/program.js';
import { formatError } from '../errors/print.js';
import type { Verdict } from '../verifier/facts.js';
import { formatLog } from '../verifier/log.js';
import { verify } from '../verifier/verify.js';
import type { AddCommand } from './command.js';
import { loadContract, loadObject, selectEntries } from './load.js';
import { errorDocument, type Session, usage, writeJson } from './session.js';

/** One row of the `programs` list of `verify --json`. */
export function verdictDocument(program: Program, verdict: Verdict): Record<string, unknown> {
  const fn = program.functions[verdict.entry]!;
  return {
    section: fn.section,
    function: fn.name,
    verdict: verdict.verdict,
    errors: verdict.verdict === 'rejected' ? verdict.errors.map(errorDocument) : [],
  };
}

/** Said where a source line would help. */
export const NO_LINES = 'the object has no line information; compile with -g to see source lines';

/** An object of a compiler that was not asked for line information. */
export function hasNoLines(program: Program): boolean {
  return program.origin === 'elf' && program.functions.every((f) => f.lines.size === 0);
}

/** Prints every error of rejected programs; returns the exit code: 1, or the first error's where that is not a rejection. */
export function reportVerdicts(session: Session, program: Program, verdicts: readonly Verdict[]): number {
  const errors = verdicts.flatMap((v) => (v.verdict === 'rejected' ? v.errors : []));
  for (const e of errors) session.err(`${formatError(e, { color: session.terminal })}\n\n`);
  if (errors.length > 0 && hasNoLines(program)) session.err(`note: ${NO_LINES}\n`);
  return errors.reduce((code, e) => Math.max(code, e.exitCode), 0);
}

/** `fcc verify`: a verdict per program. */
export const addVerify: AddCommand = (program, session, act) => {
  program
    .command('verify')
    .argument('OBJ', 'eBPF object file, - for standard input')
    .description('say whether the programs of an object are safe to run, and why not')
    .option('--contract <file>', 'hook contract')
    .option('--function <name>', 'only this entry point')
    .option('--strict', 'refuse accesses that would need a guard')
    .option('--log <what>', '"full": the state before every instruction')
    .option('--raw', 'the input is bare eBPF instructions')
    .action((file: string, o: VerifyOptions) =>
      act(async () => {
        if (o.log !== undefined && o.log !== 'full') throw usage(`--log does not take ${o.log}`, { expected: 'full' });
        const object = loadObject(session, file, o.raw === true);
        const contract = await loadContract(session, o.contract);
        const verdicts = selectEntries(object, o.function).map((entry) =>
          verify(object, entry, contract, { strict: o.strict === true }),
        );
        if (o.log === 'full' && !o.json) {
          for (const v of verdicts) session.out(formatLog(object, v.entry, contract));
        }
        const code = reportVerdicts(session, object, verdicts);
        if (o.json) writeJson(session, { programs: verdicts.map((v) => verdictDocument(object, v)) });
        else {
          for (const v of verdicts) {
            const fn = object.functions[v.entry]!;
            session.out(`${fn.section}${fn.section ? '/' : ''}${fn.name}: ${v.verdict}\n`);
          }
        }
        return code;
      }),
    );
};

interface VerifyOptions {
  contract?: string;
  function?: string;
  strict?: boolean;
  log?: string;
  raw?: boolean;
  json?: boolean;
}

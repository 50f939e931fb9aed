// SPDX-License-Identifier: MIT
import type { Program } from '../bpf/program.js';
import type { Verdict } from '../verifier/facts.js';
import { formatLog } from '../verifier/log.js';
import { verify } from '../verifier/verify.js';
import type { AddCommand } from './command.js';
import {
  REPORT_FORMATS,
  reportFormat,
  reporting,
  reportVerdicts,
  sarifObject,
  sarifText,
  slicesOf,
  verdictDocument,
} from './diagnostics.js';
import { contractsFor, loadObject, selectEntries } from './load.js';
import { usage, writeJson } from './session.js';

export { hasNoLines, NO_LINES, reportVerdicts, verdictDocument } from './diagnostics.js';

interface VerifyCommand {
  contract?: string;
  function?: string;
  strict?: boolean;
  log?: string;
  slice?: boolean;
  format?: string;
  raw?: boolean;
  json?: boolean;
}

/** `fc/timer/count: accepted`. */
function verdictLine(program: Program, v: Verdict): string {
  const fn = program.functions[v.entry]!;
  return `${fn.section}${fn.section ? '/' : ''}${fn.name}: ${v.verdict}\n`;
}

/** `fcc verify`: a verdict per program. */
export const addVerify: AddCommand = (program, session, act) => {
  program
    .command('verify')
    .argument('OBJ', 'eBPF object file or Femto-Container image, - for standard input')
    .description('say whether the programs of an object are safe to run, and why not')
    .option('--contract <file>', 'hook contract')
    .option('--function <name>', 'only this entry point')
    .option('--strict', 'refuse accesses that would need a guard')
    .option('--log <what>', '"full": the state before every instruction')
    .option('--slice', 'below each error the instructions that it depends on')
    .option('--format <format>', `${REPORT_FORMATS.join(', ')} (for code review systems)`, undefined)
    .option('--raw', 'the input is bare eBPF instructions')
    .action((file: string, o: VerifyCommand) =>
      act(() => {
        const format = reportFormat(o);
        const how = { format, object: file, write: session.out };
        return reporting(session, how, async () => {
          if (o.log !== undefined && o.log !== 'full')
            throw usage(`--log does not take ${o.log}`, { expected: 'full' });
          if (o.log !== undefined && format !== 'text')
            throw usage('--log is text', { got: `${format} is asked for as well` });
          const object = loadObject(session, file, o.raw === true);
          const entries = selectEntries(object, o.function);
          const contracts = await contractsFor(session, object, o.contract, entries);
          const options = { strict: o.strict === true };
          const verdicts = entries.map((entry, i) => verify(object, entry, contracts[i]!, options));
          const slices = o.slice ? slicesOf(object, contracts, verdicts, options) : undefined;
          if (o.log === 'full')
            session.out(`${verdicts.map((v, i) => formatLog(object, v.entry, contracts[i]!, options)).join('\n')}\n`);
          const exitCode = reportVerdicts(session, object, verdicts, slices);
          if (format === 'json') {
            writeJson(session, {
              programs: verdicts.map((v, i) => verdictDocument(object, v, { contract: contracts[i], slices })),
            });
          } else if (format === 'sarif') {
            const errors = verdicts.flatMap((v) => (v.verdict === 'rejected' ? v.errors : []));
            session.out(sarifText({ object: sarifObject(file), program: object, errors, exitCode }));
          } else for (const v of verdicts) session.out(verdictLine(object, v));
          return exitCode;
        });
      }),
    );
};

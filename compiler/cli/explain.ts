// SPDX-License-Identifier: MIT
import { ERRORS, type ErrorCode, type ErrorRow } from '../errors/index.js';
import { STATUSES } from '../image/status.js';
import { TRAPS } from '../image/traps.js';
import type { AddCommand } from './command.js';
import { usage, writeJson } from './session.js';
import { table } from './table.js';

const indent = (text: string): string => text.replace(/^(?=.)/gm, '    ');

/** What the runtime in C answers: statuses and traps, by name and number. */
const RUNTIME: readonly {
  readonly name: string;
  readonly number: number;
  readonly doc: string;
  readonly error?: ErrorCode;
}[] = [
  ...STATUSES.map((row, i) => ({
    name: `FCC_E_${row.name.toUpperCase()}`,
    number: -1 - i,
    doc: row.doc,
    ...('error' in row ? { error: row.error } : {}),
  })),
  ...Object.entries(TRAPS).map(([name, { code, doc }]) => ({
    name: `FCC_TRAP_${name.toUpperCase()}`,
    number: code,
    doc,
  })),
];

/** `fcc explain CODE`: what an error code means, with a wrong and a right program; without a code, all of them. */
export const addExplain: AddCommand = (program, session, act) => {
  program
    .command('explain')
    .argument('[CODE]', 'error code such as FCC0107, or what the runtime answers, such as FCC_E_QUOTA')
    .description('explain an error code, or a status or trap of the runtime')
    .action((code: string | undefined, options: { json?: boolean }) =>
      act(() => {
        const all: [string, ErrorRow][] = Object.entries(ERRORS).sort(([a], [b]) => (a < b ? -1 : 1));
        if (code === undefined) {
          if (options.json) writeJson(session, { errors: all.map(([name, row]) => ({ code: name, ...row })) });
          else {
            const cells = all.map(([name, row]) => [name, row.stage, `exit ${row.exit}`, row.title]);
            session.out(table(['code', 'stage', '', 'title'], cells));
          }
          return 0;
        }
        const name = code.toUpperCase();
        const answer = RUNTIME.find((row) => row.name === name);
        if (answer) {
          const { number, doc, error } = answer;
          if (options.json) writeJson(session, { code: name, number, doc, ...(error ? { error } : {}) });
          else {
            const parts = [`${name} (${number}), an answer of the runtime in C`, doc];
            if (error) parts.push(`fcc refuses such an image with ${error}.`);
            session.out(`${parts.join('\n\n')}\n`);
          }
          return 0;
        }
        if (!Object.hasOwn(ERRORS, name))
          throw usage(`unknown error code ${code}`, {
            help: '`fcc explain` lists them; fcc_image.h has the statuses and traps of the runtime',
          });
        const row: ErrorRow = ERRORS[name as ErrorCode];
        if (options.json) writeJson(session, { code: name, ...row });
        else {
          const parts = [`${name}: ${row.title}\nstage ${row.stage}, exit code ${row.exit}`, row.explain];
          if (row.contract !== undefined) parts.push(`contract for both:\n${indent(row.contract)}`);
          if (row.program !== undefined) parts.push(`program for both:\n${indent(row.program)}`);
          if (row.strict) parts.push('both are verified with --strict');
          parts.push(`wrong:\n${indent(row.wrong)}`, `right:\n${indent(row.right)}`);
          session.out(`${parts.join('\n\n')}\n`);
        }
        return 0;
      }),
    );
};

// SPDX-License-Identifier: MIT
import { ERRORS, type ErrorCode, type ErrorRow } from '../errors/index.js';
import type { AddCommand } from './command.js';
import { usage, writeJson } from './session.js';
import { table } from './table.js';

const indent = (text: string): string => text.replace(/^(?=.)/gm, '    ');

/** `fcc explain CODE`: what an error code means, with a wrong and a right program; without a code, all of them. */
export const addExplain: AddCommand = (program, session, act) => {
  program
    .command('explain')
    .argument('[CODE]', 'error code such as FCC0107')
    .description('explain an error code')
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
        if (!Object.hasOwn(ERRORS, name))
          throw usage(`unknown error code ${code}`, { help: '`fcc explain` lists them' });
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

// SPDX-License-Identifier: MIT
import { HELPERS, type HelperArg, type HelperRow } from '../contract/helpers.js';
import type { AddCommand } from './command.js';
import { writeJson } from './session.js';
import { table } from './table.js';

function argText(arg: HelperArg, all: readonly HelperArg[]): string {
  switch (arg.kind) {
    case 'u32':
    case 'u64':
      return `${arg.kind} ${arg.name}`;
    case 'context':
      return 'ctx';
    case 'cstring':
      return `cstring ${arg.name}`;
    case 'fixed':
      return `${arg.access} ${arg.name}[${arg.size}]`;
    case 'buffer':
      return `${arg.access} ${arg.name}[${all[arg.length]?.name ?? '?'}]`;
  }
}

/** `fcc helpers`: ids, signatures and meaning of the helpers a container can call, and which may block. */
export const addHelpers: AddCommand = (program, session, act) => {
  program
    .command('helpers')
    .description('list the helpers a container can call')
    .action((options: { json?: boolean }) =>
      act(() => {
        const rows: readonly HelperRow[] = HELPERS;
        if (options.json) writeJson(session, { helpers: rows });
        else {
          const cells = rows.map((h) => [
            `0x${h.id.toString(16).padStart(2, '0')}`,
            `${h.name}(${h.args.map((a) => argText(a, h.args)).join(', ')})`,
            h.result.kind === 'region' ? `-> region ${h.result.region}` : `-> ${h.result.kind}`,
            h.blocks ? 'blocks' : '',
            h.doc,
          ]);
          session.out(table(['id', 'helper', 'result', '', ''], cells));
        }
        return 0;
      }),
    );
};

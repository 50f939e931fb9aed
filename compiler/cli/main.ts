#!/usr/bin/env node
// SPDX-License-Identifier: MIT
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { CompileError } from '../errors/index.js';
import { addBench } from './bench.js';
import type { Action, AddCommand } from './command.js';
import { addCompile } from './compile.js';
import { addCompletion } from './completion.js';
import { addConform } from './conform.js';
import { addDisasm } from './disasm.js';
import { addExplain } from './explain.js';
import { addGen } from './gen.js';
import { addHelpers } from './helpers.js';
import { addInspect } from './inspect.js';
import { addKeys } from './keys.js';
import { addPack } from './pack.js';
import { addPush } from './push.js';
import { addRun } from './run.js';
import { processSession, reportError, type Session, samePath, usage, VERSION } from './session.js';
import { addSign } from './sign.js';
import { addTargets } from './targets.js';
import { addVerify } from './verify.js';

const COMMANDS: readonly AddCommand[] = [
  addCompile,
  addVerify,
  addRun,
  addConform,
  addDisasm,
  addInspect,
  addGen,
  addKeys,
  addPack,
  addSign,
  addPush,
  addBench,
  addTargets,
  addHelpers,
  addExplain,
  addCompletion,
];

function build(session: Session, act: (action: Action) => void): Command {
  const program = new Command('fcc')
    .description('Ahead-of-time compiler from eBPF to guarded native code for microcontrollers')
    .version(VERSION)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ writeOut: session.out, writeErr: () => {} });
  for (const add of COMMANDS) add(program, session, act);
  for (const command of program.commands) {
    command.exitOverride().configureOutput({ writeOut: session.out, writeErr: () => {} });
    command.option('--json', 'print one JSON document');
  }
  return program;
}

/**
 * Runs one command line (without node and script) and returns its exit code: 0 ok, 1 rejected, 2 usage, 3 malformed input,
 * 4 not supported by the target, 5 device, 70 a bug of ours.
 */
export async function main(argv: readonly string[], session: Session = processSession): Promise<number> {
  const json = argv.includes('--json');
  let action: Action | undefined;
  let command: string | undefined;
  try {
    const program = build(session, (a) => {
      action = a;
    });
    command = program.commands.find((c) => c.name() === argv[0])?.name();
    if (argv.length === 0) {
      session.err(program.helpInformation());
      return 2;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return action ? await action() : 0;
  } catch (e) {
    if (e instanceof CommanderError) {
      // Help and version end with exit code 0; everything else commander throws is a mistake on the command line.
      if (e.exitCode === 0) return 0;
      const error = usage(e.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' '), {
        help: `see \`fcc ${command === undefined ? '' : `${command} `}--help\``,
      });
      reportError(session, error, json);
      return error.exitCode;
    }
    if (e instanceof CompileError) {
      reportError(session, e, json);
      return e.exitCode;
    }
    session.err(`fcc: internal error, please report it: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}\n`);
    return 70;
  }
}

if (process.argv[1] !== undefined && samePath(process.argv[1], fileURLToPath(import.meta.url))) {
  // A reader that closes the pipe early (`fcc disasm … | head`) is no error. A command that still runs, as a push, has no exit code yet: it goes on.
  const broken = (e: NodeJS.ErrnoException): void => {
    if (e.code !== 'EPIPE') process.exit(70);
    if (process.exitCode !== undefined) process.exit();
  };
  process.stdout.on('error', broken);
  process.stderr.on('error', broken);
  process.exitCode = await main(process.argv.slice(2));
}

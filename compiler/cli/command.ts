// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import type { Session } from './session.js';

/** A command's work: returns the exit code. */
export type Action = () => number | Promise<number>;

/** Adds one command to the program; `act` hands its work to the runner. */
export type AddCommand = (program: Command, session: Session, act: (action: Action) => void) => void;

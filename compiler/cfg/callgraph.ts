// SPDX-License-Identifier: MIT
import { type BpfFunction, lineAt, type Program } from '../bpf/program.js';
import { CompileError } from '../errors/index.js';

export interface CallGraph {
  /** Function indices, every function after all that it calls. All functions of the program. */
  readonly bottomUp: readonly number[];
  /** Indices of the functions that each function calls, without repeats, by function index. */
  readonly callees: readonly (readonly number[])[];
}

interface Site {
  readonly callee: number;
  readonly slot: number;
}

/** Local calls of a function, the first to each callee. */
function sites(fn: BpfFunction): Site[] {
  const first = new Map<number, number>();
  for (const insn of fn.insns) if (insn.kind === 'call' && !first.has(insn.func)) first.set(insn.func, insn.slot);
  return [...first].map(([callee, slot]) => ({ callee, slot }));
}

/**
 * Who calls whom directly. Indirect calls have no edge here: the verifier finds out what they may call.
 * @throws CompileError FCC0314 for recursion, with the circle of calls as its path
 */
export function buildCallGraph(program: Program): CallGraph {
  const all = program.functions.map(sites);
  const state = new Uint8Array(all.length); // 1: on the stack, 2: done
  const bottomUp: number[] = [];
  for (let root = 0; root < all.length; root++) {
    if (state[root] !== 0) continue;
    const stack: { fn: number; next: number }[] = [{ fn: root, next: 0 }];
    state[root] = 1;
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const site = all[top.fn]![top.next++];
      if (!site) {
        state[top.fn] = 2;
        bottomUp.push(top.fn);
        stack.pop();
      } else if (state[site.callee] === 1) {
        refuse(program, stack, site);
      } else if (state[site.callee] === 0) {
        state[site.callee] = 1;
        stack.push({ fn: site.callee, next: 0 });
      }
    }
  }
  return { bottomUp, callees: all.map((list) => list.map((s) => s.callee)) };
}

function refuse(program: Program, stack: readonly { fn: number }[], site: Site): never {
  const circle = stack.slice(stack.findIndex((s) => s.fn === site.callee)).map((s) => s.fn);
  const caller = program.functions[circle.at(-1)!]!;
  const line = lineAt(caller, site.slot);
  const name = (i: number): string => program.functions[i]!.name;
  throw new CompileError('FCC0314', `recursion: ${name(site.callee)} is called while it is active`, {
    at: {
      file: line?.file,
      line: line?.line,
      column: line?.column,
      section: caller.section === '' ? undefined : caller.section,
      function: caller.name,
      instruction: site.slot,
    },
    snippet: line ? { text: line.text } : undefined,
    path: circle.map((from, i) => `${name(from)} calls ${name(circle[i + 1] ?? site.callee)}`),
    help: 'use a loop, and an array of fixed size where a stack is needed',
  });
}

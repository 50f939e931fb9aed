// SPDX-License-Identifier: MIT
import { ById } from './analysis.js';
import type { Block, Edge, Func, Module, Term } from './ir.js';

/** A module that may be edited without changing the given one. Values are shared: nothing ever edits a value. */
export function cloneModule(module: Module): Module {
  return {
    funcs: module.funcs.map(cloneFunc),
    properties: new Set(module.properties),
    ...(module.granted ? { granted: module.granted } : {}),
  };
}

function cloneFunc(fn: Func): Func {
  const copies = new ById<Block, Block>();
  for (const b of fn.blocks)
    copies.set(b, { ...b, params: [...b.params], insts: b.insts.map((i) => ({ ...i, args: [...i.args] })) });
  const copy = (edge: Edge): Edge => ({ block: copies.get(edge.block)!, args: [...edge.args] });
  for (const b of fn.blocks) copies.get(b)!.term = cloneTerm(b.term, copy);
  return {
    ...fn,
    blocks: fn.blocks.map((b) => copies.get(b)!),
    params: fn.params.map((p) => ({ ...p })),
    results: [...fn.results],
  };
}

/** A terminator with edges of its own. */
export function cloneTerm(term: Term, copy: (edge: Edge) => Edge): Term {
  switch (term.kind) {
    case 'jump':
      return { ...term, to: copy(term.to) };
    case 'branch':
      // biome-ignore lint/suspicious/noThenProperty: `then` is the edge taken when the condition holds.
      return { ...term, args: [...term.args], then: copy(term.then), else: copy(term.else) };
    case 'ret':
      return { ...term, args: [...term.args] };
    case 'trap':
      return { ...term };
  }
}

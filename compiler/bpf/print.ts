// SPDX-License-Identifier: MIT
import type { BpfFunction, GlobalRef, Insn, Program, Source, Width } from './program.js';
import { ALU_SIGNS, ATOMIC_SIGNS, COND_SIGNS, ENDIAN_NAMES, sizeName } from './syntax.js';

const reg = (width: Width, n: number): string => `${width === 32 ? 'w' : 'r'}${n}`;
const source = (width: Width, s: Source): string => (s.kind === 'reg' ? reg(width, s.reg) : String(s.imm));
const address = (base: number, off: number): string => `r${base} ${off < 0 ? '-' : '+'} ${Math.abs(off)}`;
const distance = (from: Insn, target: number): string => {
  const d = target - from.slot - 1;
  return `${d < 0 ? '-' : '+'}${Math.abs(d)}`;
};

function atomic(i: Extract<Insn, { kind: 'atomic' }>): string {
  const value = reg(i.size === 4 ? 32 : 64, i.src);
  const place = address(i.base, i.off);
  const name = i.size === 4 ? `${i.op}32_32` : `${i.op}_64`;
  switch (i.op) {
    case 'xchg':
      return `${value} = ${name}(${place}, ${value})`;
    case 'cmpxchg':
      return `${reg(i.size === 4 ? 32 : 64, 0)} = ${name}(${place}, ${reg(i.size === 4 ? 32 : 64, 0)}, ${value})`;
    default:
      return i.fetch
        ? `${value} = atomic_fetch_${i.op}((${sizeName(i.size)} *)(${place}), ${value})`
        : `lock *(${sizeName(i.size)} *)(${place}) ${ATOMIC_SIGNS[i.op]} ${value}`;
  }
}

/** Name of a place in a block: the smallest symbol around it plus an offset, or the block's name plus an offset. */
export function globalName(ref: GlobalRef, program?: Program): string {
  const within = program?.globals.symbols.filter(
    (s) => s.block === ref.block && s.offset <= ref.offset && ref.offset < s.offset + Math.max(1, s.length),
  );
  const s = within?.sort((a, b) => a.length - b.length)[0];
  const name = s?.name ?? `.${ref.block}`;
  const rest = ref.offset - (s?.offset ?? 0);
  return rest === 0 && s ? name : `${name}+${rest}`;
}

function functionName(index: number, program?: Program): string {
  return program?.functions[index]?.name ?? `function_${index}`;
}

/**
 * One instruction in LLVM's eBPF syntax, jumps as distances (`goto +3`). With the program, globals and local functions
 * are named as in the object. `assemble` reads every form back.
 */
export function printInsn(i: Insn, program?: Program): string {
  switch (i.kind) {
    case 'alu': {
      const d = reg(i.width, i.dst);
      return i.op === 'neg' ? `${d} = -${d}` : `${d} ${ALU_SIGNS[i.op]} ${source(i.width, i.src)}`;
    }
    case 'movsx':
      return `${reg(i.width, i.dst)} = (s${i.from})${reg(i.width, i.src)}`;
    case 'endian':
      return `r${i.dst} = ${ENDIAN_NAMES[i.op]}${i.bits} r${i.dst}`;
    case 'lddw':
      return `r${i.dst} = 0x${i.imm.toString(16)} ll`;
    case 'global':
      return `r${i.dst} = ${globalName(i.ref, program)} ll`;
    case 'funcaddr':
      return `r${i.dst} = ${functionName(i.func, program)} ll`;
    case 'load':
      return `r${i.dst} = *(${sizeName(i.size, i.signed)} *)(${address(i.base, i.off)})`;
    case 'store':
      return `*(${sizeName(i.size)} *)(${address(i.base, i.off)}) = ${source(64, i.src)}`;
    case 'atomic':
      return atomic(i);
    case 'jump':
      return `goto ${distance(i, i.target)}`;
    case 'branch':
      return `if ${reg(i.width, i.dst)} ${COND_SIGNS[i.cond]} ${source(i.width, i.src)} goto ${distance(i, i.target)}`;
    case 'call':
      return `call ${functionName(i.func, program)}`;
    case 'helper':
      return `call ${i.id}`;
    case 'callx':
      return `callx r${i.reg}`;
    case 'exit':
      return 'exit';
  }
}

/** A function as the assembler reads it, one instruction a line. */
export function printFunction(fn: BpfFunction, program?: Program): string {
  const head = program?.entries.includes(fn.index)
    ? `entry ${fn.name}${fn.section && ` ${fn.section}`}:`
    : `func ${fn.name}:`;
  return [head, ...fn.insns.map((i) => `  ${printInsn(i, program)}`)].join('\n');
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(' ');
}

/** A whole program as the assembler reads it, each block of globals as one unnamed run of bytes. */
export function printProgram(program: Program): string {
  const { data, bssLength, rodata } = program.globals;
  const blocks = [
    ...(data.length > 0 ? [`.data _data ${hex(data)}`] : []),
    ...(bssLength > 0 ? [`.bss _bss ${bssLength}`] : []),
    ...(rodata.length > 0 ? [`.rodata _rodata ${hex(rodata)}`] : []),
  ];
  const plain: Program = { ...program, globals: { ...program.globals, symbols: [] } };
  return `${[...blocks, ...program.functions.map((f) => printFunction(f, plain))].join('\n')}\n`;
}

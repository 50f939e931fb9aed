// SPDX-License-Identifier: MIT

/** Words of C (up to C23) and C++ that no declaration can use, and macros that compilers define without an underscore. */
const WORDS = new Set(
  (
    'alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t class co_await ' +
    'co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype default delete do ' +
    'double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace ' +
    'new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires restrict ' +
    'return short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try ' +
    'typedef typeid typename typeof typeof_unqual union unsigned using virtual void volatile wchar_t while xor xor_eq ' +
    'unix linux i386 bpf arm riscv xtensa NULL offsetof'
  ).split(' '),
);
/** What <stdint.h> defines. */
const INTEGERS =
  /^(u?int(_least|_fast)?(8|16|32|64)_t|u?int(ptr|max)_t|(U?INT(_LEAST|_FAST)?(8|16|32|64)|U?INT(MAX|PTR)|PTRDIFF|SIZE|SIG_ATOMIC|WCHAR|WINT)_(MIN|MAX|C|WIDTH))$/;

/** Whether an identifier is a word that no declaration can use. */
export const isReserved = (name: string): boolean => WORDS.has(name) || INTEGERS.test(name);

/** Makes C identifiers out of names, each only once: what a header defines must not meet. */
export class CNames {
  private readonly taken = new Set<string>();

  /** An identifier as near to `wanted` as can be: reserved words and repeated names get a suffix. */
  make(wanted: string): string {
    let name = wanted.replace(/[^A-Za-z0-9_]/g, '_');
    // Leading underscores and digits belong to others.
    if (!/^[A-Za-z]/.test(name)) name = `f${/^_/.test(name) ? '' : '_'}${name}`;
    if (isReserved(name)) name += '_';
    let unique = name;
    for (let i = 2; this.taken.has(unique); i++) unique = `${name}_${i}`;
    this.taken.add(unique);
    return unique;
  }

  /** Keeps an identifier from being made. */
  reserve(name: string): void {
    this.taken.add(name);
  }
}

/** Text inside a comment. */
export const inComment = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/\*\//g, '* /')
    .replace(/\/\*/g, '/ *')
    .replace(/\\$/, '\\ ')
    .replace(/\?(?=\?)/g, '? ');

/** What C wants escaped in a string: and ?, of which two begin a trigraph. */
const escaped = (text: string): string => text.replace(/[\\"?]/g, '\\$&');

/** A C string literal. */
export function cString(text: string): string {
  // What is not ASCII as octal bytes, which end after three digits.
  const encoder = new TextEncoder();
  const octal = (c: string): string =>
    [...encoder.encode(c)].map((b) => `\\${b.toString(8).padStart(3, '0')}`).join('');
  return `"${escaped(text).replace(/[^\x20-\x7e]/gu, octal)}"`;
}

/** A C string literal for an attribute, where bytes by number are not allowed: control characters other than newlines become spaces. */
export function attributeString(text: string): string {
  return `"${escaped(text)
    .replace(/\n/g, '\\n')
    .replace(/\p{Cc}/gu, ' ')}"`;
}

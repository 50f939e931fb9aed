// SPDX-License-Identifier: MIT
import type { Command, Option } from 'commander';
import { targets } from '../../backends/index.js';
import { EBPF_TARGET } from '../ebpf.js';
import { ERRORS } from '../errors/index.js';
import { PROFILES } from '../ota/keys.js';
import type { AddCommand } from './command.js';
import { COMPILE_FORMATS } from './compile.js';
import { REPORT_FORMATS } from './diagnostics.js';
import { ENGINES } from './engines.js';
import { GENERATED } from './gen.js';
import { KEY_FORMATS, KEY_WORK } from './keys.js';
import { BOARDS } from './qemu-boards.js';
import { writeJson } from './session.js';
import { choice } from './values.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** What a command of the tree takes. */
interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Option[];
  /** Words that its argument can be; null: files. */
  readonly words: readonly string[] | null;
}

/** Values of the options that take one of a few words, `command option` before `option`; the others take files or free text. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  'compile format': COMPILE_FORMATS,
  'verify format': REPORT_FORMATS,
  'keys format': KEY_FORMATS,
  // Of bench it is another option, without a value.
  'pack profile': PROFILES,
  'push profile': PROFILES,
  'compile target': [...targets.map((t) => t.core.name), EBPF_TARGET.name],
  'push target': [...targets.map((t) => t.core.name), EBPF_TARGET.name],
  target: targets.map((t) => t.core.name),
  engine: ENGINES,
  board: Object.keys(BOARDS),
  optimise: ['0', '1', '2'],
  log: ['full'],
};

const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  explain: Object.keys(ERRORS),
  gen: GENERATED,
  keys: KEY_WORK,
  completion: SHELLS,
  targets: [],
  helpers: [],
};

function commandWords(program: Command): CommandWords[] {
  const rows = program.commands.map((c) => ({
    name: c.name(),
    description: c.description(),
    options: c.options,
    words: ARGUMENTS[c.name()] ?? null,
  }));
  const names = rows.map((r) => r.name);
  return [...rows, { name: 'help', description: 'help for a command', options: [], words: names }];
}

const valuesOf = (command: string, o: Option): readonly string[] | undefined =>
  VALUES[`${command} ${o.attributeName()}`] ?? VALUES[o.attributeName()];
const flags = (o: Option): string[] => [o.short, o.long].filter((f) => f !== undefined);
const valued = (o: Option): boolean => o.required || o.optional;

function bash(commands: readonly CommandWords[]): string {
  // Options of several commands with the same words share a line.
  const patterns = new Map<string, string[]>();
  for (const c of commands)
    for (const o of c.options) {
      const words = valuesOf(c.name, o)?.join(' ');
      if (words === undefined) continue;
      patterns.set(words, [...(patterns.get(words) ?? []), ...flags(o).map((flag) => `'${c.name} ${flag}'`)]);
    }
  const values = [...patterns].map(
    ([words, names]) => `    ${names.join('|')}) COMPREPLY=($(compgen -W '${words}' -- "$word")); return ;;`,
  );
  const cases = commands.map((c) => {
    const list = c.options.flatMap(flags).join(' ');
    const argument = c.words === null ? 'compgen -f -- "$word"' : `compgen -W '${c.words.join(' ')}' -- "$word"`;
    return `    ${c.name}) options='${list} --help'; [[ $word == -* ]] || COMPREPLY=($(${argument})) ;;`;
  });
  return `# bash completion for fcc: eval "$(fcc completion bash)"
_fcc() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} options=''
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${commands.map((c) => c.name).join(' ')} --help --version' -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]} $before" in
${values.join('\n')}
  esac
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  [[ $word == -* ]] && COMPREPLY=($(compgen -W "$options" -- "$word"))
}
complete -o filenames -F _fcc fcc
`;
}

/** Text inside a zsh single-quoted specification: quote, brackets and colons have a meaning there. */
const zshText = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&').replace(/'/g, "'\\''");

function zsh(commands: readonly CommandWords[]): string {
  const option = (command: string, o: Option): string => {
    const names = flags(o);
    const value = valuesOf(command, o);
    const action = !valued(o) ? '' : `:value:${value ? `(${value.join(' ')})` : '_files'}`;
    const form = names.length > 1 ? `'(${names.join(' ')})'{${names.join(',')}}'` : `'${names[0]}`;
    return `${form}[${zshText(o.description)}]${action}'`;
  };
  const cases = commands.map((c) => {
    const argument = c.words === null ? "'*:file:_files'" : `'1:word:(${c.words.join(' ')})'`;
    return `    ${c.name}) _arguments ${[...c.options.map((o) => option(c.name, o)), argument].join(' ')} ;;`;
  });
  return `#compdef fcc
# zsh completion for fcc: source <(fcc completion zsh)
_fcc() {
  if ((CURRENT == 2)); then
    local -a commands=(${commands.map((c) => `'${c.name}:${zshText(c.description)}'`).join(' ')})
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
compdef _fcc fcc
`;
}

const fishText = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

function fish(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap((c) => {
    const inside = `complete -c fcc -n '__fish_seen_subcommand_from ${c.name}'`;
    const words = c.words === null ? [] : [`${inside} -f -a '${c.words.join(' ')}'`];
    const options = c.options.map((o) => {
      const short = o.short === undefined ? '' : ` -s ${o.short.slice(1)}`;
      const long = o.long === undefined ? '' : ` -l ${o.long.slice(2)}`;
      const value = valuesOf(c.name, o);
      const takes = !valued(o) ? '' : value ? ` -x -a '${value.join(' ')}'` : ' -r';
      return `${inside}${short}${long}${takes} -d ${fishText(o.description)}`;
    });
    return [
      `complete -c fcc -n __fish_use_subcommand -f -a ${c.name} -d ${fishText(c.description)}`,
      ...words,
      ...options,
    ];
  });
  return `# fish completion for fcc: fcc completion fish | source\n${lines.join('\n')}\n`;
}

const SCRIPTS: Readonly<Record<Shell, (commands: readonly CommandWords[]) => string>> = { bash, zsh, fish };

/** `fcc completion`: a script for the shell, made from the same tree of commands that reads the command line. */
export const addCompletion: AddCommand = (program, session, act) => {
  program
    .command('completion')
    .argument('SHELL', SHELLS.join(', '))
    .description('print a completion script: eval "$(fcc completion bash)"')
    .action((name: string, options: { json?: boolean }) =>
      act(() => {
        const shell = choice('completion', name, SHELLS);
        const script = SCRIPTS[shell](commandWords(program));
        if (options.json) writeJson(session, { shell, script });
        else session.out(script);
        return 0;
      }),
    );
};

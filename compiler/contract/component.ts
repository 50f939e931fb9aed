// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';

/** Longest name of a component: FCC_COMPONENT_MAX of fcc_manifest.h, without the zero. */
export const COMPONENT_LENGTH = 31;

/** What a part may be: devices print a dot in front of each, so that a dot in one would make two names the same. */
const PART = /^[\x21-\x2d\x30-\x7e]+$/;

/**
 * The component that manifests name a hook's container by: the parts of the hook's name at `/`, `fc` in front where it is
 * not there yet, and the container's own name behind them where a hook has several places.
 * @throws CompileError FCC0817 for a part that is empty or has a dot, FCC0813 for a name that is too long
 */
export function componentParts(hook: string, container?: string): string[] {
  const parts = [...(hook.startsWith('fc/') ? [] : ['fc']), ...hook.split('/')];
  checkComponent(parts, `hook ${hook}`);
  if (container === undefined) return parts;
  checkComponent([container], 'the container');
  parts.push(container);
  checkComponent(parts, 'the component');
  return parts;
}

/**
 * Refuses what cannot be a component; `what` is what messages call it.
 * @throws CompileError FCC0817 and FCC0813 as above
 */
export function checkComponent(parts: readonly string[], what: string): void {
  const bad = parts.find((part) => !PART.test(part));
  if (bad !== undefined || parts.length === 0)
    throw new CompileError('FCC0817', `${what} cannot be a component`, {
      expected: 'parts of printable ASCII characters without dots, spaces and slashes, none of them empty',
      got: bad === undefined ? 'none' : JSON.stringify(bad.slice(0, 80)),
    });
  const name = componentName(parts);
  if (name.length > COMPONENT_LENGTH)
    throw new CompileError('FCC0813', `the component’s name ${name.slice(0, 80)} is too long`, {
      expected: `at most ${COMPONENT_LENGTH} characters (FCC_COMPONENT_MAX of fcc_manifest.h, and RIOT’s own)`,
      got: `${name.length}`,
      help: 'give the hook or the container a shorter name',
    });
}

/** A component as devices and RIOT print it: `.fc.timer`. */
export const componentName = (parts: readonly string[]): string => parts.map((part) => `.${part}`).join('');

/** The name of a hook's first place, or null if the hook's name cannot be one. */
export function hookComponent(hook: string): string | null {
  try {
    return componentName(componentParts(hook));
  } catch (e) {
    if (e instanceof CompileError) return null;
    throw e;
  }
}

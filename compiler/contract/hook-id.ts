// SPDX-License-Identifier: MIT
import { parse, v5 } from 'uuid';

/** Namespace of hooks' UUIDs (RFC 9562, section 5.5): made at random once, and never to be changed. */
export const HOOK_NAMESPACE = '60305118-ac70-46b4-bf08-7ba239904ce3';

/** UUID that deployment knows a hook by: version 5 (RFC 9562) of its name in HOOK_NAMESPACE, as text and as 16 bytes in network order. */
export function hookUuid(hook: string): { readonly text: string; readonly bytes: Uint8Array } {
  const text = v5(hook, HOOK_NAMESPACE);
  return { text, bytes: parse(text) };
}

// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import { v5 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { contractHeader } from '../../compiler/contract/header.js';
import { HOOK_NAMESPACE, hookUuid } from '../../compiler/contract/hook-id.js';
import { parseContract } from '../../compiler/contract/schema.js';

const bytesOf = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

/** RFC 9562, section 5.5, step by step. */
function version5(name: string, namespace: string): Buffer {
  const hash = createHash('sha1').update(bytesOf(namespace)).update(name, 'utf8').digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash;
}

describe('UUIDs of hooks', () => {
  it('are of version 5', () => {
    // RFC 9562, appendix A.4.
    const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
    expect(v5('www.example.com', dns)).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
    expect(version5('www.example.com', dns)).toEqual(bytesOf('2ed6657d-e927-568b-95e1-2665a8aea6a2'));
    for (const hook of ['fc/sched', 'h', 'x'.repeat(63), '!~"*/\\??']) {
      const { text, bytes } = hookUuid(hook);
      expect(text).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Buffer.from(bytes)).toEqual(bytesOf(text));
      expect(Buffer.from(bytes)).toEqual(version5(hook, HOOK_NAMESPACE));
    }
  });

  it('never change: devices in the field know them', () => {
    expect(HOOK_NAMESPACE).toBe('60305118-ac70-46b4-bf08-7ba239904ce3');
    expect(hookUuid('fc/sched').text).toBe('67060323-e988-5d6e-a727-486d293523ba');
    expect(hookUuid('fc/net').text).toBe('3f5f08b1-1c36-5fe2-a92e-17b1634f49de');
  });

  it('stand in the header of the contract', () => {
    const contract = parseContract('{ "hook": "fc/sched", "interrupt": true }', 'c');
    const lines = contractHeader(contract).split('\n');
    const row = [...hookUuid('fc/sched').bytes].map((b) => `0x${b.toString(16).padStart(2, '0')}u`).join(', ');
    expect(lines).toContain(`#define FC_SCHED_HOOK_UUID { ${row} } /* 67060323-e988-5d6e-a727-486d293523ba */`);
    expect(lines).toContain('#define FC_SCHED_INTERRUPT 1u /* whether containers run in interrupts */');
  });
});

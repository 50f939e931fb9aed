// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { statusNumber } from '../../compiler/image/status.js';
import { block, type Done, type Message, numberOf, OPTION, peer, type Read, Script, type Sent } from './coap-script.js';
import { build, missingCompiler } from './host-engine.js';

/** CoAP of the device in a time of its own, under sanitizers: src/coap.c, src/coap-url.c, src/update-coap*.c with an engine that says what it is asked. */

const missing = missingCompiler('gcc');
const folder = mkdtempSync(join(tmpdir(), 'fcc-coap-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SOURCES = [
  'test/coap/world.c',
  ...['coap', 'coap-url', 'update-coap', 'update-coap-server', 'validate'].map((name) => `src/${name}.c`),
];
const FLAGS = ['-std=c11', '-g', '-Wall', '-Wextra', '-Werror', '-Iinclude', '-DFCC_COAP_BLOCK=64u'];
const CHECKS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
let program = '';
function built(): string {
  if (program === '') {
    program = join(folder, 'script');
    build('gcc', [...FLAGS, '-O1', ...CHECKS, 'test/coap/script.c', ...SOURCES], program);
  }
  return program;
}

/** A device that has just started, at time 0. */
async function device<T>(body: (d: Script) => Promise<T>): Promise<T> {
  const d = new Script(built());
  const result = await body(d);
  await d.close();
  return result;
}

const HOST = peer(1, 40000);
const SERVER = peer(2, 5000);
const MANIFEST = 'coap://[::2]:5000/m/1';
const IMAGE = 'coap://[::2]:5000/i/1';
const ACK_TIMEOUT = 2000;

const REPORT: Message['options'] = [
  [OPTION.uriPath, 'fcc'],
  [OPTION.uriPath, 'update'],
];
const TRIGGER: Message['options'] = [
  [OPTION.uriPath, 'suit'],
  [OPTION.uriPath, 'trigger'],
];
const get = (id: number, more: Message['options'] = [], options = REPORT): Message => ({
  type: 'con',
  code: '0.01',
  id,
  token: 'abcd',
  options: [...options!, ...more],
});
const trigger = (id: number, payload: string, more: Message['options'] = []): Message => ({
  type: 'con',
  code: '0.02',
  id,
  token: '77',
  options: [...TRIGGER!, ...more],
  payload,
});

/** The one message that was sent. */
function only({ sent }: Done): Read {
  expect(sent).toHaveLength(1);
  return sent[0]!.message;
}

/** The request that was sent besides what was answered. */
function asked({ sent }: Done): Sent {
  const requests = sent.filter((s) => s.message.code === '0.01');
  expect(requests).toHaveLength(1);
  return requests[0]!;
}

const strings = (m: Read, option: number): string[] =>
  m.options.filter(([n]) => n === option).map(([, v]) => v.toString('latin1'));

/** Starts an update; its first request. */
async function start(d: Script, id = 1, url = MANIFEST): Promise<Sent> {
  const done = await d.hears(HOST, trigger(id, url));
  expect(done.sent[0]!.message).toMatchObject({ type: 'ack', code: '2.01', id, token: '77' });
  return asked(done);
}

/** The answer that comes with the acknowledgement. */
const piggyback = (to: Sent, payload: Uint8Array | string, options: Message['options'] = []): Message => ({
  type: 'ack',
  code: '2.05',
  id: to.message.id,
  token: to.message.token,
  options,
  payload,
});

/** Goes on to the first request for the image. */
async function atImage(d: Script, size: number, id = 1): Promise<Sent> {
  await d.set('size', size);
  const manifest = await start(d, id);
  return asked(await d.hears(SERVER, piggyback(manifest, IMAGE)));
}

/** The firmware ends the update. */
async function ended(d: Script): Promise<void> {
  await d.set('phase', 2);
  await d.after(0);
}

const FETCH = `cancel ${statusNumber('fetch')}`;
const zeros = (n: number): Uint8Array => new Uint8Array(n);

describe.skipIf(missing !== null)(`CoAP of the device${missing ? ` (${missing})` : ''}`, () => {
  describe('serves', () => {
    it('its report by blocks, of one text', () =>
      device(async (d) => {
        await d.text(150);
        let text = '';
        const tags = new Set<string>();
        for (let n = 0; n < 3; n++) {
          const m = only(await d.hears(HOST, get(10 + n, [[OPTION.block2, block(n, false, 64)]])));
          expect(m).toMatchObject({ type: 'ack', code: '2.05', id: 10 + n, token: 'abcd' });
          expect(numberOf(m, OPTION.format)).toBe(0);
          expect(numberOf(m, OPTION.block2)).toBe(block(n, n < 2, 64));
          tags.add(m.options.find(([o]) => o === OPTION.etag)![1].toString('hex'));
          text += m.payload.toString();
          // The engine goes on meanwhile: what is told is the text that was begun.
          if (n === 0) await d.text(90);
        }
        expect(text).toMatch(/^a{15}\nb{15}\n[a-z\n]{118}$/);
        expect(tags.size).toBe(1);
        const next = only(await d.hears(HOST, get(20)));
        expect(tags.has(next.options.find(([o]) => o === OPTION.etag)![1].toString('hex'))).toBe(false);
        expect(only(await d.hears(HOST, get(21, [[OPTION.block2, block(1, false, 64)]]))).payload).toHaveLength(26);
      }));

    it('blocks as small as they are asked for, and no larger ones than its own', () =>
      device(async (d) => {
        await d.text(150);
        const ask = async (n: number, size: number): Promise<Read> =>
          only(await d.hears(HOST, get(n + size, [[OPTION.block2, block(n, false, size)]])));
        let m = await ask(0, 16);
        expect([numberOf(m, OPTION.block2), m.payload.length]).toEqual([block(0, true, 16), 16]);
        m = await ask(9, 16);
        expect([numberOf(m, OPTION.block2), m.payload.length]).toEqual([block(9, false, 16), 6]);
        m = await ask(0, 1024);
        expect([numberOf(m, OPTION.block2), m.payload.length]).toEqual([block(0, true, 64), 64]);
        await d.set('block', 32);
        m = await ask(0, 64);
        expect([numberOf(m, OPTION.block2), m.payload.length]).toEqual([block(0, true, 32), 32]);
        // Number and size name a place in the text, whatever the size of the answer.
        m = await ask(1, 64);
        expect([numberOf(m, OPTION.block2), m.payload.length]).toEqual([block(2, true, 32), 32]);
        for (const value of [block(10, false, 16), block(3, false, 64), 0xffffff, 7]) {
          m = only(await d.hears(HOST, get(500, [[OPTION.block2, value]])));
          expect([m.code, m.payload.length]).toEqual(['4.00', 0]);
        }
      }));

    it('the last blocks of a text that ends with a block', () =>
      device(async (d) => {
        await d.text(128);
        const m = only(await d.hears(HOST, get(1, [[OPTION.block2, block(1, false, 64)]])));
        expect([numberOf(m, OPTION.block2), m.payload.length]).toEqual([block(1, false, 64), 64]);
        expect(only(await d.hears(HOST, get(1, [[OPTION.block2, block(2, false, 64)]]))).code).toBe('4.00');
        await d.text(0);
        expect(only(await d.hears(HOST, get(2)))).toMatchObject({ code: '2.05', payload: Buffer.alloc(0) });
      }));

    it('whole lines of a report that is too long for its memory', () =>
      device(async (d) => {
        await d.text(64);
        await d.set('report', 40);
        const m = only(await d.hears(HOST, get(1)));
        expect([m.payload.toString().split('\n').length, m.payload.length]).toEqual([3, 32]);
      }));

    it('tokens of any length, and requests that want no acknowledgement', () =>
      device(async (d) => {
        await d.text(20);
        for (let n = 0; n <= 8; n++) {
          const token = '0123456789abcdef'.slice(0, 2 * n);
          expect(only(await d.hears(HOST, { ...get(n), token }))).toMatchObject({ token, code: '2.05' });
          expect(only(await d.hears(HOST, { ...get(n), token, type: 'non' }))).toMatchObject({ token, type: 'non' });
        }
        const [a, b] = [
          await d.hears(HOST, { ...get(1), type: 'non' }),
          await d.hears(HOST, { ...get(1), type: 'non' }),
        ];
        expect(only(a).id).not.toBe(only(b).id);
      }));

    it('no other path, method or format', () =>
      device(async (d) => {
        await d.text(20);
        const code = async (message: Message): Promise<string> => only(await d.hears(HOST, message)).code;
        const at = (...path: string[]): Message['options'] => path.map((p) => [OPTION.uriPath, p] as const);
        const wrong = [
          at(),
          at('fcc'),
          at('update'),
          at('fcc', 'update', ''),
          at('', 'fcc', 'update'),
          at('fcc', '', 'update'),
          at('fcc', 'updata'),
          at('fcc', 'update', 'fcc', 'update'),
          at('fcc\x06update'),
          at('fcc/update'),
          at('x'.repeat(255), 'update'),
          at('suit', 'trigger!'),
        ];
        for (const options of wrong) expect(await code({ ...get(1), options })).toBe('4.04');
        for (const method of ['0.02', '0.03', '0.04', '0.05'])
          expect(await code({ ...get(2), code: method })).toBe('4.05');
        for (const method of ['0.01', '0.04', '0.07'])
          expect(await code({ ...trigger(3, MANIFEST), code: method })).toBe('4.05');
        expect(await code(get(4, [[OPTION.accept, 0]]))).toBe('2.05');
        expect(await code(get(5, [[OPTION.accept, 60]]))).toBe('4.06');
      }));

    it('no critical option that it does not know', () =>
      device(async (d) => {
        await d.text(20);
        const code = async (more: Message['options']): Promise<string> => only(await d.hears(HOST, get(1, more))).code;
        // If-Match, If-None-Match, OSCORE, Proxy-Uri, and one of nobody's; what fits no option that may be there once.
        for (const n of [1, 5, 9, 35, 2049, 65535]) expect([n, await code([[n, 'x']])]).toEqual([n, '4.02']);
        expect(
          await code([
            [OPTION.block2, 0],
            [OPTION.block2, 1],
          ]),
        ).toBe('4.02');
        expect(await code([[OPTION.block2, zeros(4)]])).toBe('4.02');
        expect(await code([[OPTION.accept, zeros(4)]])).toBe('4.02');
        // Elective ones are passed by: Observe, Size2, one of nobody's, and those of an address.
        for (const n of [6, 28, 2050, 65534, 3, 7, 15, 14]) expect([n, await code([[n, 'x']])]).toEqual([n, '2.05']);
        expect(await code([[2050, zeros(300)]])).toBe('2.05');
        // Who wants no acknowledgement gets no answer (RFC 7252, 5.4.1).
        const silent = await d.hears(HOST, { ...get(1, [[9, 'x']]), type: 'non' });
        expect(silent.sent).toEqual([]);
      }));

    it('nothing to what is malformed', () =>
      device(async (d) => {
        await d.text(20);
        // Marker without payload, option that is longer than the message, reserved nibbles, token of 9, number above 65535, an empty message that is not.
        const bad = [
          '01 0001 ff',
          '01 0001 b366',
          '01 0001 f0',
          '01 0001 f0000000',
          `01 0001 0f${'00'.repeat(20)}`,
          '01 0001 0f',
          '01 0001 e0',
          '01 0001 d0',
          '00 0001 00',
          'e0 0001',
          '20 0001',
        ];
        for (const text of bad) {
          const [code, id, rest = ''] = text.split(' ') as [string, string, string?];
          expect(only(await d.hears(HOST, `40${code}${id}${rest}`))).toMatchObject({
            type: 'rst',
            code: '0.00',
            id: 1,
          });
          for (const type of ['50', '60', '70'])
            expect((await d.hears(HOST, `${type}${code}${id}${rest}`)).sent).toEqual([]);
        }
        expect(only(await d.hears(HOST, `49010001${'00'.repeat(9)}`)).type).toBe('rst');
        expect(only(await d.hears(HOST, '4401000100')).type).toBe('rst');
        expect(only(await d.hears(HOST, '41000001aa')).type).toBe('rst');
        expect(only(await d.hears(HOST, `40010001e0ffff${'e0ffff'}`)).type).toBe('rst');
        // No message of version 1, or none at all.
        for (const text of ['', '40', '400100', '80010001', '00010001', 'c0010001'])
          expect((await d.hears(HOST, text)).sent).toEqual([]);
        // A ping (RFC 7252, 4.3).
        expect(only(await d.hears(HOST, '40000007'))).toMatchObject({ type: 'rst', id: 7 });
        // Acknowledgements and refusals of nothing.
        for (const text of ['60000007', '70000007', '60450007', '50000007'])
          expect((await d.hears(HOST, text)).sent).toEqual([]);
      }));
  });

  describe('takes a trigger', () => {
    it('once, however often it comes', () =>
      device(async (d) => {
        const first = await d.hears(HOST, trigger(7, MANIFEST));
        expect(first.engine).toEqual(['attempt 1']);
        expect(first.sent[0]!.message.payload.toString()).toBe('1');
        const again = await d.hears(HOST, trigger(7, MANIFEST));
        expect(again.engine).toEqual([]);
        expect(only(again)).toEqual(first.sent[0]!.message);
        // Another message, and the same number from somebody else: while one update runs there is no second one.
        expect(only(await d.hears(HOST, trigger(8, MANIFEST))).code).toBe('4.09');
        expect(only(await d.hears(peer(1, 40001), trigger(7, MANIFEST))).code).toBe('4.09');
        expect(only(await d.hears(peer(9, 40000), trigger(7, MANIFEST))).code).toBe('4.09');
        // The answer is still there when the update has ended.
        await d.set('phase', 2);
        await d.after(1000);
        expect(only(await d.hears(HOST, trigger(7, MANIFEST))).payload.toString()).toBe('1');
        // For as long as the number may not be used again (RFC 7252, 4.8.2).
        await d.after(245_999);
        expect(only(await d.hears(HOST, trigger(7, MANIFEST))).payload.toString()).toBe('1');
        await d.after(1000);
        const later = await d.hears(HOST, trigger(7, MANIFEST));
        expect(later.engine).toEqual(['attempt 2']);
      }));

    it('by PUT, without acknowledgement, and as the only block', () =>
      device(async (d) => {
        const end = () => ended(d);
        expect((await d.hears(HOST, { ...trigger(1, MANIFEST), code: '0.03' })).engine).toEqual(['attempt 1']);
        await end();
        const non = await d.hears(HOST, { ...trigger(2, MANIFEST), type: 'non' });
        expect(non.sent[0]!.message).toMatchObject({ type: 'non', code: '2.01', token: '77' });
        await end();
        const one = await d.hears(HOST, trigger(3, MANIFEST, [[OPTION.block1, block(0, false, 64)]]));
        expect(numberOf(one.sent[0]!.message, OPTION.block1)).toBe(block(0, false, 64));
        await end();
        for (const value of [block(0, true, 64), block(1, false, 64)]) {
          const part = await d.hears(HOST, trigger(4, MANIFEST, [[OPTION.block1, value]]));
          expect([only(part).code, part.engine]).toEqual(['4.13', []]);
        }
      }));

    it('not, if the engine takes none', () =>
      device(async (d) => {
        await d.set('refuse', 1);
        expect(only(await d.hears(HOST, trigger(1, MANIFEST))).code).toBe('4.09');
        await d.set('refuse', 0);
        expect((await d.hears(HOST, trigger(1, MANIFEST))).engine).toEqual(['attempt 1']);
      }));

    it('not, if its URL is too long or of no use', () =>
      device(async (d) => {
        const url = (n: number): string => `coap://[::2]/${'a'.repeat(n - 13)}`;
        for (const [text, code] of [
          [url(128), '4.13'],
          [url(1000), '4.13'],
          ['', '4.00'],
          ['coap://example.org/m', '4.00'],
          ['http://[::2]/m', '4.00'],
          ['coap://[::2]/m\0', '4.00'],
        ] as const) {
          const done = await d.hears(HOST, trigger(1, text));
          expect([text, only(done).code, done.engine]).toEqual([text, code, []]);
        }
        expect((await d.hears(HOST, trigger(1, url(127)))).engine).toEqual(['attempt 1']);
      }));
  });

  describe('asks', () => {
    it('for what the URL says', () =>
      device(async (d) => {
        const sent = await start(d, 1, 'coap://[2001:db8::5]:61616/a/b%2Fc?x=1&y');
        expect(sent.to).toBe('20010db8000000000000000000000005/61616/0');
        expect(sent.message).toMatchObject({ type: 'con', code: '0.01' });
        expect(sent.message.token).toMatch(/^.{8}$/);
        expect(strings(sent.message, OPTION.uriPath)).toEqual(['a', 'b/c']);
        expect(strings(sent.message, OPTION.uriQuery)).toEqual(['x=1', 'y']);
        expect(numberOf(sent.message, OPTION.block2)).toBe(block(0, false, 64));
      }));

    it('by the interface that the trigger came by, where addresses are local to a link', () =>
      device(async (d) => {
        const local = peer(1, 40000, 3, `fe80${'0'.repeat(26)}`);
        const first = await d.hears(local, trigger(1, 'coap://[fe80::9]/m'));
        expect(asked(first).to).toBe(`fe80${'0'.repeat(27)}9/5683/3`);
        await ended(d);
        const second = await d.hears(local, trigger(2, 'coap://[fec0::9]/m'));
        expect(asked(second).to).toBe(`fec0${'0'.repeat(27)}9/5683/0`);
      }));

    it('again after growing pauses, and then no more', () =>
      device(async (d) => {
        for (const begin of [0, 2 ** 32 - 5000]) {
          await d.at(begin);
          await d.set('phase', 0);
          const first = await start(d, 1 + (begin % 7));
          let pause = 0;
          for (let n = 0; n < 5; n++) {
            // Polls before it is time do nothing.
            let waited = 0;
            let done = await d.after(0);
            while (done.sent.length === 0 && done.engine.length === 0) {
              waited += done.wait;
              done = await d.after(done.wait);
            }
            if (n === 0) {
              expect(waited).toBeGreaterThanOrEqual(ACK_TIMEOUT);
              expect(waited).toBeLessThanOrEqual(1.5 * ACK_TIMEOUT);
            } else expect(waited).toBe(2 * pause);
            pause = waited;
            if (n < 4) expect(asked(done).hex).toBe(first.hex);
            else expect([done.sent, done.engine]).toEqual([[], [FETCH]]);
          }
        }
      }));

    it('for blocks, as many as there are', () =>
      device(async (d) => {
        let sent = await atImage(d, 150);
        expect(strings(sent.message, OPTION.uriPath)).toEqual(['i', '1']);
        const tokens = new Set([sent.message.token]);
        for (let n = 0; n < 3; n++) {
          expect(numberOf(sent.message, OPTION.block2)).toBe(block(n, false, 64));
          const content = zeros(n < 2 ? 64 : 22).fill(n + 1);
          const done = await d.hears(SERVER, piggyback(sent, content, [[OPTION.block2, block(n, n < 2, 64)]]));
          expect(done.engine[0]).toBe(`write ${64 * n} ${content.length} sum ${content.length * (n + 1)}`);
          if (n < 2) {
            const next = asked(done);
            expect(next.message.id).toBe((sent.message.id + 1) % 65536);
            sent = next;
            tokens.add(sent.message.token);
          } else expect(done.engine.slice(1)).toEqual(['finish']);
        }
        expect(tokens.size).toBe(3);
      }));

    it('for smaller blocks where the server has no larger ones', () =>
      device(async (d) => {
        let sent = await atImage(d, 100);
        let done = await d.hears(SERVER, piggyback(sent, zeros(16), [[OPTION.block2, block(0, true, 16)]]));
        sent = asked(done);
        expect(numberOf(sent.message, OPTION.block2)).toBe(block(1, false, 16));
        done = await d.hears(SERVER, piggyback(sent, zeros(16), [[OPTION.block2, block(1, true, 16)]]));
        expect(done.engine).toEqual(['write 16 16 sum 0']);
        expect(numberOf(asked(done).message, OPTION.block2)).toBe(block(2, false, 16));
      }));

    it('with blocks of the size that the firmware wants', () =>
      device(async (d) => {
        for (const [i, [wanted, size]] of [
          [16, 16],
          [32, 32],
          [64, 64],
          [0, 64],
          [1024, 64],
          [48, 32],
        ].entries() as unknown as [number, [number, number]][]) {
          await d.set('block', wanted);
          await ended(d);
          expect(numberOf((await start(d, i + 1)).message, OPTION.block2)).toBe(block(0, false, size));
        }
      }));

    it('once more for a block whose answer was promised and does not come', () =>
      device(async (d) => {
        const sent = await atImage(d, 64);
        let done = await d.hears(SERVER, { type: 'ack', code: '0.00', id: sent.message.id });
        expect([done.sent, done.engine]).toEqual([[], []]);
        let waited = 0;
        while (done.sent.length === 0) {
          waited += done.wait;
          done = await d.after(done.wait);
        }
        expect(waited).toBeGreaterThanOrEqual(2 * ACK_TIMEOUT);
        const again = asked(done);
        expect([again.message.token, again.message.id]).toEqual([sent.message.token, (sent.message.id + 1) % 65536]);
        done = await d.hears(SERVER, piggyback(again, zeros(64)));
        expect(done.engine).toEqual(['write 0 64 sum 0', 'finish']);
      }));
  });

  describe('takes answers', () => {
    const content = zeros(64).fill(3);
    const first: Message['options'] = [[OPTION.block2, block(0, true, 64)]];

    it('that come by themselves, and acknowledges them', () =>
      device(async (d) => {
        for (const [i, [empty, type]] of [
          [true, 'con'],
          [true, 'non'],
          [false, 'con'],
          [false, 'non'],
        ].entries() as unknown as [number, [boolean, 'con' | 'non']][]) {
          const sent = await atImage(d, 128, i + 1);
          if (empty) await d.hears(SERVER, { type: 'ack', code: '0.00', id: sent.message.id });
          const answer: Message = { ...piggyback(sent, content, first), type, id: 0x5555 };
          const done = await d.hears(SERVER, answer);
          expect(done.engine).toEqual(['write 0 64 sum 192']);
          const replies = done.sent.filter((s) => s.message.code === '0.00').map((s) => [s.message.type, s.message.id]);
          expect(replies).toEqual(type === 'con' ? [['ack', 0x5555]] : []);
          // The same again, as our acknowledgement may have been lost: it is told to be quiet, and changes nothing.
          const again = await d.hears(SERVER, answer);
          expect(again.engine).toEqual([]);
          expect(again.sent.map((s) => [s.message.type, s.message.id])).toEqual(
            type === 'con' ? [['rst', 0x5555]] : [],
          );
          await ended(d);
        }
      }));

    it('from nobody else, with no other token, number or code', () =>
      device(async (d) => {
        const sent = await atImage(d, 64);
        const good = piggyback(sent, content);
        const { id, token } = sent.message;
        const other = `${token.slice(0, 6)}${token.endsWith('00') ? '01' : '00'}`;
        const wrong: [string, Message][] = [
          [peer(3, 5000), good],
          [peer(2, 5001), good],
          [peer(2, 5000, 1), good],
          [peer(3, 5000), { ...good, type: 'non' }],
          [SERVER, { ...good, token: other }],
          [SERVER, { ...good, token: '' }],
          [SERVER, { ...good, token: token.slice(0, 6) }],
          [SERVER, { ...good, token: `${token}00` }],
          [SERVER, { ...good, type: 'non', token: other }],
          [SERVER, { ...good, id: id ^ 1 }],
          [SERVER, { ...good, options: [[9, 'x']] }],
          [SERVER, { ...good, code: '1.05' }],
          [SERVER, { ...good, code: '6.05' }],
          [peer(3, 5000), { type: 'rst', code: '0.00', id }],
          [SERVER, { type: 'rst', code: '0.00', id: id ^ 1 }],
          [peer(3, 5000), { type: 'ack', code: '0.00', id }],
        ];
        for (const [from, message] of wrong) {
          const done = await d.hears(from, message);
          expect([done.sent, done.engine]).toEqual([[], []]);
        }
        const con = await d.hears(peer(3, 5000), { ...good, type: 'con' });
        expect([only(con).type, con.engine]).toEqual(['rst', []]);
        const unknown = await d.hears(SERVER, { ...good, type: 'con', options: [[9, 'x']] });
        expect([only(unknown).type, unknown.engine]).toEqual(['rst', []]);
        // After all of these the right one still counts.
        expect((await d.hears(SERVER, good)).engine).toEqual(['write 0 64 sum 192', 'finish']);
      }));

    it('of earlier blocks no more', () =>
      device(async (d) => {
        let sent = await atImage(d, 192);
        const old = piggyback(sent, content, first);
        sent = asked(await d.hears(SERVER, old));
        for (const type of ['ack', 'non'] as const) {
          const done = await d.hears(SERVER, { ...old, type });
          expect([done.sent, done.engine]).toEqual([[], []]);
        }
        // Nor of the manifest's.
        const done = await d.hears(SERVER, piggyback(sent, content, [[OPTION.block2, block(1, true, 64)]]));
        expect(done.engine).toEqual(['write 64 64 sum 192']);
      }));

    it.each<[string, Message['options'], number]>([
      ['another block', [[OPTION.block2, block(2, true, 64)]], 64],
      ['larger blocks', [[OPTION.block2, block(0, true, 128)]], 128],
      ['a size that is none', [[OPTION.block2, 8 + 7]], 64],
      ['a block in the middle that is too short', [[OPTION.block2, block(1, true, 64)]], 63],
      ['a block in the middle that is too long', [[OPTION.block2, block(1, true, 64)]], 65],
      ['a last block that is too long', [[OPTION.block2, block(1, false, 64)]], 65],
      ['a smaller block that is another one', [[OPTION.block2, block(3, true, 16)]], 16],
      ['no block at all', [], 64],
      [
        'another entity tag',
        [
          [OPTION.block2, block(1, true, 64)],
          [OPTION.etag, 'ab'],
        ],
        64,
      ],
      [
        'a shorter entity tag',
        [
          [OPTION.block2, block(1, true, 64)],
          [OPTION.etag, 'a'],
        ],
        64,
      ],
      [
        'a longer entity tag',
        [
          [OPTION.block2, block(1, true, 64)],
          [OPTION.etag, 'aab'],
        ],
        64,
      ],
    ])('not with %s', (_, options, length) =>
      device(async (d) => {
        let sent = await atImage(d, 256);
        sent = asked(await d.hears(SERVER, piggyback(sent, content, [...first!, [OPTION.etag, 'aa']])));
        const done = await d.hears(SERVER, piggyback(sent, zeros(length), options));
        expect([done.engine, done.sent]).toEqual([[FETCH], []]);
      }),
    );

    it.each([
      [block(0, true, 128), 128],
      [block(0, false, 128), 10],
      [8 + 7, 64],
      [7, 10],
    ])('not with a first block that is larger than it was asked for (%i)', (value, length) =>
      device(async (d) => {
        const sent = await atImage(d, 256);
        const done = await d.hears(SERVER, piggyback(sent, zeros(length), [[OPTION.block2, value]]));
        expect([done.engine, done.sent]).toEqual([[FETCH], []]);
      }),
    );

    it('with the entity tag of the first block, or without', () =>
      device(async (d) => {
        let sent = await atImage(d, 256);
        const tag: Message['options'] = [[OPTION.etag, '01234567']];
        sent = asked(await d.hears(SERVER, piggyback(sent, content, [...first!, ...tag!])));
        sent = asked(await d.hears(SERVER, piggyback(sent, content, [[OPTION.block2, block(1, true, 64)], ...tag!])));
        const done = await d.hears(SERVER, piggyback(sent, content, [[OPTION.block2, block(2, true, 64)]]));
        expect(done.engine).toEqual(['write 128 64 sum 192']);
      }));

    it('not with an entity tag of 8 bytes of which the last is another', () =>
      device(async (d) => {
        let sent = await atImage(d, 256);
        sent = asked(await d.hears(SERVER, piggyback(sent, content, [...first!, [OPTION.etag, '01234567']])));
        const other: Message['options'] = [
          [OPTION.block2, block(1, true, 64)],
          [OPTION.etag, '01234568'],
        ];
        expect((await d.hears(SERVER, piggyback(sent, content, other))).engine).toEqual([FETCH]);
      }));

    it('not as a promise of one, if it is malformed', () =>
      device(async (d) => {
        const sent = await atImage(d, 256);
        const id = sent.message.id.toString(16).padStart(4, '0');
        for (const text of [`6100${id}`, `6100${id}aa`, `6000${id}ff`, `6000${id}ff00`]) {
          const done = await d.hears(SERVER, text);
          expect([done.sent, done.engine]).toEqual([[], []]);
        }
        expect(asked(await d.after(1.5 * ACK_TIMEOUT)).hex).toBe(sent.hex);
      }));

    it.each(['4.04', '5.03', '4.00', '2.03', '2.01', '4.01'])('of code %s as the end', (code) =>
      device(async (d) => {
        const sent = await start(d);
        expect((await d.hears(SERVER, { ...piggyback(sent, ''), code })).engine).toEqual([FETCH]);
        // And a new update may come.
        expect((await d.hears(HOST, trigger(2, MANIFEST))).engine).toEqual(['attempt 2']);
      }),
    );

    it('not as a refusal, which anybody can guess', () =>
      device(async (d) => {
        const sent = await start(d);
        const done = await d.hears(SERVER, { type: 'rst', code: '0.00', id: sent.message.id });
        expect([done.sent, done.engine]).toEqual([[], []]);
        expect((await d.hears(SERVER, piggyback(sent, IMAGE))).engine).toEqual([`begin ${IMAGE.length}`]);
      }));
  });

  describe('ends', () => {
    it('where the manifest is too long', () =>
      device(async (d) => {
        let sent = await start(d);
        for (let n = 0; n < 10; n++)
          sent = asked(await d.hears(SERVER, piggyback(sent, zeros(64), [[OPTION.block2, block(n, true, 64)]])));
        const done = await d.hears(SERVER, piggyback(sent, 'x', [[OPTION.block2, block(10, false, 64)]]));
        expect(done.engine).toEqual([`cancel ${statusNumber('limit')}`]);
      }));

    it('where the manifest is just as long as it may be, or all of it comes at once, with the engine’s word', () =>
      device(async (d) => {
        await d.set('begin', statusNumber('signature'));
        const sent = await start(d);
        const done = await d.hears(SERVER, piggyback(sent, zeros(640)));
        expect([done.engine, done.sent]).toEqual([['begin 640'], []]);
        const next = await start(d, 2);
        expect((await d.hears(SERVER, piggyback(next, zeros(641)))).engine).toEqual([
          `cancel ${statusNumber('limit')}`,
        ]);
      }));

    it('where the manifest’s URL is of no use', () =>
      device(async (d) => {
        const sent = await start(d);
        const done = await d.hears(SERVER, piggyback(sent, 'coap://host/i'));
        expect([done.engine, done.sent]).toEqual([['begin 13', FETCH], []]);
      }));

    it('where the image is too long, too short or cannot be stored, with the engine’s word', () =>
      device(async (d) => {
        let sent = await atImage(d, 60);
        expect((await d.hears(SERVER, piggyback(sent, zeros(64)))).engine).toEqual(['write 0 64 sum 0']);
        const truncated = `cancel ${statusNumber('truncated')}`;
        sent = await atImage(d, 70, 2);
        expect((await d.hears(SERVER, piggyback(sent, zeros(69)))).engine).toEqual([truncated]);
        sent = await atImage(d, 70, 3);
        expect((await d.hears(SERVER, piggyback(sent, ''))).engine).toEqual([truncated]);
        await d.set('write', statusNumber('storage'));
        sent = await atImage(d, 64, 4);
        const done = await d.hears(SERVER, piggyback(sent, zeros(64)));
        expect([done.engine, done.sent]).toEqual([['write 0 64 sum 0'], []]);
        expect((await d.hears(HOST, trigger(5, MANIFEST))).engine).toEqual(['attempt 5']);
      }));

    it('where the old container does not end its run', () =>
      device(async (d) => {
        await d.set('finish', statusNumber('busy'));
        const sent = await atImage(d, 64);
        let done = await d.hears(SERVER, piggyback(sent, zeros(64)));
        expect(done.engine).toEqual(['write 0 64 sum 0', 'finish']);
        expect(done.wait).toBeLessThan(100);
        done = await d.after(9_999);
        expect(done.engine).toEqual(['finish']);
        expect(only(await d.hears(HOST, trigger(2, MANIFEST))).code).toBe('4.09');
        done = await d.after(1);
        expect(done.engine).toEqual(['finish', `cancel ${statusNumber('busy')}`]);
      }));

    it('where a server takes its time again and again', () =>
      device(async (d) => {
        const wait = async (sent: Sent, ms: number, n: number): Promise<Done> => {
          const quiet = await d.after(ms);
          if (quiet.engine.length > 0) return quiet;
          return d.hears(SERVER, piggyback(sent, zeros(16), [[OPTION.block2, block(n, true, 16)]]));
        };
        // The manifest has 100 s, whatever it is that comes.
        let sent = await start(d);
        for (let n = 0; n < 33; n++) sent = asked(await wait(sent, 3000, n));
        expect((await wait(sent, 1000, 33)).engine).toEqual([FETCH]);
        // And the image, which is somebody's whom we know, 600 s.
        sent = await atImage(d, 10_000, 2);
        for (let n = 0; n < 199; n++) sent = asked(await wait(sent, 3000, n));
        expect((await wait(sent, 3000, 199)).engine).toEqual([FETCH]);
        expect((await d.hears(HOST, trigger(3, MANIFEST))).engine).toEqual(['attempt 3']);
      }));

    it('where the firmware begins one of its own', () =>
      device(async (d) => {
        const sent = await start(d);
        await d.set('attempts', 7);
        const done = await d.hears(SERVER, piggyback(sent, IMAGE));
        expect([done.sent, done.engine]).toEqual([[], []]);
        expect(only(await d.hears(HOST, trigger(2, MANIFEST))).code).toBe('4.09');
      }));

    it('where the firmware ends it', () =>
      device(async (d) => {
        const sent = await atImage(d, 64);
        await d.set('phase', 2);
        const done = await d.after(0);
        expect([done.sent, done.engine]).toEqual([[], []]);
        expect((await d.hears(SERVER, piggyback(sent, zeros(64)))).engine).toEqual([]);
        expect((await d.after(1_000_000)).engine).toEqual([]);
      }));
  });

  describe('reads URLs', () => {
    const V6 = (groups: string, port = 5683): string =>
      `${groups
        .split(':')
        .map((g) => g.padStart(4, '0'))
        .join('')}/${port}/0`;
    it.each([
      ['coap://[::1]', V6('0:0:0:0:0:0:0:1'), []],
      ['coap://[::]/', V6('0:0:0:0:0:0:0:0'), []],
      ['coap://[1::]:1/', V6('1:0:0:0:0:0:0:0', 1), []],
      ['coap://[1:2:3:4:5:6:7:8]:65535', V6('1:2:3:4:5:6:7:8', 65535), []],
      ['coap://[1:2:3:4:5:6:7::]', V6('1:2:3:4:5:6:7:0'), []],
      ['coap://[::2:3:4:5:6:7:8]', V6('0:2:3:4:5:6:7:8'), []],
      ['coap://[ABCD:ef01::12:3]', V6('abcd:ef01:0:0:0:0:12:3'), []],
      ['coap://127.0.0.1:61616/x', V6('0:0:0:0:0:ffff:7f00:1', 61616), ['11 x']],
      ['coap://223.255.255.255', V6('0:0:0:0:0:ffff:dfff:ffff'), []],
      ['coap://[::1:ffff:e000:1]', V6('0:0:0:0:1:ffff:e000:1'), []],
      ['coap://[fe00::]', V6('fe00:0:0:0:0:0:0:0'), []],
      ['coap://[::1]/a//b/', V6('0:0:0:0:0:0:0:1'), ['11 a', '11 ', '11 b', '11 ']],
      ['coap://[::1]?q', V6('0:0:0:0:0:0:0:1'), ['15 q']],
      ['coap://[::1]/?q=/?&', V6('0:0:0:0:0:0:0:1'), ['15 q=/?', '15 ']],
      ['coap://[::1]/%41%2f%7E%00?%26', V6('0:0:0:0:0:0:0:1'), ['11 A/~\0', '15 &']],
      ['coap://[::1]/aaaaaaaaaaaa/bbbbbbbbbbbbb', V6('0:0:0:0:0:0:0:1'), ['11 aaaaaaaaaaaa', '11 bbbbbbbbbbbbb']],
    ] as [string, string, string[]][])('%s', (url, to, options) =>
      device(async (d) => expect(await d.url(url)).toEqual({ to, options })),
    );

    it('of no other kind', () =>
      device(async (d) => {
        const bad = [
          'coap:',
          'coap://',
          'coap:///m',
          'coaps://[::1]/',
          'COAP://[::1]/',
          'coap://[]/',
          'coap://[:]/',
          'coap://[:::]/',
          'coap://[1:]/',
        ];
        bad.push(
          'coap://[:1::]/',
          'coap://[1:2:3:4:5:6:7]/',
          'coap://[1:2:3:4:5:6:7:8:9]/',
          'coap://[1:2:3:4:5:6:7:8::]/',
          'coap://[::1:2:3:4:5:6:7:8]/',
        );
        bad.push(
          'coap://[1::2::3]/',
          'coap://[12345::]/',
          'coap://[g::]/',
          'coap://[::1',
          'coap://[::1/',
          'coap://[fe80::1%251]/',
          'coap://[::ffff:1.2.3.4]/',
        );
        bad.push(
          'coap://[::1]x',
          'coap://[::1]:',
          'coap://[::1]:0',
          'coap://[::1]:65536',
          'coap://[::1]:99999',
          'coap://[::1]:100000',
          'coap://[::1]:5683x',
        );
        bad.push(
          'coap://1.2.3',
          'coap://1.2.3.',
          'coap://1.2.3.256',
          'coap://1.2.3.4.5/',
          'coap://1.2.3.1000',
          'coap://.1.2.3',
          'coap://a.b.c.d',
          'coap://user@[::1]/',
        );
        bad.push(
          'coap://[::1]/%',
          'coap://[::1]/%4',
          'coap://[::1]/%4g',
          'coap://[::1]/a b',
          'coap://[::1]/a#b',
          'coap://[::1]/\u00e4',
          `coap://[::1]/${'a'.repeat(116)}`,
        );
        bad.push(`coap://[${'1:'.repeat(50)}1]`, `coap://[::${'1:'.repeat(50)}1]`);
        // Of groups.
        bad.push('coap://[ff02::1]/', 'coap://224.0.0.1', 'coap://255.255.255.255', 'coap://[::ffff:e000:1]');
        for (const url of bad) expect([url, await d.url(url)]).toEqual([url, null]);
      }));
  });
});

/** Executions of the fuzzer, the seeds among them. */
const RUNS = Number(process.env.FCC_FUZZ_RUNS ?? 50_000);
const SEED = Number(process.env.FCC_SEED ?? 1);
const KEEP = process.env.FCC_FUZZ_KEEP;
const missingFuzzer = missingCompiler('clang-19');

/** Events of runtime-c/test/coap/fuzz.c that get far: a trigger, a manifest, blocks of an image, the end; as well a report and time that passes. */
const [START, TRIGGERED, URL, BLOCK, LAST] = [
  [0],
  [4, 0, 1],
  [2, 0x3e, 0],
  [2, 0x0e, 1, ...zeros(64)],
  [2, 0x3e, 1, 0],
];
const SEEDS: readonly (readonly number[])[] = [
  [...START, ...TRIGGERED, ...URL, ...BLOCK, ...LAST],
  [1, ...TRIGGERED, ...URL, ...BLOCK, ...LAST, 5 + 8 * 10, 1, 5 + 8 * 10, 20],
  [...START, ...TRIGGERED, 3 + 8 * 2, 0, 5 + 8 * 10, 30, ...URL, ...BLOCK, 3 + 8 * 3, 0],
  [...START, 4, 0x21, 0, 0, 1, 4, 0x31, 0, 0, 0, 1, ...TRIGGERED, 4, 0, 1],
  [...START, 12, 4, 6, ...Buffer.from('3.4:56/%41/b?c&d').subarray(0, 6), 1],
];

describe.skipIf(missingFuzzer !== null)(`datagrams from a fuzzer${missingFuzzer ? ` (${missingFuzzer})` : ''}`, () => {
  it('do no harm', () => {
    const out = KEEP ?? folder;
    const [fuzzer, seeds] = [join(out, 'fuzz-coap'), join(out, 'seeds-coap')];
    mkdirSync(seeds, { recursive: true });
    for (const [i, seed] of SEEDS.entries()) writeFileSync(join(seeds, `${i}`), Uint8Array.from(seed));
    const checks = ['-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];
    build('clang-19', [...FLAGS, '-O2', ...checks, 'test/coap/fuzz.c', ...SOURCES], fuzzer);
    const args = [`-runs=${RUNS}`, `-seed=${SEED}`, '-max_len=1000', '-print_final_stats=1', seeds];
    const run = spawnSync(fuzzer, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 26 });
    expect([run.status, run.status === 0 ? '' : run.stderr.slice(-4000)]).toEqual([0, '']);
    expect(Number(/number_of_executed_units: (\d+)/.exec(run.stderr)?.[1])).toBeGreaterThanOrEqual(RUNS);
    // A fuzzer that never gets as far as the end of an image finds nothing.
    expect(Number(/(\d+) images were complete/.exec(run.stderr)?.[1])).toBeGreaterThan(RUNS / 1000);
  }, 300_000);
});

// Requests that two programs could take apart in two ways, sent as they are to the API's own socket and to Nginx:
// each is refused or taken for what it is, its connection ends, and what was hidden behind it is never seen.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { eventually, startBoard } from './harness.mjs';

let board;
before(async () => (board = await startBoard({ env: { WRIT_OPEN: '1', WRIT_RATE: '0' } })));
after(() => board?.stop());

// All that comes back until the other end closes, which must be before `patience` is over. Nothing is sent any more once
// it says that it closes: Node forgets what has come when a write into a closed connection fails.
function raw(where, bytes, { patience = 20_000, end = false, pieces = 1 } = {}) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(where);
    let text = '';
    const done = () => { clearTimeout(timer); socket.destroy(); resolve(text); };
    const timer = setTimeout(() => { socket.destroy(); reject(new Error(`it hangs; so far: ${text}`)); }, patience);
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => (text += chunk));
    socket.on('error', done); // closed with something unread
    socket.on('close', done);
    const data = Buffer.from(bytes, 'latin1'), size = Math.ceil(data.length / pieces);
    (async () => {
      for (let i = 0; i < data.length && !socket.destroyed && !/\r\nconnection: close\r\n/i.test(text); i += size) {
        socket.write(data.subarray(i, i + size));
        await new Promise((go) => setTimeout(go, pieces > 1 ? 5 : 0));
        await new Promise(setImmediate); // what has come meanwhile is read before
      }
      if (end && !socket.destroyed) socket.end();
    })();
  });
}

const api = () => ({ path: `${board.state}/run/api/api.sock` });
const nginx = () => ({ host: '127.0.0.1', port: board.port });
const statuses = (text) => [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
const titles = async () => (await board.sql('SELECT title FROM todo')).map(({ title }) => title);

const json = (title) => JSON.stringify({ title });
const create = (title, extra = '') =>
  `POST /api/todos HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nContent-Type: application/json\r\n${extra}Content-Length: ${json(title).length}\r\n\r\n${json(title)}`;
const head = (lines) => `POST /api/todos HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${lines}\r\n`;
const chunked = (body) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

// [what, bytes, the API's status]: Nginx says 400 to most of it, and may also make it whole. What it creates has titles
// that end in `tag`.
function doubtful(tag) {
  const front = create(`front ${tag}`), smuggled = create(`smuggled ${tag}`, 'Connection: close\r\n'), body = json(`front ${tag}`);
  return [
    ['two lengths, the same', head(`Content-Length: ${body.length}\r\nContent-Length: ${body.length}\r\n`) + body + smuggled, 400],
    ['two lengths', head(`Content-Length: ${body.length}\r\nContent-Length: 0\r\n`) + body + smuggled, 400],
    ['two lengths, the first one empty', head(`Content-Length: 0\r\nContent-Length: ${smuggled.length}\r\n`) + smuggled, 400],
    ['a list of lengths', head(`Content-Length: ${body.length}, ${body.length}\r\n`) + body + smuggled, 400],
    ['a length with a sign', head(`Content-Length: +${body.length}\r\n`) + body + smuggled, 400],
    ['a negative length', head('Content-Length: -1\r\n') + body + smuggled, 400],
    ['a length in hexadecimal', head(`Content-Length: 0x${body.length.toString(16)}\r\n`) + body + smuggled, 400],
    ['a length that overflows', head('Content-Length: 18446744073709551617\r\n') + smuggled, [400, 413]],
    ['a blank before the colon', head(`Content-Length : ${body.length}\r\n`) + body + smuggled, 400],
    ['CL.TE', head(`Content-Length: ${5 + smuggled.length}\r\nTransfer-Encoding: chunked\r\n`) + `0\r\n\r\n${smuggled}`, 400],
    ['TE.CL', head(`Transfer-Encoding: chunked\r\nContent-Length: 4\r\n`) + chunked(smuggled), 400],
    ['TE.TE', head('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n') + chunked(body) + smuggled, 400],
    ['an unknown coding', head('Transfer-Encoding: xchunked\r\n') + chunked(body) + smuggled, [400, 411]],
    ['a coding with a tab', head('Transfer-Encoding:\tchunked\r\n') + chunked(body) + smuggled, 411],
    ['a coding with a vertical tab', head('Transfer-Encoding: \vchunked\r\n') + chunked(body) + smuggled, [400, 0]],
    ['a coding on a folded line', head('Transfer-Encoding:\r\n chunked\r\n') + chunked(body) + smuggled, 400],
    ['a chunked body', head('Transfer-Encoding: chunked\r\n') + chunked(body) + smuggled, 411],
    ['a chunk size with 0x', head('Transfer-Encoding: chunked\r\n') + `0x${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n${smuggled}`, [400, 411]],
    ['chunks with bare line feeds', head('Transfer-Encoding: chunked\r\n') + `${body.length.toString(16)}\n${body}\n0\n\n${smuggled}`, [400, 411, 0]],
    ['a folded line', head(`X: a\r\n b\r\nContent-Length: ${body.length}\r\n`) + body + smuggled, 400],
    ['a line feed alone', head(`X: a\nContent-Length: ${body.length}\r\n`) + body + smuggled, 400],
    ['line feeds alone everywhere', front.replaceAll('\r\n', '\n') + smuggled, 400],
    ['an empty line in front', `\r\n${front}${smuggled}`, 400],
    ['a carriage return alone', head(`X: a\rContent-Length: 0\r\nContent-Length: ${body.length}\r\n`) + body + smuggled, [400, 0]],
    ['a NUL', head(`X: a\0b\r\nContent-Length: ${body.length}\r\n`) + body + smuggled, [400, 0]],
    ['a header without a colon', head(`X\r\nContent-Length: ${body.length}\r\n`) + body + smuggled, [400, 0]],
    ['no Host', front.replace('Host: x\r\n', '') + smuggled, 400],
    ['two Hosts', front.replace('Host: x\r\n', 'Host: x\r\nHost: y\r\n') + smuggled, 400],
    ['two blanks in the first line', front.replace('POST ', 'POST  ') + smuggled, [400, 0]],
    ['another version', front.replace('HTTP/1.1', 'HTTP/1.2') + smuggled, 400],
  ];
}

test('the API refuses it and closes', { timeout: 60_000, concurrency: true }, async (t) => {
  await Promise.all(doubtful('api').map(([what, bytes, expected]) => t.test(what, async () => {
    for (const pieces of [1, 7]) {
      const text = await raw(api(), bytes, { pieces });
      const found = statuses(text);
      assert.ok(found.length <= 1, `more than one answer: ${text}`);
      assert.ok([expected].flat().includes(found[0] ?? 0), `${found[0]}: ${text}`);
      if (found.length) assert.match(text, /\r\nconnection: close\r\n/i);
    }
  })));
});

test('Nginx refuses it, or sends on one request that is whole', { timeout: 60_000 }, async (t) => {
  await Promise.all(doubtful('nginx').map(([what, bytes]) => t.test(what, async () => {
    const text = await raw(nginx(), bytes);
    // Where Nginx takes the first request for whole, the second one is a request of its own, and no smuggled one.
    for (const status of statuses(text)) assert.ok([201, 400, 411, 413, 422, 501].includes(status), text);
  })));
});

test('nothing came of what was sent to the API, and of the rest no more than what Nginx saw as requests', async () => {
  const stored = await titles();
  assert.deepEqual(stored.filter((title) => title.endsWith('api')), []);
  await eventually(async () => {
    const log = await readFile(`${board.state}/log/access.log`, 'utf8');
    const seen = [...log.matchAll(/" 201 /g)].length;
    assert.ok(seen <= stored.length, 'Nginx has sent on what is not there');
    return seen === stored.length; // which it writes a second later
  }, 'every write to be in its log', 5000);
});

test('the same connection takes one good request after the other', async () => {
  const get = 'GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n';
  const last = 'DELETE /api/todos/999999 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  for (const where of [api(), nginx()])
    for (const pieces of [1, 3, 40]) {
      const text = await raw(where, create('a') + get + create('b', 'Expect: 100-continue\r\n') + create('c') + last, { pieces });
      assert.deepEqual(statuses(text).filter((status) => status !== 100), [201, 200, 201, 201, 404], text);
    }
});

// With and without a body, first and later on a connection: it is the head of the very request that is looked at.
test('a bad request behind good ones is refused, and what follows is not seen', async () => {
  const good = [create('good'), 'GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n', 'DELETE /api/todos/999999 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'];
  const bad = [
    'GET /api/health HTTP/1.1\r\nHost: x\nX: y\r\n\r\n',
    'GET /api/health HTTP/1.1\r\nHost: x\r\nX: y\r\n z\r\n\r\n',
    'DELETE /api/todos/999999 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n',
    head('Content-Length: 2\r\nContent-Length: 2\r\n') + '{}',
    head('Transfer-Encoding: chunked\r\nContent-Length: 3\r\n') + chunked('{}'),
  ];
  const usual = [201, 200, 404];
  for (const [i, first] of good.entries())
    for (const [j, second] of good.entries())
      for (const last of bad)
        assert.deepEqual(statuses(await raw(api(), first + second + last + create('behind'))), [usual[i], usual[j], 400]);
  assert.ok(!(await titles()).includes('behind'));
});

test('who never finishes is sent away', { timeout: 40_000 }, async () => {
  const unfinished = ['POST /api/todos HTTP/1.1\r\nHost: x\r\nContent-Le', head('Content-Length: 50\r\nContent-Length: 5\r\n') + 'short', head('Transfer-Encoding: chunked\r\n') + '5\r\nab'];
  const texts = await Promise.all(unfinished.map((bytes) => raw(api(), bytes)));
  assert.deepEqual(texts.map(statuses), [[], [], []]);
  const gone = await Promise.all(unfinished.map((bytes) => raw(api(), bytes, { end: true, patience: 5000 })));
  assert.deepEqual(gone.map(statuses), [[], [], []]);
});

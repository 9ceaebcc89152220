// Promise 3 at its narrowest: the answer to COMMIT is lost, and the API cannot
// know whether it happened. An API of its own reaches MariaDB through a proxy that breaks the
// connection around COMMIT, again and again. Each write must be answered as if nothing had been, and
// have happened once, with a key and without.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './client.mjs';
import { eventually, root, startBoard } from './harness.mjs';
import { checkBoard } from './invariants.mjs';
import { Random } from './random_writes.mjs';

const seed = Number(process.env.SEED ?? Date.now() % 1e9);
const WRITES = process.env.THOROUGH ? 300 : 100;
const WRITERS = 6; // few, so that there are many commits
const LOST_PERCENT = 60;

// ---- the proxy

const QUERY = 3; // COM_QUERY
const MORE_RESULTS = 8; // SERVER_MORE_RESULTS_EXISTS

// Calls `each` with every whole packet of MySQL's protocol: 3 bytes length, 1 byte number, payload.
function packets(socket, each) {
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUIntLE(0, 3)) {
      const end = 4 + bytes.readUIntLE(0, 3);
      each(bytes.subarray(0, end), bytes.subarray(4, end));
      bytes = bytes.subarray(end);
    }
  });
}

const isCommit = (payload) => payload[0] === QUERY && payload.includes('UPDATE board SET') && payload.subarray(-6).equals(Buffer.from('COMMIT'));

// An OK packet that says that no other result follows. Its two numbers before the status are below 251 here.
const isLastOk = (payload) => payload[0] === 0 && !(payload.readUInt16LE(3) & MORE_RESULTS);

// What happens to a COMMIT that is chosen: when it gets to the server, and when the API loses its connection.
const mishaps = {
  'the answer is lost': ({ lose, forward, answered }) => { forward(); answered(lose); },
  'it is lost itself': ({ lose }) => lose(),
  'both are cut off at once': ({ lose, forward }) => { forward(); lose(); },
  'it arrives after the API has given up waiting': ({ loseApi, lose, forward, answered }) => {
    loseApi();
    setTimeout(() => { forward(); answered(lose); }, 300);
  },
};

const happened = Object.fromEntries(Object.keys(mishaps).map((name) => [name, 0]));
let commits = 0;
const random = new Random(seed);

function connected(api, databaseSocket) {
  const server = net.connect(databaseSocket);
  let onAnswer; // of the COMMIT that meets with a mishap
  const lose = () => { api.destroy(); server.destroy(); };
  for (const socket of [api, server]) {
    socket.on('error', lose);
    socket.on('close', () => { if (!onAnswer) lose(); });
  }
  packets(api, (packet, payload) => {
    const forward = () => server.write(packet);
    if (!isCommit(payload)) return forward();
    commits++;
    if (!random.chance(LOST_PERCENT)) return forward();
    const name = random.pick(Object.keys(mishaps));
    happened[name]++;
    onAnswer = () => {};
    mishaps[name]({ forward, lose, loseApi: () => api.destroy(), answered: (then) => (onAnswer = then) });
  });
  packets(server, (packet, payload) => {
    if (!onAnswer) api.write(packet);
    else if (isLastOk(payload)) onAnswer();
  });
}

// ---- the API behind it

let board, client, proxy, api, socketPath;

before(async () => {
  console.log(`# SEED=${seed}`);
  board = await startBoard({ env: { WRIT_RATE: '0' } });
  client = new Client(board.url);
  const proxyPath = `${board.state}/run/lossy.sock`;
  proxy = net.createServer((socket) => connected(socket, `${board.state}/run/db.sock`));
  await new Promise((resolve) => proxy.listen(proxyPath, resolve));

  socketPath = `${board.state}/run/lossy-api.sock`;
  const script = `. db/common.sh; set -a; . "$STATE/run/env"; set +a
    MYSQL_SOCKET=$1 WRIT_LISTEN=$2 as api exec "$BUILD/writ-api" serve`;
  api = spawn('setpriv', ['--pdeathsig', 'TERM', 'bash', '-c', script, 'api', proxyPath, socketPath],
    { cwd: root, env: board.environment, stdio: ['ignore', 'ignore', 'pipe'] });
  api.stderr.pipe(createWriteStream(`${board.state}/log/lossy-api.log`));
  await eventually(async () => (await send('GET', '/api/health')).status === 200, 'the API behind the proxy');
});

after(async () => {
  if (api && api.exitCode === null) {
    const ended = new Promise((resolve) => api.on('exit', resolve));
    api.kill('SIGTERM');
    assert.equal(await ended, 0, 'it ends in order');
  }
  proxy?.close();
  await board?.stop();
});

const agent = new http.Agent({ keepAlive: true });

function send(method, path, json, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { socketPath, agent, method, path, headers: { host: 'localhost', 'content-type': 'application/json', ...headers } };
    const sent = http.request(options, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text, data: JSON.parse(text) }));
    });
    sent.on('error', reject);
    sent.end(json && JSON.stringify(json));
  });
}

// ---- the test

test(`${WRITES} writes while the answer to COMMIT is lost`, async () => {
  const expected = new Map(); // id -> { title, version }
  let next = 0, others = true;

  const take = async (answer, status) => {
    assert.ok([status, 202].includes(answer.status), `${answer.status} ${answer.text}`);
    assert.equal(answer.headers['idempotency-replayed'], undefined, 'the first answer is not a repeat');
    return answer.data;
  };
  const writer = async () => {
    while (next < WRITES) {
      const number = next++;
      const title = `write ${number}`;
      const headers = number % 2 ? { 'idempotency-key': title } : {};
      const { id, version } = await take(await send('POST', '/api/todos', { title, list: `L${number % 3}`, tags: ['t'] }, headers), 201);
      assert.equal(version, 1);
      assert.ok(!expected.has(id), `todo ${id} was answered twice`);
      expected.set(id, { title, version: 1 });
      if (number % 3) continue;
      const edited = await take(await send('PATCH', `/api/todos/${id}`, { title: `${title}, edited` }, { 'if-match': '"1"' }), 200);
      assert.equal(edited.version, 2);
      expected.set(id, { title: `${title}, edited`, version: 2 });
    }
  };
  // Another API writes meanwhile: its batches are not taken for those in doubt.
  const other = async () => {
    for (let i = 0; others; i++) {
      await client.create({ title: `other ${i}` });
      await sleep(10);
    }
  };
  const meanwhile = other();
  await Promise.all(Array.from({ length: WRITERS }, writer));
  others = false;
  await meanwhile;
  console.log(`# ${commits} commits; ${JSON.stringify(happened)}`);

  assert.equal(expected.size, WRITES);
  for (const [name, times] of Object.entries(happened)) assert.ok(times >= WRITES / 100, `${name}: ${times} times only`);
  const stored = await board.sql("SELECT id, title, version FROM todo WHERE title LIKE 'write %' ORDER BY id");
  assert.deepEqual(stored.map(({ id, title, version }) => [Number(id), { title, version: Number(version) }]),
    [...expected].sort(([a], [b]) => a - b), 'each write once');
  for (const [id, { title }] of expected) if (id % 10 === 0) assert.equal((await client.json(`/todos/${id}.json`)).title, title);
  await checkBoard(board);
});

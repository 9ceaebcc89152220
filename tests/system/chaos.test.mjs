// Promises 3 and 4 under kill -9: each process dies again and again, at any time,
// while many write and many read. Nothing is lost, nothing doubled, no page torn.
//
//   CHAOS_SECONDS=600    for how long
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './client.mjs';
import { eventually, startBoard } from './harness.mjs';
import { checkBoard } from './invariants.mjs';

const SECONDS = Number(process.env.CHAOS_SECONDS ?? (process.env.THOROUGH ? 120 : 12));
const WRITERS = 64;
const READERS = 16;
const READS_PER_SECOND = 1000;
const PATIENCE_MS = 60_000; // of a writer with one write
// An answer under way may be cut off when Nginx is killed; and by the workers that a killed master leaves behind,
// which stop when the next one starts (worker_shutdown_timeout).
const NGINX_AWAY_MS = 5000;

let board, client;
before(async () => {
  board = await startBoard({ env: { APIS: '2', WRIT_RATE: '0' } });
  client = new Client(board.url);
});
after(() => board?.stop());

let running = true;
let nginxKilled = -Infinity;

// ---- who kills

const kills = { api: 0, api2: 0, gen: 0, db: 0, nginx: 0 };

async function killer(name) {
  while (running) {
    await sleep(500 + Math.random() * 2500);
    const old = await board.pid(name);
    if (name === 'nginx') nginxKilled = performance.now();
    await board.kill(name);
    kills[name]++;
    await eventually(async () => (await board.pid(name)) !== old, `${name} to be started again`, 20_000);
  }
}

// ---- who writes: todos of his own, each write with a key, until it is acknowledged

const todos = new Map(); // id -> { title, version, state }
const tally = { writes: 0, again: 0, replayed: 0, reads: 0, cut: 0 };

async function insist(method, path, json, key) {
  const headers = { 'idempotency-key': key };
  const end = Date.now() + PATIENCE_MS;
  for (let tries = 0; ; tries++) {
    let answer;
    try {
      answer = await client.send(method, path, { json, headers });
    } catch (error) {
      answer = { status: 0, text: String(error) }; // Nginx is away, or the answer is lost
    }
    if ([200, 201, 202].includes(answer.status)) {
      tally.writes++;
      tally.again += tries > 0;
      tally.replayed += answer.headers.has('idempotency-replayed');
      return answer.data;
    }
    assert.ok([0, 409, 503].includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text}`);
    assert.ok(Date.now() < end, `${method} ${path} was not taken in a minute: ${answer.status} ${answer.text}`);
    await sleep(20 + Math.random() * 100);
  }
}

async function writer(number) {
  for (let i = 0; running; i++) {
    const name = `w${number}-${i}`;
    const todo = { title: name, version: 1, state: '1' };
    const { id, version } = await insist('POST', '/api/todos', { title: name, list: `L${number % 4}`, tags: ['t'] }, name);
    assert.equal(version, 1);
    assert.ok(!todos.has(id), `${name} got the id of ${todos.get(id)?.title}`);
    todos.set(id, todo);
    for (let edit = 0; edit < 3 && running; edit++) {
      todo.title = `${name} edit ${edit}`;
      const done = await insist('PATCH', `/api/todos/${id}`, { title: todo.title }, todo.title);
      assert.equal(done.version, ++todo.version, `${todo.title} happened once`);
    }
    if (i % 5 !== 0) continue;
    const gone = await insist('DELETE', `/api/todos/${id}`, undefined, `${name} delete`);
    assert.equal(gone.version, ++todo.version);
    todo.state = '3';
  }
}

// ---- who reads

const steady = ['/', '/index.json', '/open', '/open.json', '/done', '/lists', '/lists.json', '/tags', '/lists/l0', '/lists/l0/1', '/lists/l1.json', '/tags/t', '/tags/t/1.json'];

function read(path, agent) {
  return new Promise((resolve, reject) => {
    http.get(board.url + path, { agent }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(chunks).toString() }));
    }).on('error', reject);
  });
}

async function reader(number) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const start = performance.now();
  for (let i = 0; running; i++) {
    const early = start + (i * 1000 * READERS) / READS_PER_SECOND - performance.now();
    if (early > 1) await sleep(early);
    const path = steady[(i * 7 + number) % steady.length];
    let answer;
    try {
      answer = await read(path, agent);
    } catch (error) {
      assert.ok(performance.now() - nginxKilled < NGINX_AWAY_MS, `${path}: ${error.code} while Nginx was there`);
      tally.cut++;
      continue;
    }
    tally.reads++;
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    if (path.endsWith('.json')) assert.doesNotThrow(() => JSON.parse(answer.text), `${path} is torn`);
    else assert.match(answer.text, /^<!doctype html>[\s\S]*<\/html>\s*$/i, `${path} is torn`);
  }
  agent.destroy();
}

test(`${SECONDS} seconds of kill -9, ${WRITERS} writers and ${READERS} readers`, async () => {
  for (let list = 0; list < 4; list++) await client.create({ title: 'steady', list: `L${list}`, tags: ['t'] });
  await client.create({ title: 'steady', done: true });

  const all = [
    ...Object.keys(kills).map(killer),
    ...Array.from({ length: WRITERS }, (_, number) => writer(number)),
    ...Array.from({ length: READERS }, (_, number) => reader(number)),
  ];
  await Promise.race([sleep(SECONDS * 1000), Promise.all(all)]);
  running = false;
  await Promise.all(all);
  console.log(`# ${JSON.stringify({ ...tally, kills })}`);

  for (const name of Object.keys(kills)) assert.ok(kills[name] >= SECONDS / 10, `${name} was killed ${kills[name]} times only`);
  assert.ok(tally.reads > SECONDS * READS_PER_SECOND / 10, `${tally.reads} reads`);
  assert.ok(tally.replayed > 0, 'answers were lost');

  await eventually(async () => (await client.get('/api/health')).data?.status === 'ok', 'the board to be well', 30_000);
  const stored = new Map((await board.sql("SELECT id, title, version, state FROM todo WHERE title <> 'steady'"))
    .map(({ id, title, version, state }) => [Number(id), { title, version: Number(version), state }]));
  assert.deepEqual(new Map([...stored].sort(([a], [b]) => a - b)), new Map([...todos].sort(([a], [b]) => a - b)),
    'what was acknowledged is stored, once, and nothing else is');
  await checkBoard(board);
  for (const [id, { title, version, state }] of [...todos].filter((_, i) => i % 10 === 0)) {
    const page = await client.get(`/todos/${id}.json`);
    assert.equal(page.status, state === '3' ? 410 : 200);
    if (page.status === 200) assert.deepEqual([page.data.title, page.data.version], [title, version]);
  }
});

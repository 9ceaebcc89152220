// Promises 1 and 3: what was acknowledged is there after kill -9 of any
// process at any time, once; a write whose answer was lost is sent again with
// its key and happens once.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, restarted, rows, sameTrees } from './client.mjs';
import { eventually, startBoard } from './harness.mjs';

const KILLS = Number(process.env.KILLS ?? 20);
const WRITERS = 16;

let board, client;
before(async () => {
  board = await startBoard({ env: { WRIT_RATE: '0' } });
  client = new Client(board.url);
});
after(() => board?.stop());

test('MariaDB flushes at each commit, and the API waits for it (promise 1)', async () => {
  assert.deepEqual(await rows(board, 'SELECT @@innodb_flush_log_at_trx_commit, @@log_bin, @@character_set_database'),
                   [['1', '0', 'utf8mb4']]);
  // Ten writes, each acknowledged just before the server is killed.
  for (let i = 0; i < 3; i++) {
    const { id } = await client.create({ title: `durable ${i}` });
    const old = await board.pid('db');
    await board.kill('db', 'SIGKILL');
    await restarted(board, 'db', old);
    assert.deepEqual(await rows(board, `SELECT title FROM todo WHERE id = ${id}`), [[`durable ${i}`]]);
  }
});

test(`nothing lost, nothing doubled: ${KILLS} times kill -9`, async () => {
  const acknowledged = new Map(); // title -> id
  let running = true, sent = 0, retries = 0;

  const write = async (writer) => {
    for (let i = 0; running; i++) {
      const title = `w${writer}-${i}`;
      const headers = { 'idempotency-key': title };
      sent++;
      for (let tries = 0; ; tries++) {
        assert.ok(tries < 400, `${title} was never taken`);
        try {
          const answer = await client.post('/api/todos', { title, list: `L${writer % 4}`, tags: ['t'] }, headers);
          if ([201, 202].includes(answer.status)) {
            acknowledged.set(title, answer.data.id);
            break;
          }
          assert.ok([502, 503, 504].includes(answer.status), `${answer.status} ${answer.text}`);
        } catch (error) {
          if (error instanceof assert.AssertionError)
            throw error;
        }
        retries++;
        await sleep(50);
      }
    }
  };
  const writers = Array.from({ length: WRITERS }, (_, k) => write(k));
  const names = ['api', 'gen', 'db', 'nginx'];
  for (let i = 0; i < KILLS; i++) {
    await sleep(100 + Math.random() * 300);
    const name = names[i % names.length];
    const old = await board.pid(name);
    await board.kill(name, 'SIGKILL');
    await restarted(board, name, old);
  }
  await sleep(300);
  running = false;
  await Promise.all(writers);
  console.log(`# ${sent} writes, ${retries} sent again`);

  // Every acknowledged write once, in the database and on its page.
  await sleep(200);
  const todos = await rows(board, "SELECT title, id FROM todo WHERE title LIKE 'w%'");
  assert.equal(new Set(todos.map(([title]) => title)).size, todos.length, 'a write was doubled');
  const stored = new Map(todos);
  for (const [title, id] of acknowledged)
    assert.equal(stored.get(title), String(id), `${title} was lost`);
  assert.equal(stored.size, acknowledged.size);

  const [[revision]] = await rows(board, 'SELECT revision FROM board');
  await client.settled(Number(revision));
  assert.deepEqual(await rows(board, 'SELECT COUNT(*), MAX(revision) FROM `change`'), [[revision, revision]]);
  for (const [title, id] of [...acknowledged].filter((_, i) => i % 10 === 0))
    assert.equal((await client.json(`/todos/${id}.json`)).title, title);

  const into = mkdtempSync(join(tmpdir(), 'writ-into-'));
  await board.gen(into);
  sameTrees(join(board.state, 'site/current'), into);
  rmSync(into, { recursive: true });
});

test('without the generator writes are stored and answered 202, and its pages follow', async () => {
  await board.kill('gen', 'SIGSTOP');
  let answer;
  try {
    const start = Date.now();
    answer = await client.post('/api/todos', { title: 'Patience' });
    assert.equal(answer.status, 202, answer.text);
    assert.equal(answer.data.published, false);
    assert.ok(Date.now() - start >= 1900 && Date.now() - start < 4000);
    const form = await client.send('POST', '/api/todos', { form: { title: 'A patient form' } });
    assert.equal(form.status, 202);
    assert.match(form.text, /http-equiv="refresh"/i);
  } finally {
    await board.kill('gen', 'SIGCONT');
  }
  await client.settled(answer.data.revision + 1);
  assert.match(await client.page(`/todos/${answer.data.id}`), /Patience/);
});

test('without a database writes are 503 with Retry-After, health says down, pages stay', async () => {
  await board.kill('db', 'SIGSTOP');
  try {
    const health = await eventually(async () => {
      const answer = await client.get('/api/health');
      return answer.status === 503 && answer;
    }, 'health to be down', 3000);
    assert.equal(health.data.status, 'down');
    assert.equal((await client.get('/')).status, 200);
  } finally {
    await board.kill('db', 'SIGCONT');
  }
  for (let i = 0; ; i++) {
    const answer = await client.get('/api/health');
    if (answer.status === 200)
      break;
    assert.ok(i < 100);
    await sleep(200);
  }
  await client.create({ title: 'Back' });
});

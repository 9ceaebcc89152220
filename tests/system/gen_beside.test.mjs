// `make gen` is in nobody's way: neither of those who write nor of those who read. And nobody waits for a cycle that he came
// too late for. Both measure time, and run alone.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from './client.mjs';
import { startBoard } from './harness.mjs';
import { checkPages } from './invariants.mjs';

const LIMIT_MS = 2000; // for a write's answer to say that it is published

let board, client, current;
before(async () => {
  board = await startBoard();
  client = new Client(board.url);
  current = join(board.state, 'site/current');
  await client.import(`# Many\n\n${'- [ ] Another #many\n'.repeat(250)}`);
  await client.settled();
});
after(() => board?.stop());
const at = (name) => join(current, 'members', name);

test('beside those who write and those who read: nobody notices', async () => {
  let running = true, written = 0, read = 0, slowest = 0;
  const write = async (writer) => {
    while (running) {
      const start = Date.now(), title = `Written ${++written}`, creates = written % 4;
      const answer = creates
        ? await client.post('/api/todos', { title, list: `List ${writer}`, tags: ['home'] })
        : await client.patch('/api/todos/1', { title });
      slowest = Math.max(slowest, Date.now() - start);
      assert.ok([200, 201].includes(answer.status), `${answer.status} ${answer.text}`);
      if (creates) assert.equal((await client.json(`/todos/${answer.data.id}.json`)).title, title);
    }
  };
  const stand = ['/', '/open', '/todos/1', '/todos/1.json', '/lists/many/2', '/tags/many.md', '/assets/style.css'];
  const reading = async () => {
    for (; running; read++) {
      const path = stand[read % stand.length];
      const answer = await client.get(path);
      assert.equal(answer.status, 200, path);
      assert.ok(answer.text.length > 0, path);
    }
  };
  const all = Promise.all([...[1, 2, 3, 4].map(write), reading(), reading()]);
  const gens = (async () => {
    for (let i = 0; i < 6; i++) {
      writeFileSync(at('todos/4000.html'), 'x');
      assert.match((await board.gen()).stderr, /Rendered \d+ pages/);
    }
  })();
  await Promise.race([all, gens]).finally(() => (running = false));
  await Promise.all([all, gens]);
  assert.ok(written > 50 && read > 50, `${written} writes, ${read} reads`);
  if (!process.env.SAN) assert.ok(slowest < LIMIT_MS, `a write took ${slowest} ms`);
  console.log(`# ${written} writes, the slowest in ${slowest} ms, and ${read} reads`);
  await client.settled();
  await checkPages(board);
});

test('who asks while a cycle runs is answered by the next one, which begins at once', async () => {
  const took = [], end = Date.now() + 3000;
  await Promise.all(Array.from({ length: 16 }, async (_, writer) => {
    for (let i = 0; Date.now() < end; i++) {
      const start = performance.now();
      await client.create({ title: `Asked ${writer}/${i}`, list: 'Home' });
      took.push(performance.now() - start);
    }
  }));
  const late = took.filter((ms) => ms > 400).length; // the generator looks by itself every 500 ms
  assert.ok(process.env.SAN || late * 50 < took.length, `${late} of ${took.length} writes waited`);
});

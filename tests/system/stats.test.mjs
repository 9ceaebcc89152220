// /stats over some months: what is counted with each write, against what is counted here.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from './client.mjs';
import { startBoard } from './harness.mjs';
import { Random } from './random_writes.mjs';
import { checkDatabase } from './invariants.mjs';
import { checkStats, dateBack } from './stats.mjs';

let board, client;
before(async () => {
  board = await startBoard();
  client = new Client(board.url);
});
after(() => board?.stop());

test('days, how long todos take, and lists, of members and of everybody', async () => {
  const random = new Random(1);
  for (let i = 0; i < 120; i++) {
    if (i === 60) await client.must('PATCH', '/api/lists/two', { json: { public: true } });
    await client.post('/api/todos', { title: `t${i}`, list: random.pick(['One', 'Two', 'Three']), done: random.chance(60) }, { prefer: 'respond-async' });
  }
  await client.settled();
  await checkStats(board);

  // Some of it before the first day that is shown.
  await dateBack(board, Array.from({ length: 120 }, (_, i) => {
    const created = random.below(120);
    return { id: i + 1, created, finished: created && random.below(created) };
  }));
  await checkDatabase(board);
  const trees = join(mkdtempSync(join(tmpdir(), 'writ-stats-')), 'trees');
  try {
    await board.gen(trees);
    await checkStats(board, trees);
    const page = readFileSync(join(trees, 'members/stats.html'), 'utf8'), { days } = JSON.parse(readFileSync(join(trees, 'members/stats.json')));
    const cells = [...page.matchAll(/<tr><th scope="row">([\d-]+)<\/th><td>(\d+)<\/td><td>(\d+)<\/td><td>(\d+)<\/td>/g)].map((row) => row.slice(1));
    assert.deepEqual(cells, days.map(({ day, created, finished, open }) => [day, created, finished, open].map(String)), 'the table beside the plot');
  } finally {
    rmSync(join(trees, '..'), { recursive: true });
  }
});

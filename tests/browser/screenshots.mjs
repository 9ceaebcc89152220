// `make screenshots`: the pictures in docs/, made anew. A board with some months of use, whose clock the database is told.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Client } from '../system/client.mjs';
import { Random } from '../system/random_writes.mjs';
import { root, startBoard } from '../system/harness.mjs';
import { dateBack } from '../system/stats.mjs';
import { day, fill, launch, open } from './browser.mjs';

const folder = path.join(root, 'docs/pictures');
mkdirSync(folder, { recursive: true });

const things = ['the shed', 'the letters', 'a present for Ada', 'the bicycle', 'the holidays', 'the kitchen', 'a new lamp', 'the tax return', 'the garden', 'the roof',
  'Grace about Sunday', 'the dentist', 'the photographs', 'a loaf of bread', 'the insurance', 'the curtains', 'the piano tuner', 'the old phone'];
const acts = ['Look after', 'Ask about', 'Order', 'Clean up', 'Plan', 'Call about', 'Repair', 'Write about'];

// What was created and finished over three months: written now, and then dated back, counts and all.
async function history(board, client) {
  const random = new Random(7);
  const lists = ['Flat', 'Work', 'Groceries', 'Papers', 'Travel', 'Garden'];
  for (let i = 0; i < 220; i++) await client.post('/api/todos', { title: `${random.pick(acts)} ${random.pick(things)}`, list: random.pick(lists), done: random.chance(84) }, { prefer: 'respond-async' });
  await client.settled();
  await dateBack(board, Array.from({ length: 220 }, (_, i) => {
    const id = i + 1, created = 1 + Math.floor(90 * (1 - id / 221)) + random.below(2);
    return { id, created, finished: created - Math.min(created, random.pick([0, 0, 1, 1, 2, 3, 5, 8, 13, 30])) };
  }));
}

const board = await startBoard({ env: { WRIT_RATE: '0' } });
const browser = await launch(['--hide-scrollbars']);
try {
  const client = new Client(board.url);
  await history(board, client);
  const ids = await fill(board);
  await client.settled();
  await client.create({ title: 'Water the plants', list: 'Flat', due: day(0) });
  await client.settled();
  for (const [device, viewport] of [['desktop', { width: 1200, height: 860 }], ['phone', { width: 390, height: 844 }]])
    for (const colorScheme of ['light', 'dark'])
      for (const [name, target] of [['board', '/'], ['todo', `/todos/${ids.Write}`], ['list', '/lists/travel'], ['stats', '/stats']]) {
        const page = await open(browser, board, { viewport, colorScheme, serviceWorkers: 'block' });
        await page.goto(target);
        await page.waitForTimeout(200);
        await page.screenshot({ path: path.join(folder, `${name}-${device}-${colorScheme}.png`) });
        await page.context().close();
      }
  console.log(`Pictures in ${path.relative(root, folder)}/`);
} finally {
  await browser.close();
  await board.stop();
}

// `make screenshots`: the pictures in docs/, made anew. A board with some months of use, whose clock the database is told.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Client } from '../system/client.mjs';
import { Random } from '../system/random_writes.mjs';
import { root, startBoard } from '../system/harness.mjs';
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
  const dates = [];
  for (let id = 1; id <= 220; id++) {
    const created = 1 + Math.floor(90 * (1 - id / 221)) + random.below(2), took = Math.min(created, random.pick([0, 0, 1, 1, 2, 3, 5, 8, 13, 30]));
    dates.push(`UPDATE todo SET created = UTC_TIMESTAMP(3) - INTERVAL ${created} DAY, created_day = created_day - ${created},
      finished = IF(state = 2, UTC_TIMESTAMP(3) - INTERVAL ${created - took} DAY - INTERVAL ${20 + random.below(300)} MINUTE, NULL),
      finished_day = finished_day - ${created - took} WHERE id = ${id}`);
  }
  await board.sql(dates.join(';'));
  await board.sql(`DELETE FROM bucket WHERE kind IN (8, 9, 10, 14, 15, 16);
    CREATE TEMPORARY TABLE bar SELECT list_id, created_day, IF(state = 2, finished_day, NULL) AS finished_day, IF(state = 2 AND finished > created,
      1 + (t >= 3600) + (t >= 86400) + (t >= 259200) + (t >= 604800) + (t >= 1209600) + (t >= 2592000), NULL) AS class
      FROM (SELECT *, TIMESTAMPDIFF(SECOND, created, finished) AS t FROM todo WHERE state IN (1, 2)) AS x;
    INSERT INTO bucket SELECT 8, 0, created_day, COUNT(*) FROM bar GROUP BY 3;
    INSERT INTO bucket SELECT 9, 0, finished_day, COUNT(*) FROM bar WHERE finished_day IS NOT NULL GROUP BY 3;
    INSERT INTO bucket SELECT 10, 0, class, COUNT(*) FROM bar WHERE class IS NOT NULL GROUP BY 3;
    INSERT INTO bucket SELECT 14, list_id, created_day, COUNT(*) FROM bar GROUP BY 2, 3;
    INSERT INTO bucket SELECT 15, list_id, finished_day, COUNT(*) FROM bar WHERE finished_day IS NOT NULL GROUP BY 2, 3;
    INSERT INTO bucket SELECT 16, list_id, class, COUNT(*) FROM bar WHERE class IS NOT NULL GROUP BY 2, 3`);
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

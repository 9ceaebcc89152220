// /stats, counted from the todos themselves; and a board with a past to count.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DAYS = 91, LATELY = 30, LISTS = 20;
const classes = [['within an hour', 3600], ['within a day', 86_400], ['within 3 days', 3 * 86_400], ['within a week', 7 * 86_400],
  ['within 2 weeks', 14 * 86_400], ['within a month', 30 * 86_400], ['within 3 months', 90 * 86_400], ['longer', Infinity]];

// Todos that were written now are dated back, with all that is counted by day: each { id, created, finished }, in days ago;
// what is finished was so some hours before that time of the day, for `finished` to be another day.
export async function dateBack(board, todos) {
  await board.sql(todos.map(({ id, created, finished = created }) => `UPDATE todo SET created = UTC_TIMESTAMP(3) - INTERVAL ${created} DAY,
    created_day = created_day - ${created},
    finished = IF(state = 2, UTC_TIMESTAMP(3) - INTERVAL ${finished} DAY - INTERVAL ${20 + (id * 37) % 300} MINUTE, NULL),
    finished_day = finished_day - ${finished} WHERE id = ${id}`).join(';'));
  const seconds = classes.slice(0, -1).map(([, most]) => `(t >= ${most})`).join(' + ');
  const bars = [['created_day', ''], ['finished_day', 'finished_day IS NOT NULL'], ['class', 'class IS NOT NULL']];
  const kinds = [[8, '0', ''], [11, '0', 'public'], [14, 'list_id', '']]; // the members', the public's, the lists'
  await board.sql(`DELETE FROM bucket WHERE kind >= 8;
    CREATE TEMPORARY TABLE bar SELECT x.list_id, l.public, created_day, IF(state = 2, finished_day, NULL) AS finished_day,
      IF(state = 2 AND finished > created, 1 + ${seconds}, NULL) AS class
      FROM (SELECT *, TIMESTAMPDIFF(SECOND, created, finished) AS t FROM todo WHERE state IN (1, 2)) AS x JOIN list l ON l.id = x.list_id;
    ${kinds.flatMap(([kind, owner, shown]) => bars.map(([number, there], i) =>
    `INSERT INTO bucket SELECT ${kind + i}, ${owner}, ${number}, COUNT(*) FROM bar
      WHERE ${[shown, there].filter(Boolean).join(' AND ') || '1'} GROUP BY 2, 3`)).join(';')}`);
}

// The days, classes and lists of each tree's /stats.json in a folder of trees. Nobody writes meanwhile.
export async function checkStats(board, trees = join(board.state, 'site/current')) {
  const all = (await board.sql(`SELECT t.state, l.slug, l.public, created_day, finished_day, FLOOR(UNIX_TIMESTAMP(finished)) - FLOOR(UNIX_TIMESTAMP(created)) AS took,
    finished > created AS later FROM todo t JOIN list l ON l.id = t.list_id WHERE t.state IN (1, 2)`))
    .map((row) => ({ list: row.slug, public: row.public === '1', created: Number(row.created_day),
                     finished: row.state === '2' ? Number(row.finished_day) : Infinity, took: row.later === '1' ? Number(row.took) : undefined }));
  for (const tree of ['members', 'public']) {
    const stats = JSON.parse(readFileSync(join(trees, tree, 'stats.json')));
    const todos = all.filter((todo) => tree === 'members' || todo.public);
    const count = (is) => todos.filter(is).length;
    assert.equal(stats.open, count(({ finished }) => finished === Infinity));
    assert.equal(stats.done, count(({ finished }) => finished !== Infinity));

    assert.equal(stats.days.length, DAYS);
    for (const { day, created, finished, open } of stats.days) {
      const number = Date.parse(`${day}T00:00:00Z`) / 86_400_000;
      const expected = [count((todo) => todo.created === number), count((todo) => todo.finished === number),
                        count((todo) => todo.created <= number && todo.finished > number)];
      assert.deepEqual([created, finished, open], expected, `${tree}: created, finished and open on ${day}`);
    }
    const today = Date.parse(`${stats.days[0].day}T00:00:00Z`) / 86_400_000;

    const took = classes.map(([name, most], i) => ({ finished: name, todos: count((todo) => todo.took < most && todo.took >= (classes[i - 1]?.[1] ?? 0)) }));
    assert.deepEqual(stats.took, took, `${tree}: how long they took`);

    const lists = new Map();
    for (const todo of todos) lists.set(todo.list, [...(lists.get(todo.list) ?? []), todo]);
    assert.ok(stats.lists.length >= Math.min(lists.size, LISTS), tree);
    for (const list of stats.lists) {
      const its = lists.get(list.slug) ?? [], lately = (day) => day > today - LATELY && day <= today;
      assert.deepEqual([list.open, list.done, list.created, list.finished],
                       [its.filter((todo) => todo.finished === Infinity).length, its.filter((todo) => todo.finished !== Infinity).length,
                        its.filter((todo) => lately(todo.created)).length, its.filter((todo) => lately(todo.finished)).length], `${tree}: ${list.slug}`);
    }
  }
}

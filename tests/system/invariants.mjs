// What holds of a board whenever nobody writes, whatever has been written
// before: counted here, where the programs only keep count.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sameTrees } from './client.mjs';
import { eventually } from './harness.mjs';

// Each finds rows that should not be; `wrong` says what is the matter with them.
const questions = {
  'revisions are dense': `
    SELECT revision, changes, first, last FROM board,
      (SELECT COUNT(*) AS changes, COALESCE(MIN(revision), 1) AS first, COALESCE(MAX(revision), 0) AS last FROM \`change\`) AS c
    WHERE changes <> revision OR first <> 1 OR last <> revision`,
  'ids are dense': `
    SELECT last_todo, created, first, last FROM board,
      (SELECT COUNT(*) AS created, COALESCE(MIN(todo_id), 1) AS first, COALESCE(MAX(todo_id), 0) AS last
       FROM \`change\` WHERE op = 1) AS c
    WHERE created <> last_todo OR first <> 1 OR last <> last_todo`,
  'ids follow revisions': `
    SELECT revision, todo_id FROM (SELECT revision, todo_id, ROW_NUMBER() OVER (ORDER BY revision) AS n
      FROM \`change\` WHERE op = 1) AS c WHERE todo_id <> n`,
  'a todo has a version for each of its changes': `
    SELECT t.id, t.version, t.revision, c.changes, c.last FROM todo t
      JOIN (SELECT todo_id, COUNT(*) AS changes, MAX(version) AS version, MAX(revision) AS last FROM \`change\` GROUP BY todo_id) AS c
        ON c.todo_id = t.id
    WHERE t.version <> c.changes OR t.version <> c.version OR t.revision <> c.last`,
  'a todo is there unless it was purged': `
    SELECT c.todo_id FROM \`change\` c LEFT JOIN todo t ON t.id = c.todo_id WHERE c.todo_id IS NOT NULL
    GROUP BY c.todo_id HAVING COUNT(t.id) > 0 = MAX(c.op = 7)`,
  'what is purged has left no text': `
    SELECT revision FROM \`change\` WHERE detail IS NOT NULL AND todo_id IN (SELECT todo_id FROM \`change\` WHERE op = 7)`,
  'the board counts its todos': `
    SELECT b.open, b.done, c.* FROM board b,
      (SELECT COALESCE(SUM(state = 1), 0) AS is_open, COALESCE(SUM(state = 2), 0) AS is_done FROM todo) AS c
    WHERE b.open <> is_open OR b.done <> is_done`,
  'a list counts its todos': `
    SELECT l.id, l.name, l.open, l.done, c.* FROM list l
      LEFT JOIN (SELECT list_id, SUM(state = 1) AS is_open, SUM(state = 2) AS is_done, MAX(list_number) AS last FROM todo GROUP BY list_id) AS c
        ON c.list_id = l.id
    WHERE l.open <> COALESCE(is_open, 0) OR l.done <> COALESCE(is_done, 0) OR l.last_number < COALESCE(last, 0)
      OR l.deleted AND l.open + l.done > 0`,
  'a tag counts its todos': `
    SELECT g.id, g.name, g.open, g.done, c.* FROM tag g
      LEFT JOIN (SELECT tag_id, SUM(t.state = 1) AS is_open, SUM(t.state = 2) AS is_done, MAX(number) AS last
        FROM todo_tag m JOIN todo t ON t.id = m.todo_id GROUP BY tag_id) AS c ON c.tag_id = g.id
    WHERE g.open <> COALESCE(is_open, 0) OR g.done <> COALESCE(is_done, 0) OR g.last_number < COALESCE(last, 0)`,
  'a tagged todo has one state': `
    SELECT t.id, t.state, m.tag_id, m.state FROM todo_tag m JOIN todo t ON t.id = m.todo_id WHERE m.state <> t.state`,
  'a bucket counts its todos': `
    WITH place AS (
      SELECT state AS kind, 0 AS owner, id AS number FROM todo WHERE state IN (1, 2)
      UNION ALL SELECT 3, list_id, list_number FROM todo WHERE state IN (1, 2)
      UNION ALL SELECT 4, m.tag_id, m.number FROM todo_tag m JOIN todo t ON t.id = m.todo_id WHERE t.state IN (1, 2)),
    counted AS (SELECT kind, owner, (number - 1) DIV 100 + 1 AS number, COUNT(*) AS todos FROM place GROUP BY 1, 2, 3)
    SELECT kind, owner, number, SUM(kept) AS kept, SUM(todos) AS counted FROM
      (SELECT kind, owner, number, todos AS kept, 0 AS todos FROM bucket
       UNION ALL SELECT kind, owner, number, 0, todos FROM counted) AS both_of_them
    GROUP BY 1, 2, 3 HAVING kept <> counted OR kept = 0`,
};

export async function checkDatabase(board) {
  for (const [promise, query] of Object.entries(questions))
    assert.deepEqual(await board.sql(query), [], promise);
}

// Waits until all that was written is published, and compares with a full build. A day that ends in between is no fault:
// what depends on it is then compared on the next one.
export async function checkPages(board) {
  await board.settled();
  const day = () => Math.floor(Date.now() / 86_400_000);
  const before = day();
  const into = mkdtempSync(join(tmpdir(), 'writ-into-'));
  try {
    await board.gen(into);
    sameTrees(join(board.state, 'site/current'), into);
  } catch (error) {
    if (day() === before)
      throw error;
    await eventually(() => checkPages(board).then(() => true), 'the pages of the new day', 20_000);
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
}

export async function checkBoard(board) {
  await checkDatabase(board);
  await checkPages(board);
}

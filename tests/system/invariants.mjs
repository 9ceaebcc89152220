// What holds of a board whenever nobody writes, whatever has been written
// before: counted here, where the programs only keep count.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sameTrees } from './client.mjs';
import { eventually } from './harness.mjs';
import { checkStats } from './stats.mjs';

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
  'a todo is public when its list is': `
    SELECT t.id, t.public, l.id AS list, l.public AS list_is FROM todo t JOIN list l ON l.id = t.list_id WHERE t.public <> l.public`,
  'and so are its tags': `
    SELECT t.id, t.public, m.tag_id, m.public AS tag_is FROM todo_tag m JOIN todo t ON t.id = m.todo_id WHERE m.public <> t.public`,
  'a list that is deleted is private': 'SELECT id, name FROM list WHERE deleted AND public',
  'the board counts its public todos': `
    SELECT b.public_open, b.public_done, c.* FROM board b,
      (SELECT COALESCE(SUM(state = 1), 0) AS is_open, COALESCE(SUM(state = 2), 0) AS is_done FROM todo t
       JOIN list l ON l.id = t.list_id WHERE l.public) AS c
    WHERE b.public_open <> is_open OR b.public_done <> is_done`,
  'a tag counts its public todos': `
    SELECT g.id, g.name, g.public_open, g.public_done, c.* FROM tag g
      LEFT JOIN (SELECT tag_id, SUM(t.state = 1) AS is_open, SUM(t.state = 2) AS is_done FROM todo_tag m
        JOIN todo t ON t.id = m.todo_id JOIN list l ON l.id = t.list_id WHERE l.public GROUP BY tag_id) AS c ON c.tag_id = g.id
    WHERE g.public_open <> COALESCE(is_open, 0) OR g.public_done <> COALESCE(is_done, 0)`,
  'a list is as its last change left it': `
    WITH own AS (SELECT list_id, revision, public_from, public_to,
      COALESCE(LAG(public_to) OVER (PARTITION BY list_id ORDER BY revision), 0) AS was,
      LEAD(revision) OVER (PARTITION BY list_id ORDER BY revision) AS next FROM \`change\` WHERE list_id IS NOT NULL)
    SELECT l.id, own.* FROM list l LEFT JOIN own ON own.list_id = l.id
    WHERE own.public_from <> own.was OR own.next IS NULL AND l.public <> COALESCE(own.public_to, 0)`,
  'a change says whether its list was public': `
    WITH side AS (
      SELECT revision, list_id AS list, NULL AS said, IF(public_to, 1, 0) - IF(public_from, 1, 0) AS step FROM \`change\` WHERE list_id IS NOT NULL
      UNION ALL SELECT revision, IF(state_from = 0, 0, REGEXP_SUBSTR(places, '(?<=[=~-]l)[0-9]+')), public_from, 0
      FROM \`change\` WHERE todo_id IS NOT NULL
      UNION ALL SELECT revision, IF(state_to = 0, 0, REGEXP_SUBSTR(places, '(?<=[=~+]l)[0-9]+')), public_to, 0
      FROM \`change\` WHERE todo_id IS NOT NULL)
    SELECT * FROM (SELECT side.*, SUM(step) OVER (PARTITION BY list ORDER BY revision) AS was FROM side) AS s
    WHERE said <> was`,
  'a bucket counts its todos': `
    WITH place AS (
      SELECT state AS kind, 0 AS owner, id AS number FROM todo WHERE state IN (1, 2)
      UNION ALL SELECT 3, list_id, list_number FROM todo WHERE state IN (1, 2)
      UNION ALL SELECT 4, m.tag_id, m.number FROM todo_tag m JOIN todo t ON t.id = m.todo_id WHERE t.state IN (1, 2)
      UNION ALL SELECT 4 + t.state, 0, t.id FROM todo t JOIN list l ON l.id = t.list_id WHERE t.state IN (1, 2) AND l.public
      UNION ALL SELECT 7, m.tag_id, t.id FROM todo_tag m JOIN todo t ON t.id = m.todo_id JOIN list l ON l.id = t.list_id
        WHERE t.state IN (1, 2) AND l.public),
    counted AS (SELECT kind, owner, (number - 1) DIV 100 + 1 AS number, COUNT(*) AS todos FROM place GROUP BY 1, 2, 3)
    SELECT kind, owner, number, SUM(kept) AS kept, SUM(todos) AS counted FROM
      (SELECT kind, owner, number, todos AS kept, 0 AS todos FROM bucket WHERE kind <= 7
       UNION ALL SELECT kind, owner, number, 0, todos FROM counted) AS both_of_them
    GROUP BY 1, 2, 3 HAVING kept <> counted OR kept = 0`,
  'a bar counts its todos': `
    WITH shown AS (
      SELECT t.list_id, l.public, t.created_day, IF(t.state = 2, t.finished_day, NULL) AS finished_day,
        CASE WHEN t.state <> 2 OR finished <= created THEN NULL
          ELSE (SELECT 1 + COUNT(*) FROM (SELECT 3600 AS s UNION SELECT 86400 UNION SELECT 259200 UNION SELECT 604800
            UNION SELECT 1209600 UNION SELECT 2592000 UNION SELECT 7776000) AS classes
            WHERE UNIX_TIMESTAMP(finished) DIV 1 - UNIX_TIMESTAMP(created) DIV 1 >= s) END AS class
      FROM todo t JOIN list l ON l.id = t.list_id WHERE t.state IN (1, 2)),
    bar AS (
      SELECT 8 AS kind, 0 AS owner, created_day AS number FROM shown
      UNION ALL SELECT 9, 0, finished_day FROM shown
      UNION ALL SELECT 10, 0, class FROM shown
      UNION ALL SELECT 11, 0, created_day FROM shown WHERE public
      UNION ALL SELECT 12, 0, finished_day FROM shown WHERE public
      UNION ALL SELECT 13, 0, class FROM shown WHERE public
      UNION ALL SELECT 14, list_id, created_day FROM shown
      UNION ALL SELECT 15, list_id, finished_day FROM shown
      UNION ALL SELECT 16, list_id, class FROM shown),
    counted AS (SELECT kind, owner, number, COUNT(*) AS todos FROM bar WHERE number IS NOT NULL GROUP BY 1, 2, 3)
    SELECT kind, owner, number, SUM(kept) AS kept, SUM(todos) AS counted FROM
      (SELECT kind, owner, number, todos AS kept, 0 AS todos FROM bucket WHERE kind > 7
       UNION ALL SELECT kind, owner, number, 0, todos FROM counted) AS both_of_them
    GROUP BY 1, 2, 3 HAVING kept <> counted OR kept = 0`,
  'no two todos of a list have one rank, nor one above all': `
    SELECT list_id, list_rank, COUNT(*) AS todos FROM todo GROUP BY list_id, list_rank HAVING todos > 1 OR list_rank = 0
    UNION ALL SELECT t.list_id, t.list_rank, l.last_rank FROM todo t JOIN list l ON l.id = t.list_id WHERE t.list_rank > l.last_rank`,
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
  await checkStats(board);
}

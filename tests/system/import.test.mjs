// Real documents through the API: every box is a todo once, done or not as in
// the file, in its heading's list; and the .md twins give the same todos again.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Client, rows } from './client.mjs';
import { startBoard } from './harness.mjs';

const data = new URL('../../../shared/data/', import.meta.url);
const skip = existsSync(data) ? false : 'the folder ../shared/data with the real documents is missing';
const documents = [
  ['coding-interview-university.md', 463],
  ['coding-interview-university.ja.md', 460],
  ['front-end-checklist.md', 100],
];

let board, client, copyBoard, copy;
before(async () => {
  if (skip)
    return;
  board = await startBoard();
  copyBoard = await startBoard();
  client = new Client(board.url);
  copy = new Client(copyBoard.url);
});
after(() => Promise.all([board?.stop(), copyBoard?.stop()]));

const box = /^\s*(?:[-*+]|\d+[.)])\s+\[([ xX])\](?!\()/;

// Boxes as a plain reading of the lines has them, outside of code fences.
function boxes(text) {
  const found = [];
  let fence = false;
  for (const line of text.split('\n')) {
    if (/^\s*(```|~~~)/.test(line))
      fence = !fence;
    const match = !fence && box.exec(line);
    if (match)
      found.push({ done: match[1] !== ' ', line });
  }
  return found;
}

const documentLists = [];

for (const [name, count] of documents)
  test(`${name}: ${count} boxes`, { skip }, async () => {
    const text = readFileSync(new URL(name, data), 'utf8');
    const expected = boxes(text);
    assert.equal(expected.length, count);

    const answer = await client.import(text);
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.data.todos, count);
    assert.equal(answer.data.done, expected.filter((each) => each.done).length);
    assert.equal(answer.data.published, true);

    const last = answer.data.revision;
    const stored = await rows(board, `SELECT t.id, t.state, t.title, l.name FROM todo t JOIN list l ON l.id = t.list_id
                            JOIN \`change\` c ON c.todo_id = t.id AND c.op = 1
                            WHERE c.revision > ${last - count} AND c.revision <= ${last} ORDER BY t.id`);
    assert.equal(stored.length, count);
    stored.forEach(([, state, title], i) => {
      assert.equal(state === '2', expected[i].done, expected[i].line);
      // The title's first word of letters stands in the file's line.
      const word = /[\p{L}\p{N}]+/u.exec(title)[0];
      assert.ok(expected[i].line.includes(word), `${title} ~ ${expected[i].line}`);
    });
    const headings = new Set(text.split('\n').filter((line) => /^#+ /.test(line))
      .map((line) => line.replace(/^#+\s*|\s*#*$/g, '').replace(/[^\p{L}\p{N}]+/gu, '')));
    for (const list of new Set(stored.map((row) => row[3])))
      if (list !== 'Inbox')
        assert.ok([...headings].some((heading) => heading.startsWith(list.replace(/[^\p{L}\p{N}]+|…$/gu, ''))), list);

    for (const [id, , title] of stored.slice(0, 3).concat(stored.slice(-3))) {
      assert.equal((await client.json(`/todos/${id}.json`)).title, title);
    }
  });

test('board, lists and twins show them all', { skip }, async () => {
  await client.settled();
  const lists = await rows(board, 'SELECT slug, open, done FROM list WHERE deleted = 0');
  let shown = 0;
  for (const [slug, open, done] of lists) {
    const base = `/lists/${encodeURIComponent(slug)}`;
    const todos = await client.todosOf(base);
    assert.equal(todos.length, Number(open) + Number(done), slug);
    shown += todos.length;
    documentLists.push(base);
    assert.match(await client.page(base), /<\/html>\s*$/);
  }
  assert.equal(shown, 463 + 460 + 100);
});

test('the .md twins, imported into an empty board, give the same todos again', { skip }, async () => {
  const essence = ({ title, notes, list, tags, priority, due, done }) => ({ title, notes, list, tags, priority, due, done });
  for (const base of documentLists) {
    const todos = await client.todosOf(base);
    if (!todos.length)
      continue;
    const head = await client.json(`${base}.json`);
    for (let bucket = 1; bucket <= head.newest_bucket; bucket++) {
      const twin = await client.get(`${base}/${bucket}.md`);
      if (twin.status === 404)
        continue;
      const answer = await copy.import(twin.text);
      assert.equal(answer.status, 201, `${base}/${bucket}.md: ${answer.text}`);
    }
    const { name, slug } = head.list;
    const [[again]] = await rows(copyBoard, `SELECT slug FROM list WHERE name = '${name.replaceAll("'", "''")}'`);
    assert.deepEqual((await copy.todosOf(`/lists/${encodeURIComponent(again)}`)).map(essence), todos.map(essence), slug);
  }
});

// Bad input: each kind has its status and a sentence that names the field, in
// JSON and as a page; nothing is stored and no page changes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { Client, rows, tree } from './client.mjs';
import { startBoard } from './harness.mjs';

let board, client;
before(async () => {
  board = await startBoard();
  client = new Client(board.url);
  await client.create({ title: 'Stays', list: 'Kept' });
  await client.must('PATCH', '/api/todos/1', { json: { title: 'Stays as it is' } });
  await client.create({ title: 'Deleted' });
  await client.must('DELETE', '/api/todos/2');
  await client.settled();
});
after(() => board?.stop());

const json = { 'content-type': 'application/json' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const long = (n) => 'x'.repeat(n);

// [what, method, path, headers, body, status, field or null]
const cases = [
  ['malformed JSON', 'POST', '/api/todos', json, '{"title": ', 400, null],
  ['not an object', 'POST', '/api/todos', json, '["title"]', 400, null],
  ['JSON that is not UTF-8', 'POST', '/api/todos', json, Buffer.from('{"title":"\xff"}', 'latin1'), 400, null],
  ['a lone surrogate', 'POST', '/api/todos', json, '{"title":"\\ud800"}', 400, null],
  ['a NUL', 'POST', '/api/todos', json, '{"title":"a\\u0000b"}', 422, 'title'],
  ['a control character', 'POST', '/api/todos', json, '{"title":"a\\u0007b"}', 422, 'title'],
  ['a line feed in the title', 'POST', '/api/todos', json, '{"title":"a\\nb"}', 422, 'title'],
  ['no title', 'POST', '/api/todos', json, '{}', 422, 'title'],
  ['an empty title', 'POST', '/api/todos', json, '{"title":"  "}', 422, 'title'],
  ['a long title', 'POST', '/api/todos', json, JSON.stringify({ title: 'ä'.repeat(201) }), 422, 'title'],
  ['long notes', 'POST', '/api/todos', json, JSON.stringify({ title: 'a', notes: long(16385) }), 422, 'notes'],
  ['a NUL in notes', 'POST', '/api/todos', json, '{"title":"a","notes":"\\u0000"}', 422, 'notes'],
  ['an unknown field', 'POST', '/api/todos', json, '{"title":"a","colour":"red"}', 422, 'colour'],
  ['a double field', 'POST', '/api/todos', json, '{"title":"a","title":"b"}', 422, 'title'],
  ['a title that is a number', 'POST', '/api/todos', json, '{"title":7}', 422, 'title'],
  ['done that is a string', 'POST', '/api/todos', json, '{"title":"a","done":"yes"}', 422, 'done'],
  ['tags that are a string', 'POST', '/api/todos', json, '{"title":"a","tags":"x"}', 422, 'tags'],
  ['17 tags', 'POST', '/api/todos', json,
   JSON.stringify({ title: 'a', tags: Array.from({ length: 17 }, (_, i) => `t${i}`) }), 422, 'tags'],
  ['priority 5', 'POST', '/api/todos', json, '{"title":"a","priority":5}', 422, 'priority'],
  ['priority 1.5', 'POST', '/api/todos', json, '{"title":"a","priority":1.5}', 422, 'priority'],
  ['30 February', 'POST', '/api/todos', json, '{"title":"a","due":"2026-02-30"}', 422, 'due'],
  ['a date in words', 'POST', '/api/todos', json, '{"title":"a","due":"soon"}', 422, 'due'],
  ['a long list name', 'POST', '/api/todos', json, JSON.stringify({ title: 'a', list: long(65) }), 422, 'list'],
  ['quick that is only tokens', 'POST', '/api/todos', json, '{"quick":"#home !2"}', 422, 'quick'],
  ['an unknown id', 'PATCH', '/api/todos/99', json, '{"title":"a"}', 404, null],
  ['an id that is none', 'PATCH', '/api/todos/1x', json, '{"title":"a"}', 404, null],
  ['an id beyond counting', 'PATCH', '/api/todos/99999999999999999999999', json, '{"title":"a"}', 404, null],
  ['a deleted todo', 'PATCH', '/api/todos/2', json, '{"title":"a"}', 410, null],
  ['an old version', 'PATCH', '/api/todos/1', { ...json, 'if-match': '"1"' }, '{"title":"a"}', 412, null],
  ['a version that is none', 'PATCH', '/api/todos/1', { ...json, 'if-match': 'one' }, '{"title":"a"}', 400, null],
  ['a title taken away', 'PATCH', '/api/todos/1', json, '{"title":null}', 422, 'title'],
  ['a wrong method', 'PUT', '/api/todos/1', json, '{"title":"a"}', 405, null],
  ['a wrong media type', 'POST', '/api/todos', { 'content-type': 'text/csv' }, 'title\na', 415, null],
  ['another charset', 'POST', '/api/todos', { 'content-type': 'application/json; charset=latin1' }, '{"title":"a"}', 415,
   null],
  ['no such route', 'POST', '/api/nothing', json, '{}', 404, null],
  ['a bad key', 'POST', '/api/todos', { ...json, 'idempotency-key': 'k'.repeat(256) }, '{"title":"a"}', 400, null],
  ['an empty list name', 'PATCH', '/api/lists/kept', json, '{"name":" "}', 422, 'name'],
  ['an unknown list', 'PATCH', '/api/lists/none', json, '{"name":"a"}', 404, null],
  ['a list that is not empty', 'DELETE', '/api/lists/kept', {}, undefined, 409, null],
  ['a body over the limit', 'POST', '/api/todos', json, JSON.stringify({ title: 'a', notes: long(200000) }), 413, null],
  ['an import over the limit', 'POST', '/api/import', { 'content-type': 'text/markdown' }, '- [ ] a\n'.repeat(140000), 413,
   null],
  ['an import that is not UTF-8', 'POST', '/api/import', { 'content-type': 'text/markdown' },
   Buffer.from('- [ ] \xff', 'latin1'), 422, null],
  ['an import without a box', 'POST', '/api/import', { 'content-type': 'text/markdown' }, '# Nothing\n', 422, null],
  ['an import, all or nothing', 'POST', '/api/import', { 'content-type': 'text/markdown' },
   `- [ ] good\n- [ ] bad\n\n  ${long(17000)}\n`, 422, null],
  ['a bad escape in a form', 'POST', '/api/todos', form, 'title=%zz', 400, null],
  ['a form that is not UTF-8', 'POST', '/api/todos', form, 'title=%ff', 422, 'title'],
  ['a NUL in a form', 'POST', '/api/todos', form, 'title=a%00b', 422, 'title'],
  ['a double field in a form', 'POST', '/api/todos', form, 'title=a&title=b', 422, 'title'],
  ['an unknown form field', 'POST', '/api/todos', form, 'title=a&colour=red', 422, 'colour'],
  ['a way out by next', 'POST', '/api/todos', form, 'title=a&next=//elsewhere.example/', 422, 'next'],
  ['a method that is none', 'POST', '/api/todos/1', form, '_method=EAT', 422, '_method'],
];

const before_ = {};
test('before: what is stored and shown', async () => {
  before_.tree = tree(join(board.state, 'site/current'), /^$/);
  before_.rows = await rows(board, 'SELECT id, version, title FROM todo');
});

for (const accept of ['application/json', 'text/html'])
  for (const [what, method, path, headers, body, status, field] of cases)
    test(`${what} is ${status} (${accept})`, async () => {
      const answer = await client.send(method, path, { headers: { ...headers, accept }, body });
      assert.equal(answer.status, status, answer.text);
      if (status === 413 && !/problem/.test(answer.type))
        return; // Nginx's own page, when it refused the body before the API saw it
      if (accept === 'text/html') {
        assert.match(answer.type, /^text\/html; charset=utf-8/i);
        assert.match(answer.text, /<\/html>\s*$/);
        if (field)
          assert.match(answer.text, new RegExp(field));
        return;
      }
      assert.match(answer.type, /^application\/problem\+json/);
      assert.equal(answer.data.status, status);
      assert.ok(answer.data.title && answer.data.detail, answer.text);
      if (field) {
        const error = answer.data.errors.find((e) => e.field.startsWith(field));
        assert.ok(error, answer.text);
        assert.match(error.detail, /\w+ \w+/); // a sentence
      }
    });

test('a key used twice for different things is 422', async () => {
  const headers = { 'idempotency-key': 'bad-1' };
  await client.must('PATCH', '/api/todos/1', { json: { title: 'Keyed' }, headers });
  const answer = await client.patch('/api/todos/1', { title: 'Other' }, headers);
  assert.equal(answer.status, 422);
  await client.must('PATCH', '/api/todos/1', { json: { title: 'Stays as it is' } });
});

test('a refused form comes back filled in, each sentence beside its field', async () => {
  const answer = await client.send('POST', '/api/todos', {
    form: { title: long(201), notes: 'kept <notes>', list: 'Kept', due: '2026-02-30', tags: 'a, b' },
  });
  assert.equal(answer.status, 422);
  assert.match(answer.text, /kept &lt;notes&gt;/);
  assert.match(answer.text, /value="2026-02-30"/);
  assert.match(answer.text, /a, b/);
});

test('paths with .. and the like never leave the site', async () => {
  const net = await import('node:net');
  const { port } = new URL(board.url);
  const raw = (target) => new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), '127.0.0.1', () =>
      socket.end(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
    let text = '';
    socket.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text)).on('error', reject);
  });
  for (const target of ['/../../../../etc/passwd', '/todos/..%2f..%2f..%2f..%2fetc/passwd', '/%2e%2e/%2e%2e/etc/passwd',
                        '/todos/1%00.html', '/..%5c..%5cetc/passwd']) {
    const answer = await raw(target);
    assert.match(answer, /^HTTP\/1\.1 (400|404) /, target);
    assert.doesNotMatch(answer, /root:/, target);
  }
});

test('after: nothing was stored, nothing lost, no page changed', async () => {
  await client.settled();
  assert.deepEqual(await rows(board, 'SELECT id, title FROM todo'), before_.rows.map(([id, , title]) => [id, title]));
  assert.deepEqual(await rows(board, 'SELECT last_todo FROM board'), [['2']]);
  const now = tree(join(board.state, 'site/current'), /^$/);
  // The two edits of the key test touched todo 1; all else is as it was.
  const changed = [...now].filter(([name, hash]) => before_.tree.get(name) !== hash).map(([name]) => name);
  for (const name of changed)
    assert.match(name, /^(revision|members\/(index|open|todos\/1|lists\/kept|open\/1|lists\/kept\/1))\.(html|json|md)$/);
  assert.equal(now.size, before_.tree.size);
});

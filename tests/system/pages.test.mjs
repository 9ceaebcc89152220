// What pages promise: whole at any time, cached rightly, served with
// everything else stopped, and the same as a full build makes.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, rows, sameTrees } from './client.mjs';
import { root, startBoard } from './harness.mjs';

let board, client;
before(async () => {
  board = await startBoard();
  client = new Client(board.url);
});
after(() => board?.stop());

// A full build beside the running system must be the same, byte for byte.
async function incrementalIsFull() {
  const now = await client.settled();
  const into = mkdtempSync(join(tmpdir(), 'writ-into-'));
  try {
    await board.gen(into);
    sameTrees(join(board.state, 'site/current'), into);
  } finally {
    rmSync(into, { recursive: true });
  }
  return now;
}

test('a change of the same size within a second has another ETag', async () => {
  const { id } = await client.create({ title: 'aaaa' });
  const tags = new Set();
  for (const title of ['bbbb', 'cccc', 'dddd', 'aaaa', 'bbbb']) {
    await client.must('PATCH', `/api/todos/${id}`, { json: { title } });
    for (const path of [`/todos/${id}`, '/open']) {
      const { headers, text } = await client.get(path);
      assert.match(text, new RegExp(title));
      const tag = `${path} ${headers.get('etag')}`;
      assert.ok(!tags.has(tag), `${tag} stood for other bytes before`);
      tags.add(tag);
      assert.equal(headers.get('last-modified'), null);
      assert.match(headers.get('cache-control'), /no-cache/);
      const again = await client.get(path, { 'if-none-match': headers.get('etag') });
      assert.equal(again.status, 304);
    }
  }
});

test('a todo deleted and restored within a second has another ETag', async () => {
  const { id } = await client.create({ title: 'back soon' });
  const first = (await client.get(`/todos/${id}`)).headers.get('etag');
  await client.must('DELETE', `/api/todos/${id}`);
  await client.must('POST', `/api/todos/${id}/restore`);
  assert.notEqual((await client.get(`/todos/${id}`)).headers.get('etag'), first);
});

test('assets are fingerprinted and cached for ever, pages revalidated', async () => {
  const [, href] = /<link[^>]+href="(\/assets\/style\.[^"]+\.css)"/.exec(await client.page('/'));
  const asset = await client.get(href);
  assert.equal(asset.status, 200);
  assert.match(asset.type, /^text\/css/);
  assert.match(asset.headers.get('cache-control'), /max-age=31536000.*immutable/);
});

test('what did not change is not rewritten', async () => {
  const [{ id: quiet }] = [await client.create({ title: 'quiet', list: 'Quiet' })];
  await client.settled();
  const file = join(board.state, `site/current/members/todos/${quiet}.html`);
  const { ino } = statSync(file);
  await client.create({ title: 'loud', list: 'Loud' });
  await client.settled();
  assert.equal(statSync(file).ino, ino);
});

test('clean URLs: one address for a page', async () => {
  await client.create({ title: 'x', list: 'Home' });
  for (const [path, to] of [['/lists/home/', '/lists/home'], ['/index.html', '/'], ['/lists/home.html', '/lists/home']]) {
    const answer = await client.get(path);
    assert.ok([301, 308].includes(answer.status), `${path}: ${answer.status}`);
    assert.equal(new URL(answer.headers.get('location'), board.url).pathname, to);
  }
  assert.equal((await client.get('/deleted/1')).status, 404);
  const head = await fetch(`${board.url}/open`, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal((await client.send('POST', '/open', { body: '' })).status, 405);
});

test('the public tree: the same addresses, without forms, history and what lists are for members', async () => {
  const { id } = await client.create({ title: 'Look at this', notes: 'some *notes*', list: 'Window', tags: ['glass'], due: '2020-01-01' });
  await client.create({ title: 'and this', list: 'Window', done: true });
  await client.create({ title: 'but not at this', list: 'Wall', tags: ['glass'] });
  const tree = join(board.state, 'site/current/public');
  const text = (path) => readFileSync(join(tree, path), 'utf8'), json = (path) => JSON.parse(text(path));
  assert.ok(!existsSync(join(tree, `todos/${id}.html`)));
  await client.must('PATCH', '/api/lists/window', { json: { public: true } });

  // What members see of a list says so, and offers the way back.
  assert.match(await client.page('/lists/window'), /Everybody[\s\S]+name="public" value="false"/);
  assert.match(await client.page('/lists/wall'), /Members only[\s\S]+name="public" value="true"/);
  assert.equal((await client.json('/lists/window.json')).list.public, true);

  assert.deepEqual(Object.keys(json('lists/window.json').list), ['id', 'name', 'slug']);
  assert.deepEqual(json('lists.json').lists.map((list) => Object.keys(list).join()), ['id,name,slug,open,done']);
  assert.deepEqual(json('tags/glass.json').todos.map((todo) => todo.title), ['Look at this']);
  assert.deepEqual([json('index.json').open, json('index.json').done], [1, 1]);
  assert.deepEqual(json('index.json').due.map((todo) => todo.title), ['Look at this']);
  assert.deepEqual(json('index.json').finished.map((todo) => todo.title), ['and this']);
  assert.deepEqual(json(`todos/${id}.json`), await client.json(`/todos/${id}.json`));
  assert.match(text(`todos/${id}.html`), /<em>notes<\/em>/);
  for (const path of ['index.html', `todos/${id}.html`, 'lists/window.html', 'lists/window/1.html', 'tags/glass.html', 'open.html', 'done.html', '404.html']) {
    assert.doesNotMatch(text(path), /<form|History/, path);
    assert.match(text(path), /href="\/sign-in"/, path);
  }
  await client.must('DELETE', `/api/todos/${id}`);
  assert.ok(!existsSync(join(tree, `todos/${id}.html`)) && !existsSync(join(tree, `deleted/${id}.html`)));
});

test('where one signs in, and where one would sign out', async () => {
  const page = readFileSync(join(board.state, 'site/current/public/sign-in.html'), 'utf8');
  assert.match(page, /<form[^>]+method="post" action="\/api\/session">[\s\S]+type="password" name="passphrase"/);
  assert.doesNotMatch(await client.page('/sign-in'), /passphrase|Sign out/, 'on an open board there is nobody to sign out');

  // The generator of a closed one: members can sign out anywhere.
  const into = mkdtempSync(join(tmpdir(), 'writ-closed-'));
  try {
    await promisify(execFile)('db/with.sh', ['gen', 'sh', '-c', 'WRIT_OPEN=0 exec "$0" once --into "$1"', `${board.environment.BUILD}/writ-gen`, into],
      { cwd: root, env: board.environment });
    for (const path of ['sign-in.html', 'index.html', 'open.html'])
      assert.match(readFileSync(join(into, 'members', path), 'utf8'), /action="\/api\/session">\s*<input type="hidden" name="_method" value="DELETE">/, path);
    assert.doesNotMatch(readFileSync(join(into, 'public/index.html'), 'utf8'), /Sign out/);
  } finally {
    rmSync(into, { recursive: true });
  }
});

test('no page is ever torn or missing while it changes (promise 4)', async () => {
  const ids = [];
  for (let i = 0; i < 20; i++)
    ids.push((await client.create({ title: `steady ${i}`, list: 'Steady', tags: ['s'] })).id);
  const paths = ['/', '/open', '/open/1', '/lists', '/lists/steady', '/lists/steady/1', '/tags/s', '/tags/s/1', '/index.json',
                 '/lists/steady.json', '/lists/steady/1.json', ...ids.map((id) => `/todos/${id}`),
                 ...ids.map((id) => `/todos/${id}.json`)];
  let running = true, reads = 0;
  const readers = Array.from({ length: 8 }, async (_, k) => {
    for (let i = k; running; i += 7) {
      const path = paths[i % paths.length];
      const { status, text, data } = await client.get(path);
      assert.equal(status, 200, path);
      if (data === undefined)
        assert.match(text, /^<!doctype html>[\s\S]*<\/html>\s*$/i, path);
      reads++;
    }
  });
  const writers = Array.from({ length: 8 }, async (_, k) => {
    for (let i = 0; i < 60; i++)
      await client.must('PATCH', `/api/todos/${ids[(k + i * 3) % ids.length]}`, { json: { title: `steady ${'x'.repeat(i)}` } });
  });
  await Promise.all(writers);
  running = false;
  await Promise.all(readers);
  assert.ok(reads > 100, `${reads} reads`);
});

test('more than a bucket of todos: pages of at most 100, links that skip what is empty', async () => {
  const boxes = Array.from({ length: 350 }, (_, i) => `- [ ] item ${i + 1}\n`).join('');
  assert.equal((await client.import(`# Long\n${boxes}`)).status, 201);
  const todos = await client.todosOf('/lists/long');
  assert.equal(todos.length, 350);
  assert.equal((await client.json('/lists/long.json')).todos.length, 100);
  // Empty the second bucket: its page goes, its neighbours meet.
  await Promise.all(todos.slice(100, 200).map((todo) => client.must('DELETE', `/api/todos/${todo.id}`)));
  assert.equal((await client.get('/lists/long/2')).status, 404);
  assert.equal((await client.json('/lists/long/3.json')).previous, 1);
  assert.equal((await client.json('/lists/long/1.json')).next, 3);
  assert.match(await client.page('/lists/long/3'), /href="\/lists\/long\/1"/);
  // Its numbers never shift.
  assert.equal((await client.json('/lists/long/3.json')).todos[0].title, 'item 201');
  await client.must('POST', `/api/todos/${todos[150].id}/restore`);
  assert.equal((await client.json('/lists/long/3.json')).previous, 2);
  assert.equal((await client.json('/lists/long/2.json')).todos.length, 1);
  await incrementalIsFull();
});

test('make gen publishes the same again and rewrites nothing', async () => {
  const { id: old } = await client.create({ title: 'before a full build' });
  await client.settled();
  const file = join(board.state, `site/current/members/todos/${old}.html`);
  const other = join(board.state, 'site/current/members/open.html');
  const inodes = [statSync(file).ino, statSync(other).ino, statSync(other).mtimeMs];
  await board.gen(undefined);
  assert.deepEqual([statSync(file).ino, statSync(other).ino, statSync(other).mtimeMs], inodes);
  const { id } = await client.create({ title: 'after a full build' });
  assert.match(await client.page(`/todos/${id}`), /after a full build/);
  await incrementalIsFull();
});

test('reads survive everything else (promise 7)', async () => {
  const { id } = await client.create({ title: 'read on' });
  await client.settled();
  const paths = ['/', '/open', '/lists', '/lists/long', '/lists/long/1', '/tags', `/todos/${id}`, `/todos/${id}.json`,
                 '/open.json', '/lists/long.md', '/revision.json', '/done'];
  const served = new Map();
  for (const path of paths)
    served.set(path, (await client.get(path)).text);
  for (const name of ['api', 'gen', 'db'])
    await board.kill(name, 'SIGSTOP');
  try {
    for (const path of paths) {
      const answer = await client.get(path);
      assert.equal(answer.status, 200, path);
      assert.equal(answer.text, served.get(path), path);
    }
  } finally {
    for (const name of ['db', 'gen', 'api'])
      await board.kill(name, 'SIGCONT');
  }
  await sleep(100);
  await client.create({ title: 'alive again' });
});

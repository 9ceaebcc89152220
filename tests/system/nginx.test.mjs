/*
 * Nginx alone, before a tree and an API of the test's own: which file answers
 * which URL, with which headers.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, rm, unlink, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { eventually, freePort, freshState, request, root } from './harness.mjs';

let state, port, nginx, api;
const get = (target, headers) => request(port, 'GET', target, { headers });
const send = (method, target, body, headers) => request(port, method, target, { body, headers });

const tree = {
  'index.html': 'the board', 'index.json': '{}', 'index.md': '- [ ] é', '404.html': 'not here', '4xx.html': 'refused',
  '50x.html': 'later', 'todos/1.html': 'todo 1', 'todos/1.json': '{"id":1}', 'deleted/2.html': 'deleted 2',
  'lists.html': 'lists', 'lists/home.html': 'home', 'lists/home/3.html': 'home 3', 'lists/home.atom': '<feed/>',
  'lists/home.ics': 'BEGIN', 'lists/café.html': 'café', '.cursor': '17', '../revision.json': '{"revision":1}',
  'assets/style.0123456789abcdef.css': 'a{}'.repeat(1000), 'assets/style.css': 'a{}'.repeat(1000),
};

before(async () => {
  state = await freshState();
  port = await freePort();
  for (const [name, text] of Object.entries(tree)) {
    const file = path.join(state, 'site/current/members', name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  await mkdir(path.join(state, 'run'));
  await mkdir(path.join(state, 'log'));
  nginx = spawn('nginx/serve.sh', { cwd: root, env: { ...process.env, STATE: state, PORT: String(port) }, stdio: 'ignore' });
  await eventually(async () => (await get('/health')).status === 200, 'Nginx');
});

after(async () => {
  const ended = new Promise((resolve) => nginx.on('exit', resolve));
  nginx.kill('SIGTERM');
  await ended;
  await rm(state, { recursive: true, force: true });
});

test('pages have no extension', async () => {
  for (const [target, file] of [
    ['/', 'index.html'], ['/todos/1', 'todos/1.html'], ['/lists', 'lists.html'], ['/lists/home', 'lists/home.html'],
    ['/lists/home/3', 'lists/home/3.html'], ['/lists/caf%C3%A9', 'lists/café.html'], ['/todos/1?x=y', 'todos/1.html'],
  ]) {
    const { status, headers, text } = await get(target);
    assert.deepEqual([status, text, headers['content-type']], [200, tree[file], 'text/html; charset=utf-8'], target);
    assert.equal(headers['cache-control'], 'private, no-cache', target);
    assert.equal(headers['last-modified'], undefined, target);
    assert.match(headers.etag, /^"/, target);
    assert.match(headers['content-security-policy'], /default-src 'none'/, target);
    assert.equal(headers['x-content-type-options'], 'nosniff', target);
    assert.equal(headers['referrer-policy'], 'same-origin', target);
  }
});

test('twins have theirs, and a media type', async () => {
  for (const [target, type] of [
    ['/index.json', 'application/json'], ['/index.md', 'text/markdown; charset=utf-8'],
    ['/todos/1.json', 'application/json'], ['/lists/home.atom', 'application/atom+xml'],
    ['/lists/home.ics', 'text/calendar; charset=utf-8'], ['/revision.json', 'application/json'],
  ]) {
    const { status, headers, text } = await get(target);
    assert.deepEqual([status, text, headers['content-type']], [200, tree[target.slice(1)] ?? tree[`..${target}`], type]);
  }
});

test('close misses are sent to the one URL', async () => {
  for (const [target, location] of [
    ['/todos/1/', '/todos/1'], ['/todos/1.html', '/todos/1'], ['/index.html', '/'], ['/lists/?a=b', '/lists?a=b'],
    ['/todos/1.html?a=b', '/todos/1?a=b'], ['/x%0d%0aSet-Cookie:a/', '/x%0d%0aSet-Cookie:a'],
  ]) {
    const { status, headers } = await get(target);
    assert.deepEqual([status, headers.location], [308, location], target);
    assert.equal(headers['set-cookie'], undefined);
  }
});

test('nobody is sent to another host', async () => {
  for (const target of ['//evil.example/', '//evil.example/../../a/', '/\\evil.example/', '/%2fevil.example/', '//evil.example/..%2f../a/']) {
    const { status, headers } = await get(target);
    assert.deepEqual([status, headers.location], [404, undefined], target);
  }
});

test('what is not there is 404, with its page', async () => {
  for (const target of [
    '/nothing', '/todos/99', '/todos/99.json', '/index', '/404', '/4xx', '/50x', '/404.html', '/deleted', '/deleted/2',
    '/deleted/2.html', '/.cursor', '/todos/.x', '//', '//todos/1', '/todos//1', `/${'a'.repeat(300)}`, '/assets/none.0123456789abcdef.css',
  ]) {
    const { status, headers, text } = await get(target);
    assert.deepEqual([status, text], [404, 'not here'], target);
    assert.equal(headers['cache-control'], 'private, no-cache', target);
  }
});

test('a deleted todo is 410 until it is purged or restored', async () => {
  for (const target of ['/todos/2', '/todos/2.json']) {
    const { status, text, headers } = await get(target);
    assert.deepEqual([status, text], [410, 'deleted 2'], target);
    assert.equal(headers['cache-control'], 'private, no-cache');
  }
  const page = path.join(state, 'site/current/members/todos/2.html');
  await writeFile(page, 'restored');
  assert.equal((await get('/todos/2')).text, 'restored');
  await unlink(page);
  assert.equal((await get('/todos/2')).status, 410);
});

test('a refusal is a page of ours, with what the status asks for', async () => {
  for (const [method, target] of [['POST', '/'], ['DELETE', '/todos/1'], ['PUT', '/index.json'], ['PATCH', '/assets/style.css']]) {
    const { status, headers, text } = await send(method, target, 'x=y');
    assert.deepEqual([status, headers.allow, text], [405, 'GET, HEAD', 'refused'], `${method} ${target}`);
  }
  for (const [target, headers, expected] of [
    ['/../../etc/passwd', {}, 400], ['/a%00b', {}, 400], [`/${'a'.repeat(9000)}`, {}, 414], ['/', { x: 'a'.repeat(9000) }, 431],
  ]) {
    const { status, text } = await get(target, headers);
    assert.deepEqual([status, text], [expected, 'refused'], target.slice(0, 30));
  }
});

test('only a name with a hash is kept', async () => {
  assert.equal((await get('/assets/style.0123456789abcdef.css')).headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal((await get('/assets/style.css')).headers['cache-control'], 'private, no-cache');
});

test('a page that has not changed is 304; a date proves nothing', async () => {
  const { etag } = (await get('/')).headers;
  assert.equal((await get('/', { 'if-none-match': etag })).status, 304);
  assert.equal((await get('/', { 'if-none-match': '"other"' })).status, 200);
  assert.equal((await get('/', { 'if-modified-since': new Date(Date.now() + 1e9).toUTCString() })).status, 200);
});

test('text is compressed, and says so to caches', async () => {
  const { headers } = await get('/assets/style.css', { 'accept-encoding': 'gzip' });
  assert.deepEqual([headers['content-encoding'], headers.vary], ['gzip', 'Accept-Encoding']);
});

test('a new file is seen at once', async () => {
  const file = path.join(state, 'site/current/members/index.html');
  for (let i = 0; i < 50; i++) {
    await writeFile(file, `board ${i}`);
    assert.equal((await get('/')).text, `board ${i}`);
  }
  await writeFile(file, tree['index.html']);
});

test('without the API a write is 503, as a problem or as a page', async () => {
  const problem = await send('POST', '/api/todos', '{}');
  assert.deepEqual([problem.status, problem.headers['content-type'], problem.headers['retry-after']],
    [503, 'application/problem+json', '1']);
  assert.equal(problem.json().status, 503);
  const page = await send('POST', '/api/todos', 'title=x', { accept: 'text/html,*/*;q=0.8' });
  assert.deepEqual([page.status, page.text, page.headers['retry-after']], [503, 'later', '1']);
  assert.equal((await get('/')).status, 200);
});

test('the API gets what was sent, and its answer goes through as it is', async (t) => {
  const requests = [];
  api = http.createServer((req, res) => {
    let length = 0;
    req.on('data', (chunk) => (length += chunk.length));
    req.on('end', () => {
      requests.push({ method: req.method, url: req.url, length, headers: req.headers });
      const status = Number(/status=(\d+)/.exec(req.url)?.[1] ?? 200);
      res.writeHead(status, { 'retry-after': 7, allow: 'POST', 'cache-control': 'no-store', 'content-type': 'text/x' });
      res.end(`from the API ${status}`);
    });
  });
  await new Promise((resolve) => api.listen(path.join(state, 'run/api.sock'), resolve));
  t.after(() => { api.close(); api.closeAllConnections(); });

  for (const status of [200, 404, 405, 410, 500, 503]) {
    const answer = await send('DELETE', `/api/todos/1?status=${status}`);
    assert.deepEqual([answer.status, answer.text], [status, `from the API ${status}`]);
    assert.deepEqual([answer.headers['retry-after'], answer.headers.allow, answer.headers['cache-control']],
      ['7', 'POST', 'no-store']);
  }
  const [first] = requests;
  assert.equal(first.headers.host, `127.0.0.1:${port}`);
  assert.match(first.headers['x-request-id'], /^[0-9a-f]{32}$/);

  const limit = 128 * 1024;
  assert.equal((await send('POST', '/api/todos', 'x'.repeat(limit))).status, 200);
  assert.equal(requests.at(-1).length, limit);
  const count = requests.length;
  const refused = await send('POST', '/api/todos', 'x'.repeat(limit + 1));
  assert.deepEqual([refused.status, refused.headers['content-type']], [413, 'application/problem+json']);
  assert.equal((await send('POST', '/api/import', 'x'.repeat(1024 * 1024 + 1))).status, 413);
  assert.equal(requests.length, count);
  assert.equal((await send('POST', '/api/import', 'x'.repeat(1024 * 1024))).status, 200);
  assert.equal(requests.at(-1).length, 1024 * 1024);
});

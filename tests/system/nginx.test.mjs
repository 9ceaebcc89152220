/*
 * Nginx alone, before a tree and an API of the test's own: which file answers
 * which URL, with which headers.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdir, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { eventually, freePort, freshState, request, root } from './harness.mjs';

const members = {
  'index.html': 'the board', 'index.json': '{}', 'index.md': '- [ ] é', '404.html': 'not here', '4xx.html': 'refused',
  '50x.html': 'later', 'todos/1.html': 'todo 1', 'todos/1.json': '{"id":1}', 'deleted/2.html': 'deleted 2',
  'lists.html': 'lists', 'lists/home.html': 'home', 'lists/home/3.html': 'home 3', 'lists/home.atom': '<feed/>',
  'lists/home.ics': 'BEGIN', 'lists/café.html': 'café', '.cursor': '17',
  'assets/style.0123456789abcdef.css': 'a{}'.repeat(1000), 'assets/style.css': 'a{}'.repeat(1000),
};
const publicTree = {
  'index.html': 'to guests', '404.html': 'no such page', '4xx.html': 'not so', '50x.html': 'not now', 'lists/home.html': 'for all',
};
const files = Object.fromEntries([
  ...Object.entries(members).map(([name, text]) => [`members/${name}`, text]),
  ...Object.entries(publicTree).map(([name, text]) => [`public/${name}`, text]), ['revision.json', '{"revision":1}'],
]);

/* Nginx before these files. */
async function startNginx(env) {
  const state = await freshState(), port = await freePort();
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(state, 'site/current', name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
    await utimes(file, 2, name.startsWith('members') ? 2 : 3); // as the generator does
  }
  await mkdir(path.join(state, 'site/keys'));
  const child = spawn('nginx/serve.sh', { cwd: root, env: { ...process.env, ...env, STATE: state, PORT: String(port) }, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  await eventually(async () => (await request(port, 'GET', '/health')).status === 200, 'Nginx');
  return {
    state, port,
    get: (target, headers) => request(port, 'GET', target, { headers }),
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(state, { recursive: true, force: true });
    },
  };
}

/* An API that answers with the status in the URL. */
async function startApi(state, handle) {
  const server = http.createServer(handle);
  const socket = path.join(state, 'run/api/api.sock');
  await new Promise((resolve) => server.listen(socket, resolve));
  await chmod(socket, 0o666);
  return { stop() { server.close(); server.closeAllConnections(); } };
}

let open, closed, state, port;
const get = (target, headers) => open.get(target, headers);
const send = (method, target, body, headers) => request(port, method, target, { body, headers });
const tree = { ...members, '../revision.json': files['revision.json'] };

before(async () => {
  [open, closed] = await Promise.all(['1', '0'].map((WRIT_OPEN) => startNginx({ WRIT_OPEN })));
  ({ state, port } = open);
});

after(() => Promise.all([open?.stop(), closed?.stop()]));

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
    assert.equal(headers.vary, 'Cookie, Authorization', target);
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
  assert.equal(headers['content-encoding'], 'gzip');
  assert.match(headers.vary, /Accept-Encoding/);
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
  const api = await startApi(state, (req, res) => {
    let length = 0;
    req.on('data', (chunk) => (length += chunk.length));
    req.on('end', () => {
      requests.push({ method: req.method, url: req.url, length, headers: req.headers });
      const status = Number(/status=(\d+)/.exec(req.url)?.[1] ?? 200);
      res.writeHead(status, { 'retry-after': 7, allow: 'POST', 'cache-control': 'no-store', 'content-type': 'text/x' });
      res.end(`from the API ${status}`);
    });
  });
  t.after(api.stop);

  const lies = { 'x-real-ip': '192.0.2.1', 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.1', 'x-forwarded-host': 'x' };
  for (const status of [200, 404, 405, 410, 500, 503]) {
    const answer = await send('DELETE', `/api/todos/1?status=${status}`, undefined, { cookie: 'writ=1', ...lies });
    assert.deepEqual([answer.status, answer.text], [status, `from the API ${status}`]);
    assert.deepEqual([answer.headers['retry-after'], answer.headers.allow, answer.headers['cache-control']],
      ['7', 'POST', 'no-store']);
  }
  const [first] = requests;
  assert.equal(first.headers.host, `127.0.0.1:${port}`);
  assert.match(first.headers['x-request-id'], /^[0-9a-f]{32}$/);
  const told = Object.keys(lies).map((name) => first.headers[name]);
  assert.deepEqual(told, ['127.0.0.1', 'http', undefined, undefined, undefined], 'what clients say of themselves goes nowhere');
  assert.equal(first.headers.cookie, 'writ=1');

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

/* ---- who gets which tree */

const key = '0123456789abcdef'.repeat(4), other = 'f'.repeat(64), secret = '9'.repeat(64);
const keyFile = (name) => path.join(closed.state, 'site/keys', name);
const page = async (headers) => (await closed.get('/', headers)).text;

test('a reading key that has a file gets the members\' tree, until it has none', async () => {
  const sent = [
    { cookie: `writ-read=${key}` }, { cookie: `__Host-writ-read=${key}` }, { cookie: `a=b; writ=${other}; writ-read=${key}; c=d` },
    { cookie: `writ-read=old; __Host-writ-read=${key}` }, { cookie: `__Host-writ-read=${key}; writ-read=${other}` },
    { authorization: `Bearer writ_${key}_${secret}` }, { authorization: `bearer writ_${key}_${secret}` },
    { authorization: `Bearer writ_${key}_${secret}`, cookie: `writ-read=${other}` }, { authorization: 'Basic eDp5', cookie: `writ-read=${key}` },
  ];
  for (const headers of sent) assert.equal(await page(headers), 'to guests', JSON.stringify(headers));
  await writeFile(keyFile(key), '');
  for (const headers of sent) assert.equal(await page(headers), 'the board', JSON.stringify(headers));
  assert.equal(await page({}), 'to guests');
  await unlink(keyFile(key));
  for (const headers of sent) assert.equal(await page(headers), 'to guests', JSON.stringify(headers));
});

test('nothing but a key is one', async (t) => {
  const long = 'a'.repeat(128), upper = key.toUpperCase();
  for (const name of [key, long, 'abc', 'G'.repeat(64), upper]) await writeFile(keyFile(name), '');
  t.after(() => Promise.all([key, long, 'abc', 'G'.repeat(64), upper].map((name) => unlink(keyFile(name)))));
  const values = [
    '', '.', '..', 'none', 'abc', long, upper, 'G'.repeat(64), key.slice(1), `${key}0`, ` ${key}x`, `${key}/`, `${key}/.`, `./${key}`, `../keys/${key}`,
    `..%2fkeys%2f${key}`, `%30${key.slice(1)}`, `${key}%00`, `"${key}"`, `${key}\\`, `x${key}`, '../current/members/index.html', '../../run/env', '*', `${key.slice(2)}??`,
    `/${key}`, `${key},${key}`, '$key', '${reading_key}',
  ];
  for (const value of values) {
    for (const name of ['writ-read', '__Host-writ-read']) assert.equal(await page({ cookie: `${name}=${value}` }), 'to guests', value);
    assert.equal(await page({ authorization: `Bearer writ_${value}_${secret}` }), 'to guests', value);
  }
  for (const headers of [
    { cookie: `xwrit-read=${key}` }, { cookie: `writ-readx=${key}` }, { cookie: `writ=${key}` }, { cookie: key }, { cookie: `Writ-Read=${key}` },
    { authorization: key }, { authorization: `Bearer ${key}` }, { authorization: `Bearer writ_${key}` }, { authorization: `Basic writ_${key}_${secret}` },
    { authorization: `Bearer xwrit_${key}_${secret}` }, { authorization: `Bearer WRIT_${key}_${secret}` }, { 'x-reading-key': key }, { tree: 'members' },
  ]) assert.equal(await page(headers), 'to guests', JSON.stringify(headers));
  for (const target of [`/?writ-read=${key}`, `/?tree=members`, '/?reading_key=' + key]) assert.equal((await closed.get(target)).text, 'to guests');
  assert.equal(await page({ cookie: `writ-read=${key}` }), 'the board', 'but this is');
});

test('a guest has pages of his own, also when refused, and none of what is private', async (t) => {
  await writeFile(keyFile(key), '');
  t.after(() => unlink(keyFile(key)));
  const member = { cookie: `writ-read=${key}` };
  for (const [target, guests, ours] of [
    ['/lists/home', [200, 'for all'], [200, 'home']], ['/todos/1', [404, 'no such page'], [200, 'todo 1']], ['/todos/1.json', [404, 'no such page'], [200, '{"id":1}']],
    ['/todos/2', [404, 'no such page'], [410, 'deleted 2']], ['/todos/2.json', [404, 'no such page'], [410, 'deleted 2']], ['/todos/3', [404, 'no such page'], [404, 'not here']],
    ['/a%00b', [400, 'not so'], [400, 'not so']], /* refused before any header is read */
    ['/members/index.html', [308, undefined], [308, undefined]],
    ['/members/index', [404, 'no such page'], [404, 'not here']], ['/keys/' + key, [404, 'no such page'], [404, 'not here']],
    ['/..%2fmembers/index.json', [400, 'not so'], [400, 'not so']], ['/a/..%2f..%2fmembers%2findex.json', [400, 'not so'], [400, 'not so']],
    ['/%2e%2e/members/index.json', [400, 'not so'], [400, 'not so']], ['/revision.json', [200, '{"revision":1}'], [200, '{"revision":1}']],
  ]) {
    for (const [headers, [status, text]] of [[{}, guests], [member, ours]]) {
      const answer = await closed.get(target, headers);
      assert.deepEqual([answer.status, text === undefined ? text : answer.text], [status, text], `${target} ${JSON.stringify(headers)}`);
    }
  }
  for (const [accept, text] of [['text/html', 'not now'], ['*/*', undefined]]) {
    const answer = await request(closed.port, 'POST', '/api/todos', { headers: { accept } });
    assert.equal(answer.status, 503);
    if (text) assert.equal(answer.text, text);
  }
  for (const [headers, cached] of [[{}, 'no-cache'], [member, 'private, no-cache']])
    for (const target of ['/', '/todos/99', '/todos/2', '/revision.json'])
      assert.equal((await closed.get(target, headers)).headers['cache-control'], cached, target);
  /* What a member has kept is of no use when he has left. */
  const { headers: { etag } } = await closed.get('/', member);
  assert.equal((await closed.get('/', { ...member, 'if-none-match': etag })).status, 304);
  const left = await closed.get('/', { 'if-none-match': etag });
  assert.deepEqual([left.status, left.text], [200, 'to guests']);
});

/* ---- what goes with every answer */

/* Sends bytes as they are: the status and headers of the answer, a list, since one may stand twice. */
function raw(at, bytes) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(at, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setTimeout(5000, () => socket.destroy(new Error(`no answer to ${JSON.stringify(bytes.toString().slice(0, 60))}`)));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.destroy();
      const [first, ...lines] = text.slice(0, end).split('\r\n');
      const headers = lines.map((line) => /^([^:]+): ?(.*)$/.exec(line).slice(1)).map(([name, value]) => [name.toLowerCase(), value]);
      resolve({ status: Number(first.split(' ')[1]), headers });
    });
  });
}

const always = {
  'content-security-policy': "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'same-origin', 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', server: 'nginx',
};

test('every answer says what a browser may do with it, once, and nothing of versions', async (t) => {
  const statuses = [200, 201, 202, 303, 400, 401, 403, 404, 405, 409, 410, 411, 412, 413, 415, 422, 429, 500, 503, 507];
  const api = await startApi(closed.state, (req, res) => {
    res.writeHead(Number(/\d+$/.exec(req.url)?.[0] ?? 404), { server: 'h2o/2.2.5', 'x-powered-by': 'h2o' });
    res.end();
  });
  t.after(api.stop);
  await writeFile(keyFile(key), '');
  t.after(() => unlink(keyFile(key)));
  const { headers: { etag } } = await closed.get('/');
  const ask = (target, headers = '', method = 'GET') => `${method} ${target} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;
  const member = `Cookie: writ-read=${key}\r\n`;

  const kinds = [
    [200, ask('/')], [200, ask('/', member)], [200, ask('/', '', 'HEAD')], [200, ask('/index.md', member)], [200, ask('/revision.json')], [200, ask('/health')],
    [200, ask('/assets/style.0123456789abcdef.css', member)], [200, ask('/assets/style.css', `Accept-Encoding: gzip\r\n${member}`)],
    [200, ask('/', 'Range: bytes=0-1\r\n')], [200, ask('/', 'Range: bytes=99999-\r\n')], [304, ask('/', `If-None-Match: ${etag}\r\n`)],
    [308, ask('/lists/')], [308, ask('/lists.html')], [308, ask('/index.html')], [404, ask('/nothing')], [404, ask('/api')], [404, ask('//')], [410, ask('/todos/2', member)],
    [400, ask('/../..')], [400, ask('/a%00b')], [400, 'GET / HTTP/1.1\r\n\r\n'], [400, ask('/', 'Host: b\r\n')], [400, ask('/', 'Content-Length: x\r\n', 'POST')],
    [400, 'garbage\r\n\r\n'], [400, Buffer.from('160301020001000200', 'hex')], [400, '\r\n\0\r\n'], [400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], [400, ask('/api/todos', 'Transfer-Encoding: chunked\r\nContent-Length: 1\r\n', 'POST')],
    [400, `POST /api/todos HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n`],
    [405, ask('/', '', 'POST')], [405, ask('/todos/1', member, 'PUT')], [405, ask('/', '', 'TRACE')], [405, ask('/health', '', 'CONNECT')],
    [412, ask('/', 'If-Match: "x"\r\n')], [414, ask(`/${'a'.repeat(9000)}`)], [431, ask('/', `X: ${'a'.repeat(9000)}\r\n`)],
    [431, ask('/', `Cookie: ${'a'.repeat(9000)}\r\n`)], [413, ask('/api/todos', `Content-Length: ${128 * 1024 + 1}\r\n`, 'POST')],
    [413, ask('/api/todos', `Accept: text/html\r\nContent-Length: 9999999\r\n`, 'POST')], [501, ask('/api/todos', 'Transfer-Encoding: gzip\r\n', 'POST')],
    [505, 'GET / HTTP/3.0\r\nHost: a\r\n\r\n'], ...statuses.map((status) => [status, ask(`/api/${status}`, 'Content-Length: 0\r\n', 'POST')]),
  ];
  const without = [[503, ask('/api/todos', 'Content-Length: 0\r\n', 'POST')], [503, ask('/api', 'Accept: text/html\r\n')], [503, ask('/api/import', 'Content-Length: 0\r\n', 'POST')]];
  const check = async ([status, bytes]) => {
    const what = `${status} ${bytes.toString().slice(0, 40)}`;
    const answer = await raw(closed.port, bytes);
    assert.equal(answer.status, status, what);
    for (const [name, value] of Object.entries(always))
      assert.deepEqual(answer.headers.filter(([header]) => header === name).map(([, said]) => said), [value], `${what}: ${name}`);
    assert.doesNotMatch(JSON.stringify(answer.headers), /last-modified|nginx\/|h2o\/\d/, what);
  };
  for (const kind of kinds) await check(kind);
  api.stop();
  for (const kind of without) await check(kind);
});

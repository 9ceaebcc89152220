// Signing in and out: what cookies are given, when they end, what is stored of them; that a crowd at the door keeps
// nobody from writing; and that a form which somebody has to sign in for is not lost.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { parse, defaultTreeAdapter as dom } from 'parse5';
import { Client } from './client.mjs';
import { eventually, root } from './harness.mjs';
import { asPage, bearer, cookiesOf, direct, newToken, owner, PASSPHRASE, run, setPassphrase, signIn, startClosedBoard } from './owner.mjs';

let board, client;
before(async () => {
  board = await startClosedBoard({ WRIT_RATE: '0' });
  client = new Client(board.url);
});
after(() => board?.stop());

const todo = { json: { title: 'A todo' } };
const write = (jar, options = {}) => direct(board, 'POST', '/api/todos', { ...todo, ...options, headers: { ...asPage(jar), ...options.headers } });
const todos = async () => Number((await board.sql('SELECT COUNT(*) AS n FROM todo'))[0].n);

// Every address is good for a few failures: each test has one of its own.
let addresses = 0;
const newAddress = () => `198.51.100.${++addresses}`;

// The form of a page that goes to `action`: its fields, as a browser would send them.
function formOf(html, action) {
  const fields = {};
  let found = false;
  const attributes = (node) => Object.fromEntries((node.attrs ?? []).map(({ name, value }) => [name, value]));
  const walk = (node, inside) => {
    const { name, value, action: to } = attributes(node);
    if (node.nodeName === 'form') inside = to === action;
    found ||= inside;
    if (inside && name && node.nodeName === 'input') fields[name] = value ?? '';
    if (inside && name && node.nodeName === 'textarea') fields[name] = node.childNodes.map((text) => text.value).join('');
    if (inside && node.nodeName === 'select')
      fields[name] = attributes(node.childNodes.find((option) => 'selected' in attributes(option)) ?? {}).value ?? '';
    for (const child of dom.getChildNodes(node) ?? []) walk(child, inside);
  };
  walk(parse(html), false);
  assert.ok(found, `there is no form to ${action} in ${html}`);
  return fields;
}

test('without a passphrase nobody signs in, and is told why', async () => {
  await board.sql('DELETE FROM owner'); // the first start has set one
  const answer = await direct(board, 'POST', '/api/session', { json: { passphrase: 'anything at all' }, headers: asPage() });
  assert.equal(answer.status, 401);
  assert.match(answer.data.detail, /make passphrase/);
  await setPassphrase(board);
});

test('nobody writes without a credential, whatever else is wrong with it', async () => {
  for (const [method, path, body] of [
    ['POST', '/api/todos', { title: 'x' }], ['POST', '/api/todos', '{'], ['PATCH', '/api/todos/1', { title: 'x' }], ['DELETE', '/api/todos/1'],
    ['DELETE', '/api/todos/1?purge=1'], ['DELETE', '/api/todos/1?purge=2'], ['POST', '/api/todos/1/restore'], ['PATCH', '/api/lists/inbox', { name: 'x' }],
    ['DELETE', '/api/lists/inbox'], ['POST', '/api/import', 'not JSON'],
  ]) {
    const answer = await direct(board, method, path, { json: body });
    assert.equal(answer.status, 401, `${method} ${path}: ${answer.text}`);
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
    assert.match(answer.headers['content-type'], /^application\/problem\+json/);
  }
  assert.equal((await direct(board, 'POST', '/api/nothing')).status, 404);
  assert.equal((await direct(board, 'GET', '/api/todos')).status, 405);
  assert.equal((await direct(board, 'GET', '/api/health')).status, 200);
  assert.equal((await client.post('/api/todos', { title: 'through Nginx' })).status, 401);
  assert.equal(await todos(), 0);
});

test('the owner signs in with the passphrase and writes, through Nginx', async () => {
  const origin = { origin: board.url };
  const wrong = await client.send('POST', '/api/session', { form: { passphrase: 'something else' }, headers: origin });
  assert.equal(wrong.status, 401);
  assert.equal(wrong.headers.get('set-cookie'), null);
  const right = await client.send('POST', '/api/session', { form: { passphrase: PASSPHRASE, next: '/open' }, headers: origin });
  assert.equal(right.status, 303, right.text);
  assert.equal(right.headers.get('location'), '/open');
  assert.equal(right.headers.get('cache-control'), 'no-store');
  const cookie = right.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
  const { id } = await client.must('POST', '/api/todos', { json: { title: 'Mine' }, headers: { cookie, ...origin } });
  const [{ actor }] = await board.sql(`SELECT actor FROM \`change\` WHERE todo_id = ${id}`);
  assert.equal(actor, 'owner');
});

test('as JSON too; what is wrong with the fields is said', async () => {
  const send = (json) => direct(board, 'POST', '/api/session', { json, headers: asPage(), address: newAddress() });
  const right = await send({ passphrase: PASSPHRASE });
  assert.deepEqual([right.status, right.data], [200, { signed_in: true }]);
  assert.equal((await write(cookiesOf(right))).status, 201);
  for (const [json, field] of [[{}, 'passphrase'], [{ passphrase: '' }, 'passphrase'], [{ passphrase: 7 }, 'passphrase'],
    [{ passphrase: 'x'.repeat(1025) }, 'passphrase'], [{ passphrase: 'x', remember: true }, 'remember'], [{ passphrase: 'x', 'kept.title': 'y' }, 'kept.title']]) {
    const answer = await send(json);
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.data.errors[0].field, field);
  }
  assert.equal((await send('{')).status, 400);
});

for (const [scheme, prefix] of [['http', ''], ['https', '__Host-']])
  test(`the cookies over ${scheme}`, async () => {
    const jar = await signIn(board, { scheme });
    assert.deepEqual(Object.keys(jar).sort(), [`${prefix}writ`, `${prefix}writ-read`]);
    for (const { value, ...attributes } of Object.values(jar)) {
      assert.match(value, /^[0-9a-f]{64}$/);
      const expected = { path: '/', 'max-age': '2592000', httponly: true, samesite: 'Strict' };
      assert.deepEqual(attributes, scheme === 'https' ? { ...expected, secure: true } : expected);
    }
    const [{ reading_key: key, days }] = await board.sql('SELECT reading_key, DATEDIFF(expires, created) AS days FROM credential ORDER BY created DESC LIMIT 1');
    assert.equal(jar[`${prefix}writ-read`].value, key);
    assert.equal(days, '30');
    assert.equal((await write(jar, { scheme })).status, 201);
    // A cookie of plain HTTP is not believed over HTTPS, nor the other way round.
    assert.equal((await write(jar, { scheme: scheme === 'http' ? 'https' : 'http' })).status, 401);
  });

test('each sign-in has a new id, and ends the session that the browser had', async () => {
  const first = await signIn(board), second = await signIn(board);
  assert.notEqual(first.writ.value, second.writ.value);
  assert.notEqual(first['writ-read'].value, second['writ-read'].value);
  assert.equal((await write(first)).status, 201, 'another browser');
  const third = await signIn(board, { headers: asPage(first) });
  assert.equal((await write(first)).status, 401);
  assert.equal((await write(second)).status, 201);
  assert.equal((await write(third)).status, 201);
  // A browser cannot choose its id.
  const planted = { writ: { value: 'ab'.repeat(32) } };
  assert.notEqual((await signIn(board, { headers: asPage(planted) })).writ.value, planted.writ.value);
  assert.equal((await write(planted)).status, 401);
});

test('signing out ends the session and clears the cookies', async () => {
  for (const [method, body, status] of [['DELETE', {}, 200], ['POST', { form: { _method: 'DELETE' } }, 303]]) {
    const jar = await signIn(board);
    const answer = await direct(board, method, '/api/session', { ...body, headers: asPage(jar) });
    assert.equal(answer.status, status, answer.text);
    if (status === 303) assert.equal(answer.headers.location, '/');
    else assert.deepEqual(answer.data, { signed_in: false });
    for (const name of ['writ', 'writ-read']) assert.deepEqual([cookiesOf(answer)[name].value, cookiesOf(answer)[name]['max-age']], ['', '0']);
    assert.equal((await write(jar)).status, 401);
    assert.equal((await board.sql(`SELECT COUNT(*) AS n FROM credential WHERE reading_key = '${jar['writ-read'].value}'`))[0].n, '0');
    assert.equal((await direct(board, method, '/api/session', { ...body, headers: asPage(jar) })).status, status, 'once more does no harm');
  }
});

test('reading begins and ends with the answer, and does not wait long for a generator that is away', async () => {
  const file = (jar) => `${board.state}/site/keys/${jar['writ-read'].value}`;
  for (let i = 0; i < 5; i++) {
    const jar = await signIn(board);
    assert.ok(existsSync(file(jar)));
    await direct(board, 'DELETE', '/api/session', { headers: asPage(jar) });
    assert.ok(!existsSync(file(jar)));
  }
  await board.kill('gen', 'SIGSTOP');
  let jar;
  try {
    const start = Date.now();
    jar = await signIn(board);
    const took = Date.now() - start;
    assert.ok(took >= 1900 && took < 3000, `${took} ms`);
    assert.equal((await write(jar, { headers: { prefer: 'respond-async' } })).status, 202, 'it counts already');
  } finally {
    await board.kill('gen', 'SIGCONT');
  }
  await eventually(() => existsSync(file(jar)), 'the key');
});

test('a session that has expired is none, and goes with the next sign-in', async () => {
  const jar = await signIn(board);
  const row = `WHERE reading_key = '${jar['writ-read'].value}'`;
  assert.equal((await write(jar)).status, 201);
  await board.sql(`UPDATE credential SET expires = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND ${row}`);
  const answer = await write(jar);
  assert.equal(answer.status, 401);
  assert.equal(answer.headers['www-authenticate'], 'Bearer');
  await signIn(board);
  assert.equal((await board.sql(`SELECT COUNT(*) AS n FROM credential ${row}`))[0].n, '0');
});

test('a new passphrase ends all sessions, and no token', async () => {
  const jar = await signIn(board), token = await newToken(board, 'stays');
  await setPassphrase(board, 'another passphrase');
  assert.equal((await write(jar)).status, 401);
  assert.equal((await write({}, { headers: bearer(token) })).status, 201);
  const old = await direct(board, 'POST', '/api/session', { form: { passphrase: PASSPHRASE }, headers: asPage(), address: newAddress() });
  assert.equal(old.status, 401);
  await setPassphrase(board);
  await signIn(board);
});

test('a passphrase that cannot be one is refused with a sentence', async () => {
  for (const input of ['', '\n', 'seven77\n', `${'x'.repeat(1025)}\n`, Buffer.from('caf\xe9 caf\xe9 caf\xe9\n', 'latin1'), 'with a\ttab in it\n']) {
    const { status, err } = await owner(board, ['passphrase'], input);
    assert.equal(status, 1, JSON.stringify(String(input)));
    assert.match(err, /^writ-api: [A-Z].*\.\n$/);
  }
  await signIn(board);
  for (const passphrase of ['eight888', 'x'.repeat(1024), 'Füße, ein Satz']) {
    await setPassphrase(board, passphrase);
    await signIn(board, { form: { passphrase } });
  }
  await setPassphrase(board);
});

test('on a terminal the passphrase is asked for twice, and not shown', async () => {
  const ask = (...lines) => new Promise((resolve) => {
    const command = `db/with.sh api '${board.environment.BUILD}/writ-api' passphrase`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: root, env: board.environment });
    let said = '', answered = 0;
    child.stdout.on('data', (text) => {
      said += text;
      // Once the prompt is there nothing is echoed any more.
      if (said.split(/: /).length - 1 > answered && lines.length) { answered++; child.stdin.write(lines.shift()); }
    });
    child.on('close', (status) => resolve({ status, said }));
  });
  const good = await ask('a spoken passphrase\n', 'a spoken passphrase\n');
  assert.equal(good.status, 0, good.said);
  assert.match(good.said, /The new passphrase: .*The same once more: .*is set/s);
  assert.doesNotMatch(good.said, /spoken/);
  await signIn(board, { form: { passphrase: 'a spoken passphrase' } });
  const different = await ask('one passphrase\n', 'another passphrase\n');
  assert.equal(different.status, 1);
  assert.match(different.said, /not the same twice/);
  assert.doesNotMatch(different.said, /one passphrase|another passphrase/);
  const interrupted = await ask('\x03');
  assert.notEqual(interrupted.status, 0);
  await signIn(board, { form: { passphrase: 'a spoken passphrase' } });
  await setPassphrase(board);
});

test('only hashes are stored, anywhere', async () => {
  const jar = await signIn(board), token = await newToken(board, 'searched for');
  const [{ passphrase }] = await board.sql('SELECT passphrase FROM owner');
  assert.match(passphrase, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  await board.sql('FLUSH TABLES');
  const secrets = [jar.writ.value, token.slice(-64)];
  const stored = (await board.sql('SELECT HEX(hash) AS hash FROM credential')).map(({ hash }) => hash.toLowerCase());
  for (const secret of secrets) {
    const bytes = Buffer.from(secret, 'hex');
    for (const plain of [secret, ...['blake2b512', 'sha256'].map((name) => createHash(name).update(bytes).digest('hex').slice(0, 64))])
      assert.ok(!stored.includes(plain), 'it says nothing without SECRET_KEY');
  }
  const { out } = await run('grep', ['-rlaFs', '-e', PASSPHRASE, ...secrets.flatMap((secret) => ['-e', secret]), `${board.state}/db`, `${board.state}/log`, `${board.state}/site`],
    { env: process.env });
  assert.equal(out, '', 'a secret stands in a file');
  const files = await run('find', [`${board.state}/db`, '-name', 'ib_logfile*', '-o', '-name', 'credential.ibd'], { env: process.env });
  for (const file of files.out.trim().split('\n')) {
    const bytes = await readFile(file);
    for (const secret of secrets) assert.ok(!bytes.includes(Buffer.from(secret, 'hex')), file);
  }
});

test('64 sign in at once: writes go on in time, and memory stays', { timeout: 120_000 }, async () => {
  const token = await newToken(board, 'busy');
  const memory = async () => Number(/^VmHWM:\s+(\d+) kB/m.exec(await readFile(`/proc/${await board.pid('api')}/status`, 'utf8'))[1]);
  await writeFile(`/proc/${await board.pid('api')}/clear_refs`, '5'); // the peak begins anew
  const before = await memory();
  let signingIn = true, slowest = 0, writes = 0;
  const writing = (async () => {
    while (signingIn) {
      const start = performance.now();
      assert.equal((await write({}, { headers: bearer(token) })).status, 201);
      slowest = Math.max(slowest, performance.now() - start);
      writes++;
    }
  })();
  const start = performance.now();
  const jars = await Promise.all(Array.from({ length: 64 }, () => signIn(board)));
  const took = performance.now() - start;
  signingIn = false;
  await writing;
  const grown = await memory() - before;
  console.log(`# 64 sign-ins in ${took.toFixed()} ms; ${writes} writes meanwhile, the slowest ${slowest.toFixed()} ms; ${grown} kB more at most`);
  assert.equal(new Set(jars.map((jar) => jar.writ.value)).size, 64);
  assert.ok(writes > 20, `${writes} writes only`);
  assert.ok(slowest < 1000, `a write took ${slowest} ms`);
  if (!process.env.SAN) assert.ok(grown < 128 * 1024, `${grown} kB`);
});

test('failures are limited, by address, and nothing else is', async () => {
  const address = newAddress();
  const attempt = (passphrase, from = address) => direct(board, 'POST', '/api/session', { json: { passphrase }, headers: asPage(), address: from });
  for (let i = 0; i < 20; i++) assert.equal((await attempt(PASSPHRASE)).status, 200, 'success costs nothing');
  for (let i = 0; i < 5; i++) assert.equal((await attempt('guess number one')).status, 401);
  for (const passphrase of ['guess number two', PASSPHRASE]) {
    const answer = await attempt(passphrase);
    assert.equal(answer.status, 429, 'the right one too');
    const wait = Number(answer.headers['retry-after']);
    assert.ok(wait >= 1 && wait <= 10, `Retry-After: ${wait}`);
  }
  assert.equal((await attempt(PASSPHRASE, newAddress())).status, 200);
  await eventually(async () => (await attempt(PASSPHRASE)).status === 200, 'one more attempt to be allowed', 12_000);
});

test('many guesses at once are no more than a few', async () => {
  const address = newAddress();
  const answers = await Promise.all(Array.from({ length: 40 }, () =>
    direct(board, 'POST', '/api/session', { json: { passphrase: 'all at once' }, headers: asPage(), address })));
  const count = (status) => answers.filter((answer) => answer.status === status).length;
  assert.deepEqual([count(401), count(429)], [5, 35]);
});

test('more at the door than can wait are told so', async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, () =>
    direct(board, 'POST', '/api/session', { json: { passphrase: PASSPHRASE }, headers: asPage() })));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))].sort(), [200, 503]);
  for (const { status, headers } of answers) if (status === 503) assert.ok(Number(headers['retry-after']) >= 1);
});

// ---- a form without a session

const typed = {
  title: 'A "long" <title> & more', notes: 'line one\n\n\n- [ ] line four & <b>\n"quoted"', list: 'Küche', tags: 'a, b', priority: '2',
  due: '2026-12-01', next: '/lists/k%C3%BCche',
};

for (const [what, cookie] of [['no session', async () => ({})], ['a session that has ended', async () => {
  const jar = await signIn(board);
  await direct(board, 'DELETE', '/api/session', { headers: asPage(jar) });
  return jar;
}]])
  test(`a form with ${what} is kept through the sign-in, and comes back`, async () => {
    const before = await todos(), address = newAddress();
    let page = await direct(board, 'POST', '/api/todos', { form: typed, headers: asPage(await cookie()), address });
    assert.equal(page.status, 401, page.text);
    assert.match(page.headers['content-type'], /^text\/html/);
    for (const passphrase of ['not this', 'nor that']) { // kept, however often
      page = await direct(board, 'POST', '/api/session', { form: { ...formOf(page.text, '/api/session'), passphrase }, headers: asPage(), address });
      assert.equal(page.status, 401, page.text);
    }
    const fields = formOf(page.text, '/api/session');
    assert.equal(fields['kept.notes'], typed.notes);
    assert.doesNotMatch(page.text, /nor that/);
    page = await direct(board, 'POST', '/api/session', { form: { ...fields, passphrase: PASSPHRASE }, headers: asPage(), address });
    assert.equal(page.status, 200, page.text);
    assert.doesNotMatch(page.text, new RegExp(PASSPHRASE));
    assert.equal(await todos(), before, 'nothing was stored yet');
    const again = formOf(page.text, '/api/todos');
    assert.deepEqual(again, typed);
    const stored = await direct(board, 'POST', '/api/todos', { form: again, headers: asPage(cookiesOf(page)) });
    assert.equal(stored.status, 303, stored.text);
    assert.match(stored.headers.location, /^\/lists\/k%C3%BCche#todo-\d+$/);
    const [{ title, notes }] = await board.sql('SELECT title, notes FROM todo ORDER BY id DESC LIMIT 1');
    assert.deepEqual({ title, notes }, { title: typed.title, notes: typed.notes });
  });

test('an edit, a line of quick add and a button are kept as well', async () => {
  const jar = await signIn(board);
  const { id } = (await write(jar)).data;
  const through = async (path, form) => {
    const refused = await direct(board, 'POST', path, { form });
    assert.equal(refused.status, 401);
    const page = await direct(board, 'POST', '/api/session', { form: { ...formOf(refused.text, '/api/session'), passphrase: PASSPHRASE }, headers: asPage() });
    assert.equal(page.status, 200, page.text);
    return direct(board, 'POST', path, { form: formOf(page.text, path), headers: asPage(cookiesOf(page)) });
  };
  const field = async (name) => (await board.sql(`SELECT ${name} AS value FROM todo WHERE id = ${id}`))[0].value;

  assert.equal((await through(`/api/todos/${id}`, { _method: 'PATCH', version: '1', title: 'Edited & kept', notes: '', list: '', tags: '', priority: '', due: '' })).status, 303);
  assert.equal(await field('title'), 'Edited & kept');
  const stale = await through(`/api/todos/${id}`, { _method: 'PATCH', version: '1', title: 'Too late', notes: '', list: '', tags: '', priority: '', due: '' });
  assert.equal(stale.status, 412, 'its version is kept too');
  assert.equal((await through(`/api/todos/${id}`, { _method: 'PATCH', version: '2', next: '/', done: 'true' })).headers.location, `/#todo-${id}`);
  assert.equal(await field('state'), '2');
  assert.equal((await through(`/api/todos/${id}`, { _method: 'DELETE' })).status, 303);
  assert.equal(await field('state'), '3');
  assert.equal((await through(`/api/todos/${id}/restore`, {})).status, 303);
  assert.equal(await field('state'), '2');
  assert.equal((await through('/api/todos', { quick: 'Buy "milk" #home !1' })).status, 303);
  const [{ title, priority }] = await board.sql('SELECT title, priority FROM todo ORDER BY id DESC LIMIT 1');
  assert.deepEqual({ title, priority }, { title: 'Buy "milk"', priority: '1' });
});

test('what is kept for no form of ours is dropped', async () => {
  for (const kept_action of ['https://elsewhere.example/', '//elsewhere.example/api/todos', 'javascript:alert(1)', '/api/session', '/api/todos?x'])  {
    const answer = await direct(board, 'POST', '/api/session', { form: { passphrase: PASSPHRASE, kept_action, 'kept.title': 'x' }, headers: asPage() });
    assert.equal(answer.status, 303, kept_action);
    assert.equal(answer.headers.location, '/');
  }
  const away = await direct(board, 'POST', '/api/session', { form: { passphrase: PASSPHRASE, next: '//elsewhere.example/' }, headers: asPage() });
  assert.equal(away.status, 422);
});

test('without a strong SECRET_KEY the API does not start', async () => {
  const start = (env) => run(`${board.environment.BUILD}/writ-api`, ['serve'], {
    env: { PATH: process.env.PATH, MYSQL_SOCKET: `${board.state}/run/db.sock`, MYSQL_USER: 'api', MYSQL_PASSWORD: 'x', WRIT_LISTEN: `${board.state}/run/never.sock`,
      WRIT_GEN_SOCKET: `${board.state}/run/gen/gen.sock`, ...env },
  });
  for (const env of [{}, { SECRET_KEY: '' }, { SECRET_KEY: 'x'.repeat(31) }, { SECRET_KEY_FILE: '/dev/null' }, { SECRET_KEY_FILE: '/nonexistent' }]) {
    const { status, err } = await start(env);
    assert.equal(status, 1, err);
    assert.match(err, /^writ-api: (SECRET_KEY|\/).{10,}\n$/);
  }
  const open = await start({ WRIT_OPEN: '1', WRIT_LISTEN: '0.0.0.0:1' });
  assert.equal(open.status, 1);
  assert.match(open.err, /WRIT_OPEN=1 .* loopback/);
  for (const WRIT_RATE of ['-1', 'fast', '2e2', '1000001']) assert.match((await start({ SECRET_KEY: 'x'.repeat(32), WRIT_RATE })).err, /WRIT_RATE/);
});

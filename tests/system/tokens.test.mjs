// Tokens: shown once, listed, ended at once whichever API process is asked; and how often anybody may write.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { asPage, bearer, direct, newToken, owner, run, setPassphrase, signIn, startClosedBoard } from './owner.mjs';

const RATE = 5; // writes a second, in the long run

let board;
before(async () => {
  board = await startClosedBoard({ APIS: '2', WRIT_RATE: String(RATE) });
  await setPassphrase(board);
});
after(() => board?.stop());

const write = (token, options = {}) => direct(board, 'POST', '/api/todos', { json: { title: 'A todo' }, ...options, headers: { ...bearer(token), ...options.headers } });
const actorOf = async (id) => (await board.sql(`SELECT actor FROM \`change\` WHERE todo_id = ${id} ORDER BY revision DESC LIMIT 1`))[0].actor;

test('a token is shown once, alone on the last line, and writes under its name', async () => {
  const { status, out } = await owner(board, ['token', '  My   phone ']);
  assert.equal(status, 0);
  const [, token] = /\n(writ_[0-9a-f]{64}_[0-9a-f]{64})\n$/.exec(out);
  const answer = await write(token);
  assert.equal(answer.status, 201, answer.text);
  assert.equal(await actorOf(answer.data.id), 'My phone');

  const list = await owner(board, ['tokens']);
  assert.match(list.out, /^NAME +CREATED \(UTC\) +EXPIRES \(UTC\)\nMy phone +\d{4}-\d\d-\d\d \d\d:\d\d  never\n$/);
  for (const part of token.split('_').slice(1)) assert.ok(!list.out.includes(part));
  const [row] = await board.sql("SELECT HEX(hash) AS hash, kind, expires FROM credential WHERE token_name = 'My phone'");
  assert.equal(row.kind, '2');
  assert.notEqual(row.hash.toLowerCase(), token.slice(-64));
});

test('names: what is taken or cannot be one is refused with a sentence', async () => {
  await newToken(board, 'taken');
  const refused = [['taken', /'taken' already/], ['', /empty/], ['  ', /empty/], ['x'.repeat(65), /64/], ['a\nb', /control/], ['owner', /'owner'/],
    ['Owner', /'Owner'/], ['anyone', /'anyone'/]];
  for (const [name, sentence] of refused) {
    const { status, out, err } = await owner(board, ['token', name]);
    assert.equal(status, 1, name);
    assert.equal(out, '');
    assert.match(err, sentence);
    assert.match(err, /^writ-api: [A-Z].*\.\n$/);
  }
  await newToken(board, 'ü'.repeat(64));
  await newToken(board, "'; DROP TABLE credential; -- \\");
  assert.match((await owner(board, ['tokens'])).out, /^'; DROP TABLE credential; -- \\ /m);
  for (const [args, status] of [[['token'], 2], [['token', 'a', 'b'], 2], [['token', 'a', '--expires'], 2], [['token', 'a', '--expires', '0'], 1],
    [['token', 'a', '--expires', '1.5'], 1], [['token', 'a', '--expires', '99999'], 1], [['tokens', 'x'], 2], [['revoke'], 2], [['nonsense'], 2], [[], 2],
    [['revoke', 'nobody'], 1], [['passphrase', '--last'], 2]])
    assert.equal((await owner(board, args)).status, status, args.join(' '));
});

test('only the whole token is one', async () => {
  const token = await newToken(board, 'whole');
  const other = await newToken(board, 'other');
  const [, key, secret] = token.split('_'), [, otherKey, otherSecret] = other.split('_');
  const wrong = `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`;
  for (const text of [`writ_${key}_${wrong}`, `writ_${otherKey}_${secret}`, `writ_${key}_${otherSecret}`, `writ_${secret}_${key}`, `writ_${secret}_${secret}`])
    assert.equal((await write(text, { address: '192.0.2.7' })).status, 401, text);
  for (const text of [secret, key, `${key}_${secret}`, token.toUpperCase(), `${token}0`, token.slice(0, -1), '', 'x'])
    assert.equal((await write(text)).status, 401, text);
  for (const cookie of [`writ=${secret}`, `writ=${key}`])
    assert.equal((await direct(board, 'POST', '/api/todos', { json: { title: 'x' }, headers: { ...asPage(), cookie }, address: '192.0.2.7' })).status, 401,
      'a token is no session');
  assert.equal((await write(token)).status, 201);
});

test('revoked, it is refused by every process with the very next write', async () => {
  for (let i = 0; i < 5; i++) {
    const token = await newToken(board, 'short-lived');
    for (const api of ['api', 'api2']) assert.equal((await write(token, { api })).status, 201);
    const { status } = await owner(board, ['revoke', 'short-lived']);
    assert.equal(status, 0);
    for (const api of ['api', 'api2']) assert.equal((await write(token, { api, address: `192.0.2.${20 + i}` })).status, 401);
  }
});

test('an expiry that has passed ends it', async () => {
  const token = await newToken(board, 'for a day', '--expires', '1');
  const [{ seconds }] = await board.sql("SELECT TIMESTAMPDIFF(SECOND, created, expires) AS seconds FROM credential WHERE token_name = 'for a day'");
  assert.equal(seconds, String(24 * 60 * 60));
  assert.equal((await write(token)).status, 201);
  await board.sql("UPDATE credential SET expires = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE token_name = 'for a day'");
  assert.equal((await write(token, { address: '192.0.2.8' })).status, 401);
  assert.match((await owner(board, ['tokens'])).out, /^for a day .* \(has expired\)$/m);
});

test('a token and a cookie: the token counts, good or bad', async () => {
  const token = await newToken(board, 'beside a cookie'), jar = await signIn(board);
  const both = await write(token, { headers: asPage(jar) });
  assert.equal(await actorOf(both.data.id), 'beside a cookie');
  assert.equal((await write(token, { headers: { ...asPage(jar), 'sec-fetch-site': 'cross-site' } })).status, 201);
  assert.equal((await write(`${token}0`, { headers: asPage(jar) })).status, 401);
  const basic = await direct(board, 'POST', '/api/todos', { json: { title: 'x' }, headers: { ...asPage(jar), authorization: 'Basic dTpw' } });
  assert.equal(await actorOf(basic.data.id), 'owner');
});

test('a key of one writer is not that of another', async () => {
  const one = await newToken(board, 'one'), two = await newToken(board, 'two'), key = { headers: { 'idempotency-key': 'the same' } };
  const first = await write(one, key), again = await write(one, key), others = await write(two, key);
  assert.equal(again.headers['idempotency-replayed'], 'true');
  assert.equal(again.data.id, first.data.id);
  assert.equal(others.headers['idempotency-replayed'], undefined);
  assert.notEqual(others.data.id, first.data.id);
});

test('passphrase --first sets one only where there is none', async () => {
  assert.deepEqual(await owner(board, ['passphrase', '--first']), { status: 0, out: '', err: '' });
  await signIn(board); // it is what it was
  await board.sql('DELETE FROM owner');
  const { status, out } = await owner(board, ['passphrase', '--first']);
  assert.equal(status, 0);
  const [, passphrase] = /^Passphrase: ([a-z]{4}(?:-[a-z]{4}){5})\n$/.exec(out);
  await signIn(board, { form: { passphrase } });
  assert.equal((await owner(board, ['passphrase', '--first'])).out, '');
  await setPassphrase(board);
});

test('the generator is told of every change, and waited for, but not for long', async () => {
  const path = `${board.state}/run/fake-gen.sock`;
  const heard = [];
  let answers = true;
  const server = net.createServer((socket) => {
    socket.write('published 7 0 0 0\n');
    socket.on('error', () => {});
    socket.on('data', (text) => {
      heard.push(String(text));
      if (answers) setTimeout(() => socket.write('keyed 1\n'), 300);
    });
  }).listen(path);
  await once(server, 'listening');
  const env = {
    ...process.env, SECRET_KEY: board.environment.SECRET_KEY, MYSQL_SOCKET: `${board.state}/run/db.sock`, MYSQL_USER: 'api',
    MYSQL_PASSWORD_FILE: `${board.state}/secrets/api`, WRIT_GEN_SOCKET: path,
  };
  const timed = async (...args) => {
    const start = Date.now();
    const { status, err } = await run(`${board.environment.BUILD}/writ-api`, args, { env, input: 'a new passphrase\n' });
    assert.equal(status, 0, err);
    return Date.now() - start;
  };
  for (const args of [['token', 'heard'], ['revoke', 'heard'], ['passphrase']]) {
    const took = await timed(...args);
    assert.ok(took >= 300 && took < 2000, `${args}: ${took} ms`);
  }
  assert.deepEqual(heard, ['keys 1\n', 'keys 1\n', 'keys 1\n']);
  await timed('tokens');
  assert.equal(heard.length, 3, 'nothing has changed');
  answers = false;
  const took = await timed('token', 'unheard');
  assert.ok(took >= 2000 && took < 4000, `${took} ms`);
  server.close();
  await timed('revoke', 'unheard'); // a generator that is away
  await setPassphrase(board);
});

// ---- how often

const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });

test(`a burst of 2,000 writes, then ${RATE} a second, for each writer`, async () => {
  const token = await newToken(board, 'in a hurry');
  // Refused for their bodies, and counted all the same.
  const attempt = () => write(token, { json: '{', agent });
  const start = Date.now();
  const answers = await Promise.all(Array.from({ length: 2200 }, attempt));
  const seconds = (Date.now() - start) / 1000;
  const count = (status) => answers.filter((answer) => answer.status === status).length;
  assert.equal(count(400) + count(429), 2200);
  assert.ok(count(400) >= 2000 && count(400) <= 2000 + RATE * seconds + 1, `${count(400)} in ${seconds} s`);
  for (const { status, headers } of answers) if (status === 429) assert.match(headers['retry-after'], /^[1-9]\d*$/);
  // Some may have become due since: not so many as are asked for now.
  let page;
  for (let i = 0; i < 20 && page?.status !== 429; i++) page = await write(token, { form: { title: 'x' }, json: undefined });
  assert.equal(page.status, 429);
  assert.match(page.headers['content-type'], /^text\/html/);

  const other = await newToken(board, 'patient');
  assert.equal((await write(other)).status, 201);
  await new Promise((resolve) => setTimeout(resolve, 1000 * Number(page.headers['retry-after'])));
  assert.equal((await write(token)).status, 201);
});

test('unknown credentials are limited by address', async () => {
  const unknown = (address) => write(`writ_${'0'.repeat(64)}_${'0'.repeat(64)}`, { address });
  const token = await newToken(board, 'known');
  for (const [address, neighbour, stranger] of [['203.0.113.1', '203.0.113.1', '203.0.113.2'], ['2001:db8::1', '2001:db8::ffff', '2001:db8:0:1::1']]) {
    for (let i = 0; i < 20; i++) assert.equal((await unknown(address)).status, 401);
    const answer = await unknown(neighbour);
    assert.equal(answer.status, 429);
    assert.match(answer.headers['retry-after'], /^[12]$/);
    assert.equal((await unknown(stranger)).status, 401);
    assert.equal((await write(token, { address: stranger })).status, 201);
  }
});

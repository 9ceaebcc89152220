// Forged requests: every combination of what browsers say of where a request comes from, through Nginx, on a board
// that is closed and on one that is open. The rule is written down here once more, as the contract has it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from './client.mjs';
import { startBoard } from './harness.mjs';
import { bearer, newToken, PASSPHRASE, setPassphrase, startClosedBoard } from './owner.mjs';

const sites = [undefined, 'same-origin', 'same-site', 'cross-site', 'none'];
// What is asked for is not there: nothing comes of it but its status.
const methods = [['POST', '/api/todos/999999/restore', 404], ['PATCH', '/api/todos/999999', 404], ['DELETE', '/api/todos/999999', 404],
  ['GET', '/api/todos/999999', 405], ['PUT', '/api/todos/999999', 405]];

async function sweep(board, credentials, expected) {
  const client = new Client(board.url);
  const { host, hostname, port } = new URL(board.url);
  const origins = [undefined, `http://${host}`, 'http://elsewhere.example', 'null', `http://${hostname}:${Number(port) + 1}`];
  let requests = 0;
  for (const [who, credential] of Object.entries(credentials))
    for (const [method, path, usual] of methods)
      for (const site of sites)
        for (const origin of origins) {
          const headers = { ...credential, ...(site && { 'sec-fetch-site': site }), ...(origin && { origin }), ...(method === 'PATCH' && { 'content-type': 'application/json' }) };
          const answer = await client.send(method, path, { headers, body: method === 'PATCH' ? '{}' : undefined });
          const ours = site ? ['same-origin', 'none'].includes(site) : origin && origin === origins[1];
          const foreign = !ours && (site || origin);
          assert.equal(answer.status, usual === 405 ? 405 : expected(who, { ours, foreign }) ?? usual,
            `${who}, ${method}, Sec-Fetch-Site ${site}, Origin ${origin}: ${answer.text}`);
          requests++;
        }
  assert.equal(requests, Object.keys(credentials).length * 125);
}

test('on a closed board', async (t) => {
  const board = await startClosedBoard({ WRIT_RATE: '0' });
  t.after(() => board.stop());
  await setPassphrase(board);
  const client = new Client(board.url);
  const signIn = (headers) => client.send('POST', '/api/session', { form: { passphrase: PASSPHRASE }, headers });
  const signedIn = await signIn({ origin: board.url });
  assert.equal(signedIn.status, 303, signedIn.text);
  const cookie = signedIn.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
  const token = bearer(await newToken(board, 'program'));

  await t.test('a cookie is honoured from this very site alone', () =>
    sweep(board, { nothing: {}, cookie: { cookie }, token, both: { cookie, ...token } }, (who, { ours }) =>
      who === 'nothing' ? 401 : who === 'cookie' && !ours ? 403 : undefined));

  await t.test('nobody is signed in or out by another site', async () => {
    for (const headers of [{}, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'null' }, { origin: 'http://elsewhere.example' },
      { ...token }, { cookie, origin: 'null' }, { 'sec-fetch-site': 'cross-site', origin: board.url }]) {
      const answer = await signIn(headers);
      assert.equal(answer.status, 403, JSON.stringify(headers));
      assert.equal(answer.headers.get('set-cookie'), null);
    }
    for (const headers of [{ cookie }, { cookie, 'sec-fetch-site': 'cross-site' }, { cookie, ...token }])
      for (const [method, form] of [['DELETE', undefined], ['POST', { _method: 'DELETE' }]])
        assert.equal((await client.send(method, '/api/session', { form, headers })).status, 403);
    assert.equal((await client.send('POST', '/api/todos', { json: { title: 'still in' }, headers: { cookie, origin: board.url } })).status, 201);
  });

  await t.test('a refusal comes before any look at the body, and says why', async () => {
    const answer = await client.send('POST', '/api/todos', { body: '{', headers: { cookie, 'content-type': 'application/json', accept: 'application/json' } });
    assert.equal(answer.status, 403);
    assert.match(answer.data.detail, /another|this site/);
  });
  assert.deepEqual(await board.sql("SELECT title FROM todo WHERE title <> 'still in'"), []);
});

test('on an open board a page of another site may do nothing, a program everything', async (t) => {
  const board = await startBoard({ env: { WRIT_OPEN: '1', WRIT_RATE: '0' } });
  t.after(() => board.stop());
  await sweep(board, { nothing: {}, cookie: { cookie: `writ=${'0'.repeat(64)}` }, token: bearer('nonsense') }, (who, { foreign }) => (foreign ? 403 : undefined));
  const answer = await new Client(board.url).send('POST', '/api/session', { json: { passphrase: 'x' } });
  assert.equal(answer.status, 409);
  assert.match(answer.data.detail, /nothing to sign in to/);
});

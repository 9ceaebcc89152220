// Promise 8: with any number of API processes revisions and ids are dense and
// in order, no update is lost, and the generator skips none.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client } from './client.mjs';
import { startBoard } from './harness.mjs';
import { checkBoard } from './invariants.mjs';

const WRITERS = 64;
const CREATES = process.env.THOROUGH ? 12 : 4; // by each writer
const EDITS = process.env.THOROUGH ? 12 : 4; // by each writer, without a condition
const TOKENS = 3; // by each writer, with If-Match until it is taken
const HOT = 10; // todos that all writers write to

const writers = (work) => Promise.all(Array.from({ length: WRITERS }, (_, writer) => work(writer)));
const ascending = (numbers) => [...numbers].sort((a, b) => a - b);
const from = (first, count) => Array.from({ length: count }, (_, i) => first + i);

for (const apis of process.env.THOROUGH ? [2, 4] : [2])
  test(`${WRITERS} writers and ${apis} API processes`, async (t) => {
    const board = await startBoard({ env: { APIS: String(apis), WRIT_RATE: '0' } });
    t.after(() => board.stop());
    const client = new Client(board.url);
    const revisions = []; // of all answers that changed something
    const hot = [];

    // Not published within two seconds: then the page follows.
    const write = async (method, path, json, headers) => {
      const answer = await client.send(method, path, { json, headers });
      if ([200, 201, 202].includes(answer.status)) revisions.push(answer.data.revision);
      return answer;
    };

    await t.test('ids and revisions are dense, and what is acknowledged is on its page', async () => {
      const ids = [];
      await writers(async (writer) => {
        for (let i = 0; i < CREATES; i++) {
          // Lists and tags come into being at the hands of several at once.
          const title = `w${writer}-${i}`;
          const answer = await write('POST', '/api/todos', { title, list: `List ${i}`, tags: [`tag ${i}`, `tag ${writer % 8}`] });
          assert.ok([201, 202].includes(answer.status), answer.text);
          const { id, version, published } = answer.data;
          assert.equal(version, 1);
          ids.push(id);
          if (!published) continue;
          assert.equal((await client.json(`/todos/${id}.json`)).title, title);
          assert.match(await client.page(`/todos/${id}`), new RegExp(title));
        }
      });
      assert.deepEqual(ascending(ids), from(1, WRITERS * CREATES));
      assert.deepEqual(ascending(revisions), from(1, WRITERS * CREATES));
      assert.equal((await board.sql('SELECT COUNT(*) AS n FROM writer'))[0].n, String(apis), 'all of them have written');
      hot.push(...ids.slice(0, HOT));
      await checkBoard(board);
    });

    await t.test('a key that comes to all of them at once is taken once', async () => {
      await writers(async (writer) => {
        const one = () => client.post('/api/todos', { title: `key ${writer}` }, { 'idempotency-key': `key-${writer}` });
        const answers = await Promise.all(Array.from({ length: 4 }, one));
        assert.ok(answers.every(({ status }) => [201, 202].includes(status)));
        assert.equal(new Set(answers.map(({ data }) => data.id)).size, 1);
        assert.equal(answers.filter(({ headers }) => !headers.get('idempotency-replayed')).length, 1);
        revisions.push(answers[0].data.revision);
      });
      assert.deepEqual(ascending(revisions), from(1, revisions.length));
    });

    await t.test('edits without a condition: a version for each', async () => {
      const last = new Map(); // todo -> the last answer
      const versions = new Map(hot.map((id) => [id, [1]]));
      await writers(async (writer) => {
        for (let i = 0; i < EDITS; i++) {
          const id = hot[(writer + i) % HOT];
          const title = `edit ${writer}-${i}`;
          const answer = await write('PATCH', `/api/todos/${id}`, { title });
          assert.ok([200, 202].includes(answer.status), answer.text);
          versions.get(id).push(answer.data.version);
          if (!(last.get(id)?.revision > answer.data.revision)) last.set(id, { ...answer.data, title });
        }
      });
      for (const id of hot) {
        assert.deepEqual(ascending(versions.get(id)), from(1, versions.get(id).length));
        const [{ version, title }] = await board.sql(`SELECT version, title FROM todo WHERE id = ${id}`);
        assert.equal(Number(version), versions.get(id).length);
        assert.equal(title, last.get(id).title, 'the last one wins');
      }
      assert.deepEqual(ascending(revisions), from(1, revisions.length));
      await checkBoard(board);
    });

    await t.test('edits with If-Match: no update is lost', async () => {
      let stale = 0;
      await writers(async (writer) => {
        for (let i = 0; i < TOKENS; i++) {
          const id = hot[(writer * TOKENS + i) % HOT];
          for (let taken = false; !taken; ) {
            const { version, notes } = await client.json(`/todos/${id}.json`);
            const answer = await write('PATCH', `/api/todos/${id}`, { notes: `${notes}${writer}.${i} ` }, { 'if-match': `"${version}"` });
            taken = answer.status !== 412;
            stale += !taken;
            assert.ok([200, 202, 412].includes(answer.status), answer.text);
          }
        }
      });
      assert.ok(stale > 0, 'they met');
      await checkBoard(board);
      const tokens = [];
      for (const id of hot) tokens.push(...(await client.json(`/todos/${id}.json`)).notes.trim().split(' '));
      const all = Array.from({ length: WRITERS }, (_, writer) => from(0, TOKENS).map((i) => `${writer}.${i}`)).flat();
      assert.deepEqual(tokens.sort(), all.sort());
      assert.deepEqual(ascending(revisions), from(1, revisions.length));
    });
  });

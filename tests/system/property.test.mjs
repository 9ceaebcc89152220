// Promise 5 as a property: after any sequence of writes, by many writers at
// once, the pages of both trees are what a full build makes, the counters are what one counts,
// and every write that was answered has happened once.
//
// The writes of a round are drawn from SEED before any of them is sent, so a seed
// sends the same again; only the order within a round is left to chance. When a stretch
// fails, what was sent is replayed on fresh boards, in the order in which it was stored, with
// parts left out; the smallest sequence that still fails is printed as lines of shell.
//
//   SEED=7       these writes        LONG=1       for five minutes, instead of half of one
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { Client } from './client.mjs';
import { startBoard } from './harness.mjs';
import { checkBoard } from './invariants.mjs';
import { curl, nextWrite, Random } from './random_writes.mjs';
import { shrink, simplify } from './shrink.mjs';

const seed = Number(process.env.SEED ?? Date.now() % 1e9);
const RUN_MS = process.env.LONG ? 300_000 : process.env.THOROUGH ? 30_000 : 7000;
const SHRINK_MS = process.env.LONG ? 600_000 : 150_000;
const WRITERS = 48;
const STRETCH = 250; // writes between two comparisons
const STRETCHES = 4; // of one board: its sequence stays short enough to be replayed

const succeeded = ({ status }) => [200, 201, 202].includes(status);

const send = (client, write) => client.send(write.method, write.path.replace('#', write.todo), write);

// What can be said of an answer whatever else is being written.
function checkAnswer(write, answer) {
  const said = `${answer.status} to ${curl(write).slice(0, 1000)}\n${answer.text}`;
  assert.ok(answer.status < 500, said);
  if (write.refused) assert.ok(answer.status >= 400, said);
  else if (write.makes) assert.ok(succeeded(answer), said);
  if (write.makes && succeeded(answer)) assert.equal(answer.data.todos ?? 1, write.makes, said);
}

// ---- a board that is written to, and what it has answered

class Record {
  writes = []; // with the revisions at which they made todos
  revisions = new Set(); // that an answer has named
  changes = new Map(); // todo -> the revisions that answers have named for it
  last = 0; // todos made

  note(write, answer) {
    const { id, revision, todos } = answer.data ?? {};
    const order = succeeded(answer) ? revision : this.revisions.size;
    const makes = succeeded(answer) ? write.makes ?? 0 : 0;
    this.writes.push({ write, order, made: Array.from({ length: makes }, (_, n) => revision - makes + 1 + n) });
    if (!succeeded(answer)) return;
    for (let n = 0; n < (todos ?? 1); n++) this.revisions.add(revision - n);
    if (write.todo || write.path === '/api/todos') this.changes.set(id, (this.changes.get(id) ?? new Set()).add(revision));
  }

  // Answers against the database: every revision was answered to somebody, and a todo's version is 1 and its changes.
  async check(board) {
    const [{ revision }] = await board.sql('SELECT revision FROM board');
    assert.deepEqual([...this.revisions].sort((a, b) => a - b), Array.from({ length: Number(revision) }, (_, i) => i + 1));
    const made = await board.sql('SELECT todo_id, c.revision, t.version FROM `change` c LEFT JOIN todo t ON t.id = todo_id WHERE op = 1');
    for (const row of made) {
      const answered = new Set(this.changes.get(Number(row.todo_id))).add(Number(row.revision));
      if (row.version !== null) assert.equal(Number(row.version), answered.size, `the version of todo ${row.todo_id}`);
    }
  }

  // What was sent, each write with the ids of the todos that it made.
  async sequence(board) {
    const made = await board.sql('SELECT revision, todo_id FROM `change` WHERE op = 1');
    const ids = new Map(made.map((row) => [Number(row.revision), Number(row.todo_id)]));
    return this.writes.toSorted((a, b) => a.order - b.order)
      .map(({ write, made: at }) => ({ ...write, made: at.map((revision) => ids.get(revision)) }));
  }
}

async function stretch(client, random, record) {
  for (let sent = 0; sent < STRETCH; ) {
    const keyed = record.writes.map(({ write }) => write).filter(({ headers }) => headers['idempotency-key']).slice(-50);
    const last = record.last;
    const round = Array.from({ length: 1 + random.below(WRITERS) }, (_, n) => nextWrite(random, last, record.writes.length + n, keyed));
    const answers = await Promise.all(round.map((write) => send(client, write)));
    round.forEach((write, n) => record.note(write, answers[n]));
    round.forEach((write, n) => checkAnswer(write, answers[n]));
    record.last += round.reduce((sum, write) => sum + (write.refused ? 0 : write.makes ?? 0), 0);
    sent += round.length;
  }
}

// ---- the same once more, smaller

// Writes about a todo whose making was left out are left out too; others get the id that it has now.
function renumber(sequence) {
  const ids = new Map();
  return sequence.flatMap((write) => {
    if (write.todo && !ids.has(write.todo)) return [];
    const now = { ...write, todo: ids.get(write.todo) };
    for (const side of ['above', 'below']) {
      const beside = now.json?.[side];
      if (beside) now.json = { ...now.json, [side]: ids.get(beside) ?? 999_999 };
    }
    for (const id of write.made) ids.set(id, ids.size + 1);
    return [now];
  });
}

// With `atOnce`, the generator sleeps meanwhile and renders all of it in one go.
async function failure(sequence, atOnce) {
  const board = await startBoard({ env: { WRIT_RATE: '0' } });
  try {
    const client = new Client(board.url);
    if (atOnce) await board.kill('gen', 'SIGSTOP');
    for (const write of renumber(sequence)) {
      const answer = await send(client, atOnce ? { ...write, headers: { ...write.headers, prefer: 'respond-async' } } : write);
      if (answer.status < 500 && write.made.length && !succeeded(answer)) return undefined; // simpler than it may be
      assert.ok(answer.status < 500, `${answer.status} ${answer.text}`);
    }
    if (atOnce) await board.kill('gen', 'SIGCONT');
    await checkBoard(board);
  } catch (error) {
    return error;
  } finally {
    if (atOnce) await board.kill('gen', 'SIGCONT');
    await board.stop();
  }
}

// With a field less, or with shorter text.
function* simpler(write) {
  for (const part of ['json', 'headers']) {
    for (const [name, value] of Object.entries(write[part] ?? {})) {
      const { [name]: _, ...rest } = write[part];
      yield { ...write, [part]: rest };
      if (part === 'json' && typeof value === 'string' && value.length > 1 && name !== 'due')
        yield { ...write, json: { ...rest, [name]: value.slice(0, Math.ceil(value.length / 2)) } };
      if (part === 'json' && Array.isArray(value) && value.length > 1)
        yield { ...write, json: { ...rest, [name]: value.slice(1) } };
    }
  }
}

async function explain(board, record, error) {
  const sequence = await record.sequence(board);
  const file = join(tmpdir(), `writ-property-${seed}.sh`);
  writeFileSync(file, sequence.map(curl).join('\n') + '\n');
  console.log(`# SEED=${seed} fails after ${sequence.length} writes, which stand in ${file}: ${error.message}`);

  const deadline = Date.now() + SHRINK_MS;
  for (const atOnce of [false, true]) {
    if (!await failure(sequence, atOnce)) continue;
    const fails = async (part) => Boolean(await failure(part, atOnce));
    const smaller = await simplify(await shrink(sequence, fails, deadline), simpler, fails, deadline);
    const last = await failure(smaller, atOnce);
    console.log(`# These alone fail on an empty board${atOnce ? ', while the generator sleeps (SIGSTOP, SIGCONT)' : ''}:\n`
      + `${renumber(smaller).map(curl).join('\n')}\n# ${last?.message ?? 'but not each time'}`);
    return;
  }
  console.log('# Replayed one after another they do not fail: it takes writers that write at once.');
}

// ---- the tests

test('a sequence that fails is made smaller', async () => {
  const items = Array.from({ length: 100 }, (_, i) => ({ i, text: 'x'.repeat(8) }));
  const fails = async (part) => [17, 18, 80].every((i) => part.some((item) => item.i === i && item.text));
  const small = await shrink(items, fails, Date.now() + 5000);
  assert.deepEqual(small.map(({ i }) => i), [17, 18, 80]);
  const half = function* ({ i, text }) { if (text.length > 1) yield { i, text: text.slice(1) }; };
  assert.deepEqual((await simplify(small, half, fails, Date.now() + 5000)).map(({ text }) => text), ['x', 'x', 'x']);
});

test('incremental is full, counters count, and what was answered has happened (promise 5)', async () => {
  console.log(`# SEED=${seed}`);
  const random = new Random(seed);
  const end = Date.now() + RUN_MS;
  let writes = 0, seen = 0;
  for (let boards = 0; Date.now() < end; boards++) {
    const board = await startBoard({ env: { WRIT_RATE: '0', APIS: String(1 + boards % 2) } });
    const client = new Client(board.url);
    const record = new Record();
    try {
      for (let n = 0; n < STRETCHES && Date.now() < end; n++) {
        await stretch(client, random, record);
        await checkBoard(board);
        await record.check(board);
        seen += Number((await board.sql('SELECT public_open + public_done AS todos FROM board'))[0].todos);
      }
      writes += record.writes.length;
    } catch (error) {
      await explain(board, record, error);
      throw error;
    } finally {
      await board.stop();
    }
  }
  assert.ok(seen > 0, 'the public tree was empty all the time');
  console.log(`# ${writes} writes, ${seen} public todos seen`);
});

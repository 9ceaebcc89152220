/*
 * Backups and the way back, with a board that runs and one that is stopped:
 * `db/backup.sh` and `db/restore.sh`, as `make backup` and `make restore` call them.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Client, sameTrees, tree } from './client.mjs';
import { eventually, root, startBoard } from './harness.mjs';

const run = promisify(execFile);
const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

let board, client, folder;

before(async () => {
  board = await startBoard();
  client = new Client(board.url);
  folder = await mkdtemp(path.join(tmpdir(), 'writ backups '));
});

after(async () => {
  await board?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function backup(env = {}) {
  const { stdout } = await run('db/backup.sh', [], { cwd: root, env: { ...board.environment, BACKUPS: folder, ...env } });
  return stdout.trimEnd().split('\n').at(-1);
}

const restore = (file, environment = board.environment) =>
  run('db/with.sh', ['gen', 'db/restore.sh', file], { cwd: root, env: environment });

const revisionOf = (said) => Number(/this restore is revision (\d+)/.exec(said)[1]);

/* What people wrote, and where it stands: all but what a restore counts on. */
const content = () => board.sql(`
  SELECT t.id, t.title, t.notes, t.state, t.priority, t.due, l.name AS list, t.list_number,
    (SELECT GROUP_CONCAT(g.name, ':', m.number ORDER BY m.position) FROM todo_tag m JOIN tag g ON g.id = m.tag_id WHERE m.todo_id = t.id) AS tags
  FROM todo t JOIN list l ON l.id = t.list_id ORDER BY t.id`);

const counters = async () => (await board.sql('SELECT revision, last_todo, last_list, last_tag FROM board'))[0];

const siteOf = () => path.join(board.state, 'site/current');

async function samePagesAsFullBuild() {
  await board.settled();
  const into = await mkdtemp(path.join(tmpdir(), 'writ-into-'));
  await board.gen(into);
  sameTrees(siteOf(), into);
  await rm(into, { recursive: true });
}

test('a backup is a whole dump that nobody else can read', async () => {
  await client.create({ title: 'Ünïcode & <b>', notes: "it's \\ \"quoted\"", list: 'Home', tags: ['a', 'b'] });
  const file = await backup();
  assert.match(path.basename(file), /-\d{4}-\d\d-\d\dT\d{6}[+-]\d{4}\.sql\.gz$/);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const { stdout } = await run('gzip', ['-dc', file], { maxBuffer: 1 << 26 });
  assert.match(stdout, /-- Dump completed/);
  assert.match(stdout, /INSERT INTO `todo`/);
  assert.deepEqual((await readdir(folder)).filter((name) => name.endsWith('.new')), []);
});

test('ten days leave exactly the seven newest', async (t) => {
  if (!existsSync(faketime))
    return t.skip('libfaketime, which makes days pass, is not where Debian has it on amd64');
  const days = await mkdtemp(path.join(tmpdir(), 'writ days '));
  for (let day = 1; day <= 10; day++)
    await backup({ BACKUPS: days, LD_PRELOAD: faketime, FAKETIME: `@2031-03-${20 + day} 03:00:00`, TZ: 'Europe/Berlin' });
  const kept = (await readdir(days)).filter((name) => !name.startsWith('.')).map((name) => /\d{4}-\d\d-\d\d/.exec(name)[0]);
  assert.deepEqual(kept.sort(), [24, 25, 26, 27, 28, 29, 30].map((day) => `2031-03-${day}`));
  await rm(days, { recursive: true });
});

test('a dump that fails, or is cut short, is not kept', async () => {
  const before = await readdir(folder);
  const programs = await mkdtemp(path.join(tmpdir(), 'writ programs '));
  for (const dump of ['echo begun; exit 2', 'echo begun']) {
    await writeFile(path.join(programs, 'mariadb-dump'), `#!/bin/sh\n${dump}\n`, { mode: 0o755 });
    await assert.rejects(backup({ PATH: `${programs}:${process.env.PATH}` }), /no backup/);
  }
  await rm(programs, { recursive: true });
  assert.deepEqual((await readdir(folder)).filter((name) => !name.startsWith('.')), before.filter((name) => !name.startsWith('.')));
  const file = await backup();
  const cut = path.join(folder, 'cut.sql.gz');
  await writeFile(cut, await readFile(file));
  await truncate(cut, (await stat(file)).size - 30);
  const was = await content();
  await assert.rejects(restore(cut), /not a whole backup; nothing has been changed/);
  await writeFile(cut, (await run('bash', ['-c', 'gzip -dc "$1" | head -n -1 | gzip', '-', file], { encoding: 'buffer' })).stdout);
  await assert.rejects(restore(cut), /not a whole backup; nothing has been changed/);
  assert.deepEqual(await content(), was);
});

test('who may sign in stays as it is: a token that was revoked since does not come back', async () => {
  const add = (letter) => board.sql(`INSERT INTO credential (hash, kind, name, token_name, reading_key, created)
    VALUES (UNHEX(REPEAT('${letter}', 64)), 2, '${letter}', '${letter}', REPEAT('${letter}', 64), UTC_TIMESTAMP(3))`);
  const names = async () => (await board.sql('SELECT name FROM credential ORDER BY name')).map(({ name }) => name);
  await add('a');
  const file = await backup();
  await board.sql('DELETE FROM credential');
  await add('b');
  await restore(file);
  assert.deepEqual(await names(), ['b']);

  await board.sql('DELETE FROM credential; DELETE FROM owner'); // as in a database that was made anew
  await restore(file);
  assert.deepEqual(await names(), ['a']);
  assert.equal((await board.sql('SELECT COUNT(*) AS n FROM owner'))[0].n, '1');
});

test('a restore under load: rows and pages as at the backup, and numbers above all that were issued', async () => {
  const kept = await client.create({ title: 'kept', list: 'Home', tags: ['a'] });
  const edited = await client.create({ title: 'before', list: 'Home' });
  const gone = await client.create({ title: 'deleted later' });
  await client.settled();
  const [rows, pages] = [await content(), tree(siteOf())];
  const file = await backup();

  await client.must('PATCH', `/api/todos/${edited.id}`, { json: { title: 'after', list: 'New', tags: ['new'] } });
  await client.must('DELETE', `/api/todos/${gone.id}`);
  const stale = await client.create({ title: 'written after the backup' });

  const answers = [];
  let stopping = false;
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let i = 0; !stopping; i++)
      answers.push(await client.post('/api/todos', { title: `load ${writer}/${i}` }));
  });
  await eventually(() => answers.length > 50, 'the load to begin');
  const { stdout } = await restore(file);
  const revision = revisionOf(stdout);
  const count = answers.length;
  await eventually(() => answers.length > count + 50, 'the load to go on');
  stopping = true;
  await Promise.all(writers);

  const bad = answers.filter(({ status }) => ![201, 202].includes(status));
  assert.deepEqual(bad.map(({ status, text }) => `${status} ${text}`), [], 'no write was refused');
  const stored = answers.map(({ data }) => data);
  for (const field of ['id', 'revision'])
    assert.equal(new Set(stored.map((data) => data[field])).size, stored.length, `no ${field} was given out twice`);
  const issued = stored.filter((data) => data.revision < revision);
  const later = stored.filter((data) => data.revision > revision);
  assert.ok(issued.length > 0 && later.length > 0);
  assert.ok(Math.min(...later.map(({ id }) => id)) > Math.max(stale.id, ...issued.map(({ id }) => id)), 'ids go on above');

  const now = await content();
  assert.deepEqual(now.filter(({ id }) => !later.some((data) => data.id === Number(id))), rows, 'rows are those of the backup');
  assert.deepEqual(now.filter(({ id }) => Number(id) > stale.id).map(({ id }) => Number(id)),
    later.map(({ id }) => id).sort((a, b) => a - b), 'and all that was written after the restore');
  await samePagesAsFullBuild();

  const unchanged = `members/todos/${kept.id}.html`;
  assert.equal(tree(siteOf()).get(unchanged), pages.get(unchanged), 'a page that did not change is as it was');
  assert.equal((await client.get(`/todos/${stale.id}`)).status, 404);
  assert.match(await client.page(`/todos/${edited.id}`), /before/);
  const version = (await client.json(`/todos/${edited.id}.json`)).version;
  assert.ok(version > 2, 'a version that was issued is not issued again');
  assert.equal((await client.patch(`/api/todos/${edited.id}`, { title: 'x' }, { 'if-match': '"2"' })).status, 412);
  assert.equal((await client.json(`/todos/${kept.id}.json`)).version, kept.version, 'what did not change keeps its version');
});

test('a restore that is killed changes nothing, and the next one works', async () => {
  const file = await backup();
  await client.create({ title: 'after this backup' });
  await client.settled();
  const rows = await content();
  const before = await counters();
  // Half-way through, where it has deleted some tables' rows and waits for those of another, one of which is held here.
  const holder = board.sql('SET autocommit = 0; SELECT id FROM tag WHERE id = 1 FOR UPDATE; SELECT SLEEP(6); COMMIT');
  await eventually(async () => (await board.sql("SELECT 1 FROM information_schema.processlist WHERE info LIKE '%SLEEP(6)%' AND info NOT LIKE '%processlist%'")).length, 'the lock');
  const child = execFile('setsid', ['db/with.sh', 'gen', 'db/restore.sh', file], { cwd: root, env: board.environment });
  await eventually(async () => (await board.sql("SELECT 1 FROM information_schema.processlist WHERE info LIKE 'DELETE FROM %'")).length, 'the restore to be under way');
  process.kill(-child.pid, 'SIGKILL');
  await holder;
  await eventually(async () => (await board.sql("SELECT 1 FROM information_schema.processlist WHERE info LIKE 'DELETE FROM %'")).length === 0, 'its transaction to be undone');
  assert.deepEqual(await content(), rows);
  assert.deepEqual(await counters(), before);
  await restore(file);
  assert.equal((await content()).length, rows.length - 1);
  assert.deepEqual(await board.sql("SHOW DATABASES LIKE '%restore'"), []);
  await samePagesAsFullBuild();
});

test('a board that is stopped; and one whose database was lost goes on above what its pages show', async () => {
  const file = await backup();
  const last = await client.create({ title: 'lost with the database' });
  await client.settled();
  const rows = (await content()).filter(({ id }) => Number(id) !== last.id);
  const { state } = board;
  await board.stop('SIGTERM', { keep: true });
  await rm(`${state}/db`, { recursive: true });

  const { stdout } = await restore(file);
  assert.ok(revisionOf(stdout) > last.revision);
  board = await startBoard({ state });
  client = new Client(board.url);
  assert.deepEqual(await content(), rows);
  await samePagesAsFullBuild();
  assert.equal((await client.get(`/todos/${last.id}`)).status, 404);
  const next = await client.create({ title: 'next' });
  assert.ok(next.id > last.id && next.revision > last.revision, `${next.id}, ${next.revision}`);
  await samePagesAsFullBuild();
});

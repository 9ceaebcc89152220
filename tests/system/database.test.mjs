/*
 * The schema and the rights in it, with a database and a copy of db/ of the
 * test's own, and none of the programs.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { freshState, root as checkout } from './harness.mjs';

let root, state;

before(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'writ root '));
  state = await freshState();
  await cp(path.join(checkout, 'db'), path.join(root, 'db'), { recursive: true });
});

after(async () => {
  for (const folder of [root, state]) await rm(folder, { recursive: true, force: true });
});

function as(role, command, input = '') {
  return spawnSync('db/with.sh', [role, ...command], {
    cwd: root, input, encoding: 'utf8', env: { ...process.env, STATE: state }, timeout: 60_000,
  });
}

/* Runs a statement a line as a user of the database; the lines that failed, with the number of the error. */
function statements(role, lines) {
  const client =
    'MYSQL_PWD=$(cat "$MYSQL_PASSWORD_FILE") exec mariadb --no-defaults -S "$MYSQL_SOCKET" -u "$MYSQL_USER" --force "$MYSQL_DATABASE"';
  const { stdout, stderr } = as(role, ['sh', '-c', client], `${lines.join('\n')}\n`);
  const errors = [...stderr.matchAll(/^ERROR (\d+) \(\w+\) at line (\d+)/gm)].map(([, number, line]) => [lines[line - 1], Number(number)]);
  return { errors: Object.fromEntries(errors), stdout, stderr };
}

/* As whoever runs the test: the database's root. */
function asRoot(sql) {
  const { status, stdout, stderr } = as('api', ['sh', '-c',
    'exec mariadb --no-defaults -S "$MYSQL_SOCKET" -u "$(id -un)" --batch --skip-column-names "$MYSQL_DATABASE"'], sql);
  assert.equal(status, 0, stderr);
  return stdout;
}

const denied = new Set([1044, 1045, 1142, 1143, 1227, 1370]);

test('the first start makes everything, with secrets that only we can read', async () => {
  const { status, stderr } = as('api', ['true']);
  assert.equal(status, 0, stderr);
  for (const user of ['api', 'gen', 'backup']) {
    assert.equal((await stat(`${state}/secrets/${user}`)).mode & 0o777, 0o600);
    assert.match(await readFile(`${state}/secrets/${user}`, 'utf8'), /^[0-9a-f]{64}$/);
  }
  assert.equal((await stat(`${state}/secrets`)).mode & 0o777, 0o700);
  const sum = createHash('sha256').update(await readFile(`${root}/db/migrations/001-board.sql`)).digest('hex');
  assert.equal(asRoot('SELECT number, checksum FROM schema_migration ORDER BY number LIMIT 1'), `1\t${sum}\n`);
});

test('the settings that everything rests on', () => {
  assert.equal(asRoot(`SELECT @@innodb_flush_log_at_trx_commit, @@innodb_snapshot_isolation, @@character_set_database,
    @@collation_database, @@local_infile, @@skip_networking, @@log_bin, @@sql_mode LIKE '%STRICT_ALL_TABLES%'`),
  '1\t1\tutf8mb4\tutf8mb4_nopad_bin\t0\t1\t0\t1\n');
});

const rows = `
  INSERT INTO list (id, version, revision, name, name_key, slug) VALUES (1, 1, 1, 'Inbox', 'inbox', 'inbox');
  INSERT INTO tag (id, name, name_key, slug) VALUES (1, 'home', 'home', 'home');
  INSERT INTO todo (id, version, revision, state, title, notes, list_id, list_number, priority, created, updated) VALUES
    (1, 1, 1, 1, 'open', '', 1, 1, 0, NOW(), NOW()), (2, 2, 3, 3, 'deleted', 'secret', 1, 2, 0, NOW(), NOW());
  INSERT INTO todo_tag VALUES (1, 1, 0, 1, 1), (2, 1, 0, 2, 3);
  INSERT INTO \`change\` (revision, at, actor, op, todo_id, version, state_from, state_to, places, detail) VALUES
    (1, NOW(), 'ann', 1, 1, 1, 0, 1, '', '{"title":[null,"open"]}'), (2, NOW(), 'ann', 1, 2, 1, 0, 1, '', '{"notes":[null,"secret"]}'),
    (3, NOW(), 'ann', 5, 2, 2, 1, 3, '', NULL);`;

test('the API changes neither schema nor history', () => {
  asRoot(rows);
  const may = [
    'SELECT * FROM board FOR UPDATE;', 'UPDATE board SET revision = 3, last_todo = 2 WHERE id = 1;',
    "INSERT INTO `change` (revision, at, actor, op, version, state_from, state_to, places) VALUES (4, NOW(), 'x', 1, 1, 0, 1, '');",
    "UPDATE todo SET title = 'still open' WHERE id = 1;", 'DELETE FROM bucket WHERE todos = 0;',
  ];
  const mayNot = [
    "UPDATE `change` SET actor = 'eve' WHERE revision = 1;", 'DELETE FROM `change`;', 'TRUNCATE `change`;', 'DELETE FROM todo WHERE id = 1;',
    'UPDATE board SET id = 2;', 'DELETE FROM board;', 'DELETE FROM list;', 'ALTER TABLE todo ADD x INT;', 'CREATE TABLE x (y INT);', 'DROP TABLE bucket;',
    'CREATE TRIGGER x BEFORE INSERT ON todo FOR EACH ROW SET @x = 1;', 'SELECT * FROM schema_migration;', 'SELECT * FROM mysql.global_priv;',
    'DROP PROCEDURE purge_todo;', 'GRANT UPDATE ON `change` TO api;', "SELECT 1 INTO OUTFILE '/tmp/x';",
  ];
  const { errors, stderr } = statements('api', [...may, ...mayNot]);
  assert.deepEqual(Object.keys(errors), mayNot, stderr);
  for (const [statement, number] of Object.entries(errors)) assert.ok(denied.has(number), `${statement} ${number}`);
});

test('purging takes a deleted todo, and what people wrote of it', () => {
  const { errors } = statements('api', ['CALL purge_todo(1);', 'CALL purge_todo(99);', 'BEGIN; CALL purge_todo(2); COMMIT;']);
  assert.deepEqual(errors, { 'CALL purge_todo(1);': 1644, 'CALL purge_todo(99);': 1644 });
  assert.equal(asRoot(`SELECT id FROM todo; SELECT todo_id FROM todo_tag;
    SELECT revision, actor, detail IS NULL FROM \`change\` WHERE todo_id IS NOT NULL ORDER BY revision`),
  '1\n1\n1\tann\t0\n2\t\t1\n3\t\t1\n');
  const purger = as('api', ['sh', '-c', 'exec mariadb --no-defaults -S "$MYSQL_SOCKET" -u purger -e "SELECT 1"']);
  assert.match(purger.stderr, /ERROR 4151|ERROR 1045/, 'nobody signs in as its owner');
});

test('the generator only reads, and no receipts', () => {
  const may = ['board', 'list', 'tag', 'todo', 'todo_tag', 'bucket', '`change`'].map((table) => `SELECT COUNT(*) FROM ${table};`);
  const mayNot = [
    'SELECT * FROM receipt;', 'SELECT * FROM writer;', 'SELECT * FROM schema_migration;', 'UPDATE todo SET title = title;',
    "INSERT INTO bucket VALUES (1, 0, 1, 1);", 'DELETE FROM `change`;', 'CALL purge_todo(1);', 'CREATE TABLE x (y INT);',
  ];
  const { errors, stderr } = statements('gen', [...may, ...mayNot]);
  assert.deepEqual(Object.keys(errors), mayNot, stderr);
  for (const [statement, number] of Object.entries(errors)) assert.ok(denied.has(number), `${statement} ${number}`);
});

test('the backup reads everything of this database, and writes nothing', () => {
  const mayNot = ['UPDATE todo SET title = title;', 'SELECT * FROM mysql.global_priv;', 'DROP TABLE receipt;'];
  const { errors, stderr } = statements('backup', ['SELECT * FROM receipt;', 'LOCK TABLES todo READ;', 'UNLOCK TABLES;', ...mayNot]);
  assert.deepEqual(Object.keys(errors), mayNot, stderr);
});

test('migrations go forward only', async () => {
  const file = (name) => `${root}/db/migrations/${name}`;
  const sentence = (pattern) => {
    const { status, stderr } = as('api', ['true']);
    assert.equal(status, 1);
    assert.match(stderr, pattern);
  };
  const next = Number(asRoot('SELECT MAX(number) FROM schema_migration')) + 1;
  const name = (n) => `${String(n).padStart(3, '0')}-test.sql`;

  await writeFile(file(name(next)), 'CREATE TABLE one (id INT);');
  assert.equal(as('api', ['true']).status, 0);
  assert.equal(asRoot("SHOW TABLES LIKE 'one'"), 'one\n');

  await appendFile(file(name(next)), '-- edited later\n');
  sentence(/has changed since it was applied/);
  await writeFile(file(name(next)), 'CREATE TABLE one (id INT);');

  await rm(file(name(next)));
  sentence(/newer than this program/);
  await writeFile(file(name(next)), 'CREATE TABLE one (id INT);');

  await writeFile(file(name(next + 1)), 'CREATE TABLE two (id INT);\nCREATE TABLE one (id INT);');
  sentence(/the migration \d+-test\.sql failed/);
  sentence(/was begun and did not finish/);
});

test('a first migration that was interrupted is done again from nothing', async () => {
  const other = await freshState();
  const good = await readFile(path.join(checkout, 'db/migrations/001-board.sql'));
  const copy = await mkdtemp(path.join(tmpdir(), 'writ root '));
  await cp(path.join(checkout, 'db'), path.join(copy, 'db'), { recursive: true });
  const start = () => spawnSync('db/with.sh', ['api', 'true'], { cwd: copy, encoding: 'utf8', env: { ...process.env, STATE: other } });
  await writeFile(`${copy}/db/migrations/001-board.sql`, `${good}\nnonsense;`);
  assert.equal(start().status, 1);
  await writeFile(`${copy}/db/migrations/001-board.sql`, good);
  const second = start();
  for (const folder of [copy, other]) await rm(folder, { recursive: true, force: true });
  assert.equal(second.status, 0, second.stderr);
});

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
import { checkDatabase } from './invariants.mjs';

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

/* Of the database, as a user, of the table, of the column, without a global privilege, of the routine: access denied. */
const denied = new Set([1044, 1045, 1142, 1143, 1227, 1370]);

test('the first start makes everything, with secrets that only we can read', async () => {
  const { status, stderr } = as('api', ['true']);
  assert.equal(status, 0, stderr);
  for (const user of ['api', 'gen', 'backup']) {
    assert.equal((await stat(`${state}/secrets/${user}`)).mode & 0o777, 0o600);
    assert.match(await readFile(`${state}/secrets/${user}`, 'utf8'), /^[0-9a-f]{64}$/);
  }
  assert.equal((await stat(`${state}/secrets`)).mode & 0o777, 0o711, 'each of the processes reads its own');
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
  INSERT INTO todo_tag (todo_id, tag_id, position, number, state) VALUES (1, 1, 0, 1, 1), (2, 1, 0, 2, 3);
  INSERT INTO \`change\` (revision, at, actor, op, todo_id, version, state_from, state_to, places, detail) VALUES
    (1, NOW(), 'ann', 1, 1, 1, 0, 1, '', '{"title":[null,"open"]}'), (2, NOW(), 'ann', 1, 2, 1, 0, 1, '', '{"notes":[null,"secret"]}'),
    (3, NOW(), 'ann', 5, 2, 2, 1, 3, '', NULL);`;

/* What no user of the board may do. */
const forNobody = [
  'ALTER TABLE todo ADD x INT;', 'CREATE TABLE x (y INT);', 'CREATE TEMPORARY TABLE x (y INT);', 'DROP TABLE bucket;', 'RENAME TABLE bucket TO x;',
  'TRUNCATE `change`;', 'CREATE INDEX x ON todo (title);', 'CREATE VIEW x AS SELECT id FROM todo;', 'DROP DATABASE writ;', 'CREATE DATABASE x;',
  'CREATE TRIGGER x BEFORE INSERT ON todo FOR EACH ROW SET @x = 1;', 'CREATE PROCEDURE x() SELECT 1;', 'DROP PROCEDURE purge_todo;',
  'ALTER PROCEDURE purge_todo SQL SECURITY INVOKER;', 'CREATE EVENT x ON SCHEDULE EVERY 1 DAY DO SELECT 1;',
  'SELECT * FROM mysql.global_priv;', 'GRANT UPDATE ON `change` TO api;', 'CREATE USER x;', "SET PASSWORD FOR purger@localhost = PASSWORD('x');",
  "ALTER USER purger@localhost ACCOUNT UNLOCK;", 'SET GLOBAL innodb_flush_log_at_trx_commit = 0;', 'SHUTDOWN;', 'FLUSH LOGS;',
  "SELECT 1 INTO OUTFILE '/tmp/x';", "LOAD DATA INFILE '/etc/passwd' INTO TABLE bucket;", 'SHOW BINARY LOGS;',
];
const writes = (table, column) => [
  `INSERT INTO ${table} (${column}) VALUES (1);`, `UPDATE ${table} SET ${column} = ${column};`, `DELETE FROM ${table};`, `REPLACE INTO ${table} (${column}) VALUES (1);`,
];

const users = {
  api: {
    may: [
      'SELECT * FROM board FOR UPDATE;', 'UPDATE board SET revision = 3, last_todo = 2, public_open = 0 WHERE id = 1;',
      "INSERT INTO `change` (revision, at, actor, op, version, state_from, state_to, places) VALUES (4, NOW(), 'x', 1, 1, 0, 1, '');",
      "UPDATE todo SET title = 'still open' WHERE id = 1;", 'DELETE FROM bucket WHERE todos = 0;',
      "INSERT INTO owner (passphrase, changed) VALUES ('x', NOW()) ON DUPLICATE KEY UPDATE passphrase = VALUES(passphrase);",
      "INSERT INTO credential (hash, kind, name, reading_key, created) VALUES (x'00', 1, 'owner', REPEAT('0', 64), NOW());", "DELETE FROM credential WHERE kind = 3;",
    ],
    mayNot: [
      ...forNobody,
      "UPDATE `change` SET actor = 'eve' WHERE revision = 1;", 'UPDATE `change` SET detail = NULL;', 'DELETE FROM `change`;', 'SELECT detail FROM `change`;',
      "REPLACE INTO `change` (revision, at, actor, op, version, state_from, state_to, places) VALUES (1, NOW(), 'eve', 1, 1, 0, 1, '');",
      "INSERT INTO `change` (revision, at, actor, op, version, state_from, state_to, places) VALUES (1, NOW(), 'x', 1, 1, 0, 1, '') ON DUPLICATE KEY UPDATE actor = 'eve';",
      'DELETE FROM todo WHERE id = 1;', 'DELETE FROM list;', 'DELETE FROM tag;', 'UPDATE board SET id = 2;', 'DELETE FROM board;', 'INSERT INTO board (id) VALUES (1);',
      "UPDATE credential SET name = 'eve';", 'UPDATE credential SET expires = NULL;', "REPLACE INTO owner (passphrase, changed) VALUES ('x', NOW());", 'DELETE FROM owner;',
      'SELECT * FROM schema_migration;', 'DELETE FROM schema_migration;', 'LOCK TABLES todo WRITE;', 'ALTER TABLE `change` DROP COLUMN actor;', 'DROP TABLE `change`;',
    ],
  },
  gen: {
    may: [
      ...['board', 'list', 'tag', 'todo', 'todo_tag', 'bucket', '`change`'].map((table) => `SELECT * FROM ${table};`),
      'SELECT reading_key FROM credential WHERE expires IS NULL OR expires > NOW();',
    ],
    mayNot: [
      ...forNobody,
      ...writes('board', 'id'), ...writes('list', 'id'), ...writes('tag', 'id'), ...writes('todo', 'id'), ...writes('todo_tag', 'todo_id'), ...writes('bucket', 'kind'),
      ...writes('`change`', 'revision'), ...writes('owner', 'id'), ...writes('credential', 'kind'),
      'SELECT * FROM receipt;', 'SELECT actor FROM receipt;', 'SELECT * FROM writer;', 'SELECT * FROM schema_migration;',
      'SELECT * FROM owner;', 'SELECT passphrase FROM owner;', 'SELECT * FROM credential;', 'SELECT hash FROM credential;', 'SELECT name, reading_key FROM credential;',
      "SELECT reading_key FROM credential WHERE hash < x'80';", 'SELECT reading_key FROM credential ORDER BY created;', 'UPDATE credential SET expires = NULL;',
      'CALL purge_todo(1);', 'LOCK TABLES todo READ;',
    ],
  },
  backup: {
    may: ['SELECT * FROM receipt;', 'SELECT * FROM `change`;', 'SELECT * FROM owner;', 'SELECT * FROM credential;', 'LOCK TABLES todo READ;', 'UNLOCK TABLES;'],
    mayNot: [
      ...forNobody.filter((statement) => !/EVENT|TRIGGER/.test(statement)),
      ...writes('board', 'id'), ...writes('list', 'id'), ...writes('todo', 'id'), ...writes('`change`', 'revision'), ...writes('receipt', 'op'), ...writes('owner', 'id'),
      ...writes('credential', 'kind'), ...writes('schema_migration', 'number'), 'CALL purge_todo(1);',
    ],
  },
};

for (const [user, { may, mayNot }] of Object.entries(users)) {
  test(`${user} may do ${may.length} things and not ${mayNot.length} others`, () => {
    if (user === 'api') asRoot(rows);
    assert.ok(mayNot.length >= 20);
    const { errors, stderr } = statements(user, [...may, ...mayNot]);
    assert.deepEqual(Object.keys(errors), mayNot, stderr);
    for (const [statement, number] of Object.entries(errors)) assert.ok(denied.has(number), `${statement} ${number}: that is not for want of a privilege`);
  });
}

test('what is refused could be done by one who may', () => {
  const all = new Set(Object.values(users).flatMap(({ mayNot }) => mayNot));
  asRoot([...all].map((statement) => `PREPARE x FROM '${statement.replace(/;$/, '').replaceAll("'", "''")}'; DEALLOCATE PREPARE x;`).join('\n'));
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

/* Another board, with a copy of db/; `start` brings its database up to date. */
async function anotherBoard() {
  const folder = await mkdtemp(path.join(tmpdir(), 'writ root '));
  const itsState = await freshState();
  await cp(path.join(checkout, 'db'), path.join(folder, 'db'), { recursive: true });
  const sql = 'exec mariadb --no-defaults -S "$MYSQL_SOCKET" -u "$(id -un)" --batch --skip-column-names "$MYSQL_DATABASE"';
  return {
    folder,
    start: (input = '') => spawnSync('db/with.sh', ['api', 'sh', '-c', sql], { cwd: folder, input, encoding: 'utf8', env: { ...process.env, STATE: itsState }, timeout: 60_000 }),
    remove: () => Promise.all([folder, itsState].map((each) => rm(each, { recursive: true, force: true }))),
  };
}

// A list that became public with a todo in it, one that was moved there and finished, one that was deleted there; a list
// that was public for a while, and a private one.
const beforeMembers = `
  INSERT INTO list (id, version, revision, name, name_key, slug, public, last_number, open, done) VALUES
    (1, 1, 3, 'Inbox', 'inbox', 'inbox', 0, 1, 0, 0), (2, 2, 2, 'Shown', 'shown', 'shown', 1, 3, 1, 1), (3, 3, 10, 'Hidden', 'hidden', 'hidden', 0, 1, 1, 0);
  INSERT INTO tag (id, name, name_key, slug, last_number, open, done) VALUES (1, 'home', 'home', 'home', 3, 2, 1);
  INSERT INTO todo (id, version, revision, state, title, notes, list_id, list_number, priority, created, updated, finished) VALUES
    (1, 1, 1, 1, 'shown with its list', '', 2, 1, 0, NOW(), NOW(), NULL), (2, 3, 5, 2, 'moved', '', 2, 2, 0, NOW(), NOW(), NOW()),
    (3, 2, 7, 3, 'deleted', '', 2, 3, 0, NOW(), NOW(), NULL), (4, 1, 8, 1, 'hidden', '', 3, 1, 0, NOW(), NOW(), NULL);
  INSERT INTO todo_tag (todo_id, tag_id, position, number, state) VALUES (1, 1, 0, 1, 1), (2, 1, 0, 2, 2), (4, 1, 0, 3, 1);
  INSERT INTO bucket VALUES (1, 0, 1, 2), (2, 0, 1, 1), (3, 2, 1, 2), (3, 3, 1, 1), (4, 1, 1, 3);
  INSERT INTO \`change\` (revision, at, actor, op, todo_id, list_id, version, state_from, state_to, places, detail) VALUES
    (1, NOW(), '', 1, 1, NULL, 1, 0, 1, '*l2 +l2:1 *t1 +t1:1', NULL), (2, NOW(), '', 8, NULL, 2, 2, 0, 0, '', '{"public":[false,true]}'),
    (3, NOW(), '', 1, 2, NULL, 1, 0, 1, '*l1 +l1:1 +t1:2', NULL), (4, NOW(), '', 2, 2, NULL, 2, 1, 1, '-l1:1 +l2:2 =t1:2', '{"list":["Inbox","Shown"]}'),
    (5, NOW(), '', 3, 2, NULL, 3, 1, 2, '=l2:2 =t1:2', NULL), (6, NOW(), '', 1, 3, NULL, 1, 0, 1, '+l2:3', NULL), (7, NOW(), '', 5, 3, NULL, 2, 1, 3, '=l2:3', NULL),
    (8, NOW(), '', 1, 4, NULL, 1, 0, 1, '*l3 +l3:1 +t1:3', NULL), (9, NOW(), '', 8, NULL, 3, 2, 0, 0, '', '{"public":[false,true]}'),
    (10, NOW(), '', 8, NULL, 3, 3, 0, 0, '', '{"public":[true,false]}');
  UPDATE board SET revision = 10, last_todo = 4, last_list = 3, last_tag = 1, open = 2, done = 1;`;

test('a board from before there were members is counted as if there had been', async () => {
  const board = await anotherBoard();
  try {
    await appendFile(`${board.folder}/db/migrations/001-board.sql`, beforeMembers);
    const { status, stdout, stderr } = board.start('SELECT public_open, public_done FROM board; SELECT public_open, public_done FROM tag; SELECT revision FROM `change` WHERE public_to');
    assert.deepEqual([status, stdout], [0, '1\t1\n1\t1\n2\n4\n5\n6\n7\n9\n'], stderr);
    const questions = [];
    await checkDatabase({ sql: (query) => (questions.push(query), []) });
    const wrong = board.start(questions.join(';\n'));
    assert.deepEqual([wrong.status, wrong.stdout], [0, ''], wrong.stderr);
  } finally {
    await board.remove();
  }
});

test('a first migration that was interrupted is done again from nothing', async () => {
  const board = await anotherBoard();
  const good = await readFile(path.join(checkout, 'db/migrations/001-board.sql'));
  await writeFile(`${board.folder}/db/migrations/001-board.sql`, `${good}\nnonsense;`);
  assert.equal(board.start().status, 1);
  await writeFile(`${board.folder}/db/migrations/001-board.sql`, good);
  const second = board.start();
  await board.remove();
  assert.equal(second.status, 0, second.stderr);
});

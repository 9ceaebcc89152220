/*
 * Promise 10, locally: when root runs a board, each process is a user of its
 * own, who can do what it is for and nothing else. What may not be is tried,
 * as those users; and so is what must be, or else a wrong path would pass for a refusal.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { eventually, processesOf, root, startBoard } from './harness.mjs';

const skip = process.getuid() === 0 ? false : 'only root can run a board as several users; this one is run by another';
const build = path.resolve(root, process.env.BUILD ?? 'build');
const everyone = ['writ-db', 'writ-api', 'writ-gen', 'writ-web', 'nobody'];
const runs = { db: 'writ-db', api: 'writ-api', gen: 'writ-gen', nginx: 'writ-web' };

/* A line of the shell in STATE, as a user; the number that it ends with. */
function as(user, line, { state } = board) {
  const group = user === 'nobody' ? 'nogroup' : user;
  return spawnSync('setpriv', ['--reuid', user, '--regid', group, '--clear-groups', 'sh', '-c', line], { cwd: state, timeout: 20_000 }).status;
}

/* Who of all can do it. */
const can = (line) => everyone.filter((user) => as(user, line) === 0);

async function status(pid) {
  const lines = (await readFile(`/proc/${pid}/status`, 'utf8')).split('\n').map((line) => line.split(/:\s+/));
  return Object.fromEntries(lines);
}

const number = (flag, name) => spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout.trim();

async function assertUsers(of) {
  for (const [name, user] of Object.entries(runs)) {
    const pid = await of.pid(name);
    // One that has just been started may still be the script that becomes it, and a master of Nginx have no workers yet:
    // those of the one before answer for it.
    const children = await eventually(async () => {
      if (/^(bash|setpriv|sh)$/.test((await status(pid)).Name)) return false;
      const numbers = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter(Boolean);
      return numbers.length > 0 === (name === 'nginx') && numbers;
    }, `the children of ${name}`);
    for (const process of [pid, ...children]) {
      const { Uid, Gid, Groups, CapEff, NoNewPrivs } = await status(process);
      assert.deepEqual([...new Set(Uid.split('\t'))], [number('-u', user)], `${name} ${process}`);
      assert.deepEqual([...new Set(Gid.split('\t'))], [number('-g', user)], `${name} ${process}`);
      assert.deepEqual([Groups?.trim() ?? '', Number(`0x${CapEff}`), NoNewPrivs], ['', 0, '1'], `${name} ${process}`);
    }
  }
}

const works = async (of) => {
  const { status, text } = await of.post('/api/todos', { title: 'By all of them' });
  assert.equal(status, 201, text);
  assert.equal((await of.get(JSON.parse(text).url)).status, 200);
};

let board;
before(async () => {
  if (!skip) board = await startBoard();
});
after(() => board?.stop());

test('each process is a user of its own, without any right of root', { skip }, async () => {
  assert.equal(new Set(Object.values(runs).map((user) => number('-u', user))).size, 4);
  await assertUsers(board);
  await works(board);
});

test('only the generator can write the site, and only Nginx can read it', { skip }, async () => {
  await works(board);
  for (const line of [
    'touch site/x && rm site/x', 'touch site/current/members/x && rm site/current/members/x', 'mkdir site/current/x && rmdir site/current/x',
    'cp -p site/current/members/index.html site/y && mv site/y site/current/members/index.html', 'printf "" >>site/current/members/index.html', 'touch site/state',
    'ln -s / site/current/members/x && rm site/current/members/x', 'chmod 644 site/current/members/404.html',
  ]) assert.deepEqual(can(line), ['writ-gen'], line);
  assert.deepEqual(can('cat site/current/members/index.html'), ['writ-gen', 'writ-web']);
  assert.deepEqual(can('mv site site.old || rmdir site'), []);
});

test('a secret is for one of them', { skip }, async () => {
  const readers = { api: ['writ-api'], gen: ['writ-gen'], backup: [], secret_key: ['writ-api'] };
  assert.deepEqual((await readdir(`${board.state}/secrets`)).sort(), Object.keys(readers).sort());
  for (const [name, who] of Object.entries(readers)) assert.deepEqual(can(`cat secrets/${name}`), who, name);
  assert.match(await readFile(`${board.state}/secrets/secret_key`, 'utf8'), /^[0-9a-f]{64}$/);
  assert.deepEqual(can('ls secrets'), []);
  for (const [name, user] of Object.entries(runs)) {
    const pid = await board.pid(name);
    assert.deepEqual(can(`cat /proc/${pid}/environ`), [user], 'where the paths of secrets stand');
  }
});

test('what root reads and runs is for nobody to change', { skip }, () => {
  for (const line of [
    'touch run/x', 'touch run/env', 'touch run/api.pid', 'touch run/program/x', 'touch run/program/writ-api', 'touch run/program/templates/x',
    'touch run/nginx/nginx.conf', 'touch run/nginx/place/tree.conf', 'touch run/mariadb.cnf', 'touch log/x', 'touch log/api.log', 'touch x', 'touch run/lock', 'touch secrets/x',
  ]) assert.deepEqual(can(line), [], line);
});

test('the data is for MariaDB alone, and what people read is not for everyone to see', { skip }, () => {
  assert.deepEqual(can('ls db'), ['writ-db']);
  assert.deepEqual(can('ls run/tmp'), ['writ-db']);
  assert.deepEqual(can('cat log/access.log'), ['writ-web']);
});

test('sockets are for those who need them', { skip }, () => {
  const connects = (user, socket) => as(user, `curl -s -m 2 --unix-socket ${socket} http://writ/api/health >/dev/null; test $? -ne 7`) === 0;
  const who = (socket) => everyone.filter((user) => connects(user, socket));
  assert.deepEqual(who('run/api/api.sock'), ['writ-api', 'writ-web']);
  assert.deepEqual(who('run/gen/gen.sock'), ['writ-api', 'writ-gen']);
  for (const user of ['root', 'writ-db', 'api', 'gen', 'nobody'])
    assert.deepEqual(can(`mariadb --no-defaults --socket=run/db.sock --user=${user} -e 'DO 1'`), [], `${user} without a password`);
});

test('what an earlier version has made as root is taken over', { skip }, async () => {
  const first = await startBoard();
  await works(first);
  await first.stop('SIGTERM', { keep: true });
  assert.equal(spawnSync('chown', ['-R', 'root:root', first.state]).status, 0);
  const second = await startBoard({ state: first.state });
  try {
    await assertUsers(second);
    await works(second);
    for (const line of ['ls db', 'touch db/writ/x && rm db/writ/x']) assert.equal(as('writ-db', line, second), 0);
    assert.equal(as('writ-gen', 'touch site/current/members/todos/1.html', second), 0);
  } finally {
    await second.stop();
  }
});

test('a checkout, programs and a STATE that are closed to all others', { skip: skip || (spawnSync('unshare', ['--mount', 'true']).status !== 0 &&
  'this container gives its root no view of the file system of its own, without which MariaDB stays root here') }, async (t) => {
  const closed = await mkdtemp(path.join(tmpdir(), 'writ closed '));
  t.after(() => rm(closed, { recursive: true, force: true }));
  const checkout = path.join(closed, 'checkout'), programs = path.join(closed, 'build'), state = path.join(closed, 'state');
  for (const name of ['run.sh', 'db', 'nginx', 'templates', 'site']) await cp(path.join(root, name), path.join(checkout, name), { recursive: true });
  await mkdir(programs);
  await mkdir(state);
  for (const name of ['writ-api', 'writ-gen']) await cp(path.join(build, name), path.join(programs, name), { dereference: true });
  assert.equal(spawnSync('chmod', ['-R', 'go=', closed]).status, 0);
  await chmod(closed, 0o700);

  const own = await startBoard({ checkout, state, env: { BUILD: programs } });
  try {
    await assertUsers(own);
    await works(own);
    for (const name of Object.keys(runs)) {
      const old = await own.pid(name);
      await own.kill(name);
      await eventually(async () => (await own.pid(name)) !== old && (await own.get('/api/health')).json().status === 'ok', `another ${name}`);
    }
    await own.gen();
    await assertUsers(own);
    await works(own);
  } finally {
    await own.stop();
  }
});

test('all of them end with run.sh', { skip }, async () => {
  const own = await startBoard();
  await own.killSupervisor();
  await eventually(async () => (await processesOf(own.state)).length === 0, 'the last of them to end');
  await rm(own.state, { recursive: true });
});

/*
 * run.sh: starts the whole, keeps it up, ends it, and says in a sentence why
 * it cannot start.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import test from 'node:test';
import { eventually, freePort, freshState, processesOf, root, startBoard } from './harness.mjs';

const names = ['db', 'api', 'gen', 'nginx'];

/* Its name, when it runs. */
const program = async (pid) => (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();

const works = async (board) => {
  const page = await board.get('/');
  const health = await board.get('/api/health');
  return page.status === 200 && health.json().status === 'ok';
};

function tryToStart(env) {
  return spawnSync('./run.sh', { cwd: root, env: { ...process.env, ...env }, encoding: 'utf8', timeout: 30_000 });
}

test('a board', async (t) => {
  const board = await startBoard({ bare: true });
  t.after(() => board.stop());
  assert.equal((await board.get('/')).status, 200, 'ready means that it can be read');
  assert.deepEqual((await board.get('/api/health')).json(),
    { status: 'ok', database: 'ok', generator: 'ok', revision: 0, published: 0 }, 'and written');

  const expected = {};
  for (const name of names) expected[name] = await program(await board.pid(name));
  assert.deepEqual([expected.db, expected.nginx], ['mariadbd', 'nginx']);

  for (const name of names) {
    await t.test(`${name} is started again after kill -9`, async () => {
      const old = await board.pid(name);
      const killed = Date.now();
      await board.kill(name);
      const pid = await eventually(async () => {
        const now = await board.pid(name);
        return now !== old && (await program(now)) === expected[name] && now;
      }, `another ${name}`);
      await eventually(() => works(board), 'the board to work again');
      assert.ok(Date.now() - killed < 10_000);
      assert.equal(await board.pid(name), pid, 'and it stays');
    });
  }

  await t.test('all of them at once', async () => {
    const old = await Promise.all(names.map(board.pid));
    old.forEach((pid) => process.kill(pid, 'SIGKILL'));
    await eventually(async () => {
      const now = await Promise.all(names.map(board.pid));
      const running = await Promise.all(now.map(program));
      return now.every((pid, i) => pid !== old[i] && running[i] === expected[names[i]]) && works(board);
    }, 'the board to work again');
  });

  await t.test('pages are served while everything behind Nginx is stopped', async () => {
    const pids = await Promise.all(['db', 'api', 'gen'].map(board.pid));
    pids.forEach((pid) => process.kill(pid, 'SIGSTOP'));
    try {
      assert.equal((await board.get('/')).status, 200);
    } finally {
      pids.forEach((pid) => process.kill(pid, 'SIGCONT'));
    }
  });

  await t.test('a second one with the same STATE is refused', async () => {
    const second = tryToStart({ STATE: board.state, PORT: String(await freePort()) });
    assert.equal(second.status, 1);
    assert.match(second.stderr, /a board runs already with STATE/);
    assert.ok(await works(board));
  });

  await t.test('only this machine reaches it', async () => {
    const master = await board.pid('nginx');
    const sockets = (await readFile(`/proc/${master}/net/tcp`, 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
    const port = board.port.toString(16).toUpperCase().padStart(4, '0');
    const listening = sockets.filter((socket) => socket[3] === '0A' && socket[1].endsWith(`:${port}`));
    assert.deepEqual(listening.map((socket) => socket[1]), [`0100007F:${port}`]);
  });
});

test('several API processes on one database', async (t) => {
  const board = await startBoard({ env: { APIS: '3' } });
  t.after(() => board.stop());
  const apis = ['api', 'api2', 'api3'];
  const pids = await Promise.all(apis.map(board.pid));
  assert.equal(new Set(pids).size, 3);
  assert.deepEqual(await Promise.all(pids.map(program)), ['writ-api', 'writ-api', 'writ-api']);

  const write = () => board.post('/api/todos', { title: 'written by one of them' });
  const writers = async () => Number((await board.sql('SELECT COUNT(*) AS writers FROM writer'))[0].writers);
  for (let i = 0; i < 12; i++) assert.equal((await write()).status, 201);
  assert.equal(await writers(), 3, 'Nginx hands writes to all of them');

  await t.test('while one of them is away the others are written to', async () => {
    await board.kill('api2');
    for (let i = 0; i < 12; i++) {
      const answer = await write();
      assert.ok([201, 503].includes(answer.status), answer.text);
    }
    const pid = await eventually(async () => {
      const now = await board.pid('api2');
      return now !== pids[1] && (await program(now)) === 'writ-api' && now;
    }, 'another api2');
    await eventually(async () => {
      assert.equal((await write()).status, 201);
      return (await writers()) === 4;
    }, 'it to be written to');
    assert.deepEqual(await Promise.all(apis.map(board.pid)), [pids[0], pid, pids[2]]);
  });
});

for (const signal of ['SIGINT', 'SIGHUP']) {
  test(`${signal} ends it in order, and nothing is left`, async () => {
    const board = await startBoard();
    await board.stop(signal);
  });
}

test('after kill -9 of run.sh, of Nginx too, the next start takes over', async (t) => {
  const first = await startBoard();
  await first.kill('nginx');
  await first.killSupervisor();
  const second = await startBoard({ state: first.state });
  t.after(() => second.stop());
  assert.ok(await works(second));
  await eventually(async () => {
    const running = await processesOf(first.state);
    return running.filter((line) => line.includes('mariadbd')).length === 1;
  }, 'one database only');
});

test('the first start says the passphrase, and no other', async () => {
  const passphrases = (board) => board.said().match(/^Passphrase: \S.*$/gm);
  const first = await startBoard({ bare: true });
  assert.equal(passphrases(first)?.length, 1, first.said());
  await first.stop('SIGTERM', { keep: true });
  const second = await startBoard({ state: first.state });
  assert.equal(passphrases(second), null);
  await second.stop();
});

test('a board is closed, unless WRIT_OPEN says that it is open', async () => {
  const open = await startBoard();
  assert.match(open.said(), /^WRIT_OPEN=1: everyone on this machine is a member/m);
  assert.equal((await open.post('/api/todos', { title: 'By anyone' })).status, 201);
  await open.stop('SIGTERM', { keep: true });

  const closed = await startBoard({ state: open.state, env: { WRIT_OPEN: '' } });
  try {
    assert.doesNotMatch(closed.said(), /WRIT_OPEN/);
    assert.equal((await closed.get('/')).status, 200);
    assert.equal((await closed.get('/todos/1')).status, 404);
    assert.equal((await closed.post('/api/todos', { title: 'By anyone' })).status, 401);
  } finally {
    await closed.stop();
  }
});

test('a port that is taken is named', async () => {
  const other = net.createServer();
  await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address();
  const state = await freshState();
  const { status, stderr } = tryToStart({ STATE: state, PORT: String(port) });
  other.close();
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`port ${port} is taken`));
  assert.deepEqual(await processesOf(state), []);
  await rm(state, { recursive: true, force: true });
});

test('a setting that cannot be is refused with a sentence', async () => {
  const state = await freshState();
  for (const [env, sentence] of [
    [{ PORT: '0' }, /PORT must be a number/], [{ PORT: 'http' }, /PORT must be a number/],
    [{ WRIT_OPEN: 'yes' }, /WRIT_OPEN must be 1/], [{ APIS: '0' }, /APIS, how many/], [{ APIS: 'two' }, /APIS, how many/],
    [{ MYSQL_DATABASE: 'a`b' }, /MYSQL_DATABASE must be/], [{ STATE: `${state}/${'x'.repeat(90)}` }, /path of STATE may have/],
  ]) {
    const { status, stderr } = tryToStart({ STATE: state, ...env });
    assert.equal(status, 1);
    assert.match(stderr, sentence);
  }
  await rm(state, { recursive: true, force: true });
});

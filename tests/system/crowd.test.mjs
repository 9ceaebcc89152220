/*
 * Clients that are slow, and many: whoever else reads and writes is served
 * within a second meanwhile, and neither memory nor time of the processor is taken without end.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import net from 'node:net';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, startBoard } from './harness.mjs';

const IDLE = 10_000;
const SECOND = process.env.SAN ? 5000 : 1000; // in ms, and for nobody to wait longer
const files = Number(spawnSync('bash', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout.trim().replace('unlimited', '1048576'));

/* ---- what is measured */

const children = async (pid) => (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ');

/* Nginx's workers, or the API. */
const processes = async (board, name) => (name === 'nginx' ? children(await board.pid(name)) : [await board.pid(name)]);

async function sum(board, name, each) {
  let total = 0;
  for (const pid of await processes(board, name)) total += await each(pid);
  return total;
}

const mebibytes = (board, name) => sum(board, name, async (pid) => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))[1]) / 1024);

/* Milliseconds of a processor, in clock ticks of 10. */
const used = (board, name) => sum(board, name, async (pid) => {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
});

async function assertIdle(board, most = 200) {
  for (const name of ['nginx', 'api']) {
    const start = await used(board, name);
    await sleep(1000);
    const spent = (await used(board, name)) - start;
    assert.ok(spent <= most, `${name} takes ${spent} ms of a second while nobody asks anything`);
  }
}

/* Others read and write, each time on a connection of their own. One of ten may have met something else that is
 * slow, such as the disk. */
async function assertServed(board) {
  const times = [];
  const timed = async (asked, expected) => {
    const start = performance.now();
    const { status, text } = await asked();
    times.push(Math.round(performance.now() - start));
    assert.equal(status, expected, text);
  };
  for (let i = 0; i < 5; i++) {
    await timed(() => board.get('/'), 200);
    await timed(() => board.post('/api/todos', { title: 'In a crowd' }), 201);
  }
  times.sort((a, b) => a - b);
  assert.ok(times.at(-2) < SECOND && times.at(-1) < 3 * SECOND, `answers took ${times} ms`);
}

/* Runs `during` and fails if a process has grown by more than `most` MiB since. */
async function assertBounded(board, most, during) {
  const names = ['nginx', 'api'];
  const before = await Promise.all(names.map((name) => mebibytes(board, name)));
  await during();
  for (const [i, name] of names.entries()) {
    const grown = (await mebibytes(board, name)) - before[i];
    assert.ok(grown <= most, `${name} has grown by ${grown.toFixed(1)} MiB`);
  }
}

/* ---- the crowd */

/* Connections that stay; one that the server closes is counted, and not opened again. `where` as net.connect has it. */
function crowd(t, where) {
  const sockets = [];
  t.after(() => everyone.leave());
  const everyone = {
    sockets,
    closed: 0,
    async add(count, begin = () => {}) {
      const arrive = () => new Promise((resolve) => {
        const socket = net.connect(where, () => {
          begin(socket);
          resolve();
        });
        socket.on('error', resolve);
        socket.on('close', () => this.closed++);
        sockets.push(socket);
      });
      for (let left = count; left > 0; left -= 500) await Promise.all(Array.from({ length: Math.min(left, 500) }, arrive));
    },
    /* What each of them does every second, until they leave. */
    every(does) {
      this.timer = setInterval(() => sockets.forEach((socket) => !socket.destroyed && does(socket)), 1000);
    },
    async leave() {
      clearInterval(this.timer);
      sockets.forEach((socket) => socket.destroy());
      await sleep(100);
    },
  };
  return everyone;
}

let board;
before(async () => {
  board = await startBoard({ env: { WRIT_RATE: '0' } });
  await assertServed(board);
});
after(() => board?.stop());

test('heads that come a byte a second', async (t) => {
  const slow = crowd(t, board.port);
  await assertBounded(board, 32, async () => {
    await slow.add(1000, (socket) => socket.write('GET / HTTP/1.1\r\nX: '));
    slow.every((socket) => socket.write('x'));
    await assertServed(board);
    await assertIdle(board);
    await eventually(() => slow.closed === 1000, 'Nginx to lose its patience', 20_000);
  });
});

test('bodies that come a byte a second, after a good beginning', async (t) => {
  const slow = crowd(t, board.port);
  const head = (target, type, more) => `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\n${more}\r\n\r\n`;
  await assertBounded(board, 48, async () => {
    await slow.add(500, (socket) => socket.write(head('/api/todos', 'application/json', 'Content-Length: 131072') + 'x'.repeat(100_000)));
    await slow.add(100, (socket) => socket.write(`${head('/api/import', 'text/markdown', 'Transfer-Encoding: chunked')}100000\r\n${'x'.repeat(900_000)}`));
    slow.every((socket) => socket.write('x'));
    await assertServed(board);
    await assertIdle(board);
    assert.equal(slow.closed, 0);
  });
});

test('answers that are read a byte a second', async (t) => {
  await board.post('/api/import', `- [ ] ${'long '.repeat(39)}\n`.repeat(200), { 'content-type': 'text/markdown' });
  const { text } = await eventually(async () => {
    const page = await board.get('/open');
    return page.text.length > 40_000 && page;
  }, 'a long page');
  const slow = crowd(t, board.port);
  const asked = Math.min(900, Math.ceil((6 << 20) / text.length)); // more than the kernel keeps for a connection
  await assertBounded(board, 48, async () => {
    await slow.add(100, (socket) => socket.pause().write('GET /open HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(asked)));
    slow.every((socket) => socket.read(1));
    await eventually(async () => {
      const start = await used(board, 'nginx');
      await sleep(200);
      return (await used(board, 'nginx')) - start < 20;
    }, 'nothing more to fit in', 10_000);
    await assertServed(board);
    await assertIdle(board);
    assert.equal(slow.closed, 0);
  });
});

test(`${IDLE} connections on which nothing comes`, { skip: files < IDLE + 500 && `the limit of open files, ${files}, is too low for so many` }, async (t) => {
  const idle = crowd(t, board.port);
  await assertBounded(board, 64, async () => {
    await idle.add(IDLE);
    await assertServed(board);
    await assertIdle(board);
  });
  await idle.leave();
  await assertServed(board);
});

test('bodies over the limit, with a length and without', async (t) => {
  const answers = [];
  const big = crowd(t, board.port);
  const listen = (socket) => socket.once('data', (chunk) => answers.push(Number(chunk.toString('latin1').split(' ')[1])));
  await assertBounded(board, 32, async () => {
    await big.add(100, (socket) => {
      listen(socket);
      socket.write('POST /api/todos HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n');
    });
    await big.add(100, (socket) => {
      listen(socket);
      socket.write('POST /api/import HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let i = 0; i < 40; i++) socket.write(`10000\r\n${'x'.repeat(65536)}\r\n`);
    });
    await eventually(() => answers.length === 200, 'all of them to be refused', 10_000);
    await assertServed(board);
  });
  assert.deepEqual([...new Set(answers)], [413]);
  for (const folder of await readdir(`${board.state}/run/nginx/tmp`, { withFileTypes: true }))
    if (folder.isDirectory()) assert.deepEqual(await readdir(`${board.state}/run/nginx/tmp/${folder.name}`), [], 'nothing is stored');
});

test('more connections than files may be open', async (t) => {
  const limit = 512;
  const small = await startBoard({ files: limit, env: { WRIT_RATE: '0' } });
  t.after(() => small.stop());
  await assertServed(small);
  const idle = crowd(t, small.port);

  await t.test('to Nginx', async () => {
    await assertBounded(small, 16, async () => {
      await idle.add(4 * limit);
      await assertServed(small);
      await assertIdle(small);
      assert.ok(idle.closed >= limit, 'which has let go of some');
    });
    await idle.leave();
  });

  await t.test('to the API: it waits, and goes on when they leave', async () => {
    const direct = crowd(t, `${small.state}/run/api/api.sock`);
    await assertBounded(small, 16, async () => {
      await direct.add(2 * limit);
      await assertIdle(small);
    });
    assert.equal((await small.get('/')).status, 200, 'pages do not depend on it');
    await direct.leave();
    await eventually(async () => (await small.get('/api/health')).status === 200, 'the API to answer again', 5000);
    await assertServed(small);
  });
});

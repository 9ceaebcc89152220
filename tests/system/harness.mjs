/*
 * A whole board of its own for a test: run.sh with a fresh STATE and a free
 * port, stopped and cleaned up afterwards. The folder of STATE has a blank in
 * its name, so that every test is one for blanks too.
 *
 * BUILD is the folder of the programs; with SAN set they are built with
 * sanitizers, and any report of one fails the test that stops the board.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, readlink, rm } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const root = fileURLToPath(new URL('../..', import.meta.url));
const build = path.resolve(root, process.env.BUILD ?? 'build');
const patience = process.env.SAN ? 120_000 : 60_000;

/* Below those that the kernel gives to connections: a board that is started again finds it free. */
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = net.createServer();
    const free = await new Promise((resolve) => server.on('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)));
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

export const freshState = () => mkdtemp(path.join(tmpdir(), 'writ test '));

/* Until `check` returns something true, which is returned; what it throws counts as false. */
export async function eventually(check, what, milliseconds = process.env.SAN ? 60_000 : 30_000) {
  const end = Date.now() + milliseconds;
  let last;
  do {
    try {
      const result = await check();
      if (result) return result;
    } catch (error) {
      last = error;
    }
    await sleep(20);
  } while (Date.now() < end);
  throw new Error(`waited ${milliseconds} ms in vain for ${what}`, { cause: last });
}

/* One request by `protocol`, http or https, with the options of its request(). */
export function exchange(protocol, options, body) {
  return new Promise((resolve, reject) => {
    const sent = protocol.request(options, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode, headers: answer.headers, text, json: () => JSON.parse(text) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/* One on a connection of its own, its path sent as it is. */
export const request = (port, method, target, { headers = {}, body } = {}) =>
  exchange(http, { host: '127.0.0.1', port, method, path: target, headers, agent: false }, body);

/* A body and the header that says what it is: an object is JSON, URLSearchParams a form, anything else as given. */
function encode(body, headers) {
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) return { body, headers };
  const form = body instanceof URLSearchParams;
  const type = form ? 'application/x-www-form-urlencoded' : 'application/json';
  return { body: form ? String(body) : JSON.stringify(body), headers: { 'content-type': type, ...headers } };
}

/* The processes that work for a board: by their environment, or (Nginx overwrites its own) by where they are. */
export async function processesOf(state) {
  const found = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
      const command = (await readFile(`/proc/${pid}/cmdline`, 'latin1')).replaceAll('\0', ' ');
      const ours = environment.split('\0').includes(`STATE=${state}`) || (await readlink(`/proc/${pid}/cwd`)) === state;
      if (ours) found.push(`${pid} ${command}`);
    } catch {
      /* it has ended meanwhile, or is another's */
    }
  }
  return found;
}

/*
 * Starts a board and waits until it is ready. `env` is added to its environment; `state` is the folder of one that
 * was there before; without it the database is what prepare.mjs has made, unless `bare`: then all is made anew. Everyone is a member, unless `env` has WRIT_OPEN=0, and may write at any rate. `checkout` is another folder with run.sh, and
 * `files` how many each process may have open.
 */
export async function startBoard({ env = {}, state: before, bare = false, checkout = root, files } = {}) {
  const state = before ?? (await freshState());
  const prepared = process.env.WRIT_PREPARED;
  if (!before && !bare && prepared) await run('cp', ['-a', '--sparse=always', `${prepared}/db`, `${prepared}/secrets`, state]);
  const port = await freePort();
  const environment = { ...process.env, TZ: 'UTC', BUILD: build, WRIT_OPEN: '1', WRIT_RATE: '0', ...env, STATE: state, PORT: String(port) };

  const limited = files ? ['prlimit', `--nofile=${files}`] : [];
  const supervisor = spawn('setpriv', ['--pdeathsig', 'TERM', ...limited, './run.sh'], {
    cwd: checkout, env: environment, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [supervisor.stdout, supervisor.stderr]) stream.on('data', (text) => (said += text));
  const ended = new Promise((resolve) => supervisor.on('exit', (code, signal) => resolve(code ?? signal)));

  async function logs() {
    let all = `run.sh said:\n${said}`;
    for (const name of await readdir(`${state}/log`)) {
      const text = await readFile(`${state}/log/${name}`, 'utf8');
      all += `\n--- ${name}\n${text.split('\n').slice(-30).join('\n')}`;
    }
    return all;
  }

  /* Processes say it where they say all else. */
  async function sanitizerReports() {
    const found = [];
    for (const name of await readdir(`${state}/log`)) {
      const text = await readFile(`${state}/log/${name}`, 'utf8');
      found.push(...(text.match(/^.*(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|: runtime error:).*$/gm) ?? []));
    }
    return found;
  }

  const board = {
    url: `http://127.0.0.1:${port}`,
    port,
    state,
    environment,
    said: () => said,
    logs,

    request: (method, target, body, headers = {}) => request(port, method, target, encode(body, headers)),
    get: (target, headers = {}) => request(port, 'GET', target, { headers }),
    post: (target, body, headers = {}) => request(port, 'POST', target, encode(body, headers)),

    /* db, api, api2 (with APIS=2), gen, nginx */
    pid: async (name) => Number(await readFile(`${state}/run/${name}.pid`, 'utf8')),
    async kill(name, signal = 'SIGKILL') {
      process.kill(await board.pid(name), signal);
    },

    /* As whoever runs the test: an object a row, its values strings; NULL is null. */
    async sql(query, user = userInfo().username) {
      const { stdout } = await run('mariadb', [
        '--no-defaults', `--socket=${state}/run/db.sock`, `--user=${user}`, '--default-character-set=utf8mb4',
        '--batch', `--execute=${query}`, process.env.MYSQL_DATABASE ?? 'writ',
      ], { maxBuffer: 1 << 28 });
      if (!stdout) return [];
      const plain = { '\\n': '\n', '\\t': '\t', '\\0': '\0', '\\\\': '\\' };
      const [names, ...rows] = stdout.replace(/\n$/, '').split('\n').map((line) => line.split('\t'));
      const value = (text) => (text === 'NULL' ? null : text.replace(/\\[nt0\\]/g, (escape) => plain[escape]));
      return rows.map((row) => Object.fromEntries(row.map((text, i) => [names[i], value(text)])));
    },

    /* `make gen`, or `make gen INTO=folder`, with the programs of this test. */
    gen: (into) => run('db/with.sh', into ? ['gen', `${environment.BUILD}/writ-gen`, 'once', '--into', into]
      : ['--service', 'gen', 'run/program/writ-gen', 'once'], { cwd: checkout, env: environment }),

    /* When all that was written has been published, and what follows from it. */
    settled: () => eventually(async () => {
      const { settled } = (await board.get('/revision.json')).json();
      const [{ revision }] = await board.sql('SELECT revision FROM board');
      return settled === Number(revision);
    }, 'everything to be settled'),

    /* kill -9 of run.sh: what it leaves behind is for startBoard({ state }) to deal with. */
    async killSupervisor() {
      supervisor.kill('SIGKILL');
      await ended;
    },

    /* Ends it, and fails if that was not in order. Its STATE stays if `keep` says so. */
    async stop(signal = 'SIGTERM', { keep = false } = {}) {
      supervisor.kill(signal);
      const outcome = await ended;
      const left = await eventually(async () => (await processesOf(state)).length === 0, 'the last process to end', 2000)
        .then(() => [], () => processesOf(state));
      const reports = await sanitizerReports();
      const all = outcome === 0 && left.length === 0 && reports.length === 0 ? '' : await logs();
      if (!keep) await rm(state, { recursive: true, force: true });
      assert.equal(outcome, 0, `run.sh ended with ${outcome}\n${all}`);
      assert.deepEqual(left, [], 'processes were left behind');
      assert.deepEqual(reports, [], `sanitizers have reported\n${all}`);
    },
  };

  try {
    await eventually(() => {
      if (supervisor.exitCode !== null) return true;
      return said.includes(`Writ is ready: ${board.url}/`);
    }, 'the board to be ready', patience);
    assert.equal(supervisor.exitCode, null, 'run.sh has ended');
  } catch (error) {
    const all = await logs();
    supervisor.kill('SIGTERM');
    await ended;
    await rm(state, { recursive: true, force: true });
    throw new Error(`the board did not start\n${all}`, { cause: error });
  }
  return board;
}

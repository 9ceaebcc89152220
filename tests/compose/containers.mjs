/*
 * What the compose test says to the engine and to the board in it. `sh` runs a line as an operator types it, in the
 * copy of the checkout that tests/compose/run has made (WORK).
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { promisify } from 'node:util';
import { eventually, exchange } from '../system/harness.mjs';

const run = promisify(execFile);
export const work = process.env.WORK;
export const ports = { http: 18080, https: 18443 };

/* Each line that was run, as the operator's page has it: see `page` below. */
export const ran = new Set();

/* `as` is the line on the operator's page, where it has another name in it, such as FILE. */
export async function sh(line, { as = line, env = {}, timeout = 300_000 } = {}) {
  ran.add(as);
  const { stdout, stderr } = await run('bash', ['-c', `set -o pipefail; ${line}`], {
    cwd: work, env: { ...process.env, ...env }, timeout, maxBuffer: 1 << 26,
  });
  return stdout + stderr;
}

export const page = (name) =>
  readFileSync(`${work}/docs/${name}`, 'utf8').split('\n').filter((line) => /^ {4}(make|docker)/.test(line)).map((line) => line.trim());

/* What `docker inspect` says of each container of a service. */
export async function inspect(service) {
  const { stdout } = await run('docker', ['ps', '-aq', '--no-trunc', '--filter', `label=com.docker.compose.project=${process.env.COMPOSE_PROJECT_NAME}`,
    '--filter', `label=com.docker.compose.service=${service}`]);
  const ids = stdout.split('\n').filter(Boolean);
  return ids.length ? JSON.parse((await run('docker', ['inspect', ...ids], { maxBuffer: 1 << 26 })).stdout) : [];
}

export const services = ['nginx', 'api', 'gen', 'db', 'backup'];

export async function health(service) {
  return (await inspect(service)).map(({ State }) => State.Health?.Status ?? State.Status);
}

export const healthy = (...names) => eventually(async () => {
  for (const name of names)
    if ((await health(name)).some((status) => status !== 'healthy')) return false;
  return true;
}, `${names} to be healthy`, 120_000);

/* bash in a container of a service; what it says, and its status. */
export async function inside(service, command) {
  const [{ Id }] = await inspect(service);
  return run('docker', ['exec', Id, 'bash', '-c', command], { timeout: 60_000 })
    .then(({ stdout }) => ({ status: 0, text: stdout }), (error) => ({ status: error.code ?? 1, text: `${error.stdout}${error.stderr}` }));
}

const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });

/* A request through Nginx's HTTPS port, or, with `plain`, its HTTP port. */
export function request(method, path, { headers = {}, body, plain = false } = {}) {
  return exchange(plain ? http : https, { host: '127.0.0.1', method, path, headers, ...(plain ? { port: ports.http } : { port: ports.https, agent }) }, body);
}

/* With a token once there is one. */
export const board = {
  token: '',
  headers: () => (board.token ? { authorization: `Bearer ${board.token}` } : {}),
  get: (path, headers = {}) => request('GET', path, { headers: { ...board.headers(), ...headers } }),
  write: (method, path, json, headers = {}) => request(method, path, {
    headers: { ...board.headers(), 'content-type': 'application/json', ...headers },
    body: json === undefined ? undefined : JSON.stringify(json),
  }),
  settled: () => eventually(async () => {
    const { revision, settled } = (await request('GET', '/revision.json')).json();
    return revision === settled;
  }, 'all pages to follow'),
};

/* Writes todos until it is told to stop; all answers. */
export function load(writers) {
  const answers = [];
  let stopping = false;
  const all = Array.from({ length: writers }, async (_, writer) => {
    for (let i = 0; !stopping; i++)
      answers.push(await board.write('POST', '/api/todos', { title: `load ${writer}/${i}` })
        .catch((error) => ({ status: String(error), text: '' })));
  });
  return {
    answers,
    more: (n, from = answers.length) => eventually(() => answers.length >= from + n, `${n} more writes`, 60_000),
    async stop() {
      stopping = true;
      await Promise.all(all);
      return answers;
    },
  };
}

/* No write failed, and none was given another's number. */
export function faults(answers) {
  const found = answers.filter(({ status }) => ![201, 202].includes(status)).map(({ status, text }) => `${status} ${text}`);
  const stored = answers.filter(({ status }) => [201, 202].includes(status)).map((answer) => answer.json());
  for (const field of ['id', 'revision'])
    if (new Set(stored.map((data) => data[field])).size !== stored.length) found.push(`a ${field} was given out twice`);
  return found;
}

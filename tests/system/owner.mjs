// A board that is not open, and its owner: what is said on the command line, signing in, and requests as Nginx hands
// them to the API.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { startBoard, root } from './harness.mjs';

export const PASSPHRASE = 'correct horse battery staple';

export function startClosedBoard(env = {}) {
  return startBoard({ env: { WRIT_OPEN: '0', SECRET_KEY: randomBytes(32).toString('hex'), ...env } });
}

// Runs a program to its end.
export function run(command, args, { env, input = '' }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env });
    let out = '', err = '';
    child.stdout.on('data', (text) => (out += text));
    child.stderr.on('data', (text) => (err += text));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, out, err }));
    child.stdin.on('error', () => {}); // it may not read all of it
    child.stdin.end(input);
  });
}

// `writ-api ARGS`, as make has it run.
export const owner = (board, args, input) =>
  run('db/with.sh', ['api', `${board.environment.BUILD}/writ-api`, ...args], { env: board.environment, input });

export async function setPassphrase(board, passphrase = PASSPHRASE) {
  const { status, err } = await owner(board, ['passphrase'], `${passphrase}\n`);
  assert.equal(status, 0, err);
}

// A new token, as it is shown.
export async function newToken(board, name, ...options) {
  const { status, out, err } = await owner(board, ['token', name, ...options]);
  assert.equal(status, 0, err);
  return out.trimEnd().split('\n').at(-1);
}

export const bearer = (token) => ({ authorization: `Bearer ${token}` });

// A request to the API's own socket, as Nginx sends it on: with whose it is, and how it came.
export function direct(board, method, path, { json, form, headers = {}, address = '192.0.2.1', scheme = 'http', api = 'api', agent } = {}) {
  const body = form ? String(new URLSearchParams(form)) : json === undefined ? undefined : typeof json === 'string' ? json : JSON.stringify(json);
  const type = form ? 'application/x-www-form-urlencoded' : body && 'application/json';
  return new Promise((resolve, reject) => {
    const sent = http.request({
      socketPath: `${board.state}/run/api/${api}.sock`, agent, method, path,
      headers: {
        host: `127.0.0.1:${board.port}`, 'x-real-ip': address, 'x-forwarded-proto': scheme,
        ...(type && { 'content-type': type }), ...(form && { accept: 'text/html' }), ...headers,
      },
    }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () => resolve({
        status: answer.statusCode, headers: answer.headers, text,
        data: /json/.test(answer.headers['content-type']) ? JSON.parse(text) : undefined,
      }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

// What a browser keeps of Set-Cookie: name -> { value, and the attributes in lower case }.
export function cookiesOf(answer) {
  const jar = {};
  for (const line of answer.headers['set-cookie'] ?? []) {
    const [pair, ...attributes] = line.split('; ');
    const [name, value] = pair.split('=');
    assert.ok(!(name in jar), `${name} is set twice`);
    jar[name] = { value, ...Object.fromEntries(attributes.map((text) => {
      const [key, of = true] = text.split('=');
      return [key.toLowerCase(), of];
    })) };
  }
  return jar;
}

// The headers by which a page of this site sends a form, with these cookies.
export const asPage = (jar = {}) => ({
  'sec-fetch-site': 'same-origin',
  ...(Object.keys(jar).length && { cookie: Object.entries(jar).map(([name, { value }]) => `${name}=${value}`).join('; ') }),
});

export async function signIn(board, options = {}) {
  const answer = await direct(board, 'POST', '/api/session', { form: { passphrase: PASSPHRASE }, headers: asPage(), ...options });
  assert.equal(answer.status, 303, answer.text);
  return cookiesOf(answer);
}

// /openapi.yaml: valid, complete, and true: every example in it is run against a board, and every answer is held against
// its schema. And /help/api has a section for each kind of problem.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { Client } from './client.mjs';
import { request, root } from './harness.mjs';
import { newToken, setPassphrase, startClosedBoard } from './owner.mjs';

const source = readFileSync(path.join(root, 'site/openapi.yaml'), 'utf8');
const document = parse(source);
const methods = ['get', 'post', 'patch', 'delete'];
const operations = Object.entries(document.paths).flatMap(([target, item]) =>
  methods.filter((method) => item[method]).map((method) => ({ target, method, operation: item[method] })));

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema({ ...document, $id: 'writ' });
const pointer = (...parts) => `writ#/${parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

// What a part of the document says, whether it stands there or is referred to.
function resolve(part, ...where) {
  if (!part.$ref) return [part, where];
  const names = part.$ref.slice(2).split('/');
  return [names.reduce((at, name) => at[name], document), names];
}

const check = (value, where, what) => {
  const validate = ajv.getSchema(pointer(...where));
  assert.ok(validate, `${what}: no schema at ${where.join('/')}`);
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value).slice(0, 600)}`);
};

let board, client, token;
before(async () => {
  board = await startClosedBoard();
  client = new Client(board.url);
  token = await newToken(board, 'openapi');
  await setPassphrase(board, 'what only the owner says'); // as the examples have it
});
after(() => board?.stop());

test('it is valid OpenAPI 3.1, and served as it stands', async () => {
  const result = await new Validator().validate(parse(source));
  assert.ok(result.valid, JSON.stringify(result.errors, null, 1));
  assert.equal(document.openapi, '3.1.0');
  const answer = await client.get('/openapi.yaml');
  assert.equal(answer.status, 200);
  assert.match(answer.type, /yaml/);
  assert.equal(answer.text, source);
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
});

test('it has every route and method of the API, and no other', async () => {
  const rows = [...readFileSync(path.join(root, 'api/route.c'), 'utf8').matchAll(/\{"(\/api\/[^"]*)",\s*"[^"]*",\s*\{((?:\{"[A-Z]+", \w+\},?\s*)+)\}\}/g)];
  assert.ok(rows.length >= 7);
  const routes = rows.flatMap(([, route, all]) => [...all.matchAll(/"([A-Z]+)"/g)].map(([, method]) => `${method} ${route.replace('#', '{id}').replace('*', '{slug}')}`));
  const written = operations.filter(({ target }) => target.startsWith('/api/')).map(({ target, method }) => `${method.toUpperCase()} ${target}`);
  assert.deepEqual(written.toSorted(), routes.filter((route) => !route.startsWith('HEAD')).toSorted());
});

test('it names every status and every kind of problem, and /help/api has a section for each', async () => {
  const table = readFileSync(path.join(root, 'api/reply.c'), 'utf8');
  const types = new Set([...table.matchAll(/"\/help\/api#([a-z-]+)"/g)].map(([, name]) => name));
  const help = await client.page('/help/api');
  for (const type of types) {
    assert.ok(help.includes(` id="${type}"`), `/help/api#${type}`);
    assert.ok(source.includes(`/help/api#${type}\``), type);
  }
  const statuses = new Set([...table.matchAll(/\{(\d{3}), "(?:about|\/help)/g)].map(([, status]) => status));
  const said = new Set(operations.flatMap(({ operation }) => Object.keys(operation.responses)));
  for (const status of statuses) assert.ok(said.has(status) || status === '405', status); // which no operation can be answered with
});

// Every request that is written down: [what, method, run, body, its schema].
function* runs({ target, method, operation }) {
  const [body] = resolve(operation.requestBody ?? {});
  for (const [type, media] of Object.entries(body.content ?? {}))
    for (const [name, example] of Object.entries(media.examples ?? {})) {
      assert.ok(example['x-run'], `${target} ${method} ${name} says how it is run`);
      yield { what: `${method} ${target}, ${name}`, run: example['x-run'], type, example, where: ['paths', target, method, 'requestBody', 'content', type, 'schema'] };
    }
  for (const run of operation['x-runs'] ?? []) yield { what: `${method} ${run.path}`, run };
}

test('every example is answered as it says, with what its schema says', async (t) => {
  let count = 0;
  for (const each of operations) {
    const { target, method, operation } = each;
    let ran = 0;
    for (const { what, run, type, example, where } of runs(each)) {
      const headers = { authorization: `Bearer ${token}`, ...run.headers };
      if (target === '/api/session') delete headers.authorization;
      let body;
      if (example) {
        headers['content-type'] = type;
        body = /json/.test(type) ? JSON.stringify(example.value) : /form/.test(type) ? String(new URLSearchParams(example.value)) : example.value;
        if (example['x-invalid']) assert.ok(!ajv.getSchema(pointer(...where))(example.value), `${what} is said to be invalid`);
        else check(example.value, where, what);
      }
      const answer = await request(board.port, method.toUpperCase(), run.path, { headers, body });
      assert.equal(answer.status, run.status, `${what}: ${answer.text}`);
      const [response, place] = resolve(operation.responses[run.status] ?? {}, 'paths', target, method, 'responses', String(run.status));
      assert.ok(response.description, `${what}: ${run.status} is not written down`);
      const got = answer.headers['content-type']?.split(';')[0];
      if (got && !(method === 'get' && run.status !== 200)) {
        assert.ok(response.content?.[got], `${what}: ${got} is not written down`);
        if (/json/.test(got)) check(answer.json(), [...place, 'content', got, 'schema'], what);
      }
      for (const [name, header] of Object.entries(response.headers ?? {})) {
        const value = answer.headers[name.toLowerCase()];
        const [, at] = resolve(header, ...place, 'headers', name);
        if (value !== undefined && name !== 'Set-Cookie') check(value, [...at, 'schema'], `${what}: ${name}`);
      }
      ran++;
    }
    assert.ok(ran, `${method} ${target} has an example`);
    count += ran;
  }
  t.diagnostic(`${count} requests`);
});

test('examples of answers are as their schemas say', () => {
  for (const { target, method, operation } of operations)
    for (const [status, response] of Object.entries(operation.responses)) {
      const [found, where] = resolve(response, 'paths', target, method, 'responses', status);
      for (const [type, media] of Object.entries(found.content ?? {}))
        for (const [name, { value }] of Object.entries(media.examples ?? {})) check(value, [...where, 'content', type, 'schema'], `${target} ${status} ${name}`);
    }
});

test('what is public is as the schemas say, too', async () => {
  for (const [target, name] of [['/index.json', 'Board'], ['/lists.json', 'Lists'], ['/open.json', 'Sequence'], ['/due.json', 'Due'], ['/stats.json', 'Stats']]) {
    const answer = await client.get(target); // without the token
    assert.equal(answer.status, 200);
    check(answer.data, ['components', 'schemas', name], target);
  }
});

// What the tests say to a board: requests as programs and as forms send them,
// and the questions that several tests ask.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './harness.mjs';

export class Client {
  constructor(url) {
    this.url = url.replace(/\/$/, '');
  }

  async send(method, path, { json, form, body, headers = {} } = {}) {
    const options = { method, redirect: 'manual', headers: { ...headers } };
    if (json !== undefined) {
      options.body = JSON.stringify(json);
      options.headers['content-type'] ??= 'application/json';
    } else if (form !== undefined) {
      options.body = new URLSearchParams(form).toString();
      options.headers['content-type'] ??= 'application/x-www-form-urlencoded';
      options.headers.accept ??= 'text/html';
    } else if (body !== undefined) {
      options.body = body;
    }
    const response = await fetch(this.url + path, options);
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    return {
      status: response.status,
      headers: response.headers,
      type,
      text,
      data: /json/.test(type) ? JSON.parse(text) : undefined,
    };
  }

  get(path, headers) {
    return this.send('GET', path, { headers });
  }

  post(path, json, headers) {
    return this.send('POST', path, { json, headers });
  }

  patch(path, json, headers) {
    return this.send('PATCH', path, { json, headers });
  }

  delete(path, headers) {
    return this.send('DELETE', path, { headers });
  }

  // A write that must be stored and published; its answer's data.
  async must(method, path, options) {
    const answer = await this.send(method, path, options);
    assert.ok([200, 201].includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text}`);
    assert.equal(answer.data.published, true);
    return answer.data;
  }

  create(todo) {
    return this.must('POST', '/api/todos', { json: todo });
  }

  import(markdown, headers = {}) {
    return this.send('POST', '/api/import', { body: markdown, headers: { 'content-type': 'text/markdown', ...headers } });
  }

  async page(path) {
    const answer = await this.get(path);
    assert.equal(answer.status, 200, `GET ${path}`);
    return answer.text;
  }

  async json(path) {
    const answer = await this.get(path);
    assert.equal(answer.status, 200, `GET ${path}`);
    return answer.data;
  }

  // Waits until everything that follows from the writes so far is published.
  async settled(revision = 0) {
    const end = Date.now() + 20000;
    for (;;) {
      const now = await this.json('/revision.json');
      if (now.settled >= revision && now.settled === now.revision)
        return now;
      assert.ok(Date.now() < end, `not settled in 20 s: ${JSON.stringify(now)}, wanted ${revision}`);
      await sleep(50);
    }
  }

  // All todos of a list (or tag), from its buckets' JSON twins, in order.
  async todosOf(base) {
    const head = await this.json(`${base}.json`);
    const todos = [];
    for (let bucket = head.newest_bucket; bucket; ) {
      const page = await this.json(`${base}/${bucket}.json`);
      todos.unshift(...page.todos);
      bucket = page.previous;
    }
    return todos;
  }
}

// path -> hash of every file below a folder.
export function tree(folder, ignore = /revision\.json$/) {
  const files = new Map();
  const walk = (path) => {
    for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
      const name = path ? `${path}/${entry.name}` : entry.name;
      if (entry.isDirectory())
        walk(name);
      else if (!ignore.test(name))
        files.set(name, createHash('sha256').update(readFileSync(join(folder, name))).digest('hex'));
    }
  };
  walk('');
  return files;
}

export function sameTrees(actual, expected) {
  const a = tree(actual), b = tree(expected);
  const differing = [];
  for (const [name, hash] of a)
    if (b.get(name) !== hash)
      differing.push(b.has(name) ? `differs: ${name}` : `only incremental: ${name}`);
  for (const name of b.keys())
    if (!a.has(name))
      differing.push(`only full: ${name}`);
  assert.deepEqual(differing, []);
  assert.ok(a.size > 0);
}

export function modified(path) {
  return statSync(path).mtimeMs;
}

// What the database says, a row an array of strings.
export async function rows(board, query) {
  return (await board.sql(query)).map((row) => Object.values(row));
}

// Until a process that was killed has been started again.
export async function restarted(board, name, old) {
  await eventually(async () => (await board.pid(name)) !== old, `${name} to be started again`);
  if (name === 'db')
    await eventually(() => board.sql('SELECT 1'), 'the database to answer', 30000);
}

// The rows of the bench: each measures one row of the goals and returns its
// figures. What is compared is measured in turns, so that both meet the same
// weather on a machine that others use too. Of several turns the median counts for a
// rate, the quickest for a build: there is nothing that makes one faster than it is.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { startBoard } from '../system/harness.mjs';
import {
  build, filesPerWrite, fill, INSTRUCTIONS_PER_TODO, instructionsPerTodo, median, newFolder, publishInto, quiet, renderInto,
  run, snapshot, written,
} from './measure.mjs';
import { missing, prepareHugo, startFlask } from './peers.mjs';
import { trace } from './trace.mjs';

const duration = Number(process.env.DURATION || 2); // seconds, of one turn of load
const turns = Number(process.env.TURNS || 3);
const large = Number(process.env.LARGE || 100_000); // todos on the largest board

const number = (n, digits = 0) => n.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const perSecond = (n) => `${number(n, n < 100 ? 1 : 0)}/s`;
const inMs = (n) => `${number(n, 2)} ms`;
const inSeconds = (n) => `${number(n, 2)} s`;
const inMiB = (n) => `${number(n, 1)} MiB`;
const inFiles = (n) => `${number(n)} files`;

const rate = (results) => median(results.map((result) => result.rate));
const quickest = (results) => Math.min(...results.map((result) => result.seconds));
const largest = (results) => Math.max(...results.map((result) => result.mebibytes));

// A figure that has a limit, and no peer.
const limited = (figure, value, limit, show) =>
  ({ figure, ours: show(value), peer: `limit ${show(limit)}`, ratio: value / limit, most: 1 });

// ---- what rows share: boards by size, and the Flask app, each started when first asked for

export class Machine {
  #boards = new Map();
  #flask;

  board(size) {
    if (!this.#boards.has(size))
      this.#boards.set(size, startBoard({ env: { WRIT_RATE: '0' } }));
    return this.#boards.get(size);
  }

  async filledBoard(size) {
    const isNew = !this.#boards.has(size);
    const board = await this.board(size);
    if (isNew)
      await fill(board, size);
    return board;
  }

  // Or nothing but `absent`, a sentence that says why.
  async flask() {
    if (!this.#flask) {
      const absent = await missing('flask');
      this.#flask = absent ? { absent, stop() {} } : await startFlask(newFolder());
    }
    return this.#flask;
  }

  async stop() {
    await this.#flask?.stop();
    for (const board of this.#boards.values())
      await (await board).stop();
  }
}

// ---- load

async function load(port, target, { connections, form, headers = [], time = duration }) {
  const options = ['-c', connections, '-d', time, ...headers.flatMap((header) => ['-H', header]), ...(form ? ['-b', form] : [])];
  const { stdout } = await run(`${build}/tests/bench/load`, [...options, port, target].map(String));
  const result = JSON.parse(stdout);
  assert.equal(result.errors, 0, stdout);
  return { ...result, rate: result.count / result.seconds };
}

// Writes as a browser's form sends them, each with a title of its own; all must be answered with `status`.
async function writes({ port }, target, connections, status, { extra = '', headers = ['Accept: text/html'], time } = {}) {
  const result = await load(port, target, {
    connections, time, form: `title=Call+the+bakery+about+order+#${extra}`, headers: ['Sec-Fetch-Site: same-origin', ...headers],
  });
  assert.deepEqual(Object.keys(result.statuses), [status], `${target}: ${JSON.stringify(result)}`);
  return result;
}

// 303: the pages stand. One that is stored and not yet published would be 202.
const ourWrites = (board, connections) => writes(board, '/api/todos', connections, '303');
const flaskWrites = (flask, connections) => writes(flask, '/todos', connections, '302');

async function compareWrites(machine, connections) {
  const board = await machine.board(0), flask = await machine.flask();
  const ours = [], theirs = [];
  for (let turn = 0; turn < turns; turn++) {
    ours.push(await ourWrites(board, connections));
    if (!flask.absent)
      theirs.push(await flaskWrites(flask, connections));
  }
  await quiet(board);
  return { ours, theirs, absent: flask.absent };
}

// Ours and theirs with `how` to get the value; or why there is no theirs.
function against({ ours, theirs, absent }, figure, value, show, goal) {
  if (absent)
    return { figure, ours: show(value(ours)), absent };
  return { figure, ours: show(value(ours)), peer: show(value(theirs)), ratio: value(ours) / value(theirs), ...goal };
}
const latency = (which) => (results) => median(results.map((result) => result[which]));

// ---- the rows

async function manyWriters(machine) {
  const both = await compareWrites(machine, 64);
  return [
    against(both, 'writes, 64 connections', rate, perSecond, { least: 5, next: 10 }),
    against(both, 'the same, p99', latency('p99_ms'), inMs, { most: 1 / 3 }),
  ];
}

async function oneWriter(machine) {
  const both = await compareWrites(machine, 1);
  // What no write can do without: its commit on the disk and its files. Both of a board that does nothing else.
  const { stages } = await trace(await machine.board(0), 1, 300);
  const [commit, files] = ['commit', 'gen-files'].map((name) => stages.find((stage) => stage.name === name).ms);
  return [
    against(both, 'writes, 1 connection, p50', latency('p50_ms'), inMs, { most: 1 / 2 }),
    { ...against({ ...both, ours: [{ p50_ms: commit + files }] }, 'of which commit and files', latency('p50_ms'), inMs, {}),
      note: `${inMs(commit)} until the log is on the disk, ${inMs(files)} for the files: the least that a write can take` },
  ];
}

// Clock ticks (10 ms) that a process has used, its own and the kernel's for it.
async function ticks(board, name) {
  const fields = readFileSync(`/proc/${await board.pid(name)}/stat`, 'utf8').split(') ')[1].split(' ');
  return { own: Number(fields[11]), kernel: Number(fields[12]) };
}

async function commitOnly(machine) {
  const board = await machine.board('commit only');
  const published = [], stored = [];
  const before = await ticks(board, 'gen');
  for (let turn = 0; turn < turns; turn++)
    published.push(await writes(board, '/api/todos', 64, '201', { headers: ['Accept: application/json'] }));
  const after = await ticks(board, 'gen');
  await quiet(board);

  await board.kill('gen', 'SIGSTOP');
  for (let turn = 0; turn < turns; turn++)
    stored.push(await writes(board, '/api/todos', 64, '202', {
      headers: ['Accept: application/json', 'Prefer: respond-async'], time: duration / 2,
    }));
  await board.kill('gen', 'SIGCONT');
  await quiet(board, 300_000);

  const count = published.reduce((sum, { count }) => sum + count, 0);
  const each = (part) => number(((after[part] - before[part]) * 10_000) / count);
  return [{
    figure: 'writes against commits alone', ours: perSecond(rate(published)), peer: perSecond(rate(stored)),
    ratio: rate(published) / rate(stored), least: 0.25,
    note: `the generator takes ${each('own')} µs of its own and ${each('kernel')} µs of the kernel for each write`,
  }];
}

async function reads(machine) {
  const flask = await machine.flask();
  const first = await machine.filledBoard(100);
  const connections = 16;
  const figures = [];
  for (const size of [100, 1000, 10_000, large]) {
    const board = await machine.filledBoard(size);
    const page = await board.get('/');
    assert.equal(page.status, 200);
    // Each of these is read in every turn.
    const read = { ours: [board, '/'] };
    if (size > 100)
      read.first = [first, '/'];
    if (!flask.absent)
      read.plain = [flask, flask.plainFile(Number(page.headers['content-length']))];
    if (!flask.absent && size <= 10_000) { // at 100,000 one of its pages takes seconds
      await flask.fill(size);
      read.flask = [flask, '/'];
    }
    const results = Object.fromEntries(Object.keys(read).map((name) => [name, []]));
    for (let turn = 0; turn < turns; turn++)
      for (const [name, [server, target]] of Object.entries(read)) {
        const result = await load(server.port, target, { connections });
        assert.deepEqual(Object.keys(result.statuses), ['200'], JSON.stringify(result));
        results[name].push(result);
      }
    const compare = (name, what, goal) => {
      const both = { ours: results.ours, theirs: results[name], absent: name === 'first' ? undefined : flask.absent };
      figures.push(against(both, `reads of /, ${number(size)} todos: ${what}`, rate, perSecond, goal));
    };
    if (size <= 10_000)
      compare('flask', 'Flask', size === 100
        ? { least: 150, note: flask.absent ? undefined : `the plain file: ${number(rate(results.plain) / rate(results.flask))} times as many as Flask` } : {});
    compare('plain', 'a plain file', { least: 0.85 });
    if (size > 100)
      compare('first', 'at 100', { least: 0.9 });
  }
  return figures;
}

// The loop that only writes.
async function rewrite(tree, into) {
  const { stdout } = await run(`${build}/tests/bench/rewrite`, [tree, into]);
  return JSON.parse(stdout);
}

const pagesBelow = (folder) => readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.html')).length;

async function againstHugo(machine) {
  const count = 10_000;
  const absent = await missing('hugo');
  const board = await machine.filledBoard(count);
  const hugo = absent ? undefined : await prepareHugo(newFolder(), count);
  const ours = [], theirs = [], loop = [];
  let ourPages, theirPages;
  for (let turn = 0; turn < turns; turn++) {
    const folder = newFolder();
    ours.push(await renderInto(board, `${folder}/tree`));
    loop.push(await rewrite(`${folder}/tree`, `${folder}/again`));
    ourPages = pagesBelow(`${folder}/tree`);
    if (hugo) {
      theirs.push(await hugo(`${folder}/public`));
      theirPages = pagesBelow(`${folder}/public`);
    }
  }
  const both = { ours: { results: ours, pages: ourPages }, theirs: { results: theirs, pages: theirPages }, absent };
  const pagesPerSecond = ({ results, pages }) => pages / quickest(results);
  return [
    { note: `${number(ourPages)} pages, and their data beside them, against ${number(theirPages ?? 0)}`,
      ...against(both, 'full build, 10,000 todos: Hugo, HTML pages', pagesPerSecond, perSecond, { least: 10 }) },
    { note: 'nothing that writes the same files one by one can be quicker',
      ...against({ ...both, ours: { results: loop, pages: ourPages } }, 'the same, a loop that writes our files', pagesPerSecond, perSecond, {}) },
    { note: "the generator's alone: the database runs in any case",
      ...against(both, 'the same, memory', ({ results }) => largest(results), inMiB, { most: 1 / 8 }) },
  ];
}

async function againstWriting(machine) {
  const figures = [];
  for (const size of [10_000, large]) {
    const board = await machine.filledBoard(size);
    const ours = [], loop = [];
    // A turn leaves two trees until the end, of gigabytes when they are large; those take long enough to count alone.
    for (let turn = 0; turn < (size > 10_000 ? 1 : turns); turn++) {
      const folder = newFolder();
      await run('sync');
      ours.push(await renderInto(board, `${folder}/tree`));
      await run('sync');
      loop.push(await rewrite(`${folder}/tree`, `${folder}/again`));
    }
    const what = `full build, ${number(size)} todos`;
    figures.push({
      ...against({ ours, theirs: loop }, `${what}: a loop that writes`, quickest, inSeconds, { most: 1.5 }),
      note: `${number(loop[0].files)} files, ${number(loop[0].bytes / (1 << 20))} MiB`,
    });
    figures.push(limited(`${what}: memory`, largest(ours), 64, inMiB));
  }
  return figures;
}

async function nothingChanged(machine) {
  const board = await machine.filledBoard(10_000);
  const full = [], again = [];
  let rewritten = 0;
  for (let turn = 0; turn < turns; turn++) {
    const site = newFolder();
    await run('sync');
    full.push(await publishInto(board, site));
    const before = snapshot(`${site}/current`);
    await run('sync');
    again.push(await publishInto(board, site));
    // revision.json carries the time of publishing.
    rewritten += written(before, snapshot(`${site}/current`)).filter((name) => name !== 'revision.json').length;
  }
  return [
    against({ ours: again, theirs: full }, 'make gen where nothing changed: the full one', quickest, inSeconds, { most: 0.25 }),
    { figure: 'the same: files rewritten', ours: inFiles(rewritten), peer: 'none', ratio: rewritten, most: 0 },
  ];
}

async function oneWrite(machine) {
  const sizes = [1000, 10_000, large];
  const boards = [], times = sizes.map(() => []), files = [];
  for (const size of sizes)
    boards.push(await machine.filledBoard(size));
  for (const board of boards)
    files.push(await filesPerWrite(board));
  // Some 50 writes at a time, back to back: too short for what follows from them to come in between.
  for (let turn = 0; turn < 5; turn++)
    for (const [i, board] of boards.entries()) {
      times[i].push(await writes(board, '/api/todos', 1, '303', { extra: '&list=List+1&tags=tag1', time: 0.15 }));
      await quiet(board);
    }

  const [base] = files;
  const figures = [
    limited('one write, 1,000 todos: files before the answer', base.answered, 16, inFiles),
    limited('one write, 1,000 todos: files until settled', base.settled, 40, inFiles),
  ];
  for (let i = 1; i < sizes.length; i++) {
    const what = `one write, ${number(sizes[i])} todos: at 1,000`;
    for (const part of ['answered', 'settled'])
      figures.push({
        figure: `${what}, files ${part === 'answered' ? 'before the answer' : 'until settled'}`,
        ours: inFiles(files[i][part]), peer: inFiles(base[part]), ratio: files[i][part] / base[part], most: 1,
      });
    figures.push(against({ ours: times[i], theirs: times[0] }, `${what}, time to published`, latency('p50_ms'), inMs, { most: 1.5 }));
  }
  return figures;
}

async function instructions(machine) {
  const board = await machine.filledBoard(100);
  const each = await instructionsPerTodo(board, 100, 400);
  return [limited('instructions to render a todo', each, INSTRUCTIONS_PER_TODO, number)];
}

async function traces(machine) {
  const board = await machine.filledBoard(1000);
  const figures = [];
  for (const writers of [1, 64]) {
    const traced = await trace(board, writers, 100 * Math.ceil(writers / 4));
    await quiet(board);
    traced.stages.forEach(({ name, ms }, i) =>
      figures.push({ figure: `a write of ${writers} at once: ${name}`, ours: inMs(ms), ...(i === 0 && { trace: traced }) }));
  }
  return figures;
}

export const rows = {
  1: manyWriters, 2: oneWriter, 3: commitOnly, 4: reads, 5: againstHugo, 6: againstWriting, 7: nothingChanged, 8: oneWrite,
  i: instructions, t: traces,
};

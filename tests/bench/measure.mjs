// The ways of measuring that the bench and its short form for CI share: boards
// filled to a size, what a write costs in files and time, what a full build
// costs in time, memory and instructions.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually, root } from '../system/harness.mjs';
import { documents } from './corpus.mjs';

export const run = promisify(execFile);
export const build = path.resolve(root, process.env.BUILD ?? 'build');

// Of rendering one todo; a fifth above what was measured when it was last set.
export const INSTRUCTIONS_PER_TODO = 512_000;

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

// A new folder, for as long as this runs and no shorter: an ext4 without a journal looks for a free inode past all that were
// deleted within the last minute, so that cleaning up after one measurement would slow down the next. No blanks in
// its path, since Hugo and Nginx are given it.
const folders = [];
export function newFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'writ-bench-'));
  folders.push(folder);
  return folder;
}
process.on('exit', () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => process.exit(1));

// ---- boards

// Adds todos until there are `count`, of which it has `already` some.
export async function fill(board, count, already = 0) {
  for (const text of documents(already + 1, count)) {
    const answer = await board.post('/api/import', text, { 'content-type': 'text/markdown' });
    assert.ok([200, 201, 202].includes(answer.status), `import: ${answer.status} ${answer.text}`);
  }
  await quiet(board, 600_000);
}

export function quiet(board, milliseconds = 30_000) {
  return eventually(async () => {
    const { settled } = (await board.get('/revision.json')).json();
    const [{ revision }] = await board.sql('SELECT revision FROM board');
    return settled === Number(revision);
  }, 'everything to be settled', milliseconds);
}

// A todo as people write one: in a list and with a tag that are there already. Its answer, published.
let created = 0;
export async function create(board) {
  const answer = await board.post('/api/todos', { title: `Measured ${++created}`, list: 'List 1', tags: ['tag1'] });
  assert.equal(answer.status, 201, answer.text);
  return answer.json();
}

// ---- files

// path -> what tells one writing of a file from the next: inode, time and size. (Its status change time would not do: a
// link to a file that stays changes it.)
export function snapshot(folder) {
  const files = new Map();
  const walk = (below) => {
    for (const entry of readdirSync(path.join(folder, below), { withFileTypes: true })) {
      const name = below ? `${below}/${entry.name}` : entry.name;
      if (entry.isDirectory()) {
        walk(name);
      } else {
        const { ino, mtimeNs, size } = lstatSync(path.join(folder, name), { bigint: true });
        files.set(name, `${ino} ${mtimeNs} ${size}`);
      }
    }
  };
  walk('');
  return files;
}

export const written = (before, after) => [...after.keys()].filter((name) => after.get(name) !== before.get(name));

// The files that one write makes Writ write, before its answer and after it. The generator is held at the answer, so
// that what follows cannot be counted with what came before.
async function filesOfOneWrite(board) {
  const tree = `${board.state}/site/current/members`; // revision.json, beside it, is the cursor and not a page
  await quiet(board);
  const before = snapshot(tree);
  await create(board);
  await board.kill('gen', 'SIGSTOP');
  const answered = snapshot(tree);
  await board.kill('gen', 'SIGCONT');
  await quiet(board);
  const settled = snapshot(tree);
  const first = written(before, answered);
  return { answered: first.length, settled: first.length + written(answered, settled).length };
}

// The least of three: on a busy machine the generator may have begun with what follows before it could be held.
export async function filesPerWrite(board) {
  const counts = [];
  for (let i = 0; i < 3; i++)
    counts.push(await filesOfOneWrite(board));
  return { answered: Math.min(...counts.map((c) => c.answered)), settled: Math.min(...counts.map((c) => c.settled)) };
}

// ---- full builds

const writGen = `${build}/writ-gen`;

// In front of a command: what runs it as a board's generator is run, in a site of its own if one is given.
function asGenerator(board, site) {
  const settings = [`STATE=${board.state}`, `PORT=${board.port}`, `BUILD=${build}`, 'TZ=UTC'];
  return ['env', ...settings, 'db/with.sh', 'gen', ...(site ? ['env', `WRIT_SITE=${site}`] : [])];
}

// Runs a command: wall-clock seconds, and the most memory it had, in MiB. `front` is neither timed nor counted.
export async function timed(command, front = []) {
  const report = `${newFolder()}/report`;
  const [program, ...rest] = [...front, '/usr/bin/time', '-f', '%e %M', '-o', report, ...command];
  await run(program, rest, { cwd: root, maxBuffer: 1 << 26 });
  const [seconds, kibibytes] = readFileSync(report, 'utf8').trim().split(' ').map(Number);
  return { seconds, mebibytes: kibibytes / 1024 };
}

// All pages into an empty folder; or published into a site, which may hold some already.
export const renderInto = (board, folder) => timed([writGen, 'once', '--into', folder], asGenerator(board));
export const publishInto = (board, site) => timed([writGen, 'once'], asGenerator(board, site));

// Instructions that a full build executes, database client included. The same from run to run, to a few in a thousand.
async function instructionsOfBuild(board) {
  const folder = newFolder();
  const [program, ...rest] = [...asGenerator(board), 'valgrind', '--tool=callgrind', `--callgrind-out-file=${folder}/out`,
                              writGen, 'once', '--into', `${folder}/tree`];
  const { stderr } = await run(program, rest, { cwd: root, maxBuffer: 1 << 26 });
  return Number(/Collected : (\d+)/.exec(stderr)[1]);
}

// Of a todo: its page, its data, and its part of the pages that it stands on. What every build costs, however small, is
// not in it. Adds todos to a board that has `already` some.
export async function instructionsPerTodo(board, already, more) {
  const before = await instructionsOfBuild(board);
  await fill(board, already + more, already);
  return ((await instructionsOfBuild(board)) - before) / more;
}

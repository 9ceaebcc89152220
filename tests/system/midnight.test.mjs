// Midnight is a write that nobody makes. A generator whose clock the test sets:
// what is due moves from tomorrow to today to overdue, on the board of either tree and on no other page,
// on days of 23, 24 and 25 hours and where a day does not begin at 0:00.
//
// Only the generator gets the other clock (libfaketime), by a wrapper in its place; full builds to compare with get the
// same one.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, sameTrees, tree } from './client.mjs';
import { eventually, root, startBoard } from './harness.mjs';

const multiarch = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[arch()];
const library = `/usr/lib/${multiarch}/faketime/libfaketimeMT.so.1`;
const skip = !existsSync(library) ? 'the package libfaketime is missing'
  : process.env.SAN ? 'libfaketime and the sanitizers both want to be loaded first' : false;

// ---- the clock

const folder = mkdtempSync(join(tmpdir(), 'writ-clock-'));
after(() => rmSync(folder, { recursive: true }));

// The generator's time from now on is `moment`, and goes on.
function setClock(moment) {
  const offset = (Date.parse(moment) - Date.now()) / 1000;
  writeFileSync(join(folder, 'clock.new'), `${offset < 0 ? '' : '+'}${offset.toFixed(3)}\n`);
  renameSync(join(folder, 'clock.new'), join(folder, 'clock'));
}

async function startWithClock(zone, moment) {
  const build = resolve(root, process.env.BUILD ?? 'build');
  const wrapper = join(folder, 'writ-gen');
  if (!existsSync(wrapper)) symlinkSync(join(build, 'writ-api'), join(folder, 'writ-api'));
  // Times of files are no times (the publish counter), and intervals are not to jump.
  writeFileSync(wrapper, `#!/bin/sh
export FAKETIME_TIMESTAMP_FILE='${folder}/clock' FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1 FAKETIME_DISABLE_SHM=1
LD_PRELOAD='${library}' exec '${build}/writ-gen' "$@"
`);
  chmodSync(wrapper, 0o755);
  chmodSync(folder, 0o755); // the generator is another user, when run by root
  setClock(moment);
  return startBoard({ env: { BUILD: folder, TZ: zone } });
}

// ---- what the board says

const days = { today: /^today, /, overdue: /^overdue, / };

// The section of what is due: title -> 'today' or 'overdue', from the page; and the same todos from its twin.
async function due(client, current) {
  const html = await client.page('/');
  const section = html.split('<section class="due">')[1]?.split('</section>')[0] ?? '';
  const items = section.split('<li ').slice(1).map((item) => {
    const [, title] = /<a [^>]*href="\/todos\/\d+"[^>]*>([^<]*)</.exec(item);
    const [, day] = /<span class="due">([^<]*)</.exec(item);
    const when = Object.keys(days).find((name) => days[name].test(day));
    assert.equal(/class="overdue"/.test(item), when === 'overdue', item);
    return [title, when];
  });
  const titles = (twin) => twin.due.map((todo) => todo.title);
  assert.deepEqual(items.map(([title]) => title), titles(await client.json('/index.json')));
  assert.deepEqual(items.map(([title]) => title), titles(JSON.parse(readFileSync(join(current, 'public/index.json')))));
  // /due has the same parts, whole: every todo with a date stands in exactly one.
  const parts = await client.json('/due.json');
  for (const part of ['overdue', 'today'])
    assert.deepEqual(parts[part].map((todo) => todo.title), items.filter(([, when]) => when === part).map(([title]) => title));
  const all = Object.values(parts).flat().map((todo) => todo.id);
  assert.equal(new Set(all).size, all.length);
  return Object.fromEntries(items);
}

const isBoard = /^(members|public)\/(index|due|stats)\.[a-z]+$/;

const cases = [
  {
    what: 'clocks go forward: a day of 23 hours', zone: 'Europe/Berlin',
    todos: {
      'on the 28th': '2026-03-28', 'on the 29th': '2026-03-29', 'on the 30th': '2026-03-30', 'on the 31st': '2026-03-31',
      'the first minute of the 29th': '2026-03-28T23:00:30Z', 'the last minute of the 29th': '2026-03-29T21:59:30Z',
      'the first minute of the 30th': '2026-03-30T00:00:30+02:00',
    },
    steps: [
      // When, and what is due then. The next one comes by itself when `passes` is set: the clock just goes on.
      ['2026-03-28T22:59:57Z', { 'on the 28th': 'today' }],
      ['passes', { 'on the 28th': 'overdue', 'on the 29th': 'today', 'the first minute of the 29th': 'today', 'the last minute of the 29th': 'today' }],
      ['2026-03-29T21:59:57Z', { 'on the 28th': 'overdue', 'on the 29th': 'today', 'the first minute of the 29th': 'today', 'the last minute of the 29th': 'today' }],
      ['passes', {
        'on the 28th': 'overdue', 'on the 29th': 'overdue', 'the first minute of the 29th': 'overdue', 'the last minute of the 29th': 'overdue',
        'on the 30th': 'today', 'the first minute of the 30th': 'today',
      }],
    ],
  },
  {
    what: 'clocks go back: a day of 25 hours', zone: 'Europe/Berlin',
    todos: { 'on the 25th': '2026-10-25', 'on the 26th': '2026-10-26', 'the last minute of the 25th': '2026-10-25T22:59:30Z', 'the first minute of the 26th': '2026-10-25T23:00:30Z' },
    steps: [
      ['2026-10-24T21:59:57Z', {}],
      ['passes', { 'on the 25th': 'today', 'the last minute of the 25th': 'today' }],
      ['2026-10-25T22:30:00Z', { 'on the 25th': 'today', 'the last minute of the 25th': 'today' }],
      ['2026-10-25T22:59:57Z', { 'on the 25th': 'today', 'the last minute of the 25th': 'today' }],
      ['passes', { 'on the 25th': 'overdue', 'the last minute of the 25th': 'overdue', 'on the 26th': 'today', 'the first minute of the 26th': 'today' }],
    ],
  },
  {
    what: 'a day that begins at 1:00', zone: 'Africa/Cairo',
    todos: { 'on the 23rd': '2026-04-23', 'on the 24th': '2026-04-24', 'the last minute of the 23rd': '2026-04-23T21:59:30Z', 'the first minute of the 24th': '2026-04-23T22:00:30Z' },
    steps: [
      ['2026-04-23T21:59:57Z', { 'on the 23rd': 'today', 'the last minute of the 23rd': 'today' }],
      ['passes', { 'on the 23rd': 'overdue', 'the last minute of the 23rd': 'overdue', 'on the 24th': 'today', 'the first minute of the 24th': 'today' }],
    ],
  },
];

// One of them, another one each day; THOROUGH=1: all.
const turn = Math.floor(Date.now() / 86_400_000) % cases.length;
for (const { what, zone, todos, steps } of process.env.THOROUGH ? cases : [cases[turn]])
  test(`${what}, in ${zone}`, { skip }, async (t) => {
    const board = await startWithClock(zone, steps[0][0]);
    t.after(() => board.stop());
    const client = new Client(board.url);
    const current = join(board.state, 'site/current');
    for (const [title, day] of Object.entries(todos)) await client.create({ title, due: day, list: 'Days', tags: ['day'] });
    await client.must('PATCH', '/api/lists/days', { json: { public: true } });
    await client.create({ title: 'done', due: '2026-01-01', done: true });
    await board.settled();
    const before = tree(current);
    const { revision } = await client.json('/revision.json');

    for (const [moment, expected] of steps) {
      if (moment !== 'passes') {
        setClock(moment);
        await sleep(1200); // the generator looks each second
      }
      await eventually(async () => {
        assert.deepEqual(await due(client, current), expected);
        return true;
      }, `${moment}: ${JSON.stringify(expected)}`, 8000);

      assert.equal(Object.values(await client.json('/due.json')).flat().length, Object.keys(todos).length, 'none is left out');
      const other = [...tree(current)].filter(([name, hash]) => before.get(name) !== hash).map(([name]) => name);
      assert.deepEqual(other.filter((name) => !isBoard.test(name)), [], 'no other page has changed');
      assert.equal((await client.json('/revision.json')).revision, revision, 'nobody has written');
      await sameAsFull(board, current);
    }
  });

async function sameAsFull(board, current) {
  const into = join(folder, 'full');
  await board.gen(into);
  try {
    sameTrees(current, into);
  } finally {
    rmSync(into, { recursive: true });
  }
}

// `make gen` beside a running board: it leaves alone what stands as it should, and
// finds and mends what somebody has done to the files.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync, chmodSync, cpSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync,
  utimesSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { Client, sameTrees, tree } from './client.mjs';
import { root, startBoard } from './harness.mjs';

const builds = resolve(root, process.env.BUILD ?? 'build');

let board, client, current;
before(async () => {
  board = await startBoard();
  client = new Client(board.url);
  current = join(board.state, 'site/current');
  // Pages of every kind, and what has none any more.
  const todo = async (more) => (await client.create({ title: 'One', list: 'Éléphants & co', tags: ['home', 'ünï'], ...more })).id;
  await todo({ notes: '# Notes', done: true });
  await client.must('DELETE', `/api/todos/${await todo({ list: 'Shed' })}`);
  await client.must('DELETE', `/api/todos/${await todo({ tags: ['gone'] })}?purge=1`);
  await client.import(`# Many\n\n${'- [ ] Another #many\n'.repeat(250)}`);
  for (const list of ['many', 'éléphants-co']) await client.must('PATCH', `/api/lists/${encodeURIComponent(list)}`, { json: { public: true } });
});
after(() => board?.stop());

// What tells a file from one that was written anew.
function identities(folder) {
  return new Map([...tree(folder, /^$/).keys()].map((name) => {
    const { ino, mtimeNs } = lstatSync(join(folder, name), { bigint: true });
    return [name, `${ino} ${mtimeNs}`];
  }));
}

async function assertNothingChanges(of = board) {
  const { revision } = await new Client(of.url).settled();
  const folder = join(of.state, 'site/current');
  const files = identities(folder);
  const { stderr } = await of.gen();
  const pages = [...files.keys()].filter((name) => /\.(html|webmanifest)$/.test(name)).length;
  assert.equal(stderr, `writ-gen: Nothing has changed: all ${pages} pages stand, at revision ${revision}.\n`);
  assert.deepEqual(identities(folder), files);
}

async function assertFull(of = board) {
  const into = mkdtempSync(join(tmpdir(), 'writ into '));
  try {
    await of.gen(into);
    sameTrees(join(of.state, 'site/current'), into);
  } finally {
    rmSync(into, { recursive: true });
  }
}

test('where nothing has changed, nothing is rewritten', async () => {
  await assertNothingChanges();
  await assertNothingChanges();
  await client.patch('/api/todos/1', { title: 'Changed', done: false });
  await assertNothingChanges(); // since it is published
  await assertFull();
});

const at = (name) => join(current, 'members', name);
const page = 'lists/éléphants-co.html';
const hands = {
  'a page was added to': () => appendFileSync(at('todos/1.html'), 'x'),
  'a page was overwritten with as many bytes': () => writeFileSync(at(page), readFileSync(at(page), 'utf8').replace('<', '>')),
  'a twin was emptied': () => truncateSync(at('tags/many/1.md')),
  'a page was replaced': () => {
    writeFileSync(`${current}/../tmp/by hand`, 'x');
    renameSync(`${current}/../tmp/by hand`, at('open/2.html'));
  },
  'a page was replaced by a link to another': () => {
    rmSync(at('done.html'));
    symlinkSync('open.html', at('done.html'));
  },
  'a page was deleted': () => rmSync(at('404.html')),
  'a folder was deleted': () => rmSync(at('lists'), { recursive: true }),
  'a file was put beside the pages': () => writeFileSync(at('todos/4000.html'), 'x'),
  'a file was put into a folder of its own': () => {
    mkdirSync(at('a/b'), { recursive: true });
    writeFileSync(at('a/b/c'), 'x');
  },
  'a page was moved': () => renameSync(at('todos/5.html'), at('todos/5000.html')),
  'a page has another time': () => utimesSync(at('todos/1.html'), 1_700_000_000, 1_700_000_000),
  'a page of the public tree was overwritten': () => writeFileSync(join(current, 'public/tags/many.md'), 'x'),
  'a page of the public tree was deleted': () => rmSync(join(current, 'public/sign-in.html')),
  'a page of a private list was put into the public tree': () => cpSync(at('lists/shed.html'), join(current, 'public/lists/shed.html')),
  'the cursor was deleted': () => rmSync(join(current, 'revision.json')),
};
for (const [what, does] of Object.entries(hands))
  test(`found and mended: ${what}`, async () => {
    await client.settled();
    does();
    // As files of the generator's user, which could not remove a folder of ours.
    execFileSync('chown', ['-R', `--reference=${current}`, current]);
    const { stderr } = await board.gen();
    // The generator that follows asks the cursor twice a second, and may have mended it first.
    if (!(what.includes('cursor') && stderr.includes('Nothing has changed')))
      assert.match(stderr, /^writ-gen: Rendering all pages: .+\.\nwrit-gen: Rendered \d+ pages /);
    await assertFull();
    await assertNothingChanges();
  });

test('mended without a full build: the board and what is copied', async () => {
  for (const name of ['index.html', 'index.md', 'assets/style.css']) {
    appendFileSync(at(name), 'x');
    const { stderr } = await board.gen();
    assert.match(stderr, /^writ-gen: All \d+ pages stand, at revision \d+: 1 files new\.\n$/);
    await assertFull();
  }
  await assertNothingChanges();
});

test('a write that is not published is found, and published', async () => {
  await client.settled();
  await board.kill('gen', 'SIGSTOP');
  try {
    const { status, data } = await client.post('/api/todos', { title: 'In between' }, { prefer: 'respond-async' });
    assert.equal(status, 202);
    const { stderr } = await board.gen();
    assert.match(stderr, /Rendering all pages: there are writes that are not published yet\.\n/);
    assert.match(await client.page(`/todos/${data.id}`), /In between/);
    await assertNothingChanges();
  } finally {
    await board.kill('gen', 'SIGCONT');
  }
  await assertNothingChanges();
});

test('a template that was edited: make gen publishes the new look, and the board goes on with it', async (t) => {
  // Programs whose generator takes its templates from a folder that may be written to.
  const programs = mkdtempSync(join(tmpdir(), 'writ programs '));
  t.after(() => rmSync(programs, { recursive: true }));
  const templates = join(programs, 'templates'), edited = join(templates, 'foot.html.mustache');
  cpSync(join(root, 'templates'), templates, { recursive: true });
  symlinkSync(join(builds, 'writ-api'), join(programs, 'writ-api'));
  writeFileSync(join(programs, 'writ-gen'), `#!/bin/sh\nWRIT_TEMPLATES='${templates}' exec '${builds}/writ-gen' "$@"\n`);
  chmodSync(join(programs, 'writ-gen'), 0o755);
  chmodSync(programs, 0o755); // the generator is another user, when run by root

  const other = await startBoard({ env: { BUILD: programs } });
  t.after(() => other.stop());
  const client = new Client(other.url);
  const follower = await other.pid('gen');
  const { id } = await client.create({ title: 'Of the old look' });
  writeFileSync(edited, `<p>A new look</p>\n${readFileSync(edited, 'utf8')}`);
  await client.settled();
  assert.doesNotMatch(await client.page(`/todos/${id}`), /A new look/);

  const { stderr } = await other.gen();
  assert.match(stderr, /Rendering all pages: the pages were made with other templates/);
  const pages = ['/', '/open', `/todos/${id}`];
  for (const path of pages) assert.match(await client.page(path), /A new look/);
  const { id: next } = await client.create({ title: 'Of the new look' });
  for (const path of [...pages, `/todos/${next}`]) assert.match(await client.page(path), /A new look/);
  await assertNothingChanges(other);
  await assertFull(other);

  // One that is wrong changes nothing, and is named.
  const right = readFileSync(edited);
  writeFileSync(edited, '{{#todo}}');
  await assert.rejects(() => other.gen(), /Nothing is published: reading the templates .*foot\.html/);
  await client.create({ title: 'Of the new look, still' });
  for (const path of pages) assert.match(await client.page(path), /A new look/);
  writeFileSync(edited, right);
  await assertNothingChanges(other);

  assert.equal(await other.pid('gen'), follower);
  assert.equal(readFileSync(join(other.state, 'log/gen.log'), 'utf8').match(/Rendering all pages/g).length, 1, 'at the start');
});

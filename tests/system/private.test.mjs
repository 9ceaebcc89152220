// Promise 11: nothing in the public tree names, counts or hints at what is
// private; and who may read the other one is told by files.
//
// Every text that is written carries a mark of its own. Which marks the public
// tree may show is asked of the database: those of todos whose list is public now,
// of such lists, and of the tags that such todos carry. Whatever else was ever written, in
// whatever list, may stand in no file and in no file's name.
//
//   SEED=7       these writes        LONG=1       for five minutes, instead of half of one
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from './client.mjs';
import { eventually, startBoard } from './harness.mjs';
import { checkPages } from './invariants.mjs';
import { Random } from './random_writes.mjs';

const seed = Number(process.env.SEED ?? Date.now() % 1e9);
const RUN_MS = process.env.LONG ? 300_000 : process.env.THOROUGH ? 30_000 : 7000;
const WRITERS = 8;
const STRETCH = 80; // writes between two looks

let board, client, publicTree;
before(async () => {
  board = await startBoard({ env: { WRIT_RATE: '0' } });
  client = new Client(board.url);
  publicTree = join(board.state, 'site/current/public');
  // Who writes has a mark, too.
  await board.sql(`CREATE TRIGGER marked BEFORE INSERT ON \`change\` FOR EACH ROW SET NEW.actor = 'actor ${mark()}'`);
});
after(() => board?.stop());

// ---- marks

const marks = (text) => text.toLowerCase().match(/zq[0-9a-f]{10}/g) ?? [];
let issued = 0;
const mark = () => `zq${(issued++).toString(16).padStart(4, '0')}${randomBytes(3).toString('hex')}`;

// What everybody may read, by the lists alone: the copies that the writer keeps are not asked.
const shown = `FROM todo t JOIN list l ON l.id = t.list_id WHERE l.public AND NOT l.deleted AND t.state IN (1, 2)`;

async function allowed() {
  const texts = [
    ...await board.sql(`SELECT t.title, t.notes ${shown}`),
    ...await board.sql('SELECT name, slug FROM list WHERE public AND NOT deleted'),
    ...await board.sql(`SELECT g.name, g.slug FROM tag g WHERE g.id IN
      (SELECT m.tag_id FROM todo_tag m WHERE m.todo_id IN (SELECT t.id ${shown}))`),
  ];
  return new Set(texts.flatMap((row) => Object.values(row)).flatMap(marks));
}

// path -> text, of all files of the public tree.
function publicFiles() {
  const files = new Map();
  for (const entry of readdirSync(publicTree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    if (entry.isFile()) files.set(path.slice(publicTree.length + 1), readFileSync(path, 'utf8'));
    else assert.ok(readdirSync(path).length > 0, `${path} is empty`);
  }
  return files;
}

function assertNoOtherMarks(files, may) {
  for (const [path, text] of files)
    for (const found of [...marks(path), ...marks(text)])
      assert.ok(may.has(found), `${path} has ${found}, which is not public`);
}

const numbers = (rows) => rows.map((row) => Number(Object.values(row)[0])).sort((a, b) => a - b);
const ids = (files, folder) => [...files.keys()].flatMap((path) => new RegExp(`^${folder}/([0-9]+)\\.html$`).exec(path)?.[1] ?? []).map(Number).sort((a, b) => a - b);

// All that can be said of the public tree when everything is published.
async function checkPublic() {
  await board.settled();
  const files = publicFiles(), may = await allowed();
  assertNoOtherMarks(files, may);
  for (const [path, text] of files) {
    if (path !== 'sign-in.html') assert.doesNotMatch(text, /<form|<button|"\/api\//, path);
    if (path.endsWith('.json')) assert.doesNotMatch(text, /"(public|actor|history)":/, path);
  }

  // What is public is there, and nothing is counted that is not.
  const open = numbers(await board.sql(`SELECT t.id ${shown} AND t.state = 1`));
  const done = numbers(await board.sql(`SELECT t.id ${shown} AND t.state = 2`));
  assert.deepEqual(ids(files, 'todos'), [...open, ...done].sort((a, b) => a - b));
  const buckets = (of) => [...new Set(of.map((id) => Math.floor((id - 1) / 100) + 1))];
  assert.deepEqual(ids(files, 'open'), buckets(open));
  assert.deepEqual(ids(files, 'done'), buckets(done));
  const json = (path) => JSON.parse(files.get(path));
  const { open: isOpen, done: isDone } = json('index.json');
  assert.deepEqual([isOpen, isDone], [open.length, done.length]);
  assert.equal(json('open.json').open, open.length);
  assert.equal(json('done.json').done, done.length);

  const named = async (query) => (await board.sql(query)).map((row) => [row.slug, Number(row.open), Number(row.done)]).sort();
  const listed = (items) => items.map((item) => [item.slug, item.open, item.done]).sort();
  assert.deepEqual(listed(json('lists.json').lists), await named('SELECT slug, open, done FROM list WHERE public AND NOT deleted'));
  assert.deepEqual(listed(json('tags.json').tags), await named(`
    SELECT g.slug, SUM(t.state = 1) AS open, SUM(t.state = 2) AS done FROM tag g JOIN todo_tag m ON m.tag_id = g.id
      JOIN todo t ON t.id = m.todo_id JOIN list l ON l.id = t.list_id
    WHERE l.public AND NOT l.deleted AND t.state IN (1, 2) GROUP BY g.slug`));
  for (const { slug } of json('tags.json').tags) {
    const of = numbers(await board.sql(`SELECT t.id ${shown} AND t.id IN
      (SELECT m.todo_id FROM todo_tag m JOIN tag g ON g.id = m.tag_id WHERE g.slug = '${slug}')`));
    assert.deepEqual(ids(files, `tags/${slug}`), buckets(of), slug);
  }
  return { files, may };
}

// ---- the tests

const lists = Array.from({ length: 6 }, () => `List ${mark()}`);
const tags = Array.from({ length: 5 }, () => `tag ${mark()}`);

// A write of its own marks; todos from 1 to `last` may be there.
function nextWrite(random, last, slugs) {
  const json = (method, path, body) => ({ method, path, json: body });
  const id = 1 + random.below(last + 1);
  const fields = () => ({
    title: `Title ${mark()}`, notes: `*${mark()}*\n\n- [ ] ${mark()}`, list: random.pick(lists), tags: random.some(tags, 30),
    done: random.chance(30), due: random.pick([null, '2020-01-01', '2999-01-01']),
  });
  const some = () => Object.fromEntries(Object.entries(fields()).filter(() => random.chance(35)));
  const todo = `/api/todos/${id}`, list = `/api/lists/${random.pick(slugs)}`;
  const at = random.below(100);
  if (at < 25) return json('POST', '/api/todos', fields());
  if (at < 45) return json('PATCH', todo, some());
  if (at < 55) return json('PATCH', todo, { list: random.pick(lists) });
  if (at < 62) return json('PATCH', todo, { done: random.chance(50) });
  if (at < 69) return { method: 'DELETE', path: `${todo}${random.chance(20) ? '?purge=1' : ''}` };
  if (at < 75) return { method: 'POST', path: `${todo}/restore` };
  if (at < 92) return json('PATCH', list, { public: random.chance(50) });
  if (at < 95) return json('PATCH', list, { name: `Renamed ${mark()}`, ...(random.chance(30) ? { public: true } : {}) });
  if (at < 97) return { method: 'DELETE', path: list };
  return {
    method: 'POST', path: '/api/import', headers: { 'content-type': 'text/markdown' },
    body: `# ${random.pick(lists)}\n\n${Array.from({ length: 5 }, () => `- [ ] ${mark()} #"${random.pick(tags)}"\n`).join('')}`,
  };
}

async function stretch(random, headers) {
  const [{ last_todo: last }] = await board.sql('SELECT last_todo FROM board');
  const slugs = ['inbox', ...(await board.sql('SELECT slug FROM list')).map(({ slug }) => slug)];
  for (let sent = 0; sent < STRETCH; sent += WRITERS)
    await Promise.all(Array.from({ length: WRITERS }, async () => {
      const write = nextWrite(random, Number(last) + sent, slugs);
      const { status, text } = await client.send(write.method, write.path, { ...write, headers: { ...write.headers, ...headers } });
      assert.ok(status < 500, `${status} ${text}`);
    }));
}

test('whatever is written, moved, shared and made public or private (promise 11)', async () => {
  console.log(`# SEED=${seed}`);
  const random = new Random(seed);
  const end = Date.now() + RUN_MS;
  let stretches = 0, seen = 0;
  // The generator publishes write by write, or wakes up to all of them, or is killed among them.
  const ways = [
    () => stretch(random),
    async () => {
      await board.kill('gen', 'SIGSTOP');
      await stretch(random, { prefer: 'respond-async' }).finally(() => board.kill('gen', 'SIGCONT'));
    },
    async () => {
      await Promise.all([stretch(random, { prefer: 'respond-async' }), board.kill('gen')]);
      await board.kill('gen').catch(() => {}); // perhaps just being started again
    },
  ];
  while (Date.now() < end) {
    await ways[stretches++ % ways.length]();
    const { may } = await checkPublic();
    seen += may.size;
    await checkPages(board);
  }
  assert.ok(seen > 20 * stretches, `only ${seen} marks were public in ${stretches} looks`);
  console.log(`# ${stretches} stretches, ${issued} marks`);
});

test('when a list is made private its pages are gone as soon as that is published; and come as fast', async () => {
  const [list, alone, both] = [`Roadmap ${mark()}`, `alone ${mark()}`, `both ${mark()}`];
  const boxes = (tag) => Array.from({ length: 120 }, () => `- [${issued % 2 ? 'x' : ' '}] ${mark()} #"${tag}"\n`).join('');
  assert.equal((await client.import(`# ${list}\n\n${boxes(alone)}${boxes(both)}\n# ${list} stays\n\n- [ ] ${mark()} #"${both}"\n`)).status, 201);
  const slug = async (table, name) => (await board.sql(`SELECT slug FROM ${table} WHERE name = '${name}'`))[0].slug;
  const [listSlug, aloneSlug, bothSlug] = [await slug('list', list), await slug('tag', alone), await slug('tag', both)];
  const flip = async (of, isPublic) => {
    const { data } = await client.patch(`/api/lists/${of}`, { public: isPublic });
    await eventually(async () => (await client.json('/revision.json')).revision >= data.revision, 'it to be published');
  };
  await flip(await slug('list', `${list} stays`), true);
  await board.settled();
  const without = publicFiles();

  for (let round = 0; round < 2; round++) {
    await flip(listSlug, true);
    let files = publicFiles(), may = await allowed();
    assertNoOtherMarks(files, may);
    for (const path of [`lists/${listSlug}.html`, `lists/${listSlug}.md`, `lists/${listSlug}/3.md`, `tags/${aloneSlug}.md`])
      assert.ok(files.has(path), path);
    const everything = new Set([...files.values()].flatMap(marks));
    assert.deepEqual([...may].filter((one) => !everything.has(one)), [], 'all that is public is there');

    await flip(listSlug, false);
    files = publicFiles();
    assertNoOtherMarks(files, await allowed());
    assert.deepEqual([...files.keys()].sort(), [...without.keys()].sort());
    assert.deepEqual(JSON.parse(files.get('tags.json')), JSON.parse(without.get('tags.json')));
    assert.equal(files.get(`tags/${bothSlug}.md`), without.get(`tags/${bothSlug}.md`));
  }
  await checkPublic();
  await checkPages(board);
});

test('one todo: what it said and where it stood in its private time, and how it leaves', async () => {
  const [was, is, garden] = [mark(), mark(), mark()];
  const { id } = await client.create({ title: `Was ${was}`, notes: was, list: `Cellar ${was}`, tags: [`dark ${was}`, `light ${garden}`] });
  await client.create({ title: 'It stays', list: `Garden ${garden}`, tags: [`light ${garden}`] });
  await client.must('PATCH', `/api/lists/garden-${garden}`, { json: { public: true } });
  await client.must('PATCH', `/api/todos/${id}`, { json: { title: `Is ${is}`, notes: '', list: `Garden ${garden}`, tags: [`light ${garden}`] } });
  const todo = JSON.parse(readFileSync(join(publicTree, `todos/${id}.json`), 'utf8'));
  assert.equal(todo.title, `Is ${is}`);
  const { files: before, may } = await checkPublic();
  assert.ok(!may.has(was));
  assert.ok(before.get(`tags/light-${garden}.md`).includes(is) && before.get('index.md').includes(is));

  // Moved away, it is gone as soon as that is published, from the twins of what stays too.
  await client.must('PATCH', `/api/todos/${id}`, { json: { list: `Cellar ${was}` } });
  const files = publicFiles();
  assertNoOtherMarks(files, await allowed());
  assert.ok(!files.has(`todos/${id}.html`));
  assert.match(files.get(`tags/light-${garden}.md`), /It stays/);
});

test('writes about private todos leave the public tree untouched', async () => {
  await client.create({ title: 'Still private', list: 'Quite private', tags: ['quite-private'] });
  await board.settled();
  const identities = () => [...publicFiles().keys()].map((path) => {
    const { ino, mtimeNs } = statSync(join(publicTree, path), { bigint: true });
    return `${path} ${ino} ${mtimeNs}`;
  });
  const untouched = identities();
  for (const json of [{ title: 'Other' }, { done: true }, { tags: ['more', 'quite-private'] }, { list: 'Private, too' }])
    await client.must('PATCH', `/api/todos/${(await board.sql("SELECT MAX(id) AS id FROM todo"))[0].id}`, { json });
  await board.settled();
  assert.deepEqual(identities(), untouched);
});

// ---- reading keys

const newKey = () => randomBytes(32).toString('hex');
const hold = (key, expires = 'NULL') => board.sql(`INSERT INTO credential (hash, kind, name, reading_key, created, expires)
  VALUES (x'${newKey()}', 1, 'owner', '${key}', UTC_TIMESTAMP(3), ${expires})`);
const end = (key) => board.sql(`DELETE FROM credential WHERE reading_key = '${key}'`);
const keys = () => readdirSync(join(board.state, 'site/keys')).sort();
const keysAre = (expected) => eventually(() => JSON.stringify(keys()) === JSON.stringify([...expected].sort()), 'the keys', 8000);

// A client of the generator's socket: says lines, and hears them.
function speak() {
  const socket = net.connect(join(board.state, 'run/gen/gen.sock'));
  const heard = [];
  let rest = '';
  socket.on('data', (bytes) => {
    const lines = (rest + bytes).split('\n');
    rest = lines.pop();
    heard.push(...lines);
  });
  return { socket, say: (text) => socket.write(text), hears: (line) => eventually(() => heard.includes(line), line, 3000), heard };
}

test('a reading key is an empty file for as long as the credential holds', async () => {
  const [token, session, short] = [newKey(), newKey(), newKey()];
  await hold(token);
  await hold(session, 'UTC_TIMESTAMP(3) + INTERVAL 1 DAY');
  await hold(newKey(), 'UTC_TIMESTAMP(3) - INTERVAL 1 SECOND');
  await keysAre([token, session]);
  for (const key of keys()) assert.equal(statSync(join(board.state, 'site/keys', key)).size, 0);
  assert.equal(statSync(join(board.state, 'site/keys')).mode & 0o777, 0o711, 'nobody else can list them');

  await end(session);
  await keysAre([token]);
  await hold(short, 'UTC_TIMESTAMP(3) + INTERVAL 1 SECOND');
  await keysAre([token, short]);
  await keysAre([token]);

  // Whatever else lies there goes, and what somebody has taken away comes back.
  writeFileSync(join(board.state, 'site/keys', newKey()), '');
  utimesSync(join(board.state, 'site/keys', token), 1, 1);
  await keysAre([token]);
  await board.kill('gen');
  await end(token);
  await keysAre([]);
});

test('keys N is answered when they are as the table was then', async () => {
  const one = speak(), two = speak(), key = newKey();
  await hold(key);
  one.say('keys 1\n');
  await one.hears('keyed 1');
  assert.deepEqual(keys(), [key]);
  await end(key);
  one.say('keys 2\nkeys 7\nkeys 3\n');
  two.say('keys 41\n');
  await Promise.all([one.hears('keyed 7'), two.hears('keyed 41')]);
  assert.deepEqual(keys(), []);
  assert.ok(!one.heard.includes('keyed 41') && !two.heard.includes('keyed 7'));
  for (const { socket } of [one, two]) socket.destroy();

  const rude = speak();
  rude.say('keys of mine\n');
  await eventually(() => rude.socket.destroyed, 'it to be dropped', 3000);
});

// For the generator the database is away, and nothing of ours is in its way: nobody has to wait for a timeout.
async function lockOut(user) {
  await board.sql(`ALTER USER ${user} ACCOUNT LOCK`);
  for (const { id } of await board.sql(`SELECT id FROM information_schema.processlist WHERE user = '${user}'`))
    await board.sql(`KILL ${id}`);
}

test('without the database keys stay, but for those that expire; also when the generator is started anew', async () => {
  const [never, later, first, second] = [newKey(), newKey(), newKey(), newKey()];
  await hold(never);
  await hold(later, 'UTC_TIMESTAMP(3) + INTERVAL 1 DAY');
  await hold(first, 'UTC_TIMESTAMP(3) + INTERVAL 3 SECOND');
  await hold(second, 'UTC_TIMESTAMP(3) + INTERVAL 9 SECOND');
  await keysAre([never, later, first, second]);
  await lockOut('gen');
  let waiting;
  try {
    await end(later);
    await keysAre([never, later, second]);
    const old = await board.pid('gen');
    await board.kill('gen');
    await eventually(async () => (await board.pid('gen')) !== old, 'the generator to be started again');
    waiting = await eventually(async () => {
      const client = speak();
      client.socket.on('error', () => {});
      await eventually(() => client.heard.length, 'the generator to listen', 500);
      return client;
    }, 'the generator to listen');
    waiting.say('keys 5\n');
    await eventually(() => !keys().includes(second), 'the second one to expire', 15_000);
    assert.deepEqual(keys(), [never, later].sort());
    assert.ok(!waiting.heard.includes('keyed 5'));
  } finally {
    await board.sql('ALTER USER gen ACCOUNT UNLOCK');
  }
  await waiting.hears('keyed 5');
  assert.deepEqual(keys(), [never]);
  waiting.socket.destroy();
});

// The main job: a todo posted is a page served; edited, finished, deleted,
// restored, purged; in JSON and as forms.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, rows } from './client.mjs';
import { startBoard } from './harness.mjs';

let board, client;
before(async () => {
  board = await startBoard();
  client = new Client(board.url);
});
after(() => board?.stop());

test('an empty board is a page', async () => {
  for (const path of ['/', '/lists', '/tags', '/open', '/done']) {
    const answer = await client.get(path);
    assert.equal(answer.status, 200, path);
    assert.match(answer.type, /^text\/html; charset=utf-8$/i);
    assert.match(answer.text, /<\/html>\s*$/);
  }
  assert.equal((await client.get('/todos/1')).status, 404);
  assert.equal((await client.get('/nothing/here')).status, 404);
  assert.equal((await client.get('/health')).status, 200);
});

test('a todo posted is on every page that shows it, at once', async () => {
  const answer = await client.post('/api/todos', {
    title: 'Buy <milk> & "tea"',
    notes: 'From the *corner* shop\r\n\r\n- [ ] not a box of the list',
    list: 'Groceries',
    tags: ['home', 'Küche'],
    priority: 2,
    due: '2026-12-01',
  });
  assert.equal(answer.status, 201, answer.text);
  assert.match(answer.type, /^application\/json/);
  const { id, version, revision, published, url } = answer.data;
  assert.deepEqual({ version, published, url }, { version: 1, published: true, url: `/todos/${id}` });
  assert.ok(revision >= 1);
  assert.equal(answer.headers.get('location'), `/todos/${id}`);
  assert.equal(answer.headers.get('etag'), '"1"');

  for (const path of ['/', `/todos/${id}`, '/open', '/open/1', '/lists/groceries', '/lists/groceries/1', '/tags/home',
                      `/tags/${encodeURIComponent('küche')}/1`])
    assert.match(await client.page(path), /Buy &lt;milk&gt; &amp; (&quot;|&#34;|")tea/, path);
  assert.match(await client.page(`/todos/${id}`), /<em>corner<\/em>/);

  const twin = await client.json(`/todos/${id}.json`);
  assert.equal(twin.title, 'Buy <milk> & "tea"');
  assert.equal(twin.notes, 'From the *corner* shop\n\n- [ ] not a box of the list');
  assert.deepEqual([twin.list, twin.tags, twin.priority, twin.due, twin.done, twin.version, twin.finished],
                   ['Groceries', ['home', 'Küche'], 2, '2026-12-01', false, 1, null]);
  assert.match(twin.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  for (const path of ['/index.json', '/open.json', '/open/1.json', '/lists/groceries.json', '/lists/groceries/1.json',
                      '/tags/home.json'])
    assert.ok((await client.json(path)).todos.some((todo) => todo.id === id), path);

  await client.settled(revision);
  const md = await client.get('/lists/groceries.md');
  assert.match(md.type, /^text\/markdown; charset=utf-8$/i);
  assert.match(md.text, /^# Groceries\n/);
  assert.match(md.text, /^- \[ \] Buy .*milk.* #home #Küche !2 @2026-12-01$/m);
  assert.match(await client.page('/lists'), /Groceries/);
});

test('its life: edit, finish, reopen, delete, restore, purge', async () => {
  const { id } = await client.create({ title: 'A life', list: 'Lives', tags: ['short'] });
  const path = `/api/todos/${id}`;

  let answer = await client.patch(path, { title: 'A longer life', due: null, priority: 1 });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual([answer.data.version, answer.headers.get('etag')], [2, '"2"']);
  assert.match(await client.page('/lists/lives'), /A longer life/);

  answer = await client.patch(path, { title: 'A longer life' });
  assert.deepEqual([answer.status, answer.data.version], [200, 2]); // changes nothing

  await client.must('PATCH', path, { json: { done: true } });
  assert.doesNotMatch(await client.page('/open'), /A longer life/);
  assert.match(await client.page('/done'), /A longer life/);
  assert.match(await client.page('/lists/lives/1'), /A longer life/);
  assert.equal((await client.json(`/todos/${id}.json`)).done, true);
  assert.notEqual((await client.json(`/todos/${id}.json`)).finished, null);

  await client.must('PATCH', path, { json: { done: false } });
  assert.match(await client.page('/open'), /A longer life/);
  assert.doesNotMatch(await client.page('/done'), /A longer life/);

  await client.must('DELETE', path);
  answer = await client.get(`/todos/${id}`);
  assert.equal(answer.status, 410);
  assert.doesNotMatch(answer.text, /A longer life/);
  assert.match(answer.text, new RegExp(`action="/api/todos/${id}/restore"`));
  assert.equal((await client.get(`/todos/${id}.json`)).status, 410);
  for (const page of ['/', '/open', '/lists/lives'])
    assert.doesNotMatch(await client.page(page), /A longer life/, page);
  assert.equal((await client.get('/tags/short')).status, 404); // nothing carries it
  assert.equal((await client.get('/lists/lives/1')).status, 404); // an empty bucket
  assert.equal((await client.get('/lists/lives')).status, 200); // a list stays
  answer = await client.patch(path, { title: 'x' });
  assert.equal(answer.status, 410);
  assert.match(answer.type, /^application\/problem\+json/);

  await client.must('POST', `${path}/restore`);
  assert.match(await client.page(`/todos/${id}`), /A longer life/);
  assert.match(await client.page('/tags/short'), /A longer life/);

  await client.must('DELETE', `${path}?purge=1`);
  assert.equal((await client.get(`/todos/${id}`)).status, 404);
  assert.equal((await client.get(`/todos/${id}.json`)).status, 404);
  assert.equal((await client.delete(path)).status, 404);
  assert.deepEqual(await rows(board, `SELECT COUNT(*) FROM todo WHERE id = ${id}`), [['0']]);
  assert.deepEqual(await rows(board, `SELECT COUNT(*) FROM \`change\` WHERE todo_id = ${id} AND detail IS NOT NULL`), [['0']]);
});

test('quick add understands its line', async () => {
  const { id } = await client.create({ quick: 'Buy milk #home !2 @2026-12-01 +Groceries' });
  const todo = await client.json(`/todos/${id}.json`);
  assert.deepEqual([todo.title, todo.tags, todo.priority, todo.due, todo.list],
                   ['Buy milk', ['home'], 2, '2026-12-01', 'Groceries']);
});

test('forms do the same and lead back to where one was', async () => {
  let answer = await client.send('POST', '/api/todos', { form: { quick: 'By a form +Forms', next: '/lists/forms' } });
  assert.equal(answer.status, 303, answer.text);
  const [, id] = /^\/lists\/forms#todo-(\d+)$/.exec(answer.headers.get('location'));
  assert.match(await client.page('/lists/forms'), new RegExp(`id="todo-${id}"`));

  answer = await client.send('POST', `/api/todos/${id}`, { form: { _method: 'PATCH', version: '1', done: 'true' } });
  assert.equal(answer.status, 303, answer.text);
  assert.match(answer.headers.get('location'), new RegExp(`^/todos/${id}(#.*)?$`));
  assert.equal((await client.json(`/todos/${id}.json`)).done, true);

  answer = await client.send('POST', `/api/todos/${id}`, { form: { _method: 'PATCH', version: '1', title: 'Mine' } });
  assert.equal(answer.status, 412);
  assert.match(answer.type, /^text\/html/);
  assert.match(answer.text, /value="Mine"/); // own text kept
  assert.match(answer.text, /By a form/); // the other beside it
  assert.equal((await client.json(`/todos/${id}.json`)).title, 'By a form');

  answer = await client.send('POST', `/api/todos/${id}`, { form: { _method: 'DELETE', next: '/open' } });
  assert.equal(answer.status, 303);
  assert.equal((await client.get(`/todos/${id}`)).status, 410);
  answer = await client.send('POST', `/api/todos/${id}/restore`, { form: {} });
  assert.equal(answer.status, 303);
  assert.equal((await client.get(`/todos/${id}`)).status, 200);
});

test('lists are renamed and deleted, their URLs stay', async () => {
  const { id } = await client.create({ title: 'In a list', list: 'First name' });
  let answer = await client.must('PATCH', '/api/lists/first-name', { json: { name: 'Second name' } });
  assert.equal(answer.url, '/lists/first-name');
  assert.match(await client.page('/lists/first-name'), /Second name/);
  assert.match(await client.page(`/todos/${id}`), /Second name/);
  assert.equal((await client.json(`/todos/${id}.json`)).list, 'Second name');
  assert.match(await client.page('/lists'), /Second name/);

  assert.equal((await client.delete('/api/lists/first-name')).status, 409);
  await client.must('DELETE', `/api/todos/${id}`);
  await client.must('DELETE', '/api/lists/first-name');
  assert.equal((await client.get('/lists/first-name')).status, 404);
  assert.doesNotMatch(await client.page('/lists'), /Second name/);
  await client.must('POST', `/api/todos/${id}/restore`);
  assert.match(await client.page('/lists/first-name'), /In a list/);
});

test('a key gets the first answer again', async () => {
  const headers = { 'idempotency-key': 'main-test-1' };
  const first = await client.post('/api/todos', { title: 'Once' }, headers);
  const again = await client.post('/api/todos', { title: 'Once' }, headers);
  assert.equal(again.status, 201);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  assert.equal(first.headers.get('idempotency-replayed'), null);
  assert.deepEqual(again.data, first.data);
  assert.equal((await client.post('/api/todos', { title: 'Twice' }, headers)).status, 422);
  const shown = await client.post('/api/todos', { title: 'Once' }, { ...headers, prefer: 'return=representation' });
  assert.equal(shown.data.todo?.title, 'Once', 'with the todo, if it is asked for');

  // Many at once: one todo.
  const same = { 'idempotency-key': 'main-test-2' };
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.post('/api/todos', { title: 'Crowd' }, same)));
  assert.equal(new Set(answers.map((answer) => answer.data.id)).size, 1);
  assert.equal(answers.filter((answer) => answer.headers.get('idempotency-replayed')).length, 19);
});

test('preferences: the todo in the answer, or no waiting', async () => {
  let answer = await client.post('/api/todos', { title: 'Shown' }, { prefer: 'return=representation' });
  const { todo } = answer.data;
  assert.deepEqual(todo, await client.json(`/todos/${answer.data.id}.json`));

  answer = await client.post('/api/todos', { title: 'Later' }, { prefer: 'respond-async' });
  assert.equal(answer.status, 202);
  assert.equal(answer.data.published, false);
  await client.settled(answer.data.revision);
  assert.match(await client.page(`/todos/${answer.data.id}`), /Later/);
});

test('on request an answer says where its time went', async () => {
  const plain = await client.post('/api/todos', { title: 'Timed' });
  assert.equal(plain.headers.get('server-timing'), null);
  const answer = await client.post('/api/todos', { title: 'Timed' }, { prefer: 'timing' });
  const stages = new Map(answer.headers.get('server-timing').split(', ').map((stage) => stage.split(';dur=')));
  for (const stage of ['parse', 'queue', 'read', 'store', 'commit', 'publish', 'gen-read', 'gen-render', 'gen-files'])
    assert.ok(Number(stages.get(stage)) > 0, `${stage}: ${answer.headers.get('server-timing')}`);
});

test('health says how it is', async () => {
  const answer = await client.get('/api/health');
  assert.equal(answer.status, 200);
  assert.equal(answer.data.status, 'ok');
  assert.equal(answer.data.revision, Number((await rows(board, 'SELECT revision FROM board'))[0][0]));
  const other = await client.get('/api/todos/1');
  assert.equal(other.status, 405);
  assert.ok(other.headers.get('allow'));
  assert.match(other.headers.get('link'), /<\/todos\/1>/);
});

test('revisions and ids are dense', async () => {
  const [[revision, todos]] = await rows(board, 'SELECT revision, last_todo FROM board');
  assert.deepEqual(await rows(board, 'SELECT COUNT(*), MIN(revision), MAX(revision) FROM `change`'), [[revision, '1', revision]]);
  assert.deepEqual(await rows(board, 'SELECT COUNT(DISTINCT todo_id) FROM `change`'), [[todos]]);
});

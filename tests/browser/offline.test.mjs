// Without a connection: what was read is still there and says how old it is; what is written waits, and is sent once.
// Forgotten when one signs out; and switched off by one line of the configuration.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../system/client.mjs';
import { eventually, startBoard } from '../system/harness.mjs';
import { newToken, PASSPHRASE, setPassphrase, startClosedBoard } from '../system/owner.mjs';
import { cable, launch, open } from './browser.mjs';

let board, browser, page, client, plug;
before(async () => {
  board = await startBoard();
  client = new Client(board.url);
  browser = await launch();
  plug = await cable(board);
  page = await open(browser, plug);
  await client.create({ title: 'Read before', notes: 'its notes' });
  await client.create({ title: 'Never read' });
});
after(async () => {
  await browser?.close();
  await plug?.pull();
  await board?.stop();
});

// The browser is told, too, as it is by its system.
async function offline(yes) {
  await (yes ? plug.pull() : plug.push());
  for (const each of page.context().pages()) await each.evaluate((what) => dispatchEvent(new Event(what)), yes ? 'offline' : 'online');
}
const worker = (of) => of.evaluate(() => navigator.serviceWorker.ready.then(() => new Promise((resolve) => {
  if (navigator.serviceWorker.controller) resolve();
  else navigator.serviceWorker.addEventListener('controllerchange', resolve);
})));
const kept = (of, path) => eventually(() => of.evaluate(async (url) => Boolean(await caches.match(url)), new URL(path, of.url()).href), `${path} to be kept`);
const count = async (title) => (await board.sql(`SELECT COUNT(*) AS n FROM todo WHERE title = '${title}'`))[0].n;

async function read(of, ...paths) {
  await of.goto('/');
  await worker(of);
  await kept(of, '/'); // though it came before the worker did
  for (const path of paths) {
    await of.goto(path);
    await kept(of, path);
  }
}

test('what was read can be read without a connection, and says how old it is', async () => {
  await read(page, '/todos/1', '/lists/inbox');
  await offline(true);
  await page.goto('/todos/1');
  assert.match(await page.innerText('main'), /There is no connection\. This page is as it was on .*Read before.*its notes/s);
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).maxWidth), 'none', 'with its style');
  await page.goto('/');
  assert.equal(await page.locator('.banner[role=status]').count(), 1);
  await page.goto('/todos/2');
  assert.match(await page.innerText('main'), /There is no connection.*has not been read/s);
  await offline(false);
  await page.goto('/todos/1');
  assert.equal(await page.locator('.banner').count(), 0);
  await client.must('PATCH', '/api/todos/1', { json: { title: 'Read again' } });
  await page.goto('/todos/1');
  assert.equal(await page.innerText('h1'), 'Read again', 'the board always comes first');
});

test('a page is as fresh as the board, whatever is kept: the service worker never answers from its store while there is one', async () => {
  for (let i = 0; i < 5; i++) {
    await client.must('PATCH', '/api/todos/1', { json: { title: `Round ${i}` } });
    await page.goto('/todos/1');
    assert.equal(await page.innerText('h1'), `Round ${i}`);
  }
});

test('what is written without a connection waits, is shown, and is sent once', async () => {
  await page.goto('/');
  await offline(true);
  await page.fill('#quick', 'Written on the train #offline');
  await page.press('#quick', 'Enter');
  await page.locator('.waiting', { hasText: 'Waiting to be sent: 1' }).waitFor();
  assert.match(await page.innerText('.waiting'), /Written on the train #offline/);
  await page.locator('.newest .todos li', { hasText: 'Never read' }).locator('.tick').click();
  await page.locator('.waiting', { hasText: 'Finish /todos/2' }).waitFor();
  await page.reload(); // and it is not lost with the page
  assert.match(await page.innerText('.waiting'), /Waiting to be sent: 2/);
  assert.equal(await count('Written on the train'), '0');
  await offline(false);
  await page.locator('.notice', { hasText: 'What was waiting is sent.' }).waitFor();
  await page.locator('.todos li', { hasText: 'Written on the train' }).first().waitFor();
  assert.equal(await page.locator('.waiting').count(), 0);
  assert.equal(await count('Written on the train'), '1');
  assert.equal((await client.json('/todos/2.json')).done, true);
});

test('the plug is pulled in the middle: the answer is lost, and it is sent again, and stored once', async () => {
  await page.goto('/');
  // The board gets it, and the browser never hears of it.
  let pulled = false;
  await page.route('**/api/todos', async (route) => {
    if (pulled) return route.continue();
    pulled = true;
    await route.fetch();
    await offline(true);
    return route.abort('internetdisconnected');
  });
  await page.fill('#quick', 'Sent into a tunnel');
  await page.press('#quick', 'Enter');
  await page.locator('.waiting', { hasText: 'Sent into a tunnel' }).waitFor();
  assert.equal(await count('Sent into a tunnel'), '1', 'it was stored before the plug was pulled');
  await offline(false);
  await page.locator('.notice', { hasText: 'What was waiting is sent.' }).waitFor();
  assert.equal(await count('Sent into a tunnel'), '1');
  await page.unroute('**/api/todos');
});

test('several pages send what waits once', async () => {
  const second = await page.context().newPage();
  await Promise.all([page.goto('/'), second.goto('/open')]);
  await offline(true);
  for (const title of ['One of two', 'Two of two']) {
    await page.fill('#quick', title);
    await page.press('#quick', 'Enter');
    await page.locator('.waiting', { hasText: title }).waitFor();
  }
  await offline(false);
  await eventually(async () => (await count('Two of two')) === '1', 'it to be sent');
  await eventually(() => page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('writ.')).length === 0), 'nothing to wait');
  assert.deepEqual([await count('One of two'), await count('Two of two')], ['1', '1']);
  const ids = await board.sql("SELECT title FROM todo WHERE title LIKE '%of two' ORDER BY id");
  assert.deepEqual(ids.map(({ title }) => title), ['One of two', 'Two of two'], 'in the order in which they were written');
  await second.close();
});

test('what is refused later stays, with the reason, until somebody throws it away', async () => {
  const { id } = await client.create({ title: 'Deleted meanwhile' });
  await page.goto('/');
  await offline(true);
  await page.locator('.newest .todos li', { hasText: 'Deleted meanwhile' }).locator('.tick').click();
  await page.locator('.waiting', { hasText: `Finish /todos/${id}` }).waitFor();
  await client.must('DELETE', `/api/todos/${id}`);
  await offline(false);
  await page.locator('.waiting', { hasText: 'This todo is deleted' }).waitFor();
  await page.click('.waiting button');
  assert.equal(await page.locator('.waiting').count(), 0);
});

test('what a member has read is forgotten when he signs out, and by a stranger\'s page', async (t) => {
  const closed = await startClosedBoard();
  t.after(() => closed.stop());
  await setPassphrase(closed);
  const token = await newToken(closed, 'seed');
  const own = new Client(closed.url);
  const headers = { authorization: `Bearer ${token}` };
  await own.must('POST', '/api/todos', { json: { title: 'Private words' }, headers });
  const unplugged = await cable(closed);
  t.after(() => unplugged.pull());
  const member = await open(browser, unplugged);
  t.after(() => member.context().close());
  const signIn = async () => {
    await member.goto('/sign-in');
    await member.fill('[name=passphrase]', PASSPHRASE);
    await member.click('.sign-in-form button');
  };
  await signIn();
  await member.goto('/');
  await worker(member);
  const known = () => member.evaluate(async () => {
    let found = 0;
    for (const name of await caches.keys())
      for (const answer of await (await caches.open(name)).matchAll()) found += (await answer.text()).includes('Private words');
    return found;
  });
  await member.goto('/todos/1');
  await eventually(async () => (await known()) > 0, 'it to be kept');
  // Signed out where there is no connection: the board does not know, but here it is forgotten.
  await unplugged.pull();
  await member.click('.sign-out button');
  await member.waitForURL(/chrome-error/);
  await unplugged.push();
  await member.goto('/help');
  await eventually(async () => (await known()) === 0, 'it to be forgotten');

  await member.goto('/todos/1');
  await eventually(async () => (await known()) > 0, 'it to be kept');
  await member.click('.sign-out button');
  await member.waitForURL('/');
  await eventually(async () => (await known()) === 0, 'it to be forgotten');
  await unplugged.pull();
  await member.goto('/todos/1');
  assert.doesNotMatch(await member.innerText('body'), /Private/);
  await unplugged.push();

  // The session ends elsewhere: the first page for strangers is the end of what members' pages were kept.
  await signIn();
  await member.goto('/todos/1');
  await eventually(async () => (await known()) > 0, 'it to be kept');
  await setPassphrase(closed);
  await eventually(async () => (await closed.get('/todos/1')).status === 404, 'the session to end');
  await member.goto('/');
  await eventually(async () => (await known()) === 0, 'it to be forgotten');
});

test('WRIT_OFFLINE=0 switches it off, for those who had it too', async (t) => {
  const had = await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);
  assert.equal(had, 1);
  const off = await startBoard({ env: { WRIT_OFFLINE: '0' } });
  t.after(() => off.stop());
  const other = await open(browser, off);
  await other.goto('/');
  assert.equal(await other.getAttribute('script', 'data-worker'), null);
  // As one that had it before: the worker in its place ends itself.
  await other.evaluate(async () => {
    await caches.open('members');
    await navigator.serviceWorker.register('/worker.js');
  });
  await eventually(() => other.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length === 0 && (await caches.keys()).length === 0), 'the worker to end');
  await other.context().close();
});

test('no script failed', () => assert.deepEqual(page.wrong.filter((text) => !/ERR_|Failed to fetch/.test(text)), []));

// The same person with JavaScript: nothing leaves the page, failures are told, keys work, a page follows the board.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../system/client.mjs';
import { eventually, startBoard } from '../system/harness.mjs';
import { launch, open } from './browser.mjs';

let board, browser, page, client;
before(async () => {
  board = await startBoard();
  client = new Client(board.url);
  browser = await launch();
  page = await open(browser, board, { serviceWorkers: 'block' });
  page.navigations = 0;
  page.on('framenavigated', () => page.navigations++);
  for (const title of ['Third', 'Second', 'First']) await client.create({ title, list: 'Order', tags: ['t'] });
});
after(async () => {
  await browser?.close();
  await board?.stop();
});

const row = (title, within = 'main') => page.locator(`${within} .todos li`, { hasText: title }).first();
const notice = (words) => page.locator('.notice', { hasText: words }).waitFor();
const titles = () => page.locator('.todos .title').allInnerTexts();
const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent || document.activeElement.name);

async function stays(act) {
  const before = page.navigations;
  await act();
  assert.equal(page.navigations, before, 'the page was left');
}

test('a todo is added without leaving the page, with a key, and what was understood is said', async () => {
  await page.goto('/');
  await stays(async () => {
    const sent = page.waitForRequest((request) => request.method() === 'POST');
    await page.fill('#quick', 'Buy milk #home !2 @tomorrow +Groceries');
    await page.press('#quick', 'Enter');
    assert.match(await (await sent).headerValue('idempotency-key'), /^\d+(-\d+){15}$/);
    await notice(/^Added “Buy milk” to Groceries, due 20..-..-.., priority 2, tags home\.$/);
    await row('Buy milk', '.newest').waitFor();
  });
  assert.equal(await page.inputValue('#quick'), '');
  assert.equal(await focused(), 'quick', 'ready for the next one');
  assert.ok(await row('Buy milk', '.newest').evaluate((element) => element.classList.contains('changed')));
});

test('finished and reopened where it stands, at once, and the focus stays in the page', async () => {
  await stays(async () => {
    await page.route('**/api/todos/*', async (route) => {
      await new Promise((go) => setTimeout(go, 400));
      await route.continue();
    });
    await row('Buy milk', '.newest').locator('.tick').click();
    assert.ok(await row('Buy milk', '.newest').evaluate((element) => element.classList.contains('gone')), 'before the answer');
    await notice('Finished “Buy milk”.');
    await page.unroute('**/api/todos/*');
    await row('Buy milk', 'section:has-text("Finished lately")').waitFor();
    assert.ok(await page.evaluate(() => document.activeElement.closest('main') && document.activeElement !== document.body));
    await row('Buy milk', 'section:has-text("Finished lately")').locator('.tick').click();
    await notice('Reopened “Buy milk”.');
  });
});

test('a failure is told, and taken back', async () => {
  await stays(async () => {
    await page.fill('#quick', '#only !1');
    await page.press('#quick', 'Enter');
    await page.locator('.notice[role=alert]', { hasText: 'quick must say what is to be done' }).waitFor();
    assert.equal(await page.inputValue('#quick'), '#only !1', 'what was typed is still there');
    await page.fill('#quick', '');
  });
  const { id } = await client.create({ title: 'Gone meanwhile' });
  await page.goto('/');
  await board.kill('gen', 'SIGSTOP'); // so that this page does not know yet
  try {
    await client.send('DELETE', `/api/todos/${id}`, { headers: { prefer: 'respond-async' } });
    await row('Gone meanwhile').locator('.tick').click();
    await page.locator('.notice[role=alert]', { hasText: 'This todo is deleted' }).waitFor();
    assert.ok(!await row('Gone meanwhile').evaluate((element) => element.classList.contains('gone')));
  } finally {
    await board.kill('gen', 'SIGCONT');
  }
});

test('what may have been stored is sent again under its key, and stored once', async () => {
  let lost = 0;
  await page.route('**/api/todos', async (route) => {
    if (lost++) return route.continue();
    await route.fetch();
    await route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"detail":"Writes are not taken at this moment."}' });
  });
  await page.goto('/');
  await page.fill('#quick', 'Sent into the dark');
  await page.press('#quick', 'Enter');
  await notice('Writes are not taken at this moment.');
  assert.equal(await page.inputValue('#quick'), 'Sent into the dark');
  await page.press('#quick', 'Enter');
  await notice('Added “Sent into the dark”');
  const [{ n }] = await board.sql("SELECT COUNT(*) AS n FROM todo WHERE title = 'Sent into the dark'");
  assert.equal(n, '1');
  await page.unroute('**/api/todos');
});

test('a write that is stored but not published yet is waited for', async () => {
  await page.goto('/');
  await board.kill('gen', 'SIGSTOP');
  await page.fill('#quick', 'Slow to appear');
  await page.press('#quick', 'Enter');
  await notice('Added “Slow to appear”');
  assert.equal(await row('Slow to appear').count(), 0);
  await board.kill('gen', 'SIGCONT');
  await row('Slow to appear').waitFor();
});

test('edited in place; two people editing see both texts', async () => {
  const { id } = await client.create({ title: 'Edit me' });
  await page.goto(`/todos/${id}`);
  await stays(async () => {
    await page.click('details.edit summary');
    await page.fill('[name=title]', 'Edited');
    await page.click('details.edit form button');
    await page.locator('h1', { hasText: 'Edited' }).waitFor();
  });
  assert.equal(await page.locator('details[open]').count(), 0);
  await page.click('details.edit summary');
  await page.fill('[name=title]', 'Mine');
  await client.must('PATCH', `/api/todos/${id}`, { json: { title: 'Theirs' } });
  await page.click('details.edit form button');
  await page.locator('main', { hasText: 'What is stored now' }).waitFor();
  assert.equal(await page.inputValue('[name=title]'), 'Mine');
  assert.match(await page.innerText('main'), /Theirs/);
});

test('deleted and restored without leaving the page', async () => {
  const { id } = await client.create({ title: 'Delete me' });
  await page.goto(`/todos/${id}`);
  await stays(async () => {
    await page.click('form.delete button');
    await page.locator('h1', { hasText: 'This todo is deleted' }).waitFor();
    await page.click('button:has-text("Restore")');
    await page.locator('h1', { hasText: 'Delete me' }).waitFor();
  });
});

test('moved within its list', async () => {
  await page.goto('/lists/order');
  await stays(async () => {
    await row('Third').locator('[name=above]').click();
    await notice('Moved “Third”.');
    await eventually(async () => (await titles()).join() === 'First,Third,Second', 'the new order');
  });
});

test('a page that is looked at follows the board, but not over what is being typed', async () => {
  await page.goto('/lists/order');
  await page.waitForTimeout(300);
  await stays(async () => {
    await client.create({ title: 'From elsewhere', list: 'Order' });
    await row('From elsewhere').waitFor();
    await page.fill('#quick', 'half a sen');
    await client.create({ title: 'Another', list: 'Order' });
    await notice('This page has changed meanwhile');
    assert.equal(await page.inputValue('#quick'), 'half a sen');
    assert.equal(await row('Another').count(), 0);
    await page.fill('#quick', '');
  });
});

test('a hidden page asks less and less often', async () => {
  const hidden = await open(browser, board, { serviceWorkers: 'block' });
  await hidden.clock.install();
  await hidden.goto('/');
  let asked = 0;
  hidden.on('request', (request) => { asked += request.url().endsWith('/revision.json'); });
  const during = async (minutes) => {
    asked = 0;
    for (let i = 0; i < minutes * 6; i++) {
      await hidden.clock.runFor(10_000);
      await hidden.waitForTimeout(15);
    }
    return asked;
  };
  const looked = await during(2);
  await hidden.evaluate(() => Object.defineProperty(document, 'hidden', { get: () => true, configurable: true }));
  await during(10);
  const later = await during(10);
  assert.ok(looked >= 8, `${looked} in two minutes that it is looked at`);
  assert.ok(later >= 1 && later <= 3, `${later} in ten minutes, when it has been hidden for ten`);
  await hidden.evaluate(() => {
    Object.defineProperty(document, 'hidden', { get: () => false, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await eventually(() => asked > later, 'the next question, as soon as it is seen again');
  await hidden.context().close();
});

test('keys: n, j, k, x, e, /, ?, and never while somebody types', async () => {
  await page.goto('/lists/order');
  await page.keyboard.press('n');
  assert.equal(await focused(), 'quick');
  await page.keyboard.type('njkx?');
  assert.equal(await page.inputValue('#quick'), 'njkx?');
  await page.fill('#quick', '');
  await page.locator('h1').click();
  const all = await titles();
  await page.keyboard.press('j');
  assert.equal(await focused(), all[0]);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  assert.equal(await focused(), all[2]);
  await page.keyboard.press('k');
  assert.equal(await focused(), all[1]);
  await page.keyboard.press('x');
  await notice(`Finished “${all[1]}”.`);
  await eventually(async () => (await titles()).length === all.length - 1, 'it to be gone');
  assert.equal(await focused(), all[2], 'the next one has the focus');
  await page.keyboard.press('e');
  await page.waitForURL(/\/todos\/\d+#edit$/);
  await eventually(async () => await focused() === 'title', 'the title to edit');
  await page.goto('/lists/order');
  await page.keyboard.press('/');
  await page.keyboard.type('FIRST');
  assert.deepEqual(await page.locator('.todos .title:visible').allInnerTexts(), ['First']);
  await page.locator('h1').click();
  await page.keyboard.press('?');
  assert.match(await page.innerText('dialog'), /add a todo.*finish or reopen it/s);
  await page.locator('dialog input').uncheck();
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('n');
  assert.notEqual(await focused(), 'quick', 'they can be switched off');
  await page.keyboard.press('?');
  await page.locator('dialog input').check();
  await page.click('dialog button');
});

test('times are shown in the zone of who reads', async () => {
  const { id } = await client.create({ title: 'Timed', due: '2026-12-01T18:00:00Z' });
  await page.goto(`/todos/${id}`);
  assert.equal(await page.innerText('.due'), '1 Dec 2026, 19:00');
  assert.doesNotMatch(await page.innerText('.times'), /UTC/);
});

test('names of lists are offered', async () => {
  await page.goto('/add');
  await page.focus('[name=list]');
  await page.locator('#lists option[value="Groceries"]').waitFor({ state: 'attached' });
});

test('what another app shares becomes a todo', async () => {
  const { share_target: target } = JSON.parse((await client.get('/manifest.webmanifest')).text);
  const { title, text, url } = target.params;
  await page.goto(`${target.action}?${new URLSearchParams({ [title]: 'A page to read', [text]: 'Somebody wrote:\nread this', [url]: 'https://example.org/x' })}`);
  assert.equal(await page.inputValue('[name=title]'), 'A page to read');
  assert.equal(await page.inputValue('[name=notes]'), 'Somebody wrote:\nread this\n\nhttps://example.org/x');
  await page.click('.todo-form button');
  await page.locator('h1', { hasText: 'A page to read' }).waitFor();
  await page.goto(`${target.action}?${new URLSearchParams({ [text]: 'https://example.org/only' })}`);
  assert.equal(await page.inputValue('[name=title]'), 'https://example.org/only');
});

test('nothing asked another host, and no script failed', () => assert.deepEqual(page.wrong, []));

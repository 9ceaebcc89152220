// A person with a browser, JavaScript off: a todo added, seen, finished,
// edited, deleted and restored.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { startBoard } from './harness.mjs';

let board, browser, page;
before(async () => {
  board = await startBoard();
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update',
           '--disable-sync', '--no-first-run'],
  });
  const context = await browser.newContext({ javaScriptEnabled: false });
  page = await context.newPage();
});
after(async () => {
  await browser?.close();
  await board?.stop();
});

test('the whole life of a todo without JavaScript', async () => {
  await page.goto(board.url);
  await page.fill('input[name=quick]', 'Water the plants #home !1 +Chores');
  await page.click('form:has(input[name=quick]) button');
  assert.equal(new URL(page.url()).pathname, '/');
  const row = page.locator('#todo-1');
  assert.match(await row.innerText(), /Water the plants/);

  await row.locator('form:has(input[name=done]) button').click();
  assert.match(await page.innerText('main'), /nothing|done|no /i);
  await page.goto(`${board.url}/done`);
  assert.match(await page.locator('#todo-1').innerText(), /Water the plants/);

  await page.locator('#todo-1 a:has-text("Water the plants")').click();
  assert.equal(new URL(page.url()).pathname, '/todos/1');
  await page.locator('details:has(input[name=title]) summary').first().click().catch(() => {});
  await page.fill('input[name=title]', 'Water all the plants');
  await page.fill('textarea[name=notes]', 'Not the *cactus*.');
  await page.locator('form:has(input[name=title]) button[type=submit], form:has(input[name=title]) button').first().click();
  assert.match(await page.innerText('h1'), /Water all the plants/);
  assert.equal(await page.locator('em').innerText(), 'cactus');

  const remove = page.locator('details:has(input[name=_method][value=DELETE])');
  await remove.locator('summary').click();
  await remove.locator('button:has-text("Delete")').click();
  await page.goto(`${board.url}/todos/1`);
  assert.doesNotMatch(await page.innerText('main'), /Water/);
  await page.locator('form[action$="/restore"] button').click();
  assert.match(await page.innerText('h1'), /Water all the plants/);
});

test('a refused form keeps what was typed', async () => {
  await page.goto(board.url);
  await page.locator('details:has(input[name=title]) summary').first().click();
  await page.fill('input[name=title]', 'Keeps its text');
  await page.fill('input[name=due]', '2026-02-30');
  await page.locator('form:has(input[name=title]) button').first().click();
  assert.equal(await page.inputValue('input[name=title]'), 'Keeps its text');
  assert.equal(await page.inputValue('input[name=due]'), '2026-02-30');
  await page.fill('input[name=due]', '2026-02-28');
  await page.locator('form:has(input[name=title]) button').first().click();
  assert.match(await page.innerText('body'), /Keeps its text/);
});

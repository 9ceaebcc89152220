// A person with a browser, JavaScript off: every act is a form, after which he is where he was, the todo is marked and what
// happened is said in words.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBoard } from '../system/harness.mjs';
import { launch, open } from './browser.mjs';

let board, browser, page;
before(async () => {
  board = await startBoard();
  browser = await launch();
  page = await open(browser, board, { javaScriptEnabled: false });
});
after(async () => {
  await browser?.close();
  await board?.stop();
});

const at = () => page.url().slice(board.url.length);
const row = (title, within = '') => page.locator(`${within} .todos li`, { hasText: title }).first();

// What is said, where it can be seen: in the row that is marked, or by itself.
async function assertSaid(words) {
  const said = page.locator('[role=status]:visible');
  assert.equal(await said.count(), 1);
  assert.match(await said.innerText(), words);
}
async function assertMarked(title, words) {
  const marked = page.locator(':target');
  assert.match(await marked.innerText(), new RegExp(title));
  assert.notEqual(await marked.evaluate((element) => getComputedStyle(element).backgroundColor), 'rgba(0, 0, 0, 0)');
  await assertSaid(words);
}

async function addQuick(line, path = '/') {
  await page.goto(path);
  await page.fill('#quick', line);
  await page.click('.quick button');
}

test('an empty board explains itself', async () => {
  await page.goto('/');
  assert.match(await page.innerText('main'), /Nothing here yet.*\+Groceries.*make one public/s);
  assert.equal(await page.locator('.welcome p').count(), 3);
});

test('a todo is added with one line, and what was understood is said', async () => {
  await addQuick('Water the plants #home !1 @1-dec +Chores');
  assert.equal(at(), '/#todo-1');
  await assertMarked('Water the plants', /Added, as it is understood here/);
  assert.match(await row('Water the plants').innerText(), /Tue 1 Dec|Wed 1 Dec|[A-Z][a-z]{2} 1 Dec 20\d\d\s+priority 1|1\s+Chores\s+#home/s);
  assert.match(await row('Water the plants').innerText(), /Chores\s+#home/);
});

test('finished and reopened on the board', async () => {
  await row('Water').locator('.tick').click();
  assert.equal(at(), '/#todo-1');
  await assertMarked('Water the plants', /Finished/);
  await row('Water').locator('.tick').click(); // which is the undo
  assert.equal(at(), '/#reopened');
  await assertSaid(/Reopened/);
  assert.equal(await row('Water', '.newest').count(), 1);
});

test('added to a list and with a tag where one is', async () => {
  await addQuick('Sweep the stairs', '/lists/chores');
  assert.equal(at(), '/lists/chores#todo-2');
  await assertMarked('Sweep the stairs', /Added/);
  await addQuick('Feed the cat +Animals', '/tags/home');
  assert.equal(at(), '/tags/home#todo-3');
  await assertMarked('Feed the cat', /Added/);
  assert.match(await row('Feed the cat').innerText(), /Animals\s+#home/);
});

for (const path of ['/open', '/open/1', '/lists/chores', '/tags/home', '/due'])
  test(`finished on ${path}, which it leaves, and reopened on /done`, async () => {
    await page.goto(path);
    await row('Water').locator('.tick').click();
    assert.equal(at(), `${path}#finished`);
    await assertSaid(/Finished.*Done/);
    assert.equal(await row('Water').count(), 0);
    await page.click('[role=status] a');
    await row('Water').locator('.tick').click();
    assert.equal(at(), '/done#reopened');
    await assertSaid(/Reopened.*Open/);
  });

test('moved up and down in its list', async () => {
  await addQuick('Wash the windows', '/lists/chores');
  const order = () => page.locator('.todos .title').allInnerTexts();
  assert.deepEqual(await order(), ['Wash the windows', 'Sweep the stairs', 'Water the plants']);
  await row('Water').locator('[name=above]').click();
  assert.equal(at(), '/lists/chores#todo-1');
  await assertMarked('Water', /Saved/);
  assert.deepEqual(await order(), ['Wash the windows', 'Water the plants', 'Sweep the stairs']);
  await row('Wash').locator('[name=below]').click();
  await row('Wash').locator('[name=below]').click();
  assert.deepEqual(await order(), ['Water the plants', 'Sweep the stairs', 'Wash the windows']);
  assert.equal(await row('Wash').locator('[name=below]').count(), 0, 'the last one cannot go down');
  await page.goto('/');
  assert.deepEqual(await page.locator('.column', { hasText: 'Chores' }).locator('.title').allInnerTexts(), await page.goto('/lists/chores').then(order));
});

test('edited: text, list, tags, priority, a due date in words', async () => {
  await page.goto('/todos/1');
  await page.click('details.edit summary');
  await page.fill('[name=title]', 'Water all the plants');
  await page.fill('[name=notes]', 'Not the *cactus*.');
  await page.fill('[name=list]', 'Animals');
  await page.fill('[name=tags]', 'green, "two words"');
  await page.selectOption('[name=priority]', '3');
  await page.fill('[name=due]', 'in 3 days');
  await page.click('details.edit form button');
  assert.equal(at(), '/todos/1#todo-1');
  await assertMarked('Water all the plants', /Saved/);
  assert.equal(await page.innerText('.notes em'), 'cactus');
  assert.match(await page.innerText('.facts'), /3\s+Animals\s+#green\s+#two words/);
  const due = await page.getAttribute('.due time', 'datetime');
  assert.equal(due, new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10));
  assert.match(await page.innerText('.history'), /edited by anyone.*title.*list.*tags.*priority/s);
});

test('a refused form comes back as it was, with the sentence beside its field', async () => {
  await page.goto('/add');
  await page.fill('[name=title]', 'Keeps its text');
  await page.fill('[name=notes]', 'a\n\nb');
  await page.fill('[name=due]', '2026-02-30');
  await page.click('.todo-form button');
  assert.equal(await page.inputValue('[name=title]'), 'Keeps its text');
  assert.equal(await page.inputValue('[name=notes]'), 'a\n\nb');
  assert.equal(await page.inputValue('[name=due]'), '2026-02-30');
  assert.match(await page.locator('label', { has: page.locator('[name=due]') }).innerText(), /must be a day of the calendar/);
  assert.equal(await page.getAttribute('[name=due]', 'aria-invalid'), 'true');
  await page.fill('[name=due]', '2027-02-28');
  await page.click('.todo-form button');
  assert.match(at(), /^\/todos\/\d+#todo-\d+$/);
  await assertMarked('Keeps its text', /Added/);

  await addQuick('#nothing !2');
  assert.equal(await page.inputValue('[name=quick]'), '#nothing !2');
  assert.match(await page.locator('label', { has: page.locator('[name=quick]') }).innerText(), /must say what is to be done/);
  await page.fill('[name=quick]', 'Something #nothing !2');
  await page.click('.todo-form button');
  await assertMarked('Something', /Added/);
});

test('two people edit: the second one sees both texts', async () => {
  const other = await open(browser, board, { javaScriptEnabled: false });
  for (const someone of [page, other]) {
    await someone.goto('/todos/2');
    await someone.click('details.edit summary');
  }
  await other.fill('[name=title]', 'Sweep the cellar stairs');
  await other.click('details.edit form button');
  await page.fill('[name=title]', 'Sweep all stairs');
  await page.click('details.edit form button');
  assert.match(await page.innerText('main'), /Changed by someone else meanwhile.*What you sent.*What is stored now.*Sweep the cellar stairs/s);
  assert.equal(await page.inputValue('[name=title]'), 'Sweep all stairs');
  await page.click('.todo-form button'); // having seen it
  await assertMarked('Sweep all stairs', /Saved/);
});

test('deleted, and taken back', async () => {
  await page.goto('/todos/3');
  await page.click('form.delete button');
  assert.equal(at(), '/todos/3');
  assert.doesNotMatch(await page.innerText('main'), /cat/);
  await assertSaid(/can be taken back/);
  await page.click('form button:has-text("Restore")');
  assert.match(at(), /^\/todos\/3#todo-3$/);
  await assertMarked('Feed the cat', /Saved/);
});

test('a list is made public and private, renamed, and deleted when it is empty', async () => {
  await addQuick('Alone +Empty');
  await page.goto('/lists/empty');
  await page.click('#readers summary');
  await page.click('#readers button');
  assert.equal(at(), '/lists/empty#public');
  await assertSaid(/public now/);
  await page.click('#readers button');
  assert.equal(at(), '/lists/empty#private');
  await assertSaid(/members only/);
  await page.click('summary:has-text("Rename")');
  await page.fill('[name=name]', 'Emptied');
  await page.click('button:has-text("Rename")');
  assert.equal(at(), '/lists/empty#renamed');
  await assertSaid(/new name/);
  assert.equal(await page.innerText('h1'), 'Emptied');
  await row('Alone').locator('a.title').click();
  await page.click('form.delete button');
  await page.goto('/lists/empty');
  await page.click('button.danger');
  assert.equal(at(), '/lists#deleted');
  await assertSaid(/deleted/);
  assert.equal(await page.locator('main', { hasText: 'Emptied' }).count(), 0);
});

test('nothing asked another host, and no page went wrong', () => assert.deepEqual(page.wrong, []));

// Every kind of page, of both trees, measured: by axe, by the Nu HTML checker, in narrow windows and with large text, by
// its links, by its bytes.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { parse } from 'parse5';
import { request, root } from '../system/harness.mjs';
import { newToken, startClosedBoard } from '../system/owner.mjs';
import { day, fill, importDocuments, launch, open } from './browser.mjs';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

// A closed board, so that there are both trees; a reading key lets a browser into the members'.
let board, browser, ids, headers, kinds;
before(async () => {
  board = await startClosedBoard({ WRIT_RATE: '0' });
  headers = { authorization: `Bearer ${await newToken(board, 'phone')}` };
  ids = await fill(board, { headers });
  const { id } = (await board.post('/api/todos', { title: 'To be deleted', due: day(2) }, headers)).json();
  await board.request('DELETE', `/api/todos/${id}`, undefined, headers);
  browser = await launch();
  const last = Math.floor((id - 1) / 100) + 1;
  const of = (paths, members) => paths.map((each) => [members ? 'members' : 'public', each]);
  const both = ['/', '/due', '/open', `/open/${last}`, '/done', '/lists', '/lists/travel', '/lists/travel/1', '/tags', '/tags/phone', `/todos/${ids.Plan}`, '/stats',
    '/sign-in', '/help', '/help/api', '/nothing-here'];
  kinds = [...of([...both, `/done/${last}`, `/todos/${ids.Write}`, '/add', `/todos/${id}`, '/tags/home/1', '/lists/groceries'], true), ...of(both, false)];
});
after(async () => {
  await browser?.close();
  await board?.stop();
});

const inTree = (tree) => (tree === 'members' ? headers : {});
const get = (tree, target) => request(board.port, 'GET', target, { headers: inTree(tree) });

// `blocked`: without our script, but with those of the tests.
async function page({ blocked, ...options }, tree) {
  const opened = await open(browser, board, { serviceWorkers: 'block', extraHTTPHeaders: inTree(tree), ...options });
  if (blocked) await opened.route('**/*.js', (route) => route.abort());
  return opened;
}

const ways = [['light, with JavaScript', {}], ['dark, without', { colorScheme: 'dark', blocked: true }], ['dark, with JavaScript', { colorScheme: 'dark' }],
  ['light, without', { blocked: true }]];
// All of these of each tree; or the first way of the one, and the second of the other.
const trees = ['members', 'public'];
for (const [i, [what, options]] of ways.slice(0, process.env.THOROUGH ? 4 : 2).entries())
  test(`axe finds nothing, WCAG 2.2 AA: ${what}`, { timeout: 120_000 }, async () => {
    for (const tree of process.env.THOROUGH ? trees : [trees[i]]) {
      const opened = await page(options, tree);
      for (const [of, target] of kinds) {
        if (of !== tree) continue;
        await opened.goto(target);
        const rules = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] };
        await opened.evaluate(axe); // as a debugger, whom the policy of scripts does not concern
        const found = await opened.evaluate(async (how) => (await globalThis.axe.run(document, how)).violations.map(({ id, nodes }) => [id, nodes.map((node) => `${node.html} ${node.failureSummary}`)]), rules);
        assert.deepEqual(found, [], `${tree} ${target}`);
      }
      assert.deepEqual(opened.wrong, []);
      await opened.context().close();
    }
  });

test('the Nu HTML checker finds no error in any kind of page, nor in the style sheet', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'writ-html-'));
  try {
    const files = [];
    for (const [tree, target] of [...kinds, ['api', '/api/todos']]) {
      const answer = tree === 'api' ? await board.post(target, new URLSearchParams({ title: 'x', due: 'never', priority: '9' }), headers) : await get(tree, target);
      files.push(path.join(folder, `${tree}${target.replaceAll('/', '_')}.html`));
      writeFileSync(files.at(-1), answer.text);
    }
    const check = (...more) => run('java', ['-jar', require.resolve('vnu-jar/build/dist/vnu.jar'), '--format', 'gnu', ...more], { maxBuffer: 1 << 26 })
      .then(() => '', ({ stderr, message }) => stderr || message);
    assert.equal(await check(...files), '');
    assert.equal(await check('--css', path.join(root, 'site/style.css')), '');
    // It does look.
    writeFileSync(files[0], '<!doctype html><title>x</title><p><div id=a><b id=a></p>');
    assert.match(await check(files[0]), /error: Duplicate ID/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('no link leads nowhere, in either tree', { timeout: 120_000 }, async () => {
  for (const tree of ['members', 'public']) {
    const seen = new Map([['/', 'the start']]), anchors = new Map();
    const wanted = [];
    for (const [target, from] of seen) {
      const answer = await get(tree, target);
      assert.ok(answer.status === 200, `${answer.status} ${target}, from ${from}`);
      if (!/html/.test(answer.headers['content-type'])) continue;
      const names = new Set();
      const walk = (node) => {
        const of = Object.fromEntries((node.attrs ?? []).map(({ name, value }) => [name, value]));
        if (of.id) names.add(of.id);
        const inNotes = (of.class ?? '').split(' ').includes('notes'); // what people type may lead anywhere
        for (const value of [of.href, of.src]) {
          if (!value || !value.startsWith('/') && !value.startsWith('#')) continue;
          const [where, anchor] = value.split('#');
          const full = where || target;
          if (anchor) wanted.push([full, anchor, target]);
          // Of a thousand todos' pages a few are enough.
          if (!seen.has(full) && !(/^\/todos\//.test(full) && seen.size > 400)) seen.set(full, target);
        }
        if (!inNotes) for (const child of node.childNodes ?? []) walk(child);
      };
      walk(parse(answer.text));
      anchors.set(target, names);
    }
    for (const [target, anchor, from] of wanted)
      if (anchors.has(target)) assert.ok(anchors.get(target).has(anchor), `${target}#${anchor}, from ${from}`);
    assert.ok(seen.size > (tree === 'members' ? 100 : 20), `${seen.size} pages`);
  }
});

test('at 320 pixels, and with text of twice the size, nothing scrolls sideways', async () => {
  for (const tree of process.env.THOROUGH ? trees : ['members']) {
    const narrow = await page({ viewport: { width: 320, height: 640 } }, tree);
    const large = await page({ viewport: { width: 1280, height: 900 } }, tree);
    for (const [of, target] of kinds) {
      if (of !== tree) continue;
      await narrow.goto(target);
      await narrow.locator('details').evaluateAll((all) => all.forEach((details) => { details.open = true; }));
      const over = await narrow.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${tree} ${target}: ${over} pixels too wide at 320`);
      if (!process.env.THOROUGH && !['/', '/lists/travel', `/todos/${ids.Write}`, '/stats'].includes(target)) continue;
      await large.goto(target);
      await large.evaluate(() => { document.documentElement.style.fontSize = '200%'; }).catch(() => {});
      const sideways = await large.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(sideways <= 0, `${tree} ${target}: ${sideways} pixels too wide with large text`);
    }
    await narrow.context().close();
    await large.context().close();
  }
});

test('what is there to be hit is 24 pixels high and wide, or stands in text', async () => {
  const phone = await page({ viewport: { width: 360, height: 740 } }, 'members');
  for (const target of ['/', '/lists/groceries', `/todos/${ids.Write}`, '/due', '/stats', '/lists', '/add']) {
    await phone.goto(target);
    const small = await phone.evaluate(() => [...document.querySelectorAll('button, summary, nav a, .title, .names a, .brand, input:not([type=hidden], [disabled])')]
      .map((element) => [element.outerHTML.slice(0, 120), element.getBoundingClientRect()])
      .filter(([, { width, height }]) => width && (width < 24 || height < 24)).map(([html, { width, height }]) => `${html} ${width} × ${height}`));
    assert.deepEqual(small, [], target);
  }
  await phone.context().close();
});

test('every act can be done with the keyboard alone, and the focus is seen', async () => {
  const typed = await page({ javaScriptEnabled: false }, 'members');
  const tabTo = async (selector) => {
    for (let i = 0; i < 200; i++) {
      await typed.keyboard.press('Tab');
      const [found, outlined] = await typed.evaluate((wanted) => {
        const { activeElement } = document, style = getComputedStyle(activeElement);
        return [activeElement.matches(wanted), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];
      }, selector);
      assert.ok(outlined || await typed.evaluate(() => document.activeElement === document.body), `the focus is not seen on the way to ${selector}`);
      if (found) return;
    }
    assert.fail(`no way to ${selector}`);
  };
  await typed.goto('/');
  await typed.keyboard.press('Tab');
  assert.ok(await typed.evaluate(() => document.activeElement.matches('.skip') && document.activeElement.getBoundingClientRect().width > 50), 'the way past the navigation');
  await tabTo('#quick');
  await typed.keyboard.type('By keyboard +Keys');
  await typed.keyboard.press('Enter');
  await typed.waitForURL(/#todo-\d+$/);
  const [, id] = /#todo-(\d+)$/.exec(typed.url());
  await typed.goto('/lists/keys');
  await tabTo(`.tick[formaction="/api/todos/${id}"]`);
  await typed.keyboard.press('Space');
  await typed.waitForURL(/#finished$/);
  await typed.goto(`/todos/${id}`);
  await tabTo('.tick');
  await typed.keyboard.press('Enter');
  await typed.waitForURL(/#todo-/);
  await tabTo('details.edit summary');
  await typed.keyboard.press('Enter');
  await tabTo('[name=due]');
  await typed.keyboard.type('tomorrow');
  await typed.keyboard.press('Enter');
  await typed.waitForURL(/#todo-/);
  assert.equal(await typed.getAttribute('.due time', 'datetime'), day(1));
  await tabTo('form.delete button');
  await typed.keyboard.press('Enter');
  await typed.locator('h1', { hasText: 'deleted' }).waitFor();
  await tabTo('form[action$=restore] button');
  await typed.keyboard.press('Enter');
  await typed.locator('h1', { hasText: 'By keyboard' }).waitFor();
  await typed.context().close();
});

test('on paper stands the list, with boxes to tick, and no controls', async () => {
  const paper = await page({}, 'members');
  await paper.goto('/lists/groceries');
  await paper.emulateMedia({ media: 'print' });
  for (const selector of ['header.site nav', '.quick', '.move', 'footer', '#readers']) assert.equal(await paper.locator(selector).first().isVisible(), false, selector);
  assert.equal(await paper.locator('.todos .tick').first().isVisible(), true);
  assert.ok((await paper.pdf()).length > 1000);
  await paper.context().close();
});

const inflate = { gzip: gunzipSync, br: brotliDecompressSync };

test('a first view of the board is one round trip: HTML, style and script in 14,600 bytes', async (t) => {
  await importDocuments(board, headers); // with real titles, and all lists that it may show
  for (const encoding of ['gzip', 'br']) {
    const sizes = [];
    const load = async (target) => {
      const response = await fetch(board.url + target, { headers: { ...headers, 'accept-encoding': encoding } });
      // fetch() has already unpacked it: counted once more, as it comes.
      const bytes = await new Promise((resolve, reject) => {
        const http = require('node:http');
        http.get(board.url + target, { headers: { ...headers, 'accept-encoding': encoding } }, (answer) => {
          const chunks = [];
          answer.on('data', (chunk) => chunks.push(chunk)).on('end', () => resolve([answer.headers['content-encoding'], Buffer.concat(chunks)])).on('error', reject);
        });
      });
      if (bytes[0] !== encoding && encoding === 'br') return undefined; // Nginx without the module
      assert.equal(bytes[0], encoding);
      const text = inflate[encoding](bytes[1]).toString();
      assert.equal(text, await response.text());
      sizes.push(bytes[1].length);
      return text;
    };
    const html = await load('/');
    if (html === undefined) continue;
    await load(/<link rel="stylesheet" href="([^"]+)"/.exec(html)[1]);
    await load(/<script src="([^"]+)"/.exec(html)[1]);
    await load('/worker.js');
    const [page, style, script, worker] = sizes;
    t.diagnostic(`${encoding}: HTML ${page}, style ${style}, script ${script}, worker ${worker}`);
    assert.ok(page + style + script <= 14_600, `${page} + ${style} + ${script}`);
    assert.ok(script <= 6 * 1024 && script + worker <= 7 * 1024, `${script} + ${worker}`);
  }
});

test('a plot has a title, a description, and the table of its numbers beside it', async () => {
  const stats = await page({}, 'members');
  await stats.goto('/stats');
  const plots = await stats.locator('svg.plot').evaluateAll((all) => all.map((svg) => ({
    role: svg.getAttribute('role'),
    named: svg.getAttribute('aria-labelledby').split(' ').map((id) => document.getElementById(id)?.textContent.trim().length > 10),
    names: [...svg.children].slice(0, 2).map((child) => child.localName),
    rows: (svg.closest('section').querySelector('table') ?? svg.closest('section').nextElementSibling.querySelector('table')).rows.length,
  })));
  assert.equal(plots.length, 4);
  for (const plot of plots) {
    assert.deepEqual([plot.role, plot.names, plot.named], ['img', ['title', 'desc'], [true, true]]);
    assert.ok(plot.rows > 1);
  }
  await stats.context().close();
});

test('nothing moves while a page is loaded, and its script late', async () => {
  const watched = await page({ viewport: { width: 360, height: 740 } }, 'members');
  await watched.route('**/*.js', async (route) => {
    await new Promise((go) => setTimeout(go, 300));
    await route.continue();
  });
  for (const target of ['/', `/todos/${ids.Write}`, '/lists/travel', '/stats']) {
    await watched.addInitScript(() => {
      window.shifted = 0;
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shifted += entry.value; }).observe({ type: 'layout-shift', buffered: true });
    });
    await watched.goto(target);
    await watched.waitForTimeout(500);
    const shifted = await watched.evaluate(() => window.shifted);
    assert.ok(shifted < 0.01, `${target}: ${shifted}`);
  }
  await watched.context().close();
});

// What people type never becomes markup of ours (promise 9): every payload in
// every field; then all that is published, read by real parsers, and looked at in a
// browser, in either tree.
import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'parse5';
import { chromium } from 'playwright-core';
import { Client } from './client.mjs';
import { bearer, newToken, startClosedBoard } from './owner.mjs';
import { markup, missing, payloads } from './payloads.mjs';

// With which headers one gets a tree.
const trees = { members: {}, public: {} };

class Reader extends Client {
  constructor(url, headers) {
    super(url);
    this.headers = headers;
  }

  send(method, path, options = {}) {
    return super.send(method, path, { ...options, headers: { ...this.headers, ...options.headers } });
  }
}

let board, client;
before(async () => {
  board = await startClosedBoard();
  Object.assign(trees.members, bearer(await newToken(board, 'typed')));
  client = new Reader(board.url, trees.members);
});
after(() => board?.stop());

async function each(items, work, width = 128) {
  const left = [...items.entries()];
  await Promise.all(Array.from({ length: width }, async () => {
    for (let next; (next = left.shift());) await work(next[1], next[0]);
  }));
}

const inChunks = (items, size) => Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(size * i, size * i + size));

// ---- A page, as a browser reads it

const anywhere = ['class', 'id', 'lang', 'dir', 'hidden', 'role', 'title', 'tabindex', 'translate'];
const elements = {
  html: '', head: '', title: '', meta: 'charset name content http-equiv property media', link: 'rel href type title sizes media as crossorigin',
  script: 'src type defer blocking', body: '', header: '', main: '', footer: '', nav: '', section: '', article: '', aside: '', search: '',
  h1: '', h2: '', h3: '', h4: '', h5: '', h6: '', p: '', div: '', span: '', a: 'href rel', ul: '', ol: 'start reversed', li: 'value', dl: '', dt: '', dd: '',
  strong: '', em: '', small: '', del: '', ins: '', mark: '', code: '', pre: '', kbd: '', bdi: '', abbr: '', br: '', hr: '', blockquote: '', time: 'datetime',
  table: '', caption: '', thead: '', tbody: '', tr: '', th: 'scope', td: '', figure: '', figcaption: '', progress: 'value max', output: '', template: '', noscript: '',
  details: 'open name', summary: '', form: 'action method enctype accept-charset', label: 'for', fieldset: 'disabled', legend: '',
  input: 'name value type required maxlength minlength placeholder autocomplete list checked disabled min max step pattern accept enterkeyhint spellcheck inputmode',
  textarea: 'name rows cols required maxlength placeholder autocomplete spellcheck', select: 'name required', option: 'value selected', datalist: '', button: 'type name value disabled form formaction', b: '',
  svg: 'viewBox width height xmlns focusable preserveAspectRatio', g: 'transform', path: 'd fill stroke stroke-width stroke-linecap stroke-linejoin', rect: 'x y width height rx fill stroke stroke-width', line: 'x1 y1 x2 y2', circle: 'cx cy r',
  polyline: 'points', polygon: 'points', text: 'x y dx dy text-anchor transform', tspan: 'x y dx dy', desc: '', use: 'href',
};
const addresses = new Set(['href', 'src', 'action', 'formaction', 'xlink:href', 'poster', 'data']);

const attribute = (node, name) => node.attrs?.find((each) => each.name === name)?.value;
const textOf = (node) => node.value ?? (node.content ?? node).childNodes?.map(textOf).join('') ?? '';

function* walk(node, inNotes = false) {
  yield [node, inNotes];
  const notes = inNotes || /(^| )notes( |$)/.test(attribute(node, 'class') ?? '');
  for (const child of (node.content ?? node).childNodes ?? []) yield* walk(child, notes);
}

function checkAttribute(node, { name, value }, inNotes, where) {
  const tag = node.tagName;
  if (name === 'autofocus' && attribute(node, 'name') === 'passphrase') return; // nothing that was typed has it
  assert.ok(anywhere.includes(name) || /^(aria|data)-[a-z-]+$/.test(name) || elements[tag].split(' ').includes(name), `<${tag} ${name}> ${where}`);
  if (!addresses.has(name)) return;
  const at = `${value} ${where}`;
  if (!inNotes || tag !== 'a') assert.equal(new URL(value, 'http://ours.example/a/b').origin, 'http://ours.example', at);
  else if (URL.canParse(value, 'http://ours.example/a/b'))
    assert.ok(['http:', 'https:', 'mailto:'].includes(new URL(value, 'http://ours.example/a/b').protocol), at);
  else assert.match(value, /^(https?:|\/\/)/i, at); // leads nowhere
}

// Mistakes of HTML that people may make: what is no character, and names of no character in Markdown.
const harmless = /^(noncharacter-in|unknown-named-character-reference|missing-semicolon-after-character-reference)/;

// The page's document, if nothing stands in it that no template of ours writes.
function checkPage(html, where, forgiven = harmless) {
  const errors = [];
  const document = parse(html, { onParseError: ({ code, startLine }) => errors.push(`${code} in line ${startLine}`) });
  assert.deepEqual(errors.filter((error) => !forgiven.test(error)), [], where);
  for (const [node, inNotes] of walk(document)) {
    if (!node.tagName) continue;
    assert.ok(node.tagName in elements, `<${node.tagName}> ${where}`);
    for (const each of node.attrs) checkAttribute(node, each, inNotes, where);
    if (node.tagName === 'script') assert.match(attribute(node, 'src'), /^\/assets\//, where);
    if (attribute(node, 'http-equiv')) assert.match(attribute(node, 'content'), /^1;url=\/(?!\/)/, where);
  }
  return document;
}

const find = (document, test) => [...walk(document)].map(([node]) => node).find((node) => node.tagName && test(node));
const field = (document, name, value) =>
  find(document, (node) => attribute(node, 'name') === name && (value === undefined || fieldValue(node) === value));
const fieldValue = (node) => (node.tagName === 'textarea' ? textOf(node) : attribute(node, 'value'));

const answered = new Set(); // many are the same

// An answer to anything at all: explained, and if it is a page, a clean one.
function checkAnswer(answer, where) {
  assert.ok(answer.status < 500, `${answer.status} ${where}\n${answer.text}`);
  const location = answer.headers.get?.('location') ?? answer.headers.location;
  if (location) assert.equal(new URL(location, board.url).origin, new URL(board.url).origin, `${location} ${where}`);
  assert.ok(!(answer.headers.get?.('set-cookie') ?? answer.headers['set-cookie']), where);
  const type = answer.headers.get?.('content-type') ?? answer.headers['content-type'] ?? '';
  // A redirection's few words are Nginx's own; a form comes back with the controls for which it was refused.
  if (type.startsWith('text/html') && !location && !answered.has(answer.text)) checkPage(answer.text, where, /^(noncharacter|control-character)-in/);
  answered.add(answer.text);
  if (/json/.test(type) && answer.text) JSON.parse(answer.text);
  return answer;
}

// ---- What is typed

const oneLine = (text, characters) => [...text.replace(/\p{Cc}/gu, ' ')].slice(0, characters).join('').trim();
const lines = (text) => text.replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\t\n]/gu, ' ');
const name = (text) => oneLine(text, 64).replace(/\s+/gu, ' ').normalize('NFC');
const show = (text) => JSON.stringify(text).slice(0, 300);
const page = { accept: 'text/html' };

const stored = new Map(); // id -> what was sent
const collection = 'Everything';

// Sent again without what was refused, unless that is all of it.
async function create(todo, send) {
  for (;;) {
    const answer = checkAnswer(await send(todo), `for ${show(todo)}`);
    if ([201, 202].includes(answer.status)) {
      stored.set(answer.data.id, todo);
      return;
    }
    assert.equal(answer.status, 422, `${answer.text} for ${show(todo)}`);
    const refused = answer.data.errors.map((error) => error.field.replace(/\[.*/, ''));
    assert.ok(refused.length > 0 && refused.every((field) => field in todo), answer.text);
    if (refused.includes('title')) return;
    todo = Object.fromEntries(Object.entries(todo).filter(([field]) => !refused.includes(field)));
  }
}

test('as JSON and as a form: stored as it is, or refused by name', { timeout: 60_000 }, async () => {
  await each(payloads, (text) => create(
    { title: oneLine(text, 200), notes: lines(text), list: collection, tags: [name(text)] },
    (todo) => client.post('/api/todos', todo),
  ));
  await each(payloads, (text, i) => create(
    { title: oneLine(text, 200), list: name(text), ...(i % 4 === 0 && { tags: [name(text)] }), done: true },
    ({ tags, ...todo }) => client.send('POST', '/api/todos', {
      form: { ...todo, ...(tags && { tags: tags.map((tag) => `"${tag.replace(/["\\]/g, '\\$&')}"`).join() }) },
      headers: { accept: 'application/json' },
    }),
  ));
  assert.ok(stored.size > payloads.length, `${stored.size} todos of ${payloads.length} payloads`);
});

// Sheets of many notes, for a browser to look at.
const sheets = [];
test('many notes on one page', async () => {
  const chunks = inChunks(markup, 10);
  await each(chunks, async (chunk) => {
    const todo = { title: oneLine(chunk[0], 200) || 'Sheet', notes: lines(chunk.join('\n\n')), list: 'Sheets' };
    const answer = await client.post('/api/todos', todo);
    if (answer.status === 422) return;
    sheets.push(answer.data.url);
    stored.set(answer.data.id, todo);
  });
  assert.ok(sheets.length > chunks.length / 2);
});

test('as a line of quick add, and as a document', { timeout: 60_000 }, async () => {
  await each(payloads, async (text) => checkAnswer(await client.post('/api/todos', { quick: oneLine(text, 1000) }), `quick ${show(text)}`));
  // Many in a document; alone, those of one that is refused.
  const document = (text) => `# ${oneLine(text, 300)}\n\n- [ ] ${oneLine(text, 300)}\n\n${lines(text).replace(/^/gm, '  ')}\n\n`;
  const bring = async (texts) => {
    const answer = checkAnswer(await client.import(texts.map(document).join('')), `import ${show(texts)}`);
    assert.ok([201, 202, 422].includes(answer.status), answer.text);
    if (answer.status === 422 && texts.length > 1) await each(texts, (text) => bring([text]), 4);
  };
  await each(inChunks(payloads, 16), bring);
});

test('in a form that is refused: it comes back as it was typed', async () => {
  const sent = payloads.filter((text) => !text.includes('\0'));
  await each(sent, async (text) => {
    const fields = { title: text, notes: `\n${text}`, list: text, tags: text, priority: text, due: `${text}?`, next: text, [oneLine(text, 40)]: text };
    const answer = checkAnswer(await client.send('POST', '/api/todos', { form: fields }), `form ${show(text)}`);
    assert.ok([400, 422].includes(answer.status), answer.text);
    const document = parse(answer.text), title = oneLine(text, 1000);
    if (answer.status === 422 && title === text && field(document, 'title')) assert.ok(field(document, 'title', text), show(text));
  });
});

test('in paths, queries and headers', { timeout: 60_000 }, async (t) => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  t.after(() => agent.destroy());
  const get = (path, method, headers) => new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: board.port, method, path, headers, agent }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk)).on('end', () =>
        resolve({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString() }));
    });
    request.on('error', reject).end(method === 'GET' ? undefined : '{"title":"In a header"}');
  });
  const { url } = (await client.post('/api/todos', { title: 'In a header' })).data;
  await each(payloads, async (text, i) => {
    const segment = encodeURIComponent(text), reader = i % 2 ? trees.members : trees.public;
    const paths = [`/${segment}`, `/lists/${segment}`, `/todos/${segment}`, `/search?q=${segment}`, `/?${segment}`];
    // As it is, where a client can send that at all.
    if (/^[!-~]+$/.test(text)) paths.push(`/${text}`, `/lists/${text}`);
    for (const path of paths) checkAnswer(await get(path, 'GET', { ...page, ...reader }), `GET ${path}`);
    checkAnswer(await get(`/api/lists/${segment}?${segment}`, 'DELETE', { ...page, ...trees.members }), `DELETE ${segment}`);
    if (/[^\t -~\x80-\xff]/.test(text)) return; // no header
    for (const names of [['idempotency-key', 'prefer', 'cookie', 'x-request-id', 'referer'], ['if-match', 'authorization'], ['content-type', 'accept'], ['origin']]) {
      const headers = { 'content-type': 'application/json', ...page, ...trees.members, ...Object.fromEntries(names.map((each) => [each, text])) };
      checkAnswer(await get(`/api${url}`, 'PATCH', headers), `${names}: ${text}`);
    }
  });
});

test('as the page that a form leads to', async () => {
  await each(payloads, async (text) => {
    const answer = checkAnswer(await client.send('POST', '/api/todos', { form: { title: 'Leads on', next: text } }), `next ${show(text)}`);
    assert.ok([202, 303, 422].includes(answer.status), `${answer.status} for ${show(text)}`);
  });
});

test('some lists are made public', async () => {
  await client.settled();
  const lists = (await board.sql('SELECT slug, name FROM list ORDER BY id')).filter(({ name }, i) => i % 8 === 0 || [collection, 'Sheets'].includes(name));
  for (const { slug } of lists) {
    const answer = await client.patch(`/api/lists/${encodeURIComponent(slug)}`, { public: true }, { prefer: 'respond-async' });
    assert.equal(answer.status, 202, answer.text);
  }
  await client.settled();
});

test('the payloads of markdown-it were among them', { skip: missing }, () => {});

// ---- What stands there then

const current = () => join(board.state, 'site/current');

function* filesOf(folder, path = '') {
  for (const entry of readdirSync(join(folder, path))) {
    const file = path ? `${path}/${entry}` : entry;
    const { mode } = lstatSync(join(folder, file));
    yield { file, link: (mode & 0o170000) === 0o120000 };
    if ((mode & 0o170000) === 0o040000) yield* filesOf(folder, file);
  }
}

for (const [tree, headers] of Object.entries(trees)) {
  const read = (file) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(join(current(), tree, file)));

  test(`${tree}: no name of a file comes from text unchecked`, async () => {
    const word = String.raw`[\p{L}\p{M}\p{N}]+(-[\p{L}\p{M}\p{N}]+)*(--\d+)?`;
    const allowed = new RegExp(String.raw`^(${word}|assets/[\w-]+(\.[0-9a-f]{8,64})?)(/${word})*(\.[a-z]{2,11})*$`, 'u');
    for (const { file, link } of filesOf(join(current(), tree)))
      assert.ok(allowed.test(file) && !link && file === file.normalize('NFC'), file);
    assert.deepEqual(readdirSync(current()).filter((entry) => !['members', 'public', 'revision.json'].includes(entry)), []);
  });

  test(`${tree}: every page is markup of ours, with the very text in it`, { timeout: 120_000 }, () => {
    let texts = 0;
    for (const { file } of filesOf(join(current(), tree))) {
      if (!file.endsWith('.html')) continue;
      const document = checkPage(read(file), file);
      const sent = stored.get(Number(/^todos\/(\d+)\.html$/.exec(file)?.[1]));
      if (!sent) continue;
      texts++;
      assert.equal(textOf(find(document, (node) => node.tagName === 'h1')), sent.title, file);
      if (tree === 'members' && sent.notes) assert.ok(field(document, 'notes', sent.notes), file);
    }
    assert.ok(texts > payloads.length / 2, `${texts} todos`);
    if (tree === 'members') assert.equal(texts, stored.size);
  });

  test(`${tree}: every twin is what its kind is, with the very text in it`, () => {
    for (const { file } of filesOf(join(current(), tree))) {
      if (file.endsWith('.json')) JSON.parse(read(file));
      else if (/\.(md|atom|ics|xml|txt)$/.test(file)) assert.doesNotMatch(read(file), /[^\P{Cc}\t\n\r]/u, file);
    }
    for (const [id, { title, notes, list, tags }] of stored) {
      if (!existsSync(join(current(), tree, `todos/${id}.json`))) continue; // as above, not public
      const twin = JSON.parse(read(`todos/${id}.json`));
      assert.deepEqual([twin.title, twin.notes], [title, notes ?? ''], `todo ${id}`);
      if (tags) assert.deepEqual(twin.tags.map((tag) => tag.toLowerCase().normalize()), tags.map((tag) => tag.toLowerCase().normalize()), `todo ${id}`);
      if (list) assert.equal(twin.list.toLowerCase().normalize(), list.toLowerCase().normalize(), `todo ${id}`);
    }
  });

  test(`${tree}: its Markdown, imported again, gives the same todos`, { timeout: 60_000 }, async () => {
    const essence = ({ title, notes, tags, priority, due, done }) =>
      ({ title: title.replace(/\s+/gu, ' '), notes: notes.replace(/^(\s*\n)+|\s+$/g, ''), tags, priority, due, done });
    const base = `/lists/${collection.toLowerCase()}`, reader = new Reader(board.url, headers);
    const todos = await reader.todosOf(base);
    const { newest_bucket: newest } = await reader.json(`${base}.json`);
    for (let bucket = 1; bucket <= newest; bucket++) {
      const twin = await reader.page(`${base}/${bucket}.md`);
      assert.match(twin, /^# Everything\n/);
      const answer = await client.import(twin.replace(collection, `Again ${tree}`));
      assert.ok([201, 202].includes(answer.status), answer.text);
    }
    await client.settled();
    assert.deepEqual((await client.todosOf(`/lists/again-${tree}`)).map(essence), todos.map(essence));
  });

  test(`${tree}: in a browser nothing happens`, { timeout: 120_000 }, async (t) => {
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
    });
    t.after(() => browser.close());
    const context = await browser.newContext({ extraHTTPHeaders: headers });
    const happened = [];
    context.on('page', (tab) => {
      tab.on('dialog', (dialog) => { happened.push(`dialog in ${tab.url()}`); dialog.dismiss(); });
      tab.on('pageerror', (error) => happened.push(`${error} in ${tab.url()}`));
      tab.on('console', (message) => {
        if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico')) happened.push(`${message.text()} in ${tab.url()}`);
      });
      tab.on('popup', () => happened.push(`a window of ${tab.url()}`));
    });
    context.on('request', (request) => {
      if (new URL(request.url()).origin !== board.url) happened.push(`a request for ${request.url()}`);
    });
    const head = await new Reader(board.url, headers).json(`/lists/${collection.toLowerCase()}.json`);
    const urls = ['/', '/open', '/done', '/lists', '/tags', '/sign-in', '/lists/everything', '/lists/sheets', ...sheets,
      ...Array.from({ length: head.newest_bucket }, (_, i) => `/lists/everything/${i + 1}`)];
    const disturbed = [];
    const tabs = await Promise.all(Array.from({ length: 4 }, () => context.newPage()));
    await Promise.all(tabs.map(async (tab) => {
      for (let url; (url = urls.shift());) {
        assert.equal((await tab.goto(board.url + url)).status(), 200, url);
        disturbed.push(...(await tab.evaluate(reaching)).map((text) => `${text} in ${url}`));
      }
    }));
    assert.deepEqual(happened, []);
    assert.deepEqual([...new Set(disturbed)].slice(0, 20), [], 'text that can turn round or draw over what stands beside it');

    // And the pages with which the API answers.
    if (tree !== 'members') return;
    const [tab] = tabs;
    for (const [title, list = '', tags = '', ...more] of inChunks(markup, 40)) {
      const fields = { title, notes: more.join('\n\n'), list, tags, due: `${title}?` };
      await tab.goto(`${board.url}/open`);
      await Promise.all([tab.waitForNavigation(), tab.evaluate((entries) => {
        const form = Object.assign(document.createElement('form'), { method: 'post', action: '/api/todos' });
        for (const [name, value] of entries) form.append(Object.assign(document.createElement('textarea'), { name, value }));
        document.body.append(form);
        form.submit();
      }, Object.entries(fields))]);
    }
    assert.deepEqual(happened.filter((what) => !/status of 422/.test(what)), []);
  });
}

// In the page: text from right to left, or with controls of direction, that stands with other text in one block and is not
// isolated from it. (Notes are all of one hand.)
function reaching() {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    if (!/[\p{Bidi_Control}\p{Script=Hebrew}\p{Script=Arabic}]/u.test(node.data) || node.parentElement.closest('.notes, pre, textarea, option')) continue;
    let box = node.parentElement, isolated = false;
    for (; getComputedStyle(box).display === 'inline'; box = box.parentElement)
      isolated ||= /isolate|plaintext/.test(getComputedStyle(box).unicodeBidi);
    if (!isolated && box.textContent.trim() !== node.data.trim()) found.push(`${node.parentElement.outerHTML.slice(0, 200)}`);
  }
  return found;
}

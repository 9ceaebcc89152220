// A browser for tests, and boards with something on them: as a person sees them.
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { Client } from '../system/client.mjs';
import { freePort, root } from '../system/harness.mjs';

export const launch = (more = []) => chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', ...more],
});

// A page that fails the test when its script does, or when it asks another host for anything.
export async function open(browser, board, options = {}) {
  const context = await browser.newContext({ baseURL: board.url, locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.wrong = [];
  page.on('pageerror', (error) => page.wrong.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|status of (401|404|409|410|412|422)/.test(message.text())) page.wrong.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(board.url) && !/^(data|blob|about):/.test(request.url())) page.wrong.push(`it asks for ${request.url()}`);
  });
  return page;
}

// A day so many days from now, in UTC, which is the zone of a test's board.
export const day = (ahead) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);

export const notes = `# Outline

- *why* reads are **files**
- [x] collect the figures
- [ ] draw the plot

#### Sources

See <https://example.org/> and \`make bench\`; ![a picture](https://example.org/p.png).

> 46 times a second; the same bytes as a file 53,000 times.

| what | how often |
| --- | ---: |
| query | 46 |
| file | 53,000 |

\`\`\`c
int main(void) { return 0; }
\`\`\`
`;

const few = [
  { title: 'Buy oat milk', list: 'Groceries', tags: ['home'], priority: 2, due: day(0) },
  { title: 'Call the landlord about the heating', list: 'Flat', tags: ['phone', 'home'], priority: 1, due: day(-2) },
  { title: 'Renew the passport', list: 'Papers', tags: ['city'], priority: 1, due: day(3) },
  { title: 'Book the train to Leipzig', list: 'Travel', tags: ['computer'], due: day(5) },
  { title: 'Write the talk: why reads are files', list: 'Work', tags: ['writing', 'computer'], priority: 2, due: day(12), notes },
  { title: 'Ask Ayşe for the recipe' },
  { title: 'שלום עולם: לקנות לחם', list: 'Groceries', priority: 3 },
  { title: '牛乳を買う', list: 'Groceries', tags: ['home'], due: day(1) },
  { title: 'Fix the bicycle light', list: 'Flat', tags: ['home'], priority: 3 },
  { title: 'Back up the photographs', tags: ['computer'], priority: 4, due: day(30) },
  { title: 'Return the books', tags: ['city'], due: `${day(-1)}T16:00:00Z` },
  { title: 'Plan the summer holiday with everybody who wants to come along, and find out who can take care of the cats, the plants and the letters meanwhile', list: 'Travel', tags: ['phone'], due: day(40) },
  { title: 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft besuchen', list: 'Travel' },
];

// The real ones of shared/data, a thousand todos, if they are there.
export async function importDocuments(board, headers = {}) {
  const client = new Client(board.url), data = join(root, '../shared/data');
  if (!existsSync(data)) return;
  for (const name of ['front-end-checklist.md', 'coding-interview-university.md', 'coding-interview-university.ja.md'])
    await client.import(readFileSync(join(data, name), 'utf8'), headers);
  await client.settled();
}

// Some todos of all kinds. Returns the ids by the first words of their titles.
export async function fill(board, { headers = {} } = {}) {
  const client = new Client(board.url);
  const ids = {};
  for (const todo of few) ids[todo.title.split(' ')[0]] = (await client.must('POST', '/api/todos', { json: todo, headers })).id;
  const change = (id, json) => client.must('PATCH', `/api/todos/${id}`, { json, headers });
  await change(ids.Fix, { done: true });
  await change(ids.Write, { title: 'Write the talk: why reads can be files', priority: 1 });

  await client.must('PATCH', '/api/lists/travel', { json: { public: true }, headers });
  await client.settled();
  return ids;
}

// The cable between a browser and a board: pull() it, and put it back with push().
export async function cable(board) {
  const sockets = new Set();
  const server = net.createServer((here) => {
    const there = net.connect(board.port, '127.0.0.1');
    for (const [one, other] of [[here, there], [there, here]]) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => { sockets.delete(one); other.destroy(); });
    }
  });
  const port = await freePort();
  const push = () => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const pull = () => new Promise((resolve) => {
    server.close(resolve);
    for (const socket of sockets) socket.destroy();
  });
  await push();
  return { url: `http://127.0.0.1:${port}`, push, pull };
}

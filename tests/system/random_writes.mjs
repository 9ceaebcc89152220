// Writes of every kind, over text that is awkward for whoever renders, compares or
// stores it, drawn from a seed. A write is a plain object that says what is sent:
//
//   { method, path, headers, json | form | body, todo, makes, refused }
//
// In `path` a # stands for the id `todo`. `makes` is how many todos come into being
// when it is taken; `refused` is set when it must not be.
const NOTES_BYTES = 16 * 1024;

// Numbers from a seed (mulberry32).
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  below(n) {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  }

  pick(items) {
    return items[this.below(items.length)];
  }

  chance(percent) {
    return this.below(100) < percent;
  }

  some(items, percent) {
    return items.filter(() => this.chance(percent));
  }
}

// ---- text

const scraps = [
  'plain', 'two words', '<b>"&\'', '</script><script>alert(1)</script>', '<!--', ']]>', '&amp;', '&#x202e;',
  '{{title}}', '{{{notes}}}', '{{#todos}}', '{{/todos}}', '{{=<% %>=}}', '{{! not a comment }}',
  '*md*', '**_', '[x](javascript:alert(1))', '![i](http://example.org/i.png)', '`code', '# heading', '- [ ] box', '1. one', '> quote', '---', '|a|b|',
  '\\', '\\#tag', '#tag', '#"two words"', '+List', '+"Shopping list"', '!2', '!9', '@2026-12-01', '@today', '@+3d', '+1', '#12',
  'עברית', 'العربية', '日本語', '한국어', 'ไทย', 'é', 'e\u0301', 'Z\u0351\u036b\u0343', '👩‍👩‍👧‍👦', '🇩🇪', 'ﬁ', 'ß', 'İ', 'ſ',
  '%2F', '../..', '?a=b#c', "'; DROP TABLE todo; --", '\\n', '\\u0000', '"', "'",
];

function title(random) {
  if (random.chance(8)) return random.pick(['a', '日', '\u{1f600}', '<']).repeat(200);
  return Array.from({ length: 1 + random.below(4) }, () => random.pick(scraps)).join(' ');
}

const documents = [
  '', 'some *notes*', 'a\r\nb\rc', '- a\n- b\n\n```\ncode', '<div onclick="x">', '[a](javascript:1) <script>', '| a | b |\n|---|---|\n| 1 | 2 |',
  '- [ ] not a todo\n- [x] nor this', '# heading\n\ttab\n\n\n\nend', '[a]: http://example.org\n[a] [a][a]', '{{#notes}}{{/notes}}', '~~~\n{{{x}}}\n~~~',
  '['.repeat(200), '*'.repeat(500), '> '.repeat(60), `<${'a'.repeat(300)}`, '\u{1f469}\u200d\u{1f469}', 'עברית *b* العربية', '    indented\n\n1) a\n2) b', '&lt;&#0;&#xD800;',
];

function notes(random) {
  if (random.chance(3)) return `${random.pick(documents)}\n${'x y '.repeat(NOTES_BYTES)}`.slice(0, NOTES_BYTES - 800);
  if (random.chance(2)) return 'n'.repeat(NOTES_BYTES);
  return random.some(documents, 10).join('\n\n');
}

// A dozen of them want the same slug; some are the same name typed otherwise.
const names = [
  'C', 'C+', 'C++', 'C#', 'C!', 'C?', 'C*', 'C=', 'C~', 'C^', 'C%', 'C&', 'C 2', 'c-2', 'One', 'ONE', 'Two', 'Ça va', 'ÇA VA', 'C\u0327a va',
  'Straße', 'STRASSE', '日本', 'עברית', '☂', '…', 'a/b', '..', '<i>', '{{list}}', '"quoted"', "it's", 'x'.repeat(64), '日'.repeat(64), 'İstanbul',
];
// Slugs that some of them have, and some that none has.
const slugs = ['inbox', 'c', 'c-2', 'c-3', 'c-9', 'one', 'two', 'ça-va', 'straße', 'strasse', '日本', 'list', 'list-2', 'a-b', 'i', 'none', 'x'.repeat(64)];
const dues = [null, '2020-01-01', '2026-12-01', '2024-02-29', '9999-12-31', '2026-12-01T10:00:00+01:00', '2026-06-30t23:59:59z'];
const soon = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const rare = ['0001-01-01T00:00:00+14:00', '9999-12-31T23:59:59-12:00', '2026-12-01T10:00:00.123Z', '1900-02-29'];

const quickWord = (name) => (/^[\p{L}\p{M}\p{N}]+$/u.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`);

function fields(random) {
  const all = {
    title: title(random), notes: notes(random), list: random.pick(['Inbox', ...names]), tags: random.some(names, 6).slice(0, 16),
    priority: random.pick([null, 1, 2, 3, 4]), due: random.chance(20) ? soon(random.below(12) - 2) : random.pick(dues), done: random.chance(30),
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => name === 'title' || random.chance(60)));
}

function edits(random) {
  const all = { ...fields(random), due: random.pick([...dues, ...rare]) };
  return Object.fromEntries(Object.entries(all).filter(() => random.chance(35)));
}

// ---- writes

function create(random) {
  const json = random.chance(75) ? fields(random)
    : { quick: `do ${random.pick(scraps)} #${quickWord(random.pick(names))} ${random.pick(['!2 ', '', '@2026-12-01 '])}+${quickWord(random.pick(names))}` };
  return { method: 'POST', path: '/api/todos', json, makes: 1 };
}

function importDocument(random) {
  const lines = [];
  let makes = 0;
  for (let lists = 1 + random.below(3); lists; lists--) {
    lines.push(`# ${random.pick(['Imported', 'One', 'Two', 'C', '日本', 'A *b* c'])}`, '');
    for (let boxes = 1 + random.below(12); boxes; boxes--, makes++) {
      lines.push(`- [${random.pick([' ', 'x', 'X'])}] ${random.pick(['one', 'a **b** c', '日本語', 'with `code`', `long ${'word '.repeat(60)}`])} #${random.pick(['a', 'b'])}`);
      if (random.chance(20)) lines.push('', '  some notes', '  - a list');
    }
    lines.push('');
  }
  return { method: 'POST', path: '/api/import', body: lines.join('\n'), headers: { 'content-type': 'text/markdown' }, makes };
}

const onTodo = (method, path, more) => (random, todo) => ({ method, path: `/api/todos/#${path}`, todo, ...(more?.(random) ?? {}) });
const onList = (method, more) => (random) => ({ method, path: `/api/lists/${encodeURIComponent(random.pick(slugs))}`, ...(more?.(random) ?? {}) });

function form(random, todo) {
  const value = random.pick([{ title: title(random) }, { tags: 'one, "C++" ☂' }, { due: '' }, { list: 'Two' }, { done: random.pick(['true', 'false']) }]);
  return { method: 'POST', path: '/api/todos/#', todo, form: { _method: 'PATCH', ...value }, headers: { accept: 'application/json' } };
}

const bad = [
  () => ({ method: 'POST', path: '/api/todos', json: {} }),
  () => ({ method: 'POST', path: '/api/todos', json: { title: 'a'.repeat(201) } }),
  () => ({ method: 'POST', path: '/api/todos', json: { title: 'x', colour: 'red' } }),
  () => ({ method: 'POST', path: '/api/todos', json: { title: 'x\u0000y' } }),
  () => ({ method: 'POST', path: '/api/todos', json: { title: 'x', priority: 5 } }),
  () => ({ method: 'POST', path: '/api/todos', json: { title: 'x', due: '2026-02-30' } }),
  () => ({ method: 'POST', path: '/api/todos', json: { title: 'x', notes: 'n'.repeat(NOTES_BYTES + 1) } }),
  () => ({ method: 'POST', path: '/api/todos', json: { title: 'x', tags: Array.from({ length: 17 }, (_, i) => `t${i}`) } }),
  () => ({ method: 'POST', path: '/api/todos', body: '{"title":', headers: { 'content-type': 'application/json' } }),
  () => ({ method: 'POST', path: '/api/import', body: '# nothing to do\n', headers: { 'content-type': 'text/markdown' } }),
  (random, todo) => ({ method: 'PATCH', path: '/api/todos/#', todo, json: { title: null } }),
  (random, todo) => ({ method: 'PATCH', path: '/api/todos/#', todo, json: { list: ' \t' } }),
  (random, todo) => ({ method: 'PATCH', path: '/api/todos/#', todo, json: { title: 'never stored' }, headers: { 'if-match': '"999999"' } }),
  (random, todo) => ({ method: 'PATCH', path: '/api/todos/#999', todo, json: { title: 'x' } }),
];

// How often each comes, in a hundred or so.
const kinds = [
  [22, create],
  [3, importDocument],
  [22, onTodo('PATCH', '', (random) => ({ json: edits(random) }))],
  [5, onTodo('PATCH', '', (random) => ({ json: { list: random.pick(names) } }))],
  [5, onTodo('PATCH', '', (random) => ({ json: { tags: random.some(names, 6).slice(0, 16) } }))],
  [10, onTodo('PATCH', '', (random) => ({ json: { done: random.chance(60) } }))],
  [10, (random, todo) => ({ method: 'PATCH', path: '/api/todos/#', todo, json: { [random.pick(['above', 'below'])]: 1 + random.below(todo + 5) } })],
  [4, form],
  [8, onTodo('DELETE', '')],
  [7, onTodo('POST', '/restore')],
  [2, onTodo('DELETE', '?purge=1')],
  [4, onList('PATCH', (random) => ({ json: { name: random.pick(names) } }))],
  [6, onList('PATCH', (random) => ({ json: { public: random.chance(60) } }))],
  [1, onList('PATCH', (random) => ({ json: { name: random.pick(names), public: random.chance(50) } }))],
  [5, onList('DELETE')],
  [5, (random, todo) => ({ ...random.pick(bad)(random, todo), refused: true })],
];
const total = kinds.reduce((sum, [weight]) => sum + weight, 0);

// The next write, when todos from 1 to `last` have been made. `serial` is a number of its own, for its key; `before` are
// earlier writes with keys, one of which may be repeated.
export function nextWrite(random, last, serial, before) {
  if (before.length && random.chance(3)) return { ...random.pick(before), makes: 0 };
  let at = random.below(total);
  const [, kind] = kinds.find(([weight]) => (at -= weight) < 0);
  const write = kind(random, 1 + random.below(last + 1));
  const headers = { ...write.headers };
  if (random.chance(10)) headers['idempotency-key'] ??= `write-${serial}`;
  if (random.chance(10)) headers.prefer = 'respond-async';
  if (write.todo && !write.refused && random.chance(15)) headers['if-match'] = `"${1 + random.below(5)}"`;
  return { ...write, headers };
}

// The same as a line of shell, for a board at $BOARD.
export function curl({ method, path, todo, json, form, body, headers = {} }) {
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const words = ['curl -si', `-X ${method}`];
  const all = { ...(json ? { 'content-type': 'application/json' } : {}), ...headers };
  for (const [name, value] of Object.entries(all)) words.push(`-H ${quote(`${name}: ${value}`)}`);
  if (json) words.push(`--data-binary ${quote(JSON.stringify(json))}`);
  if (form) words.push(`-d ${quote(String(new URLSearchParams(form)))}`);
  if (body !== undefined) words.push(`--data-binary ${quote(body)}`);
  return [...words, `"$BOARD"${quote(path.replace('#', todo))}`].join(' ');
}

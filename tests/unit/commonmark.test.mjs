/*
 * gen/markdown.c against other people's examples: the CommonMark
 * specification's, and markdown-it's attacks. Both are judged by a real HTML
 * parser, as a browser would read them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseFragment } from 'parse5';

const { tests: examples } = createRequire(import.meta.url)('commonmark-spec');
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const cli = process.env.MARKDOWN_CLI ?? here('../../build/tests/markdown_cli');

/* What we do otherwise than the specification, by the number of the example.
 * One that is listed and agrees fails too, so that the table stays true. */
const differs = {
  'raw HTML is shown as text': [
    21, 31, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 161, 162, 163, 164,
    165, 166, 167, 168, 169, 170, 171, 172, 173, 174, 175, 176, 177, 178, 179, 180, 181, 182,
    183, 184, 185, 186, 187, 188, 189, 190, 191, 201, 308, 309, 344, 475, 476, 477, 491, 494,
    524, 536, 613, 614, 615, 616, 617, 623, 625, 626, 627, 628, 629, 630, 631, 642, 643,
  ],
  'an image is a link': [
    517, 520, 531, 572, 573, 574, 575, 576, 577, 578, 579, 580, 581, 582, 583, 584, 585, 586,
    587, 588, 589, 591,
  ],
  'only http, https, mailto and relative addresses are links': [500, 596, 598, 599, 601],
  'md4c 0.4.8 follows version 0.30, in which currency signs are no punctuation': [354],
};

function render(notes) {
  const frames = notes.flatMap((text) => [`${Buffer.byteLength(text)}\n`, text]);
  const { status, stdout, stderr, error } = spawnSync(cli, { input: frames.join(''), maxBuffer: 1 << 28 });
  assert.ifError(error);
  assert.equal(status, 0, String(stderr));
  const html = [];
  for (let at = 0; at < stdout.length; ) {
    const line = stdout.indexOf('\n', at);
    const end = line + 1 + Number(stdout.subarray(at, line));
    html.push(stdout.toString('utf8', line + 1, end));
    at = end;
  }
  assert.equal(html.length, notes.length);
  return html;
}

function* elements(node) {
  for (const child of node.childNodes ?? []) {
    if (child.tagName) yield child;
    yield* elements(child);
  }
}

const attributes = (element) => Object.fromEntries(element.attrs.map(({ name, value }) => [name, value]));

/* The same string for what a browser shows and links alike: white space next
 * to blocks does not count, nor whether an address is encoded by us or by it. */
const inline = new Set(['a', 'code', 'del', 'em', 'img', 'input', 'strong', '#text']);
function canonical(node, verbatim = false) {
  let html = '';
  for (const child of node.childNodes) {
    if (child.nodeName === '#text') {
      html += JSON.stringify(verbatim ? child.value : child.value.replace(/\s+/g, ' ')).slice(1, -1);
    } else if (child.nodeName === '#comment') {
      html += `<!--${child.data}-->`;
    } else {
      const { rel, ...attrs } = attributes(child);
      if (attrs.href) attrs.href = encodeURI(attrs.href).replaceAll('%25', '%');
      const tag = `<${child.tagName} ${JSON.stringify(attrs)}>`;
      const content = canonical(child, verbatim || child.tagName === 'pre');
      html += inline.has(child.tagName) ? `${tag}${content}</>` : `\n${tag}\n${content}\n</>\n`;
    }
  }
  return verbatim ? html : html.replace(/ ?\n[ \n]*/g, '\n').replace(/^ | $/g, '');
}

const classes = /^(language-\S*|plain|task|left|center|right)$/;
const allowed = {
  a: { href: /^/, title: /^/, rel: /^nofollow noreferrer$/ },
  blockquote: {}, br: {}, code: { class: classes }, del: {}, em: {},
  h1: {}, h2: {}, h3: {}, h4: {}, h5: {}, h6: {}, hr: {},
  input: { type: /^checkbox$/, disabled: /^$/, checked: /^$/, 'aria-label': /^(open|done)$/ },
  li: { class: classes }, ol: { start: /^\d+$/ }, p: {}, pre: { class: classes }, strong: {},
  table: {}, tbody: {}, td: { class: classes }, th: { class: classes }, thead: {}, tr: {}, ul: {},
};

function assertHarmless(html, source) {
  for (const element of elements(parseFragment(html))) {
    const known = allowed[element.tagName];
    assert.ok(known, `<${element.tagName}> from ${source}\n${html}`);
    for (const { name, value } of element.attrs)
      assert.ok(known[name]?.test(value), `${name}="${value}" from ${source}\n${html}`);
    const { href, rel } = attributes(element);
    if (href === undefined) continue;
    const url = new URL(href, 'https://board.invalid/todos/1');
    assert.ok(['http:', 'https:', 'mailto:'].includes(url.protocol), `${url} from ${source}\n${html}`);
    const leaves = url.protocol !== 'mailto:' && url.host !== 'board.invalid';
    assert.ok(rel !== undefined || !leaves, `rel of ${url} from ${source}\n${html}`);
  }
}

test('the examples of the CommonMark specification', () => {
  const html = render(examples.map(({ markdown }) => markdown.replaceAll('→', '\t')));
  const expected = new Set(Object.values(differs).flat());
  const wrong = examples.flatMap(({ number, markdown, html: wanted }, i) => {
    assertHarmless(html[i], markdown);
    const agrees = canonical(parseFragment(html[i])) === canonical(parseFragment(wanted.replaceAll('→', '\t')));
    if (agrees !== expected.has(number)) return [];
    return agrees ? [`${number} agrees, but is listed`] : [`${number}: ${markdown}wanted ${wanted}got ${html[i]}`];
  });
  assert.ok(examples.length >= 650);
  assert.deepEqual(wrong, []);
});

const fixtures = here('../../../shared/data/markdown-xss.txt');
test("markdown-it's attacks", { skip: !existsSync(fixtures) && 'shared/data/markdown-xss.txt is not beside the checkout' }, () => {
  /* A fixture is a line '.', the Markdown, '.', markdown-it's HTML, '.'. */
  const parts = readFileSync(fixtures, 'utf8').split(/^\.\n/m);
  const sources = parts.filter((_, i) => i % 3 === 1);
  assert.ok(sources.length >= 12);
  render(sources).forEach((html, i) => assertHarmless(html, sources[i]));
});

test('attacks on addresses and attributes', () => {
  const colons = [':', '&colon;', '&#58;', '&#x3a;', '&#0000058;', '\\:'];
  const breaks = ['', '&Tab;', '&NewLine;', '&#9;', '&#10;', '&#13;', '&#0;', '&#1;', '&#32;', '&nbsp;', '&fjlig;'];
  const addresses = ['javascript', 'JaVaScRiPt', 'vbscript', 'data', 'file', 'blob', 'view-source'].flatMap((scheme) =>
    colons.flatMap((colon) =>
      breaks.flatMap((gap) => [
        `${gap}${scheme}${colon}alert(1)`,
        `${scheme.slice(0, 3)}${gap}${scheme.slice(3)}${colon}alert(1)`,
        `${scheme}${gap}${colon}alert(1)`,
      ]),
    ),
  );
  const sources = addresses.flatMap((address) => [
    `[x](${address})`,
    `[x](<${address}>)`,
    `![x](${address})`,
    `<${address}>`,
    `[x]\n\n[x]: ${address} "t"`,
  ]);
  sources.push(
    '[x](/ "&quot; onclick=alert(1) &quot;")',
    "[x](/ '\" onclick=\"alert(1)')",
    '[x](/"onclick="alert(1))',
    '[x](/&quot;onclick=&quot;alert(1))',
    '```"onclick="alert(1)\n```',
    '```a&Tab;plain&#34;&NewLine;b\n```',
    '![" onerror="alert(1)](/ "t")',
    '![<img src=x onerror=alert(1)>](/)',
    '<script>alert(1)</script>',
    '<svg/onload=alert(1)>',
    '|a|\n|:-:|\n|<img src=x onerror=alert(1)>|',
    '[x](//elsewhere.invalid/)',
    '[x](/\\elsewhere.invalid/)',
    '[x](\\\\\\\\elsewhere.invalid/)',
    '[x](/&Tab;/elsewhere.invalid/)',
    '[x](&sol;&bsol;elsewhere.invalid/)',
    '[x](http:elsewhere)',
    '[x](https:/elsewhere.invalid)',
    '[x](mailto:a@example.org)',
    '<a@example.org>',
  );
  render(sources).forEach((html, i) => assertHarmless(html, sources[i]));
});

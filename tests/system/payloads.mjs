// What people type who want to know what happens: ours, by what they try; the
// Big List of Naughty Strings; and markdown-it's addresses, where ../shared has them.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const naughty = createRequire(import.meta.url)('big-list-of-naughty-strings');

const script = 'alert(document.domain)';

// Out of text, attributes and elements whose content is no markup.
const html = [
  `<script>${script}</script>`, `<ScRiPt\n>${script}</sCrIpT>`, `<script src=//elsewhere.example/x.js></script>`,
  `</script><script>${script}</script>`, `</title><script>${script}</script>`,
  `</textarea><script>${script}</script>`, `</style><img src=x onerror=${script}>`,
  `</noscript><img src=x onerror=${script}>`, `</pre></code><b>`, `</select></option><img src=x onerror=${script}>`,
  `</template></svg></math><svg onload=${script}>`, `<svg><script>${script}</script></svg>`,
  `<svg><animate onbegin=${script} attributeName=x></svg>`,
  `<math><mtext></form><form><mglyph><style></math><img src onerror=${script}>`,
  `<iframe srcdoc="<script>${script}</script>">`, `<object data="javascript:${script}">`,
  `<embed src=//elsewhere.example>`, `<base href=//elsewhere.example/>`,
  `<meta http-equiv=refresh content="0;url=//elsewhere.example/">`,
  `<link rel=stylesheet href=//elsewhere.example/x.css>`,
  `<form action=//elsewhere.example><button>go</button></form>`, `<input autofocus onfocus=${script}>`,
  `<details open ontoggle=${script}>`, `<video><source onerror=${script}></video>`, `<body onload=${script}>`,
  `<a href="javascript:${script}">a</a>`, `<style>@import '//elsewhere.example/x.css';</style>`,
  `<!--><img src=x onerror=${script}>-->`, `<!-- --!><img src=x onerror=${script}>`,
  `<![CDATA[><img src=x onerror=${script}>]]>`, `<?php ?><img src=x onerror=${script}>`, `<%= x %>`, `<plaintext>`,
  `<xmp>`, `<listing>`, '<', '<!', '</', '&', '&#', '&lt;script&gt;', '&#60;script&#62;alert(1)&#60;/script&#62;',
  '<b title="', "<b title='", '<<b>>', '<b/onclick=x>', '<b onclick\u00a0=x>', `"><script>${script}</script>`,
  `'><script>${script}</script>`, `" onmouseover="${script}`, `' onmouseover='${script}`,
  `" autofocus onfocus="${script}" x="`, '` onmouseover=x `', '"><b', "'><b", '\\"><b>', '" style="position:fixed',
  '"/><base href="', '\u{feff}<script>', '\u2028<b>\u2029', '<\u0301b>', '\uff1cscript\uff1e', '<b\uffff>',
];

// Addresses that must not become links, as people disguise them.
const addresses = [
  `javascript:${script}`, `JaVaScRiPt:${script}`, ` javascript:${script}`, `javascript :${script}`,
  `java\tscript:${script}`, `java&Tab;script:${script}`, `java&#9;script:x`, `java&#x0A;script:x`,
  'java&NewLine;script:x', 'javascript&colon;x', 'javascript&#58;x', 'javascript&#x3a;x', '&#106;avascript:x',
  '&#x6A&#x61vascript:x', '&#0000106;avascript:x', '%6aavascript:x', 'javascript%3ax', '\\javascript:x',
  'java\\script:x', 'javascript\\:x', '\u0001javascript:x', '&#1;javascript:x', '&#0;javascript:x',
  'java\u00adscript:x', 'java\u200bscript:x', 'ja\u0301vascript:x', '\uff4aavascript:x', 'javascript\uff1ax',
  'vbscript:x', 'livescript:x', 'data:text/html,<script>x</script>', 'data:text/html;base64,PHNjcmlwdD54PC9zY3JpcHQ+',
  'data:image/svg+xml,<svg/onload=x>', 'DATA:,x', 'file:///etc/passwd', 'blob:x', 'about:blank', 'view-source:x',
  'jar:x!/', 'feed:javascript:x', 'x:y', 'a+b:c', ':x', '//elsewhere.example/', '/\\elsewhere.example/',
  '\\\\elsewhere.example', '/%5celsewhere.example', '///elsewhere.example', 'http:elsewhere.example',
  'https:\\\\elsewhere.example', 'http://a"onclick="x', "http://a'onclick='x", 'http://a`b', 'http://a{{b}}',
  'http://a/%0d%0aSet-Cookie:x', 'mailto:a@b?body=<b>', 'http://\u202eelsewhere', 'http://[::1', 'http://a\u0000b',
  '#"><b>', '?"><b>',
];
const links = addresses.flatMap((address, i) =>
  [`[a](${address})`, `[a](<${address}>)`, `<${address}>`, `![a](${address})`, `[a]\n\n[a]: ${address}`, `[a](/b "${address}")`]
    .filter((_, form) => form === i % 6 || form === 0));

// Out of what the twins are: JSON, Markdown; and what templates and the database would take.
const languages = [
  '","admin":true,"x":"', '\\', '\\"', '\\u0022', '"}]}', '\u2028', '\u2029', '{"a":', '\ud83d\ude00',
  "'; DROP TABLE todo; --", "\\'; --", '{{title}}', '{{{title}}}', '{{& title}}', '{{#todos}}{{title}}{{/todos}}',
  '{{/members}}', '{{> head}}', '{{=<% %>=}}', '{{! x', '}}', '${7*7}', '<%= 7*7 %>', '#{7*7}', '%s%n%x', '%00',
  '$(id)', '`id`', '| id', '; id', '\\x00', '- [ ] another', '- [x] another\n- [ ] and another', '# heading',
  '## +list', '# a\n- [ ] b #c', '[ ] box', '[x](y) box', '\\[ ] box', '1. [ ] one', '> - [ ] quoted', '---', '***',
  '===', '```', '~~~\n- [ ] in code', '```js\n</code></pre><script>x</script>', '    indented', '\ttab', 'a  \nb',
  'a\\\nb', '| a | b |\n|---|---|\n| <b> | `|` |', '[a]: javascript:x "t"', '[a]: /x\n\n[a]', '*', '**', '***bold*',
  '_a_', '__a__', '~~a~~', '~[](~)', '[](~)~', '- ~[](~)\n  - x', '[<a@b>](c)', '[](', '![', '[[[[', ']]]]',
  '[a](b(c(d)', '`` ` ``', '&copy;', '&amp;amp;', '\\&amp;', '#tag', '\\#tag', '#"a tag', '+list', '+"a \\" list"',
  '!1', '!9', '@today', '@+3d', '@2026-02-30', '\\@today', '\\\\@today', '#', '+', '!', '@', '#"\\"', '#\u202ea',
];

// Out of folders and headers.
const paths = [
  '../../../../etc/passwd', '..', '.', '...', './.', '..\\..\\x', '/etc/passwd', 'C:\\x', '\\\\host\\x', 'a/../../b',
  '%2e%2e%2f', '..%2f..%2f', '%252e%252e%252f', '.git', '.htaccess', 'index', 'index.html', '404', 'todos', 'members',
  'public', 'current', 'assets', 'con', 'nul', 'a.html', 'a.json', 'a/b', 'a\u2215b', '\uff0e\uff0e\uff0f',
  'a\u0000.html', ' ', '-', '--', '-rf', '~', '~root', '*', '?', 'a?b', 'a#b', 'a:b', 'a;b', 'a&b=c', 'a b', 'a+b',
  'a%b', 'a\\b', '|', '$PATH', '1', '1/2', '0',
];
const headers = [
  'a\r\nSet-Cookie: x=1', 'a\nLocation: //elsewhere.example', 'a\rb', '/\r\nX: y', '/%0d%0aX:%20y', '/a%0ab',
  '//elsewhere.example', '/\\elsewhere.example', '/\t/elsewhere.example', 'javascript:x', '/"><script>x</script>',
  "/'onclick='x", '/?a=<b>', '/#"><b>', '/{{title}}', '/\u00e4\u202e', '/a b', 'https://elsewhere.example/',
  '/.//elsewhere.example', '/%2f/elsewhere.example', '/@elsewhere.example',
];

// Characters that draw over, turn round or hide what stands beside them.
const scripts = [
  '\u202eabc', 'a\u202eb\u202cc', '\u202a\u202b\u202d\u202e', '\u2066\u2067\u2068', '\u2069\u2069',
  '\u200f\u200e\u061c', '\u202e\u2066\u202e', '\u05d0\u05d1 12 (a)',
  '\u0627\u0644\u0639\u0631\u0628\u064a\u0629 123!', '(\u05d0', '\u05d0)', `a${'\u0301'.repeat(150)}`,
  `Z${'\u0310\u0316\u0489'.repeat(60)}`, '\u0301', '\u0489', '\u200d\u200d', 'a\u200db',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}', '\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}', '\ufeff', '\u2060', '\u00ad',
  '\u3164', '\u115f', '\u034f', '\u180e', '\u0130\u0131\u00df\u1e9e\ufb01', '\u03a3\u03c3\u03c2', '\u01c5',
  '\uac00\u1100\u1161', '\u0344\u0958', '\u212b\u00c5A\u030a', '\u{10ffff}', '\ufffe', '\uffff', '\ue000',
  '\u{e0001}', '\u{1d173}', '\u0000', '\u0007', '\u001b[31m', '\u007f', '\u0085', '\u009b', '\u00a0', '\u3000',
  'x'.repeat(200), '\u{1f600}'.repeat(200), '\ufdfa'.repeat(200), 'W'.repeat(64), '\u00df'.repeat(64),
  '\u0390'.repeat(64),
];

const file = new URL('../../../shared/data/markdown-xss.txt', import.meta.url);

// False, or why markdown-it's are not among them.
export const missing = existsSync(file) ? false : 'the folder ../shared/data with markdown-xss.txt is missing';

const markdownIt = missing ? [] : readFileSync(file, 'utf8').split(/^\.$/m).map((part) => part.trim()).filter(Boolean);

// What tries to come out of a page: the ones to look at in a browser.
export const markup = [...html, ...links, ...headers, ...markdownIt, ...languages, ...scripts];
// Of the Big List a third, another one each day; THOROUGH=1: all of it.
const turn = Number(process.env.TURN ?? Math.floor(Date.now() / 86_400_000)) % 3;
const some = naughty.filter((_, i) => process.env.THOROUGH || i % 3 === turn);
export const payloads = [...new Set([...markup, ...paths, ...some])]
  .filter((text) => Buffer.from(text).toString() === text);

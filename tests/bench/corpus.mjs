// The todos that everything is measured with: the same from run to run, with
// some 900 bytes of Markdown notes each; a seventh is finished. In so few lists and
// tags that at 1,000 todos the pages of each are full, and a larger board differs in
// nothing but its size. As Markdown documents for Writ, as pages for Hugo.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const words = ('ask before call check clean count draft early fetch found garden hold ink join keep late letter ' +
  'mend north open paint plan quiet read river send small table under visit water write year').split(' ');

// A few words that depend on n alone.
function some(n, count) {
  let state = (n * 2654435761) >>> 0;
  return Array.from({ length: count }, () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return words[(state >>> 16) % words.length];
  }).join(' ');
}

const notes = (n) => `${some(n, 30)}, with *${some(n + 1, 3)}* and **${some(n + 2, 2)}**.

## ${some(n + 3, 3)}

- ${some(n + 4, 8)}
- [${some(n + 5, 2)}](https://example.org/${n}) and \`${some(n + 6, 2)}\`
- ${some(n + 7, 8)}

> ${some(n + 8, 20)}

    ${some(n + 9, 6)}

${some(n + 10, 30)}.`;

export function todo(n) {
  return {
    title: `Todo ${n} ${some(n, 4)}`,
    notes: notes(n),
    list: `List ${n % 5}`,
    tag: `tag${Math.floor(n / 5) % 5}`,
    done: n % 7 === 0,
  };
}

// Todos first to last, as documents that an import takes.
export function* documents(first, last, bytes = 1 << 20) {
  let text = '';
  for (let n = first; n <= last; n++) {
    const { title, notes: body, list, tag, done } = todo(n);
    const item = `# ${list}\n\n- [${done ? 'x' : ' '}] ${title} #${tag}\n\n${body.replace(/^(?=.)/gm, '  ')}\n\n`;
    if (text && text.length + item.length > bytes) {
      yield text;
      text = '';
    }
    text += item;
  }
  if (text)
    yield text;
}

// The same todos as the pages of a Hugo site.
export async function writePages(folder, count) {
  await mkdir(folder, { recursive: true });
  for (let n = 1; n <= count; n++) {
    const { title, notes: body, list, tag, done } = todo(n);
    const front = JSON.stringify({ title, list, tag, done, weight: n }, null, 1);
    await writeFile(path.join(folder, `${n}.md`), `${front}\n\n${body}\n`);
  }
}

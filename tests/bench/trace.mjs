// Where the time of a write goes, from POST to published: asked of the board
// itself (Prefer: timing), with one writer and with 64 at once. The rest, Nginx
// and both ways through the kernel, is what the client waited beyond that.
import http from 'node:http';
import { median } from './measure.mjs';

// In order. What the generator says of itself is a part of `publish`: the rest of that is the way to it and back, and
// waiting for the cycle before.
export const STAGES = ['nginx', 'parse', 'queue', 'read', 'store', 'commit', 'wait', 'gen-read', 'gen-render', 'gen-files'];

function post(agent, port, n) {
  const body = JSON.stringify({ title: `Call the bakery about order ${n}`, list: 'List 1', tags: ['tag1'] });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), prefer: 'timing' };
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint();
    const request = http.request({ host: '127.0.0.1', port, path: '/api/todos', method: 'POST', agent, headers }, (answer) => {
      answer.on('error', reject).on('end', () => {
        if (answer.statusCode !== 201) return reject(new Error(`a write was answered ${answer.statusCode}`));
        resolve({ all: Number(process.hrtime.bigint() - start) / 1e6, timing: answer.headers['server-timing'] });
      }).resume();
    });
    request.on('error', reject);
    request.end(body);
  });
}

function stages({ all, timing }) {
  const said = Object.fromEntries(timing.split(', ').map((stage) => stage.split(';dur=')).map(([name, ms]) => [name, Number(ms)]));
  const gen = ['gen-read', 'gen-render', 'gen-files'].reduce((sum, name) => sum + (said[name] ?? 0), 0);
  const api = ['parse', 'queue', 'read', 'store', 'commit', 'publish'].reduce((sum, name) => sum + (said[name] ?? 0), 0);
  return { ...said, nginx: Math.max(all - api, 0), wait: Math.max((said.publish ?? 0) - gen, 0) };
}

// The median of each stage over `count` writes by `writers` at once, in milliseconds.
export async function trace({ port }, writers, count) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: writers });
  const samples = [];
  let sent = 0;
  await Promise.all(Array.from({ length: writers }, async () => {
    while (sent < count)
      samples.push(stages(await post(agent, port, sent++)));
  }));
  agent.destroy();
  const measured = samples.slice(Math.floor(count / 10)); // the first ones open connections
  return { writers, stages: STAGES.map((name) => ({ name, ms: median(measured.map((sample) => sample[name] ?? 0)) })) };
}

// A bar for each trace, its stages one behind the other.
export function drawTraces(traces) {
  const LEFT = 110, WIDTH = 760, ROW = 70, TOP = 60;
  const colours = ['#8a8f98', '#5b8def', '#3f6fd1', '#2f9e77', '#217a5b', '#14543e', '#d9a441', '#c9703f', '#a94a3f', '#7c2f3f'];
  const height = TOP + traces.length * ROW + 40;
  const parts = traces.flatMap(({ writers, stages }, row) => {
    const all = stages.reduce((sum, stage) => sum + stage.ms, 0);
    const y = TOP + row * ROW;
    let x = LEFT;
    const bars = stages.map(({ name, ms }, i) => {
      const width = (WIDTH * ms) / all;
      const bar = `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="26" fill="${colours[i]}"><title>${name}: ${ms.toFixed(2)} ms</title></rect>`
        + (width > 96 ? `<text x="${(x + 4).toFixed(1)}" y="${y + 44}">${name} ${ms.toFixed(2)}</text>` : '');
      x += width;
      return bar;
    });
    return [`<text x="16" y="${y + 18}">${writers} writer${writers > 1 ? 's' : ''}</text>`, ...bars,
            `<text x="${LEFT + WIDTH + 8}" y="${y + 18}">${all.toFixed(2)} ms</text>`];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="980" height="${height}" viewBox="0 0 980 ${height}" role="img" aria-labelledby="title desc">
<title id="title">Where the time of a write goes, from POST to published</title>
<desc id="desc">${traces.map(({ writers, stages }) => `With ${writers}: ${stages.map(({ name, ms }) => `${name} ${ms.toFixed(2)} ms`).join(', ')}.`).join(' ')}</desc>
<style>text { font: 13px system-ui, sans-serif; fill: #222 } .big { font-size: 17px; font-weight: 600 }</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="16" y="28" class="big">Where the time of a write goes, from POST to published (medians, ms)</text>
${parts.join('\n')}
</svg>
`;
}

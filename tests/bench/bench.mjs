// `make bench`: measures rows of the goals, side by side with their peers in one
// run on one machine, prints a table, and writes build/bench/bench.json and
// bench.svg, and trace.svg: where the time of a write goes. Absolute figures don't carry from one machine to another: what counts is the
// ratio.
//
// ROWS=1,3 picks rows (1 to 8, i for instruction counts, t for the trace); DURATION is the seconds of a turn of load, TURNS how
// often each thing is measured, LARGE the todos on the largest board. All files are below TMPDIR, some 11 GB and
// 2,000,000 files at the end; its file system is a good part of what is measured.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { build } from './measure.mjs';
import { plot } from './plot.mjs';
import { Machine, rows } from './rows.mjs';
import { drawTraces } from './trace.mjs';

const asked = process.env.ROWS ? process.env.ROWS.split(',') : Object.keys(rows);
for (const row of asked)
  if (!Object.hasOwn(rows, row)) {
    console.error(`bench: there is no row ${row}; ROWS may have ${Object.keys(rows).join(',')}.`);
    process.exit(2);
  }
// In their own order, whatever was asked for first: the last ones add to the boards.
const chosen = Object.keys(rows).filter((row) => asked.includes(row));

const short = (n) => (n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2));

// Adds to a figure what follows from its ratio and goal: `share`, the part of the goal that was reached (1: all of it).
function judge({ row, figure, ours, peer = '–', ratio, least, most, next, absent, note, trace }) {
  const judged = { row, figure, ours, peer, ratio, goal: '–', reached: '–', note, trace };
  if (absent)
    return { ...judged, reached: 'not compared', note: absent };
  if (least === undefined && most === undefined)
    return judged;
  const reached = least !== undefined ? ratio >= least : ratio <= most;
  return {
    ...judged,
    goal: (least !== undefined ? `>= ${short(least)}` : `<= ${short(most)}`) + (next ? `, then ${next}` : ''),
    reached: reached ? (next && ratio < next ? 'yes, not the next' : 'yes') : 'NO',
    share: least !== undefined ? ratio / least : most === 0 ? Number(reached) || 1 / 100 : most / ratio,
  };
}

function print(figures) {
  const columns = ['row', 'figure', 'ours', 'peer', 'ratio', 'goal', 'reached'];
  const cells = figures.map((f) => columns.map((name) => (name === 'ratio' && f.ratio !== undefined ? short(f.ratio) : `${f[name] ?? '–'}`)));
  const widths = columns.map((name, i) => Math.max(...[columns, ...cells].map((line) => line[i].length)));
  const isNumber = (i) => i >= 2 && i <= 4;
  const line = (texts) => texts.map((text, i) => (isNumber(i) ? text.padStart(widths[i]) : text.padEnd(widths[i]))).join('  ').trimEnd();
  console.log(line(columns));
  figures.forEach((f, i) => console.log(line(cells[i]) + (f.note ? `\n     (${f.note})` : '')));
}

const machine = new Machine();
const figures = [];
try {
  for (const row of chosen) {
    process.stderr.write(`row ${row} …\n`);
    try {
      figures.push(...(await rows[row](machine)).map((figure) => judge({ row, ...figure })));
    } catch (error) {
      // The other rows are not lost with it.
      console.error(error);
      figures.push({ row, figure: 'could not be measured', reached: 'FAILED', note: error.message.split('\n')[0] });
      process.exitCode = 1;
    }
  }
} finally {
  await machine.stop();
}

const where = `${build}/bench`;
const about = { at: new Date().toISOString(), cpu: `${cpus().length} × ${cpus()[0].model}`, kernel: release() };
mkdirSync(where, { recursive: true });
writeFileSync(`${where}/bench.json`, `${JSON.stringify({ ...about, figures }, null, 2)}\n`);
writeFileSync(`${where}/bench.svg`, plot(figures, `${about.cpu}, Linux ${about.kernel}, ${about.at.slice(0, 10)}`));
const traces = figures.flatMap((f) => f.trace ?? []);
if (traces.length)
  writeFileSync(`${where}/trace.svg`, drawTraces(traces));
print(figures);

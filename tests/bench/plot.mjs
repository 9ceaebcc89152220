// The figures as a plot, in plain SVG: for each, how much of its goal was reached, on
// a logarithmic scale. The line at 1 is the goal; bars to the right of it have reached it.

const ROW = 22, LEFT = 460, WIDTH = 460, RIGHT = 150, TOP = 70, BOTTOM = 50;
const DECADES = [-1, 2]; // a tenth of the goal to a hundred times it

const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

function x(share) {
  const [low, high] = DECADES;
  const decade = Math.min(Math.max(Math.log10(share), low), high);
  return LEFT + (WIDTH * (decade - low)) / (high - low);
}

const text = (x, y, what, more = '') => `<text x="${x.toFixed(1)}" y="${y}"${more}>${escape(what)}</text>`;

export function plot(figures, machine) {
  const shown = figures.filter((f) => f.share !== undefined);
  const bottom = TOP + shown.length * ROW;
  const width = LEFT + WIDTH + RIGHT, height = bottom + BOTTOM;
  const lines = [];
  for (let decade = DECADES[0]; decade <= DECADES[1]; decade++) {
    const at = x(10 ** decade).toFixed(1);
    lines.push(`<line x1="${at}" y1="${TOP}" x2="${at}" y2="${bottom}" class="${decade === 0 ? 'goal' : 'grid'}"/>`);
    lines.push(text(x(10 ** decade), bottom + 18, decade === 0 ? 'goal' : `${10 ** decade} ×`, ' text-anchor="middle"'));
  }
  shown.forEach((f, i) => {
    const y = TOP + i * ROW, from = Math.min(x(1), x(f.share)), to = Math.max(x(1), x(f.share));
    const reached = f.share >= 1;
    lines.push(text(LEFT - 10, y + 15, `${f.row}  ${f.figure}`, ' text-anchor="end"'));
    lines.push(`<rect x="${from.toFixed(1)}" y="${y + 4}" width="${Math.max(to - from, 2).toFixed(1)}" height="${ROW - 8}" ` +
      `class="${reached ? 'reached' : 'missed'}"/>`);
    lines.push(text(to + 6, y + 15, `${Number(f.ratio.toPrecision(2))} (${f.goal})`));
  });
  const reached = shown.filter((f) => f.share >= 1).length;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">
<title id="title">Writ's bench: ${reached} of ${shown.length} goals reached</title>
<desc id="desc">A bar for each figure: how much of its goal it reaches, on a logarithmic scale. Bars to the right of the line have reached it. Behind each stand the ratio and its goal.</desc>
<style>text { font: 13px system-ui, sans-serif; fill: #222 } .big { font-size: 17px; font-weight: 600 } .grid { stroke: #ddd } .goal { stroke: #222; stroke-width: 1.5 } .reached { fill: #2a7f62 } .missed { fill: #b3412e }</style>
<rect width="100%" height="100%" fill="#fff"/>
${text(16, 28, `Writ's bench: ${reached} of ${shown.length} goals reached`, ' class="big"')}
${text(16, 50, machine)}
${lines.join('\n')}
</svg>
`;
}

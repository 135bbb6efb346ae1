// @ts-check
// trace-export.mjs - a trace as files: the record, the table, the text with
// its hesitations, the picture.
import { saveFile } from './transfer.mjs';
import { BITS, ID, P, RANK, SPAN, SPAN_NAMES, STEP, TEXT, US, blocksOf, figuresOf, summaryOf, timeAndBits } from './trace-rows.mjs';

/** @typedef {import('./trace-rows.mjs').Whole} Whole */

const WIDTH = 960;

/** @param {any} v */
const cell = v => /[",\r\n]/.test(String(v)) ? `"${String(v).replace(/"/g, '""')}"` : String(v);

/** @param {Whole} w */
export function csvOf(w) {
  const rows = w.tokens.map((t, i) => [i, t[TEXT], SPAN_NAMES[t[SPAN]], t[STEP] + 1 || '', t[BITS], t[P], t[RANK] || '',
    t[US] / 1000, t[ID]].map(cell).join(','));
  return ['token,text,span,step,bits,p,rank,ms,id', ...rows, ''].join('\n');
}

/** @param {Whole} w */
export function captionOf(w) {
  const date = w.unix_ms ? new Date(w.unix_ms).toISOString().slice(0, 16).replace('T', ' ') : '';
  return [w.model, w.backend, `seed ${w.seed}`, date].filter(Boolean).join(' · ');
}

/** The reading view; hesitations stand in ⟨…⟩. @param {Whole} w */
export function markdownOf(w) {
  const opens = new Set(w.hesitations.map(x => x[0])), closes = new Set(w.hesitations.map(x => x[1]));
  const parts = ['# Trace', `${summaryOf(w)}  \n${captionOf(w)}`];
  for (const b of blocksOf(w)) {
    const f = figuresOf(w, b), first = b.name[0].toUpperCase() + b.name.slice(1);
    const text = b.rows.map(i => (opens.has(i) ? '⟨' : '') + w.tokens[i][TEXT] + (closes.has(i) ? '⟩' : '')).join('').trim();
    parts.push(`**${first}**${f.back ? ' ↩' : ''} · ${f.n} token${f.n === 1 ? '' : 's'} · ${timeAndBits(f.us, f.bits)}`);
    parts.push((b.gone ? `~~${text.replace(/~/g, '\\~')}~~` : text).replace(/^/gm, '> '));
  }
  return parts.join('\n\n') + '\n';
}

/** @param {import('./trace-view.mjs').TraceView} view @param {number} layer @param {number} hidden */
export function svgOf(view, layer, hidden) {
  view.list({ width: WIDTH, zoom: 0, scroll: 0, layer, selected: -1, hidden });
  return view.svg();
}

/** The same picture in points, twice as fine. @param {string} svg @returns {Promise<Blob>} */
export async function pngOf(svg) {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' })), image = new Image();
  try {
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = 2 * image.naturalWidth;
    canvas.height = 2 * image.naturalHeight;
    const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    g.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((ok, no) => canvas.toBlob(b => b ? ok(b) : no(new Error('the browser made no picture')), 'image/png'));
  } finally { URL.revokeObjectURL(url); }
}

/** Names and deeds of the trace's menu. @param {{whole: Whole, text: string,
 * view: import('./trace-view.mjs').TraceView, layer: number, hidden: number, after: () => void, failed: (text: string) => void}} o */
export function exports(o) {
  const { whole, view } = o;
  const picture = () => { const svg = svgOf(view, o.layer, o.hidden); o.after(); return svg; };
  const text = (/** @type {string} */ name, /** @type {string} */ body, /** @type {string} */ type) => saveFile(name, new Blob([body], { type }));
  return [
    { name: 'Save as JSON', act: () => text('trace.json', o.text, 'application/json') },
    { name: 'Save the text as Markdown', act: () => text('trace.md', markdownOf(whole), 'text/markdown') },
    { name: 'Save the table as CSV', act: () => text('trace.csv', csvOf(whole), 'text/csv') },
    { name: 'Save the timeline as SVG', act: () => text('trace.svg', picture(), 'image/svg+xml') },
    { name: 'Save the timeline as PNG', act: () => pngOf(picture()).then(b => saveFile('trace.png', b),
      e => o.failed(e instanceof Error ? e.message : String(e))) },
  ];
}

// @ts-check
// trace-compare.mjs - two traces beside each other (UX 7.7): their common
// beginning on one line, the token at which they part with what else it could
// have been, the rest step by step; their lanes in one scale.
import { button, h } from './dom.mjs';
import { count, counted } from './form.mjs';
import { colours, paint } from './trace-paint.mjs';
import { ID, TEXT, answerOf, blocksOf, figuresOf, keptOf, percent, shown, timeAndBits } from './trace-rows.mjs';
import { TraceView } from './trace-view.mjs';

/** @typedef {import('./trace-rows.mjs').Whole} Whole */
/** @typedef {{name: string, view: TraceView, whole: Whole}} Side */

/* Of the lanes only spans, steps, entropy and hesitations. */
const HIDDEN = 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10;
const CANDIDATES = 4;

/** Kept tokens that both begin with. @param {Whole} a @param {Whole} b */
export function commonOf(a, b) {
  const x = keptOf(a), y = keptOf(b);
  let n = 0;
  while (n < x.length && n < y.length && a.tokens[x[n]][ID] === b.tokens[y[n]][ID]) n++;
  return { n, a: x[n] ?? -1, b: y[n] ?? -1, nA: x.length, nB: y.length };
}

/** "A 412 tokens, B 286 tokens, same first 118, answers equal" @param {Whole} a @param {Whole} b */
export function compareLine(a, b) {
  const c = commonOf(a, b);
  return `A ${counted(c.nA, 'token')}, B ${counted(c.nB, 'token')}, same first ${count(c.n)}, answers ${
    answerOf(a) === answerOf(b) ? 'equal' : 'differ'}`;
}

export class Compare {
  constructor() {
    this.node = h('div.compare');
    this.node.tabIndex = 0;
    this.node.setAttribute('role', 'group');
    this.node.setAttribute('aria-label', 'Two traces compared');
    this.node.hidden = true;
    /** @type {HTMLCanvasElement[]} */
    this.canvases = [];
    new ResizeObserver(() => this.draw()).observe(this.node);
  }

  /** @param {Side} a @param {Side} b @param {() => void} close */
  set(a, b, close) {
    const c = commonOf(a.whole, b.whole), first = h('details', h('summary', `The first ${counted(c.n, 'token')} ${c.n === 1 ? 'is' : 'are'} the same`));
    this.sides = [a, b];
    first.append(h('p.words', keptOf(a.whole).slice(0, c.n).map(i => a.whole.tokens[i][TEXT]).join('')));
    this.canvases = this.sides.map(s => {
      const canvas = /** @type {HTMLCanvasElement} */ (h('canvas'));
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', `Timeline of ${s.name}. The steps below tell the same.`);
      return canvas;
    });
    this.node.replaceChildren(h('p.line', compareLine(a.whole, b.whole), ' ', button('flat', close, 'Back to one trace')),
      ...this.sides.flatMap((s, i) => [h('p.hint', `${'AB'[i]}: ${s.name}`), this.canvases[i]]),
      c.n ? first : '', ...this.parting(a, b, c), this.columns(a, b, c));
    this.draw();
  }

  /** @param {Side} a @param {Side} b @param {ReturnType<typeof commonOf>} c */
  parting(a, b, c) {
    if (c.a < 0 && c.b < 0) return [h('p.part', 'No token differs.')];
    const word = (/** @type {Side} */ s, /** @type {number} */ i) => {
      if (i < 0) return 'its end';
      const t = s.whole.tokens[i], own = s.view.token(i).candidates.find((/** @type {any} */ x) => x.id === t[ID]);
      return `“${shown(t[TEXT])}”${own ? ` ${percent(own.p)}` : ''}`;
    };
    const list = (/** @type {Side} */ s, /** @type {number} */ i) => h('ol', ...i < 0 ? []
      : s.view.token(i).candidates.slice(0, CANDIDATES).map((/** @type {any} */ k) =>
        h(k.id === s.whole.tokens[i][ID] ? 'li.own' : 'li', `“${shown(k.text)}” ${percent(k.p)}`)));
    return [h('p.part', `part at token ${count(c.n)}: ${word(a, c.a)} / ${word(b, c.b)}`),
      h('div.pair', list(a, c.a), list(b, c.b))];
  }

  /** From the parting on. @param {Side} a @param {Side} b @param {ReturnType<typeof commonOf>} c */
  columns(a, b, c) {
    const rest = (/** @type {Side} */ s, /** @type {number} */ from) => from < 0 ? []
      : blocksOf(s.whole).filter(k => !k.gone && k.rows[k.rows.length - 1] >= from)
        .map(k => ({ ...k, rows: k.rows.filter(i => i >= from) }));
    const cell = (/** @type {Side} */ s, /** @type {import('./trace-rows.mjs').Block|undefined} */ k) => {
      if (!k) return h('section');
      const f = figuresOf(s.whole, k), text = h('p.words', k.rows.map(i => s.whole.tokens[i][TEXT]).join('').trim());
      text.dir = 'auto';
      return h('section', h('p.hint', h('b', k.name), ` · ${counted(f.n, 'token')} · ${timeAndBits(f.us, f.bits)}`), text);
    };
    const x = rest(a, c.a), y = rest(b, c.b), n = Math.max(x.length, y.length);
    return h('div.pair', ...Array.from({ length: n }, (_, i) => [cell(a, x[i]), cell(b, y[i])]).flat());
  }

  /** Both in the scale of the longer one. */
  draw() {
    const width = Math.floor(this.canvases[0]?.clientWidth ?? 0);
    if (this.node.hidden || !this.sides || width < 50) return;
    const look = { width, zoom: 0, scroll: 0, layer: -1, selected: -1, hidden: HIDDEN };
    const zoom = Math.min(...this.sides.map(s => s.view.list(look).zoom)), scale = devicePixelRatio || 1, ink = colours();
    this.canvases.forEach((canvas, i) => {
      const list = /** @type {Side[]} */ (this.sides)[i].view.list({ ...look, zoom });
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(list.height * scale);
      canvas.style.height = `${list.height}px`;
      const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
      g.setTransform(scale, 0, 0, scale, 0, 0);
      g.clearRect(0, 0, width, list.height);
      paint(g, list, ink, `12px ${getComputedStyle(this.node).fontFamily}`);
    });
  }
}

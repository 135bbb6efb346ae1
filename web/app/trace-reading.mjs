// @ts-check
// trace-reading.mjs - the turn's text as it was written, a block per step, each
// token on the ground of its entropy, its probability, its time or how many
// experts it shares with the token before.
import { button, h } from './dom.mjs';
import { FLAGS, FORK, P, RAMP, SPAN, TEXT, US, WITHDRAWN, blocksOf, figuresOf, timeAndBits } from './trace-rows.mjs';

/** @typedef {import('./trace-rows.mjs').Whole} Whole */
/** @typedef {import('./trace-rows.mjs').Block} Block */

/* From which a token has the next level of the ramp. */
const UNSURE = [0.9, 0.75, 0.5, 0.3, 0.15, 0.05], SLOW = [1.25, 1.5, 2, 3, 4, 8];
const GROUNDS = [['entropy', 'Entropy'], ['p', 'Probability'], ['time', 'Time per token'], ['none', 'No colours']];

/** Level 0 to 7: all of a token's experts were used by the token before, too; in one layer or in all
 * (as the timeline shows it). @param {Whole} w @param {number} layer from 1, 0: all
 * @param {(i: number) => number[][]} experts @returns {(i: number) => number} */
function reuse(w, layer, experts) {
  const before = new Int32Array(w.tokens.length), memo = new Map();
  let last = -1;
  w.tokens.forEach((t, i) => { before[i] = t[FLAGS] & WITHDRAWN ? -1 : last; if (!(t[FLAGS] & WITHDRAWN)) last = i; });
  const of = (/** @type {number} */ i) => {
    if (memo.size > 64) memo.clear();
    if (!memo.has(i)) memo.set(i, i < 0 ? [] : layer ? experts(i).slice(layer - 1, layer) : experts(i));
    return memo.get(i);
  };
  return i => {
    const was = of(before[i]), now = of(i), all = now.flat().length;
    const kept = was.length && now.reduce((/** @type {number} */ n, /** @type {number[]} */ list, /** @type {number} */ l) =>
      n + list.filter(e => was[l].includes(e)).length, 0);
    return kept && Math.floor((14 * kept + all) / (2 * all));
  };
}

/** Level of every token. @param {Whole} w @param {string} ground a number: experts of that layer, 0: of all
 * @param {(i: number) => number[][]} experts by layer @returns {(i: number) => number} */
export function levels(w, ground, experts) {
  if (/\d/.test(ground)) return reuse(w, Number(ground), experts);
  if (ground === 'none') return () => 0;
  if (ground === 'p') return i => UNSURE.filter(u => w.tokens[i][P] < u).length;
  if (ground === 'time') {
    const all = w.tokens.map(t => t[US]).sort((a, b) => a - b), median = Math.max(1, all[all.length >> 1]);
    return i => SLOW.filter(s => w.tokens[i][US] >= s * median).length;
  }
  return i => w.tokens[i][RAMP];
}

export class Reading {
  /** @param {(i: number) => void} select @param {(i: number) => void} hover -1: none
   * @param {(i: number) => number[][]} experts */
  constructor(select, hover, experts) {
    this.experts = experts;
    this.node = h('div.reads');
    this.node.tabIndex = 0;
    this.node.setAttribute('role', 'group');
    this.node.setAttribute('aria-label', 'The text by steps');
    this.calm = false;
    this.ground = 'entropy';
    /** Steps that a person folded or unfolded. @type {Map<string, boolean>} */
    this.folds = new Map();
    /** @type {(HTMLElement|undefined)[]} */
    this.spans = [];
    this.there = Infinity;
    this.marks = { selected: -1, hits: /** @type {Set<number>} */ (new Set()) };
    /** @type {Whole|undefined} */
    this.whole = undefined;
    const tokenOf = (/** @type {Event} */ e) => {
      const at = e.target instanceof HTMLElement ? e.target.closest('span[data-i]') : null;
      return at instanceof HTMLElement ? Number(at.dataset.i) : -1;
    };
    this.node.addEventListener('click', e => { const i = tokenOf(e); if (i >= 0) select(i); });
    this.node.addEventListener('pointerover', e => hover(e.pointerType === 'touch' ? -1 : tokenOf(e)));
    this.node.addEventListener('pointerleave', () => hover(-1));
  }

  /** Under the pointer, -1: none. @param {number} i */
  point(i) {
    this.node.querySelector('.over')?.classList.remove('over');
    this.spans[i]?.classList.add('over');
  }

  /** @param {Whole} w @param {number} selected @param {Set<number>} hits */
  set(w, selected, hits) {
    this.marks = { selected, hits };
    if (this.whole !== w) { this.folds.clear(); this.whole = w; this.fill(w); }
    for (const s of this.node.querySelectorAll('.on, .hit')) s.classList.remove('on', 'hit');
    for (const i of hits) this.spans[i]?.classList.add('hit');
    const now = this.spans[selected];
    now?.classList.add('on');
    now?.scrollIntoView({ block: 'nearest' });
  }

  /** Tokens from n on are not there yet (replay). @param {number} n */
  show(n) {
    const was = this.there;
    this.there = n;
    if (was === n) return;
    for (let i = Math.min(was, n); i < Math.min(this.spans.length, Math.max(was, n)); i++)
      this.spans[i]?.classList.toggle('later', i >= n);
    if (n !== Infinity) this.spans[n - 1]?.scrollIntoView({ block: 'nearest' });
  }

  /** Drawn anew, with its marks. @param {Whole} w */
  again(w) {
    this.fill(w);
    this.set(w, this.marks.selected, this.marks.hits);
  }

  /** @param {Whole} w */
  fill(w) {
    const choose = /** @type {HTMLSelectElement} */ (h('select')), n = this.experts(0).length;
    if (Number(this.ground) >= (n && n + 1)) this.ground = GROUNDS[0][0];
    const level = levels(w, this.ground, this.experts);
    this.spans = [];
    const layer = (/** @type {number} */ i) => i ? `layer ${i}` : 'all layers';
    for (const [value, name] of [...GROUNDS, ...Array.from({ length: n && n + 1 }, (_, i) => [String(i), `Experts of ${layer(i)}`])]) {
      const o = /** @type {HTMLOptionElement} */ (h('option', name));
      o.value = value;
      o.selected = value === this.ground;
      choose.append(o);
    }
    if (/\d/.test(this.ground)) choose.title = `Darker: more of the token’s experts, in ${layer(Number(this.ground))}, were used by the token before, too`;
    choose.setAttribute('aria-label', 'What the ground of a token tells');
    choose.addEventListener('change', () => { this.ground = choose.value; this.again(w); this.node.querySelector('select')?.focus(); });
    const fold = button('flat', () => {
      this.calm = !this.calm;
      this.folds.clear();
      this.again(w);
      /** @type {HTMLElement|null} */ (this.node.querySelector('.ground button'))?.focus();
    }, this.calm ? 'Unfold all steps' : 'Fold calm steps');
    this.node.replaceChildren(h('div.ground', choose, fold), ...blocksOf(w).map(b => this.block(w, b, level)));
    const there = this.there;
    this.there = Infinity;
    this.show(there);
  }

  /** @param {Whole} w @param {Block} b @param {(i: number) => number} level */
  block(w, b, level) {
    const f = figuresOf(w, b), words = h('div.words'), isStep = b.step >= 0;
    const calm = isStep && !f.unsure && !f.back && !b.rows.some(i => w.tokens[i][FLAGS] & FORK);
    const folded = this.folds.get(b.name) ?? (this.calm && calm);
    const name = isStep ? button('link', () => {
      this.folds.set(b.name, !folded);
      const made = this.block(w, b, level);
      block.replaceWith(made);
      made.querySelector('button')?.focus();
    }, h('b', b.name)) : h('b', b.name);
    if (isStep) name.setAttribute('aria-expanded', String(!folded));
    const side = h('div.side2', name, h('span', `${f.n} token${f.n === 1 ? '' : 's'}`), h('span', timeAndBits(f.us, f.bits)));
    if (f.unsure) side.append(h('span', 'hesitation'));
    if (f.back) side.append(h('span', '↩ turn-back'));
    const block = h(f.unsure ? 'section.step.unsure' : 'section.step', side, words);
    if (folded) words.append(h('span.hint', `${w.steps[b.step].title}…`));
    else if (b.gone) this.takenBack(w, b, words, level);
    else this.words(w, b.rows, words, level);
    return block;
  }

  /** @param {Whole} w @param {Block} b @param {HTMLElement} words @param {(i: number) => number} level */
  takenBack(w, b, words, level) {
    words.append(button('flat', () => {
      words.replaceChildren();
      words.classList.add('gone');
      this.words(w, b.rows, words, level);
    }, `✂ ${b.rows.length} tokens taken back`));
  }

  /** @param {Whole} w @param {number[]} rows @param {HTMLElement} words @param {(i: number) => number} level */
  words(w, rows, words, level) {
    const kind = /\d/.test(this.ground) ? 'h' : 'r';
    words.dir = 'auto';
    for (const i of rows) {
      const t = w.tokens[i], s = h(`span.t.${kind}${level(i)}`, t[TEXT]);
      if (t[SPAN] !== 1) s.classList.add('said');
      if (t[FLAGS] & FORK) s.classList.add('fork');
      s.dataset.i = String(i);
      this.spans[i] = s;
      words.append(s);
    }
  }
}

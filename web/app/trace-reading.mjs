// @ts-check
// trace-reading.mjs - the turn's text as it was written, a block per step, each
// token on the ground of its entropy, its probability or its time.
import { button, h } from './dom.mjs';
import { FLAGS, FORK, P, RAMP, SPAN, TEXT, US, blocksOf, figuresOf, timeAndBits } from './trace-rows.mjs';

/** @typedef {import('./trace-rows.mjs').Whole} Whole */
/** @typedef {import('./trace-rows.mjs').Block} Block */

/* From which a token has the next level of the ramp. */
const UNSURE = [0.9, 0.75, 0.5, 0.3, 0.15, 0.05], SLOW = [1.25, 1.5, 2, 3, 4, 8];
const GROUNDS = [['entropy', 'Entropy'], ['p', 'Probability'], ['time', 'Time per token'], ['none', 'No colours']];

/** Level 0 to 6 of every token. @param {Whole} w @param {string} ground @returns {(i: number) => number} */
export function levels(w, ground) {
  if (ground === 'none') return () => 0;
  if (ground === 'p') return i => UNSURE.filter(u => w.tokens[i][P] < u).length;
  if (ground === 'time') {
    const all = w.tokens.map(t => t[US]).sort((a, b) => a - b), median = Math.max(1, all[all.length >> 1]);
    return i => SLOW.filter(s => w.tokens[i][US] >= s * median).length;
  }
  return i => w.tokens[i][RAMP];
}

export class Reading {
  /** @param {(i: number) => void} select */
  constructor(select) {
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
    this.node.addEventListener('click', e => {
      const at = e.target instanceof HTMLElement ? e.target.closest('span[data-i]') : null;
      if (at instanceof HTMLElement) select(Number(at.dataset.i));
    });
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
    const level = levels(w, this.ground), choose = /** @type {HTMLSelectElement} */ (h('select'));
    this.spans = [];
    for (const [value, name] of GROUNDS) {
      const o = /** @type {HTMLOptionElement} */ (h('option', name));
      o.value = value;
      o.selected = value === this.ground;
      choose.append(o);
    }
    choose.setAttribute('aria-label', 'What the ground of a token tells');
    choose.addEventListener('change', () => { this.ground = choose.value; this.again(w); this.node.querySelector('select')?.focus(); });
    const fold = button('flat', () => {
      this.calm = !this.calm;
      this.folds.clear();
      this.again(w);
      /** @type {HTMLElement|null} */ (this.node.querySelector('.ground button'))?.focus();
    }, this.calm ? 'Unfold all steps' : 'Fold calm steps');
    this.node.replaceChildren(h('div.ground', choose, fold), ...blocksOf(w).map(b => this.block(w, b, level)));
    const n = this.there;
    this.there = Infinity;
    this.show(n);
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
    words.dir = 'auto';
    for (const i of rows) {
      const t = w.tokens[i], s = h(`span.t.r${level(i)}`, t[TEXT]);
      if (t[SPAN] !== 1) s.classList.add('said');
      if (t[FLAGS] & FORK) s.classList.add('fork');
      s.dataset.i = String(i);
      this.spans[i] = s;
      words.append(s);
    }
  }
}

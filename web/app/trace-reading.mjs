// @ts-check
// trace-reading.mjs - the turn's text as it was written, a block per step, each
// token on the ground of its entropy.
import { button, h } from './dom.mjs';
import { duration } from './form.mjs';

const TAG = 4, WITHDRAWN = 2, FORK = 8;

/** @typedef {import('./trace-pane.mjs').Whole} Whole */

export class Reading {
  /** @param {(i: number) => void} select */
  constructor(select) {
    this.node = h('div.reads');
    this.node.tabIndex = 0;
    this.node.setAttribute('role', 'group');
    this.node.setAttribute('aria-label', 'The text by steps');
    this.calm = false;
    this.node.addEventListener('click', e => {
      const at = e.target instanceof HTMLElement ? e.target.closest('span[data-i]') : null;
      if (at instanceof HTMLElement) select(Number(at.dataset.i));
    });
  }

  /** @param {Whole} w @param {number} selected */
  set(w, selected) {
    if (this.whole === w) {
      this.node.querySelector('.on')?.classList.remove('on');
      const now = this.node.querySelector(`span[data-i="${selected}"]`);
      now?.classList.add('on');
      now?.scrollIntoView({ block: 'nearest' });
      return;
    }
    this.whole = w;
    this.fill(w, selected);
  }

  /** @param {Whole} w @param {number} selected */
  fill(w, selected) {
    /** @type {{name: string, step: number, rows: number[]}[]} */
    const blocks = [];
    const spans = ['', 'Thought', 'Answer', 'Call'];
    w.tokens.forEach((t, i) => {
      if (t[2] & TAG) return;
      const last = blocks[blocks.length - 1];
      const gone = (t[2] & WITHDRAWN) > 0, name = gone ? 'taken back' : t[8] >= 0 ? `step ${t[8] + 1}` : spans[t[1]];
      if (last && last.name === name) last.rows.push(i);
      else blocks.push({ name, step: gone ? -1 : t[8], rows: [i] });
    });
    this.node.replaceChildren(
      button('flat', () => { this.calm = !this.calm; this.fill(w, selected); }, this.calm ? 'Unfold all steps' : 'Fold calm steps'),
      ...blocks.map(b => this.block(w, b, selected)));
  }

  /** @param {Whole} w @param {{name: string, step: number, rows: number[]}} b @param {number} selected */
  block(w, b, selected) {
    const n = b.rows.length, first = b.rows[0], last = b.rows[n - 1];
    const bits = b.rows.reduce((s, i) => s + w.tokens[i][4], 0) / n;
    const us = b.rows.reduce((s, i) => s + w.tokens[i][7], 0);
    const unsure = w.hesitations.some(([a, z]) => a <= last && z >= first);
    const back = b.step >= 0 && w.steps[b.step].back;
    const calm = b.step >= 0 && !unsure && !back && !b.rows.some(i => w.tokens[i][2] & FORK);
    const words = h('div.words');
    const side = h('div.side2', h('b', b.name), h('span', `${n} token${n === 1 ? '' : 's'}`),
      h('span', `${duration(us / 1000)} · ${bits.toFixed(2)} bits`));
    if (back) side.append(h('span', '↩ turn-back'));
    const block = h(unsure ? 'section.step.unsure' : 'section.step', side, words);
    if (this.calm && calm) words.append(h('span.hint', w.steps[b.step].title));
    else if (b.name === 'taken back') this.folded(w, b, words, selected);
    else this.words(w, b.rows, words, selected);
    return block;
  }

  /** @param {Whole} w @param {{rows: number[]}} b @param {HTMLElement} words @param {number} selected */
  folded(w, b, words, selected) {
    words.append(button('flat', () => {
      words.replaceChildren();
      words.classList.add('gone');
      this.words(w, b.rows, words, selected);
    }, `✂ ${b.rows.length} tokens taken back`));
  }

  /** @param {Whole} w @param {number[]} rows @param {HTMLElement} words @param {number} selected */
  words(w, rows, words, selected) {
    words.dir = 'auto';
    for (const i of rows) {
      const t = w.tokens[i], s = h(`span.t.r${t[3]}`, t[0]);
      if (t[1] !== 1) s.classList.add('said');
      if (t[2] & FORK) s.classList.add('fork');
      if (i === selected) s.classList.add('on');
      s.dataset.i = String(i);
      words.append(s);
    }
  }
}

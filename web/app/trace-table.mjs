// @ts-check
// trace-table.mjs - a row per token: the accessible form of the canvas.
import { button, h } from './dom.mjs';
import { count } from './form.mjs';
import { BITS, FLAGS, FORCED, P, RANK, SPAN, SPAN_NAMES, STEP, TEXT, US, WITHDRAWN, percent, shown } from './trace-rows.mjs';

const PART = 200;
const HEADS = ['no.', 'text', 'span', 'step', 'bits', '%', 'rank', 'ms'], KEYS = [-1, TEXT, SPAN, STEP, BITS, P, RANK, US];

export class Table {
  /** @param {(i: number) => void} select
   * @param {(i: number) => {text: string, p: number}[]} candidates */
  constructor(select, candidates) {
    this.select = select;
    this.candidates = candidates;
    this.node = h('div.ttable');
    this.node.tabIndex = 0;
    this.node.setAttribute('role', 'group');
    this.node.setAttribute('aria-label', 'The tokens as a table');
    this.sort = { key: 0, down: false };
    /** @type {number|undefined} */
    this.from = undefined;
  }

  /** @param {import('./trace-rows.mjs').Whole} whole @param {[number, number]} part */
  order(whole, [from, end]) {
    const order = Array.from({ length: end - from }, (_, i) => from + i), { key, down } = this.sort, at = KEYS[key];
    if (!key) return down ? order.reverse() : order;
    return order.sort((a, b) => {
      const x = whole.tokens[a][at], y = whole.tokens[b][at];
      return (x < y ? -1 : x > y ? 1 : a - b) * (down ? -1 : 1);
    });
  }

  /** @param {import('./trace-rows.mjs').Whole} whole @param {number} selected
   * @param {[number, number]} part of its tokens */
  set(whole, selected, part) {
    const order = this.order(whole, part), near = this.from ?? Math.max(0, order.indexOf(selected));
    const from = Math.max(0, Math.min(near - near % PART, order.length - 1));
    const head = h('tr', ...HEADS.map((name, i) => {
      const th = h('th', button('link', () => {
        this.sort = { key: i, down: this.sort.key === i && !this.sort.down };
        this.set(whole, selected, part);
      }, name));
      if (this.sort.key === i) th.setAttribute('aria-sort', this.sort.down ? 'descending' : 'ascending');
      return th;
    }), h('th.word', 'most likely'));
    const move = (/** @type {number} */ to) => { this.from = to; this.set(whole, selected, part); this.node.scrollTop = 0; };
    const pages = h('p.pages', `${count(from)} to ${count(Math.max(0, Math.min(from + PART, order.length) - 1))} of ${count(order.length)} `);
    if (from > 0) pages.append(button('flat', () => move(from - PART), 'Earlier'));
    if (from + PART < order.length) pages.append(button('flat', () => move(from + PART), 'Later'));
    this.from = undefined;
    const body = order.slice(from, from + PART).map(i => this.row(whole, i, i === selected));
    this.node.replaceChildren(h('table', h('thead', head), h('tbody', ...body)), pages);
  }

  /** @param {import('./trace-rows.mjs').Whole} whole @param {number} i @param {boolean} now */
  row(whole, i, now) {
    const t = whole.tokens[i];
    const row = h(t[FLAGS] & WITHDRAWN ? 'tr.gone' : 'tr',
      h('td', button('link', () => this.select(i), String(i))), h('td.word', shown(t[TEXT])),
      h('td', SPAN_NAMES[t[SPAN]]), h('td', t[STEP] < 0 ? '' : String(t[STEP] + 1)),
      h('td', t[BITS].toFixed(2)), h('td', percent(t[P])),
      h('td', t[FLAGS] & FORCED ? '▲' : t[RANK] ? String(t[RANK]) : '>8'), h('td', (t[US] / 1000).toFixed(1)),
      h('td.word', this.candidates(i).slice(0, 3).map(c => `${shown(c.text)} ${percent(c.p)}`).join('  ')));
    if (now) row.setAttribute('aria-current', 'true');
    return row;
  }
}

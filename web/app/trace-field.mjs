// @ts-check
// trace-field.mjs - the search field of the trace pane: how many hits there
// are, and from one to the next.
import { button, h, icon } from './dom.mjs';
import { search } from './trace-search.mjs';

export class SearchField {
  /** @param {any} pane */
  constructor(pane) {
    this.pane = pane;
    /** @type {number[]} */
    this.hits = [];
    this.input = /** @type {HTMLInputElement} */ (h('input'));
    this.input.type = 'search';
    this.input.placeholder = 'word, or is:fork H>2 …';
    this.input.setAttribute('aria-label', 'Search the trace');
    this.found = h('span.hint.num');
    this.found.setAttribute('role', 'status');
    const up = button('link', () => this.step(-1), '▲'), down = button('link', () => this.step(1), '▼');
    up.setAttribute('aria-label', 'Previous hit');
    down.setAttribute('aria-label', 'Next hit');
    this.moves = h('span.moves', up, down);
    this.moves.hidden = true;
    this.node = h('div.field', icon('find'), this.input, this.found, this.moves);
    this.input.addEventListener('input', () => this.search(true));
    this.input.addEventListener('keydown', e => this.key(e));
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    if (e.key === 'Enter') this.step(e.shiftKey ? -1 : 1);
    else if (e.key === 'Escape' && this.input.value) { this.input.value = ''; this.search(true); }
    else return;
    e.preventDefault();
    e.stopPropagation();
  }

  /** @param {boolean} go to the first hit */
  search(go) {
    const typed = this.input.value.trim(), { whole } = this.pane;
    const part = this.pane.part(), { hits, unknown } = whole && typed ? search(whole, typed, i => this.pane.experts(i), part) : { hits: [], unknown: '' };
    this.pane.searched = part.join();
    this.hits = hits;
    this.moves.hidden = !hits.length;
    if (go && hits.length) this.pane.select(hits[0]);
    else if (go) this.pane.refresh();
    if (hits.length) this.tell();
    else this.found.textContent = unknown ? `“${unknown}” is no term` : typed ? 'not found' : '';
  }

  tell() {
    const at = this.hits.indexOf(this.pane.look.selected);
    this.found.textContent = at < 0 ? `${this.hits.length} hits` : `${at + 1} of ${this.hits.length}`;
  }

  /** @param {number} by */
  step(by) {
    const { hits } = this, now = this.pane.look.selected, n = hits.length, at = hits.indexOf(now);
    if (!n) return;
    const next = by > 0 ? hits.findIndex(i => i > now) : hits.findLastIndex(i => i < now);
    this.pane.select(at >= 0 ? hits[(at + by + n) % n] : hits[next >= 0 ? next : by > 0 ? 0 : n - 1]);
    this.tell();
  }
}

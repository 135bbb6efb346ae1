// @ts-check
// trace-pane.mjs - the pane that shows how a turn went: timeline on a canvas,
// reading view, table, and what is selected.  Layout and hit test are the
// core's (trace-view.mjs); this file moves, scrolls and announces.
import { button, byId, h, icon, openMenu, signButton } from './dom.mjs';
import { count } from './form.mjs';
import { Compare } from './trace-compare.mjs';
import { rangeLine, tokenDetails } from './trace-details.mjs';
import { csvOf, exports } from './trace-export.mjs';
import { SearchField } from './trace-field.mjs';
import { paneKey } from './trace-keys.mjs';
import { Lanes } from './trace-lanes.mjs';
import { sheetClosed, sheetOpened } from './sheets.mjs';
import { Player, steppedTimes, timesOf } from './trace-player.mjs';
import { Reading } from './trace-reading.mjs';
import { FLAGS, ID, NONE, WITHDRAWN, summaryOf } from './trace-rows.mjs';
import { Table } from './trace-table.mjs';
import { TraceView } from './trace-view.mjs';

/**
 * @typedef {import('./trace-rows.mjs').Row} Row
 * @typedef {import('./trace-rows.mjs').Whole} Whole
 * @typedef {{name: string, text: () => Promise<string>}} Other
 * @typedef {{fork: (begin: number[], text: string) => void, failed: (text: string) => void,
 *   reproduce: (text: string) => Promise<{good: boolean, text: string, again?: string}>, stop: () => void,
 *   others: () => Other[], reveal: () => boolean, point: (whole: Whole|null, i: number) => void}} Acts
 *   point: the token is under the pointer, -1: none
 */

/** As it is: a reader of text would hide what is wrong with it. @param {File} f */
const bytesOf = async f => new Uint8Array(await f.arrayBuffer());

export class TracePane {
  /** @param {HTMLElement} node @param {string} wasm url of the plain module @param {Acts} acts */
  constructor(node, wasm, acts) {
    this.node = node;
    this.wasm = wasm;
    this.acts = acts;
    /** @type {TraceView|null} */
    this.view = null;
    /** @type {Whole|null} */
    this.whole = null;
    this.text = '';
    this.tab = innerWidth < 640 ? 'reading' : 'timeline';
    this.look = { width: 0, zoom: 0, scroll: 0, layer: -1, selected: NONE };
    this.mark = 0;
    /** Token under the pointer. */
    this.hovered = NONE;
    /** Tokens that table and search take on; of more, those in sight. */
    this.most = 200000;
    /** @type {[number, number]|null} first and last token */
    this.range = null;
    /** @type {string|Uint8Array} */
    this.wanted = '';
    /** @type {Promise<TraceView>|undefined} */
    this.loading = undefined;
    /** Of the one that is compared. @type {TraceView|null} */
    this.second = null;
    this.lane = new Lanes(this);
    this.name = h('span.hint.of');
    this.sum = h('p.sum', 'The trace begins with the next answer.');
    this.result = h('p.result');
    this.result.setAttribute('role', 'status');
    this.result.hidden = true;
    this.tabs = ['timeline', 'reading', 'table'].map(name => {
      const b = button('tab', () => this.turnTo(name), name[0].toUpperCase() + name.slice(1));
      b.setAttribute('aria-pressed', 'false');
      return b;
    });
    this.only = h('p.hint.only');
    this.only.hidden = true;
    this.reading = new Reading(i => this.select(i), i => this.hover(i), i => this.experts(i));
    this.table = new Table(i => this.select(i), i => this.view?.token(i)?.candidates ?? []);
    this.comparison = new Compare();
    this.player = new Player({ show: n => { this.lane.veil(n); this.reading.show(n); }, ended: () => this.replay.focus() });
    this.details = h('div.details');
    this.more = signButton('more', 'Trace menu', () => openMenu(this.more, this.menu()));
    this.more.setAttribute('aria-haspopup', 'menu');
    this.compare = button('flat', () => this.chooseOther(), icon('compare'), h('span.long', 'Compare'));
    this.compare.setAttribute('aria-haspopup', 'menu');
    this.replay = button('flat', () => this.play(), icon('play'), h('span.long', 'Replay'));
    this.compare.setAttribute('aria-label', 'Compare');
    this.replay.setAttribute('aria-label', 'Replay');
    this.body = [this.lane.node, this.reading.node, this.table.node];
    this.field = new SearchField(this);
    this.bar = h('div.tools', h('span.tabs', ...this.tabs), this.field.node, this.lane.zooms);
    this.node.replaceChildren(
      h('header.bar', h('h2', 'Trace'), this.name, h('span.grow'), this.compare, this.replay, this.more,
        signButton('x', 'Close the trace', () => this.show(false))),
      this.sum, this.result, this.bar, this.only, this.player.node, ...this.body, this.comparison.node, this.details);
    this.node.addEventListener('keydown', e => { if (paneKey(this, e)) { e.preventDefault(); e.stopPropagation(); } });
    this.turnTo(this.tab);
    this.lane.listen();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.recolour());
    new MutationObserver(() => this.recolour()).observe(document.documentElement, { attributeFilter: ['data-scheme'] });
  }

  get list() { return this.lane.list; }
  get canvas() { return this.lane.canvas; }
  /** @param {MouseEvent} e */
  pointAt(e) { return this.lane.pointAt(e); }

  /* ------------------------------------------------------------- content */
  get open() { return !this.node.hidden; }

  /** @param {boolean} on */
  show(on) {
    const back = !on && this.node.contains(document.activeElement);
    this.node.hidden = !on;
    byId('app').classList.toggle('with-trace', on);
    const first = this.lane.node.hidden ? this.tabs[0] : this.lane.node;
    if (on) {
      sheetOpened('trace', () => this.show(false));
      this.lane.draw();
      first.focus({ preventScroll: true });
    } else {
      sheetClosed('trace');
      this.player.stop();
      this.hover(NONE);
    }
    if (back) byId('message').focus();
  }

  /** Nothing is recorded of what is asked for. @param {string} says */
  clear(says) {
    this.hover(NONE);
    this.whole = this.view = null;
    this.wanted = this.text = this.name.textContent = '';
    this.sum.textContent = says;
    this.result.hidden = true;
    this.closeCompare();
    this.refresh();
  }

  /** @param {string|Uint8Array} text a trace's file; what was selected stays if it grows
   * @param {{grows?: boolean, name?: string}} [how] */
  async take(text, how = {}) {
    try {
      this.loading ??= TraceView.load(this.wasm);
      this.wanted = text;
      const view = await this.loading;
      if (this.wanted !== text) return true; // a newer one came meanwhile
      view.open(text);
      this.view = view;
      if (how.grows) this.lane.follow();
    } catch (e) {
      if (!this.view) this.loading = undefined;
      this.acts.failed(e instanceof Error ? e.message : String(e));
      return false;
    }
    this.text = typeof text === 'string' ? text : new TextDecoder().decode(text);
    this.hover(NONE);
    const whole = this.whole = /** @type {Whole} */ (this.view?.all());
    this.sum.textContent = summaryOf(whole);
    this.name.textContent = how.name ?? this.name.textContent;
    if (!how.grows) {
      Object.assign(this.look, { zoom: 0, scroll: 0, selected: NONE });
      this.range = null;
      this.result.hidden = true;
      this.player.stop();
      this.closeCompare();
    }
    if (this.look.layer >= whole.layers) this.look.layer = -1;
    this.lane.took(whole);
    this.field.search(false);
    this.refresh();
    return true;
  }

  refresh() {
    const { whole } = this;
    this.replay.disabled = this.compare.disabled = !whole;
    this.lane.draw();
    if (whole && this.tab === 'reading') this.reading.set(whole, this.look.selected, new Set(this.field.hits));
    if (whole && this.tab === 'table') this.table.set(whole, this.look.selected, this.part());
    this.only.hidden = !this.tellPart();
    if (!whole) { this.table.node.replaceChildren(); this.reading.node.replaceChildren(); this.reading.whole = undefined; }
    this.drawDetails();
  }

  recolour() { this.lane.ink = null; this.lane.draw(); this.comparison.draw(); }

  /** First token and end of what table and search take on: all, or of very
   * many those in sight. @returns {[number, number]} */
  part() {
    const n = this.whole?.tokens.length ?? 0, { list, view } = this;
    if (n <= this.most) return [0, n];
    const a = Math.max(0, (list && view?.at(list.plotX, 0)?.first) ?? 0), z = (list && view?.at(list.plotX + list.plotW - 1, 0)?.token) ?? -1;
    return [a, Math.min(a + this.most, z < a ? n : z + 1)];
  }

  tellPart() {
    const n = this.whole?.tokens.length ?? 0, [a, z] = this.part();
    if (n > this.most) this.only.textContent = `Of ${count(n)} tokens, table and search keep to ${count(a)} to ${count(z - 1)}, which the timeline shows.`;
    return n > this.most;
  }

  /** Another part of very many is in sight. */
  moved() {
    clearTimeout(this.settling);
    if ((this.whole?.tokens.length ?? 0) <= this.most) return;
    this.settling = setTimeout(() => {
      const now = this.part().join();
      if (now === this.searched) return;
      this.field.search(false);
      this.only.hidden = !this.tellPart();
      this.lane.draw();
    }, 200);
  }

  /** @param {number} i */
  hover(i) {
    if (i === this.hovered) return;
    this.hovered = i;
    this.lane.cross(i);
    this.reading.point(i);
    this.acts.point(this.whole, i);
  }

  /** @param {string} name */
  turnTo(name) {
    this.tab = name;
    this.hover(NONE);
    this.closeCompare();
    this.tabs.forEach(b => b.setAttribute('aria-pressed', String(b.textContent?.toLowerCase() === name)));
    this.lane.node.hidden = this.lane.zooms.hidden = name !== 'timeline';
    this.reading.node.hidden = name !== 'reading';
    this.table.node.hidden = name !== 'table';
    this.refresh();
  }

  menu() {
    const { whole, view } = this;
    const items = [{ name: 'Open a trace…', act: () => this.choose(f => this.takeFile(f)) }];
    if (!whole || !view) return items;
    if (this.tab === 'timeline') items.push({ name: 'Lanes…', act: () => this.lane.chooseHidden() });
    if (whole.asked) items.unshift({ name: 'Reproduce', act: () => this.reproduce() });
    return [...items, ...exports({ whole, view, text: this.text, layer: this.look.layer, hidden: this.lane.hidden,
      after: () => this.lane.draw(), failed: this.acts.failed })];
  }

  /** @param {(f: File) => void} then */
  choose(then) {
    const input = /** @type {HTMLInputElement} */ (h('input'));
    input.type = 'file';
    input.accept = '.json,application/json';
    input.onchange = () => { const f = input.files?.[0]; if (f) then(f); };
    input.click();
  }

  /** @param {File} f */
  async takeFile(f) { return this.take(await bytesOf(f), { name: f.name }); }

  csv() { return this.whole ? csvOf(this.whole) : ''; }

  /* ------------------------------------------------------------ selection */
  /** @param {number} i @returns {number[][]} */
  experts(i) { return this.view?.token(i)?.experts ?? []; }

  /** @param {number} i @param {boolean} [keepMark] */
  select(i, keepMark = false) {
    const all = this.whole?.tokens;
    if (!all || i < 0 || i >= all.length) return;
    this.look.selected = i;
    this.range = null;
    if (!keepMark) this.mark = 0;
    this.lane.bring(i);
    this.refresh();
  }

  /** From the selected token on. @param {number} step */
  extend(step) {
    const all = this.whole?.tokens, from = this.look.selected;
    if (!all?.length) return true;
    if (from < 0) { this.select(0); return true; }
    const end = this.range ? this.range[0] === from ? this.range[1] : this.range[0] : from;
    this.setRange(from, Math.min(Math.max(end + step, 0), all.length - 1));
    return true;
  }

  /** @param {number} a @param {number} b */
  setRange(a, b) {
    this.range = a === b ? null : [Math.min(a, b), Math.max(a, b)];
    this.lane.bring(b);
    this.refresh();
  }

  /** The next token that is such a one. @param {number} step
   * @param {(t: Row, i: number) => boolean} good */
  find(step, good) {
    const all = this.whole?.tokens ?? [];
    for (let i = this.look.selected + step; i >= 0 && i < all.length; i += step)
      if (!(all[i][FLAGS] & WITHDRAWN) && good(all[i], i)) { this.select(i); return true; }
    return true;
  }

  /** @param {number} step */
  moveMark(step) {
    const full = this.look.selected >= 0 ? this.view?.token(this.look.selected) : null;
    if (!full) return false;
    this.mark = Math.min(Math.max(this.mark + step, 0), full.candidates.length - 1);
    this.drawDetails();
    return true;
  }

  /** A new branch with the marked candidate in the selected token's place. */
  fork() {
    const { whole, view, look } = this;
    if (!whole || !view || look.selected < 0 || this.range) return;
    const wanted = view.token(look.selected)?.candidates[this.mark];
    if (!wanted || wanted.id === whole.tokens[look.selected][ID]) return;
    const begin = whole.tokens.slice(0, look.selected).filter(t => !(t[FLAGS] & WITHDRAWN)).map(t => t[ID]);
    this.acts.fork([...begin, wanted.id], wanted.text);
  }

  drawDetails() {
    const { details, whole, view, look, range } = this, i = look.selected;
    details.hidden = !whole || !view || (i < 0 && !range) || !this.comparison.node.hidden;
    if (details.hidden || !whole || !view) return;
    if (range) {
      const line = rangeLine(whole, range, k => this.experts(k));
      this.lane.say(i, line);
      details.replaceChildren(h('p.tell', line), h('div.go', h('span.grow'), button('btn', () => this.lane.zoomTo(range), 'Zoom to it')));
      return;
    }
    const inside = details.contains(document.activeElement);
    const full = view.token(i);
    full.tell = this.lane.tell(full);
    this.lane.say(i, full.tell);
    details.replaceChildren(...tokenDetails(whole, full, { i, mark: this.mark, canFork: true,
      setMark: k => { this.mark = k; this.drawDetails(); }, fork: () => this.fork() }));
    if (inside) /** @type {HTMLElement|null} */ (details.querySelector('[aria-pressed="true"]'))?.focus();
  }

  /* ------------------------------------------------------- once more, beside */
  play() {
    if (!this.whole) return;
    if (this.player.active) { this.player.toggle(); return; }
    if (this.tab === 'table') this.turnTo('reading');
    this.closeCompare();
    const times = timesOf(this.whole);
    this.player.start(matchMedia('(prefers-reduced-motion: reduce)').matches ? steppedTimes(this.whole, times) : times);
  }

  /** @param {boolean} good @param {string} text @param {...HTMLElement} deeds */
  tell(good, text, ...deeds) {
    this.result.replaceChildren(text, ...deeds);
    this.result.className = good ? 'result good' : 'result';
    this.result.hidden = false;
  }

  async reproduce() {
    const { text } = this;
    this.tell(false, 'Computing it again…', button('link', () => this.acts.stop(), 'Stop'));
    const r = await this.acts.reproduce(text);
    if (this.text !== text) return;
    const { again } = r;
    this.tell(r.good, r.text, ...again ? [button('link', () => this.compareWith('computed again', again), 'Compare')] : []);
  }

  chooseOther() {
    openMenu(this.compare, [...this.acts.others().map(o => ({ name: o.name, act: async () => this.compareWith(o.name, await o.text()) })),
      { name: 'A file…', act: () => this.choose(async f => this.compareWith(f.name, await bytesOf(f))) }]);
  }

  /** @param {string} name @param {string|Uint8Array} text */
  async compareWith(name, text) {
    if (!this.whole || !this.view) return;
    try {
      this.second ??= await TraceView.load(this.wasm);
      this.second.open(text);
    } catch (e) { this.acts.failed(e instanceof Error ? e.message : String(e)); return; }
    this.player.stop();
    for (const n of [...this.body, this.bar]) n.hidden = true;
    this.comparison.node.hidden = false;
    this.drawDetails();
    this.comparison.set({ name: this.name.textContent || 'this trace', view: this.view, whole: this.whole },
      { name, view: this.second, whole: /** @type {Whole} */ (this.second.all()) }, () => this.turnTo(this.tab));
    this.comparison.node.focus();
  }

  closeCompare() {
    if (this.comparison.node.hidden) return;
    this.comparison.node.hidden = true;
    this.bar.hidden = false;
    this.lane.node.hidden = this.tab !== 'timeline';
    this.reading.node.hidden = this.tab !== 'reading';
    this.table.node.hidden = this.tab !== 'table';
  }
}

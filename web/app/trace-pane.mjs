// @ts-check
// trace-pane.mjs - the pane that shows how a turn went: timeline on a canvas,
// reading view, table, and the token that is selected.  Layout and hit test
// are the core's (trace-view.mjs); this file moves, scrolls and announces.
import { button, byId, h, openMenu, signButton } from './dom.mjs';
import { count, duration } from './form.mjs';
import { Reading } from './trace-reading.mjs';
import { colours, paint } from './trace-paint.mjs';
import { TraceView } from './trace-view.mjs';

const ONE = 65536, MOST = 160 * ONE, NONE = -1;
const FORCED = 1, WITHDRAWN = 2, FORK = 8;

/** One token of the record, as module_trace.c writes it.
 * @typedef {[string, number, number, number, number, number, number, number, number, number]} Row
 * @typedef {{line: string, layers: number, seed: string, attempt: number, model: string, tokens: Row[],
 *   steps: {first: number, n: number, back: boolean, title: string}[],
 *   hesitations: [number, number][], loops: [number, number][]}} Whole
 * @typedef {{fork: ((begin: number[], text: string) => void)|null, failed: (text: string) => void}} Acts
 */

/** @param {number} p */
export const percent = p => p >= 0.1 ? `${Math.round(p * 100)}%` : `${(p * 100).toFixed(1)}%`;
/** White space gets signs. @param {string} t */
export const shown = t => t.replace(/\n/g, '↵').replace(/\t/g, '⇥');

/** @param {string} name @param {string} text @param {string} type */
function save(name, text, type) {
  const a = /** @type {HTMLAnchorElement} */ (h('a'));
  const url = URL.createObjectURL(new Blob([text], { type }));
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

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
    this.tab = 'timeline';
    this.look = { width: 0, zoom: 0, scroll: 0, layer: -1, selected: NONE };
    this.mark = 0;
    this.sort = { key: 0, down: false };
    /** @type {import('./trace-view.mjs').List|null} */
    this.list = null;
    this.make();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { this.ink = null; this.draw(); });
  }

  make() {
    this.sum = h('p.sum', 'The trace begins with the next answer.');
    this.tabs = ['timeline', 'reading', 'table'].map(name => {
      const b = button('tab', () => this.turnTo(name), name[0].toUpperCase() + name.slice(1));
      b.setAttribute('aria-pressed', 'false');
      return b;
    });
    this.layer = button('flat', () => this.chooseLayer(), 'All layers');
    this.layer.setAttribute('aria-haspopup', 'menu');
    this.zooms = h('span.zoom', this.layer,
      button('icon', () => this.zoomBy(0.5), '−'), button('icon', () => this.zoomBy(2), '+'),
      button('flat', () => this.fit(), 'Fit'));
    const [, less, more] = this.zooms.children;
    less.setAttribute('aria-label', 'Smaller');
    more.setAttribute('aria-label', 'Larger');
    this.canvas = /** @type {HTMLCanvasElement} */ (h('canvas'));
    this.canvas.setAttribute('aria-hidden', 'true');
    this.tip = h('div.tip');
    this.tip.hidden = true;
    /* Screen readers say the token under the arrows as a slider's value. */
    this.lanes = h('div.lanes', this.canvas, this.tip);
    this.lanes.tabIndex = 0;
    this.lanes.setAttribute('role', 'slider');
    this.lanes.setAttribute('aria-label', 'Timeline, by token. The table tells the same.');
    this.reading = new Reading(i => this.select(i));
    this.table = h('div.ttable');
    this.table.tabIndex = 0;
    this.details = h('div.details');
    this.more = signButton('more', 'Trace menu', () => openMenu(this.more, this.menu()));
    this.more.setAttribute('aria-haspopup', 'menu');
    this.node.replaceChildren(
      h('header.bar', h('h2', 'Trace'), h('span.grow'), this.more, signButton('x', 'Close the trace', () => this.show(false))),
      this.sum, h('div.tools', h('span.tabs', ...this.tabs), h('span.grow'), this.zooms),
      this.lanes, this.reading.node, this.table, this.details);
    this.listen();
    this.turnTo('timeline');
  }

  listen() {
    const { lanes } = this;
    lanes.addEventListener('pointermove', e => this.hover(e));
    lanes.addEventListener('pointerleave', () => { this.tip.hidden = true; });
    lanes.addEventListener('click', e => {
      const p = this.pointAt(e);
      if (p && p.token >= 0) { if (p.candidate >= 0) this.mark = p.candidate; this.select(p.token, p.candidate >= 0); }
    });
    lanes.addEventListener('wheel', e => this.wheel(e), { passive: false });
    this.node.addEventListener('keydown', e => { if (this.key(e)) { e.preventDefault(); e.stopPropagation(); } });
    new ResizeObserver(() => this.draw()).observe(lanes);
  }

  /* ------------------------------------------------------------- content */
  get open() { return !this.node.hidden; }

  /** @param {boolean} on */
  show(on) {
    const back = !on && this.node.contains(document.activeElement);
    this.node.hidden = !on;
    byId('app').classList.toggle('with-trace', on);
    if (on) { this.draw(); this.lanes.focus({ preventScroll: true }); }
    if (back) byId('message').focus();
  }

  /** @param {string} text a trace's file; what was selected stays if it grows
   * @param {{grows?: boolean}} [how] */
  async take(text, how = {}) {
    try {
      this.loading ??= TraceView.load(this.wasm);
      this.wanted = text;
      this.view = await this.loading;
      if (this.wanted !== text) return true; // a newer one came meanwhile
      this.view.open(text);
    } catch (e) {
      this.acts.failed(e instanceof Error ? e.message : String(e));
      return false;
    }
    this.text = text;
    this.whole = /** @type {Whole} */ (this.view.all());
    this.sum.textContent = this.whole.line;
    if (!how.grows) Object.assign(this.look, { zoom: 0, scroll: 0, selected: NONE });
    if (this.look.layer >= this.whole.layers) this.look.layer = -1;
    this.layer.hidden = !this.whole.layers;
    this.lanes.setAttribute('aria-valuemin', '0');
    this.lanes.setAttribute('aria-valuemax', String(Math.max(0, this.whole.tokens.length - 1)));
    this.lanes.setAttribute('aria-valuenow', String(Math.max(0, this.look.selected)));
    this.lanes.setAttribute('aria-valuetext', this.whole.line);
    this.refresh();
    return true;
  }

  refresh() {
    this.draw();
    if (this.tab === 'reading' && this.whole) this.reading.set(this.whole, this.look.selected);
    if (this.tab === 'table') this.drawTable();
    this.drawDetails();
  }

  /** @param {string} name */
  turnTo(name) {
    this.tab = name;
    this.tabs.forEach(b => b.setAttribute('aria-pressed', String(b.textContent?.toLowerCase() === name)));
    this.lanes.hidden = this.zooms.hidden = name !== 'timeline';
    this.reading.node.hidden = name !== 'reading';
    this.table.hidden = name !== 'table';
    this.refresh();
  }

  menu() {
    const items = [{ name: 'Open a trace…', act: () => this.choose() }];
    if (this.whole) items.push(
      { name: 'Save as JSON', act: () => save('trace.json', this.text, 'application/json') },
      { name: 'Save the timeline as SVG', act: () => this.saveSvg() },
      { name: 'Save the table as CSV', act: () => save('trace.csv', this.csv(), 'text/csv') });
    return items;
  }

  choose() {
    const input = /** @type {HTMLInputElement} */ (h('input'));
    input.type = 'file';
    input.accept = '.json,application/json';
    input.onchange = async () => { const f = input.files?.[0]; if (f) this.take(await f.text()); };
    input.click();
  }

  saveSvg() {
    if (!this.view) return;
    this.view.list({ ...this.look, width: 960, selected: NONE });
    save('trace.svg', this.view.svg(), 'image/svg+xml');
    this.draw();
  }

  csv() {
    const cell = (/** @type {any} */ v) => /[",\n]/.test(String(v)) ? `"${String(v).replace(/"/g, '""')}"` : String(v);
    const rows = this.whole?.tokens.map((t, i) => [i, t[0], ['', 'thought', 'answer', 'call'][t[1]], t[8] + 1 || '',
      t[4], t[5], t[6] || '', t[7] / 1000].map(cell).join(',')) ?? [];
    return ['token,text,span,step,bits,p,rank,ms', ...rows, ''].join('\n');
  }

  chooseLayer() {
    const n = this.whole?.layers ?? 0;
    const items = Array.from({ length: n + 1 }, (_, i) => ({ name: i ? `Layer ${i}` : 'All layers: experts kept',
      checked: this.look.layer === i - 1, act: () => { this.look.layer = i - 1; this.draw(); } }));
    openMenu(this.layer, items);
  }

  /* ------------------------------------------------------------ timeline */
  draw() {
    const { lanes, canvas, view, look } = this;
    if (!this.open || !view || !this.whole || lanes.hidden) return;
    look.width = Math.max(200, Math.floor(lanes.clientWidth));
    const list = this.list = view.list(look), scale = devicePixelRatio || 1;
    look.scroll = list.scroll;
    this.layer.textContent = look.layer < 0 ? 'All layers' : `Layer ${look.layer + 1}`;
    canvas.width = Math.round(look.width * scale);
    canvas.height = Math.round(list.height * scale);
    canvas.style.width = `${look.width}px`;
    canvas.style.height = `${list.height}px`;
    const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    g.setTransform(scale, 0, 0, scale, 0, 0);
    g.clearRect(0, 0, look.width, list.height);
    this.ink ??= colours();
    paint(g, list, this.ink, `12px ${getComputedStyle(lanes).fontFamily}`);
  }

  /** @param {MouseEvent} e */
  pointAt(e) {
    const box = this.canvas.getBoundingClientRect();
    return this.list ? this.view?.at(e.clientX - box.left, e.clientY - box.top) : null;
  }

  /** @param {PointerEvent} e */
  hover(e) {
    const p = this.pointAt(e), t = p && p.token >= 0 ? this.whole?.tokens[p.token] : null;
    this.tip.hidden = !t;
    if (!p || !t) return;
    const expert = p.expert >= 0 ? ` · expert ${p.expert}` : '';
    this.tip.textContent = `${p.token} “${shown(t[0])}” · ${t[4].toFixed(1)} bits · ${percent(t[5])} · ` +
      `${(t[7] / 1000).toFixed(1)} ms${expert}`;
    const box = this.lanes.getBoundingClientRect();
    this.tip.style.left = `${Math.min(e.clientX - box.left + 12, Math.max(0, box.width - 260))}px`;
    this.tip.style.top = `${e.clientY - box.top + this.lanes.scrollTop + 16}px`;
  }

  /** @param {WheelEvent} e */
  wheel(e) {
    if (!e.ctrlKey && !e.shiftKey && !e.deltaX) return;
    e.preventDefault();
    if (e.ctrlKey) this.zoomBy(e.deltaY < 0 ? 1.25 : 0.8, e.clientX - this.canvas.getBoundingClientRect().left);
    else { this.look.scroll += e.deltaX || e.deltaY; this.look.zoom ||= this.list?.zoom ?? 0; this.draw(); }
  }

  /** Keys zoom around the selected token if it is seen, else around the middle.
   * @param {import('./trace-view.mjs').List} list */
  anchor(list) {
    const x = list.plotX + this.column(this.look.selected) * list.zoom / ONE - list.scroll;
    const seen = this.look.selected >= 0 && x >= list.plotX && x < list.plotX + list.plotW;
    return seen ? x : list.plotX + list.plotW / 2;
  }

  /** Tokens before it that were kept. @param {number} i */
  column(i) {
    let n = 0;
    for (let k = 0; k < i; k++) if (!(this.whole && this.whole.tokens[k][2] & WITHDRAWN)) n++;
    return n;
  }

  /** The token at x stays where it is. @param {number} by @param {number} [x] */
  zoomBy(by, x) {
    const { list, look } = this;
    if (!list) return;
    const at = Math.min(Math.max((x ?? this.anchor(list)) - list.plotX, 0), list.plotW);
    const zoom = Math.round(Math.min(MOST, Math.max(16, list.zoom * by)));
    look.scroll = Math.round((list.scroll + at) * zoom / list.zoom - at);
    look.zoom = zoom;
    this.draw();
  }

  fit() { Object.assign(this.look, { zoom: 0, scroll: 0 }); this.draw(); }

  /* ------------------------------------------------------------ selection */
  /** @param {number} i @param {boolean} [keepMark] */
  select(i, keepMark = false) {
    const all = this.whole?.tokens;
    if (!all || i < 0 || i >= all.length) return;
    this.look.selected = i;
    if (!keepMark) this.mark = 0;
    this.bring(i);
    this.refresh();
  }

  /** Scrolls so that a token is seen. @param {number} i */
  bring(i) {
    const { list, look, whole } = this;
    if (!list || !look.zoom || !whole) return;
    const x = this.column(i) * list.zoom / ONE;
    if (x < list.scroll || x > list.scroll + list.plotW - 20) look.scroll = Math.max(0, x - list.plotW / 2);
  }

  /** The next token that is such a one. @param {number} step
   * @param {(t: Row, i: number) => boolean} good */
  find(step, good) {
    const all = this.whole?.tokens ?? [];
    for (let i = this.look.selected + step; i >= 0 && i < all.length; i += step)
      if (!(all[i][2] & WITHDRAWN) && good(all[i], i)) { this.select(i); return true; }
    return true;
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    const back = e.shiftKey ? -1 : 1, whole = this.whole;
    if (e.key === 'Escape') {
      if (this.look.selected >= 0) { this.look.selected = NONE; this.refresh(); } else this.show(false);
      return true;
    }
    if (e.altKey || !whole || e.target instanceof HTMLInputElement) return false;
    const steps = whole.steps.map(s => s.first);
    const starts = new Set(whole.hesitations.map(x => x[0])), loops = new Set(whole.loops.map(x => x[0]));
    switch (e.key) {
      case 'ArrowRight': return e.ctrlKey ? this.find(1, (_, i) => steps.includes(i)) : this.find(1, () => true);
      case 'ArrowLeft': return e.ctrlKey ? this.find(-1, (_, i) => steps.includes(i)) : this.find(-1, () => true);
      case 'ArrowDown': case 'ArrowUp': return this.moveMark(e.key === 'ArrowDown' ? 1 : -1);
      case 'Home': this.select(0); return true;
      case 'End': this.select(whole.tokens.length - 1); return true;
      case 'h': case 'H': return this.find(back, (_, i) => starts.has(i));
      case 'f': case 'F': return this.find(back, t => (t[2] & FORK) > 0);
      case 'l': case 'L': return this.find(back, (_, i) => loops.has(i + 1) || loops.has(i));
      case '+': case '=': this.zoomBy(2); return true;
      case '-': this.zoomBy(0.5); return true;
      case '0': this.fit(); return true;
      case 't': case 'T': {
        const order = ['timeline', 'reading', 'table'];
        this.turnTo(order[(order.indexOf(this.tab) + 1) % 3]);
        return true;
      }
      case 'c': case 'C':
        if (e.ctrlKey || this.look.selected < 0) return false;
        navigator.clipboard.writeText(whole.tokens[this.look.selected][0]);
        return true;
      case 'Enter':
        if (e.target !== this.lanes) return false;
        this.fork();
        return true;
    }
    return false;
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
    if (!whole || !view || look.selected < 0 || !this.acts.fork) return;
    const wanted = view.token(look.selected)?.candidates[this.mark];
    if (!wanted || wanted.id === whole.tokens[look.selected][9]) return;
    const begin = whole.tokens.slice(0, look.selected).filter(t => !(t[2] & WITHDRAWN)).map(t => t[9]);
    this.acts.fork([...begin, wanted.id], wanted.text);
  }

  drawDetails() {
    const { details, whole, view, look } = this, i = look.selected;
    details.hidden = i < 0 || !whole || !view;
    if (!whole || !view || i < 0) return;
    const full = view.token(i);
    this.lanes.setAttribute('aria-valuenow', String(i));
    this.lanes.setAttribute('aria-valuetext', full.tell);
    const own = whole.tokens[i][9];
    const rows = full.candidates.slice(0, 6).map((/** @type {any} */ c, /** @type {number} */ k) => {
      const bar = h('i');
      bar.style.width = `${Math.round(c.p * 100)}%`;
      const b = button('cand', () => { this.mark = k; this.drawDetails(); }, h('span.no', String(k + 1)),
        h('span.word', `“${shown(c.text)}”`), h('span.p', bar), h('span.num', percent(c.p)),
        h('span.say', c.id === own ? 'chosen' : k === this.mark ? 'marked' : ''));
      b.setAttribute('aria-pressed', String(k === this.mark));
      if (c.id === own) b.classList.add('own');
      return b;
    });
    const wanted = full.candidates[this.mark];
    const go = button('btn', () => this.fork(), wanted ? `Fork here with “${shown(wanted.text)}”` : '');
    go.hidden = !wanted || wanted.id === own || !this.acts.fork;
    const experts = full.experts.slice(0, 5).map((/** @type {number[]} */ e, /** @type {number} */ l) =>
      h('div.ex', h('span', `layer ${l + 1}`), h('span.num', e.join(' · '))));
    if (full.experts.length > 5) experts.push(h('div.ex', h('span'), h('span', `${full.experts.length - 5} more layers`)));
    const head = h('p.tell', full.tell);
    const seed = `after cuts ${percent(full.after)} · seed ${whole.seed} · attempt ${whole.attempt}`;
    details.replaceChildren(head, h('div.two', h('div.cands', ...rows), h('div.experts', ...experts)),
      h('div.go', h('span.hint', seed), h('span.grow'), go));
  }

  /* ---------------------------------------------------------------- table */
  drawTable() {
    const whole = this.whole, PART = 200;
    if (!whole) return;
    const heads = ['no.', 'text', 'span', 'step', 'bits', '%', 'rank', 'ms'];
    const order = whole.tokens.map((_, i) => i), { key, down } = this.sort;
    const at = [-1, 0, 1, 8, 4, 5, 6, 7][key];
    if (key) order.sort((a, b) => {
      const x = whole.tokens[a][at], y = whole.tokens[b][at];
      return (x < y ? -1 : x > y ? 1 : a - b) * (down ? -1 : 1);
    });
    const near = this.from ?? Math.max(0, this.look.selected);
    const from = Math.max(0, Math.min(near - near % PART, order.length - 1));
    const body = order.slice(from, from + PART).map(i => {
      const t = whole.tokens[i], row = h(t[2] & WITHDRAWN ? 'tr.gone' : 'tr',
        h('td', button('link', () => this.select(i), String(i))), h('td.word', shown(t[0])),
        h('td', ['', 'thought', 'answer', 'call'][t[1]]), h('td', t[8] < 0 ? '' : String(t[8] + 1)),
        h('td', t[4].toFixed(2)), h('td', percent(t[5])),
        h('td', t[2] & FORCED ? '▲' : t[6] ? String(t[6]) : '>8'), h('td', (t[7] / 1000).toFixed(1)));
      if (i === this.look.selected) row.setAttribute('aria-current', 'true');
      return row;
    });
    const head = h('tr', ...heads.map((name, i) => {
      const th = h('th', button('link', () => {
        this.sort = { key: i, down: this.sort.key === i && !this.sort.down };
        this.drawTable();
      }, name));
      if (key === i) th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      return th;
    }));
    const move = (/** @type {number} */ to) => { this.from = to; this.drawTable(); this.table.scrollTop = 0; };
    const pages = h('p.pages', `${count(from)} to ${count(Math.min(from + PART, order.length) - 1)} of ${count(order.length)} `);
    if (from > 0) pages.append(button('flat', () => move(from - PART), 'Earlier'));
    if (from + PART < order.length) pages.append(button('flat', () => move(from + PART), 'Later'));
    this.from = undefined;
    this.table.replaceChildren(h('table', h('thead', head), h('tbody', ...body)), pages);
  }
}

/** "0.9 s · 0.91 bits" @param {number} us @param {number} bits */
export const timeAndBits = (us, bits) => `${duration(us / 1000)} · ${bits.toFixed(2)} bits`;

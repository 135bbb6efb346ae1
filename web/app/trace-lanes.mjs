// @ts-check
// trace-lanes.mjs - the timeline: a canvas with the core's display list, what
// lies over it (a tip, a range, the hits of a search, what is not there yet),
// and the zoom.
import { button, h, openMenu } from './dom.mjs';
import { colours, paint } from './trace-paint.mjs';
import { BITS, FLAGS, P, TEXT, US, WITHDRAWN, percent, shown } from './trace-rows.mjs';

/** @typedef {import('./trace-view.mjs').List} List */

const ONE = 65536, LEAST = 16, MOST = 160 * ONE, SPANS = 1, STEPS = 2, STATE = 10, RULER = 11, DRAG = 4, TIP_MS = 100;
const LANES = [[2, 'Steps'], [3, 'Entropy'], [4, 'Hesitations'], [5, 'Loops'], [6, 'Chosen'], [7, 'Others'], [8, 'Experts'],
  [9, 'Time'], [STATE, 'State']];
/* The slider counts in powers of two, sixteen steps each. */
const FINE = 16;

/** Screen readers say the token under the arrows as a slider's value. */
export class Lanes {
  /** @param {any} pane */
  constructor(pane) {
    this.pane = pane;
    /** @type {List|null} */
    this.list = null;
    /** Where lanes stand in that list: from, without the steps, to. @type {number[]} */
    this.rows = [];
    /** @type {List|null} */
    this.rowsOf = null;
    /** Columns before each token. */
    this.columns = new Uint32Array(1);
    this.hidden = 1 << STATE;
    /** Colours of the present scheme. @type {string[]|null} */
    this.ink = null;
    this.there = Infinity;
    this.canvas = /** @type {HTMLCanvasElement} */ (h('canvas'));
    this.canvas.setAttribute('aria-hidden', 'true');
    this.tip = h('div.tip');
    this.over = h('div.range');
    this.later = h('div.veil');
    /** Over all lanes at the token under the pointer. */
    this.line = h('div.cross');
    this.tip.hidden = this.over.hidden = this.later.hidden = this.line.hidden = true;
    this.node = h('div.lanes', this.canvas, this.over, this.later, this.line, this.tip);
    /** @type {Map<number, {x: number, y: number}>} */
    this.fingers = new Map();
    this.node.tabIndex = 0;
    this.node.setAttribute('role', 'slider');
    this.node.setAttribute('aria-label', 'Timeline, by token. The table tells the same.');
    this.node.setAttribute('aria-valuemin', '0');
    this.node.setAttribute('aria-valuemax', '0');
    this.node.setAttribute('aria-valuenow', '0');
    this.layer = button('flat', () => this.chooseLayer(), 'All layers');
    this.layer.setAttribute('aria-haspopup', 'menu');
    this.slider = /** @type {HTMLInputElement} */ (h('input'));
    Object.assign(this.slider, { type: 'range', step: '1' });
    this.slider.setAttribute('aria-label', 'Zoom');
    this.slider.addEventListener('input', () => this.zoomBy(2 ** (Number(this.slider.value) / FINE) / (this.list?.zoom ?? ONE)));
    const less = button('icon', () => this.zoomBy(0.5), '−'), more = button('icon', () => this.zoomBy(2), '+');
    less.setAttribute('aria-label', 'Smaller');
    more.setAttribute('aria-label', 'Larger');
    this.zooms = h('span.zoom', this.layer, less, this.slider, more, button('flat', () => this.fit(), 'Fit'));
  }

  listen() {
    const { node } = this;
    node.addEventListener('pointermove', e => { this.touch(e); this.drag(e); this.hover(e); });
    node.addEventListener('pointerleave', () => { this.hideTip(); this.pane.hover(-1); });
    for (const name of ['pointerup', 'pointercancel'])
      node.addEventListener(name, e => { this.fingers.delete(/** @type {PointerEvent} */ (e).pointerId); this.hold(); });
    node.addEventListener('pointerdown', e => {
      if (e.pointerType === 'touch') { this.fingers.set(e.pointerId, { x: e.clientX, y: e.clientY }); this.hold(); }
      const p = e.button === 0 ? this.pointAt(e) : null;
      this.grip = p && p.token >= 0 ? { x: e.clientX, token: p.token, moved: false } : null;
    });
    addEventListener('pointerup', () => setTimeout(() => { this.grip = null; }));
    node.addEventListener('click', e => {
      if (this.grip?.moved) return;
      const p = this.pointAt(e);
      if (!p || p.token < 0) return;
      if (e.shiftKey && this.pane.look.selected >= 0) { this.pane.setRange(this.pane.look.selected, p.token); return; }
      if (p.candidate >= 0) this.pane.mark = p.candidate;
      this.pane.select(p.token, p.candidate >= 0);
    });
    node.addEventListener('dblclick', e => this.zoomAt(e));
    node.addEventListener('wheel', e => this.wheel(e), { passive: false });
    new ResizeObserver(() => this.draw()).observe(node);
  }

  /** @param {import('./trace-rows.mjs').Whole} whole */
  took(whole) {
    this.columns = new Uint32Array(whole.tokens.length + 1);
    whole.tokens.forEach((t, i) => { this.columns[i + 1] = this.columns[i] + (t[FLAGS] & WITHDRAWN ? 0 : 1); });
    this.layer.hidden = !whole.layers;
    this.node.setAttribute('aria-valuemax', String(Math.max(0, whole.tokens.length - 1)));
    this.say(Math.max(0, this.pane.look.selected), whole.line);
  }

  /** @param {number} i @param {string} text */
  say(i, text) {
    this.node.setAttribute('aria-valuenow', String(i));
    this.node.setAttribute('aria-valuetext', text);
  }

  /** A token in words, with the state where that is seen. @param {any} full as the module tells it */
  tell(full) { return full.tell + (this.hidden >> STATE & 1 ? '' : full.state); }

  draw() {
    const { node, canvas, pane } = this, { look, view } = pane;
    this.over.hidden = this.later.hidden = this.line.hidden = true;
    if (!pane.open || node.hidden) return;
    canvas.hidden = !view || !pane.whole;
    if (canvas.hidden) return;
    look.width = Math.max(200, Math.floor(node.clientWidth));
    const list = this.list = view.list({ ...look, hidden: this.hidden }), scale = devicePixelRatio || 1;
    look.scroll = list.scroll;
    this.layer.textContent = look.layer < 0 ? 'All layers' : `Layer ${look.layer + 1}`;
    this.slider.min = String(Math.floor(FINE * Math.log2(Math.max(LEAST, Math.min(list.zoom, this.fitted(list))))));
    this.slider.max = String(Math.floor(FINE * Math.log2(MOST)));
    this.slider.value = String(Math.round(FINE * Math.log2(list.zoom)));
    this.slider.setAttribute('aria-valuetext', `${(list.zoom / ONE).toPrecision(2)} px per token`);
    canvas.width = Math.round(look.width * scale);
    canvas.height = Math.round(list.height * scale);
    canvas.style.width = `${look.width}px`;
    canvas.style.height = `${list.height}px`;
    const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    g.setTransform(scale, 0, 0, scale, 0, 0);
    g.clearRect(0, 0, look.width, list.height);
    this.ink ??= colours();
    paint(g, list, this.ink, `12px ${getComputedStyle(node).fontFamily}`);
    this.hits(g, list);
    this.cover(list);
    this.cross(pane.hovered);
    pane.moved();
  }

  /** While tokens arrive, the end stays in sight where it was. */
  follow() {
    const { list } = this;
    if (list && list.scroll + list.plotW >= list.content) this.pane.look.scroll = 2 ** 50;
  }

  /** The zoom at which all is seen. @param {List} list */
  fitted(list) { return list.plotW * ONE / Math.max(1, this.columns[this.columns.length - 1]); }

  /** Where a token's column begins, in px of the canvas. @param {number} i @param {List} list */
  x(i, list) { return list.plotX + this.columns[Math.min(i, this.columns.length - 1)] * list.zoom / ONE - list.scroll; }

  /** Ticks above the spans. @param {CanvasRenderingContext2D} g @param {List} list */
  hits(g, list) {
    const { hits } = this.pane.field, band = list.items.find(k => k.lane === SPANS && k.h > 0);
    if (!hits.length || !band || !this.ink) return;
    g.fillStyle = getComputedStyle(this.node).getPropertyValue('--accent') || this.ink[6];
    for (const i of hits) {
      const x = Math.floor(this.x(i, list));
      if (x >= list.plotX && x < list.plotX + list.plotW) g.fillRect(x, band.y - 5, Math.max(2, Math.min(4, list.zoom / ONE)), 5);
    }
  }

  /** The range, and what is not there yet. @param {List} list */
  cover(list) {
    const { range } = this.pane, end = list.plotX + list.plotW;
    const lay = (/** @type {HTMLElement} */ node, /** @type {number} */ a, /** @type {number} */ z) => {
      const left = Math.max(list.plotX, Math.min(a, end)), right = Math.max(left, Math.min(z, end));
      Object.assign(node.style, { left: `${left}px`, width: `${right - left}px`, height: `${list.height}px` });
      node.hidden = right <= left;
    };
    if (range) lay(this.over, this.x(range[0], list), this.x(range[1] + 1, list));
    if (this.there !== Infinity) lay(this.later, this.x(this.there, list), end);
  }

  /** Replay: tokens from n on are not there yet. @param {number} n */
  veil(n) {
    this.there = n;
    this.later.hidden = true;
    if (this.list && !this.node.hidden) this.cover(this.list);
  }

  /** @param {MouseEvent} e */
  pointAt(e) {
    const box = this.canvas.getBoundingClientRect();
    return this.list && this.pane.view ? this.pane.view.at(e.clientX - box.left, e.clientY - box.top) : null;
  }

  /** @param {PointerEvent} e */
  drag(e) {
    const { grip } = this;
    if (!grip || !(e.buttons & 1) || e.pointerType === 'touch') return;
    if (!grip.moved && Math.abs(e.clientX - grip.x) < DRAG) return;
    grip.moved = true;
    const p = this.pointAt(e);
    if (!p || p.token < 0) return;
    this.pane.look.selected = grip.token;
    this.pane.setRange(grip.token, p.token);
  }

  /** The line leaves out the steps, as that of the selected token does. @param {number} i -1: none */
  cross(i) {
    const { list, line, pane: { view } } = this, x = list ? Math.floor(this.x(i, list) + list.zoom / ONE / 2) : -1;
    line.hidden = i < 0 || !list || !view || this.canvas.hidden || x < list.plotX || x >= list.plotX + list.plotW;
    if (line.hidden || !list || !view) return;
    if (this.rowsOf !== list) {
      const lane = Array.from({ length: list.height }, (_, y) => view.at(list.plotX, y)?.lane ?? 0);
      this.rows = [lane.indexOf(SPANS), lane.indexOf(STEPS), lane.lastIndexOf(STEPS) + 1, lane.indexOf(RULER)];
      this.rowsOf = list;
    }
    const [from, gap, on, foot] = this.rows;
    Object.assign(line.style, { left: `${x}px`, top: `${from}px`, height: `${foot - from}px`,
      background: `linear-gradient(var(--soft) ${gap - from}px, transparent 0 ${on - from}px, var(--soft) 0)` });
  }

  /** Where the fingers are, and what lies there. */
  hold() {
    const all = [...this.fingers.values()], n = all.length, { list } = this;
    this.held = list && n ? { zoom: list.zoom, scroll: list.scroll, ...this.spread(all) } : null;
  }

  /** @param {{x: number, y: number}[]} all */
  spread([a, b = a]) {
    return { x: (a.x + b.x) / 2 - this.canvas.getBoundingClientRect().left, apart: Math.max(16, Math.hypot(a.x - b.x, a.y - b.y)) };
  }

  /** One finger moves what is seen sideways, two zoom it. @param {PointerEvent} e */
  touch(e) {
    const { held, list, fingers } = this, { look } = this.pane;
    if (!held || !list || !fingers.has(e.pointerId)) return;
    fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    const now = this.spread([...fingers.values()]);
    look.zoom = Math.round(Math.min(MOST, Math.max(LEAST, held.zoom * now.apart / held.apart)));
    look.scroll = Math.round((held.scroll + held.x - list.plotX) * look.zoom / held.zoom - now.x + list.plotX);
    this.draw();
  }

  hideTip() { clearTimeout(this.waiting); this.tip.hidden = true; }

  /** @param {PointerEvent} e */
  hover(e) {
    const p = this.pointAt(e), t = p && p.token >= 0 ? this.pane.whole?.tokens[p.token] : null;
    this.hideTip();
    if (e.pointerType === 'touch') return;
    this.pane.hover(p && t ? p.token : -1);
    if (!p || !t) return;
    const more = p.expert >= 0 ? ` · expert ${p.expert}` : p.lane === STATE ? this.pane.view.token(p.token).state : '';
    const box = this.node.getBoundingClientRect(), x = e.clientX - box.left, y = e.clientY - box.top + this.node.scrollTop;
    this.waiting = setTimeout(() => {
      this.tip.textContent = `${p.token} “${shown(t[TEXT])}” · ${t[BITS].toFixed(1)} bits · ${percent(t[P])} · ` +
        `${(t[US] / 1000).toFixed(1)} ms${more}`;
      this.tip.hidden = false;
      this.tip.style.left = `${Math.min(x + 12, Math.max(0, box.width - this.tip.offsetWidth - 4))}px`;
      this.tip.style.top = `${y + 16}px`;
    }, TIP_MS);
  }

  /** @param {WheelEvent} e */
  wheel(e) {
    const { node, list } = this, low = node.scrollHeight > node.clientHeight;
    if (!e.ctrlKey && !e.shiftKey && !e.deltaX && (low || !list || list.content <= list.plotW)) return; /* up and down */
    e.preventDefault();
    if (e.ctrlKey) { this.zoomBy(e.deltaY < 0 ? 1.25 : 0.8, e.clientX - this.canvas.getBoundingClientRect().left); return; }
    const { look } = this.pane;
    look.scroll += e.deltaX || e.deltaY;
    look.zoom ||= this.list?.zoom ?? 0;
    this.draw();
  }

  /** Keys zoom around the selected token if it is seen, else around the middle.
   * @param {List} list */
  anchor(list) {
    const i = this.pane.look.selected, x = this.x(Math.max(0, i), list);
    return i >= 0 && x >= list.plotX && x < list.plotX + list.plotW ? x : list.plotX + list.plotW / 2;
  }

  /** The token at x stays where it is. @param {number} by @param {number} [x] */
  zoomBy(by, x) {
    const { list } = this, { look } = this.pane;
    if (!list) return;
    const at = Math.min(Math.max((x ?? this.anchor(list)) - list.plotX, 0), list.plotW);
    const zoom = Math.round(Math.min(MOST, Math.max(LEAST, list.zoom * by)));
    look.scroll = Math.round((list.scroll + at) * zoom / list.zoom - at);
    look.zoom = zoom;
    this.draw();
  }

  fit() { Object.assign(this.pane.look, { zoom: 0, scroll: 0 }); this.draw(); }

  /** @param {[number, number]} range of tokens, which then fill the width */
  zoomTo([a, z]) {
    const { list } = this, n = this.columns[z + 1] - this.columns[a];
    if (!list || n < 1) return;
    const zoom = Math.round(Math.min(MOST, Math.max(LEAST, list.plotW * ONE / n)));
    Object.assign(this.pane.look, { zoom, scroll: Math.floor(this.columns[a] * zoom / ONE) });
    this.draw();
    this.node.focus();
  }

  /** To the range, to the step, or to the hesitation that lies there. @param {MouseEvent} e */
  zoomAt(e) {
    const { whole, range } = this.pane, p = this.pointAt(e);
    if (!whole || !p || p.token < 0) return;
    const step = whole.steps[p.step], unsure = whole.hesitations.find((/** @type {number[]} */ [a, z]) => p.token >= a && p.token <= z);
    if (range && p.token >= range[0] && p.token <= range[1]) this.zoomTo(range);
    else if (p.lane === 4 && unsure) this.zoomTo(unsure);
    else if (step) this.zoomTo([step.first, Math.min(whole.tokens.length, (whole.steps[p.step + 1]?.first ?? step.first + step.n)) - 1]);
  }

  /** Scrolls so that a token is seen. @param {number} i */
  bring(i) {
    const { list } = this, { look } = this.pane;
    if (!list || !look.zoom) return;
    const x = this.columns[i] * list.zoom / ONE;
    if (x < list.scroll || x > list.scroll + list.plotW - 20) look.scroll = Math.max(0, Math.round(x - list.plotW / 2));
  }

  chooseLayer() {
    const n = this.pane.whole?.layers ?? 0, { look } = this.pane;
    openMenu(this.layer, Array.from({ length: n + 1 }, (_, i) => ({ name: i ? `Layer ${i}` : 'All layers: experts kept',
      checked: look.layer === i - 1, act: () => { look.layer = i - 1; this.draw(); } })));
  }

  chooseHidden() {
    openMenu(this.pane.more, LANES.map(([lane, name]) => ({ name: String(name), check: true, checked: !(this.hidden >> Number(lane) & 1),
      act: () => { this.hidden ^= 1 << Number(lane); this.pane.refresh(); } })));
  }
}

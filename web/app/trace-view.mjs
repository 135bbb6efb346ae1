// @ts-check
// trace-view.mjs - a trace and its pictures, computed by an instance of the
// module that the page itself holds: it has no model and runs no turn, so it
// always answers at once.
import { Tarn, TarnError, newMemory } from './module.mjs';

/* A trace of 200,000 tokens needs far less. */
const PAGES = 16384;
const ITEM = 40, NOTHING = 0xffffffff;

/** Kinds of items, as in core/trace/view.h. */
export const RECT = 0, BAR = 1, BAND = 2, LINE = 3, DASH = 4, DOT = 5, RING = 6, FORCED = 7,
  BRACKET = 8, TEXT = 9, CHIP = 10, FLAG = 11, HEAT = 12;

/** Colours by number, as in core/trace/view.h; names as in tokens.css. */
export const ROLES = ['', 'ink', 'soft', 'faint', 'line', 'surface', 'accent', 'on-accent',
  'ramp-0', 'ramp-1', 'ramp-2', 'ramp-3', 'ramp-4', 'ramp-5', 'ramp-6', 'ramp-edge',
  'span-thought', 'span-answer', 'span-call',
  'heat-0', 'heat-1', 'heat-2', 'heat-3', 'heat-4', 'heat-5', 'heat-6', 'heat-7'];

/**
 * @typedef {{kind: number, lane: number, role: number, edge: number, x: number, y: number,
 *   w: number, h: number, token: number, n: number, at: number, size: number, detail: number}} Item
 * @typedef {{items: Item[], text: Uint8Array, cells: Uint8Array, height: number, plotX: number,
 *   plotW: number, content: number, zoom: number, scroll: number}} List
 * @typedef {{lane: number, token: number, first: number, n: number, step: number,
 *   candidate: number, layer: number, expert: number}} Point
 * @typedef {{width: number, zoom: number, scroll: number, layer: number, selected: number, hidden?: number}} Look
 *   hidden: lanes that are left out, 1 << lane
 */

export class TraceView {
  /** @param {Tarn} tarn */
  constructor(tarn) { this.tarn = tarn; }

  /** @param {string} url of the plain module */
  static async load(url) {
    const r = await fetch(url);
    if (!r.ok) throw new TarnError(`the module could not be loaded (${r.status})`, 5);
    return TraceView.from(await r.arrayBuffer());
  }

  /** @param {BufferSource} bytes */
  static async from(bytes) {
    return new TraceView(new Tarn({ module: await WebAssembly.compile(bytes), memory: newMemory(PAGES) }));
  }

  /** @param {string|Uint8Array} text of a trace's file */
  open(text) {
    const { tarn } = this, status = tarn.withText(text, (at, n) => tarn.ex.tarn_web_view_open(at, n));
    if (!status) return;
    const all = tarn.bytes(tarn.ex.tarn_web_view_error() >>> 0, 240), end = all.indexOf(0);
    throw new TarnError(new TextDecoder().decode(all.slice(0, end < 0 ? 240 : end)), status);
  }

  out() {
    const { tarn } = this;
    const at = tarn.ex.tarn_web_view_out() >>> 0, size = tarn.ex.tarn_web_view_out_size() >>> 0;
    return new TextDecoder().decode(tarn.bytes(at, size).slice());
  }

  /** Texts, steps, figures: for the reading view and the table. @returns {any} */
  all() { return this.tarn.ex.tarn_web_view_all() ? null : JSON.parse(this.out()); }

  /** Candidates, experts, a sentence. @param {number} i @returns {any} */
  token(i) { return this.tarn.ex.tarn_web_view_token(i) ? null : JSON.parse(this.out()); }

  /** As the last list looked. */
  svg() { return this.tarn.ex.tarn_web_view_svg() ? '' : this.out(); }

  /** @param {Look} o @returns {List} */
  list(o) {
    const { ex } = this.tarn, hidden = o.hidden ?? 0;
    const n = ex.tarn_web_view_list(o.width, o.zoom, o.scroll, o.layer, hidden,
      o.selected < 0 ? -1 : o.selected) >>> 0;
    const at = ex.tarn_web_view_items() >>> 0, buffer = this.tarn.memory.buffer;
    const bytes = new Uint8Array(buffer, at, n * ITEM), words = new Int32Array(buffer, at, n * ITEM / 4);
    /** @type {Item[]} */
    const items = [];
    let text = 0, cells = 0;
    for (let i = 0; i < n; i++) {
      const b = i * ITEM, w = b / 4;
      const k = { kind: bytes[b], lane: bytes[b + 1], role: bytes[b + 2], edge: bytes[b + 3],
        x: words[w + 1], y: words[w + 2], w: words[w + 3], h: words[w + 4], token: words[w + 5],
        n: words[w + 6], at: words[w + 7], size: words[w + 8], detail: words[w + 9] };
      items.push(k);
      if (k.kind === HEAT) cells = Math.max(cells, k.at + k.size); else text = Math.max(text, k.at + k.size);
    }
    const size = (/** @type {number} */ i) => ex.tarn_web_view_size(i);
    return { items, text: this.tarn.bytes(ex.tarn_web_view_text() >>> 0, text).slice(),
      cells: this.tarn.bytes(ex.tarn_web_view_cells() >>> 0, cells).slice(),
      height: size(0), plotX: size(1), plotW: size(2), content: size(3), zoom: size(4), scroll: size(5) };
  }

  /** What lies there in the last list; -1 where there is none.
   * @param {number} x @param {number} y @returns {Point|null} */
  at(x, y) {
    const at = this.tarn.ex.tarn_web_view_at(Math.floor(x), Math.floor(y)) >>> 0;
    if (!at) return null;
    const [lane, token, first, n, step, candidate, layer, expert] =
      new Uint32Array(this.tarn.memory.buffer, at, 8).map(v => v);
    const known = (/** @type {number} */ v) => v === NOTHING ? -1 : v;
    return { lane, token: known(token), first: known(first), n, step: known(step),
      candidate: known(candidate), layer: known(layer), expert: known(expert) };
  }
}

// @ts-check
// find.mjs - find in this chat (UX 4.8): a bar under the header.  Hits are
// ranges in what is displayed, coloured by the browser's own highlights, so
// that no text is ever built anew for them.
import { button, byId, h, signButton } from './dom.mjs';
import { count, fold } from './form.mjs';

/** @typedef {{range: Range, thought: import('./thought.mjs').Thought|null}} Hit */

const MOST = 10000;
/** @type {any} */
export const highlights = globalThis.CSS && 'highlights' in CSS ? CSS.highlights : null;

/** Every place of `words` in the text below a node. @param {Node} top
 * @param {string} words folded @returns {Range[]} */
export function rangesOf(top, words) {
  const walk = document.createTreeWalker(top, NodeFilter.SHOW_TEXT), parts = [];
  /** @type {number[]} */
  const starts = [];
  let all = '';
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    if (n.parentElement?.closest('button')) continue;
    parts.push(n);
    starts.push(all.length);
    all += n.nodeValue;
  }
  all = fold(all);
  const ranges = [];
  let part = 0;
  /** @param {number} at */
  const place = at => {
    while (part + 1 < parts.length && starts[part + 1] <= at) part++;
    return part;
  };
  for (let at = all.indexOf(words); at >= 0; at = all.indexOf(words, at + words.length)) {
    const r = document.createRange(), from = place(at), to = place(at + words.length - 1);
    r.setStart(parts[from], at - starts[from]);
    r.setEnd(parts[to], at + words.length - starts[to]);
    ranges.push(r);
  }
  return ranges;
}

/* Of Markdown: what is written and not shown. */
const MARKS = /[*_`#>|~-]+|\d+[.)](?=\s)/y;

/** Where a piece of what was written is shown.  All before it must be shown as
 * it was written, but for white space and marks: else null.
 * @param {Node} top @param {string} text @param {number} from @param {number} end @returns {Range|null} */
export function placeOf(top, text, from, end) {
  const walk = document.createTreeWalker(top, NodeFilter.SHOW_TEXT), space = /\s/;
  /** @type {Range|null} */
  let r = null;
  let at = 0;
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const value = n.nodeValue ?? '';
    if (n.parentElement?.closest('.cap')) continue;
    for (let i = 0; i < value.length; i++) {
      if (space.test(value[i])) continue;
      while (at < end && text[at] !== value[i]) {
        MARKS.lastIndex = at;
        const mark = space.test(text[at]) ? 1 : MARKS.exec(text)?.[0].length;
        if (!mark) return null;
        at += mark;
      }
      if (at >= end) return r;
      if (at++ < from) continue;
      if (!r) { r = document.createRange(); r.setStart(n, i); }
      r.setEnd(n, i + 1);
    }
  }
  return r;
}

export class Find {
  /** @param {() => Iterable<any>} views the turns on the screen, in order
   * @param {() => void} closed */
  constructor(views, closed) {
    this.views = views;
    this.closed = closed;
    /** @type {Hit[]} */
    this.hits = [];
    this.at = 0;
    this.input = /** @type {HTMLInputElement} */ (h('input'));
    this.input.type = 'search';
    this.input.placeholder = 'Find in this chat';
    this.input.setAttribute('aria-label', 'Find in this chat');
    this.number = h('span.hint.num');
    this.number.role = 'status';
    this.thoughts = /** @type {HTMLInputElement} */ (h('input'));
    this.thoughts.type = 'checkbox';
    this.thoughts.checked = true;
    const close = signButton('x', 'Close find', () => this.close());
    this.node = byId('find-bar');
    this.node.replaceChildren(h('label.field', this.input), this.number,
      button('flat', () => this.step(-1), 'Previous'), button('flat', () => this.step(1), 'Next'),
      h('label.flat', this.thoughts, 'thoughts'), h('span.grow'), close);
    this.input.addEventListener('input', () => this.search());
    this.thoughts.addEventListener('change', () => this.search());
    this.node.addEventListener('keydown', e => this.key(e));
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    if (e.key === 'Escape') this.close();
    else if (e.key === 'Enter' && e.target === this.input) this.step(e.shiftKey ? -1 : 1);
    else return;
    e.preventDefault();
    e.stopPropagation();
  }

  open() {
    this.node.hidden = false;
    this.input.focus();
    this.input.select();
    this.search();
  }

  close() {
    this.node.hidden = true;
    this.hits = [];
    this.paint();
    this.closed();
  }

  /** The chat has changed. */
  refresh() { if (!this.node.hidden) this.search(false); }

  /** @param {boolean} [show] go to the newest hit */
  search(show = true) {
    const words = fold(this.input.value);
    this.hits = [];
    if (words) for (const view of this.views()) {
      if (this.hits.length > MOST) break;
      if (view.thought && this.thoughts.checked)
        for (const range of rangesOf(view.thought.text, words)) this.hits.push({ range, thought: view.thought });
      for (const range of rangesOf(view.answer?.node ?? view.block, words)) this.hits.push({ range, thought: null });
    }
    this.at = this.hits.length - 1;
    if (show) this.show(); else this.paint();
  }

  /** @param {number} by */
  step(by) {
    if (!this.hits.length) return;
    this.at = (this.at + by + this.hits.length) % this.hits.length;
    this.show();
  }

  show() {
    const hit = this.hits[this.at];
    if (hit) {
      if (hit.thought && !hit.thought.open) { hit.thought.touched = true; hit.thought.setOpen(true); }
      hit.range.startContainer.parentElement?.scrollIntoView({ block: 'center' });
    }
    this.paint();
  }

  paint() {
    const n = this.hits.length, hit = this.hits[this.at];
    this.number.textContent = n ? `${count(this.at + 1)} of ${count(n)}`
      : this.input.value ? 'not found' : '';
    if (highlights) {
      highlights.set('match', new globalThis.Highlight(...this.hits.filter(x => x !== hit).map(x => x.range)));
      highlights.set('match-now', new globalThis.Highlight(...(hit ? [hit.range] : [])));
    } else if (hit) {
      getSelection()?.removeAllRanges();
      getSelection()?.addRange(hit.range);
    }
  }
}

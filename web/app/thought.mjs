// @ts-check
// thought.mjs - the block that shows a thought: plain text, a head that counts
// while it arrives and tells the summary when it is done.
import { button, h, icon } from './dom.mjs';
import { count, speed, thoughtLine } from './form.mjs';

/* A new paragraph element from here on, so that only the last one is laid out
 * again while text arrives. */
const LONGEST_PARAGRAPH = 2000;

export class Thought {
  /** @param {number} id for aria-controls */
  constructor(id) {
    this.text = h('div.text');
    this.text.id = `thought-${id}`;
    this.text.role = 'group';
    this.text.setAttribute('aria-label', 'Thought');
    this.sum = h('span.sum', 'Thinking…');
    this.fold = button('fold', () => { this.touched = true; this.setOpen(!this.open); },
      icon('right'), this.sum);
    this.fold.setAttribute('aria-controls', this.text.id);
    this.head = h('div.head', this.fold);
    this.bar = h('i');
    this.budget = h('div.budget', this.bar);
    this.budget.hidden = true;
    this.node = h('div.thought', this.head, this.budget, this.text);
    this.node.hidden = true;
    this.open = false;
    this.touched = false;   // a person has folded, unfolded, scrolled or selected
    this.shown = 0;         // characters that are in the text
    this.following = true;
    /** @type {Text|null} */
    this.last = null;
    this.text.addEventListener('wheel', () => { this.touched = true; }, { passive: true });
    this.text.addEventListener('pointerdown', () => { this.touched = true; });
    this.text.addEventListener('scroll', () => { this.following = this.atEnd(); }, { passive: true });
    this.setOpen(false);
  }

  atEnd() { return this.text.scrollHeight - this.text.scrollTop - this.text.clientHeight <= 24; }

  /** @param {boolean} open */
  setOpen(open) {
    this.open = open;
    this.node.classList.toggle('open', open);
    this.fold.setAttribute('aria-expanded', String(open));
    this.text.hidden = !open;
    if (open && this.following) this.text.scrollTop = this.text.scrollHeight;
  }

  /** @param {() => void} answerNow @param {boolean} open */
  begin(answerNow, open) {
    this.node.hidden = false;
    this.node.classList.add('arriving');
    this.now = button('btn.small', answerNow, 'Answer now');
    this.now.setAttribute('aria-label', 'Close the thought and answer now');
    /* A double click on Send must not press it. */
    this.now.disabled = true;
    setTimeout(() => { if (this.now) this.now.disabled = false; }, 300);
    this.head.append(this.now);
    this.cursor = h('span.arrive');
    this.setOpen(open);
  }

  /** The whole thought so far; what is there already stays, unless some of it
   * was taken back. @param {string} all */
  set(all) {
    if (all.length < this.shown) {
      this.text.replaceChildren();
      this.shown = 0;
      this.last = null;
    }
    let rest = all.slice(this.shown);
    if (!rest) return;
    this.shown = all.length;
    const keep = this.following;
    for (const part of rest.split(/(\n[ \t]*\n\s*)/)) {
      if (!part) continue;
      if (/^\n[ \t]*\n/.test(part)) { this.last = null; continue; }
      if (!this.last || this.last.length > LONGEST_PARAGRAPH) {
        const text = this.last ? part : part.replace(/^\n+/, '');
        this.last = document.createTextNode(text);
        const p = h('p', this.last);
        p.dir = 'auto';
        this.text.append(p);
      } else this.last.appendData(part);
    }
    if (this.cursor) this.text.lastElementChild?.append(this.cursor);
    if (keep && this.open) this.text.scrollTop = this.text.scrollHeight;
  }

  /** @param {number} tokens @param {number} ms @param {number} most below 0: no limit */
  count(tokens, ms, most) {
    const of = most >= 0 ? `${count(tokens)} of ${count(most)} tokens` : `${count(tokens)} tokens`;
    const fast = ms > 500 ? speed(tokens, ms) : '';
    this.sum.textContent = `Thinking · ${of}${fast && ` · ${fast}`}`;
    this.budget.hidden = most <= 0;
    if (most > 0) this.bar.style.width = `${Math.min(100, 100 * tokens / most)}%`;
  }

  /** @param {Parameters<typeof thoughtLine>[0]} sum @param {boolean} open */
  finish(sum, open) {
    this.node.hidden = sum.tokens === 0 && !this.shown;
    this.node.classList.remove('arriving');
    this.now?.remove();
    this.cursor?.remove();
    this.now = this.cursor = undefined;
    this.budget.hidden = true;
    this.sum.textContent = this.sum.title = thoughtLine(sum);
    if (!this.touched) this.setOpen(open);
  }
}

// @ts-check
// traces.mjs - which trace the pane shows: that of the turn that runs, of an
// answer of this visit, or of a file.  Traces of the last answers are kept in
// memory only.
import { byId } from './dom.mjs';
import { build } from './build.mjs';
import { notify } from './notices.mjs';
import { leafBelow, messageOf } from './store.mjs';
import { TracePane } from './trace-pane.mjs';

const KEPT = 32;

/** @typedef {import('./store.mjs').Message} Message */
/** @typedef {import('./store.mjs').Chat} Chat */

export class Traces {
  /** @param {any} page */
  constructor(page) {
    this.page = page;
    /** @type {Map<Message, {text: string, request: any}>} */
    this.kept = new Map();
    /** @type {Message|null} */
    this.shown = null;
    /** @type {{source: string, begin: number[], seed: number|undefined}|null} */
    this.fork = null;
    this.pane = new TracePane(byId('trace'), new URL(build.wasm, import.meta.url).href, {
      fork: (begin, text) => this.forkFrom(begin, text),
      failed: text => notify({ code: 'me18', text, level: 'error' }) });
    const button = byId('trace-open');
    button.addEventListener('click', () => this.toggle());
    new MutationObserver(() => {
      button.setAttribute('aria-pressed', String(this.pane.open));
      page.engine.watchTrace(this.pane.open);
    }).observe(this.pane.node, { attributes: true, attributeFilter: ['hidden'] });
  }

  /** Of the last answer, or of the one that is written. */
  toggle() {
    if (this.pane.open) { this.pane.show(false); return; }
    this.show([...this.kept.keys()].pop());
  }

  /** @param {Message} [m] */
  show(m) {
    const trace = m && this.kept.get(m);
    this.shown = m ?? null;
    this.pane.show(true);
    if (trace?.text) this.pane.take(trace.text);
  }

  /** @param {Message} m */
  has(m) { return Boolean(this.kept.get(m)?.text); }

  /** The request of a turn, with what a trace needs.  From here on its record
   * is taken. @param {Message} m the answer @param {any} request */
  request(m, request) {
    if (this.fork) {
      request.begin = this.fork.begin;
      request.source = this.fork.source;
      if (this.fork.seed !== undefined) request.sampling.seed = this.fork.seed;
      this.fork = null;
    }
    request.experts = 1;
    const entry = { text: '', request };
    this.kept.delete(m);
    this.kept.set(m, entry);
    for (const old of this.kept.keys()) if (this.kept.size > KEPT) this.kept.delete(old);
    if (this.pane.open) this.shown = m;
    let first = true;
    this.page.engine.watchTrace(this.pane.open);
    this.page.engine.ontrace = (/** @type {string} */ text) => {
      entry.text = text;
      if (this.shown === m || (this.pane.open && !this.shown)) {
        this.pane.take(text, { grows: !first });
        first = false;
      }
    };
    return request;
  }

  /** A new branch of the shown answer. @param {number[]} begin @param {string} text */
  forkFrom(begin, text) {
    const { page, shown } = this, entry = shown && this.kept.get(shown);
    const parent = shown && messageOf(page.chat, shown.parent);
    if (!entry || !parent || page.writer) {
      notify({ code: 'mn15', text: parent ? 'The answer is still being written.'
        : 'This trace is not of the chat that is open: nothing can be forked.', level: 'warn' });
      return;
    }
    this.fork = { source: entry.text, begin, seed: entry.request.sampling?.seed };
    page.chat.leaf = parent.id;
    page.transcript.show(page.chat, page.settings.thoughts === 'open');
    page.write(page.chat, parent);
    notify({ code: 'mn15', text: `The draw was changed at token ${begin.length - 1}: “${text}”.`,
      deed: { name: 'Undo', act: () => {
        if (page.writer) return;
        page.chat.leaf = leafBelow(page.chat, shown);
        page.transcript.show(page.chat, page.settings.thoughts === 'open');
      } } });
  }

  /** @param {File} file */
  async open(file) {
    const text = await file.text();
    this.shown = null;
    this.pane.show(true);
    await this.pane.take(text);
  }
}

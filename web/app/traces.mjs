// @ts-check
// traces.mjs - which trace the pane shows: that of the turn that runs, of an
// answer of the chat, or of a file.  Records are kept with their chats.
import { byId } from './dom.mjs';
import { build } from './build.mjs';
import { EngineError } from './engine.mjs';
import { highlights, placeOf } from './find.mjs';
import { when } from './form.mjs';
import { notify } from './notices.mjs';
import { leafBelow, messageOf, siblingsOf } from './store.mjs';
import { FLAGS, SPAN, TAG, TEXT, WITHDRAWN, shown } from './trace-rows.mjs';
import { TracePane } from './trace-pane.mjs';
import { TarnError } from './module.mjs';
import { TraceView } from './trace-view.mjs';
import { TraceStore } from './trace-store.mjs';
import { words } from './words.mjs';

/** @typedef {import('./store.mjs').Message} Message */
/** @typedef {import('./store.mjs').Chat} Chat */

const NOTHING = 'The trace begins with the next answer.';
const MODULE = new URL(build.wasm, import.meta.url).href, BAD_FILE = 3, NO_MEMORY = 4;
const NOT_RECORDED = 'Nothing is recorded of this answer.';

/** Which of the texts are no traces, and why.  What there is no memory or no
 * module for is kept as it is. @param {Map<number, any>} texts by message */
async function damaged(texts) {
  const view = texts.size ? await TraceView.load(MODULE).catch(() => null) : null, lost = [];
  for (const [id, text] of texts) {
    try {
      if (typeof text !== 'string') throw new TarnError('the trace is no text', BAD_FILE);
      view?.open(text);
    } catch (e) {
      if (e instanceof TarnError && e.status !== NO_MEMORY) lost.push({ id, reason: e.message });
    }
  }
  return lost;
}

export class Traces {
  /** @param {any} page */
  constructor(page) {
    this.page = page;
    this.store = new TraceStore(page.store);
    /** The turn that runs or ran last. @type {{m: Message, text: string}|null} */
    this.now = null;
    /** @type {Message|null} */
    this.shown = null;
    /** @type {{source: string, begin: number[], seed: number|undefined}|null} */
    this.fork = null;
    this.pane = new TracePane(byId('trace'), MODULE, {
      fork: (begin, text) => this.forkFrom(begin, text),
      failed: text => notify({ code: 'me18', text, level: 'error' }),
      reproduce: text => this.reproduce(text), stop: () => page.engine.stop(),
      others: () => this.others(), reveal: () => this.reveal(),
      point: (whole, i) => this.point(whole, i) });
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
    this.show(this.page.transcript.lastReply()?.m);
  }

  /** @param {Message} m of the chat that is shown */
  nameOf(m) {
    const all = siblingsOf(this.page.chat, m), at = all.indexOf(m) + 1;
    return `Answer of ${when(m.at)}${all.length > 1 ? `, branch ${at} / ${all.length}` : ''}`;
  }

  /** @param {Message} m @returns {Promise<string>} */
  async textOf(m) {
    if (this.now?.m === m && this.now.text) return this.now.text;
    return this.store.get(this.page.chat, m.id).catch(() => '');
  }

  /** @param {Message} [m] */
  async show(m) {
    this.shown = m ?? null;
    this.pane.show(true);
    const text = m ? await this.textOf(m) : '';
    if (this.shown !== (m ?? null)) return;
    if (text && m) await this.pane.take(text, { name: this.nameOf(m) });
    else this.pane.clear(m && this.now?.m !== m ? NOT_RECORDED : NOTHING);
  }

  /** Another chat is shown. */
  left() {
    if (this.pane.open) this.show(this.page.transcript.lastReply()?.m);
  }

  /** What the turn's request needs so that it is recorded, and so that its record
   * is taken. @param {Message} m the answer @param {any} request */
  request(m, request) {
    if (this.fork) {
      request.begin = this.fork.begin;
      request.source = this.fork.source;
      if (this.fork.seed !== undefined) request.sampling.seed = this.fork.seed;
      this.fork = null;
    }
    request.experts = 1;
    const entry = this.now = { m, text: '' };
    if (this.pane.open) this.shown = m;
    let first = true;
    this.page.engine.watchTrace(this.pane.open);
    this.page.engine.ontrace = (/** @type {string} */ text) => {
      entry.text = text;
      if (this.shown === m) {
        this.pane.take(text, { grows: !first, name: this.nameOf(m) });
        first = false;
      }
    };
    return request;
  }

  /** The turn has ended: its record goes where the chat is.
   * @param {Chat} chat @param {Message} m */
  keep(chat, m) {
    const text = this.now?.m === m ? this.now.text : '';
    if (!text) return;
    m.traced = true;
    this.store.put(chat, m.id, text).catch(e => {
      m.traced = false;
      notify({ ...words.traceNotSaved(e instanceof Error ? e.message : String(e)), level: 'warn' });
    });
  }

  /** Records that came with a chat; what is damaged is left out and told.
   * @param {Chat} chat @param {Map<number, any>} texts */
  async keepAll(chat, texts) {
    const lost = await damaged(texts);
    if (lost.length) notify({ ...words.tracesLost(lost), level: 'error' });
    for (const [id, text] of texts) {
      const m = messageOf(chat, id);
      if (lost.some(l => l.id === id)) continue;
      if (m) m.traced = true;
      await this.store.put(chat, id, text);
    }
  }

  /** @param {Chat} chat @returns {Promise<Map<number, string>>} by message */
  async textsOf(chat) {
    const texts = new Map();
    for (const m of chat.messages) {
      const text = m.traced ? await this.store.get(chat, m.id).catch(() => '') : '';
      if (text) texts.set(m.id, text);
    }
    return texts;
  }

  /** @param {Chat[]} chats that are there */
  sweep(chats) { this.store.sweep(chats).catch(() => {}); }

  /** Other branches of the shown answer. */
  others() {
    const { shown: m, page } = this;
    if (!m || messageOf(page.chat, m.id) !== m) return [];
    return siblingsOf(page.chat, m).flatMap((/** @type {Message} */ x, /** @type {number} */ i) => x === m || !x.traced ? []
      : [{ name: `Branch ${i + 1}`, text: () => this.textOf(x) }]);
  }

  /** Scrolls the chat to the shown answer. */
  reveal() {
    const view = this.shown && this.page.transcript.views.get(this.shown.id);
    if (!view) return false;
    view.node.scrollIntoView({ block: 'center' });
    view.node.focus({ preventScroll: true });
    return true;
  }

  /** Marks the token under the pointer in the chat, where it is shown as it was
   * written. @param {import('./trace-rows.mjs').Whole|null} whole @param {number} i */
  point(whole, i) {
    const view = this.shown && this.page.transcript.views.get(this.shown.id), t = whole?.tokens[i];
    const top = !view || !whole || !t || t[FLAGS] & (TAG | WITHDRAWN) ? null : t[SPAN] === 1 ? view.thought?.text : t[SPAN] === 2 ? view.answer?.node : null;
    let text = '', from = 0;
    if (top) whole?.tokens.forEach((k, at) => {
      if (at === i) from = text.length;
      if (k[SPAN] === t?.[SPAN] && !(k[FLAGS] & (TAG | WITHDRAWN))) text += k[TEXT];
    });
    const range = top && t ? placeOf(top, text, from, from + t[TEXT].length) : null;
    highlights?.set('trace-now', new globalThis.Highlight(...range ? [range] : []));
  }

  /** @param {string} text of the trace
   * @returns {Promise<{good: boolean, text: string, again?: string}>} */
  async reproduce(text) {
    const { page } = this;
    if (page.writer) return { good: false, text: 'An answer is being written: stop it first.' };
    try {
      await page.loaded.catch(() => {});
      const r = await page.engine.replay(text), again = r.again;
      if (r.same) return { good: true, text: words.reproduced(r.tokens).text };
      const was = this.pane.whole?.tokens[r.at]?.[0], is = again ? tokenText(again, r.at) : undefined;
      if (is === undefined && r.what === 'length') return { good: false, text: 'Stopped.' };
      const said = words.notReproduced(r.at, shown(is ?? 'its end'), shown(was ?? 'its end')).text;
      return { good: false, text: r.what === 'token' ? said : `${said} (${r.what})`, again };
    } catch (e) {
      const busy = e instanceof EngineError && e.died;
      return { good: false, text: busy ? words.stoppedWorking(e.message).text : e instanceof Error ? e.message : String(e) };
    }
  }

  /** A new branch of the shown answer. @param {number[]} begin @param {string} text */
  forkFrom(begin, text) {
    const { page, shown: m } = this, parent = m && messageOf(page.chat, m.parent);
    if (!m || !parent || page.writer || messageOf(page.chat, m.id) !== m) {
      notify({ code: 'mn15', text: parent ? 'The answer is still being written.'
        : 'This trace is not of the chat that is open: nothing can be forked.', level: 'warn' });
      return;
    }
    const { whole } = this.pane, seed = Number(whole?.seed), was = whole?.tokens[this.pane.look.selected]?.[0] ?? '';
    this.fork = { source: this.pane.text, begin, seed: Number.isSafeInteger(seed) ? seed : undefined };
    page.chat.leaf = parent.id;
    page.transcript.show(page.chat, page.settings.thoughts === 'open');
    page.write(page.chat, parent);
    notify({ code: 'mn15', text: `The draw was changed at token ${begin.length - 1}: “${shown(text)}” instead of “${shown(was)}”.`,
      deed: { name: 'Undo', act: () => {
        if (page.writer) return;
        page.chat.leaf = leafBelow(page.chat, m);
        page.transcript.show(page.chat, page.settings.thoughts === 'open');
      } } });
  }

  /** @param {File} file */
  async open(file) {
    this.shown = null;
    this.pane.show(true);
    await this.pane.takeFile(file);
  }
}

/** Text of a token in a trace's file. @param {string} text @param {number} i */
function tokenText(text, i) {
  const part = JSON.parse(text).tokens[i]?.[1];
  return Array.isArray(part) ? new TextDecoder().decode(new Uint8Array(part)) : part;
}

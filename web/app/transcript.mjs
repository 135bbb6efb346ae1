// @ts-check
// transcript.mjs - the chat on the screen: one article per message.  It shows
// what it is told and hands every act to `acts`.
import { button, byId, h, openMenu, signButton } from './dom.mjs';
import { count, counted, duration, speed, when } from './form.mjs';
import { shownMessage } from './attach.mjs';
import { Answer } from './markdown.mjs';
import { drawNotice } from './notices.mjs';
import { Thought } from './thought.mjs';
import { pathOf, siblingsOf } from './store.mjs';
import { budgetReached, ends } from './words.mjs';

/**
 * @typedef {import('./store.mjs').Message} Message
 * @typedef {import('./store.mjs').Chat} Chat
 * @typedef {import('./writer.mjs').Over} Over
 * @typedef {{regenerate: (m: Message, over?: Over) => void, branch: (m: Message, step: number) => void,
 *   edit: (m: Message, text: string) => void, resume: (m: Message) => void, undoLoop: (m: Message) => void,
 *   breakCircle: () => void, stop: () => void, trace: (m: Message) => void, goOn: (m: Message) => void, leaveOut: () => void,
 *   budget: () => number, temperature: () => number, copied: () => void}} Acts
 */

/** Follows the end of a scroller until somebody scrolls up (UX 4.1.4). */
export class Follow {
  /** @param {HTMLElement} scroller @param {HTMLElement} content what it scrolls
   * @param {HTMLElement} newer */
  constructor(scroller, content, newer) {
    this.scroller = scroller;
    this.newer = newer;
    this.on = true;
    let last = 0;
    scroller.addEventListener('scroll', () => {
      if (scroller.scrollTop < last - 1) this.on = false;
      if (this.atEnd()) this.on = true;
      last = scroller.scrollTop;
      if (this.on) newer.hidden = true;
    }, { passive: true });
    newer.addEventListener('click', () => this.toEnd());
    /* Turns that come into sight get their real height only then. */
    new ResizeObserver(() => { if (this.on) this.keep(); }).observe(content);
  }

  atEnd() {
    const s = this.scroller;
    return s.scrollHeight - s.scrollTop - s.clientHeight <= 24;
  }

  /** After a change. */
  keep() {
    if (this.on) this.scroller.scrollTop = this.scroller.scrollHeight;
    else this.newer.hidden = this.atEnd();
  }

  toEnd() { this.on = true; this.newer.hidden = true; this.keep(); }
}

/** A message of the person. */
class Question {
  /** @param {Message} m @param {Chat} chat @param {Acts} acts */
  constructor(m, chat, acts) {
    this.m = m;
    this.acts = acts;
    const who = { tool: 'Result', system: 'Instructions' }[/** @type {string} */ (m.role)];
    const name = h('h2.sr', `${who ?? 'Your message'}, ${when(m.at)}`);
    const block = h('div.block', ...shownMessage(m.text, m.files));
    block.dir = 'auto';
    this.bar = h('div.acts', branches(m, chat, acts),
      who ? '' : button('flat', () => this.edit(), 'Edit'), copyButton(() => m.text, acts));
    this.node = h('article.turn.you', name, h('div.who', this.bar, who ?? 'You'), block);
    this.block = block;
  }

  /** In place; the old text stays as a branch. */
  edit() {
    this.bar.hidden = true;
    editInPlace(this.m, this.block, 'Edit the message', 'Send as a new branch', this.acts,
      () => { this.bar.hidden = false; });
  }
}

/** A text field in place of a node, until it is closed. @param {Message} m @param {HTMLElement} node
 * @param {string} name @param {string} go @param {Acts} acts @param {() => void} closed */
function editInPlace(m, node, name, go, acts, closed) {
  const text = /** @type {HTMLTextAreaElement} */ (h('textarea'));
  text.value = m.text;
  text.setAttribute('aria-label', name);
  const close = () => { box.replaceWith(node); closed(); };
  const send = () => {
    const changed = text.value.trim();
    close();
    if (changed && changed !== m.text) acts.edit(m, changed);
  };
  const box = h('div.edit', text, h('div.go', button('btn', close, 'Cancel'), mainButton(send, go)));
  text.addEventListener('keydown', e => {
    if (e.key === 'Escape') { e.stopPropagation(); close(); }
  });
  node.replaceWith(box);
  text.focus();
}

/** @param {() => void} act @param {string} name */
function mainButton(act, name) {
  const b = button('btn', act, name);
  b.classList.add('main');
  return b;
}

/** @param {() => string} text @param {Acts} acts */
function copyButton(text, acts) {
  return button('flat', async () => {
    await navigator.clipboard.writeText(text());
    acts.copied();
  }, 'Copy');
}

/** ‹ 2 / 3 › @param {Message} m @param {Chat} chat @param {Acts} acts */
function branches(m, chat, acts) {
  const all = siblingsOf(chat, m), at = all.indexOf(m) + 1;
  const box = h(all.length > 1 ? 'span.branch.several' : 'span.branch');
  if (all.length < 2) { box.hidden = true; return box; }
  const prev = signButton('left', `Previous branch, ${at} of ${all.length}`, () => acts.branch(m, -1));
  const next = signButton('right', 'Next branch', () => acts.branch(m, 1));
  prev.disabled = at === 1;
  next.disabled = at === all.length;
  box.append(prev, h('span.hint.count', `${at} / ${all.length}`), next);
  return box;
}

/** A line below an answer. @param {string} text @param {...[string, () => void]} deeds */
function note(text, ...deeds) {
  const p = h('p.ended', text);
  for (const [name, act] of deeds) p.append(' ', button('link', act, name));
  return p;
}

/** An answer with its thought. */
export class Reply {
  /** @param {Message} m @param {Chat} chat @param {Acts} acts */
  constructor(m, chat, acts) {
    this.m = m;
    this.chat = chat;
    this.acts = acts;
    this.thought = new Thought(m.id);
    this.answer = new Answer();
    this.reading = h('div.reading.hint');
    this.reading.hidden = true;
    this.calls = h('div.calls');
    this.tail = h('div');
    const by = m.edited ? `${m.model || 'tarn'} · edited` : m.model || 'tarn';
    this.name = h('h2.sr', `Answer by ${by}, ${when(m.at)}`);
    this.node = h('article.turn', this.name, h('div.who', by), this.reading,
      this.thought.node, this.answer.node, this.calls, this.tail);
  }

  /** Tokens of the prompt that have been read. @param {number} done @param {number} total */
  showReading(done, total) {
    if (!this.bar) {
      this.bar = h('i');
      this.reading.replaceChildren(h('span'), h('span.bar2', this.bar));
    }
    /** @type {HTMLElement} */ (this.reading.firstChild).textContent =
      `Reading ${counted(total, 'token')}…`;
    this.bar.style.width = `${100 * done / Math.max(1, total)}%`;
    this.reading.hidden = false;
  }

  /** @param {string} text a wait text, or "" */
  wait(text) {
    this.bar = undefined;
    this.reading.replaceChildren(text);
    this.reading.hidden = !text;
  }

  /** Everything that a finished message shows. @param {boolean} openThought */
  finish(openThought) {
    const { m, acts } = this, s = m.stat;
    this.wait('');
    if (m.thought) this.thought.set(m.thought);
    this.thought.finish({ tokens: s?.thought ?? 0, ms: s?.thought_ms ?? 0, end: s?.end,
      hesitations: s?.hesitations, loops: s?.loops }, openThought);
    this.showCircle('');
    this.thought.node.hidden = !m.thought;
    this.answer.set(m.text);
    if (!this.calls.hasChildNodes())
      this.calls.replaceChildren(...(m.calls ?? []).map(text => h('pre.call', text)));
    this.tail.replaceChildren(...this.notices());
    const stat = s && s.answer ? h('span.hint.stat', `${counted(s.answer, 'token')} in ${duration(s.answer_ms)}` +
      (speed(s.answer, s.answer_ms) && ` · ${speed(s.answer, s.answer_ms)}`)) : '';
    const more = signButton('more', 'More', () => openMenu(more, this.menu()));
    more.setAttribute('aria-haspopup', 'menu');
    this.tail.append(h('div.acts', branches(m, this.chat, this.acts), copyButton(() => m.text, this.acts),
      button('flat', () => acts.regenerate(m), 'Regenerate'), button('flat.wide-only', () => this.edit(), 'Edit'),
      button('flat.wide-only', () => acts.trace(m), 'Trace'), more, stat));
  }

  /** An answer that goes round is not broken by itself (UX 7.1.5). @param {string} text */
  showCircle(text) {
    if ((this.circle?.textContent ?? '') === '' && !text) return;
    if (!text) { this.circle?.remove(); this.circle = undefined; return; }
    if (this.circle) return;
    const off = (/** @type {() => void} */ act) => () => { this.circle?.remove(); act(); };
    this.circle = h('div.circle', h('span', text), h('span.go',
      button('btn.small', off(() => this.acts.breakCircle()), 'Break the circle'), button('btn.small', off(() => this.acts.stop()), 'Stop')));
    this.circle.setAttribute('role', 'status');
    this.tail.before(this.circle);
  }

  /** What a person should know of the turn, with what can be done about it. @returns {HTMLElement[]} */
  notices() {
    const { m, acts } = this, s = m.stat;
    /** @type {[string, () => void][]} */
    const back = m.back?.length ? [['Undo', () => acts.undoLoop(m)], ['Trace', () => acts.trace(m)]] : [];
    const list = (m.notices ?? []).map((text, i, all) => note(text, ...i === all.length - 1 ? back : []));
    /** @type {[string, () => void][]} */
    const resume = m.ids?.length || m.text ? [['Continue', () => acts.resume(m)]] : [];
    if (s?.end === 'budget') {
      const n = s.budget ?? s.thought, more = Math.max(256, 2 * n);
      list.push(note(budgetReached(n), [`Regenerate with ${count(more)}`, () => acts.regenerate(m, { budget: more })]));
    }
    const ended = s && ends.get(s.reason);
    if (ended) list.push(note(ended, ...s.reason === 'context' ? /** @type {[string, () => void][]} */ ([
      ['New chat from here', () => acts.goOn(m)], ['Leave out oldest turns…', () => acts.leaveOut()]]) : resume));
    if (!s && !m.edited) list.push(note('tarn was closed while this was being written.', ...resume));
    return list;
  }

  /** The text that a person makes of it is another branch. */
  edit() {
    editInPlace(this.m, this.answer.node, 'Edit the answer', 'Keep as a new branch', this.acts, () => {});
  }

  menu() {
    const { m, acts } = this, t = acts.temperature(), budget = acts.budget();
    const copy = (/** @type {string} */ text) => navigator.clipboard.writeText(text).then(this.acts.copied);
    return [
      { name: 'Copy answer', act: () => copy(m.text) },
      { name: 'Copy answer with thought',
        act: () => copy((m.thought ? m.thought.replace(/^/gm, '> ') + '\n\n' : '') + m.text) },
      { name: 'Trace', act: () => acts.trace(m) },
      { name: 'Edit', act: () => this.edit() },
      { name: 'Regenerate', act: () => acts.regenerate(m) },
      ...budget >= 0 ? [{ name: 'Regenerate with a longer budget', act: () => acts.regenerate(m, { budget: Math.max(256, 2 * budget) }) }] : [],
      { name: 'Regenerate cooler', act: () => acts.regenerate(m, { temperature: t / 2 }) },
      { name: 'Regenerate warmer', act: () => acts.regenerate(m, { temperature: Math.min(5, t + 0.4) }) },
    ];
  }

  /** @param {string} sentence */
  fail(sentence) {
    const p = h('p.bad', sentence);
    p.setAttribute('role', 'alert');
    this.tail.prepend(p);
  }
}

export class Transcript {
  /** @param {Acts} acts */
  constructor(acts) {
    this.acts = acts;
    this.log = byId('log');
    this.empty = byId('empty');
    this.follow = new Follow(byId('scroll'), this.log, byId('newer'));
    /** @type {Map<number, Question|Reply>} */
    this.views = new Map();
    this.log.addEventListener('keydown', e => this.keys(e));
  }

  /** @param {Chat} chat @param {boolean} openThoughts */
  show(chat, openThoughts) {
    const path = pathOf(chat);
    this.views.clear();
    this.log.replaceChildren();
    for (const m of path) {
      const view = this.add(chat, m);
      if (view instanceof Reply) view.finish(openThoughts);
    }
    this.log.hidden = path.length === 0;
    this.empty.hidden = path.length > 0;
    byId('main').classList.toggle('talking', path.length > 0);
    drawNotice();
    this.log.setAttribute('aria-label', `Chat “${chat.title || 'New chat'}”`);
    this.follow.toEnd();
  }

  /** @param {Chat} chat @param {Message} m */
  add(chat, m) {
    const view = m.role !== 'assistant' ? new Question(m, chat, this.acts) : new Reply(m, chat, this.acts);
    this.views.set(m.id, view);
    view.node.tabIndex = -1;
    for (const old of this.log.querySelectorAll('.turn.last')) old.classList.remove('last');
    view.node.classList.add('last');
    this.log.append(view.node);
    this.log.hidden = false;
    this.empty.hidden = true;
    byId('main').classList.add('talking');
    drawNotice();
    return view;
  }

  /** The last turn is shown anew. @param {Message} m */
  drop(m) {
    this.views.get(m.id)?.node.remove();
    this.views.delete(m.id);
  }

  lastReply() {
    return [...this.views.values()].reverse().find(v => v instanceof Reply);
  }

  /** Alt+up and Alt+down go from turn to turn. @param {KeyboardEvent} e */
  keys(e) {
    if (!e.altKey || (e.key !== 'ArrowUp' && e.key !== 'ArrowDown')) return;
    const turns = /** @type {HTMLElement[]} */ ([...this.log.children]);
    const at = turns.findIndex(t => t.contains(document.activeElement));
    const next = turns[at + (e.key === 'ArrowUp' ? -1 : 1)];
    if (next) { next.focus(); e.preventDefault(); }
  }
}


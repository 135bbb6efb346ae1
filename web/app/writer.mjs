// @ts-check
// writer.mjs - one turn from its start to its end: asks the engine, gathers
// its events, paints them once per frame, keeps the message.
import { announce } from './notices.mjs';
import { speed, thoughtLine } from './form.mjs';
import { readPathOf } from './store.mjs';

/**
 * @typedef {import('./store.mjs').Chat} Chat
 * @typedef {import('./store.mjs').Message} Message
 * @typedef {import('./transcript.mjs').Reply} Reply
 * @typedef {import('./settings.mjs').Settings} Settings
 */

const SAVE_MS = 2000, LIMIT = 9;

/** Numbers by which the engine knows messages again. */
const keys = new WeakMap();
let lastKey = 0;

/** @param {Message} m @returns {number} */
function keyOf(m) {
  if (!keys.has(m)) keys.set(m, ++lastKey);
  return keys.get(m);
}

/** Keys for messages that the engine will add itself. @param {number} n */
export function nextKeys(n) {
  first = lastKey + 1;
  lastKey += n;
  return first;
}
let first = 0;
export const firstKey = () => first;

/** @param {Message} m @param {number} key */
export const setKey = (m, key) => keys.set(m, key);

/** What is different in one turn: a branch with other settings, one that begins
 * with tokens of another (a fork), or a stopped answer that goes on.
 * @typedef {{budget?: number, temperature?: number, begin?: number[], keepLoops?: boolean, goOn?: Message}} Over */

/** The draws are the same when an answer goes on. @param {Message} answer @param {number} attempt
 * @param {Settings} s @param {Over} over */
function drawOf(answer, attempt, s, over) {
  if (over.goOn && answer.draw) return answer.draw;
  return { attempt, seed: s.seed ? Number(s.seed) : Math.floor(Math.random() * 2 ** 48) };
}

/** @param {Message} m */
const written = m => ({ key: keyOf(m), role: m.role, text: m.text, thinking: m.thought || undefined,
  ids: m.edited ? undefined : m.ids, calls: m.calls });

/**
 * @param {Chat} chat @param {Message} parent @param {Message} answer
 * @param {number} attempt @param {Settings} s @param {Over} over
 */
export function requestOf(chat, parent, answer, attempt, s, over) {
  const path = readPathOf(chat, parent.id).map(written), draw = answer.draw = drawOf(answer, attempt, s, over);
  /** @type {Record<string, number>} */
  const sampling = { seed: draw.seed };
  if (s.temperature) sampling.temperature = Number(s.temperature);
  if (over.temperature !== undefined) sampling.temperature = over.temperature;
  const request = { chat: chat.id, tools: s.tools, schema: chat.schema, begin: over.begin ?? [], keep_loops: over.keepLoops ?? !s.breakLoops,
    attempt: draw.attempt, budget: s.budget < 0 ? undefined : s.budget, sampling };
  /* The answer is in the path already and has its key. */
  if (over.goOn) return { ...request, go_on: true, path: [...path, { ...written(answer), finished: false }] };
  return { ...request, path, answer: keyOf(answer) };
}

export class Writer {
  /**
   * @param {{chat: Chat, m: Message, reply: Reply|null, settings: Settings,
   *   answerNow: () => void, save: () => void, painted: () => void}} o
   */
  constructor(o) {
    this.o = o;
    this.thought = '';
    this.tokens = 0;        // of the thought so far
    this.written = 0;       // of the answer so far
    this.began = 0;         // ms of the turn at which the span began
    this.now = 0;
    this.thinking = false;
    this.call = '';         // the piece of a call that has come
    this.circle = '';       // what is said of a circle in the answer
    this.asked = false;     // "answer now" was pressed
    /** @type {any} */
    this.end = null;
    /** @type {{done: number, total: number}|null} */
    this.readingNow = null;
    this.dirty = false;
    this.saved = performance.now();
  }

  /** @param {any[]} list */
  take(list) {
    for (const ev of list) this.one(ev);
    if (this.dirty) return;
    this.dirty = true;
    /* A tab in the background gets no frames. */
    if (document.hidden) this.paint(); else requestAnimationFrame(() => this.paint());
  }

  /** @param {any} ev */
  one(ev) {
    const { m } = this.o;
    this.now = ev.ms || this.now;
    if (ev.e === 'reading') this.readingNow = { done: ev.done, total: ev.total };
    else if (ev.e === 'span') {
      this.thinking = ev.span === 'thought';
      this.began = ev.ms;
      this.readingNow = null;
      if (this.thinking) this.begins = true;
    } else if (ev.e === 'span-end' && ev.span === 'thought') this.thinking = false;
    else if (ev.e === 'text' && ev.span === 'thought') this.thought += ev.text;
    else if (ev.e === 'call') {
      /* A long one comes in pieces. */
      this.call += ev.text;
      if (ev.more) return;
      (m.calls ??= []).push(this.call);
      this.call = '';
    }
    else if (ev.e === 'text') m.text += ev.text;
    else if (ev.e === 'token') {
      if (ev.span === 'thought') this.tokens++; else this.written++;
      (m.ids ??= []).push(ev.id);
    } else if (ev.e === 'notice' && ev.circle) this.circle = ev.text;
    else if (ev.e === 'notice') (m.notices ??= []).push(ev.text);
    else if (ev.e === 'was-thought') {
      /* The answer so far was the thought. */
      this.thought += m.text;
      this.tokens += this.written;
      m.text = '';
      this.written = 0;
      this.begins = true;
    } else if (ev.e === 'withdrawn') {
      /* Taken back (a circle); what stays is counted in bytes. */
      this.circle = '';
      m.back = m.ids?.slice();
      if (m.ids) m.ids.length = ev.at;
      const bytes = new TextEncoder().encode(ev.span === 'thought' ? this.thought : m.text);
      const kept = new TextDecoder().decode(bytes.subarray(0, ev.keep));
      if (ev.span === 'thought') {
        this.thought = kept;
        this.tokens = Math.max(0, this.tokens - ev.tokens);
      } else {
        m.text = kept;
        this.written = Math.max(0, this.written - ev.tokens);
      }
    } else if (ev.e === 'end') this.end = ev;
  }

  paint() {
    this.dirty = false;
    const { reply, m, settings } = this.o;
    if (this.thought) m.thought = this.thought;
    if (!this.end && performance.now() - this.saved > SAVE_MS) {
      this.saved = performance.now();
      this.o.save();
    }
    if (!reply) return;
    if (this.readingNow && this.readingNow.total > this.readingNow.done)
      reply.showReading(this.readingNow.done, this.readingNow.total);
    else if (this.thought || m.text || this.tokens) reply.wait('');
    if (this.begins) {
      this.begins = false;
      announce('Thinking');
      reply.thought.begin(this.o.answerNow, settings.thoughts !== 'folded');
    }
    reply.thought.set(this.thought);
    if (this.thinking) reply.thought.count(this.tokens, this.now - this.began, settings.budget);
    else if (this.thought && !this.folded) this.foldThought();
    reply.answer.set(m.text);
    reply.showCircle(this.end ? '' : this.circle);
    this.o.painted();
  }

  /** It did not come as far as it was: what was stays. @param {Partial<Message>} before */
  putBack(before) {
    Object.assign(this.o.m, before);
    this.thought = before.thought ?? '';
    this.tokens = before.stat?.thought ?? 0;
    this.end = { ...this.end, reason: 'cancelled', sum: undefined, thought: before.stat?.thought, thought_ms: before.stat?.thought_ms,
      answer: before.stat?.answer, answer_ms: before.stat?.answer_ms };
  }

  foldThought() {
    this.folded = true;
    const { reply, settings } = this.o;
    const sum = { tokens: this.tokens, ms: Math.max(1, this.now - this.began) };
    reply?.thought.finish(sum, settings.thoughts === 'open');
    announce(thoughtLine(sum));
  }

  /** The turn has ended: the message gets its figures.
   * @param {''|'failed'|'context'} failure */
  finish(failure) {
    const { m, reply, settings } = this.o, e = this.end ?? {};
    this.paint();
    m.finished = !failure;
    const sum = e.sum ?? {};
    m.stat = { thought: sum.tokens ?? e.thought ?? this.tokens, thought_ms: sum.ms ?? e.thought_ms ?? 0,
      answer: e.answer ?? this.written, answer_ms: e.answer_ms ?? 0,
      reason: failure || (e.status === LIMIT ? 'context' : e.reason) || 'failed', context: (e.prompt ?? 0) + (e.tokens ?? 0),
      hesitations: sum.hesitations || undefined, loops: sum.loops_broken || undefined };
    const budget = settings.budget >= 0 && m.stat.thought >= settings.budget && !m.back;
    if (this.asked || sum.end === 'answered') m.stat.end = 'now';
    else if (sum.end === 'budget' || (!sum.end && budget)) Object.assign(m.stat, { end: 'budget', budget: settings.budget });
    else if (sum.end === 'circle') m.stat.end = 'circle';
    else if (e.reason === 'cancelled' && !m.text) m.stat.end = 'stopped';
    if (reply) {
      reply.finish(settings.thoughts === 'open');
      announce(m.text.slice(0, 2000));
    }
    return { speed: speed(m.stat.answer, m.stat.answer_ms), error: e.error,
      context: m.stat.context };
  }
}

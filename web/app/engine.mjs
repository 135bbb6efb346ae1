// @ts-check
// engine.mjs - the page's side of the engine's worker: one model, one turn at
// a time, and a new worker when the old one has died.
import { workerUrl } from './trusted.mjs';

/**
 * @typedef {{kept?: string, file?: Blob, url?: string}} Source
 * @typedef {{name: string, architecture: string, file_type: string,
 *   license: string, backend: string, n_params: number, file_bytes: number,
 *   thinks: boolean, layout_known: boolean, max_context: number,
 *   context: number, threads: number}} Info
 * @typedef {{name: string, arguments: string, effects: string|null, written: string,
 *   result: string|null, times: number, runs_here: boolean, offered: boolean,
 *   allowed: boolean, decision: 'waits'|'denied'|'done'|'refused'}} Call
 */

const STOP_ALL = 0, STOP = 1, ANSWER_NOW = 2, BREAK_CIRCLE = 3;

export class EngineError extends Error {
  /** @param {string} text @param {number} status @param {boolean} died */
  constructor(text, status, died) { super(text); this.status = status; this.died = died; }
}

/** How many threads a page takes. */
export function threadsWanted(chosen = 0) {
  if (!self.crossOriginIsolated) return 1;
  const cores = navigator.hardwareConcurrency || 1;
  if (chosen > 0) return Math.min(chosen, cores);
  return cores < 2 ? 1 : Math.max(2, Math.min(cores - 1, 8));
}

export class Engine {
  constructor() {
    /** @type {Worker|null} */
    this.worker = null;
    /** @type {MessagePort|null} */
    this.control = null;
    /** @type {Info|null} */
    this.info = null;
    /** @type {{ok: (v: any) => void, no: (e: Error) => void}|null} */
    this.asked = null;
    this.running = this.replaying = false;
    this.replaying = false;
    /** Questions that need no turn of their own, by number.
     * @type {Map<number, {ok: (v: any) => void, no: (e: Error) => void}>} */
    this.aside = new Map();
    this.asides = 0;
    /** @type {(list: any[]) => void} */
    this.onevents = () => {};
    /** The turn's record: at its end, and twice a second while somebody looks.
     * @type {(text: string) => void} */
    this.ontrace = () => {};
    /** @type {(done: number, total: number) => void} */
    this.onprogress = () => {};
  }

  /** @param {object} message @returns {Promise<any>} */
  ask(message) {
    if (this.asked) return Promise.reject(new EngineError('The engine is busy.', 8, false));
    const w = this.worker ?? this.start();
    return new Promise((ok, no) => {
      this.asked = { ok, no };
      w.postMessage(message);
    });
  }

  start() {
    const w = new Worker(workerUrl('engine-worker.mjs'), { type: 'module' });
    w.onmessage = e => this.hear(e.data);
    w.onerror = e => { e.preventDefault(); this.die(e.message || 'its worker could not start'); };
    this.worker = w;
    return w;
  }

  /** @param {any} m */
  hear(m) {
    if (m.is === 'progress') this.onprogress(m.done, m.total);
    else if (m.is === 'control') this.control = m.port;
    else if (m.is === 'ready') this.settle(this.info = m.info);
    else if (m.is === 'trace') this.ontrace(m.text);
    else if (m.is === 'hash') this.settle(m.hash);
    else if (m.is === 'answer') this.settle(m.value);
    else if (m.is === 'bench') this.settle(m.times);
    else if (m.is === 'aside') {
      const who = this.aside.get(m.n);
      this.aside.delete(m.n);
      if (m.text === undefined) who?.ok(m.value); else who?.no(new EngineError(m.text, m.status, false));
    }
    else if (m.is === 'failed' && m.trap) this.die(m.text);
    else if (m.is === 'failed') this.settle(null, new EngineError(m.text, m.status, false));
    else if (m.is === 'events') {
      const ended = m.list.some((/** @type {any} */ ev) => ev.e === 'end');
      this.onevents(m.list);
      if (ended) this.settle(undefined);
    }
  }

  /** @param {any} value @param {Error} [error] */
  settle(value, error) {
    const asked = this.asked;
    this.asked = null;
    this.running = this.replaying = false;
    if (error) asked?.no(error); else asked?.ok(value);
  }

  /** The worker is gone: what it did is lost, the chats are not.
   * @param {string} reason */
  die(reason) {
    this.worker?.terminate();
    this.worker = this.control = this.info = null;
    for (const who of this.aside.values()) who.no(new EngineError(reason, 6, true));
    this.aside.clear();
    this.settle(null, new EngineError(reason, 6, true));
  }

  /** Also while a turn runs. @param {object} message @returns {Promise<any>} */
  askAside(message) {
    if (!this.info) return Promise.reject(new EngineError('No model is loaded.', 8, false));
    return new Promise((ok, no) => {
      this.aside.set(++this.asides, { ok, no });
      this.worker?.postMessage({ ...message, n: this.asides });
    });
  }

  /** Tokens of a text, and how much of it the first `most` are.
   * @param {string} text @param {number} most @returns {Promise<{tokens: number, bytes: number}>} */
  count(text, most) { return this.askAside({ do: 'count', text, most }); }

  /** Fails with the core's sentence. @param {string} text @returns {Promise<void>} */
  checkSchema(text) { return this.askAside({ do: 'schema', text }); }

  /** The module is compiled; open() waits for that.
   * @param {{wasm: string, relaxed?: string}} m */
  prepare(m) { (this.worker ?? this.start()).postMessage({ do: 'prepare', ...m }); }

  /** @param {{source: Source, name: string, wasm: string, relaxed?: string,
   *   threads: number, context?: number}} m @returns {Promise<Info>} */
  open(m) {
    this.info = null;
    return this.ask({ do: 'open', ...m });
  }

  /** @param {object} request @returns {Promise<void>} when the turn has ended */
  turn(request) {
    const p = this.ask({ do: 'turn', request });
    this.running = true;
    return p;
  }

  /** @param {number[]} ids @param {number} [beside] @returns {Promise<string>} */
  evalHash(ids, beside = 0) { return this.ask({ do: 'eval', ids, beside }); }

  /** Calls of tools in the answer that has ended. @returns {Promise<Call[]>} */
  calls() { return this.ask({ do: 'calls' }); }

  /** @param {{call: number, how: string, text?: string}} request @returns {Promise<Call[]>} */
  decide(request) {
    return this.ask({ do: 'decide', request: { ...request, offset: -new Date().getTimezoneOffset() } });
  }

  /** @param {number} key @returns {Promise<{go_on: boolean, messages: {role: 'tool'|'user', text: string}[]}>} */
  results(key) { return this.ask({ do: 'results', key }); }

  /** @param {number} prompt @param {number} tokens
   * @returns {Promise<{prefill_ms: number, decode_ms: number}>} */
  bench(prompt, tokens) { return this.ask({ do: 'bench', prompt, tokens }); }

  /** A trace's turn is computed again. @param {string} text
   * @returns {Promise<{same: boolean, tokens: number, at: number, what: string, again?: string}>} */
  replay(text) {
    const p = this.ask({ do: 'replay', text });
    this.running = this.replaying = true;
    return p;
  }

  /** @param {number} kind */
  post(kind) {
    if (!this.running) return;
    if (this.control) this.control.postMessage({ kind });
    else this.worker?.postMessage({ do: 'post', kind });
  }

  /** Somebody looks at the trace while it grows. @param {boolean} on */
  watchTrace(on) { this.worker?.postMessage({ do: 'watch', on }); }

  stop() { this.post(this.replaying ? STOP_ALL : STOP); }
  answerNow() { this.post(ANSWER_NOW); }
  breakCircle() { this.post(BREAK_CIRCLE); }
}

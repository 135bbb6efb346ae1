// @ts-check
// store.mjs - chats, settings and the list of kept models in IndexedDB.
// Where the browser keeps nothing (some private windows) it falls back to
// memory and says so by `lasting`.

/**
 * @typedef {'system'|'user'|'assistant'|'tool'} Role
 * @typedef {{id: number, parent: number, role: Role,
 *   text: string, thought?: string, finished: boolean, at: number,
 *   model?: string, stat?: Stat, edited?: boolean, notices?: string[],
 *   ids?: number[], back?: number[], calls?: string[], traced?: boolean,
 *   files?: import('./attach.mjs').Part[], draw?: {seed: number, attempt: number}}} Message
 *   ids: tokens as they were drawn; back: those of a thought whose circle was
 *   broken, with what was taken back; traced: its record is in `traces`; draw:
 *   what its draws depend on
 * @typedef {{thought: number, thought_ms: number, answer: number,
 *   answer_ms: number, reason: string, end?: string, budget?: number,
 *   hesitations?: number, loops?: number, context?: number}} Stat
 * @typedef {{id: string, title: string, renamed?: boolean, at: number,
 *   model: string, draft: string, next: number, leaf: number,
 *   instructions?: string, schema?: string, from?: number, messages: Message[]}} Chat
 *   instructions: of a chat without messages; schema: of its answers; from:
 *   messages before this one are left out of the context
 * @typedef {{id: string, name: string, file: string, bytes: number,
 *   at: number, n_params?: number, file_type?: string}} Kept
 */

const NAME = 'tarn', VERSION = 2;

/** @param {IDBRequest} r @returns {Promise<any>} */
const done = r => new Promise((ok, no) => {
  r.onsuccess = () => ok(r.result);
  r.onerror = () => no(r.error);
});

export class Store {
  constructor() {
    /** @type {IDBDatabase|null} */
    this.db = null;
    /** @type {Promise<any>} */
    this.ready = Promise.resolve();
    /** @type {Map<string, Map<string, any>>} */
    this.memory = new Map(['chats', 'models', 'settings', 'traces'].map(k => [k, new Map()]));
  }

  get lasting() { return this.db !== null; }

  /** What is asked for meanwhile waits. */
  open() { return this.ready = this.connect(); }

  async connect() {
    try {
      const r = indexedDB.open(NAME, VERSION);
      r.onupgradeneeded = () => {
        for (const name of this.memory.keys())
          if (!r.result.objectStoreNames.contains(name)) r.result.createObjectStore(name, { keyPath: 'id' });
      };
      this.db = await done(r);
      this.db?.addEventListener('versionchange', () => this.db?.close());
    } catch { this.db = null; }
    return this;
  }

  /** @param {string} store @returns {Promise<any[]>} */
  async all(store) {
    await this.ready;
    if (!this.db) return [...(this.memory.get(store)?.values() ?? [])];
    return done(this.db.transaction(store).objectStore(store).getAll());
  }

  /** @param {string} store @param {string} id @returns {Promise<any>} undefined: not there */
  async get(store, id) {
    await this.ready;
    if (!this.db) return this.memory.get(store)?.get(id);
    return done(this.db.transaction(store).objectStore(store).get(id));
  }

  /** @param {string} store @returns {Promise<string[]>} */
  async keys(store) {
    await this.ready;
    if (!this.db) return [...(this.memory.get(store)?.keys() ?? [])];
    return done(this.db.transaction(store).objectStore(store).getAllKeys());
  }

  /** @param {string} store @param {any} value resolves when it is on disk */
  async put(store, value) {
    await this.ready;
    if (!this.db) { this.memory.get(store)?.set(value.id, structuredClone(value)); return; }
    const t = this.db.transaction(store, 'readwrite');
    t.objectStore(store).put(value);
    await new Promise((ok, no) => {
      t.oncomplete = () => ok(undefined);
      t.onabort = t.onerror = () => no(t.error);
    });
  }

  /** @param {string} store @param {string} id */
  async remove(store, id) {
    await this.ready;
    if (!this.db) { this.memory.get(store)?.delete(id); return; }
    await done(this.db.transaction(store, 'readwrite').objectStore(store).delete(id));
  }
}

/** @returns {Chat} */
export function newChat(model = '') {
  return { id: crypto.randomUUID(), title: '', at: Date.now(), model, draft: '',
    next: 1, leaf: 0, messages: [] };
}

/** @param {Chat} chat @param {number} id */
export const messageOf = (chat, id) => chat.messages.find(m => m.id === id);

/** From the first message to `leaf`. @param {Chat} chat @returns {Message[]} */
export function pathOf(chat, leaf = chat.leaf) {
  const path = [];
  for (let m = messageOf(chat, leaf); m; m = messageOf(chat, m.parent)) path.unshift(m);
  return path;
}

/** What of it the model reads: all but what a person left out. @param {Chat} chat @param {number} leaf */
export function readPathOf(chat, leaf) {
  const path = pathOf(chat, leaf), at = path.findIndex(m => m.id === chat.from);
  return at > 0 ? path.filter((m, i) => i >= at || m.role === 'system') : path;
}

/** @param {Chat} chat @param {Message} m messages in the same place */
export const siblingsOf = (chat, m) => chat.messages.filter(x => x.parent === m.parent);

/** The end of the branch that goes on from `m`: always the newest child.
 * @param {Chat} chat @param {Message} m */
export function leafBelow(chat, m) {
  for (;;) {
    const children = chat.messages.filter(x => x.parent === m.id);
    if (!children.length) return m.id;
    m = children[children.length - 1];
  }
}

/**
 * @param {Chat} chat @param {number} parent @param {Role} role
 * @param {string} text @param {string} [name] of the chat, if it has none
 * @returns {Message}
 */
export function addMessage(chat, parent, role, text, name) {
  /** @type {Message} */
  const m = { id: chat.next++, parent, role, text, finished: role !== 'assistant', at: Date.now() };
  chat.messages.push(m);
  chat.leaf = m.id;
  chat.at = m.at;
  if (role === 'user' && !chat.title)
    chat.title = (name || text).trim().replace(/\s+/g, ' ').slice(0, 40);
  return m;
}

/** Markdown of the active path. @param {Chat} chat */
export function chatMarkdown(chat) {
  const parts = [`# ${chat.title || 'New chat'}`];
  for (const m of pathOf(chat))
    parts.push(`## ${m.role === 'user' ? 'You' : m.role === 'tool' ? 'Result' : m.role === 'system' ? 'Instructions' : m.model || 'tarn'}`, m.text.trim());
  return parts.join('\n\n') + '\n';
}

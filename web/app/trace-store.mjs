// @ts-check
// trace-store.mjs - records of turns beside their chats, packed, in IndexedDB.
// A chat that is gone takes its records with it at the next start: until then
// its deletion can be undone.

/** @typedef {import('./store.mjs').Chat} Chat */

/** @param {ReadableStream} stream */
const whole = stream => new Response(stream).arrayBuffer();

/** @param {string} text */
const pack = text => whole(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip')));

/** @param {ArrayBuffer} bytes */
const unpack = async bytes => new TextDecoder().decode(
  await whole(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))));

/** @param {Chat} chat @param {number} message */
const place = (chat, message) => `${chat.id}/${message}`;

export class TraceStore {
  /** @param {import('./store.mjs').Store} store */
  constructor(store) { this.store = store; }

  /** @param {Chat} chat @param {number} message @param {string} text */
  async put(chat, message, text) {
    await this.store.put('traces', { id: place(chat, message), gz: await pack(text) });
  }

  /** @param {Chat} chat @param {number} message @returns {Promise<string>} "" where there is none */
  async get(chat, message) {
    const kept = await this.store.get('traces', place(chat, message));
    return kept ? unpack(kept.gz) : '';
  }

  /** Records of chats that are gone. @param {Chat[]} chats */
  async sweep(chats) {
    const there = new Set(chats.map(c => c.id));
    for (const id of await this.store.keys('traces'))
      if (!there.has(id.slice(0, id.lastIndexOf('/')))) await this.store.remove('traces', id);
  }
}

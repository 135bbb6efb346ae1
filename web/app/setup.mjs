// @ts-check
// setup.mjs - what is set for one chat: the text before its first message, and
// a schema that its answers must fit (UX 4.2.3).
import { writeText } from './ask.mjs';
import { addMessage, pathOf } from './store.mjs';
import { words } from './words.mjs';

/** @typedef {import('./store.mjs').Chat} Chat */

/** The text before the first message. @param {Chat} chat */
export function instructionsOf(chat) {
  const first = pathOf(chat)[0];
  return first ? first.role === 'system' ? first.text : '' : chat.instructions ?? '';
}

/** A chat that has begun goes on below the new text; what was stays as a
 * branch. @param {Chat} chat @param {string} text */
export function setInstructions(chat, text) {
  const path = pathOf(chat);
  chat.instructions = text;
  if (!path.length) return;
  if (path[0].role === 'system') path.shift();
  let parent = text ? addMessage(chat, 0, 'system', text).id : 0;
  for (const m of path) {
    chat.messages.push({ ...structuredClone(m), id: chat.next, parent, traced: false });
    parent = chat.next++;
  }
  chat.leaf = parent;
}

/** Before a chat's first message. @param {Chat} chat */
export function beginChat(chat) {
  if (!chat.messages.length && chat.instructions) addMessage(chat, 0, 'system', chat.instructions);
}

/** What a schema calls itself. @param {string} text */
function nameOf(text) {
  if (!text) return 'any JSON';
  try {
    const s = JSON.parse(text);
    return String(s.title ?? s.name ?? 'Schema').slice(0, 40);
  } catch { return 'Schema'; }
}

export class Setup {
  /** @param {any} page @param {() => void} changed */
  constructor(page, changed) {
    this.page = page;
    this.changed = changed;
  }

  chips() {
    const { chat } = this.page, list = [];
    if (!chat.messages.length && chat.instructions) list.push({ name: 'Instructions',
      act: () => this.openInstructions(), drop: () => { chat.instructions = ''; this.done(); } });
    if (chat.schema !== undefined) list.push({ name: `Answer as JSON: ${nameOf(chat.schema)}`,
      act: () => this.openSchema(), drop: () => { delete chat.schema; this.done(); } });
    return list;
  }

  done() {
    this.page.save(this.page.chat);
    this.changed();
    this.page.message.focus();
  }

  openInstructions() {
    const { page } = this, { chat } = page;
    writeText({ title: 'Instructions', name: 'Instructions', value: instructionsOf(chat),
      hint: chat.messages.length ? 'The text before the first message. The chat goes on below it; what was stays as a branch.'
        : 'The text before the first message of this chat.',
      save: text => this.instruct(text) });
  }

  /** @param {string} text @returns {string} why not */
  instruct(text) {
    const { page } = this, { chat } = page, is = text.trim();
    if (page.writer) return 'An answer is being written: stop it first.';
    if (is === instructionsOf(chat)) return '';
    setInstructions(chat, is);
    if (chat.messages.length) page.show(chat);
    this.done();
    return '';
  }

  openSchema() {
    const { page } = this, { chat } = page;
    writeText({ title: 'Schema for the answer', name: 'JSON Schema', mono: true, file: '.json,application/json',
      value: chat.schema ?? '',
      hint: 'Answers of this chat are JSON that fits this schema. Empty: any JSON. The thought stays free.',
      choices: chat.schema === undefined ? [] : [{ name: 'Answer freely', act: t => {
        delete chat.schema;
        t.closest('dialog')?.close();
        this.done();
      } }],
      save: async text => {
        try {
          await page.loaded.catch(() => {});
          await page.engine.checkSchema(text.trim());
        } catch (e) { return words.badSchema(e instanceof Error ? e.message : String(e)).text; }
        chat.schema = text.trim();
        this.done();
        return '';
      } });
  }
}

// @ts-check
// attach.mjs - what goes with the next message: text files and long pastes as
// chips above the composer (UX 4.2.3), and the chips of what the chat has set.
import { button, byId, h, icon } from './dom.mjs';
import { counted, count, size } from './form.mjs';
import { dismiss, notify } from './notices.mjs';
import { words } from './words.mjs';

/* More than this in one paste is a file of its own. */
export const LONG_PASTE = 4000;
const LARGEST = 8 << 20;

/**
 * @typedef {{name: string, text: string, tokens: number, pasted: boolean}} Attached
 * @typedef {{name: string, length: number, tokens: number}} Part
 *   the message's text begins with so many characters of this file
 * @typedef {{count: (text: string, most: number) => Promise<{tokens: number, bytes: number}>,
 *   room: () => number, changed: () => void, focus: () => void, insert: (text: string) => void}} Acts
 */

/** The form that all faces use. @param {Attached} a */
const written = a => `File ${a.name}:\n\n${a.text}\n\n`;

/** Text of a file, or null if it is none. @param {Blob} file */
async function textOf(file) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
    return text.includes('\0') ? null : text;
  } catch { return null; }
}

export class Attachments {
  /** @param {Acts} acts */
  constructor(acts) {
    this.acts = acts;
    /** @type {Attached[]} */
    this.list = [];
    /** Chips that are not files: instructions, a schema.
     * @type {{name: string, act: () => void, drop: () => void}[]} */
    this.others = [];
    this.node = byId('chips');
    this.picker = /** @type {HTMLInputElement} */ (byId('text-file'));
    this.picker.addEventListener('change', async () => {
      for (const f of [...this.picker.files ?? []]) await this.addFile(f);
      this.picker.value = '';
    });
  }

  choose() { this.picker.click(); }

  /** @param {File} file */
  async addFile(file) {
    if (file.size > LARGEST) {
      notify({ ...words.fileTooLarge(file.name, size(file.size), size(LARGEST)), level: 'error' });
      return;
    }
    const text = await textOf(file).catch(() => null);
    if (text === null) notify({ ...words.notText(file.name), level: 'error' });
    else await this.add(file.name, text, false);
  }

  /** @param {string} text */
  addPaste(text) { return this.add('Pasted text', text, true); }

  /** What has no room is not attached. @param {string} name @param {string} text @param {boolean} pasted */
  async add(name, text, pasted) {
    const free = Math.max(0, this.acts.room() - this.list.reduce((n, a) => n + a.tokens, 0));
    let c;
    try { c = await this.acts.count(text, free); } catch (e) {
      notify({ code: 'attach', text: e instanceof Error ? e.message : String(e), level: 'error' });
      return;
    }
    if (c.tokens > free) {
      const first = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, c.bytes));
      notify({ ...words.fileTooLong(name, count(c.tokens), count(free)), level: 'error',
        deed: free > 0 && first ? { name: `Attach first ${count(free)}`, act: () => this.put(name, first, free, pasted) } : undefined });
      return;
    }
    this.put(name, text, c.tokens, pasted);
  }

  /** @param {string} name @param {string} text @param {number} tokens @param {boolean} pasted */
  put(name, text, tokens, pasted) {
    dismiss('me20');
    this.list.push({ name, text, tokens, pasted });
    this.draw();
    this.acts.focus();
  }

  /** @param {number} i */
  drop(i) {
    this.list.splice(i, 1);
    this.draw();
    this.acts.focus();
  }

  /** What is attached, then what was typed; the chips are gone.
   * @param {string} typed @returns {{text: string, files: Part[]}} */
  take(typed) {
    const files = this.list.map(a => ({ name: a.name, length: written(a).length, tokens: a.tokens }));
    const text = this.list.map(written).join('') + typed;
    this.list = [];
    this.draw();
    return { text, files };
  }

  /** @param {Attached[]} list of another chat */
  set(list) { this.list = list; this.draw(); }

  draw() {
    const files = this.list.map((a, i) => {
      const chip = h('li.chip', icon('doc'), h('span.word', a.name), h('span.hint', counted(a.tokens, 'token')));
      if (a.pasted) chip.append(button('link', () => { this.drop(i); this.acts.insert(a.text); }, 'Paste as text'));
      const x = button('icon', () => this.drop(i), icon('x'));
      x.setAttribute('aria-label', `Remove ${a.name}`);
      chip.append(x);
      return chip;
    });
    const others = this.others.map(o => {
      const x = button('icon', o.drop, icon('x'));
      x.setAttribute('aria-label', `Remove ${o.name}`);
      return h('li.chip', button('link', o.act, o.name), x);
    });
    this.node.replaceChildren(...others, ...files);
    this.node.hidden = !this.node.hasChildNodes();
    this.acts.changed();
  }
}

/** The message as it is shown: files folded, then the text. @param {string} text
 * @param {Part[]|undefined} files @returns {(string|Node)[]} */
export function shownMessage(text, files) {
  const parts = [];
  let at = 0;
  for (const f of Array.isArray(files) ? files : []) {
    if (!(f.length > 0) || at + f.length > text.length) return [text];
    const pre = h('pre', text.slice(at, at + f.length).trimEnd());
    pre.tabIndex = 0;
    parts.push(h('details.attached', h('summary', h('span.word', f.name), ' ', h('span.hint', counted(f.tokens, 'token'))), pre));
    at += f.length;
  }
  if (text.slice(at)) parts.push(text.slice(at));
  return parts;
}

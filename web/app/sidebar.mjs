// @ts-check
// sidebar.mjs - the list of chats with its search.
import { button, byId, closeMenu, h, openMenu, signButton } from './dom.mjs';
import { group, when } from './form.mjs';
import { sheetClosed, sheetOpened } from './sheets.mjs';

/**
 * @typedef {import('./store.mjs').Chat} Chat
 * @typedef {{open: (id: string) => void, rename: (c: Chat) => void,
 *   remove: (c: Chat) => void, save: (c: Chat, ending: 'json'|'md') => void}} SideActs
 */

export class Sidebar {
  /** @param {SideActs} acts */
  constructor(acts) {
    this.acts = acts;
    this.list = byId('chats');
    this.search = /** @type {HTMLInputElement} */ (byId('search'));
    /** @type {Chat[]} */
    this.chats = [];
    this.current = '';
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    this.search.addEventListener('input', () => this.draw());
    byId('side-open').addEventListener('click', () => this.show(true));
    byId('side-close').addEventListener('click', () => this.show(false));
    byId('side').addEventListener('keydown', e => {
      if (e.key === 'Escape') { this.show(false); byId('message').focus(); }
    });
    byId('main').addEventListener('pointerdown', () => this.show(false));
  }

  /** On a narrow page the list lies over the chat. @param {boolean} shown */
  show(shown) {
    const was = byId('side').classList.toggle('shown', shown);
    byId('side-open').setAttribute('aria-expanded', String(was));
    if (!shown) { sheetClosed('chats'); return; }
    sheetOpened('chats', () => this.show(false));
    byId('side-close').focus();
  }

  /** @param {Chat[]} chats @param {string} current */
  set(chats, current) {
    this.chats = chats;
    this.current = current;
    this.draw();
  }

  draw() {
    closeMenu();
    const words = this.search.value.trim().toLowerCase();
    const hits = this.chats.filter(c => c.messages.length > 0 && (!words ||
      c.title.toLowerCase().includes(words) ||
      c.messages.some(m => m.text.toLowerCase().includes(words))))
      .sort((a, b) => b.at - a.at);
    this.list.replaceChildren();
    this.rows.clear();
    if (!hits.length) {
      this.list.append(h('p.group', words ? 'No chat holds these words.' : 'Chats appear here.'));
      return;
    }
    let name = '', ul = h('ul');
    for (const c of hits) {
      if (group(c.at) !== name) {
        name = group(c.at);
        ul = h('ul');
        this.list.append(h('h2.group', name), ul);
      }
      ul.append(this.row(c));
    }
  }

  /** @param {Chat} c @returns {HTMLElement|undefined} */
  rowOf(c) { return this.rows.get(c.id); }

  /** @param {Chat} c */
  row(c) {
    const b = button('row', () => { this.show(false); this.acts.open(c.id); },
      h('span.title', c.title), h('span.hint', `${when(c.at)} · ${c.model}`));
    if (c.id === this.current) b.setAttribute('aria-current', 'page');
    const more = signButton('more', `Menu of “${c.title}”`, () => openMenu(more, [
      { name: 'Rename', act: () => this.acts.rename(c) },
      { name: 'Export as Markdown', act: () => this.acts.save(c, 'md') },
      { name: 'Export with branches', act: () => this.acts.save(c, 'json') },
      { name: 'Delete', act: () => this.acts.remove(c) },
    ]));
    more.setAttribute('aria-haspopup', 'menu');
    const li = h('li', b, more);
    this.rows.set(c.id, li);
    return li;
  }
}

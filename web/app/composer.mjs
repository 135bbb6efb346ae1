// @ts-check
// composer.mjs - where a message is written: the field, what goes with it, the
// budget, the tools, and files dropped on the page.
import { Attachments, LONG_PASTE } from './attach.mjs';
import { openBudget } from './budget.mjs';
import { button, byId, h, openMenu } from './dom.mjs';
import { count } from './form.mjs';
import { notify } from './notices.mjs';
import { Presets } from './presets.mjs';
import { Setup } from './setup.mjs';
import { Reply } from './transcript.mjs';
import { words } from './words.mjs';

const DRAFT = 'tarn-draft', DRAFT_MS = 1000;

/** Unsent text of a chat that has not begun; that of others is kept with them.
 * @param {string} text */
function keepDraft(text) {
  try {
    if (text) localStorage.setItem(DRAFT, text); else localStorage.removeItem(DRAFT);
  } catch { /* a window that keeps nothing */ }
}

function keptDraft() {
  try { return localStorage.getItem(DRAFT) ?? ''; } catch { return ''; }
}

export class Composer {
  /** @param {any} page */
  constructor(page) {
    this.page = page;
    this.message = /** @type {HTMLTextAreaElement} */ (byId('message'));
    this.send = /** @type {HTMLButtonElement} */ (byId('send'));
    this.setup = new Setup(page, () => this.drawChips());
    this.files = new Attachments({
      count: async (text, most) => { await page.loaded.catch(() => {}); return page.engine.count(text, most); },
      room: () => page.room(), changed: () => this.typed(), focus: () => this.message.focus(),
      insert: text => this.insert(text) });
    this.wire();
  }

  wire() {
    const { page, message } = this, budget = byId('budget'), tools = byId('tools'), plus = byId('plus-open');
    const presets = new Presets(page, this.setup, plus);
    byId('composer').addEventListener('submit', e => { e.preventDefault(); page.pressed(); });
    message.addEventListener('input', () => this.typed());
    message.addEventListener('keydown', e => this.key(e));
    message.addEventListener('paste', e => this.paste(e));
    budget.addEventListener('click', () => openBudget(budget, page.settings.budget, n => {
      page.settings.budget = n;
      this.draw();
      page.saveSettings();
    }));
    tools.addEventListener('click', () => openMenu(tools, [false, true].map(on => ({
      name: on ? 'Calculator and clock' : 'None', checked: on === page.settings.tools,
      act: () => { page.settings.tools = on; this.draw(); page.saveSettings(); } }))));
    plus.addEventListener('click', () => openMenu(plus, [
      { name: 'Attach text file…', act: () => this.files.choose() },
      { name: 'Paste as attachment', act: () => this.pasteAsFile() },
      { name: 'Instructions…', act: () => this.setup.openInstructions() },
      { name: 'Schema for the answer…', act: () => this.setup.openSchema() },
      { name: 'Preset…', act: () => presets.open() }]));
    this.wireDrop();
  }

  /** A model, a chat, a trace or a text can be dropped anywhere. */
  wireDrop() {
    const drop = byId('drop');
    const files = (/** @type {DragEvent} */ e) => e.dataTransfer?.types.includes('Files');
    addEventListener('dragover', e => { if (files(e)) { e.preventDefault(); drop.hidden = false; } });
    addEventListener('dragleave', e => { if (!e.relatedTarget) drop.hidden = true; });
    addEventListener('drop', async e => {
      drop.hidden = true;
      if (!files(e)) return;
      e.preventDefault();
      for (const file of [...e.dataTransfer?.files ?? []]) await this.take(file);
    });
  }

  /** Its content tells what it is. @param {File} file */
  async take(file) {
    const head = await file.slice(0, 4).text().catch(() => '');
    if (head === 'GGUF' || /\.gguf$/i.test(file.name)) await this.page.models.take(file);
    else if (/\.json$/i.test(file.name) && await this.page.openJson(file)) return;
    else await this.files.addFile(file);
  }

  /** @param {ClipboardEvent} e */
  paste(e) {
    const text = e.clipboardData?.getData('text/plain') ?? '';
    if (text.length <= LONG_PASTE) return;
    e.preventDefault();
    this.files.addPaste(text);
  }

  async pasteAsFile() {
    let text = '';
    try { text = await navigator.clipboard.readText(); } catch { /* not allowed */ }
    if (text) await this.files.addPaste(text); else notify({ ...words.noClipboard() });
  }

  /** @param {string} text at the cursor */
  insert(text) {
    this.message.focus();
    this.message.setRangeText(text, this.message.selectionStart, this.message.selectionEnd, 'end');
    this.typed();
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    const { page } = this, touch = matchMedia('(pointer: coarse)').matches;
    if (e.key === 'Enter' && !e.shiftKey && !e.ctrlKey && !e.isComposing && !touch) {
      e.preventDefault();
      if (!page.writer) page.pressed();
    } else if (e.key === 'ArrowUp' && !this.message.value && !page.writer) {
      const asked = [...page.transcript.views.values()].reverse().find(v => !(v instanceof Reply) && v.m.role === 'user');
      if (asked) { e.preventDefault(); asked.edit(); }
    }
  }

  get empty() { return !this.message.value.trim() && !this.files.list.length; }

  typed() {
    const { send, message } = this, writing = this.page.writer !== null;
    send.textContent = writing ? 'Stop' : 'Send';
    send.classList.toggle('main', !writing);
    send.setAttribute('aria-label', writing ? 'Stop writing' : 'Send message');
    send.disabled = !writing && this.empty;
    message.style.height = 'auto';
    message.style.height = `${message.scrollHeight}px`;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { chat } = this.page, was = chat.draft;
      this.keep();
      if (was !== chat.draft && chat.messages.length) this.page.save(chat);
    }, DRAFT_MS);
  }

  /** What was being written when the tab went away. */
  restore() {
    this.message.value ||= keptDraft();
    this.typed();
  }

  /** Unsent text is the chat's. */
  keep() {
    const { chat } = this.page;
    chat.draft = this.message.value;
    if (!chat.messages.length) keepDraft(chat.draft);
  }

  /** The message is on its way: the composer is empty. */
  taken() {
    const typed = this.message.value.trim(), { text, files } = this.files.take(typed);
    this.message.value = '';
    this.keep();
    this.typed();
    return { text, files, name: typed || files[0]?.name };
  }

  /** Another chat is shown. @param {import('./store.mjs').Chat} from @param {import('./store.mjs').Chat} to */
  turnTo(from, to) {
    if (from !== to) {
      from.draft = this.message.value;
      if (!from.messages.length) keepDraft(from.draft);
      kept.set(from, this.files.list);
      this.message.value = to.draft || (to.messages.length ? '' : keptDraft());
      this.files.set(kept.get(to) ?? []);
    }
    this.drawChips();
  }

  drawChips() {
    this.files.others = this.setup.chips();
    this.files.draw();
  }

  draw() {
    const { budget: n, tools } = this.page.settings;
    byId('budget-value').textContent = n >= 0 ? count(n) : 'no limit';
    byId('tools-value').textContent = tools ? 'calculator, clock' : 'none';
    byId('budget').setAttribute('aria-label', n >= 0 ? `Thinking budget, ${count(n)} tokens` : 'Thinking budget, no limit');
  }

  /** @param {string[]} list what an empty chat offers */
  drawExamples(list) {
    byId('examples').replaceChildren(...list.map(text => h('li', button('example', () => {
      this.message.value = text;
      this.typed();
      this.message.focus();
    }, text))));
  }
}

/** Attachments of chats that are not shown. @type {WeakMap<object, import('./attach.mjs').Attached[]>} */
const kept = new WeakMap();

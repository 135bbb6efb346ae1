// @ts-check
// main.mjs - the page: wires the parts together.  Text and composer work
// before any of the engine is there.
import { button, byId, h, openMenu } from './dom.mjs';
import { build } from './build.mjs';
import { Engine, EngineError, threadsWanted } from './engine.mjs';
import { count, parameters, size } from './form.mjs';
import { Models, POCKET } from './models.mjs';
import { askAll } from './consent.mjs';
import { Find } from './find.mjs';
import { announce, dismiss, notify, toast } from './notices.mjs';
import { addMessage, leafBelow, messageOf, newChat, pathOf, siblingsOf, Store } from './store.mjs';
import { BUDGETS, applyScheme, openSettings, readSettings } from './settings.mjs';
import { Sidebar } from './sidebar.mjs';
import { prepare } from './start.mjs';
import { Reply, Transcript } from './transcript.mjs';
import { Traces } from './traces.mjs';
import { readChat, saveChat } from './transfer.mjs';
import { firstKey, nextKeys, requestOf, setKey, Writer } from './writer.mjs';
import { words } from './words.mjs';
import { setKeys } from './keys.mjs';

/** @typedef {import('./store.mjs').Chat} Chat */
/** @typedef {import('./store.mjs').Message} Message */
/** @typedef {import('./models.mjs').Model} Model */

const DRAFT = 'tarn-draft', LONGEST_MESSAGE = 1 << 20, MOST_RESULTS = 64;

class Page {
  constructor() {
    this.store = new Store();
    this.engine = new Engine();
    /** @type {Chat[]} */
    this.chats = [];
    this.chat = newChat();
    this.settings = readSettings(null);
    /** @type {Model|null} */
    this.model = null;
    /** @type {Promise<void>} the model that is wanted is open */
    this.loaded = Promise.resolve();
    /** @type {Writer|null} */
    this.writer = null;
    this.lastSpeed = '';
    this.used = 0;
    this.message = /** @type {HTMLTextAreaElement} */ (byId('message'));
    this.send = /** @type {HTMLButtonElement} */ (byId('send'));
    this.transcript = new Transcript({ regenerate: (m, over) => this.regenerate(m, over),
      branch: (m, step) => this.branch(m, step), edit: (m, text) => this.edit(m, text),
      resume: m => this.regenerate(m, { begin: m.ids }),
      undoLoop: m => this.regenerate(m, { begin: m.back, keepLoops: true }),
      budget: () => this.settings.budget, temperature: () => Number(this.settings.temperature || 0.2),
      copied: () => toast('Copied') });
    this.find = new Find(() => this.transcript.views.values(), () => this.message.focus());
    this.sidebar = new Sidebar({ open: id => this.open(id), rename: c => this.rename(c),
      remove: c => this.remove(c), save: (c, ending) => saveChat(c, ending) });
    this.models = new Models(this.store, { use: m => this.use(m), current: () => this.model?.id ?? '' });
    this.traces = new Traces(this);
    this.tabs = 'BroadcastChannel' in self ? new BroadcastChannel('tarn-chats') : null;
  }

  async start() {
    this.wire();
    this.message.value ||= sessionStorage.getItem(DRAFT) ?? '';
    sessionStorage.removeItem(DRAFT);
    this.typed();
    await this.store.open();
    this.settings = readSettings((await this.store.all('settings'))[0]);
    this.chats = await this.store.all('chats');
    applyScheme(this.settings);
    this.drawBudget();
    this.show(this.chat);
    this.online();
    if (this.tabs) this.tabs.onmessage = () => this.reread();
    if (!this.store.lasting) notify(words.privateWindow());
    await prepare({ keepDraft: () => sessionStorage.setItem(DRAFT, this.message.value),
      onnew: go => notify({ ...words.newVersion(), deed: { name: 'Reload', act: go } }) });
    if (!crossOriginIsolated) notify({ ...words.oneThread(), level: 'warn' });
    await this.models.open();
    const last = this.models.all().find(m => m.id === this.settings.model);
    await this.use(last ?? this.models.all()[0]);
  }

  wire() {
    byId('composer').addEventListener('submit', e => { e.preventDefault(); this.pressed(); });
    this.message.addEventListener('input', () => this.typed());
    this.message.addEventListener('keydown', e => this.messageKey(e));
    byId('title').addEventListener('dblclick', () => this.rename(this.chat, byId('title')));
    byId('side-new').addEventListener('click', () => this.fresh());
    byId('open-models').addEventListener('click', () => this.models.show());
    byId('open-settings').addEventListener('click', () => this.openSettings());
    const menu = byId('menu'), budget = byId('budget'), tools = byId('tools');
    tools.addEventListener('click', () => openMenu(tools, [false, true].map(on => ({
      name: on ? 'Calculator and clock' : 'None', checked: on === this.settings.tools,
      act: () => { this.settings.tools = on; this.drawBudget(); this.saveSettings(); } }))));
    menu.addEventListener('click', () => openMenu(menu, this.menu()));
    budget.addEventListener('click', () => openMenu(budget, BUDGETS.map(n => ({
      name: n ? `${count(n)} tokens` : 'No limit', checked: n === this.settings.budget,
      act: () => { this.settings.budget = n; this.drawBudget(); this.saveSettings(); } }))));
    this.drawExamples();
    addEventListener('online', () => this.online());
    addEventListener('offline', () => this.online());
    addEventListener('pagehide', () => this.save(this.chat));
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.drawTitle(false); });
    const picker = /** @type {HTMLInputElement} */ (byId('chat-file'));
    picker.addEventListener('change', () => { if (picker.files?.[0]) this.openJson(picker.files[0]); picker.value = ''; });
    this.wireDrop();
    setKeys(this);
  }

  /** A model file can be dropped anywhere. */
  wireDrop() {
    const drop = byId('drop');
    const files = (/** @type {DragEvent} */ e) => e.dataTransfer?.types.includes('Files');
    addEventListener('dragover', e => { if (files(e)) { e.preventDefault(); drop.hidden = false; } });
    addEventListener('dragleave', e => { if (!e.relatedTarget) drop.hidden = true; });
    addEventListener('drop', e => {
      drop.hidden = true;
      if (!files(e)) return;
      e.preventDefault();
      const file = e.dataTransfer?.files[0];
      if (file?.name.endsWith('.json')) this.openJson(file);
      else if (file) this.models.take(file);
    });
  }

  /* ------------------------------------------------------------- model */
  /** @param {Model} m @param {boolean} [steal] take the model from another tab
   * @returns {Promise<number>} 0, or the status of the failure */
  async use(m, steal = false) {
    const mine = this.loaded = this.load(m, steal);
    try { await mine; } catch (e) { return this.loadFailed(m, e); }
    return 0;
  }

  /** @param {Model} m @param {boolean} steal */
  async load(m, steal) {
    if (this.engine.running) { this.engine.stop(); await this.turn; }
    this.model = m;
    if (!(await this.lock(steal))) {
      notify({ ...words.otherTab(), level: 'warn',
        deed: { name: 'Use it here', act: () => this.use(m, true) } });
      throw new EngineError(words.otherTab().text, 8, false);
    }
    const wait = (/** @type {number} */ done, /** @type {number} */ total) =>
      this.status(`Loading ${m.name}… ${Math.floor(100 * done / Math.max(1, total))}%`);
    wait(0, 1);
    if (m.pocket) m = await this.models.pocket(wait);
    this.engine.onprogress = wait;
    const at = (/** @type {string} */ name) => new URL(name, import.meta.url).href;
    const info = await this.engine.open({ source: m.source, name: m.pocket ? 'pocket.gguf' : `${m.name}.gguf`, wasm: at(build.wasm),
      relaxed: at(build.relaxed), threads: threadsWanted(this.settings.threads) });
    this.model = m;
    this.drawExamples();
    this.lastSpeed = '';
    await this.models.learn(m, info);
    if (this.settings.model !== m.id) { this.settings.model = m.id; this.saveSettings(); }
    this.status();
    this.drawTitle(false);
    if (m.pocket && !this.settings.pocketSeen)
      notify({ ...words.pocket(parameters(info.n_params)),
        deed: { name: 'Models', act: () => this.models.show() },
        onclose: () => { this.settings.pocketSeen = true; this.saveSettings(); } });
    else dismiss('mn01');
  }

  /** @param {Model} m @param {unknown} e */
  loadFailed(m, e) {
    const status = e instanceof EngineError ? e.status : 1;
    const reason = e instanceof Error ? e.message : String(e);
    this.status('No model is loaded.');
    if (status === 8) return status;
    if (status === 4) notify({ ...words.tooLarge('2.1 GB', size(m.bytes)), level: 'error' });
    else if (status === 64) notify({ ...words.lacks(reason), level: 'error' });
    else if (m.pocket && status !== 3)
      notify({ ...words.unreachable(location.host || 'The page’s server', reason), level: 'error',
        deed: { name: 'Try again', act: () => this.use(m) } });
    else {
      notify({ ...(status === 3 ? { code: 'me35', text: reason } : words.unusable(m.name, reason)),
        level: 'error' });
      if (!m.pocket) this.use(this.models.all()[0]);
    }
    return status;
  }

  /** One tab at a time computes. @param {boolean} steal @returns {Promise<boolean>} */
  lock(steal) {
    if (!navigator.locks || (this.locked && !steal)) return Promise.resolve(true);
    return new Promise(ok => {
      navigator.locks.request('tarn-engine', steal ? { steal: true } : { ifAvailable: true }, lock => {
        this.locked = lock !== null;
        ok(this.locked);
        return lock && new Promise(() => {});
      }).catch(() => {
        this.locked = false;
        this.engine.die('another tab uses the model now');
        this.status('Another tab of this page is using the model.');
      });
    });
  }

  /* -------------------------------------------------------------- turn */
  pressed() {
    if (this.writer) { this.engine.stop(); return; }
    const text = this.message.value.trim();
    if (!text) return;
    if (text.length > LONGEST_MESSAGE) {
      notify({ ...words.tooLong(size(text.length), size(LONGEST_MESSAGE)), level: 'warn' });
      return;
    }
    this.message.value = '';
    this.typed();
    const chat = this.chat;
    const m = addMessage(chat, chat.leaf, 'user', text);
    this.transcript.add(chat, m);
    this.transcript.follow.toEnd();
    this.write(chat, m);
  }

  answerNow() {
    if (!this.writer) return false;
    this.writer.asked = true;
    this.engine.answerNow();
    return true;
  }

  /** @param {Chat} chat @param {Message} parent a message of the person
   * @param {import('./writer.mjs').Over} [over] */
  write(chat, parent, over = {}) {
    this.turn = this.writeTurn(chat, parent, over).catch(e => console.error(e));
  }

  /** @param {Chat} chat @param {Message} parent @param {import('./writer.mjs').Over} over */
  async writeTurn(chat, parent, over) {
    const attempt = chat.messages.filter(x => x.parent === parent.id).length;
    const m = addMessage(chat, parent.id, 'assistant', '');
    m.model = chat.model = this.model?.name ?? '';
    const reply = /** @type {Reply} */ (this.transcript.add(chat, m));
    const writer = new Writer({ chat, m, reply, settings: { ...this.settings, budget: over.budget ?? this.settings.budget },
      answerNow: () => this.answerNow(), save: () => this.save(chat),
      painted: () => this.transcript.follow.keep() });
    this.writer = writer;
    this.typed();
    this.listChats(chat);
    reply.wait('Loading the model…');
    this.transcript.follow.toEnd();
    let failed = '', died = false;
    try {
      await this.loaded.catch(() => {});
      /* Its worker has died, or another tab took the model meanwhile. */
      if (!this.engine.info && this.model) await this.use(this.model);
      await this.loaded;
      reply.wait('Thinking…');
      this.engine.onevents = list => writer.take(list);
      await this.engine.turn(this.traces.request(m, requestOf(chat, parent, m, attempt, writer.o.settings, over)));
    } catch (e) {
      died = e instanceof EngineError && e.died;
      failed = e instanceof Error ? e.message : String(e);
    }
    this.ended(chat, writer, reply, failed, died);
  }

  /** @param {Chat} chat @param {Writer} writer @param {Reply} reply
   * @param {string} failed @param {boolean} died */
  ended(chat, writer, reply, failed, died) {
    const sum = writer.finish(Boolean(failed));
    this.writer = null;
    if (failed && died) {
      reply.fail(words.stoppedWorking(failed).text);
      if (this.model) this.loaded = Promise.reject(new Error(failed));
      this.loaded.catch(() => {});
    } else if (failed || sum.error) reply.fail(failed || sum.error);
    if (sum.speed) this.lastSpeed = sum.speed;
    if (sum.context) this.used = sum.context;
    this.status(this.engine.info ? '' : 'No model is loaded.');
    this.typed();
    this.save(chat);
    this.listChats(chat);
    this.transcript.follow.keep();
    this.find.refresh();
    this.drawTitle(document.hidden);
    if (!failed && this.settings.tools && chat === this.chat && writer.end?.reason === 'end')
      this.tools(chat, writer.o.m, reply).catch(e => reply.fail(e instanceof Error ? e.message : String(e)));
  }

  /** Calls in an answer: asked about, then the model goes on.
   * @param {Chat} chat @param {Message} m @param {Reply} reply */
  async tools(chat, m, reply) {
    if (!(await askAll(this.engine, reply.calls, announce)) || this.writer || chat !== this.chat || chat.leaf !== m.id) return;
    const { go_on, messages } = await this.engine.results(nextKeys(MOST_RESULTS));
    for (const [i, r] of messages.entries()) {
      const made = addMessage(chat, chat.leaf, r.role, r.text);
      setKey(made, firstKey() + i);
      this.transcript.add(chat, made);
    }
    this.save(chat);
    const last = messageOf(chat, chat.leaf);
    if (go_on && last) this.write(chat, last);
  }

  /** Another branch of an answer. @param {Message} m
   * @param {import('./writer.mjs').Over} [over] */
  regenerate(m, over) {
    const parent = messageOf(this.chat, m.parent);
    if (this.writer || !parent) return;
    this.chat.leaf = parent.id;
    this.transcript.show(this.chat, this.settings.thoughts === 'open');
    this.write(this.chat, parent, over);
  }

  /** @param {Message} m @param {string} text */
  edit(m, text) {
    if (this.writer) return;
    const made = addMessage(this.chat, m.parent, m.role, text);
    if (m.role === 'assistant') Object.assign(made, { thought: m.thought, model: m.model, edited: true, finished: true });
    this.transcript.show(this.chat, this.settings.thoughts === 'open');
    if (m.role === 'user') this.write(this.chat, made); else this.save(this.chat);
  }

  /** @param {Message} m @param {number} step */
  branch(m, step) {
    if (this.writer) return;
    const all = siblingsOf(this.chat, m), to = all[all.indexOf(m) + step];
    if (!to) return;
    this.chat.leaf = leafBelow(this.chat, to);
    this.transcript.show(this.chat, this.settings.thoughts === 'open');
    this.transcript.views.get(to.id)?.node.querySelector('button')?.focus();
    this.save(this.chat);
  }

  /* ------------------------------------------------------------- chats */
  /** @param {Chat} chat */
  show(chat) {
    this.chat.draft = this.message.value;
    if (this.chat !== chat) this.message.value = chat.draft;
    this.chat = chat;
    this.used = 0;
    this.transcript.show(chat, this.settings.thoughts === 'open');
    this.listChats(chat);
    this.drawTitle(false);
    this.typed();
    this.status();
    this.find.refresh();
  }

  fresh() {
    if (this.writer) this.engine.stop();
    this.sidebar.show(false);
    if (this.chat.messages.length) this.show(newChat(this.model?.name));
    this.message.focus();
  }

  /** @param {string} id */
  async open(id) {
    if (this.writer) { this.engine.stop(); await this.turn; }
    const chat = this.chats.find(c => c.id === id);
    if (chat) this.show(chat);
  }

  /** The title becomes a field, in the list or in the header.
   * @param {Chat} c @param {HTMLElement} [place] */
  rename(c, place = this.sidebar.rowOf(c)) {
    const input = /** @type {HTMLInputElement} */ (h('input'));
    input.value = c.title || 'New chat';
    input.setAttribute('aria-label', 'Title of the chat');
    const done = (/** @type {boolean} */ keep) => {
      input.onblur = null;
      if (keep && input.value.trim()) { c.title = input.value.trim().slice(0, 80); c.renamed = true; this.save(c); }
      place?.classList.remove('editing');
      this.listChats(this.chat);
      this.drawTitle(false);
    };
    input.className = 'row';
    input.onblur = () => done(true);
    input.onkeydown = e => {
      if (e.key === 'Enter') done(true);
      if (e.key === 'Escape') { e.stopPropagation(); done(false); }
    };
    place?.classList.add('editing');
    place?.replaceChildren(input);
    input.select();
  }

  /** @param {Chat} c */
  async remove(c) {
    if (this.writer && c === this.chat) { this.engine.stop(); await this.turn; }
    this.chats = this.chats.filter(x => x !== c);
    await this.store.remove('chats', c.id);
    this.tabs?.postMessage(c.id);
    if (c === this.chat) this.show(newChat(this.model?.name)); else this.listChats(this.chat);
    toast('Chat deleted', { name: 'Undo', act: () => {
      this.chats.push(c);
      this.save(c);
      this.listChats(this.chat);
    } });
    this.message.focus();
  }

  /** A chat, or else a trace: its content tells. @param {File} file */
  async openJson(file) {
    const head = await file.slice(0, 4096).text();
    if (/^\s*(\[|\{\s*"(tarn_chat|messages|title)")/.test(head)) await this.import(file);
    else this.traces.open(file);
  }

  /** @param {File} file */
  async import(file) {
    try {
      const chat = await readChat(file);
      if (this.writer) { this.engine.stop(); await this.turn; }
      this.show(chat);
      await this.save(chat);
    } catch (e) {
      notify({ ...words.noChat(file.name, e instanceof Error ? e.message : String(e)), level: 'error' });
    }
  }

  /** @param {Chat} chat */
  listChats(chat) {
    if (chat.messages.length && !this.chats.includes(chat)) this.chats.push(chat);
    this.sidebar.set(this.chats, this.chat.id);
    this.drawTitle(false);
  }

  /** @param {Chat} chat */
  async save(chat) {
    if (!chat.messages.length) return;
    try {
      await this.store.put('chats', structuredClone(chat));
      this.tabs?.postMessage(chat.id);
    } catch (e) {
      notify({ ...words.notSaved(e instanceof Error ? e.message : String(e)), level: 'error' });
    }
  }

  /** Another tab has changed a chat. */
  async reread() {
    const all = /** @type {Chat[]} */ (await this.store.all('chats'));
    this.chats = all.map(c => c.id === this.chat.id ? this.chat : c);
    if (this.chat.messages.length && !this.chats.includes(this.chat)) this.chats.push(this.chat);
    this.sidebar.set(this.chats, this.chat.id);
  }

  saveSettings() {
    applyScheme(this.settings);
    this.store.put('settings', { ...this.settings }).catch(() => {});
  }

  openSettings() {
    openSettings(this.settings, () => { this.drawBudget(); this.saveSettings(); });
  }

  /* ----------------------------------------------------------- drawing */
  menu() {
    const items = [
      { name: 'New chat', act: () => this.fresh() },
      { name: 'Import a chat…', act: () => byId('chat-file').click() },
      { name: 'Models', act: () => this.models.show() },
      { name: 'Settings', act: () => this.openSettings() },
      { name: 'Keyboard shortcuts', act: () => /** @type {HTMLDialogElement} */ (byId('keys')).showModal() },
    ];
    if (this.chat.messages.length) items.splice(1, 0,
      { name: 'Find in this chat', act: () => this.find.open() },
      { name: 'Rename', act: () => this.rename(this.chat, byId('title')) },
      { name: 'Export as Markdown', act: () => saveChat(this.chat, 'md') },
      { name: 'Export with branches', act: () => saveChat(this.chat, 'json') },
      { name: 'Delete chat', act: () => this.remove(this.chat) });
    return items;
  }

  typed() {
    const writing = this.writer !== null;
    this.send.textContent = writing ? 'Stop' : 'Send';
    this.send.classList.toggle('main', !writing);
    this.send.setAttribute('aria-label', writing ? 'Stop writing' : 'Send message');
    this.send.disabled = !writing && !this.message.value.trim();
    this.message.style.height = 'auto';
    this.message.style.height = `${this.message.scrollHeight}px`;
  }

  /** @param {KeyboardEvent} e */
  messageKey(e) {
    const touch = matchMedia('(pointer: coarse)').matches;
    if (e.key === 'Enter' && !e.shiftKey && !e.ctrlKey && !e.isComposing && !touch) {
      e.preventDefault();
      if (!this.writer) this.pressed();
    } else if (e.key === 'ArrowUp' && !this.message.value && !this.writer) {
      const asked = [...this.transcript.views.values()].reverse().find(v => !(v instanceof Reply));
      if (asked && 'edit' in asked) { e.preventDefault(); asked.edit(); }
    }
  }

  drawExamples() {
    byId('examples').replaceChildren(...build.examples[this.model && !this.model.pocket ? 'other' : 'pocket']
      .map((/** @type {string} */ text) => h('li', button('example', () => {
        this.message.value = text;
        this.typed();
        this.message.focus();
      }, text))));
  }

  drawBudget() {
    const n = this.settings.budget;
    byId('budget-value').textContent = n ? count(n) : 'no limit';
    byId('tools-value').textContent = this.settings.tools ? 'calculator, clock' : 'none';
    byId('budget').setAttribute('aria-label', n ? `Thinking budget, ${count(n)} tokens` : 'Thinking budget, no limit');
  }

  /** @param {boolean} unseen an answer ended in the background */
  drawTitle(unseen) {
    const title = this.chat.title || 'New chat';
    if (!byId('title').classList.contains('editing')) byId('title').textContent = title;
    byId('of').textContent = this.model?.name ?? '';
    document.title = `${unseen ? '● ' : ''}${this.chat.title ? `${title} – tarn` : 'tarn'}`;
  }

  online() {
    const on = navigator.onLine;
    byId('online').textContent = on ? 'online ●' : 'offline ○';
    if (on) dismiss('mn13'); else notify(words.offline());
  }

  /** @param {string} [text] instead of the figures */
  status(text) {
    const info = this.engine.info;
    if (text || !info) { if (text) byId('status').textContent = text; return; }
    const threads = info.threads === 1 ? '1 thread' : `${info.threads} threads`;
    byId('status').replaceChildren(h('span.long', `${info.backend} · ${threads} · `),
      this.lastSpeed || 'not yet measured', ` · context ${count(this.used)} of ${count(info.context)}`);
  }
}

const page = new Page();
/** For tests. */
Object.defineProperty(globalThis, 'tarnPage', { value: page });
page.start().catch(e => {
  notify({ ...words.stoppedWorking(e instanceof Error ? e.message : String(e)), level: 'error' });
});

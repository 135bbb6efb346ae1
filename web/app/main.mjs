// @ts-check
// main.mjs - the page: wires the parts together.  Text and composer work
// before any of the engine is there.
import { openWindow, question } from './ask.mjs';
import { byId, h, openMenu } from './dom.mjs';
import { build } from './build.mjs';
import { Composer } from './composer.mjs';
import { openContext } from './context.mjs';
import { Engine, EngineError } from './engine.mjs';
import { count, size, when } from './form.mjs';
import { Loader } from './loader.mjs';
import { Models } from './models.mjs';
import { askAll } from './consent.mjs';
import { Find } from './find.mjs';
import { announce, dismiss, notify, recent, toast } from './notices.mjs';
import { beginChat } from './setup.mjs';
import { addMessage, leafBelow, messageOf, newChat, pathOf, siblingsOf, Store } from './store.mjs';
import { applyScheme, openSettings, readSettings } from './settings.mjs';
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

const LONGEST_MESSAGE = 1 << 20, MOST_RESULTS = 64, FULL = 0.8, LIMIT = 9;

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
    this.loaded = new Promise(ok => { this.started = ok; });
    /** @type {Writer|null} */
    this.writer = null;
    this.lastSpeed = '';
    this.used = 0;
    /** @type {Chat|null} the chat of which it was said that it fills up */
    this.warned = null;
    this.loader = new Loader(this);
    this.composer = new Composer(this);
    this.message = this.composer.message;
    this.transcript = new Transcript({ regenerate: (m, over) => this.regenerate(m, over),
      branch: (m, step) => this.branch(m, step), edit: (m, text) => this.edit(m, text),
      resume: m => this.resume(m),
      undoLoop: m => this.regenerate(m, { begin: m.back, keepLoops: true }),
      breakCircle: () => this.engine.breakCircle(), stop: () => this.engine.stop(),
      trace: m => this.traces.show(m), goOn: m => this.newFrom(m), leaveOut: () => this.leaveOut(),
      budget: () => this.settings.budget, temperature: () => Number(this.settings.temperature || 0.2),
      copied: () => toast('Copied') });
    this.find = new Find(() => this.transcript.views.values(), () => this.message.focus());
    this.sidebar = new Sidebar({ open: id => this.open(id), rename: c => this.rename(c),
      remove: c => this.remove(c), save: (c, ending) => this.export(c, ending) });
    this.models = new Models(this.store, { use: m => this.use(m), current: () => this.model?.id ?? '' });
    this.traces = new Traces(this);
    this.tabs = 'BroadcastChannel' in self ? new BroadcastChannel('tarn-chats') : null;
  }

  async start() {
    /* A page that is not isolated is about to be loaded again. */
    if (crossOriginIsolated || !('serviceWorker' in navigator)) this.engine.prepare(this.loader.module());
    this.wire();
    this.composer.restore();
    await this.store.open();
    this.settings = readSettings((await this.store.all('settings'))[0]);
    this.chats = await this.store.all('chats');
    applyScheme(this.settings);
    this.composer.draw();
    /* A person may have been quicker. */
    if (this.chat.messages.length) this.listChats(this.chat); else this.show(this.chat);
    this.online();
    if (this.tabs) this.tabs.onmessage = () => this.reread();
    if (!this.store.lasting) notify(words.privateWindow());
    await prepare({ keepDraft: () => this.composer.keep(),
      onnew: go => notify({ ...words.newVersion(), deed: { name: 'Reload', act: go } }) });
    if (!crossOriginIsolated) notify({ ...words.oneThread(), level: 'warn' });
    await this.models.open();
    this.traces.sweep(this.chats);
    const last = this.models.all().find(m => m.id === this.settings.model);
    await this.use(last ?? this.models.all()[0]);
    this.started?.();
  }

  wire() {
    byId('title').addEventListener('dblclick', () => this.rename(this.chat, byId('title')));
    byId('side-new').addEventListener('click', () => this.fresh());
    byId('open-models').addEventListener('click', () => this.models.show());
    byId('open-settings').addEventListener('click', () => this.openSettings());
    const menu = byId('menu');
    menu.addEventListener('click', () => openMenu(menu, this.menu()));
    byId('status').addEventListener('click', () => openContext(this, byId('status')));
    this.drawExamples();
    addEventListener('online', () => this.online());
    addEventListener('offline', () => this.online());
    addEventListener('pagehide', () => { this.composer.keep(); this.save(this.chat); });
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.drawTitle(false); });
    const picker = /** @type {HTMLInputElement} */ (byId('chat-file'));
    picker.addEventListener('change', () => { if (picker.files?.[0]) this.openJson(picker.files[0], true); picker.value = ''; });
    setKeys(this);
  }

  /* ------------------------------------------------------------- model */
  /** @param {Model} m @param {boolean} [steal] take the model from another tab
   * @returns {Promise<number>} 0, or the status of the failure */
  async use(m, steal = false) {
    const mine = this.loaded = this.loader.load(m, steal);
    try { await mine; } catch (e) { return this.loader.failed(m, e); }
    this.drawExamples();
    this.status();
    this.drawTitle(false);
    return 0;
  }

  /* -------------------------------------------------------------- turn */
  pressed() {
    if (this.writer) { this.engine.stop(); return; }
    const { composer, chat } = this, typed = this.message.value.length;
    if (composer.empty) return;
    if (typed > LONGEST_MESSAGE) {
      notify({ ...words.tooLong(size(typed), size(LONGEST_MESSAGE)), level: 'warn' });
      return;
    }
    const { text, files, name } = composer.taken();
    beginChat(chat);
    const m = addMessage(chat, chat.leaf, 'user', text, name);
    if (files.length) m.files = files;
    if (chat.messages.length === 2 && m.parent) this.transcript.add(chat, chat.messages[0]);
    this.transcript.add(chat, m);
    composer.drawChips();
    this.transcript.follow.toEnd();
    this.write(chat, m);
  }

  /** Tokens that are free for the next message. */
  room() { return Math.max(0, (this.engine.info?.context ?? 0) - this.used); }

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
    const m = over.goOn ?? addMessage(chat, parent.id, 'assistant', '');
    m.model = chat.model = this.model?.name ?? '';
    const reply = /** @type {Reply} */ (this.transcript.add(chat, m));
    /* An answer that goes on is told from its beginning once more. */
    const before = over.goOn && { text: m.text, thought: m.thought, ids: m.ids, calls: m.calls, stat: m.stat, notices: m.notices };
    const writer = new Writer({ chat, m, reply, settings: { ...this.settings, budget: over.budget ?? this.settings.budget },
      answerNow: () => this.answerNow(), save: () => this.save(chat),
      painted: () => this.transcript.follow.keep() });
    this.writer = writer;
    this.typed();
    this.listChats(chat);
    this.save(chat);
    reply.wait('Loading the model…');
    this.transcript.follow.toEnd();
    let failed = '', died = false, full = false;
    const light = matchMedia('(pointer: coarse)').matches && await navigator.wakeLock?.request('screen').catch(() => null);
    try {
      await this.loaded.catch(() => {});
      /* Its worker has died, or another tab took the model meanwhile. */
      if (!this.engine.info && this.model) await this.use(this.model);
      await this.loaded;
      reply.wait('Thinking…');
      this.engine.onevents = list => writer.take(list);
      const request = this.traces.request(m, requestOf(chat, parent, m, attempt, writer.o.settings, over));
      if (before && m.traced) request.source = await this.traces.store.get(chat, m.id).catch(() => undefined);
      if (before) Object.assign(m, { text: '', thought: undefined, ids: [], calls: undefined, stat: undefined, notices: undefined });
      await this.engine.turn(request);
    } catch (e) {
      died = e instanceof EngineError && e.died;
      full = e instanceof EngineError && e.status === LIMIT;
      failed = e instanceof Error ? e.message : String(e);
    }
    if (light) light.release().catch(() => {});
    if (before && (m.ids?.length ?? 0) < (before.ids?.length ?? 0)) writer.putBack(before);
    this.ended(chat, writer, reply, failed, died, full);
  }

  /** @param {Chat} chat @param {Writer} writer @param {Reply} reply
   * @param {string} failed @param {boolean} died @param {boolean} full the context has no room */
  ended(chat, writer, reply, failed, died, full) {
    const sum = writer.finish(full ? 'context' : failed ? 'failed' : '');
    this.writer = null;
    if (failed && died) {
      reply.fail(words.stoppedWorking(failed).text);
      if (this.model) this.loaded = Promise.reject(new Error(failed));
      this.loaded.catch(() => {});
    } else if (failed || sum.error) reply.fail(failed || sum.error);
    if (sum.speed) this.lastSpeed = sum.speed;
    if (sum.context) this.used = sum.context;
    this.traces.keep(chat, writer.o.m);
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

  /** A stopped answer goes on in its place; one that others follow, as a branch. @param {Message} m */
  resume(m) {
    const parent = messageOf(this.chat, m.parent);
    if (this.writer || !parent) return;
    if (this.chat.messages.some(x => x.parent === m.id)) { this.regenerate(m, { begin: m.ids }); return; }
    this.chat.leaf = m.id;
    this.transcript.drop(m);
    this.write(this.chat, parent, { goOn: m });
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
    const from = this.chat;
    this.chat = chat;
    this.composer.turnTo(from, chat);
    this.used = chat.messages.find(m => m.id === chat.leaf)?.stat?.context ?? 0;
    this.transcript.show(chat, this.settings.thoughts === 'open');
    this.listChats(chat);
    this.drawTitle(false);
    this.typed();
    this.status();
    this.find.refresh();
    this.tellLeft();
    this.traces.left();
  }

  fresh() {
    if (this.writer) this.engine.stop();
    this.sidebar.show(false);
    if (this.chat.messages.length) this.show(newChat(this.model?.name));
    this.message.focus();
  }

  /** A chat that begins with the end of this one (MN08). @param {Message} m an answer */
  newFrom(m) {
    if (this.writer) return;
    const old = this.chat, chat = newChat(this.model?.name), asked = messageOf(old, m.parent);
    Object.assign(chat, { instructions: old.instructions, schema: old.schema });
    beginChat(chat);
    if (asked?.role === 'user') addMessage(chat, chat.leaf, 'user', asked.text).files = asked.files;
    if (asked?.role === 'user') Object.assign(addMessage(chat, chat.leaf, 'assistant', m.text),
      { thought: m.thought, ids: m.ids, calls: m.calls, model: m.model, stat: { ...m.stat, reason: 'end' }, finished: true });
    this.show(chat);
    this.save(chat);
    this.message.focus();
  }

  /** The older half of the turns (MN08). */
  async leaveOut() {
    const { chat } = this, path = pathOf(chat), at = Math.max(0, path.findIndex(m => m.id === chat.from));
    const turns = path.slice(at).filter(m => m.role === 'user'), n = Math.floor(turns.length / 2);
    if (this.writer) return;
    if (!n) { notify(words.nothingToLeave()); return; }
    if (await question(words.leaveOut(n).text, ['Leave out', 'Keep']) !== 0) return;
    chat.from = turns[n].id;
    this.save(chat);
    this.tellLeft();
  }

  /** MN09 for the chat that is shown. */
  tellLeft() {
    const { chat } = this, path = pathOf(chat), at = path.findIndex(m => m.id === chat.from);
    dismiss('mn09');
    if (at <= 0) return;
    const turns = path.slice(0, at).filter(m => m.role === 'user');
    notify({ ...words.leftOut(turns.length, when(turns[0]?.at ?? chat.at)), deed: { name: 'Bring back', act: () => {
      delete chat.from;
      this.save(chat);
    } } });
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

  /** A chat or a trace: its content tells. @param {File} file
   * @param {boolean} [sure] it must be one of them @returns {Promise<boolean>} it was */
  async openJson(file, sure = false) {
    const head = await file.slice(0, 4096).text();
    if (/^\s*(\[\s*\{\s*"role"|\{\s*"(tarn_chat|messages|title)")/.test(head)) await this.import(file);
    else if (sure || /^\s*\{\s*"tarn_trace"/.test(head)) await this.traces.open(file);
    else return false;
    return true;
  }

  /** @param {Chat} chat @param {'json'|'md'} ending */
  async export(chat, ending) {
    const texts = ending === 'json' ? await this.traces.textsOf(chat) : new Map();
    saveChat(chat, ending, texts);
  }

  /** @param {File} file */
  async import(file) {
    try {
      const { chat, traces } = await readChat(file);
      if (this.writer) { this.engine.stop(); await this.turn; }
      await this.traces.keepAll(chat, traces);
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
    openSettings(this.settings, () => { this.composer.draw(); this.saveSettings(); });
  }

  /* ----------------------------------------------------------- drawing */
  menu() {
    const items = [
      { name: 'New chat', act: () => this.fresh() },
      { name: 'Open a chat or a trace…', act: () => byId('chat-file').click() },
      { name: 'Models', act: () => this.models.show() },
      { name: 'Settings', act: () => this.openSettings() },
      { name: 'Recent messages', act: () => { openWindow('Recent messages', recent.length ? h('ul.recent', ...recent.map(r =>
        h('li', r.text, ' ', h('span.hint', when(r.at))))) : h('p', 'There are none.')); } },
      { name: 'Keyboard shortcuts', act: () => /** @type {HTMLDialogElement} */ (byId('keys')).showModal() },
    ];
    if (this.chat.messages.length) items.splice(1, 0,
      { name: 'Find in this chat', act: () => this.find.open() },
      { name: 'Rename', act: () => this.rename(this.chat, byId('title')) },
      { name: 'Export as Markdown', act: () => this.export(this.chat, 'md') },
      { name: 'Export with branches', act: () => this.export(this.chat, 'json') },
      { name: 'Delete chat', act: () => this.remove(this.chat) });
    return items;
  }

  typed() { this.composer.typed(); }

  drawExamples() {
    this.composer.drawExamples(build.examples[this.model && !this.model.pocket ? 'other' : 'pocket']);
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
    const info = this.engine.info, line = byId('status');
    if (text || !info) {
      if (text) { line.textContent = text; line.removeAttribute('aria-label'); }
      return;
    }
    const threads = info.threads === 1 ? '1 thread' : `${info.threads} threads`, speed = this.lastSpeed || 'not yet measured';
    const context = `context ${count(this.used)} of ${count(info.context)}`;
    line.replaceChildren(h('span.long', `${info.backend} · ${threads} · `), speed, ` · ${context}`);
    line.setAttribute('aria-label', `${info.backend}, ${threads}, ${speed}, ${context}. Show details`);
    if (this.used >= FULL * info.context && this.warned !== this.chat) {
      this.warned = this.chat;
      notify({ ...words.filling(Math.floor(100 * this.used / info.context)), level: 'warn',
        deed: { name: 'Context', act: () => openContext(this, line) } });
    }
  }
}

const page = new Page();
/** For tests. */
Object.defineProperty(globalThis, 'tarnPage', { value: page });
page.start().catch(e => {
  notify({ ...words.stoppedWorking(e instanceof Error ? e.message : String(e)), level: 'error' });
});

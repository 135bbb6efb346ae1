// @ts-check
// models.mjs - the models that are here, the window that lists them, and the
// way a file becomes one of them.
import { question } from './ask.mjs';
import { button, byId, h, openMenu, signButton } from './dom.mjs';
import { parameters, size } from './form.mjs';
import { Files, FilesError } from './files.mjs';
import { notify, toast } from './notices.mjs';
import { words } from './words.mjs';
import { build } from './build.mjs';

/**
 * @typedef {import('./store.mjs').Kept} Kept
 * @typedef {import('./engine.mjs').Source} Source
 * @typedef {{id: string, name: string, bytes: number, source: Source,
 *   pocket: boolean, n_params?: number, file_type?: string}} Model
 */

/* A pointer has 32 bits, and one block of memory at most half of them. */
const LARGEST = 2 ** 31 - 2 ** 26;
const REAL = 'https://huggingface.co/LiquidAI';

export const POCKET = 'pocket';

export class Models {
  /**
   * @param {import('./store.mjs').Store} store
   * @param {{use: (m: Model) => Promise<number>, current: () => string}} acts
   */
  constructor(store, acts) {
    this.store = store;
    this.acts = acts;
    this.files = new Files();
    /** @type {Kept[]} */
    this.kept = [];
    /** @type {Model[]} in memory only */
    this.loose = [];
    this.storable = true;
    this.swept = Promise.resolve();
    /** @type {{name: string, done: number, total: number}|null} */
    this.copying = null;
    this.dialog = /** @type {HTMLDialogElement} */ (byId('models'));
    const picker = /** @type {HTMLInputElement} */ (byId('file'));
    byId('models-close').onclick = () => this.dialog.close();
    byId('open-file').onclick = () => picker.click();
    this.picker = picker;
    this.space = { kept: false, used: 0, quota: 0 };
    picker.onchange = () => { if (picker.files?.[0]) this.take(picker.files[0]); picker.value = ''; };
    this.files.onprogress = (done, total) => this.progress(done, total);
  }

  /** Reads the list; what lies beside it is looked through meanwhile. */
  async open() {
    this.kept = await this.store.all('models');
    this.swept = this.sweep();
    this.drawStored();
  }

  /** Removes leftovers; tells which listed models are gone. */
  async sweep() {
    try {
      const gone = await this.files.sweep(this.kept.map(k => k.file));
      for (const file of gone) {
        const lost = this.kept.find(k => k.file === file);
        if (lost) await this.store.remove('models', lost.id);
        if (lost && lost.id !== POCKET) notify({ ...words.gone(), level: 'error',
          deed: { name: 'Get again', act: () => this.show() } });
      }
      this.kept = this.kept.filter(k => !gone.includes(k.file));
    } catch { this.storable = false; }
    this.drawStored();
  }

  /** @returns {Model[]} pocket first */
  all() {
    const p = this.kept.find(k => k.id === POCKET);
    const pocket = { id: POCKET, name: 'Pocket', bytes: build.pocket.bytes, pocket: true,
      n_params: p?.n_params ?? build.pocket.n_params, file_type: p?.file_type,
      source: p ? { kept: p.file } : { url: build.pocket.url } };
    const rest = this.kept.filter(k => k.id !== POCKET).map(k => ({ id: k.id, name: k.name,
      bytes: k.bytes, pocket: false, n_params: k.n_params, file_type: k.file_type,
      source: { kept: k.file } }));
    return [pocket, ...rest, ...this.loose];
  }

  /** Keeps the page's own model for the next time, also without a network.
   * @param {(done: number, total: number) => void} progress @returns {Promise<Model>} */
  async pocket(progress) {
    const url = new URL(build.pocket.url, document.baseURI).href;
    const old = this.kept.find(k => k.id === POCKET);
    if (old?.file !== build.pocket.file) await this.swept;
    if (this.storable && old?.file !== build.pocket.file) {
      this.files.onprogress = progress;
      try {
        await this.files.keep({ name: build.pocket.file, url, bytes: build.pocket.bytes });
        await this.list({ id: POCKET, name: 'Pocket', file: build.pocket.file,
          bytes: build.pocket.bytes, at: Date.now() });
        if (old) await this.files.remove(old.file).catch(() => {});
      } catch (e) {
        /* Without a network and with an older pocket model: that one will do. */
        if (!old && /server answered|fetch/i.test(String(e))) throw e;
      }
      this.files.onprogress = (done, total) => this.progress(done, total);
    }
    const m = this.all()[0];
    return m.source.url ? { ...m, source: { url } } : m;
  }

  /** @param {Kept} k the commit: only now the file counts */
  async list(k) {
    await this.store.put('models', k);
    this.kept = [...this.kept.filter(o => o.id !== k.id), k];
    this.drawStored();
  }

  /** What the engine found out about a model. @param {Model} m @param {import('./engine.mjs').Info} info */
  async learn(m, info) {
    m.n_params = info.n_params;
    m.file_type = info.file_type;
    const k = this.kept.find(x => x.id === m.id);
    if (k && (k.n_params !== info.n_params || k.file_type !== info.file_type))
      await this.list({ ...k, n_params: info.n_params, file_type: info.file_type });
  }

  /** A file that was picked or dropped. @param {File} file */
  async take(file) {
    this.show();
    if (this.copying) return;
    let head;
    try { head = await file.slice(0, 4).text(); } catch { head = null; }
    if (head === null) return this.refuse(words.unusable(file.name, 'it cannot be read'));
    if (head !== 'GGUF') return this.refuse(words.notModel(file.name));
    if (file.size > LARGEST) return this.refuse(words.tooLarge(size(LARGEST), size(file.size)));
    const model = await this.copy(file);
    this.dialog.close();
    /* What turns out to be no good model (status 3) is not kept. */
    if (model && await this.acts.use(model) === 3) await this.forget(model);
    this.draw();
  }

  /** @param {File} file @returns {Promise<Model|null>} */
  async copy(file) {
    const id = crypto.randomUUID(), name = file.name.replace(/\.gguf$/i, '');
    const loose = { id, name, bytes: file.size, source: { file }, pocket: false };
    this.copying = { name, done: 0, total: file.size };
    this.draw();
    await this.swept;
    try {
      if (!this.storable) throw new FilesError({ reason: 'it has no private file system here' });
      await this.files.keep({ name: `${id}.gguf`, file, bytes: file.size });
      await this.list({ id, name, file: `${id}.gguf`, bytes: file.size, at: Date.now() });
      navigator.storage.persist?.().catch(() => {});
      return this.all().find(m => m.id === id) ?? null;
    } catch (e) {
      if (e instanceof FilesError && e.cancelled) return null;
      this.refuse(words.notStored(e instanceof FilesError && e.quota ? 'there is no room left'
        : e instanceof Error ? e.message : String(e)));
      this.loose.push(loose);
      return loose;
    } finally { this.copying = null; }
  }

  /** @param {Model} m */
  async remove(m) {
    if (await question(words.remove(m.name, size(m.bytes)).text, ['Delete', 'Keep']) !== 0) return;
    if (this.acts.current() === m.id) await this.acts.use(this.all()[0]);
    await this.forget(m);
    toast(`${m.name} deleted`);
  }

  /** To pick a file. */
  choose() { this.picker.click(); }

  /** What the browser says of its store. */
  async measure() {
    const s = navigator.storage;
    try {
      const { usage = 0, quota = 0 } = await s.estimate();
      this.space = { kept: await s.persisted(), used: usage, quota };
    } catch { /* it does not say */ }
  }

  /** "712 MB stored of 12.3 GB that the browser allows · may be removed by the browser" */
  drawSpace() {
    const { kept, used, quota } = this.space;
    const line = h('p.hint', this.storable ? `${size(used)} stored of ${size(quota)} that the browser allows · ` +
      (kept ? 'kept' : 'may be removed by the browser') : 'This browser stores no models: they stay in memory until the tab closes.');
    if (!this.storable || kept) return line;
    line.append(' ', button('link', async () => {
      await navigator.storage.persist().catch(() => false);
      await this.measure();
      if (!this.space.kept) toast('The browser did not promise to keep it.');
      this.draw();
    }, 'Keep'));
    return line;
  }

  /** @param {Model} m */
  async forget(m) {
    const k = this.kept.find(x => x.id === m.id);
    this.loose = this.loose.filter(x => x.id !== m.id);
    if (k) {
      await this.store.remove('models', k.id);
      this.kept = this.kept.filter(x => x !== k);
      await this.files.remove(k.file).catch(() => {});
    }
    this.drawStored();
    this.draw();
  }

  /** @param {{code: string, text: string}} sentence */
  refuse(sentence) {
    notify({ ...sentence, level: 'error' });
    this.dialog.close();
  }

  /** @param {number} done @param {number} total */
  progress(done, total) {
    if (!this.copying) return;
    Object.assign(this.copying, { done, total });
    const bar = document.querySelector('#copying i'), text = document.querySelector('#copying .num');
    if (bar instanceof HTMLElement) bar.style.width = `${100 * done / total}%`;
    if (text) text.textContent = `${size(done)} of ${size(total)}`;
  }

  drawStored() {
    const all = this.kept.reduce((sum, k) => sum + k.bytes, 0);
    byId('stored').textContent = all ? `${size(all)} stored` : '';
  }

  show() {
    this.draw();
    if (!this.dialog.open) this.dialog.showModal();
    this.measure().then(() => { if (this.dialog.open) this.draw(); });
  }

  draw() {
    const list = byId('model-list');
    list.replaceChildren(...this.all().map(m => this.row(m)));
    if (this.copying) {
      const c = this.copying, bar = h('i');
      bar.style.width = `${100 * c.done / Math.max(1, c.total)}%`;
      const stop = button('btn', () => this.files.cancel(), 'Stop');
      stop.classList.add('small');
      const box = h('div.dl', h('div', h('b', c.name), ' copying into the browser · ',
        h('span.num', size(c.done)), h('span.bar2', bar)), stop);
      box.id = 'copying';
      list.append(box);
    }
    const link = /** @type {HTMLAnchorElement} */ (h('a', 'huggingface.co/LiquidAI'));
    Object.assign(link, { href: REAL, target: '_blank', rel: 'noopener noreferrer' });
    byId('how').replaceChildren(this.drawSpace(),
      h('h3', 'The real model'),
      h('p', 'tarn is made for LFM2.5-8B-A1B (5.2 GB). It needs more memory than a page can have: ' +
        'use it with the desktop program, “tarn chat FILE”.'),
      h('p', `This page runs files up to ${size(LARGEST)}, for example a 1.2 B model at Q4_K_M (0.7 GB). ` +
        'Get the GGUF file from ', link, ', then press “Open file…” or drop it on the page. ' +
        'It is copied into the browser and stays there; nothing is sent.'));
  }

  /** @param {Model} m */
  row(m) {
    const used = this.acts.current() === m.id;
    const more = signButton('more', `Menu of ${m.name}`, () => openMenu(more,
      [{ name: 'Delete…', act: () => this.remove(m) }]));
    more.setAttribute('aria-haspopup', 'menu');
    const use = button('btn', async () => { this.dialog.close(); await this.acts.use(m); }, 'Use');
    use.classList.add('small');
    use.setAttribute('aria-label', `Use ${m.name}`);
    const name = h('span.nm', m.name);
    if (this.loose.includes(m)) name.append(h('span.hint', 'until the tab closes'));
    const row = h(used ? 'div.m.on' : 'div.m', h(used ? 'span.mark.full' : 'span.mark'), name,
      h('span.num.r', m.n_params ? parameters(m.n_params) : ''), h('span.num.r', size(m.bytes)),
      h('span.num', m.file_type ?? ''),
      h('span.end', used ? h('span.hint', 'in use') : use, m.pocket ? '' : more));
    return row;
  }
}

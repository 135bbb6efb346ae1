// @ts-check
// loader.mjs - which model computes: taking the lock that tabs share, opening
// a model, and what is said when that fails.
import { build } from './build.mjs';
import { EngineError, threadsWanted } from './engine.mjs';
import { parameters, size } from './form.mjs';
import { dismiss, notify } from './notices.mjs';
import { words } from './words.mjs';

/** @typedef {import('./models.mjs').Model} Model */

export class Loader {
  /** @param {any} page */
  constructor(page) {
    this.page = page;
    this.locked = false;
  }

  /** @param {Model} m */
  open(m) {
    return this.page.engine.open({ source: m.source, name: m.pocket ? 'pocket.gguf' : `${m.name}.gguf`, ...this.module() });
  }

  /** Where the module is, and how many threads it gets. */
  module() {
    const at = (/** @type {string} */ name) => new URL(name, import.meta.url).href;
    return { wasm: at(build.wasm), relaxed: at(build.relaxed), threads: threadsWanted(this.page.settings.threads) };
  }

  /** @param {Model} m @param {boolean} steal take the model from another tab */
  async load(m, steal) {
    const { page } = this, { engine, models, settings } = page;
    if (engine.running) { engine.stop(); await page.turn; }
    page.model = m;
    if (!(await this.lock(steal))) {
      notify({ ...words.otherTab(), level: 'warn',
        deed: { name: 'Use it here', act: () => page.use(m, true) } });
      throw new EngineError(words.otherTab().text, 8, false);
    }
    dismiss('me29');
    const wait = (/** @type {number} */ done, /** @type {number} */ total) =>
      page.status(`Loading ${m.name}… ${Math.floor(100 * done / Math.max(1, total))}%`);
    wait(0, 1);
    if (m.pocket) m = await models.pocket(wait);
    engine.onprogress = wait;
    const info = await this.open(m).catch(async (/** @type {unknown} */ e) => {
      /* Perhaps the browser has removed the file: pocket is fetched again. */
      if (!m.source.kept || !m.pocket || (e instanceof EngineError && e.died)) throw e;
      await models.swept;
      m = await models.pocket(wait);
      return this.open(m);
    });
    page.model = m;
    page.lastSpeed = '';
    await models.learn(m, info);
    if (settings.model !== m.id) { settings.model = m.id; page.saveSettings(); }
    if (m.pocket && !settings.pocketSeen)
      notify({ ...words.pocket(parameters(info.n_params)),
        deed: { name: 'Models', act: () => models.show() },
        onclose: () => { settings.pocketSeen = true; page.saveSettings(); } });
    else dismiss('mn01');
  }

  /** @param {Model} m @param {unknown} e */
  failed(m, e) {
    const { page } = this, status = e instanceof EngineError ? e.status : 1;
    const reason = e instanceof Error ? e.message : String(e);
    page.status('No model is loaded.');
    if (status === 8) return status;
    if (status === 4) notify({ ...words.tooLarge('2.1 GB', size(m.bytes)), level: 'error',
      deed: { name: 'Models', act: () => page.models.show() } });
    else if (status === 64) notify({ ...words.lacks(reason), level: 'error' });
    else if (m.pocket && status !== 3)
      notify({ ...words.unreachable(location.host || 'The page’s server', reason), level: 'error',
        deed: { name: 'Try again', act: () => page.use(m) } });
    else {
      notify({ ...(status === 3 ? { code: 'me35', text: reason } : words.unusable(m.name, reason)),
        level: 'error', deed: { name: 'Open…', act: () => page.models.choose() } });
      if (!m.pocket) page.use(page.models.all()[0]);
    }
    return status;
  }

  /** One tab at a time computes. @param {boolean} steal @returns {Promise<boolean>} */
  lock(steal) {
    const { page } = this;
    if (!navigator.locks || (this.locked && !steal)) return Promise.resolve(true);
    return new Promise(ok => {
      navigator.locks.request('tarn-engine', steal ? { steal: true } : { ifAvailable: true }, lock => {
        this.locked = lock !== null;
        ok(this.locked);
        return lock && new Promise(() => {});
      }).catch(() => {
        this.locked = false;
        page.engine.die('another tab uses the model now');
        page.status('Another tab of this page is using the model.');
        notify({ ...words.otherTab(), level: 'warn',
          deed: { name: 'Use it here', act: () => page.model && page.use(page.model, true) } });
      });
    });
  }
}

// @ts-check
// files.mjs - the page's side of files-worker.mjs: one job at a time.
import { workerUrl } from './trusted.mjs';

export class FilesError extends Error {
  /** @param {any} m */
  constructor(m) {
    super(m.reason);
    this.cancelled = m.cancelled === true;
    this.quota = m.quota === true;
  }
}

export class Files {
  constructor() {
    /** @type {Worker|null} */
    this.worker = null;
    /** @type {Promise<any>} */
    this.last = Promise.resolve();
    /** @type {(done: number, total: number) => void} */
    this.onprogress = () => {};
  }

  /** @param {any} message @returns {Promise<any>} */
  ask(message) {
    const p = this.last.catch(() => {}).then(() => new Promise((ok, no) => {
      const w = this.worker ??= new Worker(workerUrl('files-worker.mjs'), { type: 'module' });
      w.onerror = e => {
        e.preventDefault();
        this.worker = null;
        no(new FilesError({ reason: e.message || 'its worker could not start' }));
      };
      w.onmessage = ({ data: m }) => {
        if (m.is === 'progress') this.onprogress(m.done, m.total);
        else if (m.is === 'failed') no(new FilesError(m));
        else ok(m);
      };
      w.postMessage(message);
    }));
    this.last = p;
    return p;
  }

  /** @param {{name: string, file?: File, url?: string, bytes: number}} m */
  keep(m) { return this.ask({ do: 'keep', ...m }); }

  /** @param {string} name */
  remove(name) { return this.ask({ do: 'remove', name }); }

  /** Removes what is not listed; tells what is listed and not there.
   * @param {string[]} names @returns {Promise<string[]>} */
  async sweep(names) { return (await this.ask({ do: 'sweep', names })).gone; }

  cancel() { this.worker?.postMessage({ do: 'cancel' }); }
}

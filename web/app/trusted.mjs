// @ts-check
// trusted.mjs - the one Trusted Types policy: the addresses of our own
// workers, by name, and nothing else.

const WORKERS = ['engine-worker.mjs', 'pool-worker.mjs', 'control-worker.mjs',
  'files-worker.mjs'];

/** @param {string} name @returns {string} */
function known(name) {
  if (name === 'sw.js') return new URL('../sw.js', import.meta.url).href;
  if (!WORKERS.includes(name)) throw new TypeError(`no worker ${name}`);
  return new URL(`./${name}`, import.meta.url).href;
}

const types = /** @type {any} */ (globalThis).trustedTypes;
const policy = types?.createPolicy('tarn', { createScriptURL: known });

/** @param {string} name @returns {any} an address that Worker() takes */
export const workerUrl = name => policy ? policy.createScriptURL(name) : known(name);

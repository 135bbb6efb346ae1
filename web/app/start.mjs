// @ts-check
// start.mjs - the service worker: offline, and isolation headers on hosts that
// cannot send them.
import { workerUrl } from './trusted.mjs';

const MARK = 'tarn-reloaded', WAIT_MS = 15000;

/** @param {ServiceWorkerRegistration} reg @param {(go: () => void) => void} onnew */
function watch(reg, onnew) {
  const offer = () => {
    const next = reg.waiting;
    if (!next || !navigator.serviceWorker.controller) return;
    onnew(() => {
      navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
      next.postMessage('go');
    });
  };
  offer();
  reg.addEventListener('updatefound', () =>
    reg.installing?.addEventListener('statechange', offer));
}

/** Resolves when the service worker answers for this page. */
function controlled() {
  if (navigator.serviceWorker.controller) return Promise.resolve(true);
  return new Promise(ok => {
    navigator.serviceWorker.addEventListener('controllerchange', () => ok(true), { once: true });
    setTimeout(() => ok(false), WAIT_MS);
  });
}

/**
 * On a host without the headers the first visit is not isolated and its
 * workers are not bound by the policy; one reload under the service worker
 * cures both, before anything runs.
 * @param {{keepDraft: () => void, onnew: (go: () => void) => void}} hooks
 * @returns {Promise<void>} not resolved if the page is about to reload
 */
export async function prepare({ keepDraft, onnew }) {
  if (!('serviceWorker' in navigator)) return;
  const registered = navigator.serviceWorker.register(workerUrl('sw.js')).then(reg => { watch(reg, onnew); return true; })
    .catch(() => false);
  /* Nothing waits for it here: it may take seconds. */
  if (self.crossOriginIsolated || !(await registered) || !(await controlled())) return;
  const last = Number(sessionStorage.getItem(MARK) ?? 0);
  if (Date.now() - last < 30000) return;
  sessionStorage.setItem(MARK, String(Date.now()));
  keepDraft();
  location.reload();
  await new Promise(() => {});
}

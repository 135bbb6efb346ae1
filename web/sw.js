// sw.js - keeps the page, its module and nothing else for use without a
// network, and adds to every answer the headers that a plain static host does
// not send.  VERSION and FILES are written by assemble.mjs.
'use strict';

const VERSION = '@VERSION@';
const FILES = [/*@FILES@*/];
const CSP = "@CSP@; frame-ancestors 'none'";
const TYPES = { html: 'text/html', css: 'text/css', mjs: 'text/javascript', js: 'text/javascript',
  wasm: 'application/wasm', svg: 'image/svg+xml', png: 'image/png',
  webmanifest: 'application/manifest+json' };

/* A server may answer a missing file with its front page: such an answer must
 * never be kept as a script. */
async function get(name) {
  const r = await fetch(new Request(name, { cache: 'no-cache' }));
  const type = (r.headers.get('content-type') ?? '').split(';')[0];
  const want = name === './' ? TYPES.html : TYPES[name.split('.').pop()];
  const good = type === want || type === 'application/octet-stream' ||
    (want === 'text/javascript' && type === 'application/javascript') ||
    (want === TYPES.webmanifest && type === 'application/json');
  if (!r.ok || !good) throw new Error(`${name}: ${r.status} ${type}`);
  return r;
}

/* Of the two modules the one that this browser takes: see compile() in
 * engine-worker.mjs. */
async function put(cache, name) {
  if (name.endsWith('/tarn-web.wasm')) return;
  let r = await get(name);
  if (name.endsWith('/tarn-web-relaxed.wasm') &&
      !WebAssembly.validate(await r.clone().arrayBuffer())) {
    name = name.replace('-relaxed', '');
    r = await get(name);
  }
  await cache.put(name, r);
}

addEventListener('install', e => e.waitUntil((async () => {
  const cache = await caches.open(VERSION);
  await Promise.all(FILES.map(f => put(cache, f)));
})()));

addEventListener('activate', e => e.waitUntil((async () => {
  for (const k of await caches.keys()) if (k !== VERSION) await caches.delete(k);
  await clients.claim();
})()));

addEventListener('message', e => { if (e.data === 'go') skipWaiting(); });

addEventListener('fetch', e => {
  const url = new URL(e.request.url);
  if (e.request.method !== 'GET' || url.origin !== location.origin) return;
  e.respondWith((async () => {
    const cache = await caches.open(VERSION);
    const r = await cache.match(e.request, { ignoreSearch: true }) ?? await fetch(e.request);
    if (r.status === 0 || r.type === 'opaqueredirect') return r;
    const h = new Headers(r.headers);
    const name = url.pathname.split('.').pop();
    if (h.get('content-type') === 'application/octet-stream' && TYPES[name])
      h.set('content-type', TYPES[name]);
    h.set('cross-origin-opener-policy', 'same-origin');
    h.set('cross-origin-embedder-policy', 'require-corp');
    h.set('cross-origin-resource-policy', 'same-origin');
    h.set('x-content-type-options', 'nosniff');
    h.set('content-security-policy', CSP);
    return new Response(r.body, { status: r.status, statusText: r.statusText, headers: h });
  })());
});

// server.mjs - a plain static server on loopback, as any host would be: no
// isolation headers unless `isolate` asks for them.
import http from 'node:http';
import { createReadStream, statSync } from 'node:fs';
import { basename, join, normalize } from 'node:path';

const TYPES = { html: 'text/html; charset=utf-8', mjs: 'text/javascript', js: 'text/javascript',
  css: 'text/css', wasm: 'application/wasm', svg: 'image/svg+xml', png: 'image/png',
  webmanifest: 'application/manifest+json' };

function find(roots, path) {
  for (const root of roots) {
    try {
      const file = join(root, path), s = statSync(file);
      if (s.isFile()) return file;
      const index = join(file, 'index.html');
      if (s.isDirectory() && statSync(index).isFile()) return index;
    } catch { /* not in this one */ }
  }
  return null;
}

/* A port that had been used would bring what its pages had kept. */
const ports = new Set();

/** @param {string|string[]} roots looked through in this order
 * @param {{isolate?: boolean, cached?: boolean, instead?: Record<string, Buffer>}} [how]
 *   cached: what is named after its content may be kept; instead: files by name
 * @returns {Promise<{url: string, close: () => Promise<void>, asked: string[]}>} */
export function serve(roots, { isolate = false, cached = false, instead = {} } = {}) {
  const asked = [], alone = isolate ? { 'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp' } : {};
  const server = http.createServer((q, r) => {
    const path = normalize(decodeURIComponent(new URL(q.url, 'http://x').pathname)), text = instead[basename(path)];
    asked.push(path);
    const file = text === undefined ? find([].concat(roots), path) : path;
    if (!file) {
      r.writeHead(404, { 'content-type': 'text/plain' });
      r.end('not here');
      return;
    }
    r.writeHead(200, { 'content-type': TYPES[file.split('.').pop()] ?? 'application/octet-stream',
      'content-length': text?.length ?? statSync(file).size,
      'cache-control': cached && path.startsWith('/v-') ? 'max-age=3600' : 'no-cache', ...alone });
    if (text === undefined) createReadStream(file).pipe(r); else r.end(text);
  });
  const close = () => new Promise(done => { server.closeAllConnections(); server.close(() => done()); });
  return new Promise(ok => {
    const listen = () => server.listen(0, '127.0.0.1', async () => {
      const { port } = server.address();
      if (ports.has(port)) { await close(); listen(); return; }
      ports.add(port);
      ok({ url: `http://127.0.0.1:${port}/`, asked, close });
    });
    listen();
  });
}

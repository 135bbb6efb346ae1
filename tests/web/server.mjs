// server.mjs - a plain static server on loopback, as any host would be: no
// isolation headers unless `isolate` asks for them.
import http from 'node:http';
import { createReadStream, statSync } from 'node:fs';
import { join, normalize } from 'node:path';

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

/** @param {string|string[]} roots looked through in this order
 * @returns {Promise<{url: string, close: () => Promise<void>, asked: string[]}>} */
export function serve(roots, { isolate = false, port = 0 } = {}) {
  const asked = [];
  const server = http.createServer((q, r) => {
    const path = normalize(decodeURIComponent(new URL(q.url, 'http://x').pathname));
    asked.push(path);
    const file = find([].concat(roots), path);
    if (!file) {
      r.writeHead(404, { 'content-type': 'text/plain' });
      r.end('not here');
      return;
    }
    const headers = { 'content-type': TYPES[file.split('.').pop()] ?? 'application/octet-stream',
      'content-length': statSync(file).size, 'cache-control': 'no-cache' };
    if (isolate) Object.assign(headers, { 'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp' });
    r.writeHead(200, headers);
    createReadStream(file).pipe(r);
  });
  return new Promise(ok => server.listen(port, '127.0.0.1', () => ok({
    url: `http://127.0.0.1:${server.address().port}/`, asked,
    close: () => new Promise(done => { server.closeAllConnections(); server.close(() => done()); }) })));
}

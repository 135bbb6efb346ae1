// firefox_test.mjs - the built page in Firefox, from a plain server: its service
// worker isolates it (threads), the relaxed module is taken, a question is
// answered.  There is no driver: a script that is served with the page asks,
// and says what it saw by asking the server for a path.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, finish, firefox, need, page as folder, startFirefox, test } from './browser.mjs';
import { serve } from './server.mjs';

need('no Firefox here', firefox);

/* In the page. */
async function probe(tell) {
  const wait = async (what, holds) => {
    for (let i = 0; i < 600; i++) {
      if (holds()) return;
      await new Promise(ok => setTimeout(ok, 100));
    }
    await tell({ wrong: `never: ${what}` });
  };
  for (const [kind, key] of [['error', 'message'], ['unhandledrejection', 'reason'], ['securitypolicyviolation', 'blockedURI']])
    addEventListener(kind, e => tell({ wrong: `${kind}: ${e[key]}` }));
  /* Without isolation the page waits for its service worker and is loaded again. */
  if (!crossOriginIsolated) return;
  const text = () => document.querySelector('main')?.textContent ?? '', field = document.querySelector('textarea');
  await wait('open', () => /context \d/.test(document.getElementById('status')?.textContent ?? ''));
  field.value = 'What is 482 + 977?';
  field.dispatchEvent(new Event('input', { bubbles: true }));
  field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
  await wait('an answer', () => text().includes('1459'));
  const { backend, threads } = globalThis.tarnPage.engine.info;
  await tell({ backend, threads, worker: !!navigator.serviceWorker.controller });
}

await test('the page in Firefox', async () => {
  const index = readFileSync(join(folder, 'index.html'), 'utf8');
  const server = await serve([folder], { instead: {
    'index.html': Buffer.from(index.replace('</body>', '<script type="module" src="./probe.mjs"></script></body>')),
    'probe.mjs': Buffer.from(`const hex = v => [...new TextEncoder().encode(JSON.stringify(v))].map(b => b.toString(16).padStart(2, '0')).join('');
      await (${probe})(v => fetch('./seen-' + hex(v)));`),
  } });
  const end = startFirefox(`${server.url}index.html`, { serviceWorkers: true });
  const told = () => server.asked.filter(a => a.startsWith('/seen-')).map(a => JSON.parse(Buffer.from(a.slice(6), 'hex').toString()));
  try {
    for (let t = 0; !told().length; t++) {
      check(t < 500, `nothing in 100 s; asked for last: ${server.asked.slice(-3).join(' ')}`);
      await new Promise(ok => setTimeout(ok, 200));
    }
    const [saw] = told();
    check(saw.backend === 'cpu-wasm128-relaxed' && saw.threads > 1 && saw.worker, JSON.stringify(saw));
  } finally {
    await end();
    await server.close();
  }
});
await finish();

// first.mjs [--runs N] [--most MS]
// From the opening of the built page, whose files are already there, to the
// first token of the pocket model: a question is asked as soon as the page's
// scripts run, as an impatient person would.  Prints a JSON line with the
// median and what it is made of; with --most it fails above that.
import { parseArgs } from 'node:util';
import { page as folder, shut, start } from './browser.mjs';
import { idle, open } from './chat.mjs';
import { serve } from './server.mjs';

const { values: v } = parseArgs({ options: { runs: { type: 'string', default: '5' }, most: { type: 'string' } } });
const server = await serve(folder, { isolate: true }), b = await start();
const median = a => a.slice().sort((x, y) => x - y)[a.length >> 1];

/* The first visit: page, module and model are stored. */
const { p } = await open(b, server.url);
await p.evaluate(async () => { await navigator.serviceWorker.ready; await globalThis.tarnPage.store.put('settings', { ...globalThis.tarnPage.settings }); });
await p.waitForTimeout(1000);
await p.addInitScript(() => {
  const at = globalThis.firstAt = {};
  const wait = setInterval(() => {
    const t = globalThis.tarnPage;
    if (!t) return;
    clearInterval(wait);
    at.scripts = performance.now();
    const { use } = t, { prepare } = t.engine;
    t.engine.prepare = m => { at.prepare = performance.now(); prepare.call(t.engine, m); };
    t.use = (...a) => { at.use = performance.now(); return use.apply(t, a); };
    const { open, turn } = t.engine;
    t.engine.open = async (...a) => { at.opening = performance.now(); const info = await open.apply(t.engine, a); at.model = performance.now(); return info; };
    t.engine.turn = (...a) => {
      const take = t.engine.onevents;
      t.engine.onevents = list => { if (list.some(e => e.e === 'token')) at.token ??= performance.now(); take(list); };
      return turn.apply(t.engine, a);
    };
    t.message.value = 'What is 17 + 25?';
    t.pressed();
  }, 1);
});
const all = [];
for (let i = 0; i < Number(v.runs); i++) {
  await p.goto(server.url);
  await p.waitForFunction(() => globalThis.firstAt.token, null, { timeout: 20000, polling: 20 });
  await idle(p);
  all.push(await p.evaluate(() => globalThis.firstAt));
}
const of = k => Math.round(median(all.map(x => x[k] ?? 0)));
const first = of('token');
if (process.env.V) console.log(all);
console.log(JSON.stringify({ first_token_ms: first, runs: all.map(x => Math.round(x.token)),
  scripts_ms: of('scripts'), prepare_ms: of('prepare'), use_ms: of('use'), opening_ms: of('opening'), model_ms: of('model'),
  threads: await p.evaluate(() => globalThis.tarnPage.engine.info.threads) }));
await shut();
await server.close();
process.exit(v.most && first > Number(v.most) ? 1 : 0);

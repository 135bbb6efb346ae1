// chat.mjs - a chat in the built page, for tests: it is opened with the real
// engine or with the fake one, asked, waited for, looked at.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { axeSource, check, equal, here, page as folder, start } from './browser.mjs';
import { serve } from './server.mjs';

/** The model is open: its figures stand in the status line. */
export const loaded = p => p.waitForFunction(() => /context \d/.test(document.getElementById('status')?.textContent ?? ''), null,
  { timeout: 20000 });
export const idle = p => p.waitForFunction(() => !globalThis.tarnPage.writer, null, { timeout: 60000 });
export const status = p => p.locator('#status').textContent();

/** Waits for a promise of the page's to say yes (waitForFunction takes the promise for a yes). */
export async function until(p, holds, what = holds) {
  for (let i = 0; i < 200; i++) {
    if (await p.evaluate(holds)) return;
    await p.waitForTimeout(50);
  }
  throw new Error(`never: ${what}`);
}

/** All that goes wrong on a page. */
async function watch(p) {
  const wrong = [];
  p.on('console', m => { if (m.type() === 'error') wrong.push(m.text()); });
  p.on('pageerror', e => wrong.push(String(e)));
  await p.addInitScript(() => addEventListener('securitypolicyviolation',
    e => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`)));
  return wrong;
}

/** A page, with all that went wrong on it.
 * @param {{newPage: () => Promise<any>}} b @param {string} url
 * @param {{size?: object, before?: () => void}} [how] */
export async function open(b, url, { size, before } = {}) {
  const p = await b.newPage(), wrong = await watch(p);
  if (before) await p.addInitScript(before);
  if (size) await p.setViewportSize(size);
  await p.goto(url);
  await loaded(p);
  return { p, wrong };
}

/** Pages of one server that the tests of a program use in turn and in one tab,
 * nothing is left of the one before: a page that is loaded again costs a third
 * of a first visit.  With `before` or options of start() in a tab of its own.
 * @param {() => Promise<any>} listen */
function inTurn(listen) {
  const how = { serviceWorkers: 'block', reducedMotion: 'reduce' };
  let server = null, tab = null, busy = false; // busy: a test has failed in it
  const cleared = async () => {
    if (busy) { await tab.p.close(); tab = null; }
    if (!tab) {
      const p = await (await start(how)).newPage();
      tab = { p, wrong: await watch(p), size: p.viewportSize(), browser: await p.context().newCDPSession(p) };
    }
    await tab.p.goto('about:blank');
    await tab.browser.send('Storage.clearDataForOrigin', { origin: new URL(server.url).origin, storageTypes: 'all' });
    await tab.p.setViewportSize(tab.size);
    await tab.p.emulateMedia({ colorScheme: null });
    tab.wrong.length = 0;
  };
  /** @param {{size?: object, before?: () => void}} [how] */
  return async ({ size, before, ...options } = {}) => {
    server ??= await listen();
    await cleared();
    busy = true;
    const b = before || Object.keys(options).length ? await start({ ...how, ...options }) : null;
    const { p, wrong } = b ? await open(b, server.url, { size, before }) : tab;
    if (!b) {
      if (size) await p.setViewportSize(size);
      await p.goto(server.url);
      await loaded(p);
    }
    return { p, wrong, url: server.url, ask: text => ask(p, text), idle: () => idle(p), axe: what => axe(p, what),
      close: async () => { await b?.close(); busy = false; } };
  };
}

/** With the module and the pocket model, isolated, without a service worker. */
export const openReal = inTurn(() => serve(folder, { isolate: true, cached: true }));

/** With fake-engine.mjs and a model of four bytes. */
export const openFake = inTurn(() => {
  const names = readdirSync(folder), built = readFileSync(join(folder, names.find(n => n.startsWith('v-')), 'build.mjs'), 'utf8');
  return serve(folder, { isolate: true, cached: true, instead: { 'engine-worker.mjs': readFileSync(join(here, 'fake-engine.mjs')),
    'build.mjs': Buffer.from(built.replace(/"bytes": \d+/, '"bytes": 4')), [names.find(n => n.startsWith('pocket-'))]: Buffer.from('GGUF') } });
});

/** The answer's text. */
export async function ask(p, text) {
  await p.fill('#message', text);
  await p.locator('#send').click();
  await idle(p);
  await p.evaluate(() => new Promise(requestAnimationFrame)); // it is painted
  return p.locator('.turn:last-child .answer').innerText();
}

/** @param {string} [what] where; @param {string} [below] a selector */
export async function axe(p, what = 'axe', below = 'body') {
  if (!await p.evaluate(() => 'axe' in globalThis)) await p.evaluate(axeSource());
  const r = await p.evaluate(at => globalThis.axe.run(at === 'body' ? document : at, { resultTypes: ['violations'] }), below);
  equal(r.violations.map(v => `${v.id}: ${v.nodes.map(n => n.target.join(' ')).join(', ')}`), [], what);
}

/** Nothing of it is wider than the window. */
export async function fits(p, where) {
  const over = await p.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check(over <= 0, `${where}: ${over} px too wide`);
}

const shots = process.env.TARN_SHOTS;
/** With TARN_SHOTS=FOLDER a picture is left there. */
export async function shot(p, name) {
  if (shots) await p.screenshot({ path: join(shots, `${name}.png`) });
}

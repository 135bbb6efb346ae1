// chat.mjs - a chat in the built page, for tests: it is opened with the real
// engine or with the fake one, asked, waited for, looked at.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { axeSource, check, equal, here, start } from './browser.mjs';

/** The model is open: its figures stand in the status line. */
export const loaded = p => p.waitForFunction(() => /context \d/.test(document.getElementById('status')?.textContent ?? ''), null,
  { timeout: 20000 });
export const idle = p => p.waitForFunction(() => !globalThis.tarnPage.writer, null, { timeout: 60000 });
export const status = p => p.locator('#status').textContent();

/** Waits for a promise of the page's to say yes (waitForFunction takes the promise for a yes). */
export async function until(p, holds) {
  for (let i = 0; i < 200; i++) {
    if (await p.evaluate(holds)) return;
    await p.waitForTimeout(50);
  }
  throw new Error(`never: ${holds}`);
}

/** A page, with all that went wrong on it. */
export async function open(context, url, { size } = {}) {
  const p = await context.newPage(), wrong = [];
  p.on('console', m => { if (m.type() === 'error') wrong.push(m.text()); });
  p.on('pageerror', e => wrong.push(String(e)));
  await p.addInitScript(() => addEventListener('securitypolicyviolation',
    e => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`)));
  if (size) await p.setViewportSize(size);
  await p.goto(url);
  await loaded(p);
  return { p, wrong };
}

/** A page whose engine is fake-engine.mjs, in a browser of its own.
 * @param {string} url of a server that isolates @param {{size?: object, before?: () => void}} [how] */
export async function openFake(url, { size, before, ...options } = {}) {
  const fake = readFileSync(join(here, 'fake-engine.mjs'), 'utf8');
  const b = await start({ serviceWorkers: 'block', reducedMotion: 'reduce', ...options });
  await b.context.route('**/engine-worker.mjs', r => r.fulfill({ body: fake, contentType: 'text/javascript',
    headers: { 'cross-origin-embedder-policy': 'require-corp' } }));
  if (before) await b.context.addInitScript(before);
  const { p, wrong } = await open(b.context, url, { size });
  return { p, wrong, context: b.context, ask: text => ask(p, text), idle: () => idle(p), axe: what => axe(p, what), close: b.close };
}

/** The answer's text. */
export async function ask(p, text) {
  await p.fill('#message', text);
  await p.locator('#send').click();
  await idle(p);
  await p.waitForTimeout(50);
  return p.locator('.turn:last-child .answer').innerText();
}

/** @param {string} [what] where; @param {string} [below] a selector */
export async function axe(p, what = 'axe', below = 'body') {
  await p.evaluate(axeSource());
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

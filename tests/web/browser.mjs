// browser.mjs - Debian's Chromium through playwright-core, Debian's Firefox, and TAP.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
export const root = resolve(here, '../..');
/** node's options and script for a WASI program (why: wasm/wasm32.ini) */
export const wasiRun = ['--no-warnings', '--no-turbo-fast-api-calls', join(here, 'wasi-run.mjs')];
const require = createRequire(join(root, 'web/package.json'));

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
export const executablePath = process.env.TARN_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);

/** The built page: TARN_PAGE, or build/web. */
export const page = process.env.TARN_PAGE ?? join(root, 'build/web');

/** Ends the program as a skipped test where something is missing. */
export function need(what, there) {
  if (there) return;
  console.log(`1..0 # SKIP ${what}`);
  process.exit(0);
}

/** @typedef {{context: any, pages: Set<any>, end: () => Promise<void>}} Browser */

/** A browser with a profile on disk (private contexts keep no OPFS on disk).
 * @returns {Promise<Browser>} */
async function launch(options = {}) {
  const { chromium } = require('playwright-core');
  const profile = mkdtempSync(join(tmpdir(), 'tarn-web-'));
  const context = await chromium.launchPersistentContext(profile,
    { executablePath, headless: true, args: ARGS, ...options });
  return { context, pages: new Set(), async end() {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  } };
}

/** The browser that the tests of a program share: to start one takes longer
 * than most tests.  What a page keeps belongs to its origin, so a test that
 * must find nothing takes a server, and with it a port, of its own.
 * @type {Promise<Browser>|null} */
let shared = null;

const noServiceWorkers = () => {
  navigator.serviceWorker.register = () => Promise.reject(new DOMException('not here', 'SecurityError'));
};

/**
 * Pages that are told the same; `alone`: what only a whole browser can be told.
 * @param {{serviceWorkers?: 'allow'|'block', alone?: object,
 *   colorScheme?: 'light'|'dark', reducedMotion?: 'reduce'}} [options]
 */
export async function start({ serviceWorkers = 'allow', alone, ...media } = {}) {
  const b = await (alone ? launch(alone) : shared ??= launch()), mine = new Set();
  return {
    async newPage() {
      const p = await b.context.newPage();
      b.pages.add(p);
      mine.add(p);
      if (serviceWorkers === 'block') await p.addInitScript(noServiceWorkers);
      if (Object.keys(media).length) await p.emulateMedia(media);
      return p;
    },
    async close() {
      for (const p of mine) { b.pages.delete(p); await p.close(); }
      if (alone) await b.end();
    },
  };
}

export const firefox = process.env.TARN_FIREFOX ?? ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find(existsSync);

/* Nothing of its own: no first pages, no look for news. */
const PREFS = { 'browser.shell.checkDefaultBrowser': false, 'browser.aboutwelcome.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false, 'toolkit.telemetry.reportingpolicy.firstRun': false,
  'app.normandy.enabled': false, 'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false, 'browser.safebrowsing.downloads.remote.enabled': false };

/** A Firefox without a window, in a profile of its own, at a page.
 * @returns {() => Promise<void>} ends it */
export function startFirefox(url, { serviceWorkers = false } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'tarn-firefox-')), prefs = { ...PREFS, 'dom.serviceWorkers.enabled': serviceWorkers };
  writeFileSync(join(profile, 'user.js'), Object.entries(prefs).map(([k, v]) => `user_pref("${k}", ${v});\n`).join(''));
  const child = spawn(firefox, ['--headless', '--no-remote', '--profile', profile, url],
    { stdio: 'ignore', env: { ...process.env, HOME: profile, TMPDIR: profile } });
  const ended = new Promise(ok => child.once('exit', ok));
  return async () => {
    child.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
}

export const axeSource = () => require('node:fs').readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

let n = 0, bad = 0;
const only = process.env.TARN_ONLY;

/** @param {string} name @param {() => Promise<void>} body throws when it fails */
export async function test(name, body) {
  if (only && !name.includes(only)) return;
  const before = new Set((await shared)?.pages);
  const since = performance.now(), took = () => `# ${((performance.now() - since) / 1000).toFixed(1)} s`;
  try {
    await body();
    console.log(`ok ${++n} - ${name}\n${took()}`);
  } catch (e) {
    bad++;
    console.log(`not ok ${++n} - ${name}`);
    for (const line of String(e?.stack ?? e).split('\n').slice(0, 12)) console.log(`# ${line}`);
    const { pages } = await shared ?? { pages: before };
    for (const p of pages) if (!before.has(p) && pages.delete(p)) await p.close();
  }
}

/** The shared browser is not needed any more. */
export const shut = async () => (await shared)?.end();

export async function finish() {
  console.log(`1..${n}`);
  await shut();
  /* A failed test may have left a browser or a server behind. */
  process.exit(bad ? 1 : 0);
}

/** @param {any} good @param {string} says */
export function check(good, says) { if (!good) throw new Error(says); }

export function equal(seen, wanted, what = 'value') {
  const a = JSON.stringify(seen), b = JSON.stringify(wanted);
  if (a !== b) throw new Error(`${what}: ${a}, wanted ${b}`);
}

// trace_test.mjs [TARN] - the trace pane of the built page in Chromium, fed by
// a turn of the pocket model and by a file.  With TARN_SHOTS=FOLDER pictures of
// it are left there; with TARN the SVG is compared with that of `tarn trace`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { axeSource, check, equal, executablePath, finish, need, page as folder, root, start, test } from './browser.mjs';
import { serve } from './server.mjs';

need('no Chromium here', executablePath);
const shots = process.env.TARN_SHOTS, tarn = process.argv[2];
const golden = readFileSync(join(root, 'tests/trace/golden-1.json'), 'utf8');

async function open(b, url) {
  const p = await b.context.newPage(), wrong = [];
  p.on('console', m => { if (m.type() === 'error') wrong.push(m.text()); });
  p.on('pageerror', e => wrong.push(String(e)));
  await p.setViewportSize({ width: 1600, height: 960 });
  await p.goto(url);
  await p.waitForFunction(() => /context \d/.test(document.getElementById('status')?.textContent ?? ''), null,
    { timeout: 20000 });
  return { p, wrong };
}

async function ask(p, text) {
  await p.fill('#message', text);
  await p.keyboard.press('Enter');
  await p.waitForFunction(() => !globalThis.tarnPage.writer, null, { timeout: 60000 });
}

const pane = (p, what) => p.evaluate(`(() => { const pane = tarnPage.traces.pane; return ${what}; })()`);
const whole = p => p.waitForFunction(() => globalThis.tarnPage.traces.pane.whole?.tokens.length > 20, null,
  { timeout: 10000 });

/** Warm enough for several candidates, and always the same. */
const warm = p => p.evaluate(() => Object.assign(globalThis.tarnPage.settings, { seed: '11', temperature: '2', budget: 0 }));

async function shot(p, name) {
  if (shots) await p.screenshot({ path: join(shots, `${name}.png`) });
}

/** 1,000 points: half of them anywhere, half within a bar. */
const agree = p => p.evaluate(() => {
  const { pane } = globalThis.tarnPage.traces, { list, canvas } = pane, box = canvas.getBoundingClientRect();
  let seed = 1, hits = 0;
  const next = n => (seed = (seed * 1664525 + 1013904223) % 4294967296) % n;
  const perColumn = k => k.token >= 0 && [3, 6, 9].includes(k.lane) && k.w > 0 && k.h > 0;
  const bars = list.items.filter(perColumn), wrong = [];
  for (let i = 0; i < 1000; i++) {
    const k = bars[next(bars.length)];
    const [x, y] = i % 2 ? [list.plotX + next(list.plotW), next(list.height)] : [k.x + next(k.w), k.y + next(k.h)];
    const p = pane.pointAt({ clientX: box.left + x + 0.4, clientY: box.top + y + 0.4 });
    for (const item of bars)
      if (x >= item.x && x < item.x + item.w && y >= item.y && y < item.y + item.h) {
        hits++;
        if (p.first !== item.token || p.n !== item.n) wrong.push([x, y, p.first, item.token]);
      }
  }
  return { hits, wrong: wrong.slice(0, 5), bars: bars.length };
});

await test('a turn fills the pane; 1,000 points agree with the list at every zoom', async () => {
  const server = await serve(folder), b = await start();
  const { p, wrong } = await open(b, server.url);
  await warm(p);
  await p.keyboard.press('Alt+Shift+T');
  check(await pane(p, 'pane.open'), 'the pane is closed');
  await shot(p, 'page-trace-none');
  await ask(p, 'Sort these words: pear, fig, apple, date, lime, kiwi, plum, grape, melon');
  await whole(p);
  check(/^thought \d+ tokens? in /.test(await p.locator('#trace .sum').innerText()), 'no summary');
  const dark = await p.evaluate(() => {
    const { canvas } = globalThis.tarnPage.traces.pane;
    const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let n = 0;
    for (let i = 3; i < bytes.length; i += 4) n += bytes[i] > 0;
    return n;
  });
  check(dark > 5000, `${dark} pixels are painted`);
  for (const key of ['0', '+', '+', '+', '-', '-', '-', '-', '-', '-', '-', '-']) {
    await p.locator('#trace .lanes').press(key);
    const seen = await agree(p);
    equal(seen.wrong, [], 'points');
    check(seen.hits >= 500, `only ${seen.hits} hits in ${seen.bars} bars`);
  }
  await p.locator('#trace .lanes').press('0');
  await shot(p, 'page-trace');
  equal(wrong, [], 'errors');
  await b.close();
  await server.close();
});

await test('keys, what a screen reader hears, reading view, table, export', async () => {
  const server = await serve(folder), b = await start();
  const { p, wrong } = await open(b, server.url);
  await warm(p);
  await ask(p, 'Sort these words: pear, fig, apple, date, lime, kiwi, plum, grape, melon');
  await p.locator('#trace-open').click();
  await whole(p);
  const lanes = p.locator('#trace .lanes'), said = () => lanes.getAttribute('aria-valuetext');
  equal(await p.evaluate(() => document.activeElement?.className), 'lanes', 'focus');
  await lanes.press('ArrowRight');
  check(/^token 0 of /.test(await said()), await said());
  await lanes.press('ArrowRight');
  check(/^token 1 of \d+, thought/.test(await said()), await said());
  await lanes.press('f');
  check(/fork/.test(await said()), await said());
  await lanes.press('h');
  await p.mouse.move(1100, 400);
  await shot(p, 'page-trace-selected');
  await lanes.press('t');
  check(await p.locator('#trace .reads').isVisible(), 'no reading view');
  const text = await p.evaluate(() => [...document.querySelectorAll('#trace .t')].map(s => s.textContent).join(''));
  const thought = await p.evaluate(() => globalThis.tarnPage.chat.messages.at(-1).thought);
  check(text.includes(thought.trim()), 'the reading view is not the thought');
  await shot(p, 'page-reading');
  await p.locator('#trace .reads').press('t');
  const rows = await p.locator('#trace tbody tr').count();
  check(rows > 20, `${rows} rows`);
  await p.locator('#trace th .link', { hasText: 'bits' }).click();
  check(await p.locator('#trace th[aria-sort="ascending"]').count() === 1, 'not sorted');
  for (const tab of ['Timeline', 'Reading', 'Table']) {
    await p.locator('#trace .tab', { hasText: tab }).click();
    await p.evaluate(axeSource());
    const found = await p.evaluate(() => globalThis.axe.run('#trace', { resultTypes: ['violations'] }));
    equal(found.violations.map(v => [v.id, v.nodes[0]?.html]), [], `axe, ${tab}`);
  }
  const svg = await pane(p, '(pane.view.list({ width: 960, zoom: 0, scroll: 0, layer: -1, selected: -1 }), pane.view.svg())');
  check(svg.startsWith('<svg') && svg.endsWith('</svg>\n'), 'no SVG');
  if (tarn) {
    const at = mkdtempSync(join(tmpdir(), 'tarn-trace-')), file = join(at, 't.json');
    writeFileSync(file, await pane(p, 'pane.text'));
    check(execFileSync(tarn, ['trace', file, '--svg']).toString() === svg, 'the SVG is not that of tarn trace');
    rmSync(at, { recursive: true });
  }
  check((await pane(p, 'pane.csv()')).split('\n').length > 20, 'no CSV');
  await p.emulateMedia({ colorScheme: 'dark' });
  await p.locator('#trace .tab', { hasText: 'Timeline' }).click();
  await shot(p, 'page-trace-dark');
  equal(wrong, [], 'errors');
  await b.close();
  await server.close();
});

await test('a fork by a click begins with the tokens before and the other candidate', async () => {
  const server = await serve(folder), b = await start();
  const { p, wrong } = await open(b, server.url);
  await warm(p);
  await ask(p, 'Sort these words: pear, fig, apple, date, lime, kiwi, plum, grape, melon');
  await p.locator('#trace-open').click();
  await whole(p);
  const before = await pane(p, 'pane.whole.tokens');
  await p.locator('#trace .lanes').press('f');
  const at = await pane(p, 'pane.look.selected');
  const full = await pane(p, 'pane.view.token(pane.look.selected)');
  const other = full.candidates.findIndex(c => c.id !== before[at][9]);
  await p.locator('#trace .cand').nth(other).click();
  await p.locator('#trace .go .btn').click();
  await p.waitForFunction(() => !globalThis.tarnPage.writer && globalThis.tarnPage.chat.messages.length === 3, null,
    { timeout: 60000 });
  await p.waitForFunction(n => globalThis.tarnPage.traces.pane.whole.tokens.length !== n, before.length);
  const after = await pane(p, 'pane.whole.tokens');
  equal(after.slice(0, at).map(t => [t[0], t[4], t[9]]), before.slice(0, at).map(t => [t[0], t[4], t[9]]), 'kept tokens');
  equal(after[at][9], full.candidates[other].id, 'the other candidate');
  check(after[at][2] & 1, 'it is not marked as forced');
  equal(after[at][4], before[at][4], 'its entropy');
  const m = await p.evaluate(() => globalThis.tarnPage.chat.messages.at(-1));
  check(m.finished && (m.thought ?? '').length + m.text.length > 0, 'an empty branch');
  await shot(p, 'page-fork');
  equal(wrong, [], 'errors');
  await b.close();
  await server.close();
});

await test('a trace file is opened without a model, a damaged one is refused', async () => {
  const server = await serve(folder), b = await start();
  const { p } = await open(b, server.url);
  await p.locator('#trace-open').click();
  check(await p.evaluate(text => globalThis.tarnPage.traces.pane.take(text), golden), 'not taken');
  equal(await p.locator('#trace .sum').innerText(),
    'thought 27 tokens in 0.8 s, 1 hesitation, 1 loop broken, budget reached', 'summary');
  await shot(p, 'page-trace-file');
  check(!await p.evaluate(text => globalThis.tarnPage.traces.pane.take(text.slice(0, 900)), golden), 'taken');
  check((await p.locator('.notice').innerText()).includes('not a tarn trace'), 'no sentence');
  check(await pane(p, 'pane.whole.tokens.length') > 20, 'the one that was there is gone');
  await p.setViewportSize({ width: 390, height: 844 });
  await p.locator('#trace .tab', { hasText: 'Reading' }).click();
  await shot(p, 'page-phone');
  const over = await p.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check(over <= 0, `${over} px too wide on a phone`);
  await b.close();
  await server.close();
});

finish();

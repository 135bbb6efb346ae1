// trace_test.mjs [TARN [HOSTILE]] - the trace pane of the built page in Chromium, fed by
// turns of the pocket model and by a file.  With TARN_SHOTS=FOLDER pictures of
// it are left there; with TARN the SVG is compared with that of `tarn trace`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, equal, executablePath, finish, need, page as folder, root, start, test } from './browser.mjs';
import { ask, axe, fits, idle, loaded, open, openFake, openReal, shot, until } from './chat.mjs';
import { serve } from './server.mjs';

need('no Chromium here', executablePath);
const tarn = process.argv[2];
const golden = readFileSync(join(root, 'tests/trace/golden-1.json'), 'utf8');

const pane = (p, what) => p.evaluate(`(() => { const pane = tarnPage.traces.pane; return ${what}; })()`);
const lanes = p => p.locator('#trace .lanes');
const whole = p => p.waitForFunction(() => globalThis.tarnPage.traces.pane.whole?.tokens.length > 20, null, { timeout: 10000 });
const menu = async (p, name) => {
  await p.getByRole('button', { name: 'Trace menu' }).click();
  await p.getByRole('menuitem', { name }).click();
};

/** What is marked in the chat, and what stands before it; without white space. */
const marked = p => p.evaluate(() => {
  const [r] = CSS.highlights.get('trace-now') ?? [], before = document.createRange();
  if (!r) return null;
  before.setStart(r.startContainer.parentElement.closest('.text, .answer'), 0);
  before.setEnd(r.startContainer, r.startOffset);
  return [before, r].map(x => String(x).replace(/\s/g, ''));
});
/** The same of a token, by its span. */
const written = (p, i) => pane(p, `(k => [pane.whole.tokens.slice(0, ${i}).filter(t => t[1] === k[1] && !(t[2] & 6)), [k]]
  .map(list => list.map(t => t[0]).join('').replace(/\\s/g, '')))(pane.whole.tokens[${i}])`);

/** A page with a recorded turn in the pane; warm enough for several
 * candidates, and always the same. */
async function recorded() {
  const { p, wrong, close } = await openReal({ size: { width: 1600, height: 960 } });
  await p.evaluate(() => Object.assign(globalThis.tarnPage.settings, { seed: '11', temperature: '2', budget: -1 }));
  await ask(p, 'Sort these words: pear, fig, apple, date, lime, kiwi, plum, grape, melon');
  await p.locator('#trace-open').click();
  await whole(p);
  return { p, async close() { equal(wrong, [], 'errors'); await close(); } };
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
  const { p, close } = await recorded();
  check(/^thought \d+ tokens? in .* · answer \d+ tokens? in /.test(await p.locator('#trace .sum').innerText()), 'no summary');
  const dark = await p.evaluate(() => {
    const { canvas } = globalThis.tarnPage.traces.pane;
    const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let n = 0;
    for (let i = 3; i < bytes.length; i += 4) n += bytes[i] > 0;
    return n;
  });
  check(dark > 5000, `${dark} pixels are painted`);
  for (const key of ['0', '+', '+', '+', '-', '-', '-', '-', '-', '-', '-', '-']) {
    await lanes(p).press(key);
    const seen = await agree(p);
    equal(seen.wrong, [], 'points');
    check(seen.hits >= 500, `only ${seen.hits} hits in ${seen.bars} bars`);
  }
  await lanes(p).press('0');
  await shot(p, 'page-trace');
  await close();
});

await test('keys, what a screen reader hears, reading view, table', async () => {
  const { p, close } = await recorded();
  const said = () => lanes(p).getAttribute('aria-valuetext');
  equal(await p.evaluate(() => document.activeElement?.className), 'lanes', 'focus');
  await lanes(p).press('ArrowRight');
  check(/^token 0 of /.test(await said()), await said());
  await lanes(p).press('ArrowRight');
  check(/^token 1 of \d+, thought/.test(await said()), await said());
  await lanes(p).press('ArrowDown');
  equal(await p.locator('#trace .go .btn').innerText(), 'Think this step again', 'at a step\'s first token');
  await lanes(p).press('f');
  check(/fork/.test(await said()), await said());
  await lanes(p).press('h');
  await shot(p, 'page-trace-selected');
  await lanes(p).press('t');
  check(await p.locator('#trace .reads').isVisible(), 'no reading view');
  const text = await p.evaluate(() => [...document.querySelectorAll('#trace .t')].map(s => s.textContent).join(''));
  const thought = await p.evaluate(() => globalThis.tarnPage.chat.messages.at(-1).thought);
  check(text.includes(thought.trim()), 'the reading view is not the thought');
  const levels = () => p.evaluate(() => [...document.querySelectorAll('#trace .t')].map(s => s.className[3]).join(''));
  const entropy = await levels();
  await p.getByLabel('What the ground of a token tells').selectOption('p');
  check(await levels() !== entropy && /[3-6]/.test(await levels()), 'probability on the ground');
  await p.getByLabel('What the ground of a token tells').selectOption('none');
  check(/^0+$/.test(await levels()), 'no ground');
  await p.getByLabel('What the ground of a token tells').selectOption({ label: 'Experts of layer 2' });
  equal(await p.getByLabel('What the ground of a token tells').getAttribute('title'),
    'Darker: more of the token’s experts, in layer 2, were used by the token before, too', 'what the ground tells');
  const reused = await pane(p, `[...document.querySelectorAll('#trace .t')].map(s => Number(s.dataset.i)).map(i => {
    const used = k => k < 0 ? [] : pane.experts(k)[1], now = used(i), n = now.filter(e => used(i - 1).includes(e)).length;
    return Math.round(7 * n / now.length); }).join('')`);
  equal(await levels(), reused, 'experts on the ground');
  check(new Set(reused).size > 2, `levels ${reused}`);
  for (const colorScheme of ['dark', 'light']) {
    await p.emulateMedia({ colorScheme });
    await axe(p, `axe, experts, ${colorScheme}`, '#trace');
  }
  await shot(p, 'page-reading-experts');
  await p.getByLabel('What the ground of a token tells').selectOption('entropy');
  await shot(p, 'page-reading');
  const word = p.locator('#trace .t').nth(6);
  await word.hover();
  check(await word.evaluate(s => s.classList.contains('over')), 'no mark under the pointer');
  equal(await marked(p), await written(p, Number(await word.getAttribute('data-i'))), 'marked in the chat');
  await p.locator('#trace .sum').hover();
  equal([await p.locator('#trace .over').count(), await marked(p)], [0, null], 'no mark without a pointer');
  const step = p.locator('#trace .step .link').first();
  await step.click();
  equal(await step.getAttribute('aria-expanded'), 'false', 'a folded step');
  await p.locator('#trace .reads').press('t');
  const rows = await p.locator('#trace tbody tr').count();
  check(rows > 20, `${rows} rows`);
  check(/\d%/.test(await p.locator('#trace tbody tr').nth(9).locator('td').last().innerText()), 'no candidates in the table');
  await p.locator('#trace th .link', { hasText: 'bits' }).click();
  check(await p.locator('#trace th[aria-sort="ascending"]').count() === 1, 'not sorted');
  for (const tab of ['Timeline', 'Reading', 'Table']) {
    await p.locator('#trace .tab', { hasText: tab }).click();
    await axe(p, `axe, ${tab}`, '#trace');
  }
  await p.emulateMedia({ colorScheme: 'dark' });
  await p.locator('#trace .tab', { hasText: 'Timeline' }).click();
  await shot(p, 'page-trace-dark');
  await lanes(p).press('r');
  equal(await p.evaluate(() => document.activeElement?.classList.contains('turn')), true, 'R shows the turn');
  await close();
});

await test('search counts and walks hits; a range tells its sums, by mouse and by keys', async () => {
  const { p, close } = await recorded();
  await lanes(p).press('/');
  const field = p.getByLabel('Search the trace'), found = () => p.locator('#trace .field .num').innerText();
  const forks = await pane(p, 'pane.whole.tokens.filter(t => t[2] & 8).length');
  await field.fill('is:fork');
  equal(await found(), `1 of ${forks}`, 'forks');
  check((await lanes(p).getAttribute('aria-valuetext')).includes('fork'), 'the first is not selected');
  await field.press('Enter');
  equal(await found(), `2 of ${forks}`, 'the next one');
  await p.getByRole('button', { name: 'Previous hit' }).click();
  equal(await found(), `1 of ${forks}`, 'the one before');
  await shot(p, 'page-trace-search');
  await field.fill('span:answer rank>0 H>=0 ms>0');
  const answers = await pane(p, 'pane.whole.tokens.filter(t => t[1] === 2 && !(t[2] & 2)).length');
  check((await found()).endsWith(` of ${answers}`), await found());
  await field.fill('is:nonsense');
  equal(await found(), '“is:nonsense” is no term', 'what is none');
  await field.fill('zzzz');
  equal(await found(), 'not found', 'nothing');
  await field.press('Escape');
  equal(await field.inputValue(), '', 'Escape empties it');
  await lanes(p).press('Home');
  for (let i = 0; i < 9; i++) await lanes(p).press('Shift+ArrowRight');
  check(/^tokens 0 to 9: 10 in .* bits on average · .*tok\/s · experts used \d+ of \d+, idle \d+$/.test(await p.locator('#trace .tell').innerText()),
    await p.locator('#trace .tell').innerText());
  const box = await p.locator('#trace canvas').first().boundingBox(), cross = p.locator('#trace .cross');
  const last = await pane(p, 'pane.list.items.filter(k => k.lane === 3 && pane.whole.tokens[k.token]?.[1] === 2 && !(pane.whole.tokens[k.token][2] & 6)).at(-1)');
  await p.mouse.move(box.x + last.x + 0.5, box.y + 100);
  equal(await pane(p, 'pane.hovered'), last.token, 'under the pointer');
  equal(await marked(p), await written(p, last.token), 'marked in the answer');
  const at = await cross.boundingBox(), stops = (await cross.evaluate(e => e.style.background)).match(/[\d.]+px/g).map(parseFloat);
  check(at.x >= box.x + last.x && at.x < box.x + last.x + last.w, `the line is at ${at.x - box.x}, the token at ${last.x}`);
  equal(await pane(p, `[0, ${stops[0] - 1}, ${stops[0]}, ${stops[1] - 1}, ${stops[1] + 12}, ${at.height - 1}, ${at.height}].map(y =>
    pane.view.at(pane.list.plotX, ${at.y - box.y} + y).lane)`), [1, 255, 2, 2, 3, 255, 11], 'from the spans to the ruler, without the steps');
  await p.locator('#trace .tip', { hasText: new RegExp(`^${last.token} “`) }).waitFor();
  await p.mouse.move(box.x + last.x, box.y - 40);
  check(await cross.isHidden(), 'the line stays');
  await p.mouse.move(box.x + 120, box.y + 100);
  await p.mouse.down();
  await p.mouse.move(box.x + 300, box.y + 100, { steps: 4 });
  await p.mouse.up();
  const range = await pane(p, 'pane.range');
  check(range && range[1] > range[0] + 3, `range ${range}`);
  check(await p.locator('#trace .range').isVisible(), 'the range is not seen');
  await shot(p, 'page-trace-range');
  await p.getByRole('button', { name: 'Zoom to it' }).click();
  const seen = await pane(p, '[pane.view.at(pane.list.plotX + 2, 80).first, pane.view.at(pane.list.plotX + pane.list.plotW - 2, 80).first]');
  equal(seen, range, 'what fills the width');
  await p.mouse.move(box.x + 200, box.y + 100);
  const scrolled = () => pane(p, 'pane.look.scroll'), before = await scrolled();
  await p.mouse.wheel(0, 40);
  await p.waitForFunction(n => globalThis.tarnPage.traces.pane.look.scroll === n + 40, before);
  await axe(p, 'axe', '#trace');
  await close();
});

await test('replay shows tokens with their times; reproduce gives the same, and says where not', async () => {
  const { p, close } = await recorded();
  const n = await pane(p, 'pane.whole.tokens.length');
  await p.evaluate(n => { /* slow enough to be seen */
    const { pane } = globalThis.tarnPage.traces;
    pane.whole.tokens.forEach(t => { t[7] = 4e6 / n; });
  }, n);
  await p.locator('#trace').getByRole('button', { name: 'Replay', exact: true }).click();
  await p.locator('#trace .veil').waitFor();
  const player = p.getByRole('group', { name: 'Replay' });
  await player.getByRole('button', { name: 'Pause' }).click();
  const there = async () => Number((await player.locator('.num').innerText()).match(/(\d+) of \d+$/)[1]);
  const at = await there();
  check(at < n, `${at} of ${n}`);
  await p.waitForTimeout(150);
  equal(await there(), at, 'it pauses');
  await shot(p, 'page-trace-replay');
  await axe(p, 'axe', '#trace');
  await p.locator('#trace .tab', { hasText: 'Reading' }).click();
  check(await p.locator('#trace .t.later').count() > 0, 'all of the text is there');
  await player.getByRole('button', { name: 'Speed, 1 times' }).click();
  await p.locator('#trace .reads').press(' ');
  await player.waitFor({ state: 'hidden', timeout: 5000 });
  equal(await p.locator('#trace .t.later').count(), 0, 'the end');
  await menu(p, 'Reproduce');
  await p.locator('#trace .result.good', { hasText: `Reproduced: all ${n} tokens are the same.` }).waitFor();
  /* Another seed is another text. */
  await p.evaluate(() => {
    const { pane } = globalThis.tarnPage.traces;
    return pane.take(pane.text.replace('"seed":"11"', '"seed":"12"'));
  });
  await menu(p, 'Reproduce');
  const result = p.locator('#trace .result', { hasText: /^Not reproduced: token \d+ is “.+” here and “.+” in the trace\./ });
  await result.waitFor();
  await result.getByRole('button', { name: 'Compare' }).click();
  check(/^A \d+ tokens, B \d+ tokens, same first \d+, answers (differ|equal)/.test(await p.locator('#trace .line').innerText()), 'compared');
  await p.evaluate(() => {
    const { pane } = globalThis.tarnPage.traces;
    return pane.take(pane.text.replace(/"model_bytes":\d+/, '"model_bytes":77'));
  });
  await menu(p, 'Reproduce');
  await p.locator('#trace .result', { hasText: 'another model file; it can be read and replayed, not reproduced' }).waitFor();
  await close();
});

await test('a fork begins with the tokens before and the other candidate; both are compared', async () => {
  const { p, close } = await recorded();
  const before = await pane(p, 'pane.whole.tokens');
  await lanes(p).press('f');
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
  check(/^Answer of \d\d:\d\d( [AP]M)?, branch 2 \/ 2$/.test(await p.locator('#trace .of').innerText()), await p.locator('#trace .of').innerText());
  const m = await p.evaluate(() => globalThis.tarnPage.chat.messages.at(-1));
  check(m.finished && (m.thought ?? '').length + m.text.length > 0, 'an empty branch');
  await p.locator('.notice', { hasText: `The draw was changed at token ${at}:` }).waitFor();
  await shot(p, 'page-fork');
  await p.locator('#trace').getByRole('button', { name: 'Compare', exact: true }).click();
  await p.getByRole('menuitem', { name: 'Branch 1' }).click();
  await p.locator('#trace .part', { hasText: `part at token ${at}:` }).waitFor();
  check((await p.locator('#trace .line').innerText()).includes(`same first ${at},`), await p.locator('#trace .line').innerText());
  check(await p.locator('#trace .pair section').count() >= 2, 'no steps');
  await axe(p, 'axe', '#trace');
  await shot(p, 'page-compare');
  await p.getByRole('button', { name: 'Back to one trace' }).click();
  check(await lanes(p).isVisible(), 'no way back');
  await p.locator('.notice').getByRole('button', { name: 'Undo' }).click();
  await p.locator('.turn:last-child .count', { hasText: '1 / 2' }).waitFor({ timeout: 3000 });
  await close();
});

await test('a trace is kept with its chat: over a reload, in the chat\'s file and out of it', async () => {
  const { p, close } = await recorded();
  const text = await pane(p, 'pane.text');
  await until(p, async () => (await globalThis.tarnPage.store.keys('traces')).length === 1);
  await p.reload();
  await loaded(p);
  await p.locator('#chats .row').first().click();
  await p.locator('.turn:last-child').getByRole('button', { name: 'Trace' }).click();
  await whole(p);
  equal(await pane(p, 'pane.text'), text, 'the trace');
  const [download] = await Promise.all([p.waitForEvent('download'), (async () => {
    await p.locator('#menu').click();
    await p.getByRole('menuitem', { name: 'Export with branches' }).click();
  })()]);
  const file = readFileSync(await download.path(), 'utf8');
  equal(JSON.parse(file).messages[1].trace, text, 'the trace in the file');
  await p.setInputFiles('#chat-file', { name: 'c.json', mimeType: 'application/json', buffer: Buffer.from(file) });
  await p.waitForFunction(() => globalThis.tarnPage.chats.length === 2);
  await p.evaluate(() => { const t = globalThis.tarnPage.traces; return t.show(globalThis.tarnPage.transcript.lastReply().m); });
  equal(await pane(p, 'pane.text'), text, 'the trace that came with a file');
  /* F08: a damaged one does not cost the chat. */
  const hurt = JSON.parse(file);
  hurt.messages[1].trace = text.slice(0, 99);
  await p.setInputFiles('#chat-file', { name: 'hurt.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(hurt)) });
  await p.locator('.notice.error', { hasText: 'Message 2 is read without its trace: this is not a tarn trace: ' }).waitFor();
  equal(await p.evaluate(() => globalThis.tarnPage.chats.length), 3, 'the chat with a damaged trace');
  equal(await p.evaluate(() => !!globalThis.tarnPage.transcript.lastReply().m.traced), false, 'its trace');
  /* Prompts beside their traces, as tarn chat writes them. */
  const ids = JSON.parse(text).turn.prompt, bare = text.replace(/,\n"prompt":\[[^\]]*\]/, '');
  check(ids.length > 2 && !JSON.parse(bare).turn.prompt, 'the prompt is apart');
  const two = { tarn_chat: 1, active: 4, messages: [{ role: 'user', content: 'a' },
    { role: 'assistant', content: 'b', trace: bare, trace_prompt: [0, ...ids] }, { role: 'user', content: 'c' },
    { role: 'assistant', content: 'd', trace: bare, trace_prompt: [ids.length - 1, 7, 8] }] };
  for (const [same, wanted] of [[ids.length - 1, [...ids.slice(0, -1), 7, 8]], [ids.length + 1, undefined]]) {
    two.messages[3].trace_prompt[0] = same;
    const n = await p.evaluate(() => globalThis.tarnPage.chats.length);
    await p.setInputFiles('#chat-file', { name: 'two.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(two)) });
    await p.waitForFunction(n => globalThis.tarnPage.chats.length === n + 1 &&
      globalThis.tarnPage.transcript.lastReply().m.traced, n);
    await p.evaluate(() => globalThis.tarnPage.traces.show(globalThis.tarnPage.transcript.lastReply().m));
    equal(JSON.parse(await pane(p, 'pane.text')).turn.prompt, wanted, `a prompt with ${same} of the one above`);
    await p.evaluate(() => globalThis.tarnPage.remove(globalThis.tarnPage.chats[0]));
  }
  /* Deleted chats take their traces with them at the next start. */
  await p.evaluate(async () => { for (const c of [...globalThis.tarnPage.chats]) await globalThis.tarnPage.remove(c); });
  await p.reload();
  await loaded(p);
  await until(p, async () => (await globalThis.tarnPage.store.keys('traces')).length === 0);
  await close();
});

await test('exports: SVG as tarn trace makes it, PNG, Markdown, CSV, JSON', async () => {
  const { p, close } = await recorded();
  const saved = async name => {
    const [d] = await Promise.all([p.waitForEvent('download'), menu(p, name)]);
    return readFileSync(await d.path());
  };
  const svg = String(await saved('Save the timeline as SVG'));
  check(svg.startsWith('<svg') && svg.endsWith('</svg>\n'), 'no SVG');
  const json = String(await saved('Save as JSON'));
  equal(json, await pane(p, 'pane.text'), 'JSON');
  if (tarn) {
    const at = mkdtempSync(join(tmpdir(), 'tarn-trace-')), file = join(at, 't.json');
    writeFileSync(file, json);
    check(execFileSync(tarn, ['trace', file, '--svg']).toString() === svg, 'the SVG is not that of tarn trace');
    await lanes(p).press('ArrowRight');
    const said = () => lanes(p).getAttribute('aria-valuetext');
    check(!(await said()).includes('context'), await said());
    await menu(p, 'Lanes…');
    await p.getByRole('menuitemcheckbox', { name: 'State' }).click();
    check(await pane(p, 'pane.list.items.some(k => k.lane === 10 && k.kind === 1)'), 'no state');
    check(/, context \d+ of 2,048 tokens, state \d+ kB$/.test(await said()), await said());
    check(execFileSync(tarn, ['trace', file, '--svg', '--state']).toString() === String(await saved('Save the timeline as SVG')),
      'the SVG with the state is not that of tarn trace');
    await shot(p, 'page-trace-state');
    await menu(p, 'Lanes…');
    await p.getByRole('menuitemcheckbox', { name: 'State' }).click();
    rmSync(at, { recursive: true });
  }
  const png = await saved('Save the timeline as PNG');
  equal(png.subarray(1, 4).toString(), 'PNG', 'PNG');
  equal([png.readUInt32BE(16), png.readUInt32BE(20)], ['width', 'height'].map(k => 2 * Number(new RegExp(`${k}="(\\d+)"`).exec(svg)[1])), 'twice as fine');
  check(png.length > 10000, `${png.length} bytes of PNG`);
  const md = String(await saved('Save the text as Markdown'));
  check(/^# Trace\n\nthought \d+ tokens/.test(md) && md.includes('**Step 1**') && md.includes('seed 11'), md.slice(0, 400));
  check(md.includes('⟨') && md.includes('⟩'), 'no hesitation');
  check(String(await saved('Save the table as CSV')).split('\n').length > 20, 'no CSV');
  await close();
});

await test('a trace file is opened without a model, a damaged one is refused; lanes, phone', async () => {
  const { p, close } = await openFake({ size: { width: 1600, height: 960 } });
  await p.keyboard.press('Alt+Shift+T');
  equal(await p.locator('#trace .sum').innerText(), 'The trace begins with the next answer.', 'empty');
  await shot(p, 'page-trace-none');
  check(await p.evaluate(text => globalThis.tarnPage.traces.pane.take(text), golden), 'not taken');
  equal(await p.locator('#trace .sum').innerText(),
    'thought 27 tokens in 0.8 s, 1 hesitation, 1 loop broken, budget reached · answer 6 tokens in 0.05 s', 'summary');
  await shot(p, 'page-trace-file');
  /* What arrives is seen if the end was. */
  const rows = golden.split('\n'), some = rows.slice(0, -20).join('\n').replace(/"n_tokens":\d+/, n => `"n_tokens":${n.slice(11) - 18}`)
    .replace(/"spans":.*/, '"spans":[[1,0,60,10000,770000]],').replace(/"loops":.*/, '"loops":[],').replace(/,$/, ']}');
  equal(await p.evaluate(async ([some, all]) => {
    const { pane } = globalThis.tarnPage.traces, out = [];
    for (const scroll of [1e9, 100]) {
      await pane.take(some);
      Object.assign(pane.look, { zoom: 100 * 65536, scroll });
      pane.lane.draw();
      const was = pane.list.scroll;
      await pane.take(all, { grows: true });
      const { list } = pane;
      out.push(list.scroll + list.plotW === list.content, list.scroll === was);
    }
    pane.lane.fit();
    return out;
  }, [some, golden]), [true, false, false, true], 'the end is followed');
  /* Of very many tokens those in sight. */
  await p.evaluate(() => { globalThis.tarnPage.traces.pane.most = 50; });
  await p.locator('#trace .tab', { hasText: 'Table' }).click();
  const only = p.locator('#trace .only'), field = p.getByLabel('Search the trace'), found = () => p.locator('#trace .field .num').innerText();
  equal(await only.innerText(), 'Of 86 tokens, table and search keep to 0 to 49, which the timeline shows.', 'said so');
  equal(await p.locator('#trace tbody tr').count(), 50, 'rows');
  await p.locator('#trace .tab', { hasText: 'Timeline' }).click();
  await field.fill('ms>=0');
  equal(await found(), '1 of 50', 'hits');
  await p.evaluate(() => { const { pane } = globalThis.tarnPage.traces; pane.lane.zoomTo([76, 85]); });
  await only.filter({ hasText: 'keep to 76 to 85,' }).waitFor();
  equal(await pane(p, 'pane.field.hits'), [76, 77, 78, 79, 80, 81, 82, 83, 84, 85], 'hits in sight');
  await p.locator('#trace .tab', { hasText: 'Table' }).click();
  equal(await p.locator('#trace tbody tr').count(), 10, 'rows in sight');
  await p.evaluate(() => { globalThis.tarnPage.traces.pane.most = 200000; });
  await field.fill('');
  await p.locator('#trace .tab', { hasText: 'Timeline' }).click();
  check(await only.isHidden(), 'the line stays');
  await p.evaluate(() => globalThis.tarnPage.traces.pane.lane.fit());
  const height = () => pane(p, 'pane.list.height'), was = await height();
  await menu(p, 'Lanes…');
  await p.getByRole('menuitemcheckbox', { name: 'Entropy' }).click();
  check(await height() < was, 'a lane that is hidden');
  check(!await p.evaluate(text => globalThis.tarnPage.traces.pane.take(text.slice(0, 900)), golden), 'taken');
  check((await p.locator('.notice').innerText()).includes('not a tarn trace'), 'no sentence');
  check(await pane(p, 'pane.whole.tokens.length') > 20, 'the one that was there is gone');
  await p.setViewportSize({ width: 390, height: 844 });
  await p.waitForFunction(() => globalThis.tarnPage.traces.pane.look.width < 390);
  const touch = await p.context().newCDPSession(p), box = await p.locator('#trace canvas').first().boundingBox();
  const fingers = (type, ...xs) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: xs.map((x, id) => ({ x: box.x + x, y: box.y + 100, id })) });
  const [zoom, middle] = await pane(p, '[pane.list.zoom, pane.view.at(200, 100).token]');
  const lies = (x, what) => until(p, `(pane => pane.list.zoom === ${4 * zoom} && pane.view.at(${x}, 100).token === ${middle})(tarnPage.traces.pane)`, what);
  await fingers('touchStart', 180, 220);
  await fingers('touchMove', 120, 280);
  await lies(200, 'two fingers zoom around what is between them');
  await fingers('touchEnd');
  await fingers('touchStart', 200);
  await fingers('touchMove', 170);
  await fingers('touchMove', 150);
  await lies(150, 'one finger moves it');
  await fingers('touchEnd');
  await p.locator('#trace .tab', { hasText: 'Reading' }).click();
  await shot(p, 'page-phone');
  await fits(p, 'phone');
  await idle(p);
  await close();
});

/* The files of tests/trace/hostile.py: the window gets the same. */
const hostile = process.argv[3];
if (hostile) await test('f06: what is legal in a hostile trace is shown as text, the rest refused as by tarn trace', async () => {
  const files = await serve([folder, hostile]), b = await start({ serviceWorkers: 'block' });
  const { p, wrong } = await open(b, files.url, { size: { width: 1200, height: 800 } });
  await p.keyboard.press('Alt+Shift+T');
  const names = readdirSync(hostile).sort();
  check(names.length > 20, `${names.length} files`);
  for (const name of names) {
    const good = name.startsWith('good');
    const seen = await p.evaluate(async name => {
      const { pane } = globalThis.tarnPage.traces, said = [], bytes = await (await fetch(name)).blob();
      const held = () => pane.view?.tarn.memory.buffer.byteLength ?? 0;
      pane.acts = { ...pane.acts, failed: t => said.push(t) };
      if (!pane.view) await pane.take('{}'); /* the module is there */
      said.length = 0;
      const before = held(), taken = await pane.takeFile(new File([bytes], name));
      for (const tab of taken ? ['reading', 'table', 'timeline'] : []) pane.turnTo(tab);
      return { taken, said, grew: held() - before, size: bytes.size, n: pane.whole?.tokens.length ?? 0, svg: taken ? pane.view.svg() : '',
        odd: document.querySelectorAll('#trace script, #trace :not(header, button) > img').length, owned: 'owned' in globalThis };
    }, name);
    equal([seen.taken, seen.said.length], [good, good ? 0 : 1], name);
    equal([seen.odd, seen.owned], [0, false], `${name}: markup`);
    check(seen.grew <= 4 * seen.size + (1 << 24), /* which it takes at once */
      `${name}: ${seen.grew} bytes for ${seen.size}`);
    let own = '';
    try { execFileSync(tarn, ['trace', join(hostile, name)], { stdio: 'pipe' }); } catch (e) { own = String(e.stderr); }
    if (!good) check(own.trim().endsWith(`: ${seen.said[0]}`), `${name}: ${seen.said[0]}, not ${own}`);
    if (good) check(!/<(script|img)/.test(seen.svg) && seen.n > 20, `${name}: the picture`);
  }
  equal(wrong, [], 'errors');
  await b.close();
  await files.close();
});

await finish();

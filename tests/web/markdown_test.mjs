// markdown_test.mjs - what a model writes, in the built page with the fake
// engine: Markdown becomes elements from a short list and nothing else
// (RELIABILITY B01, B02, W03, W11, W12), and the states of the page.
import { check, equal, executablePath, finish, need, test } from './browser.mjs';
import { openFake } from './chat.mjs';

need('no Chromium here', executablePath);

/** A page whose engine does what the question says, with what it asked other hosts for. */
async function open(options = {}) {
  const o = await openFake(options), asked = [];
  o.p.context().on('request', r => { if (!r.url().startsWith(o.url)) asked.push(r.url()); });
  return { ...o, asked };
}

const HOSTILE = [
  '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '<svg onload=alert(1)>', '<iframe src="javascript:alert(1)">',
  '[a](javascript:alert(1))', '[a](JaVaScRiPt:alert(1))', '[a](data:text/html,<script>alert(1)</script>)', '[a](vbscript:x)',
  '[a](file:///etc/passwd)', '[a](//evil.example/x)', '![a](https://evil.example/x.png)', '![a](data:image/svg+xml,<svg/>)',
  '<a href="javascript:alert(1)">x</a>', '<https://evil.example/"onmouseover=alert(1)>', '<javascript:alert(1)>',
  '`<img src=x>`', '```html\n<script>alert(1)</script>\n```', '| <img src=x onerror=alert(1)> |\n|--|\n| <b>x</b> |',
  '<style>*{display:none}</style>', '<form action=https://evil.example><button>go</button></form>', '&lt;script&gt;', '<!--', ']]>',
  '[x]: javascript:alert(1)\n\n[x]', '[a](http://evil.example "onload=alert(1)")', '<base href=https://evil.example>',
  '<meta http-equiv=refresh content=0>', '<math><mi xlink:href="data:x,<script>alert(1)</script>">', '<template><script>1</script></template>',
];

await test('b01 b02: hostile Markdown makes only known elements, asks for nothing', async () => {
  const { p, ask, asked, close } = await open();
  const dialogs = [];
  p.on('dialog', d => { dialogs.push(d.message()); d.dismiss(); });
  await ask('say ' + HOSTILE.join('\n\n'));
  const seen = await p.evaluate(() => {
    const tags = new Set(), attributes = new Set(), links = [];
    for (const e of document.querySelectorAll('.answer, .answer *')) {
      tags.add(e.tagName.toLowerCase());
      for (const a of e.attributes) attributes.add(a.name);
      if (e.tagName === 'A') links.push(e.protocol + e.target + e.rel);
    }
    return { tags: [...tags], attributes: [...attributes], links };
  });
  const TAGS = ['div', 'p', 'span', 'a', 'code', 'pre', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'button'];
  equal(seen.tags.filter(t => !TAGS.includes(t)), [], 'tags');
  equal(seen.attributes.filter(a => !['class', 'dir', 'href', 'title', 'target', 'rel', 'role', 'aria-label', 'tabindex', 'type'].includes(a)), [], 'attributes');
  check(seen.links.length > 0 && seen.links.every(l => l === 'http:_blanknoopener noreferrer nofollow' ||
    l === 'https:_blanknoopener noreferrer nofollow'), seen.links.join(' '));
  equal(dialogs, [], 'dialogs');
  equal(asked, [], 'requests');
  await close();
});

await test('the answer that grew is the answer that was set at once', async () => {
  const { p, ask, close } = await open();
  const text = '# One\n\nA *word* and `code`.\n\n- a\n  - b\n\n  c\n- d\n\n> q\n> r\n\n```c\nint x; /* y */\n\nint z;\n```\n\n' +
    '1. one\n2. two\n\n| a | b |\n|--:|:-:|\n| 1 | 2 |\n\nEnd [link](https://a.example/).\n\n- [ ] open\n- [x] done\n';
  await ask('say ' + text);
  const grown = await p.locator('.answer').evaluate(e => [e.textContent, [...e.querySelectorAll('*')].map(x => x.tagName).join()]);
  await p.reload();
  await p.waitForFunction(() => /context \d/.test(document.getElementById('status').textContent));
  await p.locator('#chats .row').first().click();
  const whole = await p.locator('.answer').evaluate(e => [e.textContent, [...e.querySelectorAll('*')].map(x => x.tagName).join()]);
  equal(grown, whole, 'answer');
  check(whole[0].includes('☐ open') && whole[0].includes('☑ done'), whole[0]);
  await close();
});

await test('w12 w03: bombs become plain text and no frame takes a second', async () => {
  const { p, ask, close } = await open();
  const bombs = ['>'.repeat(300) + ' x', '|a'.repeat(200) + '|\n' + '|-'.repeat(200) + '|\n' + '|x\n'.repeat(100),
    '- '.repeat(200) + 'x', '*'.repeat(20000), '['.repeat(20000), '`'.repeat(5000) + 'x', 'a'.repeat(100000), '<'.repeat(20000)];
  for (const bomb of bombs) {
    const longest = p.evaluate(() => new Promise(ok => {
      let last = performance.now(), worst = 0;
      const tick = () => {
        const now = performance.now();
        worst = Math.max(worst, now - last);
        last = now;
        if (globalThis.done) { globalThis.done = false; ok(worst); } else setTimeout(tick, 0);
      };
      tick();
    }));
    await ask('say ' + bomb);
    await p.evaluate(() => { globalThis.done = true; });
    const ms = await longest;
    check(ms < 1000, `${bomb.slice(0, 20)}: ${ms} ms`);
  }
  const n = await p.evaluate(() => Math.max(...[...document.querySelectorAll('.answer')].map(a => a.querySelectorAll('*').length)));
  check(n <= 6000, `${n} elements`);
  check(await p.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than the window');
  await close();
});

await test('the thought is plain, folds with its summary, stays open when touched', async () => {
  const { p, ask, close } = await open();
  await ask('think 60');
  check(/^Thought \d+ tokens in/.test(await p.locator('span.sum').innerText()), 'summary');
  equal(await p.locator('.fold').getAttribute('aria-expanded'), 'false');
  await p.locator('.fold').click();
  equal(await p.locator('.thought .text p').count() >= 2, true, 'paragraphs');
  await p.fill('#message', 'think 600');
  await p.locator('#send').click();
  await p.locator('.thought.arriving .text').click();
  await p.waitForFunction(() => !globalThis.tarnPage.writer);
  equal(await p.locator('.fold').last().getAttribute('aria-expanded'), 'true', 'a touched thought');
  await close();
});

await test('answer now and stop, by key and by button', async () => {
  const { p, close } = await open();
  for (const [press, says] of [[() => p.keyboard.press('Escape'), 'stopped'],
    [() => p.locator('#send').click(), 'stopped'],
    [() => p.keyboard.press('Control+Shift+Enter'), 'answered on request'],
    [() => p.getByRole('button', { name: 'Close the thought and answer now' }).click(), 'answered on request']]) {
    await p.fill('#message', 'long');
    await p.keyboard.press('Enter');
    await p.waitForFunction(() => globalThis.tarnPage.writer?.tokens > 3);
    await press();
    await p.waitForFunction(() => !globalThis.tarnPage.writer);
    check((await p.locator('span.sum').last().innerText()).includes(says), `${says}: ${await p.locator('span.sum').last().innerText()}`);
  }
  await close();
});

await test('errors stand in the turn; a dead engine starts again', async () => {
  const { p, ask, close } = await open();
  await ask('fail');
  check((await p.locator('.bad').innerText()).includes('not enough memory'), 'sentence');
  await ask('trap');
  check((await p.locator('.bad').last().innerText()).includes('The engine stopped working: unreachable'), 'sentence');
  await ask('hello');
  equal(await p.locator('.turn:last-child .answer').innerText(), 'You said: hello');
  await close();
});

await test('scrolling up ends following, the button resumes it', async () => {
  const { p, ask, close } = await open({ size: { width: 900, height: 500 } });
  await ask('say ' + 'A line of the answer.\n\n'.repeat(40));
  /* On a busy machine the answer may be there before it is scrolled away from. */
  for (let writing = false, n = 0; !writing && n < 4; n++) {
    await p.fill('#message', 'say ' + 'Another line of it.\n\n'.repeat(300));
    await p.keyboard.press('Enter');
    await p.waitForTimeout(150);
    writing = await p.evaluate(() => {
      document.getElementById('scroll').scrollTop = 40;
      return Boolean(globalThis.tarnPage.writer);
    });
    await p.waitForFunction(() => !globalThis.tarnPage.writer);
  }
  equal(await p.evaluate(() => document.getElementById('scroll').scrollTop), 40, 'scrolled');
  await p.locator('#newer').click();
  await p.waitForFunction(() => globalThis.tarnPage.transcript.follow.atEnd(), null, { timeout: 2000 });
  await close();
});

await test('phone: nothing overflows, targets are 44 px, the list is a sheet', async () => {
  const { p, ask, close } = await open({ alone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } });
  await ask('say | a | b | c |\n|--|--|--|\n| ' + 'wide '.repeat(30) + '| 2 | 3 |\n\n`' + 'x'.repeat(300) + '`');
  check(await p.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'overflow');
  const small = await p.evaluate(() => [...document.querySelectorAll('button')].filter(b => b.checkVisibility() &&
    b.getBoundingClientRect().height > 0 && b.getBoundingClientRect().height < 43.5).map(b => b.textContent || b.ariaLabel));
  equal(small, [], 'small targets');
  await p.locator('#side-open').click();
  check(await p.locator('#chats .row').first().isVisible(), 'no list');
  await p.keyboard.press('Escape');
  check(!(await p.locator('#chats .row').first().isVisible()), 'the list stays');
  await close();
});

await test('only sentences are announced, the log itself is silent', async () => {
  const { p, ask, close } = await open();
  equal(await p.locator('#log').getAttribute('aria-live'), 'off');
  await ask('say The answer is short.');
  await p.waitForFunction(() => document.getElementById('said').textContent === 'The answer is short.', null, { timeout: 5000 });
  await close();
});
await finish();

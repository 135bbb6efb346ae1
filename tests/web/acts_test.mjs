// acts_test.mjs - acts on a chat in the built page with the fake engine: find,
// rename, continue, circles and their undo, edited answers, tools, budget, the
// context, a reload in mid-answer.
import { readFileSync } from 'node:fs';
import { check, equal, executablePath, finish, need, test } from './browser.mjs';
import { openFake as open, until } from './chat.mjs';

need('no Chromium here', executablePath);

await test('find: hits are counted, walked, unfold a thought; Escape closes', async () => {
  const { p, ask, axe, close } = await open();
  await ask('say A short PRIME and another prime.');
  await p.keyboard.press('Control+f');
  await p.keyboard.type('short');
  const seen = () => p.locator('#find-bar .num').innerText();
  /* In the message, the thought and the answer. */
  equal(await seen(), '3 of 3', 'hits');
  await p.keyboard.press('Shift+Enter');
  equal(await seen(), '2 of 3', 'the one before');
  check(await p.locator('.thought .text').isVisible(), 'the thought is not unfolded');
  await axe();
  await p.getByLabel('thoughts').uncheck();
  equal(await seen(), '2 of 2', 'without thoughts');
  await p.getByLabel('Find in this chat').fill('PRIME');
  equal(await seen(), '4 of 4', 'whatever the case');
  await p.getByLabel('Find in this chat').fill('nothing of it');
  equal(await seen(), 'not found', 'no hit');
  await p.keyboard.press('Escape');
  check(await p.locator('#find-bar').isHidden(), 'still there');
  equal(await p.evaluate(() => document.activeElement.id), 'message', 'focus');
  await close();
});

await test('F2 renames; the name stays over a reload', async () => {
  const { p, ask, close } = await open();
  await ask('say hello');
  await p.keyboard.press('F2');
  await p.getByLabel('Title of the chat').fill('Greetings');
  await p.keyboard.press('Enter');
  await p.locator('#title', { hasText: 'Greetings' }).waitFor();
  await p.locator('#chats .title', { hasText: 'Greetings' }).waitFor();
  await until(p, async () => (await globalThis.tarnPage.store.all('chats'))[0]?.title === 'Greetings');
  await p.reload();
  await p.locator('#chats .title', { hasText: 'Greetings' }).waitFor();
  await close();
});

await test('a stopped answer goes on in its place', async () => {
  const { p, idle, close } = await open();
  await p.fill('#message', 'long story');
  await p.keyboard.press('Enter');
  await p.waitForFunction(() => document.querySelector('.thought .text')?.textContent.includes(' 3'));
  await p.keyboard.press('Escape');
  await idle();
  const had = await p.evaluate(() => globalThis.tarnPage.transcript.lastReply().m.thought);
  await p.getByRole('button', { name: 'Continue' }).click();
  await idle();
  const m = await p.evaluate(() => globalThis.tarnPage.transcript.lastReply().m);
  check(m.thought.startsWith(had) && m.thought.endsWith(' on it goes'), m.thought.slice(-60));
  equal(await p.evaluate(() => globalThis.tarnPage.chat.messages.length), 2, 'messages');
  await close();
});

await test('a broken circle is told in its turn and can be undone', async () => {
  const { p, ask, idle, axe, close } = await open();
  await ask('loop');
  await p.locator('.ended', { hasText: 'went round in a circle' }).waitFor();
  equal(await p.evaluate(() => globalThis.tarnPage.transcript.lastReply().m.thought), 'Round andA short thought about it.', 'thought');
  await axe();
  await p.getByRole('button', { name: 'Undo' }).click();
  await idle();
  equal(await p.evaluate(() => globalThis.tarnPage.transcript.lastReply().m.thought), 'Round and round again on it goes', 'undone');
  equal(await p.locator('.turn:last-child .count').innerText(), '2 / 2', 'branches');
  await close();
});

await test('an edited answer is a branch that says so', async () => {
  const { p, ask, close } = await open();
  await ask('say a poor answer');
  await p.locator('.turn:last-child').getByRole('button', { name: 'Edit' }).click();
  await p.getByLabel('Edit the answer').fill('A better answer.');
  await p.getByRole('button', { name: 'Keep as a new branch' }).click();
  await p.locator('.answer', { hasText: 'A better answer.' }).waitFor();
  check((await p.locator('.turn:last-child .who').innerText()).endsWith('· edited'), 'not marked');
  equal(await p.locator('.turn:last-child .count').innerText(), '2 / 2', 'branches');
  await close();
});

await test('calls wait for a person: arguments whole, buttons late, by hand, the loop goes on', async () => {
  const { p, ask, idle, axe, close } = await open();
  await p.locator('#tools').click();
  await p.getByRole('menuitemradio', { name: 'Calculator and clock' }).click();
  await ask('call two tools');
  const card = p.getByRole('alertdialog');
  await card.waitFor();
  check((await card.innerText()).includes('6*7') && (await card.innerText()).includes('Only computes.'), await card.innerText());
  check(await card.getByRole('button', { name: 'Allow once' }).isDisabled(), 'a button takes presses at once');
  await axe();
  await card.getByRole('button', { name: 'Allow once' }).click();
  await p.locator('summary', { hasText: '✓ calculator · allowed once' }).waitFor();
  await p.getByRole('alertdialog', { name: 'weather' }).waitFor();
  const text = await card.innerText();
  check(text.includes('Köln\\u{202E}') && text.includes('does not exist here'), text);
  equal(await card.getByRole('button', { name: 'Allow once' }).count(), 0, 'it cannot run');
  await card.getByRole('button', { name: 'Answer by hand…' }).click();
  await card.getByLabel('Result').fill('rain');
  await card.getByRole('button', { name: 'Send the result' }).click();
  await p.locator('.answer', { hasText: 'I was told: 42 rain' }).waitFor();
  await idle();
  equal(await p.locator('.you .who', { hasText: 'Result' }).count(), 1, 'results in the chat');
  await ask('call them again');
  for (let i = 0; i < 2; i++) {
    await card.getByRole('button', { name: 'Deny' }).click();
    await p.locator('.turn .calls summary', { hasText: '· denied' }).nth(i).waitFor();
  }
  await p.locator('.answer', { hasText: 'I was told: denied denied' }).waitFor();
  await close();
});

await test('a chat goes out with its branches and comes in again; what is none is refused', async () => {
  const { p, ask, close } = await open();
  await ask('say one');
  await p.getByRole('button', { name: 'Regenerate', exact: true }).click();
  await p.locator('.turn:last-child .count', { hasText: '2 / 2' }).waitFor();
  await p.waitForFunction(() => !globalThis.tarnPage.writer);
  const [download] = await Promise.all([p.waitForEvent('download'), (async () => {
    await p.locator('#menu').click();
    await p.getByRole('menuitem', { name: 'Export with branches' }).click();
  })()]);
  const text = readFileSync(await download.path(), 'utf8'), all = JSON.parse(text);
  equal([all.tarn_chat, all.active, all.messages.map(m => m.parent)], [1, 3, [0, 1, 1]], 'the tree');
  check(all.messages[1].ids.length > 3 && all.messages[1].thinking.length > 3, 'tokens and thought');
  const take = (name, body) => p.setInputFiles('#chat-file', { name, mimeType: 'application/json', buffer: Buffer.from(body) });
  const chats = await p.evaluate(() => globalThis.tarnPage.chats.length);
  await take('again.json', text);
  await p.waitForFunction(n => globalThis.tarnPage.chats.length === n + 1, chats);
  equal(await p.locator('.turn:last-child .count').innerText(), '2 / 2', 'branches');
  equal(await p.evaluate(() => globalThis.tarnPage.transcript.lastReply().m.ids.length), all.messages[2].ids.length, 'tokens');
  await take('usual.json', '{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes."}]}');
  await p.locator('.answer', { hasText: 'Yes.' }).waitFor();
  equal(await p.locator('.you .who', { hasText: 'Instructions' }).count(), 1, 'instructions');
  await take('bad.json', '{"messages":[{"role":"nobody"}]}');
  await p.locator('.notice.error', { hasText: 'bad.json is not a tarn chat or trace: the role of message 1 is unknown.' }).waitFor();
  await close();
});

await test('a circle in an answer is broken or stopped by a person, and that is undone', async () => {
  const { p, idle, axe, close } = await open();
  const begin = async () => {
    await p.fill('#message', 'round and round');
    await p.keyboard.press('Enter');
    await p.getByRole('status').filter({ hasText: 'The answer goes round in a circle.' }).waitFor();
  };
  const answer = () => p.locator('.turn:last-child .answer').innerText();
  await begin();
  await axe();
  await p.getByRole('button', { name: 'Break the circle' }).click();
  await idle();
  equal(await answer(), 'round round and out', 'broken');
  await p.getByRole('button', { name: 'Undo' }).click();
  await idle();
  equal(await p.locator('.turn:last-child .count').innerText(), '2 / 2', 'branches');
  await begin();
  await p.locator('.circle').getByRole('button', { name: 'Stop' }).click();
  await idle();
  await p.locator('.turn:last-child .ended', { hasText: 'Stopped.' }).waitFor();
  equal(await p.locator('.circle').count(), 0, 'the bar');
  await close();
});

await test('budget: slider, stops and number by keyboard; answer now; the summary says what was', async () => {
  const { p, ask, idle, axe, close } = await open();
  await p.getByRole('button', { name: 'Thinking budget, 2,048 tokens' }).press('Enter');
  const box = p.getByRole('dialog', { name: 'Thinking budget' }), slider = box.getByRole('slider');
  equal(await slider.getAttribute('aria-valuetext'), '2,048 tokens', 'value');
  await axe();
  await slider.press('ArrowRight');
  equal(await p.locator('#budget-value').innerText(), '8,192', 'a stop further');
  await box.getByRole('spinbutton').fill('100');
  await box.getByRole('spinbutton').press('Tab');
  equal(await p.locator('#budget-value').innerText(), '100', 'a number');
  await box.getByRole('button', { name: 'No limit' }).press('Enter');
  equal(await p.locator('#budget-value').innerText(), 'no limit', 'none');
  await slider.press('Home');
  await box.getByText('With a budget of 0 its answers get worse.').waitFor();
  await box.getByRole('button', { name: 'Use 256' }).click();
  equal(await p.locator('#budget-value').innerText(), '256', 'instead');
  await box.getByRole('button', { name: '256 tokens' }).click();
  await p.keyboard.press('Escape');
  equal(await p.evaluate(() => document.activeElement.id), 'budget', 'focus');
  equal(JSON.parse(await ask('show it')).budget, 256, 'what is asked for');
  await p.fill('#message', 'think 4000');
  await p.keyboard.press('Enter');
  await p.getByRole('button', { name: 'Close the thought and answer now' }).click();
  await idle();
  check(/^Thought [\d,]+ tokens in .* · 2 hesitations · answered on request$/.test(await p.locator('.thought .sum').last().innerText()),
    await p.locator('.thought .sum').last().innerText());
  await p.fill('#message', 'think 4000');
  await p.keyboard.press('Enter');
  await p.waitForFunction(() => globalThis.tarnPage.writer?.tokens > 3);
  await p.keyboard.press('Control+Shift+Enter');
  await idle();
  check((await p.locator('.thought .sum').last().innerText()).endsWith('answered on request'), 'by key');
  await close();
});

await test('the context: what it holds, almost full, full; the oldest turns are left out and come back', async () => {
  const { p, ask, axe, close } = await open();
  await ask('say one');
  await ask('say two');
  await p.locator('#status').click();
  const box = p.getByRole('dialog', { name: 'Context' });
  check(/Messages\s*4\s*Answers\s*2/.test(await box.innerText()), await box.innerText());
  await axe();
  await p.keyboard.press('Escape');
  await ask('full to the brim');
  await p.locator('.notice.warn', { hasText: /The context is \d+% full/ }).waitFor();
  await p.getByRole('button', { name: 'Leave out oldest turns…' }).click();
  await p.getByRole('button', { name: 'Leave out', exact: true }).click();
  await p.locator('.notice').getByRole('button', { name: 'Close' }).click();
  await p.locator('.notice', { hasText: '1 turn from' }).waitFor();
  equal(JSON.parse(await ask('show it')).roles.length, 5, 'messages that are read');
  await p.getByRole('button', { name: 'Bring back' }).click();
  equal(JSON.parse(await ask('show it')).roles.length, 9, 'all again');
  await p.getByRole('button', { name: 'New chat from here' }).click();
  equal(await p.locator('.turn').count(), 2, 'turns of the new chat');
  await close();
});

await test('a reload in mid-answer: what was written is there, and goes on', async () => {
  const { p, idle, close } = await open();
  await p.fill('#message', 'long story');
  await p.keyboard.press('Enter');
  await p.waitForFunction(() => document.querySelector('.thought .text')?.textContent.includes(' 40'));
  await p.fill('#message', 'a draft');
  await until(p, async () => (await globalThis.tarnPage.store.all('chats'))[0]?.messages[1]?.thought?.includes(' 40'));
  await p.reload();
  await p.fill('#message', 'of a new chat');
  await p.locator('#chats .row').first().click();
  equal(await p.inputValue('#message'), 'a draft', 'the draft of this chat');
  await p.locator('.ended', { hasText: 'tarn was closed while this was being written.' }).waitFor();
  const had = await p.evaluate(() => globalThis.tarnPage.transcript.lastReply().m.thought);
  check(had.includes(' 40'), had);
  await p.keyboard.press('Alt+Shift+N');
  equal(await p.inputValue('#message'), 'of a new chat', 'the draft of the other one');
  await p.locator('#chats .row').first().click();
  await p.getByRole('button', { name: 'Continue' }).click();
  await idle();
  equal(await p.locator('.ended').count(), 0, 'it has its end');
  await close();
});

await finish();

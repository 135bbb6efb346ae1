// attach_test.mjs - what goes with a message in the built page, with the fake
// engine: text files, long pastes, instructions, a schema; and where the
// browser stores nothing.
import { check, equal, executablePath, finish, need, test } from './browser.mjs';
import { fits, openFake as open } from './chat.mjs';

need('no Chromium here', executablePath);

const file = (name, body) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(body) });
const chips = p => p.locator('#chips').innerText();
const plus = async (p, name) => {
  await p.getByRole('button', { name: 'Attach, instructions, schema' }).click();
  await p.getByRole('menuitem', { name }).click();
};
/** What the engine was asked for: the answer to "show it", as it was written. */
const asked = async (p, ask) => { await ask('show it'); return JSON.parse(await p.evaluate(() => globalThis.tarnPage.chat.messages.at(-1).text)); };
const paste = (p, text) => p.evaluate(t => {
  const data = new DataTransfer();
  data.setData('text/plain', t);
  document.getElementById('message').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, cancelable: true, bubbles: true }));
}, text);

await test('a text file becomes a chip with its tokens, and begins the message', async () => {
  const { p, ask, axe, close } = await open();
  await p.setInputFiles('#text-file', [file('notes.txt', 'Milk and bread.'), file('b.csv', 'a,b\n1,2\n')]);
  await p.getByRole('button', { name: 'Remove b.csv' }).waitFor();
  check(/notes\.txt\s*4 tokens\s*b\.csv\s*2 tokens/.test(await chips(p)), await chips(p));
  await axe('chips');
  await p.getByRole('button', { name: 'Remove b.csv' }).press('Enter');
  equal(await p.evaluate(() => document.activeElement.id), 'message', 'focus');
  const answer = await ask('What is missing?');
  check(answer.replace(/\s+/g, ' ').includes('File notes.txt: Milk and bread. What is missing?'), answer);
  equal(await p.locator('#chips').isHidden(), true, 'chips are gone');
  equal(await p.locator('.you summary').innerText(), 'notes.txt 4 tokens', 'folded in the chat');
  equal(await p.locator('#title').innerText(), 'What is missing?', 'title');
  await p.locator('.you summary').press('Enter');
  check((await p.locator('.you pre').innerText()).endsWith('Milk and bread.'), 'unfolded');
  await axe('turn');
  await p.setInputFiles('#text-file', file('only.txt', 'x'));
  await p.getByRole('button', { name: 'Remove only.txt' }).waitFor();
  check(await p.locator('#send').isEnabled(), 'a file alone is a message');
  await close();
});

await test('what is no text or too long is not attached, and said so; its beginning can be', async () => {
  const { p, close } = await open();
  await p.setInputFiles('#text-file', { name: 'x.bin', mimeType: 'application/octet-stream', buffer: Buffer.from([1, 0, 255, 254]) });
  await p.locator('.notice.error', { hasText: 'x.bin is not text. This model reads text only.' }).waitFor();
  await p.locator('.notice').getByRole('button', { name: 'Close' }).click();
  await p.setInputFiles('#text-file', file('long.txt', 'word'.repeat(3000)));
  await p.locator('.notice.error', { hasText: 'long.txt is 3,000 tokens long and 2,048 are free. Attach a shorter part of it.' }).waitFor();
  equal(await p.locator('.chip').count(), 0, 'chips');
  await p.getByRole('button', { name: 'Attach first 2,048' }).click();
  check((await chips(p)).includes('2,048 tokens'), await chips(p));
  equal(await p.locator('.notice.error').count(), 0, 'the notice is gone');
  await close();
});

await test('a long paste becomes a chip and can be text again; files are dropped anywhere', async () => {
  const { p, close } = await open();
  await paste(p, 'short');
  equal(await p.locator('.chip').count(), 0, 'a short paste');
  await paste(p, 'abcd'.repeat(1001));
  await p.getByRole('button', { name: 'Paste as text' }).click();
  equal((await p.inputValue('#message')).length, 4004, 'as text');
  equal(await p.locator('.chip').count(), 0, 'the chip is gone');
  await p.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File(['one two'], 'dropped.md'));
    data.items.add(new File(['{"a": 1}'], 'data.json'));
    dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }));
  });
  await p.getByRole('button', { name: 'Remove data.json' }).waitFor();
  check((await chips(p)).includes('dropped.md'), await chips(p));
  for (const width of [390, 820]) {
    await p.setViewportSize({ width, height: 780 });
    await fits(p, `${width} px`);
  }
  await close();
});

await test('instructions stand before the first message; a chat that goes on below others keeps the old branch', async () => {
  const { p, ask, axe, close } = await open();
  await plus(p, 'Instructions…');
  await axe('window');
  await p.getByRole('textbox', { name: 'Instructions' }).fill('Be brief.');
  await p.getByRole('button', { name: 'Save' }).click();
  check((await chips(p)).includes('Instructions'), await chips(p));
  const first = (await asked(p, ask));
  equal([first.roles, first.first], [['system', 'user'], 'Be brief.'], 'what is asked');
  equal(await p.locator('.you .who', { hasText: 'Instructions' }).count(), 1, 'shown in the chat');
  await plus(p, 'Instructions…');
  await p.getByRole('textbox', { name: 'Instructions' }).fill('Be long.');
  await p.getByRole('button', { name: 'Save' }).click();
  /* Shown when the mouse is over the turn. */
  await p.locator('.turn').first().locator('.count', { hasText: '2 / 2' }).waitFor({ state: 'attached' });
  const then = (await asked(p, ask));
  equal([then.roles, then.first], [['system', 'user', 'assistant', 'user'], 'Be long.'], 'what is asked then');
  await p.locator('.turn').first().getByRole('button', { name: 'Previous branch, 2 of 2' }).click();
  equal(await p.locator('.turn').count(), 3, 'the old branch');
  await close();
});

await test('a preset is a name for instructions, settings and tools: saved, used, undone, removed; kept over a reload', async () => {
  const { p, axe, close } = await open();
  const now = () => p.evaluate(() => {
    const { settings: s, chat } = globalThis.tarnPage;
    return [chat.instructions ?? '', s.budget, s.temperature, s.tools, s.presets.map(x => x.name)];
  });
  const set = (...values) => p.evaluate(([instructions, budget, temperature, tools]) => {
    globalThis.tarnPage.composer.setup.instruct(instructions);
    Object.assign(globalThis.tarnPage.settings, { budget, temperature, tools });
  }, values);
  const preset = async name => { await plus(p, 'Preset…'); await p.getByRole('menuitem', { name }).click(); };
  const pressed = name => p.locator('.toast').last().getByRole('button', { name }).click();
  await set('Be brief.', 256, '0.7', true);
  await preset('Save as preset…');
  await axe('window');
  await p.getByRole('button', { name: 'Save' }).click();
  await p.getByRole('alert').filter({ hasText: 'A preset needs a name.' }).waitFor();
  await p.getByRole('textbox', { name: 'Name' }).fill(' Short\nanswers ');
  await p.getByRole('button', { name: 'Save' }).click();
  await set('', 2048, '', false);
  await preset('Short answers');
  equal(await now(), ['Be brief.', 256, '0.7', true, ['Short answers']], 'used');
  await pressed('Undo');
  equal(await now(), ['', 2048, '', false, ['Short answers']], 'undone');
  await p.reload();
  await p.waitForFunction(() => globalThis.tarnPage?.settings.presets.length === 1);
  await preset('Short answers');
  equal((await now()).slice(0, 4), ['Be brief.', 256, '0.7', true], 'after a reload');
  await preset('Remove a preset…');
  await p.getByRole('menuitem', { name: 'Short answers' }).click();
  equal((await now())[4], [], 'removed');
  await pressed('Undo');
  equal((await now())[4], ['Short answers'], 'back again');
  await close();
});

await test('a schema binds the answers of a chat; one that cannot be used is refused with the reason', async () => {
  const { p, ask, close } = await open();
  await plus(p, 'Schema for the answer…');
  const text = p.getByRole('textbox', { name: 'JSON Schema' });
  await text.fill('nonsense');
  await p.getByRole('button', { name: 'Save' }).click();
  await p.getByRole('alert').filter({ hasText: 'the schema cannot be used: it is no JSON at byte 0.' }).waitFor();
  await text.fill('{"title":"Person","type":"object"}');
  await p.getByRole('button', { name: 'Save' }).click();
  await p.locator('.chip', { hasText: 'Answer as JSON: Person' }).waitFor();
  equal((await asked(p, ask)).schema, '{"title":"Person","type":"object"}', 'what is asked');
  await p.getByRole('button', { name: 'Remove Answer as JSON: Person' }).click();
  equal((await asked(p, ask)).schema, null, 'free again');
  await close();
});

await test('where nothing can be stored, a file stays in memory and the page says so', async () => {
  const { p, ask, close } = await open({ before: () => {
    navigator.storage.getDirectory = () => Promise.reject(new DOMException('no', 'SecurityError'));
    Worker.prototype.postMessage = new Proxy(Worker.prototype.postMessage, { apply(f, me, args) {
      if (args[0]?.do !== 'sweep' && args[0]?.do !== 'keep') return Reflect.apply(f, me, args);
      return setTimeout(() => me.onmessage({ data: { is: 'failed', reason: 'it is a private window' } }));
    } });
  } });
  await p.locator('#open-models').click();
  await p.setInputFiles('#file', { name: 'mine.gguf', mimeType: 'application/octet-stream', buffer: Buffer.from('GGUF and more') });
  await p.locator('.notice.error', { hasText: 'The browser did not let the page store models' }).waitFor();
  await p.waitForFunction(() => globalThis.tarnPage.engine.info && globalThis.tarnPage.model?.name === 'mine');
  equal(await ask('say it works'), 'it works', 'answer');
  await p.locator('#open-models').click();
  check((await p.locator('#model-list').innerText()).includes('until the tab closes'), await p.locator('#model-list').innerText());
  await close();
});

await finish();

// golden_test.mjs MODELS [TARN.wasm]: the same logits, bit for bit, as every
// native build (tests/golden/logits.json): the WASI program and the plain
// module in node, the plain and the relaxed module in Chromium and in Firefox,
// on one and two threads, in batches of 1, 7 and whole, alone and with seven
// other sequences in every batch.  Node 20 computes relaxed SIMD wrongly, so
// the relaxed module is tried in browsers only.
import { execFileSync } from 'node:child_process';
import { createHash, webcrypto } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { check, equal, executablePath, finish, firefox, page as folder, root, start, startFirefox, test, wasiRun } from './browser.mjs';
import { open } from './chat.mjs';
import { serve } from './server.mjs';

const [, , models, program] = process.argv;
const golden = JSON.parse(readFileSync(join(root, 'tests/golden/logits.json'), 'utf8'));
const oracle = join(root, 'tests/oracle/models');
const pocket = readdirSync(folder).find(n => n.startsWith('pocket-'));
const files = Object.keys(golden).map(name => name === 'pocket'
  ? { name, file: join(folder, pocket), url: pocket,
    ids: [1, 6, ...Array.from({ length: 46 }, (_, i) => 300 + i)] }
  : { name, file: join(models, `${name}.gguf`), url: `${name}.gguf`,
    ids: JSON.parse(readFileSync(join(oracle, `${name}.json`), 'utf8')).ids });
/* Rows of a batch, and the other sequences in it. */
const WAYS = [[1, 0], [7, 0], [512, 0], [512, 7]];

if (program) await test('the WASI program in node', async () => {
  for (const m of files) {
    for (const beside of ['0', '7']) {
      const out = execFileSync('node', [...wasiRun, program, 'logits', m.file, '--ids', m.ids.join(','),
        '--beside', beside], { maxBuffer: 1 << 28 });
      equal(createHash('sha256').update(out).digest('hex'), golden[m.name], `${m.name} beside ${beside}`);
    }
  }
});

/* Node 18 has it, but not as a global. */
globalThis.crypto ??= webcrypto;
const { Tarn } = await import(join(root, 'web/app/module.mjs'));
const version = readdirSync(folder).find(n => n.startsWith('v-'));

await test('the plain module in node', async () => {
  const tarn = await Tarn.compile(readFileSync(join(folder, version, 'tarn-web.wasm')));
  for (const m of files) for (const [rows, beside] of WAYS) {
    const bytes = readFileSync(m.file), at = tarn.alloc(bytes.length);
    tarn.bytes(at, bytes.length).set(bytes);
    tarn.open(at, bytes.length, { name: m.name, threads: 1, rows, sequences: beside + 1 });
    equal(tarn.evalHash(m.ids, beside), golden[m.name], `${m.name}, batch ${rows} beside ${beside}`);
  }
  check(tarn.info().backend === 'cpu-wasm128', tarn.info().backend);
});

/** In a page: all hashes of one module, by a worker of its own.
 * @param {any} engine the page's
 * @param {[{name: string, url: string, ids: number[]}[], string, number, number[][]]} job */
async function hashes(engine, [list, wasmUrl, n, ways]) {
  const at = name => new URL(name, document.baseURI).href, out = [];
  engine.die('test');
  for (const m of list) {
    const file = await (await fetch(at(m.url))).blob();
    for (const [rows, beside] of ways) {
      const info = await engine.open({ source: { file }, name: m.name, wasm: at(wasmUrl), threads: n, rows,
        sequences: beside + 1 });
      out.push({ what: `${m.name}, ${info.threads} threads, batch ${rows} beside ${beside}`, name: m.name, backend: info.backend,
        threads: info.threads, hash: await engine.evalHash(m.ids, beside) });
    }
  }
  return out;
}

const MODULES = [['tarn-web.wasm', 'cpu-wasm128'], ['tarn-web-relaxed.wasm', 'cpu-wasm128-relaxed']];
const job = (wasm, threads) => [files.map(({ name, url, ids }) => ({ name, url, ids })), `${version}/${wasm}`, threads, WAYS];

function compare(seen, backend, threads) {
  equal(seen.length, files.length * WAYS.length, 'results');
  const wrong = seen.filter(s => s.hash !== golden[s.name] || s.backend !== backend || s.threads !== threads);
  equal(wrong.map(s => `${s.what} by ${s.backend}`), [], 'differ');
}

if (executablePath) {
  const server = await serve([folder, models], { isolate: true });
  const b = await start({ serviceWorkers: 'block' }), { p } = await open(b, server.url);
  for (const [wasm, backend] of MODULES) for (const threads of [1, 2])
    await test(`${backend} in Chromium, ${threads} thread${threads > 1 ? 's' : ''}`, async () => {
      compare(await p.evaluate(`(${hashes})(globalThis.tarnPage.engine, ${JSON.stringify(job(wasm, threads))})`), backend, threads);
    });
  await b.close();
  await server.close();
}

/* No driver for Firefox: a page of its own has the real one in a frame and asks
 * for a path that says what it saw. */
const FRAME = j => Buffer.from(`<!doctype html><meta charset="utf-8"><iframe src="./"></iframe><script type="module">
const hashes = ${hashes};
const tell = v => fetch('./seen-' + [...new TextEncoder().encode(JSON.stringify(v))].map(b => b.toString(16).padStart(2, '0')).join(''));
const frame = document.querySelector('iframe');
while (!/context \\d/.test(frame.contentDocument.getElementById('status')?.textContent ?? '')) await new Promise(ok => setTimeout(ok, 50));
try {
  for (const s of await hashes(frame.contentWindow.tarnPage.engine, ${JSON.stringify(j)})) await tell(s);
  await tell('end');
} catch (e) { await tell(\`\${e}\`); }
</script>`);

if (firefox) for (const [wasm, backend] of MODULES) for (const threads of [1, 2])
  await test(`${backend} in Firefox, ${threads} thread${threads > 1 ? 's' : ''}`, async () => {
    const server = await serve([folder, models], { isolate: true, instead: { 'frame.html': FRAME(job(wasm, threads)) } });
    const end = startFirefox(`${server.url}frame.html`);
    const told = () => server.asked.filter(a => a.startsWith('/seen-')).map(a => JSON.parse(Buffer.from(a.slice(6), 'hex').toString()));
    try {
      for (let t = 0; !told().some(s => typeof s === 'string'); t++) {
        check(t < 600, `nothing in two minutes; asked for: ${server.asked.slice(-5).join(' ')}`);
        await new Promise(ok => setTimeout(ok, 200));
      }
      const seen = told();
      equal(seen.pop(), 'end', 'the page');
      compare(seen, backend, threads);
    } finally {
      await end();
      await server.close();
    }
  });
await finish();

// golden_test.mjs MODELS [TARN.wasm]: the same logits, bit for bit, as every
// native build (tests/golden/logits.json): the WASI program and the plain
// module in node, the plain and the relaxed module in Chromium, on one and two
// threads, in batches of 1, 7 and whole, alone and with seven other sequences
// in every batch.  Node 20 computes relaxed SIMD
// wrongly, so the relaxed module is tried in Chromium only.
import { execFileSync } from 'node:child_process';
import { createHash, webcrypto } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { check, equal, executablePath, finish, page as folder, root, start, test, wasiRun } from './browser.mjs';
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

/** All hashes of one module, by a worker of its own. */
async function inChromium(p, wasm, threads) {
  return p.evaluate(async ([list, wasmUrl, n, ways]) => {
    const { tarnPage: t } = globalThis, out = [];
    const at = name => new URL(name, document.baseURI).href;
    t.engine.die('test');
    for (const m of list) {
      const file = await (await fetch(at(m.url))).blob();
      for (const [rows, beside] of ways) {
        const info = await t.engine.open({ source: { file }, name: m.name, wasm: at(wasmUrl), threads: n, rows,
          sequences: beside + 1 });
        out.push({ what: `${m.name}, ${info.threads} threads, batch ${rows} beside ${beside}`, name: m.name, backend: info.backend,
          threads: info.threads, hash: await t.engine.evalHash(m.ids, beside) });
      }
    }
    return out;
  }, [files.map(({ name, url, ids }) => ({ name, url, ids })), `${version}/${wasm}`, threads, WAYS]);
}

if (executablePath) {
  const server = await serve([folder, models], { isolate: true });
  const b = await start({ serviceWorkers: 'block' }), { p } = await open(b, server.url);
  for (const [wasm, backend] of [['tarn-web.wasm', 'cpu-wasm128'], ['tarn-web-relaxed.wasm', 'cpu-wasm128-relaxed']])
    for (const threads of [1, 2])
      await test(`${backend} in Chromium, ${threads} thread${threads > 1 ? 's' : ''}`, async () => {
        const seen = await inChromium(p, wasm, threads);
        equal(seen.length, files.length * WAYS.length, 'results');
        const wrong = seen.filter(s => s.hash !== golden[s.name] || s.backend !== backend || s.threads !== threads);
        equal(wrong.map(s => `${s.what} by ${s.backend}`), [], 'differ');
      });
  await b.close();
  await server.close();
}
await finish();

// bench.mjs MODEL.gguf [--threads N] [--prompt N] [--tokens N] [--runs N]
//           [--peer NODE_MODULES] [--token ID]
// Speed of the built page's module in Chromium; with --peer beside wllama (a
// folder with @wllama/wllama in it), in alternation.  Prints JSON lines.
import { dirname, resolve, basename } from 'node:path';
import { parseArgs } from 'node:util';
import { page as folder, shut, start } from './browser.mjs';
import { serve } from './server.mjs';

const { values: v, positionals: [model] } = parseArgs({ allowPositionals: true, options: {
  threads: { type: 'string', default: '2' }, prompt: { type: 'string', default: '256' },
  tokens: { type: 'string', default: '32' }, runs: { type: 'string', default: '3' }, peer: { type: 'string' },
  token: { type: 'string', default: '115' } } });
const [threads, prompt, tokens, runs] = [v.threads, v.prompt, v.tokens, v.runs].map(Number);
const server = await serve([folder, dirname(resolve(model)), ...(v.peer ? [resolve(v.peer)] : [])], { isolate: true });
const b = await start({ serviceWorkers: 'block' });
const median = a => a.slice().sort((x, y) => x - y)[a.length >> 1];

const ours = await b.newPage();
await ours.goto(server.url);
await ours.waitForFunction(() => /context \d/.test(document.getElementById('status').textContent));
await ours.evaluate(async ([url, n]) => {
  const { tarnPage: t } = globalThis, at = x => new URL(x, document.baseURI).href;
  const main = document.querySelector('script').src;
  t.engine.die('bench');
  await t.engine.open({ source: { url: at(url) }, name: url, threads: n, context: 2048,
    wasm: new URL('tarn-web.wasm', main).href, relaxed: new URL('tarn-web-relaxed.wasm', main).href });
  await t.engine.bench(16, 2);
}, [basename(model), threads]);
const one = () => ours.evaluate(([p, n]) => globalThis.tarnPage.engine.bench(p, n), [prompt, tokens]);

let theirs = null;
if (v.peer) {
  const p = await b.newPage();
  /* One token (--token) again and again: wllama fails when a model of random weights
   * writes bytes that are no UTF-8.  The page's policy is not wllama's: an empty page of the same server. */
  await p.route('**/empty', r => r.fulfill({ body: '<!DOCTYPE html>', contentType: 'text/html',
    headers: { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' } }));
  if (process.env.V) p.on('console', m => console.log(m.text().slice(0, 200)));
  await p.goto(`${server.url}empty`);
  await p.evaluate(async ([url, n]) => {
    const { Wllama } = await import('/@wllama/wllama/esm/index.js');
    const w = globalThis.w = new Wllama({ default: '/@wllama/wllama/esm/wasm/wllama.wasm' }, { suppressNativeLog: false });
    const blob = await (await fetch(url)).blob();
    await w.loadModel([blob], { n_threads: n, n_ctx: 2048, n_batch: 512, n_gpu_layers: 0, warmup: true, log_level: 2 });
  }, [`/${basename(model)}`, threads]);
  theirs = i => p.evaluate(async ([k, np, ng, token]) => {
    const text = Array.from({ length: np >> 1 }, (_, j) => 'abcdefgh'[j % 8]).join(' ');
    const q = await globalThis.w.createCompletion({ prompt: k + text, max_tokens: ng, temperature: 0, ignore_eos: true,
      logit_bias: [[token, 1000]] });
    return q.timings;
  }, [i, prompt, tokens, Number(v.token)]);
}

const all = { tarn: { prompt: [], decode: [] }, peer: { prompt: [], decode: [] } };
for (let i = 0; i < runs; i++) {
  const t = await one();
  all.tarn.prompt.push(prompt * 1000 / t.prefill_ms);
  all.tarn.decode.push(tokens * 1000 / t.decode_ms);
  if (!theirs) continue;
  const q = await theirs(i);
  all.peer.prompt.push(q.prompt_per_second);
  all.peer.decode.push(q.predicted_per_second);
}
for (const [who, m] of Object.entries(all)) if (m.prompt.length)
  console.log(JSON.stringify({ who, threads, prompt_tps: +median(m.prompt).toFixed(2), decode_tps: +median(m.decode).toFixed(2),
    prompt: m.prompt.map(x => +x.toFixed(1)), decode: m.decode.map(x => +x.toFixed(1)) }));
if (theirs) console.log(JSON.stringify({ ratio: { prompt: +(median(all.tarn.prompt) / median(all.peer.prompt)).toFixed(2),
  decode: +(median(all.tarn.decode) / median(all.peer.decode)).toFixed(2) } }));
await shut();
await server.close();

// wasi_test.mjs TARN.wasm FOLDER: the command as a plain WASI program, in
// node, with one preopened folder (seen as /data) that holds pocket.gguf.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, equal, finish, test, wasiRun } from './browser.mjs';

const [, , program, models] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'tarn-wasi-'));
copyFileSync(join(models, 'pocket.gguf'), join(folder, 'pocket.gguf'));

/** @param {string[]} args @param {string} [input] */
function tarn(args, input = '') {
  const r = spawnSync('node', [...wasiRun, '--dir', folder, program, ...args], { input, maxBuffer: 1 << 26 });
  return { code: r.status, out: r.stdout.toString(), err: r.stderr.toString() };
}

await test('run answers', async () => {
  const r = tarn(['run', '/data/pocket.gguf', '-p', 'What is 17 + 25?', '--seed', '7', '--json']);
  equal(r.code, 0, r.err);
  check(JSON.parse(r.out).answer.length > 0, r.out);
});

await test('inspect, tokenize, detokenize, prompt and bench work', async () => {
  const inspect = tarn(['inspect', '/data/pocket.gguf', '--json']);
  equal(inspect.code, 0, inspect.err);
  check(typeof JSON.parse(inspect.out) === 'object', 'inspect');
  const ids = tarn(['tokenize', '/data/pocket.gguf'], 'What is 17 + 25?');
  equal(ids.code, 0, ids.err);
  check(JSON.parse(ids.out).length > 3, ids.out);
  const text = tarn(['detokenize', '/data/pocket.gguf'], ids.out);
  equal(text.out.replace(/\n$/, ''), 'What is 17 + 25?', 'there and back');
  const prompt = tarn(['prompt', '/data/pocket.gguf'],
    '{"messages":[{"role":"user","content":"Hi"}],"add_generation_prompt":true}');
  equal(prompt.code, 0, prompt.err);
  check(prompt.out.includes('<|im_start|>user\nHi<|im_end|>'), prompt.out);
  const bench = tarn(['bench', '/data/pocket.gguf', '-p', '16', '-n', '4', '-r', '1', '--json']);
  equal(bench.code, 0, bench.err);
  check(JSON.parse(bench.out).decode_tps > 0, bench.out);
});

await test('logits are written into the folder', async () => {
  equal(tarn(['logits', '/data/pocket.gguf', '--ids', '1,6', '-o', '/data/l.f32']).code, 0);
  check(existsSync(join(folder, 'l.f32')), 'no file');
});

await test('a path outside the folder is refused with one sentence', async () => {
  const r = tarn(['inspect', '/etc/passwd']);
  equal(r.code, 5, r.err);
  equal(r.err.trim().split('\n').length, 1, r.err);
});

await test('a file that is no model is exit 3', async () => {
  copyFileSync(program, join(folder, 'not.gguf'));
  const r = tarn(['inspect', '/data/not.gguf']);
  equal(r.code, 3, r.err);
});
rmSync(folder, { recursive: true });
await finish();

// wasi-run.mjs [--dir DIR] PROGRAM.wasm ARGS...: a WASI program in node.
// With --dir the program sees that one folder, as /data, and nothing else;
// without it the whole file system (for tests that find their data by path;
// a second folder "." would take absolute paths too, so relative ones are made
// absolute here).
import { WASI } from 'node:wasi';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const args = process.argv.slice(2);
let preopens = { '/': '/' };
if (args[0] === '--dir') {
  preopens = { '/data': args[1] };
  args.splice(0, 2);
} else {
  for (const [i, a] of args.entries())
    if (!a.startsWith('/') && existsSync(a)) args[i] = resolve(a);
}
const env = Object.fromEntries(
  Object.entries(process.env).filter(([k]) => k.startsWith('TARN_')));
const wasi = new WASI({ version: 'preview1', args, env, preopens,
  returnOnExit: true });
const module = await WebAssembly.compile(await readFile(args[0]));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
process.exitCode = wasi.start(instance);

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
const bytes = await readFile(args[0]);
if (!WebAssembly.validate(bytes)) {
  /* Node 20 has no relaxed SIMD (and computes it wrongly when told to have
   * it): such a program is tried in a browser (golden_test.mjs). */
  console.log('1..0 # SKIP this engine does not take the module');
  process.exit(0);
}
const module = await WebAssembly.compile(bytes);
/* Not getImportObject(): node 18 has it not. */
const instance = await WebAssembly.instantiate(module,
  { wasi_snapshot_preview1: wasi.wasiImport });
process.exitCode = wasi.start(instance);

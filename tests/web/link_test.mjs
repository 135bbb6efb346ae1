// link_test.mjs DIR: what of the single-threaded libc is inside the page's
// modules (the linker's map), and what they import and export.  A member that
// is not listed here may keep unlocked globals: look at it before adding it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, finish, test } from './browser.mjs';

const dir = process.argv[2];

/** Pure functions; malloc and its kin are called by core/base/memory.c under
 * its lock; the stdio parts serve snprintf, which opens no stream. */
const LIBC = new Set(`CLOCK_MONOTONIC CLOCK_REALTIME __lctrans __stdio_close __stdio_seek __stdio_write __toread
  __towrite __uflow __wasilibc_real abort atoi clock_gettime close dlmalloc errno floatscan
  fmod fputs frexp fwrite getentropy intscan libc localeconv lseek memchr memcmp memcpy memrchr
  memset sbrk scalbn shgetc snprintf stderr strchr strchrnul strcmp strcspn strerror strlen
  strncmp strnlen strpbrk strrchr strstr strtod strtol vfprintf vsnprintf wcrtomb wctomb writev`.split(/\s+/));
const IMPORTS = ['env.memory', 'wasi_snapshot_preview1.clock_time_get', 'wasi_snapshot_preview1.fd_close',
  'wasi_snapshot_preview1.fd_seek', 'wasi_snapshot_preview1.fd_write', 'wasi_snapshot_preview1.random_get'];
const EXPORTS = ['__stack_pointer', '__tls_align', '__tls_size', '__wasm_init_tls', '_initialize',
  ...['alloc', 'bench', 'calls', 'close', 'count', 'decide', 'error', 'eval', 'events', 'free', 'info', 'open', 'out',
    'out_size', 'post', 'results', 'schema', 'step', 'threads', 'trace_from',
    'trace_replay', 'trace_text', 'turn', 'view_all',
    'view_at', 'view_cells', 'view_error', 'view_items', 'view_list', 'view_open', 'view_out', 'view_out_size',
    'view_size', 'view_svg', 'view_text', 'view_token', 'worker'].map(n => `tarn_web_${n}`)];

for (const name of ['tarn-web', 'tarn-web-relaxed']) {
  await test(`${name}: only known parts of the libc`, async () => {
    const map = readFileSync(join(dir, `${name}.map`), 'utf8');
    const members = new Set([...map.matchAll(/libc[\w-]*\.a\(([\w.-]+)\.o\)/g)].map(m => m[1]));
    equal([...members].filter(m => !LIBC.has(m)).sort(), [], 'not listed');
  });
}

/* The relaxed one is made of the same sources; node 20 does not compile it. */
await test('imports and exports', async () => {
  const m = new WebAssembly.Module(readFileSync(join(dir, 'tarn-web.wasm')));
  equal(WebAssembly.Module.imports(m).map(i => `${i.module}.${i.name}`).sort(), IMPORTS, 'imports');
  equal(WebAssembly.Module.exports(m).map(e => e.name).sort(), EXPORTS.sort(), 'exports');
});
await finish();

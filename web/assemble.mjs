// assemble.mjs OUT WASM-BUILD POCKET: puts the page together.  Everything that
// belongs together lies in one folder named after its content, so a page and a
// module of different versions can never meet; only index.html, sw.js, the
// manifest and the icons have fixed names.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync,
  writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [, , out, wasm, pocket] = process.argv;
const here = dirname(fileURLToPath(import.meta.url));
const sha = bytes => createHash('sha256').update(bytes).digest('hex');

export const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
  "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; " +
  "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types tarn";

/** The texts that the libraries inside the page ask for, and our own. */
function licences() {
  const { dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  const lock = JSON.parse(readFileSync(join(here, 'package-lock.json'), 'utf8')).packages;
  const parts = [`tarn\n\n${readFileSync(join(here, '../LICENSE'), 'utf8')}`];
  const wanted = new Set(Object.keys(dependencies));
  for (const name of wanted) {
    const at = `node_modules/${name}`;
    for (const below of Object.keys(lock[at].dependencies ?? {})) wanted.add(below);
    const text = readdirSync(join(here, at)).find(n => /^licen[cs]e/i.test(n));
    if (!text) throw new Error(`${name} has no licence text`);
    parts.push(`${name} ${lock[at].version}\n\n${readFileSync(join(here, at, text), 'utf8')}`);
  }
  return parts.join(`\n${'-'.repeat(78)}\n\n`);
}

/** Our modules without what only a reader of the source needs: comments that
 * have lines to themselves, casts, empty lines and the space before a line (no
 * text of ours runs over lines). */
const lean = text => text.replace(/\/\*\* @type (?:(?!\*\/)[^])*\*\/ ?(?=[(\w{[])/g, '').replace(/^[ \t]*\/\*(?:(?!\*\/)[^])*\*\/[ \t]*\n/gm, '').replace(/^[ \t]*\/\/.*\n/gm, '')
  .replace(/^\s+/gm, '');

/** Questions for an empty chat, without the answers that a test expects. */
function examples() {
  const all = JSON.parse(readFileSync(join(here, 'examples.json'), 'utf8'));
  return Object.fromEntries(Object.entries(all).map(([model, list]) => [model, list.map(x => x.question)]));
}

const files = new Map();
for (const name of readdirSync(join(here, 'app')))
  if (name.endsWith('.mjs')) files.set(name, lean(readFileSync(join(here, 'app', name), 'utf8')));
for (const name of ['tokens.css', 'page.css', 'trace.css']) files.set(name, readFileSync(join(here, name), 'utf8')
  .replace(/\/\*[^]*?\*\//g, '').replace(/^\s+/gm, '').replace(/(?<=[:;,{]) | (?=[{}])/g, ''));
const markdown = join(here, 'node_modules/markdown-it/dist/browser/markdown-it.esm.min.mjs');
files.set('markdown-it.mjs', readFileSync(markdown, 'utf8').replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n'));
for (const name of ['tarn-web.wasm', 'tarn-web-relaxed.wasm'])
  files.set(name, readFileSync(join(wasm, 'wasm', name)));

const model = readFileSync(pocket), modelName = `pocket-${sha(model).slice(0, 16)}.gguf`;
const config = {
  wasm: './tarn-web.wasm', relaxed: './tarn-web-relaxed.wasm',
  pocket: { url: modelName, file: modelName, bytes: model.length, n_params: 0 },
  examples: examples(),
};
files.set('build.mjs', `// Written by assemble.mjs.\nexport const build = ${JSON.stringify(config, null, 2)};\n`);

const all = createHash('sha256');
for (const name of [...files.keys()].sort()) all.update(name).update(sha(files.get(name)));
for (const name of ['index.html', 'sw.js', 'manifest.webmanifest']) all.update(readFileSync(join(here, name)));
const version = all.digest('hex').slice(0, 16), folder = `v-${version}`;

mkdirSync(join(out, folder), { recursive: true });
for (const name of readdirSync(out))
  if ((name.startsWith('v-') && name !== folder) || (name.endsWith('.gguf') && name !== modelName))
    rmSync(join(out, name), { recursive: true });
for (const [name, bytes] of files) writeFileSync(join(out, folder, name), bytes);
const target = join(out, modelName);
if (!existsSync(target) || statSync(target).size !== model.length) {
  copyFileSync(pocket, `${target}.part`);
  renameSync(`${target}.part`, target);
}
writeFileSync(join(out, 'licences.txt'), licences());
for (const name of ['icon.svg', 'icon-192.png', 'icon-512.png', 'manifest.webmanifest'])
  copyFileSync(join(here, name), join(out, name));

const fill = text => text.replaceAll('@V@', folder).replaceAll('@VERSION@', version).replaceAll('@CSP@', CSP);
const kept = ['./', 'manifest.webmanifest', 'icon.svg', 'icon-192.png', 'icon-512.png',
  ...[...files.keys()].sort().map(name => `${folder}/${name}`)];
writeFileSync(join(out, 'sw.js'), fill(readFileSync(join(here, 'sw.js'), 'utf8'))
  .replace('/*@FILES@*/', '\n' + kept.map(f => `  '${f}',`).join('\n') + '\n'));
/* What main.mjs needs is asked for at once, not one import after the other. */
const early = [...files.keys()].filter(n => n.endsWith('.mjs') && !n.endsWith('-worker.mjs')).sort()
  .map(n => `<link rel="modulepreload" href="${folder}/${n}">`).join('\n');
writeFileSync(join(out, 'index.html'), fill(readFileSync(join(here, 'index.html'), 'utf8')).replace('</head>', `${early}\n</head>`));
console.log(`page ${version} in ${out}`);

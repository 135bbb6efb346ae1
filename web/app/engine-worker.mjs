// @ts-check
// engine-worker.mjs - owns the module: loads a model into its memory, runs
// turns step by step, sends what happens to the page.
//
// In:  {do: 'prepare', wasm, relaxed}
//      {do: 'open', wasm, relaxed, source, name, threads}
//      {do: 'turn', request} {do: 'post', kind} {do: 'eval', ids}
//      {do: 'bench', prompt, tokens} {do: 'calls'} {do: 'decide', request}
//      {do: 'results', key} {do: 'replay', text}
//      also during a turn: {do: 'count', n, text, most} {do: 'schema', n, text}
// Out: {is: 'progress', done, total} {is: 'ready', info} {is: 'events', list}
//      {is: 'hash', hash} {is: 'bench', times} {is: 'answer', value}
//      {is: 'aside', n, value} or {is: 'aside', n, text, status}
//      {is: 'failed', at, text, status}
//      {is: 'control', port}: take this instead of 'post', it is heard while
//      a step is being computed
import { Tarn, TarnError, newMemory } from './module.mjs';
import { workerUrl } from './trusted.mjs';

const PIECE = 8 << 20;
/* Without isolation a stop is only heard between two steps: few rows each. */
const ROWS_UNHEARD = 16;
/* Events go to the page at most this often (30 paints a second are enough). */
const GATHER_MS = 30;

/** @type {Tarn|null} */
let tarn = null;
let heard = false;
let busy = false;
/** @type {number[]} */
let waiting = [];

/** @param {string} name @param {object} message @param {MessagePort} [port] */
function startWorker(name, message, port) {
  const w = new Worker(workerUrl(name), { type: 'module' });
  w.postMessage({ ...message, port }, port ? [port] : []);
}

/** Plain or relaxed SIMD: the first that the browser accepts.
 * @param {string[]} urls */
async function compile(urls) {
  for (const url of urls) {
    const r = await fetch(url);
    if (!r.ok) throw new TarnError(`the module could not be loaded (${r.status})`, 5);
    const bytes = await r.arrayBuffer();
    if (WebAssembly.validate(bytes)) return WebAssembly.compile(bytes);
  }
  throw new TarnError('WebAssembly with SIMD', 64);
}

/** @param {Tarn} t @param {number} n */
async function startThreads(t, n) {
  if (!self.crossOriginIsolated || n < 2) return;
  const { port1, port2 } = new MessageChannel();
  startWorker('control-worker.mjs', t.place(), port1);
  postMessage({ is: 'control', port: port2 }, { transfer: [port2] });
  heard = true;
  for (let i = 1; i < n; i++) startWorker('pool-worker.mjs', t.place());
  const until = performance.now() + 5000;
  while (t.threads < n && performance.now() < until)
    await new Promise(r => setTimeout(r, 2));
}

/**
 * The model's bytes, in pieces, straight into the module's memory.
 * @param {Tarn} t @param {Blob} blob
 */
async function fill(t, blob) {
  const at = t.alloc(blob.size);
  if (!at) throw new TarnError('memory', 4);
  for (let done = 0; done < blob.size;) {
    const piece = new Uint8Array(await blob.slice(done, done + PIECE).arrayBuffer());
    t.bytes(at + done, piece.length).set(piece);
    done += piece.length;
    postMessage({ is: 'progress', done, total: blob.size });
  }
  return at;
}

/** @param {{kept?: string, file?: Blob, url?: string}} source @returns {Promise<Blob>} */
async function blobOf(source) {
  if (source.file) return source.file;
  if (source.kept) {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
    return (await folder.getFileHandle(source.kept)).getFile();
  }
  const r = await fetch(/** @type {string} */ (source.url));
  if (!r.ok) throw new TarnError(`the server answered ${r.status}`, 7);
  return r.blob();
}

/** @type {Promise<WebAssembly.Module>|null} */
let compiling = null;

/** A page asks for it before it knows model and threads. @param {any} m */
function module(m) {
  compiling ??= compile(m.relaxed ? [m.relaxed, m.wasm] : [m.wasm]);
  compiling.catch(() => { compiling = null; });
  return compiling;
}

/** @param {any} m */
async function open(m) {
  const reading = blobOf(m.source);
  reading.catch(() => {}); // it is told below
  if (!tarn) {
    tarn = new Tarn({ module: await module(m), memory: newMemory() });
    await startThreads(tarn, m.threads);
  }
  tarn.close();
  const blob = await reading, at = await fill(tarn, blob);
  tarn.open(at, blob.size, { name: m.name, threads: Math.min(m.threads, tarn.threads),
    context: m.context ?? 0, rows: m.rows ?? (heard ? 0 : ROWS_UNHEARD),
    sequences: m.sequences ?? 0 });
  postMessage({ is: 'ready', info: tarn.info(), bytes: blob.size });
}

/* Somebody looks at the trace: it is sent every half second, or less often
 * where writing it takes long. */
let watched = false;
let traced = 0;

/** @param {Tarn} t @param {boolean} last */
function tellTrace(t, last) {
  const now = performance.now();
  if (!last && (!watched || now < traced)) return;
  const text = t.traceText();
  if (text) postMessage({ is: 'trace', text });
  const cost = performance.now() - now;
  traced = now + Math.max(500, 20 * cost);
}

/** Lets the worker hear its messages. */
const breathe = () => new Promise(ok => { breath.port1.onmessage = ok; breath.port2.postMessage(0); });
const breath = new MessageChannel();

/** @param {any} request */
async function turn(request) {
  const t = /** @type {Tarn} */ (tarn);
  waiting = [];
  const { source, ...rest } = request;
  if (source) t.traceFrom(source);
  t.turn(rest);
  /** @type {any[]} */
  let list = [];
  let sent = performance.now();
  for (let more = true; more;) {
    for (const kind of waiting.splice(0)) t.post(kind);
    more = t.step();
    list.push(...t.events());
    tellTrace(t, !more);
    if (list.length && (!more || performance.now() - sent >= GATHER_MS)) {
      postMessage({ is: 'events', list });
      list = [];
      sent = performance.now();
    }
    await breathe();
  }
}

/** A small question with an answer of its own. @param {number} n @param {(t: Tarn) => any} act */
function aside(n, act) {
  try {
    if (!tarn) throw new TarnError('No model is loaded.', 8);
    postMessage({ is: 'aside', n, value: act(tarn) });
  } catch (e) {
    postMessage({ is: 'aside', n, text: e instanceof Error ? e.message : String(e),
      status: e instanceof TarnError ? e.status : 1 });
  }
}

/** @param {string} at @param {() => any} act */
async function guarded(at, act) {
  busy = true;
  try { await act(); } catch (e) {
    const known = e instanceof TarnError;
    postMessage({ is: 'failed', at, status: known ? e.status : 1,
      text: e instanceof Error ? e.message : String(e), trap: e instanceof WebAssembly.RuntimeError });
  } finally { busy = false; }
}

self.onmessage = e => {
  const m = e.data;
  if (m.do === 'prepare') module(m).catch(() => {}); // open() tells
  else if (m.do === 'open') guarded('open', () => open(m));
  else if (m.do === 'turn') guarded('turn', () => turn(m.request));
  else if (m.do === 'eval')
    guarded('eval', () => postMessage({ is: 'hash', hash: tarn?.evalHash(m.ids, m.beside) }));
  else if (m.do === 'bench')
    guarded('bench', () => postMessage({ is: 'bench', times: tarn?.bench(m.prompt, m.tokens) }));
  else if (m.do === 'watch') watched = m.on;
  else if (m.do === 'count') aside(m.n, t => t.count(m.text, m.most));
  else if (m.do === 'schema') aside(m.n, t => t.checkSchema(m.text));
  else if (m.do === 'replay') guarded('replay', () => postMessage({ is: 'answer', value: tarn?.replay(m.text) }));
  else if (m.do === 'calls') guarded('calls', () => postMessage({ is: 'answer', value: tarn?.calls() ?? [] }));
  else if (m.do === 'decide')
    guarded('decide', () => postMessage({ is: 'answer', value: tarn?.decide(m.request) }));
  else if (m.do === 'results')
    guarded('results', () => postMessage({ is: 'answer', value: tarn?.results(m.key) }));
  else if (m.do === 'post' && busy) waiting.push(m.kind);
};

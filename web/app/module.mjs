// @ts-check
// module.mjs - loading tarn's WebAssembly module and talking to its exports.
// Works in a page's worker and in node (tests).  One module serves one and
// many threads: its memory is always shared, and only sending it to another
// worker needs an isolated page.

const PAGE = 65536, MOST_PAGES = 65536, FIRST_PAGES = 256, STACK = 262144;
const NOSYS = 52, BADF = 8;

/** What the module imports from WASI: a clock, random bytes, and nothing of
 * the file system.
 * @param {() => DataView} view @param {(text: string) => void} print */
function wasi(view, print) {
  const fns = {
    /** @param {number} id @param {bigint} _p @param {number} out */
    clock_time_get(id, _p, out) {
      const ms = id === 0 ? Date.now() : performance.now();
      view().setBigUint64(out >>> 0, BigInt(Math.round(ms * 1e6)), true);
      return 0;
    },
    /** @param {number} at @param {number} n */
    random_get(at, n) {
      const bytes = crypto.getRandomValues(new Uint8Array(n));
      new Uint8Array(view().buffer, at >>> 0, n).set(bytes);
      return 0;
    },
    /** @param {number} fd @param {number} iovs @param {number} n @param {number} out */
    fd_write(fd, iovs, n, out) {
      if (fd !== 1 && fd !== 2) return BADF;
      let all = 0;
      for (let i = 0; i < n; i++) {
        const at = view().getUint32((iovs >>> 0) + 8 * i, true);
        const size = view().getUint32((iovs >>> 0) + 8 * i + 4, true);
        print(new TextDecoder().decode(new Uint8Array(view().buffer, at, size).slice()));
        all += size;
      }
      view().setUint32(out >>> 0, all, true);
      return 0;
    },
    fd_prestat_get: () => BADF,
    /** @param {number} code */
    proc_exit(code) { throw new Error(`the module ended with ${code}`); },
  };
  return new Proxy(fns, { get: (t, k) => Reflect.get(t, k) ?? (() => NOSYS) });
}

/** @typedef {{module: WebAssembly.Module, memory: WebAssembly.Memory}} Parts */

/** @param {WebAssembly.Module} module @param {WebAssembly.Memory} memory */
function instantiate(module, memory) {
  const imports = { env: { memory },
    wasi_snapshot_preview1: wasi(() => new DataView(memory.buffer), t => console.log(t)) };
  return /** @type {any} */ (new WebAssembly.Instance(module, imports).exports);
}

/** @param {number} [most] pages */
export function newMemory(most = MOST_PAGES) {
  return new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: most, shared: true });
}

/** Another thread of the same memory: its stack and thread-local block come
 * from the coordinator.
 * @param {Parts & {stack: number, tls: number}} m */
export function enter(m) {
  const ex = instantiate(m.module, m.memory);
  ex.__stack_pointer.value = m.stack;
  ex.__wasm_init_tls(m.tls);
  return ex;
}

/** A sentence of the core with its status. */
export class TarnError extends Error {
  /** @param {string} text @param {number} status */
  constructor(text, status) { super(text); this.status = status; }
}

export class Tarn {
  /** @param {Parts} parts */
  constructor({ module, memory }) {
    this.module = module;
    this.memory = memory;
    this.ex = instantiate(module, memory);
    this.ex._initialize?.();
  }

  /** @param {BufferSource} bytes */
  static async compile(bytes) {
    return new Tarn({ module: await WebAssembly.compile(bytes), memory: newMemory() });
  }

  bytes(at = 0, size = this.memory.buffer.byteLength - at) {
    return new Uint8Array(this.memory.buffer, at, size);
  }

  /** @param {number} size @returns {number} 0: none left */
  alloc(size) { return size >= 2 ** 32 ? 0 : this.ex.tarn_web_alloc(size) >>> 0; }

  /** Where a thread's stack and thread-local block lie. */
  place() {
    const low = this.alloc(STACK), tls = this.alloc(Math.max(this.ex.__tls_size.value, 64));
    if (!low || !tls) throw new TarnError('no memory for another thread', 4);
    return { module: this.module, memory: this.memory, stack: low + STACK, tls };
  }

  get threads() { return this.ex.tarn_web_threads() >>> 0; }

  /** @param {string|Uint8Array} text @param {(at: number, size: number) => number} use */
  withText(text, use) {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text, at = this.alloc(bytes.length + 1);
    if (!at) throw new TarnError('There was not enough memory.', 4);
    this.bytes(at, bytes.length + 1).set(bytes);
    this.bytes(at + bytes.length, 1)[0] = 0;
    try { return use(at, bytes.length); } finally { this.ex.tarn_web_free(at); }
  }

  /** @param {number} status */
  check(status) {
    if (!status) return;
    const at = this.ex.tarn_web_error() >>> 0, all = this.bytes(at, 240);
    const end = all.indexOf(0);
    const text = new TextDecoder().decode(all.slice(0, end < 0 ? 240 : end));
    throw new TarnError(text || `The engine failed (${status}).`, status);
  }

  out() {
    const at = this.ex.tarn_web_out() >>> 0, size = this.ex.tarn_web_out_size() >>> 0;
    return new TextDecoder().decode(this.bytes(at, size).slice());
  }

  /** @param {number} at moved @param {number} size @param {object} request */
  open(at, size, request) {
    this.check(this.withText(JSON.stringify(request),
      (r, n) => this.ex.tarn_web_open(at, size, r, n)));
  }

  close() { this.ex.tarn_web_close(); }

  info() {
    this.check(this.ex.tarn_web_info());
    return JSON.parse(this.out());
  }

  /** @param {object} request */
  turn(request) {
    this.check(this.withText(JSON.stringify(request), (r, n) => this.ex.tarn_web_turn(r, n)));
  }

  /** One batch. @returns {boolean} whether there is more to do */
  step() { return this.ex.tarn_web_step() === 1; }

  /** @returns {any[]} */
  events() { return this.ex.tarn_web_events() ? JSON.parse(this.out()) : []; }

  /** @param {number} kind */
  post(kind) { this.check(this.ex.tarn_web_post(kind)); }

  /** The next turn is a fork of this one. @param {string} text of its trace */
  traceFrom(text) { this.withText(text, (at, n) => this.ex.tarn_web_trace_from(at, n)); }

  /** The turn that runs or ran last, as a trace's file; "" if there is none. */
  traceText() {
    if (this.ex.tarn_web_trace_text()) return '';
    const at = this.ex.tarn_web_view_out() >>> 0, size = this.ex.tarn_web_view_out_size() >>> 0;
    return new TextDecoder().decode(this.bytes(at, size).slice());
  }

  /** That turn once more, now. @param {string} text of a trace
   * @returns {{same: boolean, tokens: number, at: number, what: string, again?: string}} */
  replay(text) {
    this.check(this.withText(text, (at, n) => this.ex.tarn_web_trace_replay(at, n)));
    return JSON.parse(this.out());
  }

  /** @param {string} text @param {number} most tokens
   * @returns {{tokens: number, bytes: number}} of the whole, of the first `most` */
  count(text, most) {
    this.check(this.withText(text, (at, n) => this.ex.tarn_web_count(at, n, most)));
    return JSON.parse(this.out());
  }

  /** @param {string} text of a JSON Schema, "" for any JSON */
  checkSchema(text) { this.check(this.withText(text, (at, n) => this.ex.tarn_web_schema(at, n))); }

  /** Calls of tools in the last message. @returns {any[]} */
  calls() {
    this.check(this.ex.tarn_web_calls());
    return JSON.parse(this.out());
  }

  /** @param {object} request @returns {any[]} all calls again */
  decide(request) {
    this.check(this.withText(JSON.stringify(request), (r, n) => this.ex.tarn_web_decide(r, n)));
    return JSON.parse(this.out());
  }

  /** @param {number} key of the first message that comes of it
   * @returns {{go_on: boolean, messages: {role: 'tool'|'user', text: string}[]}} */
  results(key) {
    this.check(this.ex.tarn_web_results(key));
    return JSON.parse(this.out());
  }

  /** One timed pass. @param {number} prompt @param {number} tokens
   * @returns {{prefill_ms: number, decode_ms: number}} */
  bench(prompt, tokens) {
    this.check(this.ex.tarn_web_bench(prompt, tokens));
    return JSON.parse(this.out());
  }

  /** SHA-256 of the logits of every row, computed alone or beside other
   * sequences. @param {number[]} ids @param {number} [beside] */
  evalHash(ids, beside = 0) {
    this.check(this.withText(JSON.stringify({ ids, beside }), (r, n) => this.ex.tarn_web_eval(r, n)));
    return this.out();
  }
}

export { PAGE };

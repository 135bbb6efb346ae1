// @ts-check
// trace-rows.mjs - a trace as the module tells it (wasm/module_trace.c), and
// what several views of it need to know.
import { duration } from './form.mjs';

/** One token: text, span, flags, level of the ramp, bits, p, rank (0: none of
 * the eight), microseconds since the token before, step from 0 (-1: none), id.
 * @typedef {[string, number, number, number, number, number, number, number, number, number]} Row
 * @typedef {{line: string, sum: any, unix_ms: number, layers: number, experts: number, seed: string, attempt: number,
 *   model: string, backend: string, asked: boolean, tokens: Row[],
 *   steps: {first: number, n: number, back: boolean, title: string}[],
 *   hesitations: [number, number][], loops: [number, number][],
 *   spans: [number, number, number, number][]}} Whole
 *   spans: kind, first token, tokens, microseconds
 */
export const TEXT = 0, SPAN = 1, FLAGS = 2, RAMP = 3, BITS = 4, P = 5, RANK = 6, US = 7, STEP = 8, ID = 9;
export const FORCED = 1, WITHDRAWN = 2, TAG = 4, FORK = 8;
export const NONE = -1;
export const SPAN_NAMES = ['', 'thought', 'answer', 'call'];

/** @param {number} p */
export const percent = p => p >= 0.1 ? `${Math.round(p * 100)}%` : p > 0 && p < 0.001 ? '<0.1%' : `${(p * 100).toFixed(1)}%`;
/** White space gets signs. @param {string} t */
export const shown = t => t.replace(/\n/g, '↵').replace(/\t/g, '⇥');

/** Stretches that the reading view shows as one: steps of the thought, what was
 * taken back, other spans.
 * @typedef {{name: string, step: number, gone: boolean, rows: number[]}} Block
 * @param {Whole} w @returns {Block[]} */
export function blocksOf(w) {
  /** @type {Block[]} */
  const blocks = [];
  const names = ['', 'Thought', 'Answer', 'Call'];
  w.tokens.forEach((t, i) => {
    if (t[FLAGS] & TAG) return;
    const last = blocks[blocks.length - 1], gone = (t[FLAGS] & WITHDRAWN) > 0;
    const name = gone ? 'taken back' : t[STEP] >= 0 ? `step ${t[STEP] + 1}` : names[t[SPAN]];
    if (last && last.name === name) last.rows.push(i);
    else blocks.push({ name, step: gone ? -1 : t[STEP], gone, rows: [i] });
  });
  return blocks;
}

/** @param {Whole} w @param {Block} b */
export function figuresOf(w, b) {
  const n = b.rows.length, us = b.rows.reduce((s, i) => s + w.tokens[i][US], 0);
  return { n, us, bits: b.rows.reduce((s, i) => s + w.tokens[i][BITS], 0) / n,
    unsure: w.hesitations.some(([a, z]) => a <= b.rows[n - 1] && z >= b.rows[0]),
    back: b.step >= 0 && w.steps[b.step].back };
}

/** "0.9 s · 0.91 bits" @param {number} us @param {number} bits */
export const timeAndBits = (us, bits) => `${duration(us / 1000)} · ${bits.toFixed(2)} bits`;

/** The summary line with the answer's part. @param {Whole} w */
export function summaryOf(w) {
  const answers = w.spans.filter(s => s[0] === 2), n = answers.reduce((sum, s) => sum + s[2], 0);
  if (!n) return w.line;
  return `${w.line} · answer ${n} token${n === 1 ? '' : 's'} in ${duration(answers.reduce((sum, s) => sum + s[3], 0) / 1000)}`;
}

/** Text of the answer. @param {Whole} w */
export const answerOf = w => w.tokens.filter(t => t[SPAN] === 2 && !(t[FLAGS] & (TAG | WITHDRAWN))).map(t => t[TEXT]).join('').trim();

/** Tokens that were kept, by their place in the record. @param {Whole} w */
export const keptOf = w => w.tokens.flatMap((t, i) => t[FLAGS] & WITHDRAWN ? [] : [i]);

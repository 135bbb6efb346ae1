// @ts-check
// trace-search.mjs - what is looked for in a trace (UX 7.7): words, "exact
// words", and terms such as is:fork H>2 p<10% span:answer step:4 expert:L3.7;
// all of them must hold.
import { fold } from './form.mjs';
import { BITS, FLAGS, FORCED, FORK, P, RANK, SPAN, SPAN_NAMES, STEP, TEXT, US, WITHDRAWN } from './trace-rows.mjs';

/** @typedef {import('./trace-rows.mjs').Whole} Whole */
/** @typedef {(i: number) => boolean} Holds */

const COMPARE = /^(h|p|ms|rank)(>=|<=|>|<|=)(\d+(?:\.\d+)?)(%?)$/i;
const VALUES = /** @type {Record<string, (t: import('./trace-rows.mjs').Row) => number>} */ ({
  h: t => t[BITS], p: t => t[P], ms: t => t[US] / 1000, rank: t => t[RANK] || 9 });
const OPERATORS = /** @type {Record<string, (a: number, b: number) => boolean>} */ ({
  '>': (a, b) => a > b, '<': (a, b) => a < b, '>=': (a, b) => a >= b, '<=': (a, b) => a <= b, '=': (a, b) => a === b });

/** The parts of what was typed. @param {string} typed @returns {{text: string, exact: boolean}[]} */
export const partsOf = typed => [...typed.matchAll(/"([^"]*)"?|\S+/g)].map(m =>
  ({ text: m[1] ?? m[0], exact: m[1] !== undefined })).filter(x => x.text);

/** Number of the occurrence that a token is part of, 0: none.
 * @param {import('./trace-rows.mjs').Row[]} tokens @param {string} words @param {boolean} exact with case */
function places(tokens, words, exact) {
  const starts = new Array(tokens.length), of = new Uint32Array(tokens.length);
  let all = '';
  tokens.forEach((t, i) => { starts[i] = all.length; all += t[TEXT]; });
  const text = exact ? all : fold(all), want = exact ? words : fold(words);
  for (let at = text.indexOf(want), n = 1, i = 0; at >= 0; at = text.indexOf(want, at + want.length), n++) {
    while (i + 1 < starts.length && starts[i + 1] <= at) i++;
    for (let k = i; k < starts.length && starts[k] < at + want.length; k++) of[k] = n;
  }
  return of;
}

/** @param {Whole} w @param {string} name @returns {Holds|null} */
function state(w, name) {
  const within = (/** @type {[number, number][]} */ list) => (/** @type {number} */ i) => list.some(([a, z]) => i >= a && i <= z);
  switch (name) {
    case 'fork': return i => (w.tokens[i][FLAGS] & FORK) > 0;
    case 'forced': return i => (w.tokens[i][FLAGS] & FORCED) > 0;
    case 'loop': return i => (w.tokens[i][FLAGS] & WITHDRAWN) > 0;
    case 'hesitation': return within(w.hesitations);
  }
  return null;
}

/** @param {Whole} w @param {string} term @param {(i: number) => number[][]} experts by layer
 * @returns {Holds|null} null: it is no term */
function termOf(w, term, experts) {
  const c = COMPARE.exec(term);
  if (c) {
    const value = VALUES[c[1].toLowerCase()], than = Number(c[3]) / (c[4] ? 100 : 1), holds = OPERATORS[c[2]];
    return i => holds(value(w.tokens[i]), than);
  }
  const [, key, value] = /^(is|span|step|expert):(\S+)$/i.exec(term) ?? [];
  switch (key?.toLowerCase()) {
    case 'is': return state(w, value.toLowerCase());
    case 'span': return SPAN_NAMES.includes(value.toLowerCase()) ? i => SPAN_NAMES[w.tokens[i][SPAN]] === value.toLowerCase() : null;
    case 'step': return /^\d+$/.test(value) ? i => w.tokens[i][STEP] === Number(value) - 1 : null;
    case 'expert': {
      const [, layer, expert] = /^l(\d+)\.(\d+)$/i.exec(value) ?? [];
      return layer ? i => (experts(i)[Number(layer) - 1] ?? []).includes(Number(expert)) : null;
    }
  }
  return null;
}

/** Tokens that hold all of it, one for each place of a word.
 * @param {Whole} w @param {string} typed @param {(i: number) => number[][]} experts
 * @param {[number, number]} [part] of them, from the first to before the second
 * @returns {{hits: number[], unknown: string}} */
export function search(w, typed, experts, [from, end] = [0, w.tokens.length]) {
  const parts = partsOf(typed), some = w.tokens.slice(from, end);
  /** @type {Holds[]} */
  const all = [];
  /** @type {Uint32Array|null} */
  let first = null;
  for (const { text, exact } of parts) {
    const term = exact ? null : termOf(w, text, experts);
    if (term) { all.push(term); continue; }
    if (!exact && /^(is|span|step|expert):/i.test(text)) return { hits: [], unknown: text };
    const of = places(some, text, exact);
    first ??= of;
    all.push(i => of[i - from] > 0);
  }
  const hits = parts.length ? some.flatMap((_, i) => all.every(holds => holds(from + i)) ? [from + i] : []) : [];
  let last = 0;
  return { hits: first ? hits.filter(i => { const n = /** @type {Uint32Array} */ (first)[i - from], new_ = n !== last; last = n; return new_; }) : hits,
    unknown: '' };
}

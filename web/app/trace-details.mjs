// @ts-check
// trace-details.mjs - below the pictures: the selected token with what else it
// could have been, or the sums of a range.
import { button, h } from './dom.mjs';
import { count, duration, speed } from './form.mjs';
import { BITS, FLAGS, ID, STEP, US, WITHDRAWN, percent, shown } from './trace-rows.mjs';

const ROWS = 6, LAYERS = 5;

/** @typedef {import('./trace-rows.mjs').Whole} Whole */

/** Figures of tokens a to z. @param {Whole} w @param {number} a @param {number} z
 * @param {(i: number) => number[][]} experts */
export function rangeFigures(w, a, z, experts) {
  const rows = [];
  for (let i = a; i <= z; i++) if (!(w.tokens[i][FLAGS] & WITHDRAWN)) rows.push(i);
  const us = rows.reduce((s, i) => s + w.tokens[i][US], 0);
  const bits = rows.reduce((s, i) => s + w.tokens[i][BITS], 0) / Math.max(1, rows.length);
  /** @type {Set<number>[]} */
  const used = Array.from({ length: w.layers }, () => new Set());
  if (w.layers) for (const i of rows) experts(i).forEach((list, l) => list.forEach(e => used[l].add(e)));
  const known = used.some(u => u.size > 0);
  return { n: rows.length, us, bits, used: known ? used.map(u => u.size) : [] };
}

/** @param {Whole} w @param {[number, number]} range @param {(i: number) => number[][]} experts */
export function rangeLine(w, range, experts) {
  const f = rangeFigures(w, range[0], range[1], experts), fast = speed(f.n, f.us / 1000);
  const parts = [`tokens ${count(range[0])} to ${count(range[1])}: ${count(f.n)} in ${duration(f.us / 1000)}`,
    `${f.bits.toFixed(2)} bits on average`];
  if (fast) parts.push(fast);
  if (f.used.length) {
    const idle = f.used.reduce((s, n) => s + w.experts - n, 0), all = w.experts * f.used.length;
    parts.push(`experts used ${count(all - idle)} of ${count(all)}, idle ${count(idle)}`);
  }
  return parts.join(' · ');
}

/** @param {Whole} whole @param {any} full the token as the module tells it
 * @param {{i: number, mark: number, canFork: boolean, setMark: (k: number) => void, fork: () => void}} o */
export function tokenDetails(whole, full, o) {
  const own = whole.tokens[o.i][ID];
  const rows = full.candidates.slice(0, ROWS).map((/** @type {any} */ c, /** @type {number} */ k) => {
    const bar = h('i');
    bar.style.width = `${Math.round(c.p * 100)}%`;
    const b = button('cand', () => o.setMark(k), h('span.no', String(k + 1)),
      h('span.word', `“${shown(c.text)}”`), h('span.p', bar), h('span.num', percent(c.p)),
      h('span.say', c.id === own ? 'chosen' : k === o.mark ? 'marked' : ''));
    b.setAttribute('aria-pressed', String(k === o.mark));
    if (c.id === own) b.classList.add('own');
    return b;
  });
  const rest = 1 - full.candidates.slice(0, ROWS).reduce((/** @type {number} */ s, /** @type {any} */ c) => s + c.p, 0);
  if (rows.length) rows.push(h('div.cand.rest', h('span'), h('span.say', 'rest'), h('span'), h('span.num', percent(Math.max(0, rest))), h('span')));
  const wanted = full.candidates[o.mark];
  const begins = whole.steps[whole.tokens[o.i][STEP]]?.first === o.i;
  const go = button('btn', o.fork, begins ? 'Think this step again' : wanted ? `Fork here with “${shown(wanted.text)}”` : '');
  go.hidden = !wanted || wanted.id === own || !o.canFork;
  const experts = full.experts.slice(0, LAYERS).map((/** @type {number[]} */ e, /** @type {number} */ l) =>
    h('div.ex', h('span', `layer ${l + 1}`), h('span.num', e.join(' · '))));
  if (experts.length) experts.unshift(h('div.ex', h('span', 'experts'), h('span', 'of this token')));
  if (full.experts.length > LAYERS) experts.push(h('div.ex', h('span'), h('span', `${full.experts.length - LAYERS} more layers`)));
  const seed = `after cuts ${percent(full.after)} · seed ${whole.seed} · attempt ${whole.attempt}`;
  return [h('p.tell', full.tell), h('div.two', h('div.cands', ...rows), h('div.experts', ...experts)),
    h('div.go', h('span.hint', seed), h('span.grow'), go)];
}

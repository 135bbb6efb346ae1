// @ts-check
// form.mjs - numbers, sizes, durations and dates as UX 2.2 writes them.

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const plural = new Intl.PluralRules('en');

/** 2,048 @param {number} n */
export const count = n => whole.format(n);

/** "1 token", "412 tokens" @param {number} n @param {string} one */
export const counted = (n, one) =>
  `${count(n)} ${plural.select(n) === 'one' ? one : one + 's'}`;

/** At most three significant digits. @param {number} n */
function three(n) {
  return n >= 100 ? whole.format(Math.round(n)) : n.toFixed(1).replace(/\.0$/, '');
}

/** GB = 10^9 bytes, whole MB below. @param {number} bytes */
export function size(bytes) {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e6) return `${count(bytes / 1e6)} MB`;
  return `${count(bytes / 1e3)} kB`;
}

/** 9.5 M, 8.3 B @param {number} n */
export function parameters(n) {
  if (n >= 1e9) return `${(n / 1e9).toFixed(1)} B`;
  return n >= 1e8 ? `${Math.round(n / 1e6)} M` : `${(n / 1e6).toFixed(1)} M`;
}

/** 0.06 s, 9.3 s, 1 min 12 s, 1 h 04 min; 0.00 would say that nothing was measured @param {number} ms */
export function duration(ms) {
  const s = Math.max(ms / 1000, 0.01);
  if (s < 59.95) return `${s.toFixed(s < 0.095 ? 2 : 1)} s`;
  const all = Math.round(s);
  if (all < 3600) return `${Math.floor(all / 60)} min ${all % 60} s`;
  const min = String(Math.floor(all / 60) % 60).padStart(2, '0');
  return `${Math.floor(all / 3600)} h ${min} min`;
}

/** "14.2 tok/s"; "" when there is nothing to divide by.
 * @param {number} tokens @param {number} ms */
export function speed(tokens, ms) {
  if (!(ms > 0) || tokens < 1) return '';
  return `${three(tokens * 1000 / ms)} tok/s`;
}

/** @param {number} then @param {number} [now] in ms since 1970 */
export function when(then, now = Date.now()) {
  const d = new Date(then), days = daysBetween(then, now);
  if (days <= 0)
    return d.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  if (days === 1) return 'yesterday';
  if (days < 7) return d.toLocaleDateString(undefined, { weekday: 'short' });
  const year = d.getFullYear() === new Date(now).getFullYear();
  return d.toLocaleDateString(undefined, year ? { day: 'numeric', month: 'short' }
    : { day: 'numeric', month: 'short', year: 'numeric' });
}

/** The sidebar's group. @param {number} then @param {number} [now] */
export function group(then, now = Date.now()) {
  const days = daysBetween(then, now);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days < 7) return 'This week';
  const d = new Date(then), year = d.getFullYear() === new Date(now).getFullYear();
  return d.toLocaleDateString(undefined, year ? { month: 'long' }
    : { month: 'long', year: 'numeric' });
}

/** @param {number} then @param {number} now */
function daysBetween(then, now) {
  const midnight = (/** @type {number} */ t) => new Date(t).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(then)) / 864e5);
}

/**
 * The summary line of a thought (UX 7.2).
 * @param {{tokens: number, ms: number, end?: string, hesitations?: number, loops?: number}} t
 */
export function thoughtLine(t) {
  if (!t.tokens) return 'No thought';
  const ends = { budget: ' · budget reached', now: ' · answered on request',
    stopped: ' · stopped', circle: ' · closed in a circle' };
  const end = ends[/** @type {keyof typeof ends} */ (t.end ?? '')] ?? '';
  const unsure = t.hesitations ? ` · ${counted(t.hesitations, 'hesitation')}` : '';
  const broken = t.loops ? ` · ${counted(t.loops, 'loop')} broken` : '';
  return `Thought ${counted(t.tokens, 'token')} in ${duration(t.ms)}${unsure}${broken}${end}`;
}

/** Lower case without a change of length. @param {string} text */
export function fold(text) {
  const low = text.toLowerCase();
  return low.length === text.length ? low
    : [...text].map(c => { const l = c.toLowerCase(); return l.length === c.length ? l : c; }).join('');
}

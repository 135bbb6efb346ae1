// @ts-check
// notices.mjs - the one bar under the header (a second waits), the toasts, and
// the region that screen readers hear.
import { button, byId, h, signButton } from './dom.mjs';

/**
 * @typedef {{name: string, act: () => void}} Deed
 * @typedef {{code: string, text: string, level?: 'warn'|'error', deed?: Deed,
 *   onclose?: () => void}} Notice
 */

/** @type {Notice[]} */
const queue = [];

/** What was said lately, newest first. @type {{text: string, at: number}[]} */
export const recent = [];
const MOST_RECENT = 20;

/** @param {string} text */
function remember(text) {
  recent.unshift({ text, at: Date.now() });
  recent.length = Math.min(recent.length, MOST_RECENT);
}

/** Shows a notice, or keeps it until the one that is there is closed.
 * @param {Notice} n */
export function notify(n) {
  if (queue.some(q => q.code === n.code && q.text === n.text)) return;
  remember(n.text);
  if (n.level === 'error') queue.unshift(n); else queue.push(n);
  drawNotice();
}

/** @param {string} code takes a notice back */
export function dismiss(code) {
  const at = queue.findIndex(q => q.code === code);
  if (at < 0) return;
  queue.splice(at, 1);
  drawNotice();
}

/** The first one; a chat that has begun has no place for MN01. */
export function drawNotice() {
  const talking = byId('main').classList.contains('talking');
  const place = byId('notice-place'), n = queue.find(q => !(talking && q.code === 'mn01'));
  place.replaceChildren();
  if (!n) return;
  const inside = h('div', h('span.grow', n.text));
  const close = () => { dismiss(n.code); n.onclose?.(); };
  if (n.deed) {
    const { name, act } = n.deed;
    const b = button('btn', () => { dismiss(n.code); act(); }, name);
    b.classList.add('small');
    inside.append(b);
  }
  inside.append(signButton('x', 'Close', close));
  const bar = h(n.level ? `div.notice.${n.level}` : 'div.notice', inside);
  bar.setAttribute('role', n.level === 'error' ? 'alert' : 'status');
  bar.dataset.code = n.code;
  place.append(bar);
}

const TOAST_MS = 5000, UNDO_MS = 10000;

/** @param {string} text @param {Deed} [deed] */
export function toast(text, deed) {
  const t = h('div.toast', text);
  remember(text);
  if (deed) t.append(button('link', () => { t.remove(); deed.act(); }, deed.name));
  byId('toasts').append(t);
  setTimeout(() => t.remove(), deed ? UNDO_MS : TOAST_MS);
}

let spoken = 0;

/** At most one announcement in 2 s; a later one replaces one that waits.
 * @param {string} text */
export function announce(text) {
  const now = performance.now(), due = Math.max(0, spoken + 2000 - now);
  clearTimeout(timer);
  timer = setTimeout(() => { spoken = performance.now(); byId('said').textContent = text; }, due);
}
/** @type {ReturnType<typeof setTimeout>|undefined} */
let timer;

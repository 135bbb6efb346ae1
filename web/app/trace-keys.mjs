// @ts-check
// trace-keys.mjs - the keys of the trace pane (UX 7.6).
import { FLAGS, FORK, NONE, TEXT } from './trace-rows.mjs';

const TABS = ['timeline', 'reading', 'table'];

/** @param {any} pane */
function escape(pane) {
  if (!pane.comparison.node.hidden) pane.turnTo(pane.tab);
  else if (pane.player.active) pane.player.stop();
  else if (pane.look.selected >= 0) { pane.look.selected = NONE; pane.range = null; pane.refresh(); }
  else pane.show(false);
  return true;
}

/** The token or the range. @param {any} pane */
function copy(pane) {
  const { whole, look, range } = pane;
  if (look.selected < 0) return false;
  const [a, z] = range ?? [look.selected, look.selected];
  navigator.clipboard.writeText(whole.tokens.slice(a, z + 1).map((/** @type {any} */ t) => t[TEXT]).join(''));
  return true;
}

/** @param {any} pane @param {KeyboardEvent} e */
function arrow(pane, e) {
  const by = e.key === 'ArrowRight' ? 1 : -1, steps = new Set(pane.whole.steps.map((/** @type {any} */ s) => s.first));
  if (e.shiftKey) return pane.extend(by);
  return pane.find(by, e.ctrlKey ? (/** @type {any} */ _, /** @type {number} */ i) => steps.has(i) : () => true);
}

/** @param {any} pane @param {KeyboardEvent} e whether it was one of them */
export function paneKey(pane, e) {
  const { whole } = pane, back = e.shiftKey ? -1 : 1;
  if (e.key === 'Escape') return escape(pane);
  const inside = e.target instanceof HTMLElement ? e.target : null;
  if (e.altKey || !whole || e.target instanceof HTMLInputElement || e.target instanceof HTMLSelectElement) return false;
  const starts = new Set(whole.hesitations.map((/** @type {any} */ x) => x[0])), loops = new Set(whole.loops.map((/** @type {any} */ x) => x[0]));
  switch (e.key) {
    case 'ArrowRight': case 'ArrowLeft': return arrow(pane, e);
    case 'ArrowDown': case 'ArrowUp':
      return pane.lane.node === inside || pane.details.contains(inside) ? pane.moveMark(e.key === 'ArrowDown' ? 1 : -1) : false;
    case 'Home': pane.select(0); return true;
    case 'End': pane.select(whole.tokens.length - 1); return true;
    case 'h': case 'H': return pane.find(back, (/** @type {any} */ _, /** @type {number} */ i) => starts.has(i));
    case 'f': case 'F': return !e.ctrlKey && pane.find(back, (/** @type {any} */ t) => (t[FLAGS] & FORK) > 0);
    case 'l': case 'L': return pane.find(back, (/** @type {any} */ _, /** @type {number} */ i) => loops.has(i + 1) || loops.has(i));
    case '+': case '=': pane.lane.zoomBy(2); return true;
    case '-': pane.lane.zoomBy(0.5); return true;
    case '0': pane.lane.fit(); return true;
    case '/': pane.field.input.focus(); return true;
    case 't': case 'T': pane.turnTo(TABS[(TABS.indexOf(pane.tab) + 1) % 3]); return true;
    case 'c': case 'C': return !e.ctrlKey && copy(pane);
    case 'r': case 'R': return pane.acts.reveal();
    case ' ': if (inside?.closest('button')) return false; pane.play(); return true;
    case 'Enter':
      if (inside !== pane.lane.node && inside !== pane.reading.node) return false;
      pane.fork();
      return true;
  }
  return false;
}

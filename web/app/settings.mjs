// @ts-check
// settings.mjs - what a person can set, its defaults, and the window for it.
import { MOST, NO_LIMIT } from './budget.mjs';
import { byId, h } from './dom.mjs';

/** @typedef {{id: 'all', budget: number, thoughts: 'live'|'folded'|'open', breakLoops: boolean, tools: boolean,
 *   temperature: string, seed: string, threads: number,
 *   scheme: 'system'|'light'|'dark', pocketSeen: boolean, model: string,
 *   presets: {name: string, instructions: string}[]}} Settings */

/** @returns {Settings} */
export const defaults = () => ({ id: 'all', budget: innerWidth < 640 ? 512 : 2048,
  thoughts: 'live', breakLoops: true, tools: false, temperature: '', seed: '', threads: 0, scheme: 'system',
  pocketSeen: false, model: '', presets: [] });

/** Values from another version or out of range become the default.
 * @param {any} stored @returns {Settings} */
export function readSettings(stored) {
  const s = defaults();
  if (!stored || typeof stored !== 'object') return s;
  if (Number.isInteger(stored.budget) && stored.budget >= NO_LIMIT && stored.budget <= MOST) s.budget = stored.budget;
  if (['live', 'folded', 'open'].includes(stored.thoughts)) s.thoughts = stored.thoughts;
  s.tools = stored.tools === true;
  s.breakLoops = stored.breakLoops !== false;
  if (['system', 'light', 'dark'].includes(stored.scheme)) s.scheme = stored.scheme;
  if (isTemperature(stored.temperature)) s.temperature = stored.temperature;
  if (isSeed(stored.seed)) s.seed = stored.seed;
  if (Number.isInteger(stored.threads) && stored.threads >= 0 && stored.threads <= 64)
    s.threads = stored.threads;
  s.pocketSeen = stored.pocketSeen === true;
  if (typeof stored.model === 'string') s.model = stored.model;
  if (Array.isArray(stored.presets)) s.presets = stored.presets.filter((/** @type {any} */ p) =>
    typeof p?.name === 'string' && typeof p.instructions === 'string');
  return s;
}

/** @param {unknown} t */
const isTemperature = t => typeof t === 'string' &&
  (t === '' || (/^\d(\.\d{1,2})?$/.test(t) && Number(t) <= 5));
/** @param {unknown} t */
const isSeed = t => typeof t === 'string' && /^\d{0,15}$/.test(t);

/** @param {Settings} s */
export function applyScheme(s) {
  if (s.scheme === 'system') delete document.documentElement.dataset.scheme;
  else document.documentElement.dataset.scheme = s.scheme;
}

/** @param {string} name @param {string} hint @param {HTMLElement} control */
function row(name, hint, control) {
  const label = h('label', name, h('span.hint', hint));
  control.id = `set-${name.toLowerCase().replace(/ /g, '-')}`;
  label.setAttribute('for', control.id);
  return h('div.one', label, control);
}

/** @param {[string, string][]} options @param {string} value @param {(v: string) => void} set */
function choice(options, value, set) {
  const s = /** @type {HTMLSelectElement} */ (h('select'));
  for (const [v, name] of options) {
    const o = /** @type {HTMLOptionElement} */ (h('option', name));
    o.value = v;
    o.selected = v === value;
    s.append(o);
  }
  s.addEventListener('change', () => set(s.value));
  return s;
}

/** @param {string} value @param {string} empty @param {(t: string) => boolean} good
 * @param {(v: string) => void} set */
function field(value, empty, good, set) {
  const i = /** @type {HTMLInputElement} */ (h('input'));
  i.value = value;
  i.placeholder = empty;
  i.inputMode = 'decimal';
  i.addEventListener('change', () => {
    const v = i.value.trim();
    i.setCustomValidity(good(v) ? '' : 'This number is out of range.');
    if (i.reportValidity()) set(v);
  });
  return i;
}

/** @param {Settings} s @param {() => void} changed */
export function openSettings(s, changed) {
  const cores = navigator.hardwareConcurrency || 1;
  const threads = /** @type {[string, string][]} */ ([['0', 'Automatic']]);
  for (let n = 1; n <= Math.min(cores, 16); n++) threads.push([String(n), String(n)]);
  /** @param {Partial<Settings>} part */
  const put = part => { Object.assign(s, part); changed(); };
  byId('settings-form').replaceChildren(
    row('Show thoughts', 'Default: while thinking',
      choice([['live', 'While thinking'], ['folded', 'Folded'], ['open', 'Open']], s.thoughts,
        v => put({ thoughts: /** @type {Settings['thoughts']} */ (v) }))),
    row('Break loops', 'A thought that goes round in a circle is taken back and goes on another way. Default: on',
      choice([['on', 'On'], ['off', 'Off']], s.breakLoops ? 'on' : 'off', v => put({ breakLoops: v === 'on' }))),
    row('Temperature', 'Default: as the model’s file says',
      field(s.temperature, 'model’s own', isTemperature, v => put({ temperature: v }))),
    row('Seed', 'Default: new in each turn. The same seed gives the same text.',
      field(s.seed, 'new in each turn', isSeed, v => put({ seed: v }))),
    row('Threads', crossOriginIsolated ? 'Default: automatic. Used when a model is loaded next.'
      : 'This page has one thread because it is not isolated.',
      choice(threads, String(s.threads), v => put({ threads: Number(v) }))),
    row('Appearance', 'Default: as the system',
      choice([['system', 'System'], ['light', 'Light'], ['dark', 'Dark']], s.scheme,
        v => put({ scheme: /** @type {Settings['scheme']} */ (v) }))));
  const dialog = /** @type {HTMLDialogElement} */ (byId('settings'));
  byId('settings-close').onclick = () => dialog.close();
  byId('settings-reset').onclick = () => {
    Object.assign(s, { ...defaults(), pocketSeen: s.pocketSeen, model: s.model, presets: s.presets });
    changed();
    openSettings(s, changed);
  };
  if (!dialog.open) dialog.showModal();
}

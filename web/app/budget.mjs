// @ts-check
// budget.mjs - the most tokens a thought may use: a slider with stops and a
// number field (UX 4.2.4).
import { button, h } from './dom.mjs';
import { openPopover } from './ask.mjs';
import { count } from './form.mjs';
import { words } from './words.mjs';

export const NO_LIMIT = -1, MOST = 1 << 20;
export const STOPS = [0, 256, 1024, 2048, 8192, 32768, NO_LIMIT];
const SOME = 256;

/** @param {number} n */
const name = n => n < 0 ? 'No limit' : n === 1 ? '1 token' : `${count(n)} tokens`;

/** The stop that is nearest. @param {number} n */
const stopOf = n => {
  if (n < 0) return STOPS.length - 1;
  const far = STOPS.slice(0, -1).map(s => Math.abs(Math.log((s + 1) / (n + 1))));
  return far.indexOf(Math.min(...far));
};

/** @param {HTMLElement} anchor @param {number} now @param {(n: number) => void} set */
export function openBudget(anchor, now, set) {
  const slider = /** @type {HTMLInputElement} */ (h('input'));
  const field = /** @type {HTMLInputElement} */ (h('input.number'));
  const said = h('output.hint', name(now));
  const show = (/** @type {number} */ n) => {
    said.textContent = name(n);
    slider.setAttribute('aria-valuetext', name(n));
    worse.hidden = n !== 0;
    set(n);
  };
  const worse = h('p.hint', `${words.noBudget().text} `, button('link', () => {
    field.value = String(SOME);
    field.dispatchEvent(new Event('change'));
    slider.focus();
  }, `Use ${SOME}`));
  worse.hidden = now !== 0;
  Object.assign(slider, { type: 'range', min: '0', max: String(STOPS.length - 1), step: '1', value: String(stopOf(now)) });
  slider.setAttribute('aria-label', 'Thinking budget');
  slider.setAttribute('aria-valuetext', name(now));
  slider.addEventListener('input', () => {
    const n = STOPS[Number(slider.value)];
    field.value = n < 0 ? '' : String(n);
    show(n);
  });
  Object.assign(field, { type: 'number', min: '0', max: String(MOST), step: '1', value: now < 0 ? '' : String(now), placeholder: 'no limit' });
  field.setAttribute('aria-label', 'Tokens, empty for no limit');
  field.addEventListener('change', () => {
    const n = field.value === '' ? NO_LIMIT : Number(field.value);
    if (!field.reportValidity() || !Number.isInteger(n)) return;
    slider.value = String(stopOf(n));
    show(n);
  });
  const marks = h('div.stops', ...STOPS.map((n, i) => {
    const b = button('flat', () => { slider.value = String(i); slider.dispatchEvent(new Event('input')); },
      n < 0 ? '∞' : count(n));
    b.setAttribute('aria-label', name(n));
    return b;
  }));
  openPopover(anchor, 'Thinking budget', h('div.budget-box', h('p', 'The most tokens a thought may use'), slider, marks,
    h('div.go', field, said), worse));
}

// @ts-check
// consent.mjs - calls of tools wait for a person (UX 4.5): each is a card with
// the exact name and every argument whole.  No button has the default, none
// takes a press for the first half second.
import { button, h, openMenu } from './dom.mjs';
import { count } from './form.mjs';

/** @typedef {import('./engine.mjs').Call} Call */

const NO_CLICK_MS = 500, SAY_SIZE = 1000;
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u3164]|(?! )\p{Zs}/gu;

/** Characters that are not seen as what they are, in a colour of their own.
 * @param {string} text @returns {(string|Node)[]} */
function visible(text) {
  const parts = [];
  let from = 0;
  for (const m of text.matchAll(HIDDEN)) {
    if (m[0] === '\n' || m[0] === '\t') continue;
    parts.push(text.slice(from, m.index), h('span.hidden-char',
      `\\u{${(m[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}}`));
    from = m.index + m[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

/** @param {string} name @param {string} text */
function field(name, text) {
  const pre = h('pre', ...visible(text));
  pre.tabIndex = 0;
  const head = h('span.hint', ...visible(name));
  if (text.length > SAY_SIZE) head.append(` · ${count(new TextEncoder().encode(text).length)} bytes`);
  return h('div.arg', head, pre);
}

/** Strings as they are, other values as JSON. @param {string} json */
function fields(json) {
  try {
    const all = JSON.parse(json);
    if (all && typeof all === 'object' && !Array.isArray(all))
      return Object.entries(all).map(([k, v]) => field(k, typeof v === 'string' ? v : JSON.stringify(v)));
  } catch { /* shown as it is */ }
  return [field('', json)];
}

const DONE = { once: 'allowed once', arguments: 'allowed in this chat', tool: 'allowed in this chat',
  hand: 'answered by hand', deny: 'denied' };

/** What was decided, as one line that unfolds. @param {Call} call @param {string} how */
export function doneLine(call, how) {
  const good = call.decision === 'done';
  const word = call.decision === 'refused' ? 'not understood' : DONE[/** @type {keyof DONE} */ (how)] ?? how;
  const size = call.result === null ? '' : ` · ${count(new TextEncoder().encode(call.result).length)} bytes`;
  const box = h('details.consent', h('summary', good ? '✓ ' : '✕ ', ...visible(call.name), ` · ${word}${good ? size : ''}`),
    ...fields(call.arguments));
  if (call.result !== null) box.append(field('result', call.result));
  return box;
}

/** The card; how: 'deny', 'once', 'arguments', 'tool' or 'hand' with a text.
 * @param {Call} call @param {(how: string, text?: string) => void} decided */
export function card(call, decided) {
  const said = call.runs_here ? `${call.name} wants to run.`
    : `The model called “${call.name}”, which does not exist here. You can answer for it.`;
  const title = h('p.wants', ...visible(said), call.times > 1 ? ` ×${call.times}` : '');
  const hand = /** @type {HTMLTextAreaElement} */ (h('textarea'));
  hand.setAttribute('aria-label', 'Result');
  const byHand = h('div.hand', hand, button('btn', () => decided('hand', hand.value), 'Send the result'));
  byHand.hidden = true;
  const more = button('btn', () => openMenu(more, [
    { name: 'These arguments in this chat', act: () => decided('arguments') },
    { name: 'This tool in this chat', act: () => decided('tool') }]), 'Allow … ▾');
  more.setAttribute('aria-haspopup', 'menu');
  const buttons = [button('btn', () => decided('deny'), 'Deny'),
    button('btn', () => { byHand.hidden = false; hand.focus(); }, 'Answer by hand…'),
    ...call.runs_here ? [button('btn', () => decided('once'), 'Allow once'), more] : []];
  for (const b of buttons) b.disabled = true;
  setTimeout(() => { for (const b of buttons) b.disabled = false; }, NO_CLICK_MS);
  const box = h('div.consent', title, ...fields(call.arguments),
    h('p.hint', call.effects ?? 'Effects unknown'),
    h('details', h('summary', 'Show as the model wrote it'), field('', call.written)),
    byHand, h('div.go', ...buttons));
  box.role = 'alertdialog';
  box.setAttribute('aria-label', said);
  box.setAttribute('aria-description', call.arguments);
  return box;
}

/** Asks about all calls, one card each. @param {import('./engine.mjs').Engine} engine
 * @param {HTMLElement} place @param {(text: string) => void} say for a screen reader
 * @returns {Promise<boolean>} false: there were none */
export async function askAll(engine, place, say) {
  let calls = await engine.calls();
  place.replaceChildren();
  for (let i = 0; i < calls.length; i++) {
    let how = 'tool';
    if (calls[i].decision === 'waits' && calls[i].allowed && calls[i].runs_here)
      calls = await engine.decide({ call: i, how: 'once' });
    else if (calls[i].decision === 'waits') {
      /** @type {[string, string|undefined]} */
      const answer = await new Promise(ok => {
        const c = card(calls[i], (h2, text) => { c.remove(); ok([h2, text]); });
        place.append(c);
        say(c.getAttribute('aria-label') ?? '');
      });
      how = answer[0];
      calls = await engine.decide({ call: i, how, text: answer[1] });
    }
    place.append(doneLine(calls[i], how));
  }
  return calls.length > 0;
}

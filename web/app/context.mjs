// @ts-check
// context.mjs - what the context holds (UX 4.2.2), opened from the status line.
import { openPopover } from './ask.mjs';
import { h } from './dom.mjs';
import { count } from './form.mjs';
import { pathOf } from './store.mjs';

const KINDS = { system: 'Instructions', user: 'Messages', tool: 'Results of tools', assistant: 'Answers' };

/** @param {string} name @param {number} n */
const row = (name, n) => [h('dt', name), h('dd', count(n))];

/** Counts what the chat's path says; what is left of the figure of the last
 * turn are the signs between messages and its thought.
 * @param {any} page @param {HTMLElement} anchor */
export async function openContext(page, anchor) {
  const info = page.engine.info;
  if (!info) return;
  const sums = new Map(), path = pathOf(page.chat);
  let files = 0;
  try {
    for (const m of path) {
      const n = m.text ? (await page.engine.count(m.text, 0)).tokens : 0;
      const attached = (m.files ?? []).reduce((sum, f) => sum + f.tokens, 0);
      files += Math.min(attached, n);
      sums.set(m.role, (sums.get(m.role) ?? 0) + n - Math.min(attached, n));
    }
  } catch { return; }
  const bar = h('i'), all = [...sums.values()].reduce((a, b) => a + b, files);
  const used = Math.max(page.used, all), free = Math.max(0, info.context - used);
  bar.style.width = `${100 * used / info.context}%`;
  const list = h('dl.figures', ...Object.entries(KINDS).flatMap(([role, name]) => sums.get(role) ? row(name, sums.get(role)) : []),
    ...files ? row('Attachments', files) : [], ...used > all ? row('Thought of this turn, tools, signs between', used - all) : [],
    ...row('Free', free));
  openPopover(anchor, 'Context', h('div.context-box', h('p', `Context: ${count(used)} of ${count(info.context)} tokens`),
    h('span.bar2', bar), list));
}

// @ts-check
// transfer.mjs - chats out to files and in from files: the whole tree in the
// form of docs/chat.md, Markdown of the active path.
import { h } from './dom.mjs';
import { chatMarkdown, newChat } from './store.mjs';

/** @typedef {import('./store.mjs').Chat} Chat */
/** @typedef {import('./store.mjs').Message} Message */

const ROLES = ['system', 'user', 'assistant', 'tool'], MOST = 256 << 20;

/** @param {Chat} chat @param {Map<number, string>} traces by message @returns {string} */
export function chatJson(chat, traces = new Map()) {
  const place = new Map(chat.messages.map((m, i) => [m.id, i + 1]));
  const lines = chat.messages.map((m, i) => JSON.stringify({ id: i + 1, parent: place.get(m.parent) ?? 0,
    role: m.role, content: m.text, thinking: m.thought || undefined, ids: m.ids?.length ? m.ids : undefined,
    calls: m.calls?.length ? m.calls.map((text, n) => ({ n: n + 1, text })) : undefined,
    finished: m.role === 'assistant' && (!m.finished || m.stat?.reason === 'cancelled') ? false : undefined,
    trace: traces.get(m.id), model: m.model || undefined, at: m.at }));
  return `{"tarn_chat": 1, "title": ${JSON.stringify(chat.title)}, "active": ${place.get(chat.leaf) ?? 0}, "messages": [\n${
    lines.join(',\n')}\n]}\n`;
}

/** A clause that says what is wrong, as an exception. @param {any} v @param {number} i @param {number} n
 * @returns {Message} */
function messageFrom(v, i, n) {
  const where = `message ${i + 1}`;
  if (!v || typeof v !== 'object') throw new Error(`${where} is no object`);
  if (!ROLES.includes(v.role)) throw new Error(`the role of ${where} is unknown`);
  const parent = v.parent ?? i;
  if (!Number.isInteger(parent) || parent < 0 || parent > i) throw new Error(`${where} has no message above it`);
  const content = v.content ?? '';
  if (typeof content !== 'string') throw new Error(`the content of ${where} is no text`);
  const thought = v.thinking ?? v.reasoning_content ?? v.reasoning;
  const ids = Array.isArray(v.ids) && v.ids.every((/** @type {any} */ x) => Number.isInteger(x) && x >= 0) ? v.ids : undefined;
  const calls = Array.isArray(v.calls) ? v.calls.map((/** @type {any} */ c) => String(c?.text ?? '')) : undefined;
  return { id: i + 1, parent, role: v.role, text: content, finished: v.finished !== false, at: Number(v.at) || n + i,
    ...typeof thought === 'string' && thought ? { thought } : {}, ...ids ? { ids } : {}, ...calls ? { calls } : {},
    ...typeof v.model === 'string' ? { model: v.model.slice(0, 200) } : {},
    ...v.role === 'assistant' ? { stat: { thought: 0, thought_ms: 0, answer: 0, answer_ms: 0,
      reason: v.finished === false ? 'cancelled' : 'end' } } : {} };
}

/** A turn's prompt may stand beside its trace, as what the one above lacks
 * (docs/chat.md): it is put in; a wrong one stays out.
 * @param {any[]} list @returns {Map<number, any>} what is recorded, by message */
function tracesFrom(list) {
  /** @type {number[][]} */
  const prompts = [];
  const traces = new Map();
  let n = 0;
  for (const [i, v] of list.entries()) {
    const own = Array.isArray(v.trace_prompt) ? v.trace_prompt : [], [same, ...rest] = own;
    if (v.trace !== undefined) traces.set(i + 1, v.trace);
    let above = v.parent ?? i;
    for (let far = 1; above && far < 64 && !prompts[above]; far++) above = list[above - 1].parent ?? above - 1;
    const from = prompts[above] ?? [];
    if (typeof v.trace !== 'string' || !own.every(Number.isInteger) || !(same >= 0 && same <= from.length) ||
      (n += same + rest.length) > 1 << 24) continue;
    const ids = prompts[i + 1] = from.slice(0, same).concat(rest);
    traces.set(i + 1, v.trace.replace('"turn":{', `"turn":{"prompt":[${ids}],`));
  }
  return traces;
}

/** The whole form, or the usual {"messages":[…]} of one path; what is recorded
 * of its turns, by message, not yet checked.
 * @param {string} text @returns {{chat: Chat, traces: Map<number, any>}} */
export function chatFrom(text) {
  const all = JSON.parse(text), list = Array.isArray(all) ? all : all?.messages;
  if (!Array.isArray(list)) throw new Error('it has no list of messages');
  if (all.tarn_chat !== undefined && all.tarn_chat !== 1) throw new Error('it was written by a newer tarn');
  const chat = newChat(), now = Date.now() - list.length;
  chat.messages = list.map((v, i) => messageFrom(v, i, now));
  const active = all.active ?? list.length;
  if (!Number.isInteger(active) || active < 0 || active > list.length) throw new Error('its active message is not there');
  chat.leaf = active;
  chat.next = list.length + 1;
  const first = chat.messages.find(m => m.role === 'user');
  chat.title = String(all.title || first?.text || 'Chat').trim().replace(/\s+/g, ' ').slice(0, 80);
  chat.model = chat.messages.findLast(m => m.model)?.model ?? '';
  return { chat, traces: tracesFrom(list) };
}

/** @param {File} file @returns {Promise<ReturnType<typeof chatFrom>>} */
export async function readChat(file) {
  if (file.size > MOST) throw new Error('it is too large');
  return chatFrom(await file.text());
}

/** A file for the person. @param {string} name @param {Blob} content */
export function saveFile(name, content) {
  const a = /** @type {HTMLAnchorElement} */ (h('a'));
  a.href = URL.createObjectURL(content);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}

/** What a chat's files are called. @param {Chat} chat */
export const fileName = chat => chat.title.replace(/[^\p{L}\p{N} _-]/gu, '').trim() || 'chat';

/** @param {Chat} chat @param {'json'|'md'} ending @param {Map<number, string>} traces */
export function saveChat(chat, ending, traces) {
  saveFile(`${fileName(chat)}.${ending}`, ending === 'json'
    ? new Blob([chatJson(chat, traces)], { type: 'application/json' }) : new Blob([chatMarkdown(chat)], { type: 'text/markdown' }));
}

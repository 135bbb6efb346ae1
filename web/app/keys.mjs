// @ts-check
// keys.mjs - the keys of the page (UX 4.13); none that a browser reserves.
import { byId, closeMenu, h } from './dom.mjs';

const LIST = [
  ['Send · new line', 'Enter · Shift+Enter'],
  ['Stop', 'Esc'],
  ['Answer now', 'Ctrl+Shift+Enter'],
  ['Fold or unfold the last thought', 'Alt+Shift+E'],
  ['New chat', 'Alt+Shift+N'],
  ['Find in this chat · in all chats', 'Ctrl+F · Ctrl+K'],
  ['Rename the chat', 'F2'],
  ['Edit the last message', '↑ in an empty message'],
  ['Regenerate the last answer', 'Alt+Shift+R'],
  ['Previous · next branch', 'Alt+Shift+← · Alt+Shift+→'],
  ['Previous · next turn', 'Alt+↑ · Alt+↓'],
  ['Copy the last answer', 'Alt+Shift+C'],
  ['Chats', 'Alt+Shift+S'],
  ['Trace', 'Alt+Shift+T'],
  ['Models · settings', 'Alt+Shift+M · Ctrl+,'],
  ['To the message', '/'],
];

/** @param {any} page */
export function setKeys(page) {
  byId('key-list').replaceChildren(...LIST.flatMap(([what, keys]) => [h('dt', what), h('dd', keys)]));
  const dialog = /** @type {HTMLDialogElement} */ (byId('keys'));
  byId('keys-close').onclick = () => dialog.close();
  addEventListener('keydown', e => {
    if (act(page, e, dialog)) e.preventDefault();
  });
}

/** @param {any} page @param {KeyboardEvent} e @param {HTMLDialogElement} dialog */
function act(page, e, dialog) {
  const reply = page.transcript.lastReply();
  const inText = e.target instanceof HTMLInputElement || e.target instanceof HTMLTextAreaElement;
  if (e.altKey && e.shiftKey) return withAlt(page, e.code, reply);
  if (e.ctrlKey && e.shiftKey && e.key === 'Enter') return page.answerNow();
  if (e.ctrlKey && e.key === 'k') { page.sidebar.show(true); page.sidebar.search.focus(); return true; }
  if (e.ctrlKey && e.key === 'f' && !document.querySelector('dialog[open]')) { page.find.open(); return true; }
  if (e.key === 'F2' && page.chat.messages.length) { page.rename(page.chat, byId('title')); return true; }
  if (e.ctrlKey && e.key === ',') { page.openSettings(); return true; }
  if (e.key === 'Escape' && !document.querySelector('dialog[open]')) {
    closeMenu();
    return page.writer && (page.engine.stop(), true);
  }
  if (inText) return false;
  if (e.key === '/') { page.message.focus(); return true; }
  if (e.key === '?') { dialog.showModal(); return true; }
  return false;
}

/** @param {any} page @param {string} code @param {any} reply */
function withAlt(page, code, reply) {
  switch (code) {
    case 'KeyE': reply?.thought.fold.click(); return true;
    case 'KeyN': page.fresh(); return true;
    case 'KeyR': if (reply) page.regenerate(reply.m); return true;
    case 'KeyC': if (reply) navigator.clipboard.writeText(reply.m.text).then(reply.acts.copied); return true;
    case 'KeyS': page.sidebar.show(!byId('side').classList.contains('shown')); return true;
    case 'KeyM': page.models.show(); return true;
    case 'KeyT': page.traces.toggle(); return true;
    case 'ArrowLeft': if (reply) page.branch(reply.m, -1); return true;
    case 'ArrowRight': if (reply) page.branch(reply.m, 1); return true;
  }
  return false;
}

// @ts-check
// ask.mjs - small windows: a question (UX 2.3, MQ), a text to be written, and
// what opens above a button of the composer.
import { button, closeMenu, h, signButton } from './dom.mjs';

/** A window with a title; it is gone when it is closed. @param {string} title
 * @param {...(string|Node)} inside @returns {HTMLDialogElement} */
export function openWindow(title, ...inside) {
  const win = /** @type {HTMLDialogElement} */ (h('dialog.win.small-win'));
  const head = h('h2', title);
  head.id = 'window-title';
  win.setAttribute('aria-labelledby', head.id);
  win.append(h('header.bar', head, h('span.grow'), signButton('x', 'Close', () => win.close())), h('div.inside', ...inside));
  win.addEventListener('close', () => win.remove());
  document.body.append(win);
  win.showModal();
  return win;
}

/** Resolves with the number of the button, or -1. @param {string} text @param {string[]} names
 * the first is the suggested one @returns {Promise<number>} */
export function question(text, names) {
  return new Promise(ok => {
    const win = /** @type {HTMLDialogElement} */ (h('dialog.win.small-win'));
    const p = h('p', text);
    let chosen = -1;
    p.id = 'question-text';
    win.setAttribute('aria-labelledby', p.id);
    win.append(h('div.inside', p, h('div.go', ...names.map((name, i) => {
      const b = button('btn', () => { chosen = i; win.close(); }, name);
      if (i === 0) b.classList.add('main');
      return b;
    }).reverse())));
    win.addEventListener('close', () => { win.remove(); ok(chosen); });
    document.body.append(win);
    win.showModal();
  });
}

/** A text field in a window; `save` may refuse with a sentence.
 * @param {{title: string, hint: string, value: string, name: string, mono?: boolean, file?: string,
 *   choices?: {name: string, act: (t: HTMLTextAreaElement) => void}[],
 *   save: (text: string) => Promise<string>|string}} o */
export function writeText(o) {
  const text = /** @type {HTMLTextAreaElement} */ (h(o.mono ? 'textarea.mono' : 'textarea'));
  text.value = o.value;
  text.setAttribute('aria-label', o.name);
  const bad = h('p.bad');
  bad.setAttribute('role', 'alert');
  bad.hidden = true;
  const save = async () => {
    const says = await o.save(text.value);
    bad.textContent = says;
    bad.hidden = !says;
    if (!says) win.close();
  };
  const go = button('btn', save, 'Save');
  go.classList.add('main');
  const extra = (o.choices ?? []).map(c => button('btn', () => c.act(text), c.name));
  if (o.file) {
    const pick = /** @type {HTMLInputElement} */ (h('input'));
    pick.type = 'file';
    pick.accept = o.file;
    pick.hidden = true;
    pick.addEventListener('change', async () => { const f = pick.files?.[0]; if (f) text.value = await f.text(); pick.value = ''; });
    extra.push(button('btn', () => pick.click(), 'Open…'));
    extra.push(/** @type {any} */ (pick));
  }
  const win = openWindow(o.title, h('p.hint', o.hint), text, bad,
    h('div.go', ...extra, h('span.grow'), button('btn', () => win.close(), 'Cancel'), go));
  text.focus();
  return win;
}

/** @type {{node: HTMLElement, anchor: HTMLElement}|null} */
let open = null;

/** Above a button, until something else is pressed. @param {HTMLElement} anchor
 * @param {string} name @param {HTMLElement} node */
export function openPopover(anchor, name, node) {
  const again = open?.anchor === anchor;
  closePopover();
  closeMenu();
  if (again) return;
  node.classList.add('popover');
  node.setAttribute('role', 'dialog');
  node.setAttribute('aria-label', name);
  document.body.append(node);
  const at = anchor.getBoundingClientRect(), size = node.getBoundingClientRect();
  node.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
  node.style.top = `${Math.max(8, at.top - 8 - size.height)}px`;
  anchor.setAttribute('aria-expanded', 'true');
  open = { node, anchor };
  node.addEventListener('keydown', e => {
    if (e.key !== 'Escape') return;
    e.preventDefault();
    e.stopPropagation();
    closePopover();
  });
  node.addEventListener('focusout', e => {
    if (e.relatedTarget instanceof Node && !node.contains(e.relatedTarget)) closePopover(false);
  });
  node.tabIndex = -1;
  (/** @type {HTMLElement|null} */ (node.querySelector('input, button')) ?? node).focus();
}

/** @param {boolean} [back] the focus goes to the button */
export function closePopover(back = true) {
  if (!open) return;
  const { node, anchor } = open;
  open = null;
  const inside = node.contains(document.activeElement);
  node.remove();
  anchor.setAttribute('aria-expanded', 'false');
  if (back && inside) anchor.focus();
}

addEventListener('pointerdown', e => {
  const to = /** @type {Node} */ (e.target);
  if (open && !open.node.contains(to) && !open.anchor.contains(to)) closePopover(false);
}, true);


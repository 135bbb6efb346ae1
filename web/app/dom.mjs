// @ts-check
// dom.mjs - making elements.  Nothing here or elsewhere takes a string of
// markup: text goes in as text.

const SVG = 'http://www.w3.org/2000/svg';

/** @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const e = document.getElementById(id);
  if (!e) throw new Error(`no element ${id}`);
  return e;
}

/**
 * An element with classes, text or children.
 * @param {string} tag "p" or "p.hint.grow"
 * @param {...(string|Node)} inside
 * @returns {HTMLElement}
 */
export function h(tag, ...inside) {
  const [name, ...classes] = tag.split('.');
  const e = document.createElement(name);
  if (classes.length) e.className = classes.join(' ');
  e.append(...inside);
  return e;
}

/** @param {string} id a symbol of index.html */
export function icon(id) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', id === 'more' ? 'i dot' : 'i');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#${id}`);
  svg.append(use);
  return svg;
}

/**
 * @param {string} tag classes of the button, "btn.main"
 * @param {() => void} act
 * @param {...(string|Node)} inside
 * @returns {HTMLButtonElement}
 */
export function button(tag, act, ...inside) {
  const b = /** @type {HTMLButtonElement} */ (h(`button.${tag}`, ...inside));
  b.type = 'button';
  b.addEventListener('click', act);
  return b;
}

/**
 * A button that shows a sign only.
 * @param {string} sign @param {string} name @param {() => void} act
 */
export function signButton(sign, name, act) {
  const b = button('icon', act, icon(sign));
  b.setAttribute('aria-label', name);
  b.title = name;
  return b;
}

/**
 * A menu below (or above) a button; closes on choice, Escape, or a click
 * elsewhere.
 * @param {HTMLElement} anchor
 * @param {{name: string, act: () => void, checked?: boolean, check?: boolean}[]} items
 *   check: several of them may be checked
 */
export function openMenu(anchor, items) {
  closeMenu();
  const menu = h('div.menu');
  menu.setAttribute('role', 'menu');
  for (const item of items) {
    const b = button('row', () => { closeMenu(); item.act(); }, item.name);
    const radio = item.checked !== undefined;
    b.setAttribute('role', item.check ? 'menuitemcheckbox' : radio ? 'menuitemradio' : 'menuitem');
    if (radio) b.setAttribute('aria-checked', String(item.checked));
    menu.append(b);
  }
  const at = anchor.getBoundingClientRect();
  /* An open window is above everything that is not inside it. */
  (anchor.closest('dialog') ?? document.body).append(menu);
  const size = menu.getBoundingClientRect();
  const below = at.bottom + 4 + size.height < innerHeight;
  const left = Math.min(at.left, innerWidth - size.width - 8);
  menu.style.left = `${Math.max(8, left)}px`;
  menu.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - 4 - size.height)}px`;
  anchor.setAttribute('aria-expanded', 'true');
  open = { menu, anchor };
  /** @type {HTMLElement} */ (menu.firstChild).focus();
  menu.addEventListener('keydown', menuKey);
}

/** @type {{menu: HTMLElement, anchor: HTMLElement}|null} */
let open = null;

export function closeMenu() {
  if (!open) return;
  const { menu, anchor } = open;
  open = null;
  const inside = menu.contains(document.activeElement);
  menu.remove();
  anchor.setAttribute('aria-expanded', 'false');
  if (inside) anchor.focus();
}

/** @param {KeyboardEvent} e */
function menuKey(e) {
  if (!open) return;
  const items = /** @type {HTMLElement[]} */ ([...open.menu.children]);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const step = { ArrowDown: 1, ArrowUp: items.length - 1 }[e.key];
  if (step) items[(at + step) % items.length].focus();
  else if (e.key === 'Home') items[0].focus();
  else if (e.key === 'End') items[items.length - 1].focus();
  else if (e.key === 'Escape' || e.key === 'Tab') closeMenu();
  else return;
  e.preventDefault();
  e.stopPropagation();
}

addEventListener('pointerdown', e => {
  const to = /** @type {Node} */ (e.target);
  if (open && !open.menu.contains(to) && !open.anchor.contains(to)) closeMenu();
}, true);

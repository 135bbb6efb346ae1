// @ts-check
// sheets.mjs - on a phone the list of chats and the trace cover the page, and
// the browser's Back closes them (UX 5.2).

const PHONE = 640;
/** @type {{name: string, close: () => void}|null} */
let open = null;

/** @param {string} name @param {() => void} close */
export function sheetOpened(name, close) {
  if (innerWidth >= PHONE || open) return;
  open = { name, close };
  history.pushState({ sheet: name }, '');
}

/** It was closed by its own button. @param {string} name */
export function sheetClosed(name) {
  if (open?.name !== name) return;
  open = null;
  history.back();
}

addEventListener('popstate', () => {
  const was = open;
  open = null;
  was?.close();
});

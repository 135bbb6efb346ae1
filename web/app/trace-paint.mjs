// @ts-check
// trace-paint.mjs - a display list on a canvas, item by item.  Where things
// are is the list's business.
import { BAND, BAR, BRACKET, CHIP, DASH, DOT, FLAG, FORCED, HEAT, LINE, RECT, RING, ROLES, TEXT } from './trace-view.mjs';

/** @typedef {import('./trace-view.mjs').Item} Item */
/** @typedef {import('./trace-view.mjs').List} List */

const HEAT_0 = ROLES.indexOf('heat-0'), SURFACE = ROLES.indexOf('surface'), INK = ROLES.indexOf('ink'),
  ACCENT = ROLES.indexOf('accent');

/** The colours of the present scheme, by role's number. @returns {string[]} */
export function colours() {
  const probe = document.createElement('span');
  probe.hidden = true;
  document.body.append(probe);
  const all = ROLES.map(name => {
    if (!name) return 'transparent';
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return all;
}

/** @param {CanvasRenderingContext2D} g @param {Item} k @param {string} fill @param {string} ground */
function band(g, k, fill, ground) {
  g.fillStyle = fill;
  g.fillRect(k.x, k.y, k.w, k.h);
  if (!k.detail) return;
  g.save();
  g.beginPath();
  g.rect(k.x, k.y, k.w, k.h);
  g.clip();
  g.strokeStyle = ground;
  g.lineWidth = k.detail === 1 ? 1.4 : 1;
  g.beginPath();
  if (k.detail === 1)
    for (let x = k.x - k.h; x < k.x + k.w; x += 4) { g.moveTo(x, k.y + k.h); g.lineTo(x + k.h, k.y); }
  else for (let x = k.x + 3.5; x < k.x + k.w; x += 4) { g.moveTo(x, k.y); g.lineTo(x, k.y + k.h); }
  g.stroke();
  g.restore();
}

/** Cells of a row that are alike are one rectangle.
 * @param {CanvasRenderingContext2D} g @param {Item} k @param {List} list @param {string[]} c */
function heat(g, k, list, c) {
  g.fillStyle = c[HEAT_0];
  g.fillRect(k.x, k.y, k.w, k.h);
  for (let row = 0; row < k.n; row++) {
    const y = Math.floor(k.h * row / k.n), end = Math.floor(k.h * (row + 1) / k.n);
    for (let x = 0, from = 0; x < k.w; x = from) {
      const level = list.cells[k.at + row * k.w + x];
      while (from < k.w && list.cells[k.at + row * k.w + from] === level) from++;
      if (!level) continue;
      g.fillStyle = c[HEAT_0 + level];
      g.fillRect(k.x + x, k.y + y, from - x, end - y);
    }
  }
}

/** @param {CanvasRenderingContext2D} g @param {Item} k @param {string} text */
function write(g, k, text) {
  g.save();
  g.beginPath();
  g.rect(k.x, k.y - 2, k.w, k.h + 4);
  g.clip();
  g.textAlign = k.detail === 1 ? 'center' : k.detail === 2 ? 'end' : 'start';
  g.fillText(text, k.detail === 1 ? k.x + k.w / 2 : k.detail === 2 ? k.x + k.w : k.x, k.y + 12);
  g.restore();
}

/** @param {CanvasRenderingContext2D} g @param {List} list @param {string[]} c colours()
 * @param {string} font */
export function paint(g, list, c, font) {
  const decoder = new TextDecoder();
  g.font = font;
  for (const k of list.items) {
    const fill = c[k.role];
    g.fillStyle = g.strokeStyle = fill;
    g.lineWidth = 1;
    switch (k.kind) {
      case RECT: g.fillRect(k.x, k.y, k.w, k.h); break;
      case BAR:
        g.fillRect(k.x, k.y, k.w, k.h);
        g.fillStyle = c[k.edge];
        g.fillRect(k.x, k.y, k.w, 1);
        if (k.w >= 4) { g.fillRect(k.x, k.y, 1, k.h); g.fillRect(k.x + k.w - 1, k.y, 1, k.h); }
        break;
      case BAND: band(g, k, fill, c[SURFACE]); break;
      case LINE: case DASH:
        g.setLineDash(k.kind === DASH ? [3, 3] : []);
        g.beginPath();
        g.moveTo(k.x + 0.5, k.y + 0.5);
        g.lineTo(k.x + k.w + 0.5, k.y + k.h + 0.5);
        g.stroke();
        g.setLineDash([]);
        break;
      case DOT: case RING:
        g.beginPath();
        g.arc(k.x + k.w / 2, k.y + k.h / 2, k.w / 2, 0, 2 * Math.PI);
        if (k.kind === DOT) g.fill(); else g.stroke();
        break;
      case FORCED:
        g.beginPath();
        g.moveTo(k.x, k.y + k.h);
        g.lineTo(k.x + k.w, k.y + k.h);
        g.lineTo(k.x + k.w / 2, k.y);
        g.fill();
        break;
      case BRACKET:
        g.beginPath();
        g.moveTo(k.x + 0.5, k.y);
        g.lineTo(k.x + 0.5, k.y + k.h + 0.5);
        g.lineTo(k.x + k.w - 0.5, k.y + k.h + 0.5);
        g.lineTo(k.x + k.w - 0.5, k.y);
        g.stroke();
        break;
      case HEAT: heat(g, k, list, c); break;
      case TEXT: case CHIP: case FLAG: {
        if (k.kind !== TEXT) {
          g.fillStyle = c[k.kind === CHIP ? SURFACE : ACCENT];
          g.fillRect(k.x, k.y, k.w, k.h);
        }
        g.fillStyle = k.kind === CHIP ? c[INK] : fill;
        const text = decoder.decode(list.text.subarray(k.at, k.at + k.size));
        write(g, k.kind === CHIP ? { ...k, x: k.x + 3, y: k.y - 1 } : k, text);
        break;
      }
    }
  }
}

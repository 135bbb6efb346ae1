// @ts-check
// markdown.mjs - the model's Markdown as DOM nodes.  markdown-it gives
// tokens, HTML off; elements are made one by one from the few tags below, so
// nothing that a model writes can become markup, load an image or run.
//
// While text arrives only the block at the end is parsed and built again;
// finished blocks are never touched.
import MarkdownIt from './markdown-it.mjs';
import { button, h } from './dom.mjs';
import { colour } from './highlight.mjs';

const md = new MarkdownIt({ html: false, linkify: false });

const TAGS = new Set(['p', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'ul', 'ol', 'li',
  'blockquote', 'hr', 'em', 'strong', 's', 'code', 'table', 'thead', 'tbody',
  'tr', 'th', 'td', 'br']);
/* Limits of RELIABILITY W12: beyond them the block is shown as plain text. */
const DEEPEST = 32, MOST_NODES = 5000, MOST_COLUMNS = 50, MOST_CELLS = 2000;

/** @typedef {any} Token a markdown-it token */

/** Links open in a tab of their own; any other scheme stays text.
 * @param {string|null} href */
export function safeLink(href) {
  try {
    const url = new URL(href ?? '');
    return ['https:', 'http:', 'mailto:'].includes(url.protocol) ? url.href : null;
  } catch { return null; }
}

/** @param {Token} t */
function openElement(t) {
  if (t.tag === 'a') {
    const to = safeLink(t.attrGet('href'));
    if (!to) return h('span');
    const a = /** @type {HTMLAnchorElement} */ (h('a'));
    a.href = a.title = to;
    a.target = '_blank';
    a.rel = 'noopener noreferrer nofollow';
    return a;
  }
  if (!TAGS.has(t.tag)) return h('span');
  const e = h(t.tag === 'h1' ? 'h2' : t.tag);
  const align = /text-align:\s*(right|center)/.exec(t.attrGet('style') ?? '');
  if (align) e.className = align[1] === 'right' ? 'r' : 'c';
  const start = t.tag === 'ol' && Number(t.attrGet('start'));
  if (start && start < 1e9) /** @type {HTMLOListElement} */ (e).start = start;
  if (t.block && t.tag !== 'code') e.dir = 'auto';
  return e;
}

/** @param {Token} t */
function codeBlock(t) {
  const language = (t.info ?? '').trim().split(/\s+/)[0].slice(0, 20);
  const text = t.content.replace(/\n$/, '');
  const copy = button('flat', () => navigator.clipboard.writeText(text), 'Copy');
  const pre = h('pre');
  pre.append(colour(text, language));
  pre.tabIndex = 0;
  const box = h('div.code', h('div.cap', h('span.hint.grow', language || 'text'), copy), pre);
  box.role = 'group';
  box.setAttribute('aria-label',
    `Code, ${language || 'text'}, ${text.split('\n').length} lines`);
  box.dir = 'ltr';
  return box;
}

/** Address and alternative text; nothing is fetched. @param {Token} t */
function imageText(t) {
  const src = t.attrGet('src') ?? '';
  return h('span.hint', `${t.content || 'image'} (${src.slice(0, 200)})`);
}

/** A token without children. @param {Token} t @returns {Node|string} */
function leaf(t) {
  switch (t.type) {
    case 'fence': case 'code_block': return codeBlock(t);
    case 'code_inline': return h('code', t.content);
    case 'softbreak': return '\n';
    case 'hardbreak': return h('br');
    case 'hr': return h('hr');
    case 'image': return imageText(t);
    default: return t.content;
  }
}

/** [ ] and [x] at the beginning of an item. @param {HTMLElement} to @param {string} text */
function withTaskBox(to, text) {
  const m = to.closest('li') && !to.hasChildNodes() && /^\[([ xX])\]\s/.exec(text);
  return m ? (m[1] === ' ' ? '☐ ' : '☑ ') + text.slice(m[0].length) : text;
}

/** @param {Token[]} tokens @param {HTMLElement} into */
function build(tokens, into) {
  const stack = [into];
  for (const t of tokens) {
    const to = stack[stack.length - 1];
    if (t.type === 'inline') build(t.children ?? [], to);
    else if (t.nesting === 1) {
      const e = openElement(t);
      if (t.hidden) { stack.push(to); continue; }
      to.append(e);
      stack.push(e);
    } else if (t.nesting === -1) stack.pop();
    else {
      const made = leaf(t);
      to.append(typeof made === 'string' ? withTaskBox(to, made) : made);
    }
  }
}

/** @param {Token[]} tokens of one block */
function fits(tokens) {
  let deep = 0, deepest = 0, cells = 0, row = 0, columns = 0;
  for (const t of tokens) {
    deepest = Math.max(deepest, deep += t.nesting);
    if (t.type === 'tr_open') row = 0;
    if (t.type === 'th_open' || t.type === 'td_open') {
      cells++;
      columns = Math.max(columns, ++row);
    }
  }
  return deepest <= DEEPEST && columns <= MOST_COLUMNS && cells <= MOST_CELLS;
}

/** Top-level blocks of a text, each with its first line.
 * @param {string} text @returns {{tokens: Token[], line: number}[]} */
function blocksOf(text) {
  const blocks = [];
  let level = 0, from = 0;
  const tokens = md.parse(text, {});
  for (let i = 0; i < tokens.length; i++) {
    level += tokens[i].nesting;
    if (level > 0) continue;
    blocks.push({ tokens: tokens.slice(from, i + 1), line: tokens[from].map?.[0] ?? 0 });
    from = i + 1;
  }
  return blocks;
}

/** A table gets a sideways scroller of its own. @param {HTMLElement} e */
function framed(e) {
  if (e.tagName !== 'TABLE') return e;
  const box = h('div.tab', e);
  box.tabIndex = 0;
  box.setAttribute('role', 'group');
  box.setAttribute('aria-label', 'Table');
  return box;
}

/** An answer that grows. */
export class Answer {
  constructor() {
    this.node = h('div.answer');
    this.text = '';
    this.closed = 0;   // where the open block begins, in text
    this.kept = 0;     // nodes that are finished
    this.nodes = 0;    // elements made so far
  }

  /** @param {string} text what the answer has so far */
  set(text) {
    if (text === this.text) return;
    if (!text.startsWith(this.text)) {
      this.node.replaceChildren();
      this.closed = this.kept = this.nodes = 0;
    }
    this.text = text;
    while (this.node.childNodes.length > this.kept) this.node.lastChild?.remove();
    const open = text.slice(this.closed);
    if (this.nodes > MOST_NODES) { this.node.append(h('p.plain', open)); return; }
    const lines = lineStarts(open), blocks = blocksOf(open);
    blocks.forEach((b, i) => {
      const end = blocks[i + 1] ? lines[blocks[i + 1].line] : open.length;
      this.add(b.tokens, open.slice(lines[b.line], end));
    });
    if (blocks.length < 2) return;
    this.kept = this.node.childNodes.length - 1;
    this.closed += lines[blocks[blocks.length - 1].line];
    this.nodes = this.node.querySelectorAll('*').length;
  }

  /** @param {Token[]} tokens @param {string} source */
  add(tokens, source) {
    if (!fits(tokens)) { this.node.append(h('p.plain', source)); return; }
    const box = h('div');
    build(tokens, box);
    this.node.append(box.childNodes.length === 1 && box.firstElementChild
      ? framed(/** @type {HTMLElement} */ (box.firstElementChild)) : box);
  }
}

/** @param {string} text offsets of its lines */
function lineStarts(text) {
  const at = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) at.push(i + 1);
  at.push(text.length);
  return at;
}

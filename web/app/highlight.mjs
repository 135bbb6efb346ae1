// @ts-check
// highlight.mjs - colours for code, good enough for reading: comments,
// strings, numbers, keywords, calls.  One pass, no back-tracking; what it does
// not know stays plain.
import { h } from './dom.mjs';

const C = 'auto break case char const continue default do double else enum extern float for goto if inline int long return short signed sizeof static struct switch typedef union unsigned void volatile while bool true false NULL';
const WORDS = {
  c: C,
  cpp: C + ' class namespace template typename public private protected virtual override new delete this try catch throw using nullptr constexpr auto operator',
  python: 'and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield None True False match case',
  javascript: 'async await break case catch class const continue default delete do else export extends finally for from function if import in instanceof let new null of return static super switch this throw true false try typeof undefined var void while yield',
  shell: 'if then else elif fi for in do done while until case esac function return local export set unset exit',
  json: 'true false null',
  rust: 'as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type unsafe use where while',
  html: '',
};
const SAME = { 'c++': 'cpp', h: 'c', py: 'python', python3: 'python', js: 'javascript',
  mjs: 'javascript', ts: 'javascript', typescript: 'javascript', sh: 'shell', bash: 'shell',
  console: 'shell', rs: 'rust', xml: 'html', svg: 'html' };
const LONGEST = 50000;

const COMMENT = { python: /#.*/y, shell: /#.*/y, html: /<!--[^]*?(?:-->|$)/y,
  other: /\/\/.*|\/\*[^]*?(?:\*\/|$)/y };
const STRING = /"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|`(?:[^`\\]|\\.)*`?/y;
const NUMBER = /\b(?:0x[\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\w*/y;
const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const TAG = /<\/?[\w-]+|\/?>/y;

/** @param {RegExp} re @param {string} text @param {number} at */
function take(re, text, at) {
  re.lastIndex = at;
  return re.exec(text)?.[0] ?? '';
}

/** @param {string} text @param {string} language @returns {DocumentFragment} */
export function colour(text, language) {
  const out = document.createDocumentFragment();
  const low = language.toLowerCase();
  const name = /** @type {keyof typeof WORDS} */ (SAME[/** @type {keyof typeof SAME} */ (low)] ?? low);
  if (!(name in WORDS) || text.length > LONGEST) { out.append(text); return out; }
  const words = new Set(WORDS[name].split(' '));
  const comment = COMMENT[/** @type {keyof typeof COMMENT} */ (name)] ?? COMMENT.other;
  let plain = '';
  const put = (/** @type {string} */ s, /** @type {string} */ role) => {
    if (plain) out.append(plain);
    plain = '';
    out.append(h(`span.${role}`, s));
    return s.length;
  };
  for (let at = 0; at < text.length;) {
    const s = (name !== 'json' && take(comment, text, at)) || '';
    const q = s ? '' : take(STRING, text, at), n = s || q ? '' : take(NUMBER, text, at);
    const tag = name === 'html' && !s && !q ? take(TAG, text, at) : '';
    const w = s || q || n || tag ? '' : take(WORD, text, at);
    if (s) at += put(s, 'c');
    else if (q) at += put(q, 's');
    else if (tag) at += put(tag, 'k');
    else if (n) at += put(n, 'n');
    else if (w && words.has(w)) at += put(w, 'k');
    else if (w && text[at + w.length] === '(') at += put(w, 'f');
    else { plain += w || text[at]; at += w.length || 1; }
  }
  out.append(plain);
  return out;
}

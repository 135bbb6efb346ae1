// fake-engine.mjs - stands in for engine-worker.mjs in tests of the page: the
// same protocol, the text of the question says what it does.
//
//   "say TEXT"        answers with TEXT after a short thought
//   "think N"         a thought of N tokens, then an answer
//   "long"            goes on until it is stopped
//   "fail", "trap"    an error; a dead worker
//   "loop"            a circle in the thought, which is broken
//   "round"           an answer in a circle, which waits to be broken
//   "call"            calls of tools, in an answer without text
//   "show"            what was asked: roles, schema, the first texts
//   "full"            an answer that fills the context
//
// Four characters of a text are a token.
// A token's id is its place in the list of all words that were ever said, so
// that a turn can begin with those of another.
let stop = 0;
const info = { name: 'Fake', architecture: 'lfm2', file_type: 'Q8_0', license: '', backend: 'fake',
  n_params: 9500000, file_bytes: 10000000, thinks: true, layout_known: true, n_vocab: 4096,
  max_context: 2048, context: 2048, threads: 1 };
const wait = ms => new Promise(ok => setTimeout(ok, ms));
const send = (...list) => postMessage({ is: 'events', list });
const said = [];
const say = (span, text, ms) => {
  said.push(text);
  send({ e: 'text', span, text, ms: ms() }, { e: 'token', span, id: said.length - 1, ms: ms() });
};
let calls = [];
const call = (name, args, more = {}) => ({ name, arguments: JSON.stringify(args), effects: null, written: `[${name}(…)]`,
  result: null, times: 1, runs_here: true, offered: false, allowed: false, decision: 'waits', ...more });
const words = s => s.match(/\s*\S+/g) ?? [];

/** Goes round until it is told to break that, or to stop. */
async function round(request, ms) {
  const before = said.length;
  if (request.begin.length) { say('answer', ' and round it goes on', ms); return 1; }
  for (let i = 0; i < 8; i++) say('answer', ' round', ms);
  send({ e: 'notice', ms: ms(), text: 'The answer goes round in a circle.', circle: true });
  while (!stop) await wait(5);
  if (stop !== 3) return said.length - before;
  stop = 0;
  send({ e: 'withdrawn', span: 'answer', at: 5 + 2, tokens: 6, keep: ' round round'.length, ms: ms() },
    { e: 'notice', text: 'The answer went round in a circle; 6 tokens were taken back and it went on another way.' });
  say('answer', ' and out', ms);
  return 3;
}

async function turn(request) {
  const last = request.go_on ? request.path.at(-2) : request.path.at(-1), q = last.text, [what] = q.split(' '), rest = q.slice(what.length + 1);
  const t0 = performance.now(), ms = () => performance.now() - t0;
  stop = 0;
  calls = [];
  /* An answer that goes on begins with what it said. */
  const mine = request.go_on ? request.path.pop() : null, begin = mine?.ids ?? request.begin ?? [];
  if (what === 'fail') return postMessage({ is: 'failed', at: 'turn', status: 4, text: 'There was not enough memory for the next 512 tokens.' });
  if (what === 'trap') return postMessage({ is: 'failed', at: 'turn', status: 1, text: 'unreachable', trap: true });
  send({ e: 'reading', ms: ms(), done: 0, total: 40 }, { e: 'reading', ms: ms(), done: 40, total: 40 });
  let thought = 0, answer = 0;
  const thoughtText = what === 'think' || what === 'long'
    ? words('The user asks something. I look at it from all sides and count.\n\nThen I go on.').concat(
      Array.from({ length: what === 'long' ? 1e6 : Number(rest) || 0 }, (_, i) => ` ${i}`))
    : words('A short thought about it.');
  send({ e: 'span', span: 'thought', ms: ms() });
  const a = ms();
  for (const id of begin) { say('thought', said[id] ?? ' word', ms); thought++; }
  if (what === 'loop' && !begin.length) {
    const keep = 'Round and'.length;
    for (const w of ['Round', ' and', ' round', ' again']) say('thought', w, ms);
    send({ e: 'withdrawn', span: 'thought', at: 2, tokens: 2, keep, ms: ms() },
      { e: 'notice', text: 'The thought went round in a circle; 2 tokens were taken back and it went on another way.' });
    thought += 2;
  }
  for (const w of begin.length ? [' on it goes'] : thoughtText) {
    if (stop) break;
    say('thought', w, ms);
    if (++thought % 20 === 0 || what === 'long') await wait(5);
  }
  await wait(20);
  const thoughtMs = ms() - a;
  send({ e: 'span-end', span: 'thought', ms: ms() });
  const b = ms();
  if (stop !== 1) {
    send({ e: 'span', span: 'answer', ms: ms() });
    const last = request.path.at(-1);
    if (what === 'call') {
      calls = [call('calculator', { expression: '6*7' }, { effects: 'Only computes.' }),
        call('weather', { place: 'K\u00f6ln\u202e', days: 3 }, { runs_here: false })];
      send({ e: 'call', text: '[calculator(expression="6*7"), weather(place="…")]', more: false });
    }
    if (what === 'round') answer += await round(request, ms);
    const text = what === 'round' ? '' : what === 'show' ? JSON.stringify({ roles: request.path.map(m => m.role), first: request.path[0].text,
      schema: request.schema ?? null, budget: request.budget }) : what === 'say' ? rest : what === 'call' ? '' : last.role === 'tool' ? `I was told: ${last.text}` : `You said: ${q}`;
    const piece = Math.max(7, Math.ceil(text.length / 3000));
    for (let at = 0; at < text.length && stop !== 1; at += piece) {
      say('answer', text.slice(at, at + piece), ms);
      if (++answer % 20 === 0) await wait(2);
    }
    await wait(20);
  }
  const end = stop === 2 ? 'answered' : 'closed', full = what === 'full';
  send({ e: 'end', ms: ms(), reason: stop === 1 ? 'cancelled' : full ? 'context' : 'end', prompt: full ? 2000 : 40, reused: 0, thought, answer,
    tokens: thought + answer, prefill_ms: 5, thought_ms: thoughtMs, answer_ms: ms() - b, first_ms: 5,
    sum: { tokens: thought, ms: Math.round(thoughtMs), steps: 1, hesitations: what === 'think' ? 2 : 0, forks: 0, turn_backs: 0,
      loops_broken: what === 'loop' && !begin.length ? 1 : 0, withdrawn: 0, mean_entropy: 0.1, end } });
}

self.onmessage = async ({ data: m }) => {
  if (m.do === 'open') { await wait(30); postMessage({ is: 'ready', info: { ...info, name: m.name } }); }
  else if (m.do === 'turn') turn(m.request);
  else if (m.do === 'calls') postMessage({ is: 'answer', value: calls });
  else if (m.do === 'decide') {
    const c = calls[m.request.call], { how, text } = m.request;
    c.decision = how === 'deny' ? 'denied' : 'done';
    c.result = how === 'deny' ? null : how === 'hand' ? text : '42';
    postMessage({ is: 'answer', value: calls });
  } else if (m.do === 'results')
    postMessage({ is: 'answer', value: { go_on: calls.length > 0,
      messages: [{ role: 'tool', text: calls.map(c => c.result ?? 'denied').join(' ') }] } });
  else if (m.do === 'post') stop = m.kind;
  else if (m.do === 'count') {
    const bytes = new TextEncoder().encode(m.text).length;
    postMessage({ is: 'aside', n: m.n, value: { tokens: Math.ceil(bytes / 4), bytes: Math.min(bytes, 4 * m.most) } });
  } else if (m.do === 'schema') {
    const bad = m.text && !m.text.startsWith('{');
    postMessage(bad ? { is: 'aside', n: m.n, status: 2, text: 'it is no JSON at byte 0.' } : { is: 'aside', n: m.n });
  }
};

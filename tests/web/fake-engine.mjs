// fake-engine.mjs - stands in for engine-worker.mjs in tests of the page: the
// same protocol, the text of the question says what it does.
//
//   "say TEXT"        answers with TEXT after a short thought
//   "think N"         a thought of N tokens, then an answer
//   "long"            goes on until it is stopped
//   "fail", "trap"    an error; a dead worker
let stop = 0;
const info = { name: 'Fake', architecture: 'lfm2', file_type: 'Q8_0', license: '', backend: 'fake',
  n_params: 9500000, file_bytes: 10000000, thinks: true, layout_known: true, n_vocab: 4096,
  max_context: 2048, context: 2048, threads: 1 };
const wait = ms => new Promise(ok => setTimeout(ok, ms));
const send = (...list) => postMessage({ is: 'events', list });
const words = s => s.match(/\s*\S+/g) ?? [];

async function turn(request) {
  const q = request.path.at(-1).text, [what] = q.split(' '), rest = q.slice(what.length + 1);
  const t0 = performance.now(), ms = () => performance.now() - t0;
  stop = 0;
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
  for (const w of thoughtText) {
    if (stop) break;
    send({ e: 'text', span: 'thought', text: w, ms: ms() }, { e: 'token', span: 'thought', ms: ms() });
    if (++thought % 20 === 0 || what === 'long') await wait(5);
  }
  await wait(20);
  const thoughtMs = ms() - a;
  send({ e: 'span-end', span: 'thought', ms: ms() });
  const b = ms();
  if (stop !== 1) {
    send({ e: 'span', span: 'answer', ms: ms() });
    const text = what === 'say' ? rest : `You said: ${q}`;
    for (let at = 0; at < text.length && stop !== 1; at += 7) {
      send({ e: 'text', span: 'answer', text: text.slice(at, at + 7), ms: ms() }, { e: 'token', span: 'answer', ms: ms() });
      if (++answer % 20 === 0) await wait(2);
    }
    await wait(20);
  }
  send({ e: 'end', ms: ms(), reason: stop === 1 ? 'cancelled' : 'end', prompt: 40, reused: 0, thought, answer,
    tokens: thought + answer, prefill_ms: 5, thought_ms: thoughtMs, answer_ms: ms() - b, first_ms: 5 });
}

self.onmessage = async ({ data: m }) => {
  if (m.do === 'open') { await wait(30); postMessage({ is: 'ready', info: { ...info, name: m.name } }); }
  else if (m.do === 'turn') turn(m.request);
  else if (m.do === 'post') stop = m.kind;
};

// search_test.mjs - what is found in a trace, and what is told of it (no
// browser): web/app/trace-search.mjs, trace-player.mjs' times, levels.
import { equal, finish, root, test } from './browser.mjs';
import { join } from 'node:path';

const { search, partsOf } = await import(join(root, 'web/app/trace-search.mjs'));
const rows = await import(join(root, 'web/app/trace-rows.mjs'));

/* text, span, flags, ramp, bits, p, rank, us, step, id */
const tokens = [['<think>', 1, 4, 0, 0, 1, 1, 1000, -1, 1], ['The pri', 1, 0, 0, 0.2, 0.9, 1, 2000, 0, 2],
  ['me is', 1, 8, 3, 2.5, 0.4, 2, 300000, 0, 3], [' seven', 1, 2, 1, 0.3, 0.8, 1, 1000, 0, 4],
  [' Prime', 1, 1, 0, 1.2, 0.05, 0, 1000, 1, 5], ['</think>', 1, 4, 0, 0, 1, 1, 1000, -1, 6],
  ['prime, \u0130', 2, 0, 0, 0.1, 0.95, 1, 1000, -1, 7]];
const w = { tokens, steps: [{ first: 1, n: 2, back: false, title: 'The prime is' }, { first: 4, n: 1, back: true, title: 'Prime' }],
  hesitations: [[2, 3]], loops: [[3, 1]], spans: [[1, 0, 5, 306000], [2, 6, 1, 1000]], line: 'thought 3 tokens in 0.3 s' };
const experts = i => [[i, 9], [2]];
const hits = typed => search(w, typed, experts).hits;

await test('words run over tokens, whatever the case; exact words do not', async () => {
  equal(hits('prime'), [1, 4, 6], 'prime');
  equal(hits('"prime"'), [1, 6], 'exact');
  equal(hits('"me is"'), [2], 'exact with a space');
  equal(hits('\u0130'), [6], 'a letter that grows when it is folded');
  equal(hits('eleven'), [], 'none');
  equal(hits(''), [], 'nothing typed');
  equal(partsOf('a "b c" d"').map(x => x.text), ['a', 'b c', 'd"'], 'parts');
});

await test('terms: states, figures, spans, steps, experts; all must hold', async () => {
  for (const [typed, wanted] of [['is:fork', [2]], ['is:forced', [4]], ['is:loop', [3]], ['is:hesitation', [2, 3]],
    ['H>2', [2]], ['h>=1.2', [2, 4]], ['p<10%', [4]], ['p<0.5', [2, 4]], ['ms>200', [2]], ['rank>1', [2, 4]],
    ['span:answer', [6]], ['SPAN:Answer', [6]], ['step:2', [4]], ['expert:L1.6', [6]], ['expert:L2.2 step:1', [1, 2, 3]], ['expert:L3.1', []],
    ['prime p<10%', [4]], ['prime span:thought', [1, 4]], ['prime is:fork', [2]]])
    equal(hits(typed), wanted, typed);
  equal(search(w, 'is:nothing', experts).unknown, 'is:nothing', 'no such state');
  equal(search(w, 'expert:7', experts).unknown, 'expert:7', 'no layer');
});

await test('blocks, summary, answers, kept tokens', async () => {
  equal(rows.blocksOf(w).map(b => [b.name, b.rows]), [['step 1', [1, 2]], ['taken back', [3]], ['step 2', [4]], ['Answer', [6]]], 'blocks');
  equal(rows.summaryOf(w), 'thought 3 tokens in 0.3 s · answer 1 token in 0.01 s', 'summary');
  equal(rows.answerOf(w), 'prime, \u0130', 'answer');
  equal(rows.keptOf(w), [0, 1, 2, 4, 5, 6], 'kept');
  equal([rows.percent(0.73), rows.percent(0.004), rows.percent(0.0001), rows.percent(0)], ['73%', '0.4%', '<0.1%', '0.0%'], 'percent');
});
await finish();

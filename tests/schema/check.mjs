// check.mjs - bound answers, judged by another program's validator (ajv).
//
//   node check.mjs CORPUS_PROGRAM SCHEMAS.jsonl MODEL...
//
// Prints TAP.  TARN_SOAK: 20 seeds, else one of TARN_SEED.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const [program, schemaFile, ...models] = process.argv.slice(2);
const soak = Boolean(process.env.TARN_SOAK);
const seed = soak ? 1 : Number(process.env.TARN_SEED || 1) % 1000000;
const seeds = soak ? 20 : 1;
const tokens = 150;

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
const schemas = readFileSync(schemaFile, 'utf8').trim().split('\n')
  .map((line) => JSON.parse(line));
const validators = schemas.map((s) => ajv.compile(s.schema));
let n = 0;
let bad = 0;

function report(name, problems) {
  for (const p of problems.slice(0, 20)) console.log(`# ${p}`);
  bad += problems.length > 0;
  console.log(`${problems.length ? 'not ok' : 'ok'} ${++n} - ${name}`);
}

// The validator is one: it refuses what does not fit.
{
  const wrong = ['1', '{"name":"x"}', '{"name":"x","age":1.5}',
    '{"name":"x","age":1,"more":0}'];
  report('ajv refuses wrong answers', wrong.filter(
    (w) => validators[0](JSON.parse(w))));
}

for (const model of models) {
  const out = execFileSync(program, [model, schemaFile, String(seed),
    String(seeds), String(tokens)], { maxBuffer: 1 << 28 }).toString();
  const problems = [];
  const lines = out.trim().split('\n').map((l) => JSON.parse(l));
  for (const a of lines) {
    const where = `${schemas[a.schema].name}, seed ${a.seed}, ${a.reason}: ${
      JSON.stringify(a.answer)}`;
    let value;
    try {
      value = JSON.parse(a.answer);
    } catch (e) {
      problems.push(`${where}: ${e.message}`);
      continue;
    }
    if (!validators[a.schema](value)) {
      problems.push(`${where}: ${ajv.errorsText(validators[a.schema].errors)}`);
    }
  }
  if (lines.length !== schemas.length * seeds) {
    problems.push(`${lines.length} answers`);
  }
  report(`${model.replace(/.*\//, '')}: ${schemas.length} schemas x ${seeds
  } seeds from ${seed}`, problems);
}
console.log(`1..${n}`);
process.exit(bad ? 1 : 0);

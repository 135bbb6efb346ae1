#!/usr/bin/env node
// edit.mjs - what an edit costs: tokens that tarn and llama.cpp run again when
// a message is changed, a branch is gone back to, or a thought is left out.
//
//   node tests/bench/edit.mjs EDIT_COUNT MODEL.gguf --peer DIR [--length 2000]
//
// EDIT_COUNT is build/tests/engine/engine_edit; DIR as in beside.mjs.  The same
// ids go into both: a text of `length` tokens, then the same with another token
// at some place and `more` behind it.  Counted, not timed: for tarn what its
// batches held up to the first difference and behind it, for llama.cpp what its
// sequence evaluates after it kept what it can keep (adaptStateToTokens).
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

const option = (name, other) => {
  const i = process.argv.indexOf("--" + name);
  return i > 0 ? process.argv[i + 1] : other;
};
const [, , own, model] = process.argv;
const n = Number(option("length", 2000)), MORE = 20, PLACES = [0.05, 0.5, 0.95];
const id = (i, salt) => 300 + ((i * 7919 + salt * 31) % 1000);

/* The edits: [what, ids before, ids after]. */
const text = Array.from({ length: n }, (_, i) => id(i, 0));
const edits = PLACES.map(p => {
  const at = Math.floor(n * p);
  return [`an edit at ${at} of ${n}`, text, [...text.slice(0, at), ...Array.from({ length: MORE }, (_, i) => id(i, 7))]];
});
edits.push(["back to the first text", edits[1][2], text]);
edits.push(["a thought of 500 left out before the last 100", text,
  [...text.slice(0, n - 600), ...text.slice(n - 100)]]);

const same = (a, b) => {
  let k = 0;
  while (k < a.length && k < b.length && a[k] === b[k]) k++;
  return k;
};

/* tarn: one process, one text per line in, tokens run per line out. */
function ours() {
  const lines = edits.flatMap(([, a, b]) => [a, b]).map(v => v.join(",")).join("\n");
  const r = spawnSync(own, [model], { input: lines + "\n", encoding: "utf8", maxBuffer: 1 << 26 });
  if (r.status !== 0) throw new Error(r.stderr || r.stdout);
  return r.stdout.trim().split("\n").filter((_, i) => i % 2).map(Number);
}

async function theirs() {
  const require = createRequire(path.join(path.resolve(option("peer")), "x.js"));
  const { getLlama } = await import(pathToFileURL(require.resolve("node-llama-cpp")).href);
  const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: 2 });
  const m = await llama.loadModel({ modelPath: model, checkTensors: false });
  const ctx = await m.createContext({ contextSize: n + 256, batchSize: 512, threads: 2 });
  const out = [], seq = ctx.getSequence();
  for (const [, a, b] of edits) {
    await seq.adaptStateToTokens(a, false);
    await seq.evaluateWithoutGeneratingNewTokens(a.slice(seq.nextTokenIndex));
    await seq.adaptStateToTokens(b, false);
    out.push(b.length - seq.nextTokenIndex);
    await seq.evaluateWithoutGeneratingNewTokens(b.slice(seq.nextTokenIndex));
  }
  return out;
}

const a = ours(), b = await theirs();
console.log("| | new tokens | tarn runs | llama.cpp runs |\n|---|---|---|---|");
edits.forEach(([what, before, after], i) => {
  console.log(`| ${what} | ${after.length - same(before, after)} | ${a[i]} | ${b[i]} |`);
});
process.exit(0);

#!/usr/bin/env node
// logits_peer.mjs DIR MODEL.gguf IDS.json OUT.json - shares of all tokens after each
// token of each prompt, by llama.cpp.  Part of logits.py.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { readFileSync, writeFileSync } from "node:fs";
const [dir, model, file, out] = process.argv.slice(2);
const { getLlama } = await import(pathToFileURL(createRequire(dir + "/x.js").resolve("node-llama-cpp")).href);
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: 1 });
const m = await llama.loadModel({ modelPath: model });
const ctx = await m.createContext({ contextSize: 1024, threads: 1 });
const seq = ctx.getSequence();
const result = [];
for (const ids of JSON.parse(readFileSync(file, "utf8"))) {
  await seq.clearHistory();
  const rows = [];
  const input = ids.map((id) => [id, { generateNext: { probabilities: true, options: { temperature: 1, topK: 0, topP: 1, minP: 0 } } }]);
  for (const o of await seq.controlledEvaluate(input)) {
    const v = {};
    for (const [t, p] of o.next.probabilities) v[t] = p;
    rows.push(v);
  }
  result.push(rows);
}
writeFileSync(out, JSON.stringify(result));
process.exit(0);

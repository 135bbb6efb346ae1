#!/usr/bin/env node
// beside.mjs - tarn and llama.cpp on the same file, in turns, in one run.
//
//   node tests/bench/beside.mjs TARN MODEL.gguf --peer DIR
//        [--prompt 512] [--tokens 32] [--runs 5] [--threads 2] [--backend NAME]
//        [--flash] [--gpu vulkan]
//
// DIR holds a node_modules with node-llama-cpp (npm i node-llama-cpp there; it
// is no part of tarn).  Each run is a process of its own: a warm-up pass, one
// measured.  Prints medians and ratios; a ratio above 1 means tarn is faster.
// Decode follows the prompt, so a long prompt measures decode at that depth;
// the warm-up is short then.  --flash: llama.cpp with flash attention.  --gpu
// vulkan: llama.cpp with all layers on the graphics device (its package
// @node-llama-cpp/linux-x64-vulkan must lie there, too); give tarn --backend
// vulkan beside it.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import path from "node:path";

function option(name, other) {
  const i = process.argv.indexOf("--" + name);
  return i > 0 ? process.argv[i + 1] : other;
}

const P = Number(option("prompt", 512)), N = Number(option("tokens", 32));
const threads = Number(option("threads", 2)), runs = Number(option("runs", 5));
const peer = option("peer"), backend = option("backend");

const median = (v) => [...v].sort((a, b) => a - b)[v.length >> 1];
const list = (v) => v.map((x) => x.toFixed(1)).join(" ");

async function runPeer(model) {
  const require = createRequire(path.join(path.resolve(peer), "x.js"));
  const { getLlama } = await import(pathToFileURL(require.resolve("node-llama-cpp")).href);
  const llama = await getLlama({ gpu: option("gpu", false), build: "never", logLevel: "error", maxThreads: threads });
  const m = await llama.loadModel({ modelPath: model, checkTensors: false,
    ...(option("gpu") ? { gpuLayers: "max" } : {}) });
  const ctx = await m.createContext({ contextSize: P + N + 64, batchSize: Math.min(P, 2048),
    threads, flashAttention: process.argv.includes("--flash") });
  let out;
  for (let pass = 0; pass < 2; pass++) {
    const seq = ctx.getSequence();
    const n = pass === 0 && P > 2048 ? 256 : P;
    const ids = Array.from({ length: n }, (_, i) => 300 + ((i * 7919 + pass * 31) % 1000));
    const t0 = performance.now();
    await seq.evaluateWithoutGeneratingNewTokens(ids);
    const t1 = performance.now();
    let got = 0, first = 0;
    for await (const _ of seq.evaluate([301], { temperature: 0, yieldEogToken: true })) {
      if (got++ === 0) first = performance.now();
      if (got > N) break;
    }
    out = { prefill_tps: (P * 1000) / (t1 - t0), decode_tps: ((got - 1) * 1000) / (performance.now() - first) };
    await seq.clearHistory();
    seq.dispose();
  }
  console.log(JSON.stringify(out));
  process.exit(0);
}

function child(program, args) {
  const r = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 24 });
  if (r.status !== 0) throw new Error(`${program}: ${r.stderr}`);
  return JSON.parse(r.stdout.trim().split("\n").pop());
}

function main(tarn, model) {
  const own = ["bench", model, "-p", `${P}`, "-n", `${N}`, "-r", "1", "-t", `${threads}`,
    "--read-memory", "0", "--json"];
  if (backend) own.push("--backend", backend);
  const self = [fileURLToPath(import.meta.url), "--as-peer", model, ...process.argv.slice(4)];
  const ours = [], theirs = [];
  let name = "";
  for (let i = 0; i < runs; i++) {
    ours.push(child(tarn, own));
    theirs.push(child(process.execPath, self));
    name = ours[i].backend;
    process.stderr.write(`run ${i + 1}: prefill ${ours[i].prefill_tps.toFixed(1)} / ${theirs[i].prefill_tps.toFixed(1)}, ` +
      `decode ${ours[i].decode_tps.toFixed(2)} / ${theirs[i].decode_tps.toFixed(2)}\n`);
  }
  for (const key of ["prefill_tps", "decode_tps"]) {
    const a = ours.map((r) => r[key]), b = theirs.map((r) => r[key]);
    console.log(`${key}: ${name} ${median(a).toFixed(1)} (${list(a)}), llama.cpp ${median(b).toFixed(1)} (${list(b)}), ` +
      `ratio ${(median(a) / median(b)).toFixed(2)}`);
  }
}

if (process.argv[2] === "--as-peer") await runPeer(process.argv[3]);
else main(process.argv[2], process.argv[3]);

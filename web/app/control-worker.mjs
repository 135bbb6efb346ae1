// @ts-check
// control-worker.mjs - hears "stop" and "answer now" from the page while the
// engine's worker computes, and posts them through the shared memory.
import { enter } from './module.mjs';

self.onmessage = e => {
  const ex = enter(e.data);
  e.data.port.onmessage = (/** @type {MessageEvent} */ m) => ex.tarn_web_post(m.data.kind);
};

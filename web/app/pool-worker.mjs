// @ts-check
// pool-worker.mjs - a thread of the pool.  It enters the module once and
// never leaves; whoever made it ends it.
import { enter } from './module.mjs';

self.onmessage = e => { enter(e.data).tarn_web_worker(); };

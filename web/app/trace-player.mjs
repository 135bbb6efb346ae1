// @ts-check
// trace-player.mjs - a trace is played again with its own times (UX 7.7); no
// model is needed.  What is not there yet is hidden by `show`.
import { button, h } from './dom.mjs';
import { duration } from './form.mjs';
import { FLAGS, STEP, US, WITHDRAWN } from './trace-rows.mjs';

const SPEEDS = [1, 4, 16], STEP_MS = 100;

/** When each token was there, in ms. @param {import('./trace-rows.mjs').Whole} w */
export function timesOf(w) {
  let us = 0;
  return w.tokens.map(t => (us += t[US]) / 1000);
}

/** The same, but a step of a thought is there at once. @param {import('./trace-rows.mjs').Whole} w
 * @param {number[]} times */
export function steppedTimes(w, times) {
  const out = times.slice();
  for (let i = out.length - 2; i >= 0; i--) {
    const t = w.tokens[i], next = w.tokens[i + 1];
    if (t[STEP] >= 0 && t[STEP] === next[STEP] && !(t[FLAGS] & WITHDRAWN)) out[i] = out[i + 1];
  }
  return out;
}

export class Player {
  /** @param {{show: (n: number) => void, ended: () => void}} acts n: tokens that are there */
  constructor(acts) {
    this.acts = acts;
    /** @type {number[]} */
    this.times = [];
    this.at = 0;            // ms of the trace
    this.speed = 0;
    this.since = 0;         // performance.now() of the last tick
    this.playing = false;
    /** @type {ReturnType<typeof setInterval>|undefined} */
    this.timer = undefined;
    this.pause = button('btn.small', () => this.toggle(), 'Pause');
    this.pace = button('btn.small', () => { this.speed = (this.speed + 1) % SPEEDS.length; this.draw(); }, '×1');
    this.clock = h('span.hint.num');
    const end = button('btn.small', () => this.stop(), 'At once');
    this.node = h('div.player', this.pause, this.pace, end, this.clock);
    this.node.setAttribute('role', 'group');
    this.node.setAttribute('aria-label', 'Replay');
    this.node.hidden = true;
  }

  get active() { return !this.node.hidden; }

  /** @param {number[]} times of tokens, ascending, in ms */
  start(times) {
    this.times = times;
    this.at = 0;
    this.node.hidden = false;
    this.go();
  }

  go() {
    this.playing = true;
    this.since = performance.now();
    clearInterval(this.timer);
    this.timer = setInterval(() => this.tick(), STEP_MS / 3);
    this.draw();
  }

  toggle() {
    if (!this.playing) { this.go(); return; }
    this.tick();
    this.playing = false;
    clearInterval(this.timer);
    this.draw();
  }

  tick() {
    const now = performance.now();
    this.at += (now - this.since) * SPEEDS[this.speed];
    this.since = now;
    this.draw();
    if (this.at >= (this.times[this.times.length - 1] ?? 0)) this.stop();
  }

  draw() {
    const { times, at } = this;
    let lo = 0, hi = times.length;
    while (lo < hi) { const mid = (lo + hi) >> 1; if (times[mid] <= at) lo = mid + 1; else hi = mid; }
    this.pause.textContent = this.playing ? 'Pause' : 'Go on';
    this.pace.textContent = `×${SPEEDS[this.speed]}`;
    this.pace.setAttribute('aria-label', `Speed, ${SPEEDS[this.speed]} times`);
    this.clock.textContent = `${duration(Math.min(at, times[times.length - 1] ?? 0))} of ${duration(times[times.length - 1] ?? 0)} · ${lo} of ${times.length}`;
    this.acts.show(lo);
  }

  stop() {
    if (this.node.hidden) return;
    clearInterval(this.timer);
    const inside = this.node.contains(document.activeElement);
    this.playing = false;
    this.node.hidden = true;
    this.acts.show(Infinity);
    if (inside) this.acts.ended();
  }
}

"""Samples as token ids, made while training runs: chunk k is always the same, so a
run can go on where it stopped.  Whole samples are packed into rows."""
import collections
import multiprocessing
import re

import numpy as np

import tasks
from tokenizer import END, THINK_END, Tokenizer

CHUNK = 1000          # samples
SLIP = re.compile("\x05([^\x06]*)\x06")
# A call that was made before a tool's answer, in the form that is to be learned.
CALLED = re.compile(r"(<think>\n(?:(?!</think>).)*\n</think>\n<\|tool_call_start\|>[^'\n]*<\|tool_call_end\|><\|im_end\|>)", re.S)
_tok = None


def pieces(tok, text):
    """ids and weights; what stands between the marks of a slip weighs nothing."""
    ids, w = [], []
    for i, part in enumerate(SLIP.split(text)):
        x = tok.encode(part)
        ids += x
        w += [i % 2 == 0] * len(x)
    return ids, w


def encode(tok, r, s):
    """One sample: ids, weights (loss on what the model writes itself)."""
    p, pw = [], []
    for i, part in enumerate(CALLED.split(tasks.prompt(s["msgs"]))):
        x = tok.encode(part)
        p += x
        pw += [i % 2] * len(x)
    thought, tw = pieces(tok, "<think>\n" + s["think"])
    if s["cut"] and len(thought) > 3:
        k = r.randrange(2, len(thought))
        ans = tok.encode("\n" + (s["short"] if k < .9 * len(thought) else s["ans"])) + [END]
        return p + thought[:k] + [THINK_END] + ans, pw + [0] * (k + 1) + [1] * len(ans)
    rest = tok.encode("\n") + [THINK_END] + tok.encode("\n" + s["ans"]) + [END]
    return p + thought + rest, pw + tw + [1] * len(rest)


def chunk(job):
    """(seed, k, longest): ids, weights, offsets of CHUNK samples."""
    global _tok
    seed, k, longest = job
    _tok = _tok or Tokenizer()
    r = tasks.R(seed * 1000003 + k)
    ids, weights, off = [], [], [0]
    while len(off) <= CHUNK:
        a, w = encode(_tok, r, tasks.sample(r))
        if len(a) <= longest:
            ids += a
            weights += w
            off.append(len(ids))
    return np.array(ids, np.uint16), np.array(weights, np.uint8), np.array(off, np.int64)


def chunks(seed, first, longest, workers, every):
    """Chunks in order, made ahead by worker processes (0: here, when wanted)."""
    if not workers:
        while True:
            yield chunk((seed, first, longest))
            first += every
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        ahead = collections.deque()
        while True:
            while len(ahead) < 3 * workers:
                ahead.append(pool.apply_async(chunk, ((seed, first, longest),)))
                first += every
            yield ahead.popleft().get()


class Rows:
    """Packs whole samples into rows of `length`; `chunk` is the next chunk's number,
    one of `every` that several processes share."""

    def __init__(self, seed, first, length, workers, every=1):
        self.length, self.chunk, self.every = length, first, every
        self.source, self.samples, self.waiting = chunks(seed, first, length, workers, every), iter(()), []

    def next(self):
        s = next(self.samples, None)
        if s is None:
            ids, w, off = next(self.source)
            self.chunk += self.every
            self.samples = iter([(ids[a:b].astype(np.int64), w[a:b]) for a, b in zip(off, off[1:])])
            s = next(self.samples)
        return s

    def batch(self, n):
        """tokens, start of each token's sample, target or -1: [n][length]; tokens used."""
        T = self.length
        tok, y = np.zeros((n, T), np.int64), np.full((n, T), -1, np.int64)
        start, used = np.tile(np.arange(T, dtype=np.int32), (n, 1)), 0
        while len(self.waiting) < max(400, 4 * n):
            self.waiting.append(self.next())
        for b in range(n):
            fill = i = 0
            while i < min(61, len(self.waiting)) and T - fill >= 24:
                ids, w = self.waiting[i]
                m = len(ids)
                if fill + m > T:
                    i += 1
                    continue
                tok[b, fill:fill + m], start[b, fill:fill + m] = ids, fill
                y[b, fill:fill + m - 1] = np.where(w[1:] > 0, ids[1:], -1)
                fill += m
                self.waiting[i] = self.next()
            used += fill
        return tok, start, y.reshape(-1), used

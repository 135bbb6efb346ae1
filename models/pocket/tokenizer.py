"""Byte-level BPE: training, encoding, decoding.

Ids: 0-15 special tokens (0-13 as in LFM2.5), 16-271 the bytes, then the merges of
merges.json.  Numbers never merge, so every digit is one token.

  tokenizer.py MERGES.json SAMPLES SIZE    trains on samples of the generator
"""
import collections
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SPECIAL = ["<|pad|>", "<|startoftext|>", "<|endoftext|>", "<|fim_pre|>", "<|fim_mid|>", "<|fim_suf|>", "<|im_start|>", "<|im_end|>",
           "<|tool_list_start|>", "<|tool_list_end|>", "<|tool_call_start|>", "<|tool_call_end|>", "<|tool_response_start|>",
           "<|tool_response_end|>", "<think>", "</think>"]
END, THINK_END = 7, 15
FIRST_BYTE = 16
# The split of tokenizer.ggml.pre = lfm2, in Python's classes.
L, N = r"[^\W\d_]", r"\d"
SPLIT = re.compile(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|(?:(?!" + L + "|" + N + r")[^\r\n])?" + L + "+|" + N + r"{1,3}| ?(?:(?!" + L + "|" + N +
                   r")\S)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
RAW = "\x01[^\x02]*\x02"
PIECES = re.compile("(" + "|".join(map(re.escape, SPECIAL)) + "|" + RAW + ")")


def byte_chars():
    """The printable stand-ins of bytes that vocabularies of this kind use."""
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    out, n = {}, 0
    for b in range(256):
        if b in keep:
            out[b] = chr(b)
        else:
            out[b] = chr(256 + n)
            n += 1
    return out


CHAR = byte_chars()
BYTE = {c: b for b, c in CHAR.items()}


def train(texts, size):
    """The merges of the most frequent pair, again and again."""
    count = collections.Counter()
    for t in texts:
        for part in PIECES.split(t):
            if part and part not in SPECIAL and part[0] != "\x01":
                count.update(SPLIT.findall(part))
    words = [([CHAR[b] for b in w.encode()], c) for w, c in count.items() if not w.isdigit()]
    pairs, where = collections.Counter(), collections.defaultdict(set)
    for i, (w, c) in enumerate(words):
        for p in zip(w, w[1:]):
            pairs[p] += c
            where[p].add(i)
    merges = []
    while len(merges) < size - len(SPECIAL) - 256:
        p = max(pairs, key=lambda k: (pairs[k], k))
        if pairs[p] < 2:
            break
        merges.append(p)
        for i in list(where[p]):
            w, c = words[i]
            for q in zip(w, w[1:]):
                pairs[q] -= c
                where[q].discard(i)
            n, j = [], 0
            while j < len(w):
                if j + 1 < len(w) and (w[j], w[j + 1]) == p:
                    n.append(w[j] + w[j + 1])
                    j += 2
                else:
                    n.append(w[j])
                    j += 1
            words[i] = (n, c)
            for q in zip(n, n[1:]):
                pairs[q] += c
                where[q].add(i)
        del pairs[p]
    return merges


class Tokenizer:
    def __init__(self, path=os.path.join(HERE, "merges.json")):
        self.merges = [tuple(m) for m in json.load(open(path))]
        self.vocab = SPECIAL + [CHAR[b] for b in range(256)] + [a + b for a, b in self.merges]
        self.id = {t: i for i, t in enumerate(self.vocab)}
        self.rank = {m: i for i, m in enumerate(self.merges)}
        self.known = {}

    def word(self, w):
        r = self.known.get(w)
        if r is None:
            s = [CHAR[b] for b in w.encode()]
            while len(s) > 1:
                k, p = min((self.rank.get((s[i], s[i + 1]), 1 << 30), i) for i in range(len(s) - 1))
                if k == 1 << 30:
                    break
                s[p:p + 2] = [s[p] + s[p + 1]]
            r = self.known[w] = [self.id[t] for t in s]
        return r

    def encode(self, text):
        out = []
        for p in PIECES.split(text):
            if not p:
                continue
            if p in SPECIAL:
                out.append(self.id[p])
            elif p[0] == "\x01":
                out += [FIRST_BYTE + b for b in p[1:-1].encode()]
            else:
                for w in SPLIT.findall(p):
                    out += self.word(w)
        return out

    def decode(self, ids):
        b = b"".join(self.vocab[i].encode() if i < len(SPECIAL) else bytes(BYTE[c] for c in self.vocab[i]) for i in ids)
        return b.decode("utf-8", "replace")


def main(argv):
    import tasks
    r = tasks.R(77)
    texts = []
    for _ in range(int(argv[1])):
        s = tasks.sample(r)
        texts.append(re.sub("[\x05\x06]", "", tasks.prompt(s["msgs"]) + tasks.target(s)))
    json.dump(train(texts, int(argv[2])), open(argv[0], "w"), ensure_ascii=True, separators=(",", ":"))
    t = Tokenizer(argv[0])
    n = [len(t.encode(x)) for x in texts[:4000]]
    print(len(t.vocab), "tokens; sample length mean %.1f max %d" % (sum(n) / len(n), max(n)))
    assert all(t.decode(t.encode(x)) == tasks.clean(x) for x in texts[:2000])


if __name__ == "__main__":
    main(sys.argv[1:])

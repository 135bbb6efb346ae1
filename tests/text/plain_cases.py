#!/usr/bin/env python3
"""Writes plain_cases.jsonl: the lines of oracle/tokenizer/cases.jsonl where the
peer that made them replaces bytes, gives up, or reads a person's "<think>" as a
token.  The ids here are those that keep every byte and leave text text, from
the second opinion in oracle/bpe.py.

  python3 plain_cases.py > plain_cases.jsonl
"""
import json
import os
import sys

ORACLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../oracle")
sys.path.insert(0, ORACLE)
import bpe  # noqa: E402


def main():
    tokens, types, merges = bpe.vocabulary(
        bpe.load(os.path.join(ORACLE, "vocab.json")), 4100)
    ids = {t: i for i, t in enumerate(tokens) if types[i] == bpe.NORMAL_T}
    rank = {m: r for r, m in enumerate(merges)}

    def piece(text):
        word = bpe.to_chars(text.encode("utf-8", "surrogateescape"))
        if word in ids:
            return [ids[word]]
        parts = list(word)
        while len(parts) > 1:
            best = min(range(len(parts) - 1),
                       key=lambda i: rank.get((parts[i], parts[i + 1]), 1e9))
            if (parts[best], parts[best + 1]) not in rank:
                break
            parts[best:best + 2] = [parts[best] + parts[best + 1]]
        return [ids[p] for p in parts]

    for line in open(os.path.join(ORACLE, "tokenizer/cases.jsonl")):
        case = json.loads(line)
        data = bytes.fromhex(case["hex"])
        text = data.decode("utf-8", "surrogateescape")
        mine = [i for w in bpe.split(text) for i in piece(w)]
        if mine == case["ids"]:
            continue
        why = ("user token" if "hink>" in text else "bytes kept")
        print(json.dumps({"n": case["n"], "why": why, "ids": mine}))


main()

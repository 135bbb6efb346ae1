#!/usr/bin/env python3
"""tarn tokenize, detokenize and prompt from outside, in the forms that other
programs rely on.

  text_commands.py TARN ORACLE_DIR

Prints TAP.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from tap import check, done  # noqa: E402

TARN, ORACLE = sys.argv[1], sys.argv[2]
VOCAB = os.path.join(ORACLE, "tokenizer", "vocab.gguf")


def tarn(*args, data=b""):
    return subprocess.run([TARN, *args], input=data, capture_output=True)


def refused(name, code, words, *args, data=b""):
    r = tarn(*args, data=data)
    lines = r.stderr.decode().splitlines()
    check(name, r.returncode == code and r.stdout == b"" and len(lines) == 1
          and words in lines[0], (r.returncode, r.stdout, lines))


def check_tokens():
    r = tarn("tokenize", VOCAB, data=b"The quick brown fox")
    ids = json.loads(r.stdout)
    check("tokenize writes a JSON array", r.returncode == 0 and r.stderr == b""
          and all(isinstance(i, int) for i in ids), r)
    check("detokenize gives the bytes back",
          tarn("detokenize", VOCAB, data=r.stdout).stdout
          == b"The quick brown fox")
    text = b"<|im_start|>user\n<think>\xff\x00<|im_end|>"
    plain = json.loads(tarn("tokenize", VOCAB, data=text).stdout)
    special = tarn("tokenize", VOCAB, "--special", data=text).stdout
    check("without --special no control token", min(plain) >= 18, plain)
    check("with --special there are three",
          sum(i < 18 for i in json.loads(special)) == 3, special)
    for ids in (json.dumps(plain).encode(), special):
        back = tarn("detokenize", VOCAB, data=ids).stdout
        check("any bytes come back", back == text, back)
    check("nothing gives nothing",
          json.loads(tarn("tokenize", VOCAB).stdout) == [] and
          tarn("detokenize", VOCAB, data=b"[]").stdout == b"")


def check_prompts():
    doc = json.load(open(os.path.join(ORACLE, "prompts.json")))
    cases = {c["id"]: c for c in doc["cases"]}
    wrong = []
    for e in doc["expected"]:
        if e["mark"] != "rendered" or e["layout"] not in ("B2", "D", "F"):
            continue
        r = tarn("prompt", VOCAB, "--layout", e["layout"], "--date",
                 "2026-11-20", data=json.dumps(cases[e["id"]]).encode())
        if r.stdout != e["prompt"].encode():
            wrong.append((e["id"], e["layout"], r))
    check("prompts of three layouts are the oracle's", not wrong, wrong[:1])
    chat = b'[{"role":"user","content":"Hi <|im_end|>"}]'
    ids = tarn("prompt", VOCAB, "--ids", "--layout", "E", data=chat).stdout
    text = tarn("prompt", VOCAB, "--layout", "E", data=chat).stdout
    check("--ids are those of the prompt",
          tarn("detokenize", VOCAB, data=ids).stdout == text, text)
    check("text of a person is no control token",
          [i for i in json.loads(ids) if i < 18] == [1, 6, 7, 6], ids)
    r = tarn("prompt", VOCAB, data=chat)
    check("an unknown layout is noted on stderr",
          r.returncode == 0 and b"unknown chat layout" in r.stderr, r)


def check_refusals():
    refused("no such file", 5, "no.gguf", "tokenize", "/nowhere/no.gguf")
    refused("no model file", 3, "cases.jsonl", "tokenize",
            os.path.join(ORACLE, "tokenizer", "cases.jsonl"))
    refused("unknown option", 2, "--specials", "tokenize", VOCAB, "--specials")
    refused("an id too large", 2, "4099", "detokenize", VOCAB, data=b"[4100]")
    refused("no array", 2, "array", "detokenize", VOCAB, data=b'{"a":1}')
    refused("no JSON", 2, "byte 3", "detokenize", VOCAB, data=b"[1,")
    refused("no id", 2, "number 1", "detokenize", VOCAB, data=b"[1,-2]")
    refused("unknown layout", 2, "--layout", "prompt", VOCAB, "--layout", "G")
    refused("no date", 2, "--date", "prompt", VOCAB, "--date", "today")
    refused("a role nobody knows", 2, "message 0 has the role", "prompt",
            VOCAB, "--layout", "E", data=b'[{"role":"boss","content":"x"}]')
    for name in ("tokenize", "detokenize", "prompt"):
        r = tarn(name, "--help")
        check("%s --help has an example" % name,
              r.returncode == 0 and b"Example:" in r.stdout, r)
    with open("/dev/full", "wb") as full:
        r = subprocess.run([TARN, "tokenize", VOCAB], input=b"x", stdout=full,
                           stderr=subprocess.PIPE)
    check("a full disk is seen", r.returncode == 5, r)


check_tokens()
check_prompts()
check_refusals()
done()

"""Weights to GGUF and back: version 3, architecture lfm2moe, Q8_0 or F16.

  gguf.py WEIGHTS.pt OUT.gguf [q8_0|f16]
"""
import os
import struct
import sys

import numpy as np

import tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
U32, I32, F32, BOOL, STR, ARR = 4, 5, 6, 7, 8, 9
DESCRIPTION = "Very small model, trained from nothing on generated tasks: sums, letters, lists, weekdays, units, small word problems, tools. It knows no facts. %d tokens."


def text(x):
    b = x.encode()
    return struct.pack("<Q", len(b)) + b


def value(ty, v):
    return text(v) if ty == STR else struct.pack({U32: "<I", I32: "<i", F32: "<f", BOOL: "<?"}[ty], v)


class Header:
    def __init__(self):
        self.kv = []

    def add(self, k, ty, v):
        self.kv.append(text(k) + struct.pack("<I", ty) + value(ty, v))

    def list(self, k, ty, v):
        self.kv.append(text(k) + struct.pack("<IIQ", ARR, ty, len(v)) + b"".join(value(ty, x) for x in v))


def header(cfg, seen, kind):
    h, t, a = Header(), tokenizer.Tokenizer(), "lfm2moe."
    h.add("general.architecture", STR, "lfm2moe")
    h.add("general.type", STR, "model")
    h.add("general.name", STR, "tarn pocket")
    h.add("general.author", STR, "the tarn project")
    h.add("general.license", STR, "mit")
    h.add("general.description", STR, DESCRIPTION % seen)
    h.list("general.languages", STR, ["en"])
    h.add("general.size_label", STR, "8x1.2M")
    h.add("general.file_type", U32, 7 if kind == "q8_0" else 1)
    h.add("general.quantization_version", U32, 2)
    h.add("general.sampling.temp", F32, 0.0)
    h.add("general.sampling.top_k", I32, 1)
    h.add("general.sampling.penalty_repeat", F32, 1.0)
    for k, v in (("block_count", len(cfg["layers"])), ("context_length", cfg["ctx"]), ("embedding_length", cfg["d"]),
                 ("feed_forward_length", cfg["ff"]), ("expert_feed_forward_length", cfg["ffe"]), ("attention.head_count", cfg["heads"])):
        h.add(a + k, U32, v)
    h.list(a + "attention.head_count_kv", I32, [cfg["kv"] if k == "a" else 0 for k in cfg["layers"]])
    h.add(a + "attention.layer_norm_rms_epsilon", F32, cfg["eps"])
    h.add(a + "rope.freq_base", F32, cfg["theta"])
    for k, v in (("vocab_size", cfg["vocab"]), ("expert_count", cfg["experts"]), ("expert_used_count", cfg["top"]), ("expert_gating_func", 2),
                 ("leading_dense_block_count", cfg["lead"]), ("shortconv.l_cache", 3)):
        h.add(a + k, U32, v)
    h.add("tokenizer.ggml.model", STR, "gpt2")
    h.add("tokenizer.ggml.pre", STR, "lfm2")
    h.list("tokenizer.ggml.tokens", STR, t.vocab)
    h.list("tokenizer.ggml.token_type", I32, [4 if x in ("<think>", "</think>") else 3 if i < len(tokenizer.SPECIAL) else 1 for i, x in enumerate(t.vocab)])
    h.list("tokenizer.ggml.merges", STR, ["%s %s" % m for m in t.merges])
    for k, v in (("bos", 1), ("eos", 7), ("padding", 0)):
        h.add("tokenizer.ggml.%s_token_id" % k, U32, v)
    h.add("tokenizer.ggml.add_bos_token", BOOL, True)
    h.add("tokenizer.chat_template", STR, open(HERE + "/template.jinja").read().rstrip("\n"))
    return h.kv


def q8(x):
    b = x.reshape(-1, 32).astype(np.float32)
    d = np.abs(b).max(1) / 127
    i = np.where(d > 0, 1 / np.where(d > 0, d, 1), 0)
    o = np.empty((len(b), 34), np.uint8)
    o[:, :2] = d.astype(np.float16)[:, None].view(np.uint8)
    o[:, 2:] = np.rint(b * i[:, None]).clip(-127, 127).astype(np.int8).view(np.uint8)
    return o.tobytes()


def tensors(cfg, W):
    """(name, matrix to be quantised or not, array) in the order of the file."""
    yield "token_embd.weight", True, W["emb"]
    yield "token_embd_norm.weight", False, W["onorm"]
    e, H, K = cfg["e"], cfg["heads"], cfg["kv"]
    for i, k in enumerate(cfg["layers"]):
        L, b = "L%d." % i, "blk.%d." % i
        yield b + "attn_norm.weight", False, W[L + "n1"]
        yield b + "ffn_norm.weight", False, W[L + "n2"]
        if k == "c":
            yield b + "shortconv.in_proj.weight", True, W[L + "in"]
            yield b + "shortconv.out_proj.weight", True, W[L + "out"]
            yield b + "shortconv.conv.weight", False, W[L + "k"].T
        else:
            q = W[L + "qkv"]
            yield b + "attn_q.weight", True, q[:H * e]
            yield b + "attn_k.weight", True, q[H * e:(H + K) * e]
            yield b + "attn_v.weight", True, q[(H + K) * e:]
            yield b + "attn_output.weight", True, W[L + "o"]
            yield b + "attn_q_norm.weight", False, W[L + "qn"]
            yield b + "attn_k_norm.weight", False, W[L + "kn"]
        g = W[L + "gu"]
        if i < cfg["lead"]:
            f, s = cfg["ff"], ""
        else:
            f, s = cfg["ffe"], "_exps"
            yield b + "ffn_gate_inp.weight", False, W[L + "r"]
            yield b + "exp_probs_b.bias", False, W[L + "bias"]
        yield b + "ffn_gate%s.weight" % s, True, g[..., :f, :]
        yield b + "ffn_up%s.weight" % s, True, g[..., f:, :]
        yield b + "ffn_down%s.weight" % s, True, W[L + "dn"]


def write(path, cfg, W, seen, kind="q8_0"):
    kv, out, n = header(cfg, seen, kind), [], 0
    for name, big, x in tensors(cfg, W):
        x = np.ascontiguousarray(x, dtype=np.float32)
        n += x.size
        ty = (8 if kind == "q8_0" else 1) if big else 0
        out.append((name, x.shape, ty, q8(x) if ty == 8 else x.astype(np.float16).tobytes() if ty == 1 else x.tobytes()))
    with open(path, "wb") as o:
        h, off = b"GGUF" + struct.pack("<IQQ", 3, len(out), len(kv)) + b"".join(kv), 0
        for name, shape, ty, data in out:
            h += text(name) + struct.pack("<I", len(shape)) + struct.pack("<%dQ" % len(shape), *shape[::-1]) + struct.pack("<IQ", ty, off)
            off += len(data) + -len(data) % 32
        o.write(h + b"\0" * (-len(h) % 32))
        for _, _, _, data in out:
            o.write(data + b"\0" * (-len(data) % 32))
    print(path, os.path.getsize(path), "bytes,", n, "parameters,", len(out), "tensors")


# ---------------------------------------------------------------------- back
class Reader:
    """Tensors of a file that write() made, as float32."""

    def __init__(self, path):
        self.b, self.at, self.tensor = open(path, "rb").read(), 8, {}
        n, m = self.take("<Q"), self.take("<Q")
        for _ in range(m):
            self.text()
            self.skip(self.take("<I"))
        entries = []
        for _ in range(n):
            name = self.text()
            shape = [self.take("<Q") for _ in range(self.take("<I"))][::-1]
            entries.append((name, shape, self.take("<I"), self.take("<Q")))
        base = self.at + -self.at % 32
        for name, shape, ty, off in entries:
            self.tensor[name] = self.array(shape, ty, base + off)

    def take(self, f):
        v = struct.unpack_from(f, self.b, self.at)[0]
        self.at += struct.calcsize(f)
        return v

    def text(self):
        n = self.take("<Q")
        self.at += n
        return self.b[self.at - n:self.at].decode()

    def skip(self, ty):
        if ty == STR:
            self.text()
        elif ty == ARR:
            t, n = self.take("<I"), self.take("<Q")
            for _ in range(n):
                self.skip(t)
        else:
            self.at += {U32: 4, I32: 4, F32: 4, BOOL: 1}[ty]

    def array(self, shape, ty, at):
        n = int(np.prod(shape))
        if ty == 8:
            b = np.frombuffer(self.b, np.uint8, n // 32 * 34, at).reshape(-1, 34)
            x = b[:, :2].copy().view(np.float16).astype(np.float32) * b[:, 2:].view(np.int8).astype(np.float32)
        else:
            x = np.frombuffer(self.b, np.float16 if ty == 1 else np.float32, n, at).astype(np.float32)
        return x.reshape(shape)


def read(path, cfg):
    """The weights of a file by the names of model.py."""
    t, W = Reader(path).tensor, {}
    W["emb"], W["onorm"] = t["token_embd.weight"], t["token_embd_norm.weight"]
    for i, k in enumerate(cfg["layers"]):
        L, b = "L%d." % i, "blk.%d." % i
        W[L + "n1"], W[L + "n2"] = t[b + "attn_norm.weight"], t[b + "ffn_norm.weight"]
        if k == "c":
            W[L + "in"], W[L + "out"] = t[b + "shortconv.in_proj.weight"], t[b + "shortconv.out_proj.weight"]
            W[L + "k"] = t[b + "shortconv.conv.weight"].T
        else:
            W[L + "qkv"] = np.concatenate([t[b + "attn_%s.weight" % x] for x in "qkv"])
            W[L + "o"] = t[b + "attn_output.weight"]
            W[L + "qn"], W[L + "kn"] = t[b + "attn_q_norm.weight"], t[b + "attn_k_norm.weight"]
        s = "" if i < cfg["lead"] else "_exps"
        W[L + "gu"] = np.concatenate([t[b + "ffn_gate%s.weight" % s], t[b + "ffn_up%s.weight" % s]], -2)
        W[L + "dn"] = t[b + "ffn_down%s.weight" % s]
        if s:
            W[L + "r"], W[L + "bias"] = t[b + "ffn_gate_inp.weight"], t[b + "exp_probs_b.bias"]
    return {k: np.ascontiguousarray(v) for k, v in W.items()}


def main(argv):
    import torch
    ck = torch.load(argv[0], map_location="cpu")
    write(argv[1], ck["cfg"], {k: v.float().numpy() for k, v in ck["W"].items()}, ck["seen"], argv[2] if len(argv) > 2 else "q8_0")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Trains the pocket model; the same command on a processor and on one CUDA GPU.

  train.py OUT --tokens N | --seconds S   [options, see --help]

The schedule follows tokens (a run that repeats) or the clock (where the machine's
time is what counts): warm-up, constant, linear decay over the last part.  OUT/last.pt
holds everything and is taken up again; OUT/ema.pt the averaged weights for gguf.py;
OUT/log.csv: step, tokens, seconds, loss, share of right tokens, tokens/s, load of the
busiest expert / mean, learning rate factor.

Matrices go by Muon on blocks of 256 x 256, all else by Adam; routing biases move by
the experts' load.  Loss on what the model writes itself, without slips (data.py).
"""
import argparse
import os
import signal
import subprocess
import time

import torch
import torch.nn.functional as F

import data
import gguf
import model as M

HERE = os.path.dirname(os.path.abspath(__file__))


def arguments():
    a = argparse.ArgumentParser()
    a.add_argument("out")
    a.add_argument("--tokens", type=float, default=0)
    a.add_argument("--seconds", type=float, default=0)
    a.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    a.add_argument("--rows", type=int, default=0, help="rows of a step (16 on a processor, 192 on a GPU)")
    a.add_argument("--length", type=int, default=512)
    a.add_argument("--matrix-rate", type=float, default=.015)
    a.add_argument("--rate", type=float, default=.002)
    a.add_argument("--decay", type=float, default=.4, help="part of the run in which the rates fall")
    a.add_argument("--threads", type=int, default=0, help="0: 1 or 2, whichever is quicker now")
    a.add_argument("--workers", type=int, default=0, help="processes that make data")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--start", help="a GGUF file to go on from instead of chance")
    a.add_argument("--compile", action="store_true", help="torch.compile the forward pass (GPU)")
    return a.parse_args()


def is_matrix(k):
    return k.split(".")[-1] in ("in", "out", "qkv", "o", "gu", "dn")


class Blocks:
    """All matrices as one array of 256 x 256 blocks, for Muon."""

    def __init__(self, P):
        self.shape = {k: v.shape for k, v in P.items() if is_matrix(k)}
        self.at, n = {}, 0
        for k, s in self.shape.items():
            c = s.numel() // 65536
            self.at[k] = slice(n, n + c)
            n += c
        self.n = n

    def halves(self, k):  # [256][2 * 256]: blocks are halves of the columns
        return len(self.shape[k]) == 2 and self.shape[k][1] > 256

    def pack(self, k, v):
        return v.view(256, -1, 256).transpose(0, 1) if self.halves(k) else v.reshape(-1, 256, 256)

    def unpack(self, k, b):
        return (b.transpose(0, 1) if self.halves(k) else b).reshape(self.shape[k])


def orthogonal(G):
    """Newton-Schulz, five steps."""
    X = G.bfloat16()
    X = X / (X.float().pow(2).sum((1, 2), keepdim=True).sqrt() + 1e-7).bfloat16()
    for _ in range(5):
        A = torch.bmm(X, X.transpose(1, 2))
        X = torch.baddbmm(X, torch.baddbmm(A, A, A, beta=-4.7750, alpha=2.0315), X, beta=3.4445)
    return X


class Threads:
    """On a machine that others use, two threads can be slower than one, because
    each waits for the other: every 60 steps the other number is tried for 6."""

    def __init__(self, n):
        self.given, self.now, self.rate, self.mark = n, n or 1, {1: 0.0, 2: 0.0}, (time.time(), 0)
        torch.set_num_threads(self.now)

    def step(self, step, seen):
        k = step % 60
        if self.given or k not in (0, 6, 12):
            return
        t = time.time()
        if k:
            self.rate[self.now] = (seen - self.mark[1]) / (t - self.mark[0] + 1e-9)
        self.now = max(self.rate, key=self.rate.get) if k == 12 else 3 - self.now
        torch.set_num_threads(self.now)
        self.mark = (t, seen)


class Trainer:
    def __init__(self, a):
        self.a, self.cfg, self.dev = a, dict(M.CFG), torch.device(a.device)
        P = M.init(self.cfg, a.seed)
        if a.start:
            P = {k: torch.from_numpy(v) for k, v in gguf.read(a.start, self.cfg).items()}
        self.b = Blocks(P)
        self.rest = [k for k in P if not is_matrix(k) and not k.endswith("bias")]
        X = torch.empty(self.b.n, 256, 256)
        for k in self.b.at:
            X[self.b.at[k]] = self.b.pack(k, P[k])
        V = {k: P[k].clone() for k in P if not is_matrix(k)}
        s = dict(X=X, V=V, mom=torch.zeros_like(X), m1={k: torch.zeros_like(V[k]) for k in self.rest}, m2={k: torch.zeros_like(V[k]) for k in self.rest},
                 eX=X.clone(), eV={k: v.clone() for k, v in V.items()}, step=0, seen=0, used=0.0, chunk=0)
        if os.path.exists(a.out + "/last.pt"):
            s = torch.load(a.out + "/last.pt", map_location="cpu")
            print("goes on at step %d, %d tokens" % (s["step"], s["seen"]), flush=True)
        self.s = {k: self.to(v) for k, v in s.items()}
        self.G = torch.zeros_like(self.s["X"])
        self.rows = data.Rows(a.seed, self.s["chunk"], a.length, a.workers)
        self.n = a.rows or (16 if self.dev.type == "cpu" else 192)
        self.fused, self.forward = None, M.forward
        if self.dev.type == "cpu":
            self.load_fused()
        elif a.compile:
            self.forward = torch.compile(M.forward)

    def to(self, v):
        if isinstance(v, dict):
            return {k: x.to(self.dev) for k, x in v.items()}
        return v.to(self.dev) if isinstance(v, torch.Tensor) else v

    def load_fused(self):
        import fused
        lib = os.path.join(self.a.out, "libfast.so")
        subprocess.run(["gcc", "-O3", "-march=native", "-ffast-math", "-fopenmp", "-shared", "-fPIC", HERE + "/fast.c", "-o", lib, "-lm"], check=True)
        fused.load(os.path.abspath(lib))
        self.fused, self.cs = fused, M.rope(self.cfg, self.a.length)

    def weights(self, X, V, dtype):
        W = {k: self.b.unpack(k, X[at]).to(dtype) for k, at in self.b.at.items()}
        W.update(V)
        return W

    def loss(self, W, tok, st, y, stats):
        """Mean loss over targets; share of right ones."""
        if self.fused:
            h = self.fused.forward(self.cfg, W, tok, st, self.cs, stats)
        else:
            h = self.forward(self.cfg, W, tok, st, torch.bfloat16, stats)
        ix = (y >= 0).nonzero()[:, 0]
        logits, want = h[ix] @ W["emb"].to(h.dtype).t(), y[ix].contiguous()
        if self.fused:
            hit = torch.empty(len(ix), dtype=torch.uint8)
            return self.fused.XEnt.apply(logits, want, hit), hit
        return F.cross_entropy(logits.float(), want), (logits.detach().argmax(-1) == want)

    def factor(self):
        """Of the learning rates, by how much of the run is over."""
        a, s = self.a, self.s
        over = max(s["seen"] / a.tokens if a.tokens else 0, s["used"] / a.seconds if a.seconds else 0)
        return over, min(1, (s["step"] + 1) / 100) * min(1.0, (1 - over) / a.decay + 0.01)

    def step(self, lr):
        a, s, b = self.a, self.s, self.b
        tok, st, y, used = self.rows.batch(self.n)
        tok, st, y = (torch.from_numpy(v).to(self.dev, non_blocking=True) for v in (tok, st, y))
        W = {k: v.requires_grad_() if is_matrix(k) else v.detach().requires_grad_(not k.endswith("bias"))
             for k, v in self.weights(s["X"], s["V"], torch.bfloat16).items()}
        stats = {}
        loss, hit = self.loss(W, tok, st, y, stats)
        loss.backward()
        with torch.no_grad():
            for k, at in b.at.items():
                self.G[at] = b.pack(k, W[k].grad).float()
            s["mom"].mul_(.95).add_(self.G)
            U = orthogonal(self.G.add_(s["mom"], alpha=.95))
            s["X"].mul_(1 - a.matrix_rate * lr * .05).sub_(U.float(), alpha=a.matrix_rate * lr)
            s["step"] += 1
            for k in self.rest:
                g = W[k].grad.float()
                s["m1"][k].lerp_(g, .1)
                s["m2"][k].lerp_(g * g, .02)
                n = s["step"]
                s["V"][k].sub_(s["m1"][k] / (1 - .9 ** n) / ((s["m2"][k] / (1 - .98 ** n)).sqrt() + 1e-8), alpha=a.rate * lr)
            busy = self.balance(stats, lr)
            if s["step"] % 4 == 0:
                e = 1 - min(.96, s["step"] / (s["step"] + 20))
                s["eX"].lerp_(s["X"], e)
                for k in s["V"]:
                    s["eV"][k].lerp_(s["V"][k], e)
        s["seen"] += used
        s["chunk"] = self.rows.chunk
        return loss.detach(), hit.float().mean(), busy, used

    def balance(self, stats, lr):
        busy = 0
        for i, idx in stats.items():
            c = torch.bincount(idx.reshape(-1), minlength=self.cfg["experts"]).float()
            self.s["V"]["L%d.bias" % i] += .002 * lr * torch.sign(c.mean() - c)
            if self.s["step"] % 20 == 0:
                busy = max(busy, (c.max() / c.mean()).item())
        return busy

    def save(self):
        def put(x, name):
            torch.save(x, self.a.out + "/tmp.pt")
            os.replace(self.a.out + "/tmp.pt", self.a.out + "/" + name)
        put(self.s, "last.pt")
        W = {k: v.float().cpu().clone() for k, v in self.weights(self.s["eX"], self.s["eV"], torch.float32).items()}
        put(dict(cfg=self.cfg, W=W, seen=self.s["seen"], step=self.s["step"]), "ema.pt")


def main():
    a = arguments()
    if not a.tokens and not a.seconds:
        raise SystemExit("train.py: --tokens or --seconds")
    os.makedirs(a.out, exist_ok=True)
    threads = Threads(a.threads)
    torch.manual_seed(a.seed)
    t = Trainer(a)
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    signal.signal(signal.SIGINT, lambda *_: ended.append(1))
    log = open(a.out + "/log.csv", "a")
    last = saved = time.time()
    sums, n, tokens = None, 0, 0
    while not ended:
        over, lr = t.factor()
        if over >= 1:
            break
        threads.step(t.s["step"], t.s["seen"])
        before = time.time()
        loss, hit, busy, used = t.step(lr)
        t.s["used"] += min(time.time() - before, 60)
        v = torch.stack([loss.float().cpu(), hit.cpu()]) if t.dev.type == "cpu" else torch.stack([loss.float(), hit])
        sums, n, tokens = v if sums is None else sums + v, n + 1, tokens + used
        if t.s["step"] % 20 == 0:
            now, mean = time.time(), (sums / n).tolist()
            line = "%d,%d,%.0f,%.4f,%.4f,%.0f,%.2f,%.3f" % (t.s["step"], t.s["seen"], t.s["used"], mean[0], mean[1], tokens / (now - last), busy, lr)
            print(line, flush=True)
            log.write(line + "\n")
            log.flush()
            sums, n, tokens, last = None, 0, 0, now
        if time.time() - saved > 150:
            t.save()
            saved = time.time()
    t.save()
    print("stopped" if ended else "done", flush=True)


if __name__ == "__main__":
    main()

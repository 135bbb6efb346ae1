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
import multiprocessing
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
    a.add_argument("--processes", type=int, default=0, help="that share a step's rows (a processor's cores, one on a GPU)")
    a.add_argument("--workers", type=int, default=0, help="processes that make data")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--start", help="a GGUF file to go on from instead of chance")
    a.add_argument("--compile", action="store_true", help="torch.compile the forward pass (GPU)")
    a = a.parse_args()
    if not a.tokens and not a.seconds:
        raise SystemExit("train.py: --tokens or --seconds")
    if a.device != "cpu" and a.processes > 1:
        raise SystemExit("train.py: several processes share a step on a processor only")
    a.processes = a.processes or (len(os.sched_getaffinity(0)) if a.device == "cpu" else 1)
    return a


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


class Team:
    """The processes of a step: each has one thread, rows of its own and the same
    weights in shared memory; `mine` is its part of the blocks to be improved.  Two
    threads in one process wait for each other after every product, these twice a step."""

    def __init__(self, n, blocks, small, experts):
        self.n, self.rank = n, 0
        self.blocks = [torch.zeros(blocks, 256, 256) for _ in range(n)]
        self.small = [{k: torch.zeros_like(v) for k, v in small.items()} for _ in range(n)]
        self.load = [{k: torch.zeros(experts) for k in small if k.endswith("bias")} for _ in range(n)]
        self.told = torch.zeros(n, 3)            # loss, right ones, tokens
        self.chunk = torch.zeros(n, dtype=torch.int64)
        self.order = torch.zeros(2, dtype=torch.float64)  # rate factor, over
        self.barrier = None
        if n > 1:
            for x in shared([self.blocks, self.small, self.load, self.told, self.chunk, self.order]):
                x.share_memory_()
            self.barrier = multiprocessing.get_context("fork").Barrier(n)

    def meet(self):
        if self.barrier:
            self.barrier.wait(600)

    def mine(self):
        b = len(self.blocks[0])
        return slice(b * self.rank // self.n, b * (self.rank + 1) // self.n)


def shared(x):
    """All tensors in lists and dicts."""
    if isinstance(x, torch.Tensor):
        yield x
    elif isinstance(x, (dict, list)):
        for v in x.values() if isinstance(x, dict) else x:
            yield from shared(v)


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
        self.n = (a.rows or (16 if self.dev.type == "cpu" else 192)) // a.processes
        self.team = Team(a.processes, self.b.n, V, self.cfg["experts"])
        if a.processes > 1:
            for x in shared(self.s):
                x.share_memory_()
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
        ix = (y >= 0).nonzero()[:, 0]
        if self.fused:
            h = self.fused.forward(self.cfg, W, tok, st, self.cs, ix, stats)
        else:
            h = self.forward(self.cfg, W, tok, st, torch.bfloat16, stats)[ix]
        logits, want = h @ W["emb"].to(h.dtype).t(), y[ix].contiguous()
        if self.fused:
            hit = torch.empty(len(ix), dtype=torch.uint8)
            return self.fused.XEnt.apply(logits, want, hit), hit
        return F.cross_entropy(logits.float(), want), (logits.detach().argmax(-1) == want)

    def factor(self):
        """Of the learning rates, by how much of the run is over."""
        a, s = self.a, self.s
        over = max(s["seen"] / a.tokens if a.tokens else 0, s["used"] / a.seconds if a.seconds else 0)
        return over, min(1, (s["step"] + 1) / 100) * min(1.0, (1 - over) / a.decay + 0.01)

    def start(self, rank):
        """In the process itself: where its data come from."""
        self.team.rank, n = rank, self.team.n
        self.rows = data.Rows(self.a.seed, (self.s["chunk"] + n - 1) // n * n + rank, self.a.length, self.a.workers // n, n)

    def gradients(self):
        a, s, t = self.a, self.s, self.team
        tok, st, y, used = self.rows.batch(self.n)
        tok, st, y = (torch.from_numpy(v).to(self.dev, non_blocking=True) for v in (tok, st, y))
        W = {k: v.requires_grad_() if is_matrix(k) else v.detach().requires_grad_(not k.endswith("bias"))
             for k, v in self.weights(s["X"], s["V"], torch.bfloat16).items()}
        stats = {}
        loss, hit = self.loss(W, tok, st, y, stats)
        loss.backward()
        with torch.no_grad():
            for k, at in self.b.at.items():
                t.blocks[t.rank][at] = self.b.pack(k, W[k].grad)
            for k in self.rest:
                t.small[t.rank][k].copy_(W[k].grad)
            for i, idx in stats.items():
                t.load[t.rank]["L%d.bias" % i].copy_(torch.bincount(idx.reshape(-1), minlength=self.cfg["experts"]))
            t.told[t.rank] = torch.stack([loss.detach().float().cpu(), hit.float().mean().cpu(), torch.tensor(float(used))])
            t.chunk[t.rank] = self.rows.chunk

    def improve(self, lr):
        """Muon for this process's blocks; the first one has all else too."""
        a, s, t = self.a, self.s, self.team
        m, e = t.mine(), 1 - min(.96, s["step"] / (s["step"] + 20))
        s["step"] += 1
        G = torch.stack([g[m] for g in t.blocks]).mean(0) if t.n > 1 else t.blocks[0].to(self.dev)
        mom, X = s["mom"][m], s["X"][m]
        mom.mul_(.95).add_(G)
        U = orthogonal(G.add_(mom, alpha=.95))
        X.mul_(1 - a.matrix_rate * lr * .05).sub_(U.float(), alpha=a.matrix_rate * lr)
        if s["step"] % 4 == 0:
            s["eX"][m].lerp_(X, e)
        return self.improve_small(lr, e) if t.rank == 0 else 0

    def improve_small(self, lr, e):
        """Adam for what is no matrix, biases by load; the busiest expert's share."""
        a, s, t, busy = self.a, self.s, self.team, 0
        n = s["step"]
        for k in self.rest:
            g = sum(v[k] for v in t.small) / t.n
            g = g.to(self.dev)
            s["m1"][k].lerp_(g, .1)
            s["m2"][k].lerp_(g * g, .02)
            s["V"][k].sub_(s["m1"][k] / (1 - .9 ** n) / ((s["m2"][k] / (1 - .98 ** n)).sqrt() + 1e-8), alpha=a.rate * lr)
        for k in t.load[0]:
            c = sum(v[k] for v in t.load).to(self.dev)
            s["V"][k] += .002 * lr * torch.sign(c.mean() - c)
            if n % 20 == 0:
                busy = max(busy, (c.max() / c.mean()).item())
        if n % 4 == 0:
            for k in s["V"]:
                s["eV"][k].lerp_(s["V"][k], e)
        s["seen"] += int(t.told[:, 2].sum())
        s["chunk"] = int(t.chunk.max())
        return busy

    def save(self):
        def put(x, name):
            torch.save(x, self.a.out + "/tmp.pt")
            os.replace(self.a.out + "/tmp.pt", self.a.out + "/" + name)
        put(self.s, "last.pt")
        W = {k: v.float().cpu().clone() for k, v in self.weights(self.s["eX"], self.s["eV"], torch.float32).items()}
        put(dict(cfg=self.cfg, W=W, seen=self.s["seen"], step=self.s["step"]), "ema.pt")


def run(t, rank):
    """One process's loop; the first says when it ends, logs and saves."""
    a, team, ended = t.a, t.team, []
    torch.set_num_threads(1 if team.n > 1 else torch.get_num_threads())
    for k in (signal.SIGTERM, signal.SIGINT):
        signal.signal(k, (lambda *_: ended.append(1)) if rank == 0 else signal.SIG_IGN)
    t.start(rank)
    log = open(a.out + "/log.csv", "a") if rank == 0 else None
    last = saved = time.time()
    sums, n, busy = torch.zeros(3), 0, 0
    while True:
        before = time.time()
        if rank == 0:
            over, lr = t.factor()
            team.order[0], team.order[1] = lr, bool(ended or over >= 1)
        team.meet()
        if team.order[1]:
            break
        if rank == 0 and before - saved > 150:
            t.save()
            saved = before
        lr = team.order[0].item()
        t.gradients()
        team.meet()
        with torch.no_grad():
            busy = t.improve(lr)
        if rank:
            continue
        t.s["used"] += min(time.time() - before, 60)
        sums, n = sums + torch.cat([team.told[:, :2].mean(0), team.told[:, 2].sum().view(1)]), n + 1
        if t.s["step"] % 20 == 0:
            now, (loss, hit, tokens) = time.time(), sums.tolist()
            line = "%d,%d,%.0f,%.4f,%.4f,%.0f,%.2f,%.3f" % (t.s["step"], t.s["seen"], t.s["used"], loss / n, hit / n, tokens / (now - last), busy, lr)
            print(line, flush=True)
            log.write(line + "\n")
            log.flush()
            sums, n, last = torch.zeros(3), 0, now
    if rank == 0:
        t.save()
        print("stopped" if ended else "done", flush=True)


def main():
    a = arguments()
    os.makedirs(a.out, exist_ok=True)
    torch.manual_seed(a.seed)
    if a.processes > 1:
        torch.set_num_threads(1)  # before the fork: a pool of threads would be lost in it
    t = Trainer(a)
    others = [multiprocessing.get_context("fork").Process(target=run, args=(t, k), daemon=True) for k in range(1, a.processes)]
    for p in others:
        p.start()
    run(t, 0)
    for p in others:
        p.join()


if __name__ == "__main__":
    main()

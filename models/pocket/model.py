"""The pocket model in plain torch, on any device: architecture lfm2moe at a very
small size.  fused.py has the same forward pass for processors."""
import math

import torch
import torch.nn.functional as F

CFG = dict(vocab=1536, d=256, layers="ccacaca", lead=3, heads=8, kv=4, e=32, ff=512, experts=8, top=2, ffe=256,
           theta=10000.0, eps=1e-5, ctx=2048)


def init(cfg, seed=1):
    """emb [vocab][d]; per layer L0.in [3 d][d] (B, C, X), k [3][d] (oldest tap first),
    qkv [(heads + 2 kv) e][d], gu [2 ff][d] (gate, up), dn [d][ff], with experts in front."""
    g = torch.Generator().manual_seed(seed)

    def n(*s, std):
        return torch.randn(*s, generator=g) * std
    d, P = cfg["d"], {}
    a, b = 0.6 / math.sqrt(d), 0.25 / math.sqrt(d)
    P["emb"], P["onorm"] = n(cfg["vocab"], d, std=0.02), torch.ones(d)
    for i, k in enumerate(cfg["layers"]):
        p = "L%d." % i
        P[p + "n1"], P[p + "n2"] = torch.ones(d), torch.ones(d)
        if k == "c":
            P[p + "in"], P[p + "out"], P[p + "k"] = n(3 * d, d, std=a * 1.5), n(d, d, std=b), n(3, d, std=0.4)
        else:
            P[p + "qkv"], P[p + "o"] = n((cfg["heads"] + 2 * cfg["kv"]) * cfg["e"], d, std=a), n(d, d, std=b)
            P[p + "qn"], P[p + "kn"] = torch.ones(cfg["e"]), torch.ones(cfg["e"])
        if i < cfg["lead"]:
            P[p + "gu"], P[p + "dn"] = n(2 * cfg["ff"], d, std=a), n(d, cfg["ff"], std=b)
        else:
            P[p + "r"] = n(cfg["experts"], d, std=a)
            P[p + "gu"], P[p + "dn"] = n(cfg["experts"], 2 * cfg["ffe"], d, std=a), n(cfg["experts"], d, cfg["ffe"], std=b)
            P[p + "bias"] = torch.zeros(cfg["experts"])
    return P


def rope(cfg, T):
    """[T][e]: cosines, then sines."""
    inv = cfg["theta"] ** (-torch.arange(0, cfg["e"], 2).double() / cfg["e"])
    a = torch.arange(T).double()[:, None] * inv[None]
    return torch.cat([a.cos(), a.sin()], 1).float().contiguous()


def route(cfg, x, r, bias):
    s = torch.sigmoid((x @ r.to(x.dtype).t()).float())
    idx = (s.detach() + bias).topk(cfg["top"], -1).indices
    p = s.gather(-1, idx)
    return p / (p.sum(-1, keepdim=True) + 1e-6), idx


def rms(x, w, eps):
    f = x.float()
    return (f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + eps) * w).to(x.dtype)


def experts(cfg, x, p, idx, gu, dn):
    """Every expert on every row where x is on a GPU (regular products are faster
    there than picking rows), else each on its own rows."""
    if x.is_cuda:
        w = torch.zeros(x.shape[0], cfg["experts"], device=x.device, dtype=p.dtype).scatter(1, idx, p)
        g, u = torch.einsum("nd,efd->enf", x, gu).chunk(2, -1)
        y = F.silu(g) * u * w.t()[..., None].to(x.dtype)
        return torch.einsum("enf,edf->nd", y, dn)
    y = torch.zeros_like(x)
    for e in range(cfg["experts"]):
        t, k = (idx == e).nonzero(as_tuple=True)
        if len(t):
            g, u = (x[t] @ gu[e].t()).chunk(2, -1)
            y = y.index_add(0, t, ((F.silu(g) * u) @ dn[e].t()) * p[t, k, None].to(x.dtype))
    return y


def attend(q, k, v, ok, scale):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=ok)
    a = (q @ k.transpose(-1, -2)).float() * scale
    return a.masked_fill(~ok, -1e30).softmax(-1).to(q.dtype) @ v


def forward(cfg, W, tok, st, dtype=torch.float32, stats=None):
    """tok, st: [B][T]; st is the first position of the token's own sample.
    Returns hidden states [B T][d] behind the last norm."""
    B, T = tok.shape
    d, e, H, K = cfg["d"], cfg["e"], cfg["heads"], cfg["kv"]
    pos = torch.arange(T, device=tok.device)
    cs = rope(cfg, T).to(tok.device)
    c, s = cs[None, :, None, :e // 2], cs[None, :, None, e // 2:]
    ok = ((pos[None, None, :] <= pos[None, :, None]) & (pos[None, None, :] >= st[:, :, None]))[:, None]
    lim = pos[None] - st

    def w(k):
        return W[k].to(dtype)

    def rot(a):
        a0, a1 = a.float().chunk(2, -1)
        return torch.cat([a0 * c - a1 * s, a1 * c + a0 * s], -1).to(dtype).transpose(1, 2)
    x = F.embedding(tok, W["emb"]).to(dtype).reshape(B * T, d)
    for i, kind in enumerate(cfg["layers"]):
        L = "L%d." % i
        h = rms(x, W[L + "n1"], cfg["eps"])
        if kind == "c":
            b, cc, xx = (h @ w(L + "in").t()).reshape(B, T, 3, d).unbind(2)
            z, k = b * xx, w(L + "k")
            v = z * k[2]
            for j in (1, 2):
                v = v + F.pad(z, (0, 0, j, 0))[:, :T] * k[2 - j] * (lim >= j)[..., None].to(dtype)
            h = (cc * v).reshape(B * T, d) @ w(L + "out").t()
        else:
            q, k, v = (h @ w(L + "qkv").t()).reshape(B, T, H + 2 * K, e).split([H, K, K], 2)
            q, k, v = rot(rms(q, W[L + "qn"], cfg["eps"])), rot(rms(k, W[L + "kn"], cfg["eps"])), v.transpose(1, 2)
            k, v = k.repeat_interleave(H // K, 1), v.repeat_interleave(H // K, 1)
            h = attend(q, k, v, ok, e ** -0.5).transpose(1, 2).reshape(B * T, d) @ w(L + "o").t()
        x = x + h
        h = rms(x, W[L + "n2"], cfg["eps"])
        if i < cfg["lead"]:
            g, u = (h @ w(L + "gu").t()).chunk(2, -1)
            h = (F.silu(g) * u) @ w(L + "dn").t()
        else:
            p, idx = route(cfg, h, W[L + "r"], W[L + "bias"])
            if stats is not None:
                stats[i] = idx
            h = experts(cfg, h, p, idx, w(L + "gu"), w(L + "dn"))
        x = x + h
    return rms(x, W["onorm"], cfg["eps"])

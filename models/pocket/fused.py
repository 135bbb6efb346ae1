"""The forward pass on a processor, in bf16 with the fused kernels of fast.c; model.py
has the same in plain torch.  load(path) first."""
import ctypes

import torch
import torch.nn.functional as F

from model import route

_lib = None
def load(path):
    global _lib
    _lib = ctypes.CDLL(path); _lib.xent.restype = ctypes.c_double
def _c(name, *a):
    r = []
    for v in a:
        if v is None: r.append(ctypes.c_void_p(0))
        elif isinstance(v, torch.Tensor): assert v.is_contiguous(); r.append(ctypes.c_void_p(v.data_ptr()))
        elif isinstance(v, float): r.append(ctypes.c_float(v))
        else: r.append(ctypes.c_long(v))
    return getattr(_lib, name)(*r)

class AddNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, h, w, eps):
        n, d = x.shape; s = torch.empty_like(x) if h is not None else x; y = torch.empty_like(x); rs = torch.empty(n)
        _c("addnorm_f", x, h, w, s, y, rs, n, d, eps)
        ctx.save_for_backward(s, w, rs); ctx.h = h is not None
        ctx.mark_non_differentiable() if ctx.h else None
        return (s, y) if ctx.h else y
    @staticmethod
    def backward(ctx, *g):
        s, w, rs = ctx.saved_tensors; n, d = s.shape
        gs, gy = g if ctx.h else (None, g[0])
        gx = torch.empty_like(s); gw = torch.zeros(d)
        _c("addnorm_b", s, w, rs, gy.contiguous(), None if gs is None else gs.contiguous(), gx, gw, n, d)
        return gx, (gx if ctx.h else None), gw, None

class SwiGLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        n, f = a.shape[0], a.shape[1] // 2; y = a.new_empty(n, f); _c("swiglu_f", a, None, y, n, f); ctx.save_for_backward(a); return y
    @staticmethod
    def backward(ctx, g):
        a, = ctx.saved_tensors; ga = torch.empty_like(a); _c("swiglu_b", a, None, g.contiguous(), ga, None, a.shape[0], a.shape[1] // 2); return ga

class Conv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, w, st):
        B, T = st.shape; d = w.shape[1]; y = a.new_empty(B * T, d); _c("conv_f", a, w, st, y, B, T, d); ctx.save_for_backward(a, w, st); return y
    @staticmethod
    def backward(ctx, g):
        a, w, st = ctx.saved_tensors; B, T = st.shape; ga = torch.empty_like(a); gw = torch.zeros_like(w)
        _c("conv_b", a, w, st, g.contiguous(), ga, gw, B, T, w.shape[1]); return ga, gw, None

def turned(x):
    """A narrow matrix turned costs less than a product with a turned wide one."""
    return x.transpose(1, 2).contiguous()

class Attn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, wq, wk, cs, st, dims):
        B, T, H, K, e, eps = dims
        q, k, v = a.new_empty(B * K, H // K * T, e), a.new_empty(B * K, T, e), a.new_empty(B * K, T, e); rs = torch.empty(B * T, H + K)
        _c("qkv_f", a, wq, wk, cs, q, k, v, rs, B, T, H, K, e, eps)
        p = torch.bmm(q, turned(k)); _c("smax_f", p, st, e ** -0.5, B * K, K, H // K * T, T)
        o = torch.bmm(p, v)
        ctx.save_for_backward(a, wq, wk, cs, st, q, k, v, rs, p); ctx.dims = dims
        return o.view(B, H, T, e).transpose(1, 2).reshape(B * T, H * e)
    @staticmethod
    def backward(ctx, g):
        a, wq, wk, cs, st, q, k, v, rs, p = ctx.saved_tensors; B, T, H, K, e, eps = ctx.dims
        g = g.view(B, T, H, e).transpose(1, 2).reshape(B * K, H // K * T, e)
        gv = turned(torch.bmm(turned(g), p)); gs = torch.bmm(g, turned(v))
        _c("smax_b", p, gs, st, e ** -0.5, B * K, K, H // K * T, T)
        gq, gk = torch.bmm(gs, k), turned(torch.bmm(turned(q), gs))
        ga = torch.empty_like(a); gwq, gwk = torch.zeros_like(wq), torch.zeros_like(wk)
        _c("qkv_b", a, wq, wk, cs, gq, gk, gv, rs, ga, gwq, gwk, B, T, H, K, e)
        return ga, gwq, gwk, None, None, None

class MoE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, p, idx, gu, dn):
        n, d = x.shape; E, f2, _ = gu.shape; k = idx.shape[1]
        fl = idx.reshape(-1); order = fl.argsort(); cnt = torch.bincount(fl, minlength=E).tolist()
        tok = torch.div(order, k, rounding_mode="floor"); pos = torch.empty_like(order); pos[order] = torch.arange(n * k)
        ps = p.reshape(-1)[order].contiguous()
        xs = x.new_empty(n * k, d); _c("gather", x, tok, xs, n * k, d)
        a = x.new_empty(n * k, f2); y = x.new_empty(n * k, f2 // 2); o = x.new_empty(n * k, d); s = 0
        for e in range(E):
            if cnt[e]: torch.mm(xs[s:s + cnt[e]], gu[e].t(), out=a[s:s + cnt[e]])
            s += cnt[e]
        _c("swiglu_f", a, ps, y, n * k, f2 // 2); s = 0
        for e in range(E):
            if cnt[e]: torch.mm(y[s:s + cnt[e]], dn[e].t(), out=o[s:s + cnt[e]])
            s += cnt[e]
        r = torch.empty_like(x); _c("psum", o, pos, r, n, k, d)
        ctx.save_for_backward(xs, a, y, ps, tok, pos, order, gu, dn); ctx.cnt = cnt
        return r
    @staticmethod
    def backward(ctx, g):
        xs, a, y, ps, tok, pos, order, gu, dn = ctx.saved_tensors; cnt = ctx.cnt; m, d = xs.shape; n = g.shape[0]; k = m // n
        go = torch.empty_like(xs); _c("gather", g.contiguous(), tok, go, m, d)
        gy, ga, gxs = torch.empty_like(y), torch.empty_like(a), torch.empty_like(xs); ggu, gdn = torch.zeros_like(gu), torch.zeros_like(dn); s = 0
        for e, c in enumerate(cnt):
            if c: torch.mm(go[s:s + c], dn[e], out=gy[s:s + c]); torch.mm(go[s:s + c].t(), y[s:s + c], out=gdn[e])
            s += c
        gps = torch.empty(m); _c("swiglu_b", a, ps, gy, ga, gps, m, y.shape[1]); s = 0
        # y carries the routing weight, so swiglu_b's gps is already d(loss)/d(weight)
        for e, c in enumerate(cnt):
            if c: torch.mm(ga[s:s + c], gu[e], out=gxs[s:s + c]); torch.mm(ga[s:s + c].t(), xs[s:s + c], out=ggu[e])
            s += c
        gx = torch.empty_like(g); _c("psum", gxs, pos, gx, n, k, d)
        gp = torch.empty(m); gp[order] = gps
        return gx, gp.view(n, k), None, ggu, gdn

class XEnt(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, y, hit):
        n, V = logits.shape; s = _c("xent", logits, y, 1.0 / n, n, V, hit); ctx.save_for_backward(logits); ctx.mark_dirty()
        return torch.tensor(s / n)
    @staticmethod
    def backward(ctx, g):
        return ctx.saved_tensors[0], None, None

class Pick(torch.autograd.Function):
    """Rows ix of x, each at most once."""
    @staticmethod
    def forward(ctx, x, ix):
        ctx.save_for_backward(ix); ctx.shape = x.shape; return x.index_select(0, ix)
    @staticmethod
    def backward(ctx, g):
        ix, = ctx.saved_tensors; gx = g.new_zeros(ctx.shape); gx[ix] = g; return gx, None

def forward(cfg, W, tok, st, cs, ix, stats=None):
    """The last hidden states of the rows ix (of B T), which are those that are judged;
    of the others the last layer needs keys and values alone.
    W: bf16 leaves for matrices, f32 leaves for the rest. st int32."""
    B, T = tok.shape; d = cfg["d"]; eps = cfg["eps"]
    x = F.embedding(tok.reshape(-1), W["emb"]).bfloat16(); h = None
    for i, kind in enumerate(cfg["layers"]):
        L = "L%d." % i
        if h is None: y = AddNorm.apply(x, None, W[L + "n1"], eps)
        else: x, y = AddNorm.apply(x, h, W[L + "n1"], eps)
        if kind == "c":
            h, o = Conv.apply(F.linear(y, W[L + "in"]), W[L + "k"], st), "out"
        else:
            h, o = Attn.apply(F.linear(y, W[L + "qkv"]), W[L + "qn"], W[L + "kn"], cs, st, (B, T, cfg["heads"], cfg["kv"], cfg["e"], eps)), "o"
        if i == len(cfg["layers"]) - 1:
            x, h = Pick.apply(x, ix), Pick.apply(h, ix)
        h = F.linear(h, W[L + o])
        x, y = AddNorm.apply(x, h, W[L + "n2"], eps)
        if i < cfg["lead"]:
            h = F.linear(SwiGLU.apply(F.linear(y, W[L + "gu"])), W[L + "dn"])
        else:
            p, idx = route(cfg, y, W[L + "r"], W[L + "bias"])
            if stats is not None: stats[i] = idx
            h = MoE.apply(y, p, idx, W[L + "gu"], W[L + "dn"])
    return AddNorm.apply(x, h, W["onorm"], eps)[1]

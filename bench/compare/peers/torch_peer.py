"""The rows in PyTorch, by hand and by autograd."""
import sys

import torch
from torch.nn import functional as F

from inputs import *

torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(1)
torch.set_grad_enabled(False)
t = torch.from_numpy


def drawn(p, u):  # in place; torch.bernoulli takes about twice as long
    return u.uniform_().lt_(p)


def product(m, k, n, ta, tb):
    def make():
        a, b = t(fill(f32, 1, 1, *((k, m) if ta else (m, k)))), t(fill(f32, 2, 1, *((n, k) if tb else (k, n))))
        a, b, c = a.t() if ta else a, b.t() if tb else b, torch.empty(m, n)
        return lambda: torch.mm(a, b, out=c), lambda: weighted_sum(c)
    return make


def cd(dtype):
    def make():
        W, b, c = map(t, rbm(dtype))
        v0, before, rate = t(bits(dtype, 5, B, V)), W.clone(), 0.01 / B
        uh, uv = torch.empty(B, H, dtype=W.dtype), torch.empty(B, V, dtype=W.dtype)

        def step():
            p0 = torch.addmm(c, v0, W).sigmoid_()
            h0 = drawn(p0, uh)
            q = torch.addmm(b, h0, W.t()).sigmoid_()
            v1 = drawn(q, uv)
            p1 = torch.addmm(c, v1, W).sigmoid_()
            W.addmm_(v0.t(), p0, alpha=rate)
            W.addmm_(v1.t(), p1, alpha=-rate)
            b.add_(v0.sum(0) - v1.sum(0), alpha=rate)
            c.add_(p0.sum(0) - p1.sum(0), alpha=rate)
        return step, lambda: weighted_sum(W.double() - before)
    return make


def gibbs():
    W, b, c = map(t, rbm(f32))
    v, h = t(bits(f32, 5, B, V)), torch.empty(B, H)

    def step():
        for _ in range(SWEEPS):
            drawn(torch.addmm(c, v, W).sigmoid_(), h)
            drawn(torch.addmm(b, h, W.t()).sigmoid_(), v)
    return step, lambda: weighted_sum(v)


def sample():
    x, bias = t(fill(f32, 1, 4, 1000, 1000)), t(fill(f32, 2, 4, 1000))
    p, u = torch.empty_like(x), torch.empty_like(x)
    return lambda: drawn(torch.add(x, bias, out=p).sigmoid_(), u), lambda: weighted_sum(u)


def inputs():
    return t(fill(f32, 1, 4, STATES, DIMS)), t(fill(f32, 2, 4, STORED, DIMS)), t(fill(f32, 3, 1, STATES, DIMS)) / STATES


def association():
    Q, K, _ = inputs()
    out = [Q]

    def step():
        out[0] = torch.softmax((Q * BETA) @ K.t(), 1) @ K
    return step, lambda: weighted_sum(out[0])


def association_grad():
    Q, K, G = inputs()
    Q.requires_grad_(), K.requires_grad_()

    def step():
        Q.grad = K.grad = None
        with torch.enable_grad():
            out = torch.softmax((Q * BETA) @ K.t(), 1) @ K
        out.backward(G)
    return step, lambda: weighted_sum(Q.grad, K.grad)


def association_by_hand():
    Q, K, G = inputs()
    out = []

    def step():
        P = torch.softmax((Q * BETA) @ K.t(), 1)
        O = P @ K
        S = (G @ K.t()).sub_((G * O).sum(1, keepdim=True)).mul_(P).mul_(BETA)
        out[:] = [S @ K, torch.addmm(P.t() @ G, S.t(), Q)]
    return step, lambda: weighted_sum(*out)


def fine_tune(solver, by_hand):
    def make():
        Ws, bs = (list(map(t, x)) for x in net())
        x, y, cost = t(bits(f32, 5, B, V)), torch.arange(B) % 10, [0.0]
        onehot = F.one_hot(y, 10).float()
        params = [p.requires_grad_(not by_hand) for pair in zip(Ws, bs) for p in pair]
        optimizer = torch.optim.SGD(params, lr=0.01) if solver == "sgd" else torch.optim.Adam(params, lr=1e-3)

        def forward():
            hs = [x]
            for W, b in zip(Ws[:-1], bs[:-1]):
                hs.append(torch.sigmoid(torch.addmm(b, hs[-1], W)))
            return hs, torch.addmm(bs[-1], hs[-1], Ws[-1])

        def step():
            optimizer.zero_grad(set_to_none=True)
            with torch.enable_grad():
                loss = F.cross_entropy(forward()[1], y)
            loss.backward()
            optimizer.step()
            cost[0] = loss.item()

        def step_by_hand():
            hs, logits = forward()
            logs = F.log_softmax(logits, 1)
            cost[0] = -(logs * onehot).sum().item() / B
            delta = (logs.exp_() - onehot) / B
            for i in reversed(range(len(Ws))):
                below = delta @ Ws[i].t() if i else None
                if solver == "sgd":
                    Ws[i].addmm_(hs[i].t(), delta, alpha=-0.01)
                    bs[i].add_(delta.sum(0), alpha=-0.01)
                else:
                    Ws[i].grad, bs[i].grad = hs[i].t() @ delta, delta.sum(0)
                if i:
                    delta = torch.ops.aten.sigmoid_backward(below, hs[i])
            if solver == "adam":
                optimizer.step()
        return step_by_hand if by_hand else step, lambda: cost[0]
    return make


ROWS = {f"gemm_{i + 1}": {"": product(*s)} for i, s in enumerate(GEMM)}
ROWS.update({
    "cd1_f32": {"by hand": cd(f32)}, "cd1_f64": {"by hand": cd(f64)}, "gibbs": {"": gibbs}, "sample": {"": sample},
    "assoc_fwd": {"": association}, "assoc_bwd": {"autograd": association_grad, "by hand": association_by_hand},
    "dbn_sgd": {"autograd": fine_tune("sgd", False), "by hand": fine_tune("sgd", True)},
    "dbn_adam": {"autograd": fine_tune("adam", False), "by hand": fine_tune("adam", True)},
})

"""The rows in NumPy, with SciPy's BLAS where NumPy cannot accumulate a product."""
import numpy as np
from scipy.linalg import blas
from scipy.special import expit

from inputs import *
from inputs import boltzmann as boltzmann_machine

np.seterr(all="ignore")
rng = np.random.Generator(np.random.SFC64(1))  # the fastest of NumPy's


def by_exp(x, out):  # NumPy's exp is vectorised, SciPy's expit is not
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)


def fastest(dtype):
    x = fill(dtype, 1, 4, B, V)
    return min((by_exp, expit), key=lambda f: seconds(lambda: f(x, out=np.empty_like(x)), 20))


sigmoid = {d: fastest(d) for d in (f32, f64)}


def draw(p, u, out):
    rng.random(out=u, dtype=u.dtype.type)
    return np.less(u, p, out=out)


def product(m, k, n, ta, tb):
    def make():
        a, b = fill(f32, 1, 1, *((k, m) if ta else (m, k))), fill(f32, 2, 1, *((n, k) if tb else (k, n)))
        a, b, c = a.T if ta else a, b.T if tb else b, np.empty((m, n), f32)
        return lambda: np.matmul(a, b, out=c), lambda: weighted_sum(c)
    return make


def cd(dtype, accumulate):
    def make():
        W, b, c = rbm(dtype)
        v0, before, rate, s = bits(dtype, 5, B, V), W.copy(), dtype(0.01 / B), sigmoid[dtype]
        gemm = blas.sgemm if dtype == f32 else blas.dgemm
        p0, h0, p1, uh = (np.empty((B, H), dtype) for _ in range(4))
        q, v1, uv = (np.empty((B, V), dtype) for _ in range(3))
        up, down = np.empty_like(W), np.empty_like(W)

        def hidden(v, p):
            np.matmul(v, W, out=p)
            p += c
            s(p, out=p)

        def step():
            hidden(v0, p0)
            draw(p0, uh, h0)
            np.matmul(h0, W.T, out=q)
            np.add(q, b, out=q)
            draw(s(q, out=q), uv, v1)
            hidden(v1, p1)
            if accumulate:  # straight into W, seen as its transpose, which is in Fortran's order
                gemm(rate, p0.T, v0.T, beta=1, c=W.T, trans_b=True, overwrite_c=True)
                gemm(-rate, p1.T, v1.T, beta=1, c=W.T, trans_b=True, overwrite_c=True)
            else:
                np.matmul(v0.T, p0, out=up)
                np.matmul(v1.T, p1, out=down)
                np.subtract(up, down, out=up)
                np.multiply(up, rate, out=up)
                np.add(W, up, out=W)
            np.add(b, rate * (v0.sum(0) - v1.sum(0)), out=b)
            np.add(c, rate * (p0.sum(0) - p1.sum(0)), out=c)
        return step, lambda: weighted_sum(W.astype(f64) - before)
    return make


def gibbs():
    W, b, c = rbm(f32)
    v, h, u, uh, s = bits(f32, 5, B, V), np.empty((B, H), f32), np.empty((B, V), f32), np.empty((B, H), f32), sigmoid[f32]
    q, p = np.empty((B, V), f32), np.empty((B, H), f32)

    def step():
        for _ in range(SWEEPS):
            np.matmul(v, W, out=p)
            np.add(p, c, out=p)
            draw(s(p, out=p), uh, h)
            np.matmul(h, W.T, out=q)
            np.add(q, b, out=q)
            draw(s(q, out=q), u, v)
    return step, lambda: weighted_sum(v)


def thresholds(u, scale):
    """scale·logit of uniform numbers: a unit is up where its field is above."""
    rng.random(out=u, dtype=u.dtype.type)
    np.log(np.divide(u, 1 - u, out=u), out=u)
    return np.multiply(u, u.dtype.type(scale), out=u)


def boltzmann(width):
    """A unit of all chains is a row. The fields of width units are made by one product, then kept up among themselves."""
    def make():
        W, b, start = boltzmann_machine()
        x, u, f = np.ascontiguousarray(start.T), np.empty((COUPLED, B), f32), np.empty(B, f32)

        def step():
            for _ in range(COUPLED_SWEEPS):
                thresholds(u, 1)
                for lo in range(0, COUPLED, width):
                    hi = min(lo + width, COUPLED)
                    if width > 1:
                        inside, part = W[lo:hi, lo:hi], x[lo:hi]
                        F = W[lo:hi] @ x
                        F -= inside @ part
                        F += b[lo:hi, None]
                        F -= u[lo:hi]
                    for i in range(lo, hi):
                        if width > 1:
                            np.matmul(inside[i - lo], part, out=f)
                            np.add(f, F[i - lo], out=f)
                            np.greater(f, 0, out=x[i], casting="unsafe")
                        else:
                            np.matmul(W[i], x, out=f)
                            np.add(f, b[i], out=f)
                            np.greater(f, u[i], out=x[i], casting="unsafe")
        return step, lambda: weighted_sum(x.T)
    return make


def lattice():
    """The two colours of the checkerboard, a row of each for a row of the lattice."""
    s = 2 * bits(f32, 5, SIDE, SIDE) - 1
    colours = [np.empty((SIDE, SIDE // 2), f32) for _ in range(2)]
    for c in range(2):
        colours[c][0::2], colours[c][1::2] = s[0::2, c::2], s[1::2, 1 - c::2]
    u, f = np.empty_like(colours[0]), np.empty_like(colours[0])

    def step():
        for _ in range(SIDE_SWEEPS):
            for c in range(2):
                other, even, odd = colours[1 - c], c, 1 - c  # rows whose fourth neighbour is to the left, and to the right
                np.add(other, f32(0.1), out=f)
                f[1:] += other[:-1]
                f[0] += other[-1]
                f[:-1] += other[1:]
                f[-1] += other[0]
                f[even::2, 1:] += other[even::2, :-1]
                f[even::2, 0] += other[even::2, -1]
                f[odd::2, :-1] += other[odd::2, 1:]
                f[odd::2, -1] += other[odd::2, 0]
                np.greater(f, thresholds(u, 1.25), out=colours[c], casting="unsafe")
                colours[c] *= 2
                colours[c] -= 1

    def ones():
        for c in range(2):
            s[0::2, c::2], s[1::2, 1 - c::2] = colours[c][0::2], colours[c][1::2]
        return weighted_sum(np.maximum(s, 0))
    return step, ones


def sample():
    x, bias = fill(f32, 1, 4, 1000, 1000), fill(f32, 2, 4, 1000)
    p, u, out, s = np.empty_like(x), np.empty_like(x), np.empty_like(x), sigmoid[f32]
    return lambda: draw(s(np.add(x, bias, out=p), out=p), u, out), lambda: weighted_sum(out)


def association(backward):
    def make():
        Q, K, G = fill(f32, 1, 4, STATES, DIMS), fill(f32, 2, 4, STORED, DIMS), fill(f32, 3, 1, STATES, DIMS) / f32(STATES)
        P, S, O, dQ, dK = np.empty((STATES, STORED), f32), np.empty((STATES, STORED), f32), np.empty_like(Q), np.empty_like(Q), np.empty_like(K)

        def forward():
            np.matmul(Q * f32(BETA), K.T, out=P)
            np.subtract(P, P.max(1, keepdims=True), out=P)
            np.exp(P, out=P)
            if backward:
                np.divide(P, P.sum(1, keepdims=True), out=P)
                np.matmul(P, K, out=O)
            else:
                np.matmul(P, K, out=O)
                np.divide(O, P.sum(1, keepdims=True), out=O)

        def both():
            forward()
            np.matmul(G, K.T, out=S)
            np.subtract(S, (G * O).sum(1, keepdims=True), out=S)
            np.multiply(S, P, out=S)
            np.multiply(S, f32(BETA), out=S)
            np.matmul(S, K, out=dQ)
            blas.sgemm(1, G.T, P.T, c=dK.T, trans_b=True, overwrite_c=True)
            blas.sgemm(1, Q.T, S.T, beta=1, c=dK.T, trans_b=True, overwrite_c=True)
        return (both, lambda: weighted_sum(dQ, dK)) if backward else (forward, lambda: weighted_sum(O))
    return make


def couplings(x):
    W = x.T @ x
    W /= f32(UNITS)
    np.fill_diagonal(W, 0)
    return W


def hopfield_sync(drop):
    def make():
        x, probes = hopfield(PROBES)
        S = [probes]

        def step():
            W, s, before = couplings(x), probes, None
            if not drop:  # all rows until all are at rest or alternate
                while True:
                    t = np.sign(s @ W)
                    if np.array_equal(t, s) or before is not None and np.array_equal(t, before):
                        break
                    s, before = t, s
                S[0] = t
                return
            out, rows, before = np.empty_like(probes), np.arange(PROBES), np.zeros_like(probes)
            while rows.size:  # those that are not
                t = np.sign(s @ W)
                end = (t == s).all(1) | (t == before).all(1)
                out[rows[end]] = t[end]
                go = ~end
                rows, s, before = rows[go], t[go], s[go]
            S[0] = out
        return step, lambda: weighted_sum(np.maximum(S[0], 0))
    return make


def hopfield_async(incremental):
    def make():
        x, probes = hopfield(FEW)
        W, S = couplings(x), [probes]

        def step():
            s, changed = probes.T.copy(), True  # a unit of all probes is a row
            H = W @ s if incremental else None
            while changed:
                changed = False
                for i in range(UNITS):
                    h = H[i] if incremental else W[i] @ s
                    flip = np.flatnonzero(h * s[i] < 0)
                    if flip.size:
                        s[i, flip] *= -1
                        changed = True
                        if incremental:
                            H[:, flip] += np.outer(W[i], 2 * s[i, flip])
            S[0] = s.T
        return step, lambda: weighted_sum(np.maximum(S[0], 0))
    return make


def hopfield_packed():
    """Patterns are kept as bits; a table counts them for the overlaps, and blocks are unpacked for the fields."""
    x = np.empty((PACKED, PACKED_UNITS // 8), np.uint8)
    n = PACKED_UNITS // 32
    every = words(32, PACKED * n).reshape(PACKED, n)
    for k in range(PACKED):
        x[k] = every[k].view(np.uint8)
    probe = x[0] ^ (words(33, n) & words(34, n)).view(np.uint8)
    ones = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(1).astype(np.uint8)
    block, S = 1024, [probe]

    def step():
        s, before = probe, None
        while True:
            m = np.array([PACKED_UNITS - 2 * int(ones[row ^ s].sum(dtype=np.int64)) for row in x]).astype(f32)
            t = np.empty_like(s)
            for lo in range(0, s.size, block):
                part = slice(lo, lo + block)
                now = np.unpackbits(s[part], bitorder="little")
                h = 2 * (m @ np.unpackbits(x[:, part], axis=1, bitorder="little").astype(f32)) - m.sum(dtype=f64) - PACKED * (2.0 * now - 1)
                t[part] = np.packbits(np.where(h == 0, now, h > 0), bitorder="little")
            if np.array_equal(t, s) or before is not None and np.array_equal(t, before):
                break
            s, before = t, s
        S[0] = t
    return step, lambda: weighted_sum(np.unpackbits(S[0], bitorder="little"))


ROWS = {f"gemm_{i + 1}": {"": product(*s)} for i, s in enumerate(GEMM)}
ROWS.update({
    "cd1_f32": {"by NumPy alone": cd(f32, False), "accumulating": cd(f32, True)},
    "cd1_f64": {"by NumPy alone": cd(f64, False), "accumulating": cd(f64, True)},
    "gibbs": {"": gibbs}, "sample": {"": sample}, "lattice": {"": lattice},
    "boltzmann": {"unit by unit": boltzmann(1), "by blocks": boltzmann(40)}, "assoc_fwd": {"": association(False)}, "assoc_bwd": {"": association(True)},
    "hopfield_sync": {"all rows": hopfield_sync(False), "rows that move": hopfield_sync(True)},
    "hopfield_async": {"by products": hopfield_async(False), "incremental": hopfield_async(True)},
    "hopfield_packed": {"": hopfield_packed},
})

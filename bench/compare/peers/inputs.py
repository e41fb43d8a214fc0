"""Sizes, inputs and sums, those of package bench, and the clock."""
import time

import numpy as np

V, H, B, SWEEPS, PCD_ROWS = 784, 500, 100, 20, 60000
STATES, STORED, DIMS, BETA = 64, 10000, 64, 0.125
UNITS, PATTERNS, PROBES, FEW, PACKED_UNITS, PACKED = 2000, 200, 1000, 100, 1000000, 1000
COUPLED, COUPLED_SWEEPS, SIDE, SIDE_SWEEPS = 1000, 20, 1000, 5
STACK = [784, 500, 500, 2000, 10]
GEMM = [(100, 784, 500, 0, 0), (100, 500, 784, 0, 1), (784, 100, 500, 1, 0), (1024, 1024, 1024, 0, 0), (64, 64, 10000, 0, 1)]
f32, f64 = np.float32, np.float64


def hashed(seed, *shape):
    h = np.arange(np.prod(shape), dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed * 974711 % 2**32)
    h = (h ^ h >> np.uint32(15)) * np.uint32(2246822519)
    h = (h ^ h >> np.uint32(13)) * np.uint32(3266489917)
    return (h ^ h >> np.uint32(16)).reshape(shape) / 2.0**32


def fill(dtype, seed, scale, *shape):
    return ((hashed(seed, *shape) - 0.5) * scale).astype(dtype)


def words(seed, *shape):
    """Random bits, 32 an element, as fillBits makes them."""
    return (hashed(seed, *shape) * 2.0**32).astype(np.uint32)


def bits(dtype, seed, *shape):
    return (hashed(seed, *shape) < 0.2).astype(dtype)


def weighted_sum(*arrays):
    flat = [np.asarray(x, dtype=f64).ravel() for x in arrays]
    return float(sum((np.abs(x) * (1 + np.arange(x.size) % 7)).sum() for x in flat))


def hopfield(probes):
    """Patterns, and probes that are patterns in turn with a fifth of the units turned round."""
    x = np.where(hashed(30, PATTERNS, UNITS) < 0.5, 1, -1).astype(f32)
    s = np.resize(x, (probes, UNITS))
    s[hashed(31, probes, UNITS) < 0.2] *= -1
    return x, s


def rbm(dtype):
    """W (V, H), b, c as newRBM makes them."""
    return fill(dtype, 10, 0.1, V, H), (fill(f64, 11, 0.1, V) - 1).astype(dtype), (fill(f64, 12, 0.1, H) - 1).astype(dtype)


def boltzmann():
    """W and b of a machine of units that are all coupled, and where its chains start."""
    W = np.triu(fill(f64, 40, 0.1, COUPLED, COUPLED), 1)
    return (W + W.T).astype(f32), (fill(f64, 41, 0.1, COUPLED) - 1).astype(f32), bits(f32, 5, B, COUPLED)


def net():
    return [fill(f32, 20 + i, 4 / np.sqrt(n), n, m) for i, (n, m) in enumerate(zip(STACK, STACK[1:]))], [np.zeros(m, f32) for m in STACK[1:]]


def seconds(step, steps):
    started = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - started) / max(steps, 1)

"""The rows that scikit-learn has a model for."""
import numpy as np
from sklearn.neural_network import BernoulliRBM

from inputs import *


def model(dtype, **settings):
    m = BernoulliRBM(n_components=H, learning_rate=0.01, batch_size=B, random_state=0, **settings)
    W, b, c = rbm(dtype)
    m.fit(bits(dtype, 5, B, V))
    m.components_, m.intercept_visible_, m.intercept_hidden_ = np.asarray(W.T, order="F"), b, c
    m.h_samples_ = bits(dtype, 6, B, H)
    return m


def update(dtype):  # one mini-batch of fit, without the checks that partial_fit would repeat; it is PCD, the same work as CD
    def make():
        m, v, source = model(dtype, n_iter=1), bits(dtype, 5, B, V), np.random.RandomState(0)
        before = m.components_.copy()
        return lambda: m._fit(v, source), lambda: weighted_sum((m.components_.astype(f64) - before).T)
    return make


def epoch():
    data = bits(f32, 5, PCD_ROWS, V)
    m = BernoulliRBM(n_components=H, learning_rate=0.01, batch_size=B, n_iter=1, random_state=0)
    return lambda: m.fit(data), lambda: weighted_sum(m.intercept_visible_)


def gibbs():
    m, v = model(f32, n_iter=1), [bits(f32, 5, B, V)]

    def step():
        for _ in range(SWEEPS):
            v[0] = m.gibbs(v[0])
    return step, lambda: weighted_sum(v[0])


ROWS = {"cd1_f32": {"": update(f32)}, "cd1_f64": {"": update(f64)}, "pcd_epoch": {"": epoch}, "gibbs": {"": gibbs}}

"""Log-likelihoods of dynamic conditional correlations by the densities of SciPy 1.17, date by date.

Printed numbers are quoted in src/correlation/tests.rs. Run: python correlation.py
"""
import numpy as np
from scipy.stats import multivariate_normal as mvn, norm

T, N, a, b = 60, 3, 0.06, 0.9
t = np.arange(T)[:, None]
i = np.arange(N)[None, :]
z = 1.4 * np.sin(1.7 * (t + 1) * (i + 1) + i) + 0.5 * np.cos(0.9 * t)
S = np.array([[1, 0.3, -0.2], [0.3, 1, 0.1], [-0.2, 0.1, 1.0]])


def filtered(S, z, corrected):
    Q, path = S.copy(), []
    for x in z:
        d = np.sqrt(np.diag(Q))
        path.append(Q / np.outer(d, d))
        news = d * x if corrected else x
        Q = (1 - a - b) * S + a * np.outer(news, news) + b * Q
    return path, Q


def likelihood(S, z, corrected):
    path, _ = filtered(S, z, corrected)
    return sum(mvn.logpdf(x, cov=R) - norm.logpdf(x).sum() for x, R in zip(z, path))


for corrected in (False, True):
    full = likelihood(S, z, corrected)
    pairs = [(0, 1), (1, 2), (0, 2)]
    each = [likelihood(S[np.ix_(p, p)], z[:, p], corrected) for p in pairs]
    path, Q = filtered(S, z, corrected)
    print(corrected, repr(full), repr(each[0] + each[1]), repr(sum(each)), repr(path[-1][0, 2]), repr(Q[1, 2]))

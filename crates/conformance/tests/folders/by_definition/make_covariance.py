"""Writes covariance.jsonl: shrunk, counted, denoised and sparse covariances, straight from their definitions.

Sums over pairs are written as loops over pairs, and the sparse precision is found by a general optimiser. Run with Python 3, NumPy 2 and SciPy 1.17: python make_covariance.py
"""

import json
from pathlib import Path

import numpy as np
from scipy import optimize

x = np.array(
    [[0.10, 0.05, 0.01], [-0.20, -0.10, 0.03], [0.05, 0.10, -0.02], [0.30, 0.20, 0.00], [-0.10, -0.05, 0.02], [0.02, 0.00, -0.01]]
)
n, k = x.shape
pairs = [(i, j) for i in range(k) for j in range(k) if i != j]
lines = []


def case(op, expect, rel=1e-10, **args):
    clean = lambda value: value.tolist() if isinstance(value, np.ndarray) else value
    expect = {name: clean(value) for name, value in expect.items()} if isinstance(expect, dict) else clean(expect)
    lines.append(
        {"id": f"{op}/{len(lines)}", "op": op, "args": {name: clean(value) for name, value in args.items()},
         "expect": expect, "tol": {"rel": rel, "abs": 1e-14}, "tier": "core",
         "source": "the definition, in NumPy and SciPy", "note": ""}
    )


# shrinkage
d = x - x.mean(axis=0)
S0 = d.T @ d / n
S1 = d.T @ d / (n - 1)
M = np.array([[np.mean(d[:, i] ** 2 * d[:, j] ** 2) for j in range(k)] for i in range(k)])


def shrunk(target, intensity, ddof, S, F, t):
    case("covariance.shrinkage", {"shrinkage": t, "covariance": (1 - t) * S + t * F}, returns=x, target=target,
         intensity=intensity, ddof=ddof)


F = np.trace(S0) / k * np.eye(k)
g, p = ((S0 - F) ** 2).sum(), (M.sum() - (S0**2).sum()) / n
shrunk("scaled_identity", "ledoit_wolf", 0, S0, F, min(p, g) / g)
A, q = (S0**2).mean(), np.trace(S0) / k
shrunk("scaled_identity", "oas", 0, S0, F, min(1, (A + q * q) / ((n + 1) * (A - q * q / k))))
shrunk("scaled_identity", 0.25, 1, S1, np.trace(S1) / k * np.eye(k), 0.25)

f = d.mean(axis=1)
v, B = np.mean(f * f), d.T @ f / n
F = np.outer(B, B) / v
np.fill_diagonal(F, np.diag(S0))
g, p = ((S0 - F) ** 2).sum(), M.sum() - (S0**2).sum()
V1 = np.array([[np.mean(d[:, i] ** 2 * d[:, j] * f) - B[i] * S0[i, j] for j in range(k)] for i in range(k)])
V3 = np.array([[np.mean(d[:, i] * d[:, j] * f * f) - v * S0[i, j] for j in range(k)] for i in range(k)])
r = np.trace(M) - (np.diag(S0) ** 2).sum()
r += 2 / v * sum(B[j] * V1[i, j] for i, j in pairs) - sum(B[i] * B[j] * V3[i, j] for i, j in pairs) / v**2
shrunk("single_factor", "ledoit_wolf", 0, S0, F, min(1, max(0, (p - r) / (n * g))))

for ddof, S in ((0, S0), (1, S1)):
    D = np.sqrt(np.diag(S))
    c = np.mean([S[i, j] / D[i] / D[j] for i, j in pairs])
    F = c * np.outer(D, D)
    np.fill_diagonal(F, np.diag(S))
    H = np.array(
        [[np.mean(d[:, i] ** 3 * d[:, j]) - S0[i, i] * S[i, j] - S0[i, j] * S[i, i] + S[i, i] * S[i, j] for j in range(k)]
         for i in range(k)]
    )
    Q = M - 2 * S0 * S + S * S
    r = np.trace(Q) + c * sum(D[j] / D[i] * H[i, j] for i, j in pairs)
    t = min(1, max(0, (Q.sum() - r) / (n * ((S - F) ** 2).sum())))
    shrunk("constant_correlation", "ledoit_wolf", ddof, S, F, t)
case("covariance.shrinkage", {"error": "invalid_input"}, returns=x, target="scaled_identity", intensity=1.5, ddof=0)
case("covariance.shrinkage", {"error": "unsupported"}, returns=x, target="single_factor", intensity="oas", ddof=0)

# nonlinear shrinkage: long enough for it, and no two eigenvalues alike
u = np.sin(np.outer(np.arange(1, 25), [1.0, 2.3, 4.1])) * [1.0, 2.0, 0.5]
T, m = len(u), u.shape[1]
N, h, root = T - 1, (T - 1) ** (-1 / 3), np.sqrt(5)
eigen = np.linalg.eigvalsh(np.cov(u.T))
shrunk_values = []
for l in eigen:
    z = (l - eigen) / (h * eigen)
    density = np.mean(3 / (4 * root) * np.maximum(1 - z**2 / 5, 0) / (h * eigen))
    hilbert = np.mean((-3 / (10 * np.pi) * z + 3 / (4 * root * np.pi) * (1 - z**2 / 5) * np.log(np.abs((root - z) / (root + z)))) / (h * eigen))
    c = m / N
    shrunk_values.append(l / ((np.pi * c * l * density) ** 2 + (1 - c - np.pi * c * l * hilbert) ** 2))
case("covariance.nonlinear_shrinkage", {"sample_eigenvalues": eigen, "shrunk_eigenvalues": shrunk_values}, returns=u)
case("covariance.nonlinear_shrinkage", {"error": "insufficient_data"}, returns=u[:12])

# gerber
for ddof, threshold in ((0, 0.5), (1, 0.9)):
    s = x.std(axis=0, ddof=ddof)
    up, down = x >= threshold * s, x <= -threshold * s
    G, U = np.eye(k), np.eye(k)
    net = lambda i, j: sum(1 if up[t, i] == up[t, j] else -1 for t in range(n) if (up | down)[t, i] and (up | down)[t, j])
    for i, j in pairs:
        quiet = sum(1 for t in range(n) if not (up | down)[t, i] and not (up | down)[t, j])
        G[i, j] = net(i, j) / (n - quiet)
        U[i, j] = net(i, j) / np.sqrt(net(i, i) * net(j, j))
    case("covariance.gerber", G * np.outer(s, s), returns=x, threshold=threshold, denominator="active_pairs", ddof=ddof)
    case("covariance.gerber", U * np.outer(s, s), returns=x, threshold=threshold, denominator="unit_diagonal", ddof=ddof)

# denoise and detone
R = np.corrcoef(x.T)
D = x.std(axis=0, ddof=1)
values, vectors = np.linalg.eigh(R)
unit = lambda C: C / np.sqrt(np.outer(np.diag(C), np.diag(C)))
part = lambda chosen, values: (vectors[:, chosen] * values[chosen]) @ vectors[:, chosen].T
noise = values <= 0.5 * (1 + np.sqrt(k / n)) ** 2
assert list(noise) == [True, True, False]
signal, residual = part(~noise, values), part(noise, values)
flat = part(noise, np.full(k, values[noise].mean()))
scale = np.outer(D, D)
given = dict(returns=x, noise_variance=0.5, detone=0)
case("covariance.denoise", unit(signal + flat), method="constant_residual", result="correlation", **given)
case("covariance.denoise", unit(signal + flat) * scale, method="constant_residual", result="covariance", **given)
case("covariance.denoise", unit(signal) * scale, method="zero_residual", **given)
targeted = signal + 0.3 * residual + 0.7 * np.diag(np.diag(residual))
case("covariance.denoise", targeted * scale, method="targeted_shrinkage", alpha=0.3, **given)
case("covariance.denoise", {"error": "invalid_input"}, method="constant_residual", returns=x, noise_variance=1.5, detone=0)
case("covariance.detone", unit(residual) * scale, returns=x, components=1)
case("covariance.detone", {"error": "invalid_input"}, returns=x, components=3)

# graphical lasso by its dual: the largest determinant with every entry within the penalty of the sample's
corner = np.triu_indices(k, 1)


def sparse(S, penalty):
    def covariance(z):
        W = np.diag(np.diag(S)).copy()
        W[corner] = z
        return W + np.triu(W, 1).T

    def loss(z):
        sign, log = np.linalg.slogdet(covariance(z))
        return -log if sign > 0 else 1e6

    slope = lambda z: -2 * np.linalg.inv(covariance(z))[corner]
    bounds = [(S[i, j] - penalty, S[i, j] + penalty) for i, j in zip(*corner)]
    start = [S[i, j] * max(0, 1 - penalty / abs(S[i, j])) for i, j in zip(*corner)]
    options = dict(ftol=1e-16, gtol=1e-12, maxiter=10_000)
    best = optimize.minimize(loss, start, jac=slope, bounds=bounds, method="L-BFGS-B", options=options)
    P = np.linalg.inv(covariance(best.x))
    return covariance(best.x), int((np.abs(P) > 1e-6).sum())


W, nonzeros = sparse(R, 0.3)
# The optimiser stops where its own rounding does.
case("covariance.graphical_lasso", {"covariance": W, "precision_nonzeros": nonzeros}, rel=1e-6, returns=x, penalty=0.3, standardise=True)
scale = np.trace(S0) / k
W, nonzeros = sparse(S0 / scale, 0.002 / scale)
case("covariance.graphical_lasso", {"covariance": W * scale, "precision_nonzeros": nonzeros}, rel=1e-5, returns=x, penalty=0.002, standardise=False)

text = "".join(json.dumps(line) + "\n" for line in lines)
Path(__file__).with_name("covariance.jsonl").write_text(text)

"""Writes factors.jsonl: regressions, components and rolling statistics, straight from their definitions.

Run with Python 3, NumPy 2 and SciPy 1.17: python make_factors.py
"""

import json
from pathlib import Path

import numpy as np
from scipy import stats

r = np.array([-0.02, 0.04, 0.03, 0.00, -0.05, -0.01, 0.06, -0.03, 0.01, 0.02, 0.05, -0.04])
b = np.array([-0.01, 0.03, 0.02, 0.01, -0.04, 0.00, 0.05, -0.05, -0.02, 0.015, 0.07, -0.03])
s = np.array([0.01, 0.00, -0.02, 0.01, 0.02, -0.01, -0.01, 0.03, -0.02, 0.00, 0.01, 0.02])
n, P = len(r), 12
lines = []


def case(op, expect, rel=1e-10, **args):
    plain = lambda value: value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    args = {name: plain(value) for name, value in args.items()}
    expect = {name: plain(value) for name, value in expect.items()} if isinstance(expect, dict) else plain(expect)
    lines.append(
        {"id": f"{op}/{len(lines)}", "op": op, "args": args, "expect": expect, "tol": {"rel": rel, "abs": 1e-13},
         "tier": "core", "source": "the definition, in NumPy and SciPy", "note": ""}
    )


def error(op, kind, **args):
    case(op, {"error": kind}, **args)


# regression
factors = np.column_stack([b, s])
X = np.column_stack([np.ones(n), factors])
k, lags = X.shape[1], 2
inverse = np.linalg.inv(X.T @ X)
beta = inverse @ X.T @ r
e = r - X @ beta
scores = X * e[:, None]
omega = scores.T @ scores
meat = omega + sum((1 - l / (lags + 1)) * (scores[l:].T @ scores[:-l] + scores[:-l].T @ scores[l:]) for l in range(1, lags + 1))
root = lambda covariance: np.sqrt(np.diag(covariance))
errors = root(inverse * (e @ e) / (n - k))
r2 = 1 - e @ e / ((r - r.mean()) ** 2).sum()
singular = np.linalg.svd(X, compute_uv=False)
case("factor.regression", {
    "coefficients": beta, "standard_errors": errors, "standard_errors_hc1": root(inverse @ omega @ inverse * n / (n - k)),
    "standard_errors_hac": root(inverse @ meat @ inverse), "t_statistics": beta / errors, "r_squared": r2,
    "adjusted_r_squared": 1 - (1 - r2) * (n - 1) / (n - k), "residual_volatility": np.sqrt(e @ e / (n - k)),
    "log_likelihood": stats.norm.logpdf(e, scale=np.sqrt(e @ e / n)).sum(), "durbin_watson": (np.diff(e) ** 2).sum() / (e @ e),
    "condition_number": singular[0] / singular[-1],
}, returns=r, factors=factors, hac_lags=lags)
error("factor.regression", "insufficient_data", returns=r[:3], factors=factors[:3], hac_lags=0)
error("factor.regression", "invalid_input", returns=r, factors=factors[:5], hac_lags=0)

# principal components
data = np.column_stack([r, b, s])
for matrix, square in {"covariance": np.cov(data.T), "correlation": np.corrcoef(data.T)}.items():
    values, vectors = np.linalg.eigh(square)
    values, vectors = values[::-1], vectors.T[::-1]
    for sign, decisive in {"sum_positive": vectors.sum(axis=1), "last_positive": vectors[:, -1]}.items():
        loadings = (vectors * np.sign(decisive)[:, None])[:2]
        case("factor.principal_components", {"eigenvalues": values, "shares": values / values.sum(), "loadings": loadings},
             data=data, matrix=matrix, components=2, sign=sign)
    case("factor.absorption_ratio", values[:2].sum() / values.sum(), data=data, matrix=matrix, components=2)
error("factor.absorption_ratio", "invalid_input", data=data, matrix="covariance", components=4)
error("factor.principal_components", "undefined", data=np.column_stack([r, np.full(n, 0.01)]), matrix="correlation", components=1, sign="sum_positive")

# rolling
window, at = 6, [5, 8, 11]
parts = [slice(i - window + 1, i + 1) for i in at]
shared = {"returns": r, "window": window, "at": at}
case("rolling.beta", np.array([np.cov(r[p], b[p])[0, 1] / b[p].var(ddof=1) for p in parts]), benchmark=b, **shared)
case("rolling.volatility", np.array([r[p].std(ddof=1) * np.sqrt(P) for p in parts]), periods_per_year=P, ddof=1, **shared)
error("rolling.volatility", "invalid_input", returns=r, window=window, at=[4], periods_per_year=P, ddof=1)
error("rolling.volatility", "invalid_input", returns=r, window=0, at=[4], periods_per_year=P, ddof=1)
case("rolling.skewness", np.array([stats.skew(r[p]) for p in parts]), estimator="population", **shared)
case("rolling.skewness", np.array([stats.skew(r[p], bias=False) for p in parts]), estimator="bias_corrected", **shared)
case("rolling.kurtosis", np.array([stats.kurtosis(r[p], bias=False) for p in parts]), estimator="bias_corrected", excess=True, **shared)
case("rolling.kurtosis", np.array([stats.kurtosis(r[p], fisher=False) for p in parts]), estimator="population", excess=False, **shared)
expected = []
for i in at:
    w = (1 - 2 / 5) ** np.arange(i + 1)[::-1]  # span 4
    w /= w.sum()
    past = r[: i + 1]
    expected.append(np.sqrt(w @ (past - w @ past) ** 2 / (1 - w @ w)))
case("rolling.ewma_volatility", np.array(expected), returns=r, span=4, at=at)
error("rolling.ewma_volatility", "undefined", returns=r, span=4, at=[0])

Path(__file__).with_name("factors.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

"""Writes extremes.jsonl: the ops of extreme value theory, straight from their definitions.

Run with Python 3, NumPy 2 and SciPy 1.17: python make_extremes.py
"""

import json
from pathlib import Path

import numpy as np
from scipy import optimize, stats

lines = []


def case(op, expect, rel=1e-12, **args):
    clean = lambda value: value.tolist() if isinstance(value, np.ndarray) else value
    expect = {name: clean(value) for name, value in expect.items()}
    lines.append(
        {"id": f"{op}/{len(lines)}", "op": op, "args": {name: clean(value) for name, value in args.items()},
         "expect": expect, "tol": {"rel": rel, "abs": 1e-14}, "tier": "core",
         "source": "the definition, in NumPy and SciPy", "note": ""}
    )


def error(op, kind, **args):
    case(op, {"error": kind}, **args)


def best(minus, start):
    options = {"xatol": 1e-12, "fatol": 1e-14, "maxiter": 20_000, "maxfev": 20_000}
    return optimize.minimize(minus, optimize.minimize(minus, start, method="Nelder-Mead", options=options).x,
                             method="Nelder-Mead", options=options)


# evt.hill
x = np.array([5.0, -2.0, 1.5, 3.0, 0.4, 2.0, 0.9, -1.0, 8.0, 0.1])
levels = np.array([0.7, 0.9, 0.99])
for k in [1, 3]:
    top = np.sort(x)[::-1][: k + 1]
    xi = np.log(top[:k]).mean() - np.log(top[k])
    reached = levels[1 - levels <= k / len(x) + 1e-12]
    case("evt.hill", {"xi": xi, "tail_index": 1 / xi, "threshold": top[k], "var": top[k] * (k / (len(x) * (1 - reached))) ** xi},
         losses=x, tail_count=k, confidence=reached)
error("evt.hill", "invalid_input", losses=x, tail_count=0)
error("evt.hill", "insufficient_data", losses=x, tail_count=10)
error("evt.hill", "invalid_input", losses=x, tail_count=8)
error("evt.hill", "undefined", losses=np.full(5, 2.0), tail_count=3)
error("evt.hill", "invalid_input", losses=x, tail_count=1, confidence=levels)

# evt.gpd_fit and evt.gpd_tail_risk
for xi in [0.4, -0.2]:
    x = stats.genpareto.ppf((np.arange(60) + 0.5) / 60, xi, scale=0.01) - 0.004
    for where in [{"threshold": 0.001}, {"threshold_quantile": 0.6}]:
        u = where.get("threshold", np.quantile(x, 0.6))
        y = x[x > u] - u
        fit = best(lambda p: -stats.genpareto.logpdf(y, p[0], scale=np.exp(p[1])).sum(), [0.1, np.log(y.mean())])
        shape, scale = fit.x[0], np.exp(fit.x[1])
        far = np.array([0.9, 0.99, 0.999])
        var = u + scale / shape * ((len(x) * (1 - far) / len(y)) ** -shape - 1)
        es = (var + scale - shape * u) / (1 - shape)
        fitted = {"threshold": u, "exceedances": len(y), "xi": shape, "beta": scale, "loglikelihood": -fit.fun}
        case("evt.gpd_fit", fitted, rel=1e-6, losses=x, **where)
        case("evt.gpd_fit", fitted | {"var": var, "es": es}, rel=1e-6, losses=x, confidence=far, **where)
        case("evt.gpd_tail_risk", {"var": var, "es": es}, rel=1e-10, threshold=u, xi=shape, beta=scale, observations=len(x),
             exceedances=len(y), confidence=far)
        minus = lambda a, b: -stats.genpareto.logpdf(y, a, scale=b).sum()
        h, k = 1e-4, 1e-4 * scale
        m = minus(shape, scale)
        aa = (minus(shape + h, scale) - 2 * m + minus(shape - h, scale)) / h**2
        bb = (minus(shape, scale + k) - 2 * m + minus(shape, scale - k)) / k**2
        ab = (minus(shape + h, scale + k) - minus(shape + h, scale - k) - minus(shape - h, scale + k) + minus(shape - h, scale - k)) / (4 * h * k)
        covariance = np.linalg.inv([[aa, ab], [ab, bb]])
        case("evt.gpd_fit", {"xi_standard_error": np.sqrt(covariance[0, 0]), "beta_standard_error": np.sqrt(covariance[1, 1])},
             rel=1e-4, losses=x, standard_errors=True, **where)
error("evt.gpd_fit", "insufficient_data", losses=x, threshold_quantile=0.9)
error("evt.gpd_fit", "undefined", losses=np.arange(100.0), threshold=-1.0)
error("evt.gpd_fit", "invalid_input", losses=x, threshold_quantile=0.6, confidence=[0.5])
error("evt.gpd_tail_risk", "undefined", threshold=1.0, xi=1.0, beta=1.0, observations=100, exceedances=10, confidence=[0.99])
error("evt.gpd_tail_risk", "invalid_input", threshold=1.0, xi=0.1, beta=0.0, observations=100, exceedances=10, confidence=[0.99])
error("evt.gpd_tail_risk", "invalid_input", threshold=1.0, xi=0.1, beta=1.0, observations=100, exceedances=101, confidence=[0.99])
flat = np.array([0.95, 0.99])
case("evt.gpd_tail_risk", {"var": 1 - 2 * np.log((1 - flat) * 10), "es": 3 - 2 * np.log((1 - flat) * 10)}, threshold=1.0, xi=0.0,
     beta=2.0, observations=100, exceedances=10, confidence=flat)

# evt.gev_fit
for xi in [0.3, -0.2]:
    x = stats.genextreme.ppf((np.arange(80) + 0.5) / 80, -xi, loc=0.02, scale=0.01)
    fit = best(lambda p: -stats.genextreme.logpdf(x, -p[0], loc=p[1], scale=np.exp(p[2])).sum(), [xi, 0.02, np.log(0.01)])
    case("evt.gev_fit", {"xi": fit.x[0], "mu": fit.x[1], "sigma": np.exp(fit.x[2]), "loglikelihood": -fit.fun}, rel=1e-6, maxima=x)
error("evt.gev_fit", "insufficient_data", maxima=x[:9])
error("evt.gev_fit", "undefined", maxima=np.full(20, 0.01))

text = "".join(json.dumps(line) + "\n" for line in lines)
Path(__file__).with_name("extremes.jsonl").write_text(text)

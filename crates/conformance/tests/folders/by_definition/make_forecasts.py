"""Writes forecasts.jsonl: volatility, regimes and time series, straight from their definitions.

Likelihoods are written as sums of SciPy densities, or as the density of the whole series at once; fits are searches
over them. Run with Python 3, NumPy 2 and SciPy 1.17: python make_forecasts.py
"""

import itertools
import json
from pathlib import Path

import numpy as np
from scipy import linalg, optimize, stats

lines = []
rng = np.random.default_rng(20260101)


def case(op, expect, rel=1e-9, absolute=1e-12, **args):
    clean = lambda value: value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    if isinstance(expect, dict):
        expect = {name: clean(value) for name, value in expect.items()}
    lines.append(
        {"id": f"{op}/{len(lines)}", "op": op, "args": {name: clean(value) for name, value in args.items()},
         "expect": clean(expect), "tol": {"rel": rel, "abs": absolute}, "tier": "core",
         "source": "the definition, in NumPy and SciPy", "note": ""}
    )


def error(op, kind, **args):
    case(op, {"error": kind}, **args)


def best(minus, start):
    options = {"xatol": 1e-11, "fatol": 1e-13, "maxiter": 40_000, "maxfev": 40_000}
    at = optimize.minimize(minus, start, method="Nelder-Mead", options=options).x
    return optimize.minimize(minus, at, method="Nelder-Mead", options=options)


# volatility.garch_*
T = 300
h, r = 1.0, np.empty(T)
for t in range(T):
    r[t] = 0.05 + np.sqrt(h) * rng.standard_normal()
    h = 0.1 + 0.12 * (r[t] - 0.05) ** 2 + 0.78 * h
r = np.round(r, 6)


def hansen(z, eta, lam):
    c = np.exp(stats.t.logpdf(0, eta)) * np.sqrt(eta / (eta - 2))
    a = 4 * lam * c * (eta - 2) / (eta - 1)
    b = np.sqrt(1 + 3 * lam**2 - a**2)
    u = (b * z + a) / (1 + lam * np.sign(z + a / b))
    return np.log(b * c) - (eta + 1) / 2 * np.log(1 + u**2 / (eta - 2))


def density(z, law, p):
    if law == "normal":
        return stats.norm.logpdf(z)
    if law == "student_t":
        scale = np.sqrt((p["degrees_of_freedom"] - 2) / p["degrees_of_freedom"])
        return stats.t.logpdf(z, p["degrees_of_freedom"], scale=scale)
    return hansen(z, p["degrees_of_freedom"], p["skew"])


def filtered(r, model, start, p):
    mu = p.get("mean", 0.0)
    e = r - mu
    if start == "backcast":
        w = 0.94 ** np.arange(min(75, len(r)))
        about = e if "mean" not in p else r - r.mean()
        x = np.abs(about[: len(w)]) if model == "tarch" else about[: len(w)] ** 2
        b = (w * x).sum() / w.sum()
    else:
        b = (np.abs(e) if model == "tarch" else e**2).mean()
    al, ga, be = p.get("alpha", [0])[0], p.get("gamma", [0])[0], p.get("beta", [0])[0]
    out = np.empty(len(r) + 1)
    for t in range(len(r) + 1):
        if model == "egarch":
            if t == 0:
                out[t] = np.exp(p["omega"] + be * np.log(b)) if start == "backcast" else b
            else:
                z = e[t - 1] / np.sqrt(out[t - 1])
                out[t] = np.exp(p["omega"] + al * (abs(z) - np.sqrt(2 / np.pi)) + ga * z + be * np.log(out[t - 1]))
            continue
        if t == 0:
            news, sign, last = b, 0.5 * b, b
        else:
            x = abs(e[t - 1]) if model == "tarch" else e[t - 1] ** 2
            news, sign, last = x, x * (e[t - 1] < 0), np.sqrt(out[t - 1]) if model == "tarch" else out[t - 1]
        value = p["omega"] + al * news + ga * sign + be * last
        out[t] = value**2 if model == "tarch" else value
    return e, out


def loglik(r, model, law, start, p):
    e, h = filtered(r, model, start, p)
    h = h[:-1]
    return (density(e / np.sqrt(h), law, p) - 0.5 * np.log(h)).sum()


orders = {"arch": (1, 0, 0), "garch": (1, 0, 1), "gjr": (1, 1, 1), "tarch": (1, 1, 1), "egarch": (1, 1, 1)}


def model_args(model, mean, law, start):
    p, o, q = orders[model]
    return {"returns": r, "scale": 1.0, "model": model, "arch_order": p, "asymmetry_order": o, "garch_order": q,
            "mean": mean, "distribution": law, "initial_variance": start}


given = {
    "arch": {"omega": 0.6, "alpha": [0.3]},
    "garch": {"omega": 0.1, "alpha": [0.1], "beta": [0.8]},
    "gjr": {"omega": 0.1, "alpha": [0.05], "gamma": [0.1], "beta": [0.8]},
    "tarch": {"omega": 0.1, "alpha": [0.05], "gamma": [0.1], "beta": [0.8]},
    "egarch": {"omega": 0.02, "alpha": [0.2], "gamma": [-0.05], "beta": [0.9]},
}
laws = {"normal": {}, "student_t": {"degrees_of_freedom": 6.0}, "hansen_skew_t": {"degrees_of_freedom": 7.0, "skew": -0.2}}
for model, law in itertools.product(given, laws):
    for mean, start in [("constant", "backcast"), ("zero", "mean_square")]:
        p = given[model] | laws[law] | ({"mean": 0.04} if mean == "constant" else {})
        _, h = filtered(r, model, start, p)
        case("volatility.garch_filter",
             {"loglikelihood": loglik(r, model, law, start, p), "first_volatility": np.sqrt(h[0]), "last_volatility": np.sqrt(h[-2])},
             parameters=p, **model_args(model, mean, law, start))
for model in ["arch", "garch", "gjr"]:
    p = given[model] | {"mean": 0.04}
    _, h = filtered(r, model, "backcast", p)
    al, ga, be = p["alpha"][0], p.get("gamma", [0])[0], p.get("beta", [0])[0]
    path = [h[-1]]
    for _ in range(4):
        path.append(p["omega"] + (al + ga / 2 + be) * path[-1])
    case("volatility.garch_forecast", {"variance": path}, parameters=p, horizon=5, **model_args(model, "constant", "normal", "backcast"))
# The least value of minus the likelihood, by a search that knows no gradient: parameters to its precision.
unpack = lambda x: {"mean": x[0], "omega": np.exp(x[1]), "alpha": [np.exp(x[2])], "beta": [1 / (1 + np.exp(-x[3]))]}
inside = lambda p: p["alpha"][0] + p["beta"][0] < 1
for law, more in [("normal", []), ("student_t", [2.0])]:
    full = lambda x: unpack(x) | ({"degrees_of_freedom": 2.0 + np.exp(x[4])} if law == "student_t" else {})
    fit = best(lambda x: -loglik(r, "garch", law, "backcast", full(x)) if inside(full(x)) else 1e9, [0.05, -2.0, -2.0, 1.3] + more)
    p, k = full(fit.x), len(fit.x)
    expect = {"loglikelihood": -fit.fun, "aic": 2 * k + 2 * fit.fun, "bic": k * np.log(T) + 2 * fit.fun}
    case("volatility.garch_fit", expect, rel=0, absolute=1e-4, **model_args("garch", "constant", law, "backcast"))
error("volatility.garch_fit", "undefined", **(model_args("garch", "constant", "normal", "backcast") | {"returns": np.full(200, 0.25)}))

# volatility.har
v = np.round(np.exp(np.convolve(rng.standard_normal(80), np.ones(6) / 3, "valid")), 5)
lags = [1, 3, 7]
mean_of = lambda x, l: x[-l:].mean()
rows = np.array([[1.0] + [mean_of(v[:t], l) for l in lags] for t in range(max(lags), len(v))])
y = v[max(lags):]
beta = np.linalg.lstsq(rows, y, rcond=None)[0]
res = y - rows @ beta
longer = list(v)
for _ in range(4):
    longer.append(beta @ np.array([1.0] + [mean_of(np.array(longer), l) for l in lags]))
case("volatility.har", {"intercept": beta[0], "coefficients": beta[1:], "residual_variance": (res**2).mean(),
                        "r_squared": 1 - (res**2).sum() / ((y - y.mean()) ** 2).sum(), "forecast": longer[len(v):]},
     series=v, lags=lags, horizon=4)
error("volatility.har", "insufficient_data", series=v[:8], lags=lags, horizon=1)

# timeseries.ljung_box, arch_lm, adf
x = np.round(rng.standard_normal(60) + 0.3 * np.sin(np.arange(60)), 4)
n, d = len(x), x - x.mean()
rho = np.array([(d[k:] * d[:n - k]).sum() for k in range(1, 6)]) / (d**2).sum()
q = np.array([n * (n + 2) * (rho[:h] ** 2 / (n - np.arange(1, h + 1))).sum() for h in (1, 3, 5)])
case("timeseries.ljung_box", {"statistic": q, "p_value": stats.chi2.sf(q, [1, 3, 5])}, series=x, lags=[1, 3, 5])
error("timeseries.ljung_box", "undefined", series=np.full(30, 1.5), lags=[1])
for demean in [True, False]:
    s = (d if demean else x) ** 2
    rows = np.array([[1.0, s[t - 1], s[t - 2]] for t in range(2, n)])
    y = s[2:]
    res = y - rows @ np.linalg.lstsq(rows, y, rcond=None)[0]
    r2 = 1 - (res**2).sum() / ((y - y.mean()) ** 2).sum()
    lm, f = len(y) * r2, r2 / 2 / ((1 - r2) / (len(y) - 3))
    case("timeseries.arch_lm", {"lm_statistic": lm, "lm_p_value": stats.chi2.sf(lm, 2), "f_statistic": f, "f_p_value": stats.f.sf(f, 2, len(y) - 3)},
         series=x, lags=2, demean=demean)
w = np.round(np.cumsum(x), 4)
dw = np.diff(w)
rows = np.array([[1.0, w[t], dw[t - 1], dw[t - 2]] for t in range(2, n - 1)])
y = dw[2:]
b = np.linalg.lstsq(rows, y, rcond=None)[0]
res = y - rows @ b
error_of = np.sqrt((res**2).sum() / (len(y) - 4) * np.linalg.inv(rows.T @ rows)[1, 1])
case("timeseries.adf", {"statistic": b[1] / error_of}, series=w, lags=2, regression="constant")

# timeseries.arima_*: the density of the whole differenced series at once.


def autocovariance(ar, ma, sigma2, n):
    psi = np.zeros(4_000)
    for k in range(len(psi)):
        psi[k] = (1.0 if k == 0 else (ma[k - 1] if k <= len(ma) else 0.0)) + sum(a * psi[k - 1 - i] for i, a in enumerate(ar) if k > i)
    return sigma2 * np.array([(psi[: len(psi) - k] * psi[k:]).sum() for k in range(n)])


def arma(y, ar, ma, mean, sigma2):
    return stats.multivariate_normal.logpdf(y - mean, cov=linalg.toeplitz(autocovariance(ar, ma, sigma2, len(y))))


for order, p in [((1, 0, 0), {"ar": [0.6], "mean": 0.1, "sigma2": 0.9}), ((1, 0, 1), {"ar": [0.5], "ma": [-0.3], "mean": -0.05, "sigma2": 1.1}),
                 ((1, 1, 1), {"ar": [0.4], "ma": [0.2], "sigma2": 1.2})]:
    y = w if order[1] else x
    diff = np.diff(y, order[1]) if order[1] else y
    mean, ar, ma = p.get("mean", 0.0), p.get("ar", []), p.get("ma", [])
    common = {"series": y, "order": list(order), "mean": "constant" if "mean" in p else "none", "parameters": p}
    case("timeseries.arima_loglikelihood", {"loglikelihood": arma(diff, ar, ma, mean, p["sigma2"])}, **common)
    g = autocovariance(ar, ma, p["sigma2"], len(diff) + 3)
    to = np.array([[g[len(diff) + k - j] for j in range(len(diff))] for k in range(3)])
    ahead = mean + to @ np.linalg.solve(linalg.toeplitz(g[: len(diff)]), diff - mean)
    case("timeseries.arima_forecast", {"forecast": y[-1] + np.cumsum(ahead) if order[1] else ahead}, horizon=3, **common)
fit = best(lambda p: -arma(w, [np.tanh(p[0])], [], p[1], np.exp(p[2])), [1.0, w.mean(), 0.0])
case("timeseries.arima_fit", {"loglikelihood": -fit.fun, "aic": 6 + 2 * fit.fun}, rel=0, absolute=1e-5, series=w, order=[1, 0, 0], mean="constant")

# timeseries.exponential_smoothing_fit: simple smoothing, level and start by least squares.
u = np.round(10 + np.cumsum(0.4 * rng.standard_normal(40)), 4)


def smooth(p):
    level, errors = p[1], []
    for value in u:
        errors.append(value - level)
        level += p[0] * errors[-1]
    return (np.array(errors) ** 2).sum(), level


fit = best(lambda p: smooth(p)[0] if 0 < p[0] < 1 else 1e9, [0.6, u[0]])
case("timeseries.exponential_smoothing_fit", {"sse": fit.fun, "forecast": np.full(3, smooth(fit.x)[1])}, rel=1e-5, series=u, horizon=3)

# regime.*: every path of states, one by one, where the series is short enough.
s = np.array([0.1, -0.2, 0.05, 2.0, -1.7, 0.9, 0.02, -0.1])
mu, var, move, start = np.array([0.0, 0.2]), np.array([0.04, 2.0]), np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0.6, 0.4])
paths = list(itertools.product(range(2), repeat=len(s)))
weight = np.array([start[p[0]] * np.prod([move[a, b] for a, b in zip(p, p[1:])]) * np.prod(stats.norm.pdf(s, mu[list(p)], np.sqrt(var[list(p)]))) for p in paths])
last = np.array([sum(wt for wt, p in zip(weight, paths) if p[-1] == k) for k in range(2)]) / weight.sum()
top = paths[int(weight.argmax())]
case("regime.gaussian_hmm_decode",
     {"loglikelihood": np.log(weight.sum()), "smoothed_last": last, "viterbi_share": np.array([np.mean(np.array(top) == k) for k in range(2)]),
      "viterbi_switches": int(sum(a != b for a, b in zip(top, top[1:])))},
     series=s, scale=1.0, states=2, means=mu, variances=var, transition=move, start=start)
state, obs = 0, []
for _ in range(250):
    state = state if rng.random() < 0.95 else 1 - state
    obs.append((0.3, -0.5)[state] + (0.5, 2.0)[state] * rng.standard_normal())
obs = np.round(obs, 5)


def hmm(p):
    mean, sd = p[:2], np.exp(p[2:4])
    a, b = 1 / (1 + np.exp(-p[4:6]))
    step = np.array([[a, 1 - a], [1 - b, b]])
    dens = stats.norm.pdf(obs[:, None], mean, sd)
    # The first state is free: the likelihood is greatest at one of the two.
    totals = []
    for first in np.eye(2):
        alpha, total = first * dens[0], 0.0
        for t in range(len(obs)):
            if t:
                alpha = (alpha @ step) * dens[t]
            total += np.log(alpha.sum())
            alpha /= alpha.sum()
        totals.append(total)
    return -max(totals)


fit = best(hmm, [0.3, -0.5, np.log(0.5), np.log(2.0), 3.0, 3.0])
case("regime.gaussian_hmm_fit", {"loglikelihood": -fit.fun}, rel=0, absolute=1e-3, series=obs, scale=1.0, states=2)

# regime.markov_switching_ar_fit with one lag: the state is the pair of the last two.
state, z, out = 0, 0.0, []
for _ in range(160):
    state = state if rng.random() < (0.95, 0.85)[state] else 1 - state
    z = 0.3 * z + 0.5 * rng.standard_normal()
    out.append((1.5, -1.0)[state] + z)
out = np.round(out, 5)


def switching(p):
    mean, phi, sd = p[:2], np.tanh(p[2]), np.exp(p[3])
    a, b = 1 / (1 + np.exp(-p[4:6]))
    step = np.array([[a, 1 - a], [1 - b, b]])
    prob = np.array([1 - b, 1 - a]) / (2 - a - b)
    total = 0.0
    for t in range(1, len(out)):
        joint = prob[:, None] * step
        joint = joint * stats.norm.pdf(out[t] - mean[None, :] - phi * (out[t - 1] - mean[:, None]), 0, sd)
        total += np.log(joint.sum())
        prob = joint.sum(0) / joint.sum()
    return -total


fit = best(switching, [-1.0, 1.5, 0.3, np.log(0.5), 2.0, 3.0])
case("regime.markov_switching_ar_fit", {"loglikelihood": -fit.fun}, rel=0, absolute=1e-4, series=out, order=1, regimes=2)

Path(__file__).with_name("forecasts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

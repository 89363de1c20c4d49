"""Writes var.jsonl: the parametric and rolling value-at-risk ops, straight from their definitions.

Run with Python 3, NumPy 2 and SciPy 1.17: python make_var.py
"""

import json
from pathlib import Path

import numpy as np
from scipy import optimize, stats

r = np.array([0.10, -0.20, 0.05, 0.30, -0.10, 0.02])
c, a = 0.7, 0.3
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


# var.parametric
levels = np.array([0.8, 0.95, 0.99])


def normal(mean, sd, c):
    k = stats.norm.ppf(c)
    return {"var": -mean + k * sd, "es": -mean + sd * stats.norm.pdf(k) / (1 - c)}


def t(mean, s, nu, c):
    k = stats.t.ppf(c, nu)
    return {"var": -mean + k * s, "es": -mean + s * stats.t.pdf(k, nu) / (1 - c) * (nu + k * k) / (nu - 1)}


for confidence in [0.95, levels]:
    case("var.parametric", normal(0.1, 2.0, confidence), distribution="normal", mean=0.1, standard_deviation=2.0, confidence=confidence)
    case("var.parametric", t(0.1, 2.0, 3.5, confidence), distribution="student_t", mean=0.1, scale=2.0, degrees_of_freedom=3.5, confidence=confidence)
    case("var.parametric", t(0.1, 2.0 * np.sqrt(1.5 / 3.5), 3.5, confidence), distribution="student_t", mean=0.1, standard_deviation=2.0, degrees_of_freedom=3.5, confidence=confidence)
case("var.parametric", {"var": -0.1 + 1.65 * 2.0}, distribution="normal", mean=0.1, standard_deviation=2.0, multiplier=1.65)
case("var.parametric", {"var": -0.1 + 1.65 * 2.0}, distribution="student_t", mean=0.1, scale=2.0, degrees_of_freedom=3.5, multiplier=1.65)
error("var.parametric", "invalid_input", distribution="normal", mean=0.1, standard_deviation=-2.0, confidence=0.9)
error("var.parametric", "invalid_input", distribution="student_t", mean=0.1, standard_deviation=2.0, degrees_of_freedom=2.0, confidence=0.9)
error("var.parametric", "undefined", distribution="student_t", mean=0.1, scale=2.0, degrees_of_freedom=1.0, confidence=levels)

# var.student_t_fit: the mirrored sample centres the location at 0.01; the rest by direct search.
x = np.array([-0.9, -0.3, -0.2, -0.12, -0.1, -0.06, -0.03, -0.01])
x = np.concatenate([x, -x]) + 0.01
minus = lambda p: -stats.t.logpdf(x, np.exp(p[1]), 0.01, np.exp(p[0])).sum()
best = optimize.minimize(minus, [np.log(0.1), np.log(2.0)], method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-14, "maxiter": 10_000})
scale, nu = np.exp(best.x)
case("var.student_t_fit", {"degrees_of_freedom": nu, "location": 0.01, "scale": scale, "loglikelihood": -best.fun}, rel=1e-6, returns=x)
case("var.student_t_fit", t(0.01, scale, nu, levels), rel=1e-6, returns=x, confidence=levels)
error("var.student_t_fit", "insufficient_data", returns=x[:5])
error("var.student_t_fit", "undefined", returns=np.full(20, 0.01))

# var.component, var.delta_normal
exposures, vol = np.array([100.0, -50.0, 30.0]), np.array([0.02, 0.03, 0.01])
rho = np.array([[1.0, 0.4, -0.2], [0.4, 1.0, 0.1], [-0.2, 0.1, 1.0]])
for h in [1, 10]:
    cov = h * np.outer(vol, vol) * rho
    sd = np.sqrt(exposures @ cov @ exposures)
    marginal = 2.33 * cov @ exposures / sd
    individual = 2.33 * np.abs(exposures) * np.sqrt(h) * vol
    expect = {
        "standard_deviation": sd, "var": 2.33 * sd, "individual_var": individual, "marginal_var": marginal,
        "component_var": exposures * marginal, "diversification_benefit": individual.sum() - 2.33 * sd,
    }
    case("var.component", expect, exposures=exposures, volatility=vol, correlation=rho, multiplier=2.33, horizon=h)
    case("var.delta_normal", {"standard_deviation": sd, "var": 2.33 * sd}, deltas=exposures / 5, spots=np.full(3, 5.0),
         volatility=vol, correlation=rho, multiplier=2.33, horizon=h)
error("var.component", "invalid_input", exposures=exposures, volatility=vol, correlation=2 * rho, multiplier=2.33, horizon=1)
error("var.component", "invalid_input", exposures=exposures, volatility=vol, correlation=rho, multiplier=2.33, horizon=0)
error("var.delta_normal", "undefined", deltas=0 * exposures, spots=exposures, volatility=vol, correlation=rho, multiplier=2.33, horizon=1)

# var.cornish_fisher
q, s, k = -1.65, -0.4, 1.2
third = q + (q**2 - 1) * s / 6
for order, z in [(3, third), (4, third + (q**3 - 3 * q) * k / 24 - (2 * q**3 - 5 * q) * s**2 / 36)]:
    case("var.cornish_fisher", {"z": z, "var": -(0.1 + 2.0 * z)}, mean=0.1, standard_deviation=2.0, skewness=s, excess_kurtosis=k, order=order, multiplier=1.65)

# var_forecast.rolling
def rolling(window, c, forecast):
    pairs = [forecast(r[i - window : i]) for i in range(window, len(r))]
    var, es = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    return {
        "count": len(pairs), "var_first": var[0], "var_last": var[-1], "var_mean": var.mean(), "var_max": var.max(),
        "var_max_index": int(var.argmax()), "es_first": es[0], "es_last": es[-1], "es_mean": es.mean(),
    }


def tail_mean(window, a):
    loss, mass = np.sort(-window)[::-1], a * len(window)
    whole = int(mass + 1e-9)
    return (loss[:whole].sum() + (mass - whole) * (loss[whole] if mass > whole else 0.0)) / mass


for window in [4, 5]:
    linear = lambda w: (-np.quantile(w, a), tail_mean(w, a))
    upper = lambda w: (-np.sort(w)[int(a * len(w) + 1e-9)], tail_mean(w, a))
    case("var_forecast.rolling", rolling(window, c, linear), returns=r, window=window, confidence=c, method="historical", quantile="linear_type7")
    case("var_forecast.rolling", rolling(window, c, upper), returns=r, window=window, confidence=c, method="historical", quantile="upper_order_statistic")
    for ddof in [0, 1]:
        law = lambda w: tuple(normal(w.mean(), w.std(ddof=ddof), c).values())
        case("var_forecast.rolling", rolling(window, c, law), returns=r, window=window, confidence=c, method="normal", ddof=ddof)
error("var_forecast.rolling", "insufficient_data", returns=r, window=6, confidence=c, method="normal", ddof=1)
error("var_forecast.rolling", "invalid_input", returns=r, window=0, confidence=c, method="normal", ddof=1)

# The recursive methods: forecasts that look back to the first return.
def summary(var, es):
    return {
        "count": len(var), "var_first": var[0], "var_last": var[-1], "var_mean": var.mean(), "var_max": var.max(),
        "var_max_index": int(var.argmax()), "es_first": es[0], "es_last": es[-1], "es_mean": es.mean(),
    }


decay, window = 0.8, 4
start = (r[:window] ** 2).mean()
after = [start]
for value in r[window:-1]:
    after.append(decay * after[-1] + (1 - decay) * value**2)
sd = np.sqrt(np.array(after))
z = stats.norm.ppf(c)
case("var_forecast.rolling", summary(z * sd, stats.norm.pdf(z) / a * sd), returns=r, window=window, confidence=c, method="ewma_normal", decay=decay)
v = [start]
for value in r:
    v.append(decay * v[-1] + (1 - decay) * value**2)
residuals = r / np.sqrt(v[:-1])
var, es = [], []
for i in range(window, len(r)):
    newest = residuals[i - window : i]
    var.append(-np.quantile(newest, a) * np.sqrt(v[i]))
    es.append(tail_mean(newest, a) * np.sqrt(v[i]))
case("var_forecast.rolling", summary(np.array(var), np.array(es)), returns=r, window=window, confidence=c, method="filtered_historical", decay=decay, quantile="linear_type7")


def expanded(w):
    m, sd, z = w.mean(), w.std(), stats.norm.ppf(a)
    s, k = ((w - m) ** 3).mean() / sd**3, ((w - m) ** 4).mean() / sd**4 - 3
    return -(m + (z + (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s**2 / 36) * sd), 0.0


moments_only = rolling(window, c, expanded)
moments_only = {name: value for name, value in moments_only.items() if name.startswith("var") or name == "count"}
case("var_forecast.rolling", moments_only, returns=r, window=window, confidence=c, method="cornish_fisher", ddof=0)

# backtest.rolling
long = np.round(np.random.default_rng(7).standard_t(4, 60) * 0.01, 5)
window, c, a, lags = 10, 0.9, 0.1, 2
var = np.array([-np.quantile(long[i - window : i], a) for i in range(window, 60)])
es = np.array([tail_mean(long[i - window : i], a) for i in range(window, 60)])
came = long[window:]
hit = (-came > var).astype(int)
n, x = len(hit), int(hit.sum())
pairs = np.zeros((2, 2))
for before, now in zip(hit[:-1], hit[1:]):
    pairs[before, now] += 1
log = lambda count, p: count * np.log(p) if count else 0.0
pof = -2 * (log(n - x, 1 - a) + log(x, a) - log(n - x, 1 - x / n) - log(x, x / n))
pooled = pairs[:, 1].sum() / pairs.sum()
free = sum(log(pairs[i, 1], pairs[i, 1] / pairs[i].sum()) + log(pairs[i, 0], pairs[i, 0] / pairs[i].sum()) for i in range(2))
tied = log(pairs[:, 1].sum(), pooled) + log(pairs[:, 0].sum(), 1 - pooled)
independence = -2 * (tied - free)
demeaned = hit - a
regressors = np.column_stack([np.ones(n - lags)] + [demeaned[lags - k : n - k] for k in range(1, lags + 1)] + [var[lags:]])
b = np.linalg.lstsq(regressors, demeaned[lags:], rcond=None)[0]
where = np.flatnonzero(hit)
case(
    "backtest.rolling",
    {
        "breaches": x, "first_breach_indices": where[:5].tolist(), "last_breach_indices": where[-5:].tolist(),
        "kupiec_statistic": pof, "independence_statistic": independence, "conditional_coverage_statistic": pof + independence,
        "dq_statistic": b @ regressors.T @ regressors @ b / (a * (1 - a)),
        "quantile_loss_mean": ((a - hit) * (came + var)).mean(), "z2": (came * hit / es).sum() / (n * a) + 1,
        "breach_loss_over_es": (-came / es)[where].mean(),
    },
    rel=1e-9, returns=long, window=window, confidence=c, method="historical", quantile="linear_type7", dq_lags=lags,
)

text = "".join(json.dumps(line) + "\n" for line in lines)
Path(__file__).with_name("var.jsonl").write_text(text)

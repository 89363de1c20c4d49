"""Golden values of ranges, realised measures, HAR, RiskMetrics 2006 and blends.

arch 8.0.0, statsmodels 0.15.0, numpy.

    python volatility_kit.py > volatility_kit.json
"""

import json

import numpy as np
import statsmodels.api as sm
from arch.univariate import HARX, RiskMetrics2006, ZeroMean
from scipy.linalg import toeplitz

rng = np.random.default_rng(7)
out = {}

# Returns in per cent with changing variance, so that arch does not complain about the scale.
h, e, returns = 1.0, 0.0, []
for _ in range(600):
    h = 0.04 + 0.1 * e * e + 0.86 * h
    e = np.sqrt(h) * rng.standard_normal()
    returns.append(round(e, 6))
returns = np.array(returns)
out["returns"] = returns.tolist()

# Bars.
n = 60
steps = 0.004 * rng.standard_normal((n, 40))
nights = 0.005 * rng.standard_normal(n)
level, columns = np.log(100.0), {"open": [], "high": [], "low": [], "close": []}
for t in range(n):
    path = level + nights[t] + np.concatenate([[0.0], np.cumsum(steps[t])])
    prices = np.round(np.exp(path), 4)
    for name, value in zip(columns, (prices[0], prices.max(), prices.min(), prices[-1])):
        columns[name].append(float(value))
    level = path[-1]
out["bars"] = columns
o, hi, lo, c = (np.log(np.array(columns[k])) for k in ("open", "high", "low", "close"))
daily = {
    "parkinson": (hi - lo) ** 2 / (4 * np.log(2)),
    "garman_klass": 0.5 * (hi - lo) ** 2 - (2 * np.log(2) - 1) * (c - o) ** 2,
    "rogers_satchell": (hi - c) * (hi - o) + (lo - c) * (lo - o),
}


def yang_zhang(a, b):
    """Over the days a .. b-1, with the close before a."""
    m = b - a
    k = 0.34 / (1.34 + (m + 1) / (m - 1))
    night = o[a:b] - c[a - 1 : b - 1]
    return night.var(ddof=1) + k * (c[a:b] - o[a:b]).var(ddof=1) + (1 - k) * daily["rogers_satchell"][a:b].mean()


out["range"] = {
    key: {"average": x.mean(), "rolling": [x[i : i + 10].mean() for i in range(n - 9)]} for key, x in daily.items()
}
out["range"]["yang_zhang"] = {
    "average": yang_zhang(1, n),
    "rolling": [yang_zhang(i, i + 10) for i in range(1, n - 9)],
}

# Realised measures of noisy prices.
m = 390
prices = np.cumsum(np.r_[0.0, 0.0005 * rng.standard_normal(m)]) + 0.0003 * rng.standard_normal(m + 1)
x = np.round(np.diff(prices), 8)
out["intraday"] = x.tolist()
p = np.r_[0.0, np.cumsum(x)]


def kernel(prices, jitter, H):
    ends = [prices[:jitter].mean()], prices[jitter : len(prices) - jitter], [prices[-jitter:].mean()]
    r = np.diff(np.concatenate(ends))
    u = np.arange(len(r)) / (H + 1)
    k = np.where(u <= 0.5, 1 - 6 * u**2 + 6 * u**3, np.where(u <= 1, 2 * (1 - np.minimum(u, 1)) ** 3, 0.0))
    return r @ toeplitz(k) @ r


stride = 20
sparse = []
for offset in range(stride):
    grid = p[offset::stride]
    sparse.append(np.sum(np.diff(grid) ** 2) * m / ((len(grid) - 1) * stride))
xi2 = np.sum(x**2) / (2 * m) / np.mean(sparse)
H = int(np.ceil(3.5134 * xi2**0.4 * m**0.6))
out["realised"] = {
    "variance": np.sum(x**2),
    "bipower": np.pi / 2 * m / (m - 1) * np.sum(np.abs(x[1:] * x[:-1])),
    "bandwidth": H,
    "kernel_automatic": kernel(p, 2, H),
    "kernel_7": kernel(p, 1, 7),
    "kernel_7_jitter_3": kernel(p, 3, 7),
}

# HAR of squares, by arch; of roots and logarithms, by statsmodels.
squares = returns**2
fit = HARX(squares, lags=[1, 5, 22], rescale=False).fit(disp="off")
params = list(fit.params)
out["har"] = {
    "parameters": params[:4],
    "residual_variance": float(params[4]),
    "r_squared": float(fit.rsquared),
    "forecast": fit.forecast(horizon=10, reindex=False).mean.to_numpy().ravel().tolist(),
}


def means(y, lags, ahead):
    """Rows t: means up to t; response: mean of the next `ahead`."""
    longest = max(lags)
    rows = range(longest - 1, len(y) - ahead)
    return np.array([[y[t - l + 1 : t + 1].mean() for l in lags] for t in rows]), list(rows)


positive = squares + 0.05
for key, g, back in (
    ("log", np.log, lambda mean, v: np.exp(mean + v / 2)),
    ("square_root", np.sqrt, lambda mean, v: mean**2 + v),
):
    y = g(positive)
    X, rows = means(y, [1, 5, 22], 1)
    reg = sm.OLS(y[[t + 1 for t in rows]], sm.add_constant(X)).fit(cov_type="HAC", cov_kwds={"maxlags": 7})
    s2 = np.mean(reg.resid**2)
    # Iterate as a vector autoregression of order 22 in companion form.
    b = reg.params
    ar = sum(b[i + 1] / l * (np.arange(22) < l) for i, l in enumerate([1, 5, 22]))
    A = np.vstack([ar, np.eye(22)[:-1]])
    state, P, forecasts = y[::-1][:22].copy(), np.zeros((22, 22)), []
    Q = np.zeros((22, 22))
    Q[0, 0] = s2
    for _ in range(10):
        state = A @ state
        state[0] += b[0]
        P = A @ P @ A.T + Q
        forecasts.append(float(back(state[0], P[0, 0])))
    out["har_" + key] = {"parameters": b.tolist(), "se": reg.bse.tolist(), "residual_variance": s2, "forecast": forecasts}

for key, g in (("variance", lambda v: v), ("log", np.log)):
    X, rows = means(g(positive), [1, 5, 22], 5)
    target = np.array([g(positive[t + 1 : t + 6].mean()) for t in rows])
    reg = sm.OLS(target, sm.add_constant(X)).fit(cov_type="HAC", cov_kwds={"maxlags": 9})
    last = np.array([1.0] + [g(positive)[-l:].mean() for l in (1, 5, 22)])
    out["har_average_" + key] = {
        "parameters": reg.params.tolist(),
        "se": reg.bse.tolist(),
        "r_squared": reg.rsquared,
        "residual_variance": np.mean(reg.resid**2),
        "linear_forecast": float(last @ reg.params),
    }

# RiskMetrics 2006. Without parameters arch "fits" by filtering.
out["risk_metrics"] = {}
for kmax in (14, 15):
    process = RiskMetrics2006(kmax=kmax)
    for start in ("exponential", "mean_square"):
        model = ZeroMean(returns, volatility=process, rescale=False)
        backcast = None if start == "exponential" else np.mean(returns[:75] ** 2)
        result = model.fit(disp="off", backcast=backcast)
        forecast = result.forecast(horizon=3, reindex=False).variance.to_numpy().ravel()
        out["risk_metrics"][f"{start}_{kmax}"] = {
            "volatility": [float(result.conditional_volatility[i]) for i in (0, 1, 74, 75, 300, 599)],
            "forecast": forecast.tolist() if start == "exponential" else None,
        }

# Blends: y depends on both.
n = 250
model, implied = np.zeros(n), np.zeros(n)
a = b = 0.0
for t in range(n):
    a = 0.9 * a + 0.2 * rng.standard_normal()
    b = 0.9 * b + 0.2 * rng.standard_normal()
    model[t], implied[t] = np.exp(-6.3 + a), np.exp(-6.0 + 0.5 * a + 0.5 * b)
realised = 0.4 * model + 0.4 * implied + 3e-4 * np.abs(rng.standard_normal(n))
model, implied, realised = (np.round(v, 9) for v in (model, implied, realised))


def ols(y, X):
    return sm.OLS(y, sm.add_constant(X)).fit(cov_type="HAC", cov_kwds={"maxlags": 6}, use_t=True)


def alone(f):
    reg = ols(realised, f)
    test = ols(realised - f, f)
    V, d = test.cov_params(), test.params
    return {
        "b": reg.params.tolist(),
        "se": reg.bse.tolist(),
        "r_squared": reg.rsquared,
        "unbiased_f": float(d @ np.linalg.solve(V, d) / 2),
    }


both = ols(realised, np.column_stack([model, implied]))
out["blend"] = {
    "model": model.tolist(),
    "implied": implied.tolist(),
    "realised": realised.tolist(),
    "model_alone": alone(model),
    "implied_alone": alone(implied),
    "both": {"b": both.params.tolist(), "se": both.bse.tolist(), "r_squared": both.rsquared},
}
print(json.dumps(out, default=float, separators=(",", ":")))

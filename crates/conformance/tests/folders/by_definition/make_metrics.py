"""Writes metrics.jsonl: the ops of performance metrics on twelve returns, straight from their definitions.

Run with Python 3, NumPy 2 and SciPy 1.17: python make_metrics.py
"""

import json
from pathlib import Path

import numpy as np
from scipy import linalg, optimize, stats

r = np.array([-0.02, 0.04, 0.03, 0.00, -0.05, -0.01, 0.06, -0.03, 0.01, 0.02, 0.05, -0.04])
f = np.array([0.001, 0.002, 0.001, 0.003, 0.002, 0.001, 0.000, 0.001, 0.002, 0.003, 0.001, 0.002])
n, P, t = len(r), 12, 0.004
m, sd = r.mean(), r.std(ddof=1)
lines = []


def case(op, expect, rel=1e-11, **args):
    args = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in args.items()}
    expect = expect.item() if isinstance(expect, np.generic) else expect
    lines.append(
        {"id": f"{op}/{len(lines)}", "op": op, "args": args, "expect": expect, "tol": {"rel": rel, "abs": 1e-14},
         "tier": "core", "source": "the definition, in NumPy and SciPy", "note": ""}
    )


def error(op, kind, **args):
    case(op, {"error": kind}, **args)


def total(x):
    return np.prod(1 + x) - 1


def growth(x):
    return np.prod(1 + x) ** (P / len(x)) - 1


wins, losses = r[r > 0], r[r < 0]
gains, lost = wins.sum(), -losses.sum()

# growth
case("metric.total_return", total(r), returns=r, compounding="geometric")
case("metric.total_return", r.sum(), returns=r, compounding="arithmetic")
error("metric.total_return", "invalid_input", returns=[0.1, -1.5], compounding="geometric")
case("metric.mean_return", np.prod(1 + r) ** (1 / n) - 1, returns=r, compounding="geometric")
case("metric.mean_return", m, returns=r, compounding="arithmetic")
case("metric.annual_return", growth(r[:7]), returns=r[:7], periods_per_year=P, compounding="geometric")
case("metric.annual_return", m * P, returns=r, periods_per_year=P, compounding="arithmetic")
error("metric.annual_return", "invalid_input", returns=r, periods_per_year=0, compounding="geometric")
case("metric.annual_volatility", r.std() * np.sqrt(P), returns=r, periods_per_year=P, ddof=0)
case("metric.annual_volatility", sd * np.sqrt(252), returns=r, periods_per_year=252, ddof=1)

# Sharpe
x = r - f
sharpe = x.mean() / x.std(ddof=1) * np.sqrt(P)
case("metric.sharpe_ratio", sharpe, returns=r, risk_free=f, periods_per_year=P, ddof=1)
case("metric.sharpe_ratio", (m - 0.002) / r.std(), returns=r, risk_free=0.002, periods_per_year=1, ddof=0)
rho = abs(np.corrcoef(x[1:], x[:-1])[0, 1])
penalty = np.sqrt(1 + 2 * sum((n - i) / n * rho**i for i in range(1, n)))
case("metric.sharpe_ratio", sharpe / penalty, returns=r, risk_free=f, periods_per_year=P, ddof=1, autocorrelation_penalty="lag1_powers")
case("metric.sharpe_ratio", sharpe, returns=r, risk_free=f, periods_per_year=P, ddof=1, autocorrelation_penalty="none")
error("metric.sharpe_ratio", "undefined", returns=[0.02, 0.02, 0.02], risk_free=0.0, periods_per_year=P, ddof=1)
error("metric.sharpe_ratio", "invalid_input", returns=r, risk_free=f[:5], periods_per_year=P, ddof=1)
adjusted = lambda s: s * (1 + stats.skew(r) * s / 6 - stats.kurtosis(r) * s * s / 24)
case("metric.adjusted_sharpe_ratio", adjusted(sharpe), returns=r, risk_free=f, periods_per_year=P, ddof=1)
case("metric.adjusted_sharpe_ratio", adjusted((growth(r) - growth(f)) / (x.std(ddof=1) * np.sqrt(P))), returns=r, risk_free=f, periods_per_year=P, ddof=1, mean="geometric")
c, a = 0.95, 0.05
S, K, q, phi = stats.skew(x), stats.kurtosis(x), stats.norm.ppf(a), stats.norm.pdf
h = q + (q * q - 1) * S / 6 + (q**3 - 3 * q) * K / 24 - (2 * q**3 - 5 * q) * S * S / 36
E = phi(h) / a * (1 + h**3 * S / 6 + (h**6 - 9 * h**4 + 9 * h**2 + 3) * S * S / 72 + (h**4 - 2 * h**2 - 1) * K / 24)
case("metric.reward_to_risk", -x.mean() / (x.mean() + h * x.std()), returns=r, risk_free=f, measure="modified_var", confidence=c)
case("metric.reward_to_risk", x.mean() / (-x.mean() + x.std() * max(E, -h)), returns=r, risk_free=f, measure="modified_es", confidence=c)

# downside
short, over = np.maximum(t - r, 0), np.maximum(r - t, 0)
down = np.sqrt((short**2).mean())
case("metric.downside_deviation", down * np.sqrt(P), returns=r, target=t, periods_per_year=P, divisor="all", ddof=0)
case("metric.downside_deviation", np.sqrt((short**2).sum() / ((r < t).sum() - 1)), returns=r, target=t, periods_per_year=1, divisor="beyond_target", ddof=1)
case("metric.downside_deviation", np.sqrt((np.maximum(m - r, 0) ** 2).sum() / (n - 1)), returns=r, target="mean", periods_per_year=1, divisor="all", ddof=1)
case("metric.sortino_ratio", (m - t) / down * np.sqrt(P), returns=r, target=t, periods_per_year=P, divisor="all", scaled_by="none")
case("metric.sortino_ratio", (m - t) / down * np.sqrt(P / 2), returns=r, target=t, periods_per_year=P, divisor="all", scaled_by="sqrt2")
case("metric.sortino_ratio", (m - t) / np.sqrt((short**2).sum() / (r < t).sum()), returns=r, target=t, periods_per_year=1, divisor="beyond_target", scaled_by="none")
error("metric.sortino_ratio", "undefined", returns=[0.1, 0.2], target=0.0, periods_per_year=P, divisor="all", scaled_by="none")
for order in [1, 2, 3]:
    case("metric.kappa_ratio", (m - t) / (short**order).mean() ** (1 / order), returns=r, target=t, order=order)
case("metric.omega_ratio", over.sum() / short.sum(), returns=r, threshold=t)
error("metric.omega_ratio", "undefined", returns=[0.1, 0.2], threshold=0.0)
case("metric.omega_sharpe_ratio", over.sum() / short.sum() - 1, returns=r, threshold=t)
case("metric.upside_potential_ratio", over.mean() / down, returns=r, target=t, divisor="all")
case("metric.upside_potential_ratio", over.sum() / (r > t).sum() / np.sqrt((short**2).sum() / (r < t).sum()), returns=r, target=t, divisor="beyond_target")
case("metric.prospect_ratio", (gains - 2.25 * lost - t) / (n * down), returns=r, target=t)
skew = (over**2).sum() / (short**2).sum()
case("metric.volatility_skewness", skew, returns=r, target=t, order=2)
case("metric.volatility_skewness", np.sqrt(skew), returns=r, target=t, order=1)
case("metric.skewness_kurtosis_ratio", stats.skew(r) / stats.kurtosis(r, fisher=False), returns=r)
case("metric.frequency", (r < t).mean(), returns=r, side="lower", target=t)
case("metric.frequency", (r > 0).mean(), returns=r, side="upper", target=0.0)

# wins and losses
rate = len(wins) / (len(wins) + len(losses))
payoff, factor = wins.mean() / -losses.mean(), gains / lost
case("metric.gain_to_pain_ratio", r.sum() / lost, returns=r)
case("metric.profit_factor", factor, returns=r)
error("metric.profit_factor", "undefined", returns=[0.1, 0.2])
case("metric.d_ratio", len(losses) * lost / (len(wins) * gains), returns=r)
case("metric.payoff_ratio", payoff, returns=r)
case("metric.win_rate", rate, returns=r, zeros="excluded")
case("metric.win_rate", len(wins) / n, returns=r, zeros="included")
case("metric.average_win", wins.mean(), returns=r)
case("metric.average_loss", -losses.mean(), returns=r)
error("metric.average_loss", "undefined", returns=[0.1, 0.2])
case("metric.best_return", 0.06, returns=r)
case("metric.worst_return", -0.05, returns=r)
case("metric.longest_run", 3, returns=r, side="win")
case("metric.longest_run", 2, returns=r, side="loss")
case("metric.cpc_index", factor * rate * payoff, returns=r)
case("metric.kelly_fraction", 0.5 * (rate - (1 - rate) / payoff), returns=r, method="win_loss", risk_free=0.0, fraction=0.5)
case("metric.kelly_fraction", (m - 0.002) / sd**2, returns=r, method="mean_variance", risk_free=0.002, fraction=1.0)
case("metric.risk_of_ruin", ((1 - rate) / (1 + rate)) ** n, returns=r)

# tails: six percent of twelve returns lie inside neither end
upper, lower = np.quantile(r, 0.94), np.quantile(r, 0.06)
case("metric.tail_ratio", upper / -lower, returns=r, confidence=0.94, quantile="linear_type7")
case("metric.tail_ratio", np.quantile(r, 0.8, method="inverted_cdf") / -np.quantile(r, 0.2, method="inverted_cdf"), returns=r, confidence=0.8, quantile="order_statistic")
case("metric.common_sense_ratio", factor * upper / -lower, returns=r, confidence=0.94, quantile="linear_type7")
ascending = np.sort(r)
far = (r[r >= ascending[int(n * 0.8) - 1]].mean()) / -r[r <= np.quantile(r, 0.2)].mean()
case("metric.rachev_ratio", far, returns=r, confidence=0.8, tails="performance_analytics")
case("metric.outlier_ratio", np.quantile(r, 0.9) / r[r >= 0].mean(), returns=r, side="win", probability=0.9, quantile="linear_type7")
case("metric.outlier_ratio", np.quantile(r, 0.1, method="lower") / losses.mean(), returns=r, side="loss", probability=0.1, quantile="lower")

# drawdowns: one path with the start as a peak
wealth = np.cumprod(np.append(1, 1 + r))
d = (1 - wealth / np.maximum.accumulate(wealth))[1:]
G, pain, ulcer = growth(r), d.mean(), np.sqrt((d * d).mean())
case("metric.calmar_ratio", G / d.max(), returns=r, periods_per_year=P)
error("metric.calmar_ratio", "undefined", returns=[0.1, 0.2], periods_per_year=P)
case("metric.sterling_ratio", G / (d.max() + 0.1), returns=r, periods_per_year=P, excess=0.1)
case("metric.pain_ratio", (G - 0.01) / pain, returns=r, risk_free_annual=0.01, periods_per_year=P)
case("metric.martin_ratio", (G - 0.01) / ulcer, returns=r, risk_free_annual=0.01, periods_per_year=P, numerator="annual_return", ddof=0)
case("metric.martin_ratio", (total(r[:7]) - 0.01) / np.sqrt((d[:7] ** 2).sum() / 6), returns=r[:7], risk_free_annual=0.01, periods_per_year=P, numerator="total_return", ddof=1)
runs = [[-0.05, -0.01], [-0.03], [-0.04]]  # the loss at position 0 opens none
depths = np.array([100 * (np.prod(1 + 0.01 * np.array(run)) - 1) for run in runs])
burke = (G - 0.01) / np.sqrt((depths**2).sum())
case("metric.burke_ratio", burke, returns=r, risk_free_annual=0.01, periods_per_year=P, episodes="negative_runs_in_percent", modified=False)
case("metric.burke_ratio", burke * np.sqrt(n), returns=r, risk_free_annual=0.01, periods_per_year=P, episodes="negative_runs_in_percent", modified=True)
case("metric.recovery_factor", abs(r.sum()) / d.max(), returns=r, numerator="sum")
case("metric.recovery_factor", abs(total(r)) / d.max(), returns=r, numerator="total_return")
conditional = d.mean() + d.std(ddof=1) * phi(stats.norm.ppf(0.05)) / 0.05
case("metric.serenity_index", r.sum() / (np.sqrt((d * d).sum() / (n - 1)) * conditional / sd), returns=r)

# shape of the path
case("metric.stability", np.corrcoef(np.cumsum(np.log(1 + r)), np.arange(n))[0, 1] ** 2, returns=r)
case("metric.return_over_exposure", G / 0.92, returns=r, periods_per_year=P)  # 11 of 12, rounded up to a percent
walk = np.cumsum(r - m)
case("metric.hurst_exponent", np.log((walk.max() - walk.min()) / sd) / np.log(n), returns=r)

# a moving average of three shocks, by the exact likelihood of the whole sample
shocks = np.random.default_rng(7).normal(0, 0.02, 42)
smooth = np.round(0.01 + shocks[2:] + 0.5 * shocks[1:-1] + 0.3 * shocks[:-2], 4)
about = smooth - smooth.mean()


def misfit(theta):
    weights = np.append(1, theta)
    covariance = linalg.toeplitz(np.append(np.correlate(weights, weights, "full")[2:], np.zeros(len(smooth) - 3)))
    return len(smooth) * np.log(about @ np.linalg.solve(covariance, about)) + np.linalg.slogdet(covariance)[1]


theta = optimize.minimize(misfit, [0.3, 0.3], method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-13}).x
assert (np.abs(np.roots(np.append(1, theta))) < 1).all() and (theta > 0).all()
weights = np.append(1, theta) / (1 + theta.sum())
case("metric.smoothing_index", weights @ weights, rel=1e-6, returns=smooth, order=2)

Path(__file__).with_name("metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

"""Writes benchmarks.jsonl: the ops against a benchmark on twelve pairs of returns, straight from their definitions.

Run with Python 3 and NumPy 2: python make_benchmarks.py
"""

import json
from pathlib import Path

import numpy as np

r = np.array([-0.02, 0.04, 0.03, 0.00, -0.05, -0.01, 0.06, -0.03, 0.01, 0.02, 0.05, -0.04])
b = np.array([-0.01, 0.03, 0.02, 0.01, -0.04, 0.00, 0.05, -0.05, -0.02, 0.015, 0.07, -0.03])
f = np.array([0.001, 0.002, 0.001, 0.003, 0.002, 0.001, 0.000, 0.001, 0.002, 0.003, 0.001, 0.002])
n, P, t = len(r), 12, 0.004
x, y = b - f, r - f
lines = []


def case(op, expect, rel=1e-11, **args):
    args = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in args.items()}
    expect = expect.item() if isinstance(expect, np.generic) else expect
    lines.append(
        {"id": f"{op}/{len(lines)}", "op": op, "args": {"returns": r.tolist(), "benchmark": b.tolist()} | args,
         "expect": expect, "tol": {"rel": rel, "abs": 1e-14}, "tier": "core", "source": "the definition, in NumPy", "note": ""}
    )


def error(op, kind, **args):
    case(op, {"error": kind}, **args)


def total(x):
    return np.prod(1 + x) - 1


def growth(x):
    return np.prod(1 + x) ** (P / len(x)) - 1


def slope(y, x):
    return np.cov(y, x)[0, 1] / x.var(ddof=1)


flat = np.full(n, 0.01)
beta = slope(y, x)
up, down = slope(y[x > 0], x[x > 0]), slope(y[x < 0], x[x < 0])
free = {"risk_free": f}
annual = {"risk_free": f, "periods_per_year": P}
case("benchmark.beta", beta, subset="all", **free)
case("benchmark.beta", slope(r, b), subset="all", risk_free=0.002)
case("benchmark.beta", up, subset="up", **free)
case("benchmark.beta", down, subset="down", **free)
error("benchmark.beta", "undefined", subset="all", benchmark=flat, risk_free=0.0)
error("benchmark.beta", "invalid_input", subset="all", benchmark=b[:5], risk_free=0.0)
case("benchmark.timing_ratio", up / down, **free)
A = y.mean() - beta * x.mean()
case("benchmark.alpha", A * P, annualisation="arithmetic", **annual)
case("benchmark.alpha", (1 + A) ** P - 1, annualisation="geometric", **annual)
jensen = growth(r) - growth(f) - beta * (growth(b) - growth(f))
case("benchmark.jensen_alpha", jensen, **annual)
case("benchmark.regression_epsilon", jensen - A, **annual)
systematic = lambda ddof: beta * x.std(ddof=ddof) * np.sqrt(P)
specific = lambda ddof: (r - beta * b).std(ddof=ddof) * np.sqrt(P)
case("benchmark.systematic_risk", systematic(1), ddof=1, **annual)
case("benchmark.specific_risk", specific(0), ddof=0, **annual)
case("benchmark.total_risk", np.hypot(systematic(1), specific(0)), ddof_systematic=1, ddof_specific=0, **annual)
case("benchmark.treynor_ratio", growth(y) / beta, numerator="annual_excess_return", denominator="beta", **annual)
case("benchmark.treynor_ratio", total(r) / beta, numerator="total_return", denominator="beta", **annual)
case("benchmark.treynor_ratio", growth(y) / systematic(1), numerator="annual_excess_return", denominator="systematic_risk", **annual)
case("benchmark.treynor_ratio", growth(y) / systematic(0), numerator="annual_excess_return", denominator="systematic_risk", ddof=0, **annual)
case("benchmark.appraisal_ratio", jensen / specific(0), denominator="specific_risk", ddof=0, **annual)
case("benchmark.appraisal_ratio", jensen / beta, denominator="beta", ddof=0, **annual)
case("benchmark.fama_beta", r.std() / b.std())
case("benchmark.r_squared", np.corrcoef(r, b)[0, 1] ** 2)
error("benchmark.r_squared", "undefined", benchmark=flat)

tracking = (r - b).std(ddof=1) * np.sqrt(P)
case("benchmark.active_return", growth(r) - growth(b), periods_per_year=P)
case("benchmark.tracking_error", tracking, periods_per_year=P, ddof=1)
case("benchmark.information_ratio", (growth(r) - growth(b)) / tracking, periods_per_year=P, ddof=1, numerator="geometric")
case("benchmark.information_ratio", (r - b).mean() * P / tracking, periods_per_year=P, ddof=1, numerator="arithmetic")
error("benchmark.information_ratio", "undefined", benchmark=r, periods_per_year=P, ddof=1, numerator="geometric")

m2 = (growth(r) - 0.02) * b.std() / r.std() + 0.02
case("benchmark.m_squared", m2, risk_free=0.02, periods_per_year=P, mean="geometric", ddof=0)
case("benchmark.m_squared", y.mean() / y.std(ddof=1) * b.std(ddof=1) + f.mean(), risk_free=f, periods_per_year=P, mean="arithmetic", ddof=1)
case("benchmark.m_squared_excess", (1 + m2) / (1 + growth(b)) - 1, risk_free=0.02, periods_per_year=P, mean="geometric", ddof=0)
below = lambda v: np.sqrt((np.maximum(t - v, 0) ** 2).mean())
case("benchmark.m2_sortino", growth(r) + (r.mean() - t) / below(r) * (below(b) - below(r)) * np.sqrt(P), target=t, periods_per_year=P)
case("benchmark.omega_excess_return", growth(r) - 3 * below(r) * below(b) * P, target=t, periods_per_year=P)

rise, fall, weak = b > 0, b < 0, b <= 0
capture = lambda side, of: of(r[side]) / of(b[side])
case("benchmark.capture_ratio", capture(rise, total), side="up", method="total_return", periods_per_year=P, zero_benchmark="excluded")
case("benchmark.capture_ratio", capture(fall, growth), side="down", method="annual_return", periods_per_year=P, zero_benchmark="excluded")
case("benchmark.capture_ratio", capture(weak, growth), side="down", method="annual_return", periods_per_year=P, zero_benchmark="down")
case("benchmark.capture_ratio", total(r) / total(b), side="all", method="total_return", periods_per_year=P, zero_benchmark="excluded")
error("benchmark.capture_ratio", "undefined", benchmark=-flat, side="up", method="total_return", periods_per_year=P, zero_benchmark="excluded")
case("benchmark.up_down_capture", capture(rise, growth) / capture(fall, growth), method="annual_return", periods_per_year=P)
case("benchmark.up_down_capture", capture(rise, total) / capture(fall, total), method="total_return", periods_per_year=P)
case("benchmark.capture_frequency", (r[rise] > 0).mean(), side="up")
case("benchmark.capture_frequency", (r[fall] < 0).mean(), side="down")
for side, zero, periods in [("all", "excluded", b < 9), ("up", "excluded", rise), ("up", "up", b >= 0), ("down", "excluded", fall)]:
    case("benchmark.batting_average", (r > b)[periods].mean(), side=side, zero_benchmark=zero)

order = np.argsort(b)
first, middle, last = order[0], order[n // 2], order[-1]
w = (b[last] - b[middle]) / (b[last] - b[first])
case("benchmark.beta_fragility", w * r[first] + (1 - w) * r[last] - r[middle])
for model, z in {"treynor_mazuy": x * x, "henriksson_merton": np.maximum(-x, 0)}.items():
    fit = np.linalg.lstsq(np.column_stack([np.ones(n), x, z]), y)[0]
    case("benchmark.market_timing", dict(zip(["alpha", "beta", "gamma"], fit.tolist())), rel=1e-10, model=model, **free)

# The benchmark falls at 0, from 4 to 5, from 7 to 9 and at 11; three runs lie at a peak.
wealth = np.cumprod(np.append(1, 1 + b))
d = (1 - wealth / np.maximum.accumulate(wealth))[1:]
falling = np.append(d > 0, False)
starts = [i for i in range(n) if falling[i] and not (i and falling[i - 1])]
ends = [next(i for i in range(start, n + 1) if not falling[i]) for start in starts]
runs_at_peak = sum(not falling[i] and (i == 0 or falling[i - 1]) for i in range(n))
troughs = [start + int(np.argmax(d[start:end])) for start, end in zip(starts, ends)]
depths = d[troughs]
lost = np.array([-total(r[start : trough + 1]) for start, trough in zip(starts, troughs)])
worst = depths >= np.quantile(np.append(depths, np.zeros(runs_at_peak)), 0.6)
assert starts == [0, 4, 7, 11] and runs_at_peak == 3 and worst.sum() == 3
drawdown_beta = lost[worst].mean() / depths[worst].mean()
case("benchmark.drawdown_beta", drawdown_beta, confidence=0.6)
case("benchmark.drawdown_alpha", (1 + r.mean()) ** P - 1 - drawdown_beta * ((1 + b.mean()) ** P - 1), confidence=0.6, periods_per_year=P)
error("benchmark.drawdown_beta", "undefined", benchmark=flat, confidence=0.6)

Path(__file__).with_name("benchmarks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

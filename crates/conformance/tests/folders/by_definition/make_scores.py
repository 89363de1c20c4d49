"""Writes scores.jsonl: the scores and forecast tests on a few returns, straight from their definitions.

Run with Python 3, NumPy 2 and SciPy 1.17: python make_scores.py
"""

import json
from pathlib import Path

import numpy as np
from scipy import integrate, stats

r = np.array([0.10, -0.20, 0.05, 0.30, -0.10, 0.02])
f = np.array([0.05, -0.10, 0.10, 0.20, -0.05, 0.00])
g = np.array([0.12, -0.05, -0.02, 0.10, 0.03, 0.01])
n = len(r)
lines = []


def case(op, expect, rel=1e-12, **args):
    args = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in args.items()}
    lines.append(
        {"id": f"{op}/{len(lines)}", "op": op, "args": args, "expect": expect, "tol": {"rel": rel, "abs": 1e-14},
         "tier": "core", "source": "the definition, in NumPy and SciPy", "note": ""}
    )


def error(op, kind, **args):
    case(op, {"error": kind}, **args)


var, a = np.array([0.12, 0.15, 0.10, 0.10, -0.01, 0.05]), 0.1
case("score.quantile_loss", {"mean": float(np.where(r < -var, (a - 1) * (r + var), a * (r + var)).mean())}, returns=r, var=var, confidence=0.9)
error("score.quantile_loss", "invalid_input", returns=r, var=var[:3], confidence=0.9)
error("score.quantile_loss", "invalid_input", returns=r, var=var, confidence=1.0)

law = stats.norm(0.01, 0.2)
below = integrate.quad(lambda x: law.cdf(x) ** 2, -3, -0.3, epsabs=1e-14, epsrel=1e-13)[0]
above = integrate.quad(lambda x: law.sf(x) ** 2, -0.3, 3, epsabs=1e-14, epsrel=1e-13)[0]
case("score.crps_normal", below + above, rel=1e-10, mean=0.01, volatility=0.2, observed=-0.3)
error("score.crps_normal", "invalid_input", mean=0.01, volatility=0.0, observed=-0.3)

for name, loss in {"abs": np.abs, "squared": np.square, "power4": lambda e: e**4}.items():
    for h in [1, 2]:
        for small_sample in [False, True]:
            d = loss(r - f) - loss(r - g)
            u = d - d.mean()
            v = (u @ u + 2 * sum(u[k:] @ u[:-k] for k in range(1, h))) / n
            s = d.mean() / np.sqrt(v / n)
            s *= np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n) if small_sample else 1
            case("score.diebold_mariano", {"statistic": float(s), "p_value": float(2 * stats.t.sf(abs(s), n - 1))}, rel=1e-11,
                 actual=r, forecast_a=f, forecast_b=g, loss=name, horizon=h, small_sample=small_sample)
error("score.diebold_mariano", "undefined", actual=r, forecast_a=f, forecast_b=f, loss="abs", horizon=1, small_sample=True)
error("score.diebold_mariano", "insufficient_data", actual=r, forecast_a=f, forecast_b=g, loss="abs", horizon=6, small_sample=True)

table = np.array([[9, 4], [3, 8]])
total = table.sum()
hits, y, x = np.trace(table) / total, table[0].sum() / total, table[:, 0].sum() / total
chance = y * x + (1 - y) * (1 - x)
v_hits = chance * (1 - chance) / total
v_chance = ((2 * y - 1) ** 2 * x * (1 - x) + (2 * x - 1) ** 2 * y * (1 - y)) / total + 4 * y * x * (1 - y) * (1 - x) / total**2
case("score.pesaran_timmermann", {"hit_rate": float(hits), "expected_hit_rate": float(chance), "statistic": float((hits - chance) / np.sqrt(v_hits - v_chance))},
     counts=table)
error("score.pesaran_timmermann", "undefined", counts=[[9, 0], [3, 0]])

text = "".join(json.dumps(line) + "\n" for line in lines)
Path(__file__).with_name("scores.jsonl").write_text(text)

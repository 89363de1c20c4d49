"""Writes means.jsonl: the ops of expected returns, straight from their definitions.

Run with Python 3 and NumPy 2: python make_means.py
"""

import json
from pathlib import Path

import numpy as np

x = np.array([[0.10, 0.05, 0.01], [-0.20, -0.10, 0.03], [0.05, 0.10, -0.02], [0.30, 0.20, 0.00], [-0.10, -0.05, 0.02], [0.02, 0.00, -0.01]])
n, P, rf = len(x), 12, 0.02
lines = []


def case(op, expect, **args):
    expect = expect.tolist() if isinstance(expect, np.ndarray) else expect
    lines.append(
        {"id": f"{op}/{len(lines)}", "op": op, "args": args, "expect": expect, "tol": {"rel": 1e-12, "abs": 1e-14},
         "tier": "core", "source": "the definition, in NumPy", "note": ""}
    )


def grown(r):
    return (1 + r).prod(axis=0) ** (P / len(r)) - 1


w = 0.5 ** np.arange(n)[::-1]  # span 3
m = w @ x / w.sum()
market = x.mean(axis=1)
beta = np.array([np.cov(c, market)[0, 1] for c in x.T]) / market.var(ddof=1)
for compounding, total, ewm, earned in [
    ("geometric", grown(x), (1 + m) ** P - 1, grown(market)),
    ("arithmetic", P * x.mean(axis=0), P * m, P * market.mean()),
]:
    shared = {"returns": x.tolist(), "periods_per_year": P, "compounding": compounding}
    case("mean.historical", total, **shared)
    case("mean.exponential", ewm, span=3, **shared)
    case("mean.capm", rf + beta * (earned - rf), market="equal_weight", risk_free_annual=rf, **shared)
bad = {"periods_per_year": P, "compounding": "geometric"}
case("mean.historical", {"error": "invalid_input"}, returns=[[0.1], [-1.2]], **bad)
case("mean.exponential", {"error": "invalid_input"}, returns=[[0.1], [0.2]], span=1, **bad)
case("mean.capm", {"error": "undefined"}, returns=[[0.1], [0.1]], market="equal_weight", risk_free_annual=0.0, **bad)

Path(__file__).with_name("means.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

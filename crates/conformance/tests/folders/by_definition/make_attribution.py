"""Writes attribution.jsonl: the ops of attribution on three groups and periods, straight from their definitions.

Run with Python 3 and NumPy 2: python make_attribution.py
"""

import json
from pathlib import Path

import numpy as np

wp = np.array([[0.4, 0.3, 0.3], [0.7, 0.2, 0.1], [0.5, 0.6, -0.1]])
wb = np.array([[0.4, 0.2, 0.4], [0.4, 0.3, 0.3], [0.5, 0.3, 0.2]])
rp = np.array([[0.20, -0.05, 0.06], [-0.05, 0.03, -0.05], [0.02, 0.01, 0.03]])
rb = np.array([[0.10, -0.04, 0.08], [-0.07, 0.04, -0.10], [0.02, -0.01, 0.04]])
lines = []


def case(op, expect, rel=1e-11, **args):
    plain = lambda value: value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    args = {name: plain(value) for name, value in args.items()}
    expect = {name: plain(value) for name, value in expect.items()} if isinstance(expect, dict) else plain(expect)
    lines.append(
        {"id": f"{op}/{len(lines)}", "op": op, "args": args, "expect": expect, "tol": {"rel": rel, "abs": 1e-14},
         "tier": "core", "source": "the definition, in NumPy", "note": ""}
    )


def error(op, kind, **args):
    case(op, {"error": kind}, **args)


def total(x):
    return np.prod(1 + x, axis=0) - 1


four = {"portfolio_weights": wp, "benchmark_weights": wb, "portfolio_returns": rp, "benchmark_returns": rb}
Rp, Rb = (wp * rp).sum(axis=1), (wb * rb).sum(axis=1)
bet, better = wp - wb, rp - rb


def effects(allocation, interaction):
    reference = Rb[:, None] if allocation == "brinson_fachler" else 0
    found = {"allocation": bet * (rb - reference), "selection": wb * better, "interaction": bet * better}
    if interaction != "separate":
        found[interaction.removeprefix("with_")] += found.pop("interaction")
    return found


for allocation in ["brinson_fachler", "bhb"]:
    for interaction in ["separate", "with_selection", "with_allocation"]:
        found = effects(allocation, interaction)
        sums = {f"{name}_total": effect.sum(axis=1) for name, effect in found.items()}
        assert np.allclose(sum(sums.values()), Rp - Rb)
        case("attribution.brinson", {"portfolio_return": Rp, "benchmark_return": Rb} | found | sums, allocation=allocation, interaction=interaction, **four)
error("attribution.brinson", "invalid_input", allocation="bhb", interaction="separate", **four | {"portfolio_weights": 1.01 * wp})
error("attribution.brinson", "invalid_input", allocation="bhb", interaction="separate", **four | {"benchmark_returns": rb[:2]})

# linking: the last period has no active return of its own in the second sample
P, B, T = total(Rp), total(Rb), len(Rp)


def coefficients(method, Rp, Rb):
    P, B, T, A = total(Rp), total(Rb), len(Rp), Rp - Rb
    if method == "carino":
        k = lambda p, b: 1 / (1 + p) if p == b else (np.log(1 + p) - np.log(1 + b)) / (p - b)
        return np.array([k(p, b) for p, b in zip(Rp, Rb)]) / k(P, B)
    if method == "menchero":
        M = ((P - B) / T) / ((1 + P) ** (1 / T) - (1 + B) ** (1 / T))
        return M + (P - B - M * A.sum()) / (A @ A) * A
    return np.array([np.prod(1 + Rp[:t]) * np.prod(1 + Rb[t + 1 :]) for t in range(T)])


def frongello(effect, Rp, Rb):
    F = 0 * effect[0]
    for t in range(len(Rp)):
        F = F * (1 + Rb[t]) + effect[t] * np.prod(1 + Rp[:t])
    return F


def linked(method, effect, Rp, Rb):
    return frongello(effect, Rp, Rb) if method == "frongello" else coefficients(method, Rp, Rb) @ effect


for method in ["carino", "menchero", "grap", "frongello"]:
    for allocation, interaction in [("brinson_fachler", "separate"), ("bhb", "with_selection")]:
        found = {name: linked(method, effect, Rp, Rb) for name, effect in effects(allocation, interaction).items()}
        sums = {f"{name}_total": effect.sum() for name, effect in found.items()}
        assert np.isclose(sum(sums.values()), P - B)
        expect = {"portfolio_return": P, "benchmark_return": B, "active_return": P - B} | found | sums
        if method != "frongello":
            expect["coefficients"] = coefficients(method, Rp, Rb)
        case("attribution.multi_period", expect, allocation=allocation, interaction=interaction, method=method, **four)
    own, other, effect = np.array([0.10, -0.03, 0.02]), np.array([0.04, -0.05, 0.02]), np.array([[0.05, 0.01], [0.03, -0.01], [0.01, -0.01]])
    expect = {"linked": linked(method, effect, own, other), "total": linked(method, effect, own, other).sum()}
    if method != "frongello":
        expect["coefficients"] = coefficients(method, own, other)
    case("attribution.link", expect, effects=effect, portfolio_returns=own, benchmark_returns=other, method=method)
error("attribution.link", "undefined", effects=[[-1.0]], portfolio_returns=[-1.0], benchmark_returns=[0.0], method="carino")
error("attribution.link", "invalid_input", effects=[[0.1]], portfolio_returns=[0.1, 0.1], benchmark_returns=[0.0, 0.0], method="grap")

# notional funds and geometric effects, with totals of the weights and with measured ones
semi, picks = (wp * rb).sum(axis=1), (wb * rp).sum(axis=1)
for Tp, Tb in [(Rp, Rb), (Rp + 0.001, Rb - 0.002)]:
    case("attribution.notional_funds", {
        "allocation_total": total(semi) - total(Tb), "selection_total": total(picks) - total(Tb),
        "interaction_total": total(Tp) - total(picks) - total(semi) + total(Tb),
    }, portfolio_totals=Tp, benchmark_totals=Tb, **four)
allocation, selection = (1 + semi) / (1 + Rb) - 1, (1 + Rp) / (1 + semi) - 1
excess = (1 + Rp) / (1 + Rb) - 1
case("attribution.geometric", {
    "excess_return": (1 + P) / (1 + B) - 1, "excess_by_period": excess, "allocation_by_period": allocation,
    "selection_by_period": selection, "allocation_compounded": total(allocation), "selection_compounded": total(selection),
}, **four)
Tp, Tb = Rp + 0.001, Rb - 0.002
allocation = (bet * ((1 + rb) / (1 + Tb[:, None]) - 1)).sum(axis=1)
selection = (wp * better).sum(axis=1) / (1 + semi)
case("attribution.geometric", {
    "excess_return": (1 + total(Tp)) / (1 + total(Tb)) - 1, "excess_by_period": (1 + Tp) / (1 + Tb) - 1, "allocation_by_period": allocation,
    "selection_by_period": selection, "allocation_compounded": total(allocation), "selection_compounded": total(selection),
}, portfolio_totals=Tp, benchmark_totals=Tb, **four)
error("attribution.geometric", "undefined", portfolio_weights=[[1.0]], benchmark_weights=[[1.0]], portfolio_returns=[[-1.0]], benchmark_returns=[[0.0]])

# drift and groups
value = np.vstack([wp[0], wp[0] * np.cumprod(1 + rp, axis=0)]).sum(axis=1)
case("attribution.drifting_return", value[1:] / value[:-1] - 1, weights=wp[0], returns=rp)
error("attribution.drifting_return", "invalid_input", weights=wp[0] / 2, returns=rp)
labels = ["tech", "cash", "tech", "bonds", "gold"]
securities = {"labels": labels, "portfolio_weights": [0.5, 0.1, 0.2, 0.0, 0.2], "benchmark_weights": [0.3, 0.0, 0.3, 0.4, 0.0], "returns": [0.10, 0.01, -0.06, 0.02, 0.05]}
groups = sorted(set(labels))
inside = np.array([[label == group for label in labels] for group in groups])
w, v, x = (np.array(securities[name]) for name in ["portfolio_weights", "benchmark_weights", "returns"])
gw, gv = inside @ w, inside @ v
for empty in ["zero", "benchmark"]:
    gb = np.array([(row @ (v * x)) / weight if weight else 0.0 for row, weight in zip(inside, gv)])
    instead = gb if empty == "benchmark" else np.zeros(len(groups))
    gp = np.array([(row @ (w * x)) / weight if weight else other for row, weight, other in zip(inside, gw, instead)])
    case("attribution.group", {"groups": groups, "portfolio_weights": gw, "benchmark_weights": gv, "portfolio_returns": gp, "benchmark_returns": gb}, empty=empty, **securities)
error("attribution.group", "invalid_input", empty="zero", **securities | {"labels": labels[:3]})

# currencies
spot = np.array([[1.0, 1.20, 0.010], [1.0, 1.26, 0.011], [1.0, 1.23, 0.010], [1.0, 1.25, 0.009]])
forward = np.array([[1.0, 1.21, 0.010], [1.0, 1.22, 0.0101], [1.0, 1.25, 0.0108], [1.0, 1.24, 0.0102]])
fp = np.array([[0.2, -0.1, -0.1], [0.1, 0.1, -0.2], [0.0, 0.0, 0.0]])
fb = np.array([[0.1, -0.1, 0.0], [0.0, 0.0, 0.0], [0.2, -0.1, -0.1]])
Rc, Rd = spot[1:] / spot[:-1] - 1, forward[1:] / spot[:-1] - 1
Re = Rc - Rd
h = Re / (1 + Rd)
E, L, D = ((wb * rate).sum(axis=1, keepdims=True) for rate in [Re, rb - Rc, Rd])
case("attribution.currency", {
    "allocation": bet * (rb - Rc - L), "selection": wb * better, "interaction": bet * better,
    "currency_management": bet * (Re - E) + (fp - fb) * (h - E), "forward_premium": bet * (Rd - D),
}, portfolio_forward_weights=fp, benchmark_forward_weights=fb, spot=spot, forward=forward, **four)
error("attribution.currency", "invalid_input", portfolio_forward_weights=fp, benchmark_forward_weights=fb, spot=spot[:3], forward=forward, **four)

Path(__file__).with_name("attribution.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

"""Writes options.jsonl: every mapped op of options, straight from its definition.

Greeks are derivatives of the price taken by mpmath with 40 digits; lattices are small NumPy trees.
Run with Python 3, NumPy 2, SciPy 1.17 and mpmath 1.4: python make_options.py
"""

import json
from pathlib import Path

import mpmath as mp
import numpy as np
from scipy import stats

mp.mp.dps = 40
lines = []


def case(op, expect, rel=1e-11, **args):
    plain = lambda value: {k: plain(v) for k, v in value.items()} if isinstance(value, dict) else (
        [plain(v) for v in value] if isinstance(value, (list, tuple)) else value if isinstance(value, str) else float(value))
    lines.append(
        {"id": f"{op}/{len(lines)}", "op": op, "args": args, "expect": plain(expect), "tol": {"rel": rel, "abs": 1e-12},
         "tier": "core", "source": "the definition, in mpmath and NumPy", "note": ""}
    )


names = ["spot", "strike", "rate", "dividend_yield", "volatility", "time"]
market = dict(zip(names, [100.0, 110.0, 0.03, 0.01, 0.25, 0.75]))
other = dict(zip(names, [100.0, 95.0, -0.01, 0.02, 0.4, 0.1]))
Phi = mp.ncdf
sign = {"call": 1, "put": -1}


def d(S, K, r, q, v, T):
    d1 = (mp.log(mp.mpf(S) / K) + (r - q + v * v / mp.mpf(2)) * T) / (v * mp.sqrt(T))
    return d1, d1 - v * mp.sqrt(T)


def price(kind, payoff="vanilla", cash=1.0):
    w = sign[kind]

    def value(S, K, r, q, v, T):
        d1, d2 = d(S, K, r, q, v, T)
        if payoff == "cash_or_nothing":
            return cash * mp.exp(-r * T) * Phi(w * d2)
        return w * (S * mp.exp(-q * T) * Phi(w * d1) - K * mp.exp(-r * T) * Phi(w * d2))

    return value


def slope(f, point, **orders):
    """A mixed partial derivative at the point."""
    return mp.diff(f, tuple(mp.mpf(point[name]) for name in names), tuple(orders.get(name, 0) for name in names))


for at in (market, other):
    point = [at[name] for name in names]
    F = at["spot"] * mp.exp((at["rate"] - at["dividend_yield"]) * mp.mpf(at["time"]))
    D, Q = mp.exp(-at["rate"] * mp.mpf(at["time"])), mp.exp(-at["dividend_yield"] * mp.mpf(at["time"]))
    for kind, w in sign.items():
        f, (d1, d2) = price(kind), d(*point)
        value = f(*point)
        case("option.price", value, type=kind, payoff="vanilla", **at)
        greeks = {
            "delta": slope(f, at, spot=1), "gamma": slope(f, at, spot=2), "vega": slope(f, at, volatility=1),
            "theta": -slope(f, at, time=1), "rho": slope(f, at, rate=1), "dividend_rho": slope(f, at, dividend_yield=1),
            "vanna": slope(f, at, spot=1, volatility=1), "volga": slope(f, at, volatility=2),
            "strike_sensitivity": slope(f, at, strike=1), "forward_delta": w * Phi(w * d1),
            "exercise_probability": Phi(w * d2), "elasticity": slope(f, at, spot=1) * at["spot"] / value, "d1": d1, "d2": d2,
        }
        case("option.greeks", greeks, rel=1e-9, type=kind, payoff="vanilla", **at)
        digital = price(kind, "cash_or_nothing", 5.0)
        case("option.price", digital(*point), type=kind, payoff="cash_or_nothing", cash=5.0, **at)
        greeks = {"delta": slope(digital, at, spot=1), "gamma": slope(digital, at, spot=2), "vega": slope(digital, at, volatility=1)}
        case("option.greeks", greeks, rel=1e-9, type=kind, payoff="cash_or_nothing", cash=5.0, **at)
        rest = {name: at[name] for name in names if name != "volatility"}
        case("option.implied_volatility", at["volatility"], rel=1e-9, type=kind, price=float(value), **rest)
        black = {"forward": float(F), "discount_factor": float(D), "strike": at["strike"], "time": at["time"]}
        case("option.implied_volatility", at["volatility"], rel=1e-9, type=kind, price=float(value), **black)
        deltas = {
            "spot": w * Q * Phi(w * d1), "forward": w * Phi(w * d1),
            "spot_premium_adjusted": w * Q * at["strike"] / F * Phi(w * d2),
            "forward_premium_adjusted": w * at["strike"] / F * Phi(w * d2),
        }
        for convention, delta in deltas.items():
            case("option.delta", delta, type=kind, convention=convention, **at)
            # A premium-adjusted call delta belongs to two strikes; below its peak the higher one is meant.
            if kind == "put" or "premium" not in convention or at["strike"] > F:
                rest = {name: at[name] for name in names if name != "strike"}
                case("option.strike_from_delta", at["strike"], rel=1e-9, type=kind, delta=float(delta), convention=convention, **rest)
    rest = {name: at[name] for name in names if name != "strike"}
    for convention in deltas:
        exponent = at["volatility"] ** 2 * at["time"] / 2 * (-1 if "premium" in convention else 1)
        case("option.atm_strike", F * mp.exp(exponent), convention=convention, rule="delta_neutral", **rest)

strikes = [80.0, 100.0, 120.0]
vector = [price("put")(100.0, K, 0.03, 0.01, 0.25, 0.75) for K in strikes]
case("option.price", vector, type="put", payoff="vanilla", **{**market, "strike": strikes})
rest = {name: market[name] for name in names if name not in ("volatility", "strike")}
case("option.implied_volatility", [0.25] * 3, rel=1e-9, type="put", price=[float(v) for v in vector], strike=strikes, **rest)


def lattice(kind, at, up, down, p, steps):
    """An American option on a recombining tree."""
    w, discount = sign[kind], np.exp(-at["rate"] * at["time"] / steps)
    spots = lambda k: at["spot"] * up ** np.arange(k, -1, -1) * down ** np.arange(k + 1)
    values = np.maximum(w * (spots(steps) - at["strike"]), 0)
    for k in range(steps - 1, -1, -1):
        values = np.maximum(discount * (p * values[:-1] + (1 - p) * values[1:]), w * (spots(k) - at["strike"]))
    return values[0]


def crr(kind, at, steps):
    dt, v = at["time"] / steps, at["volatility"]
    jump = np.exp(v * np.sqrt(dt))
    p = 0.5 + (at["rate"] - at["dividend_yield"] - v * v / 2) * np.sqrt(dt) / (2 * v)
    return lattice(kind, at, jump, 1 / jump, p, steps)


def leisen_reimer(kind, at, steps):
    d1, d2 = (float(x) for x in d(*[at[name] for name in names]))
    h = lambda z: 0.5 + np.sign(z) * np.sqrt(0.25 - 0.25 * np.exp(-((z / (steps + 1 / 3 + 0.1 / (steps + 1))) ** 2) * (steps + 1 / 6)))
    growth = np.exp((at["rate"] - at["dividend_yield"]) * at["time"] / steps)
    p, q = h(d2), h(d1)
    return lattice(kind, at, growth * q / p, growth * (1 - q) / (1 - p), p, steps)


for kind in sign:
    case("option.american_price", crr(kind, market, 4), type=kind, method="crr", steps=4, **market)
    case("option.american_price", leisen_reimer(kind, market, 5), type=kind, method="leisen_reimer", steps=5, **market)
# Without dividends a call is never exercised early, whatever the method.
idle = {**market, "dividend_yield": 0.0}
european = price("call")(*[idle[name] for name in names])
for method in ("exact", "barone_adesi_whaley", "bjerksund_stensland"):
    case("option.american_price", european, rel=1e-9, type="call", method=method, **idle)
case("option.american_price", 0.0, type="call", method="exact", result="premium_over_european", **idle)
case("option.american_greeks", {"delta": slope(price("call"), idle, spot=1)}, rel=1e-9, type="call", method="exact", **idle)

quotes = [("call", 0.97 * (105 - 90)), ("call", 0.97 * (105 - 100)), ("put", 0.97 * (120 - 105))]
case("option.forward_from_quotes", {"discount_factor": 0.97, "forward": 105.0}, strikes=[90.0, 100.0, 120.0],
     prices=[p for _, p in quotes], types=[t for t, _ in quotes])

text = "".join(json.dumps(line) + "\n" for line in lines)
Path(__file__).with_name("options.jsonl").write_text(text)

"""One cash dividend: prices and probabilities of exercise by quadrature, and a put's by a tree. Writes dividends_exact.json
beside itself.

SciPy 1.x. The log price at the ex time is normal; from there on the option is European, in closed form, so the price
today is an integral (scipy.integrate.quad, 1e-13), split where the integrand bends. An American call on a share without
yield is exercised, if early, just before the ex time: the integrand there is the better of the payoff and the European
price after the dividend. The probabilities integrate indicators the same way, under any drift.

The American puts come from Cox-Ross-Rubinstein trees of the lognormal part (escrowed model) with 4,000 to 4,040 steps,
averaged; they find the edge of the exercise region to a node, 1/32 of a deviation, worth up to 5e-3 of probability. The
price is not taken from there.
"""

import json
import pathlib

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm


def black_scholes(sign, s, k, t, v, r):
    if s <= 0:
        return 0.0 if sign > 0 else k * np.exp(-r * t)
    d1 = (np.log(s / k) + (r + v * v / 2) * t) / (v * np.sqrt(t))
    d2 = d1 - v * np.sqrt(t)
    return sign * (s * norm.cdf(sign * d1) - k * np.exp(-r * t) * norm.cdf(sign * d2))


def in_the_money(sign, s, k, t, v, drift):
    if s <= 0:
        return float(sign < 0)
    return norm.cdf(sign * (np.log(s / k) + (drift - v * v / 2) * t) / (v * np.sqrt(t)))


def row(model, style, kind, s, k, t, v, r, ex, d, drift):
    sign = 1 if kind == "call" else -1
    escrow = d * np.exp(-r * ex) if model == "escrowed" else 0.0
    free = s - escrow
    drop = d if model == "spot" else 0.0  # of the lognormal part
    paid = 0.0 if model == "spot" else d  # on top of it just before
    deviation, left = v * np.sqrt(ex), t - ex

    def at(z, drift):
        return free * np.exp((drift - v * v / 2) * ex + deviation * z)

    def after(x):
        return black_scholes(sign, max(x - drop, 0.0), k, left, v, r)

    critical = np.inf
    if style == "american":
        assert kind == "call"
        gain = lambda x: x + paid - k - after(x)
        if gain(1e4 * k) > 0:
            critical = brentq(gain, 1e-6 * k, 1e4 * k, xtol=1e-13)
    ends = lambda drift: sorted(
        (np.log(x / free) - (drift - v * v / 2) * ex) / deviation
        for x in (critical, drop, k + drop)
        if 0 < x < np.inf
    )

    def expect(f, drift):
        points = [-12.0, *[z for z in ends(drift) if -12 < z < 12], 12.0]
        pieces = zip(points, points[1:])
        return sum(
            quad(lambda z: norm.pdf(z) * f(at(z, drift)), a, b, epsabs=1e-14, epsrel=1e-13, limit=400)[0]
            for a, b in pieces
        )

    price = np.exp(-r * ex) * expect(lambda x: x + paid - k if x > critical else after(x), r)
    early = expect(lambda x: float(x > critical), drift)
    at_expiry = expect(
        lambda x: 0.0 if x > critical else in_the_money(sign, max(x - drop, 0.0), k, left, v, drift), drift
    )
    return dict(price=price, early=early, at_expiry=at_expiry)


def tree(n, s, k, t, v, r, ex, d, drift):
    """An American put; its probabilities early and at expiry."""
    dt = t / n
    up = np.exp(v * np.sqrt(dt))
    p, real = ((np.exp(x * dt) - 1 / up) / (up - 1 / up) for x in (r, drift))
    escrow = lambda time: d * np.exp(-r * (ex - time)) if time < ex else 0.0
    f0 = s - escrow(0.0)
    f = f0 * up ** (2.0 * np.arange(n + 1) - n)
    value = np.maximum(k - f, 0.0)
    late = (value > 0).astype(float)
    early = np.zeros(n + 1)
    for i in range(n - 1, -1, -1):
        f = f0 * up ** (2.0 * np.arange(i + 1) - i)
        value = np.exp(-r * dt) * (p * value[1:] + (1 - p) * value[:-1])
        early = real * early[1:] + (1 - real) * early[:-1]
        late = real * late[1:] + (1 - real) * late[:-1]
        payoff = k - f - escrow(i * dt)
        exercised = payoff > value + 1e-12
        value = np.where(exercised, payoff, value)
        early = np.where(exercised, 1.0, early)
        late = np.where(exercised, 0.0, late)
    return np.array([early[0], late[0]])


rows = []
for s, k, t, v, r, ex, d, drift in [
    (100.0, 100.0, 1.0, 0.25, 0.05, 0.4, 4.0, 0.12),
    (110.0, 100.0, 0.5, 0.3, 0.02, 0.3, 2.0, -0.05),
    (90.0, 100.0, 0.75, 0.2, 0.0, 0.7, 6.0, 0.0),
    (100.0, 95.0, 0.25, 0.5, 0.03, 0.05, 20.0, 0.3),
]:
    for model in ("spot", "escrowed"):
        for style, kind in (("european", "call"), ("european", "put"), ("american", "call")):
            neutral = row(model, style, kind, s, k, t, v, r, ex, d, r)
            real = row(model, style, kind, s, k, t, v, r, ex, d, drift)
            rows.append(
                {
                    "kind": kind,
                    "style": style,
                    "model": model,
                    "inputs": dict(spot=s, strike=k, time=t, volatility=v, rate=r, dividend_yield=0.0),
                    "dividends": [{"ex_time": ex, "amount": d}],
                    "price": neutral["price"],
                    "neutral": [neutral["early"], neutral["at_expiry"]],
                    "drift": drift,
                    "real": [real["early"], real["at_expiry"]],
                }
            )
puts = []
for s, k, t, v, r, ex, d, drift in [
    (95.0, 100.0, 1.0, 0.25, 0.05, 0.5, 3.0, 0.10),
    (100.0, 100.0, 0.5, 0.3, 0.06, 0.1, 0.0, -0.10),
]:
    mean = lambda drift: list(np.mean([tree(n, s, k, t, v, r, ex, d, drift) for n in range(4000, 4041, 5)], axis=0))
    puts.append(
        {
            "kind": "put",
            "style": "american",
            "model": "escrowed",
            "inputs": dict(spot=s, strike=k, time=t, volatility=v, rate=r, dividend_yield=0.0),
            "dividends": [{"ex_time": ex, "amount": d}],
            "neutral": mean(r),
            "drift": drift,
            "real": mean(drift),
        }
    )
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps({"exact": rows, "tree": puts}, indent=1) + "\n")

"""European prices and greeks to 17 digits, tails included. Writes black_scholes.json beside itself.

mpmath 1.3 at 60 digits. The price is the integral of the payoff against the lognormal density, in closed form; every
greek is a numerical derivative (mpmath.diff) of that price, so no greek formula is repeated here. Time derivatives are
those of the passing of time.
"""

import json
import pathlib

from mpmath import diff, erfc, exp, log, mp, mpf, sqrt

mp.dps = 60


def cdf(x):
    return erfc(-x / sqrt(2)) / 2


def price(sign, s, k, t, v, r, q):
    deviation = v * sqrt(t)
    d1 = (log(s / k) + (r - q) * t) / deviation + deviation / 2
    d2 = d1 - deviation
    return sign * (s * exp(-q * t) * cdf(sign * d1) - k * exp(-r * t) * cdf(sign * d2))


def digital(sign, s, k, t, v, r, q):
    d2 = (log(s / k) + (r - q) * t) / (v * sqrt(t)) - v * sqrt(t) / 2
    return exp(-r * t) * cdf(sign * d2)


# spot, strike, time, volatility, rate, dividend yield; the last ones are tails down to 1e-60 of the spot.
CASES = [
    (100, 100, 1, "0.2", "0.05", 0),
    (100, 110, "0.5", "0.25", "0.05", "0.02"),
    (100, 90, 2, "0.3", "-0.01", "0.03"),
    (42, 40, "0.5", "0.2", "0.1", 0),
    (100, 100, "0.01", "0.4", "0.03", "0.07"),
    (1, "0.7", 5, "0.9", "0.02", "0.01"),
    (100, 150, "0.1", "0.25", 0, 0),
    (100, 180, "0.25", "0.2", "0.01", "0.02"),
    (100, 60, "0.1", "0.25", 0, 0),
    (100, 300, "0.2", "0.15", "0.04", "0.01"),
]
DERIVATIVES = {  # orders by spot, time, volatility, rate, dividend yield, and the sign of the passing of time
    "delta": ((1, 0, 0, 0, 0), 1),
    "gamma": ((2, 0, 0, 0, 0), 1),
    "vega": ((0, 0, 1, 0, 0), 1),
    "theta": ((0, 1, 0, 0, 0), -1),
    "rho": ((0, 0, 0, 1, 0), 1),
    "dividend_rho": ((0, 0, 0, 0, 1), 1),
    "vanna": ((1, 0, 1, 0, 0), 1),
    "volga": ((0, 0, 2, 0, 0), 1),
    "charm": ((1, 1, 0, 0, 0), -1),
    "veta": ((0, 1, 1, 0, 0), -1),
    "speed": ((3, 0, 0, 0, 0), 1),
    "zomma": ((2, 0, 1, 0, 0), 1),
    "color": ((2, 1, 0, 0, 0), -1),
    "ultima": ((0, 0, 3, 0, 0), 1),
}
DIGITAL = ["delta", "gamma", "vega", "theta", "rho", "dividend_rho", "vanna", "volga"]


def derivatives(value, names, sign, case):
    s, k, t, v, r, q = case
    mp.dps = 100
    result = {"value": float(value(sign, s, k, t, v, r, q))}
    for name in names:
        orders, factor = DERIVATIVES[name]
        f = lambda s, t, v, r, q: value(sign, s, k, t, v, r, q)
        result[name] = float(factor * diff(f, (s, t, v, r, q), orders))
    mp.dps = 60
    return result


rows = []
for case in CASES:
    numbers = tuple(mpf(x) for x in case)
    for kind, sign in (("call", 1), ("put", -1)):
        s, k, t, v, r, q = numbers
        rows.append(
            {
                "kind": kind,
                "inputs": dict(
                    zip(("spot", "strike", "time", "volatility", "rate", "dividend_yield"), map(float, case))
                ),
                "greeks": derivatives(price, DERIVATIVES, sign, numbers),
                "digital": derivatives(digital, DIGITAL, sign, numbers),
                "strike_sensitivity": float(diff(lambda x: price(sign, s, x, t, v, r, q), k)),
            }
        )
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")

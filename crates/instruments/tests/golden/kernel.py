"""Writes kernel.json: reference values for kernel::math, kernel::european and kernel::greeks.

Tools: Python 3.11, mpmath 1.3.0, 60 digits. Run: python3 kernel.py
Inputs are f64 and exact. Numbers are written as text, because a reader of JSON may round the last place. The normal distribution is erfc/2, prices are
the Black-Scholes-Merton formula at full precision, the greeks are its mpmath derivatives (numerical
differentiation in 60 digits), so no closed formula of a greek is repeated here.
"""
import json
import random
from mpmath import mp, mpf, exp, log, erfc, sqrt, diff, nstr

mp.dps = 60
random.seed(20261123)


def out(x):
    return float(nstr(x, 25))


def cdf(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def price(kind, s, k, t, r, q, v):
    s, k, t, r, q, v = map(mpf, (s, k, t, r, q, v))
    w = 1 if kind == "call" else -1
    a, b = s * exp(-q * t), k * exp(-r * t)
    dev = v * sqrt(t)
    if dev == 0:
        return max(w * (a - b), mpf(0))
    d1 = (log(s / k) + (r - q) * t) / dev + dev / 2
    return w * (a * cdf(w * d1) - b * cdf(w * (d1 - dev)))


def greeks(kind, s, k, t, r, q, v):
    p = lambda **c: price(kind, **{**dict(s=mpf(s), k=mpf(k), t=mpf(t), r=mpf(r), q=mpf(q), v=mpf(v)), **c})
    return [diff(lambda x: p(s=x), mpf(s)), diff(lambda x: p(s=x), mpf(s), 2), diff(lambda x: p(v=x), mpf(v)),
            -diff(lambda x: p(t=x), mpf(t)), diff(lambda x: p(r=x), mpf(r))]


def points():
    # Realistic contracts, then wide ones, then corners.
    for _ in range(160):
        s = random.uniform(5, 500)
        yield s, s * random.uniform(0.6, 1.6), random.uniform(1 / 365, 3), random.uniform(-0.02, 0.08), \
            random.uniform(0, 0.06), random.uniform(0.05, 1.2)
    for _ in range(120):
        s = 10 ** random.uniform(-3, 5)
        yield s, s * 10 ** random.uniform(-2, 2), 10 ** random.uniform(-4, 1.5), random.uniform(-0.1, 0.3), \
            random.uniform(-0.05, 0.2), 10 ** random.uniform(-2, 0.7)
    for s in (100.0, 0.01, 1e5):
        for m in (0.01, 0.5, 0.999, 1.0, 1.001, 2.0, 50.0):
            for t, v in ((0.0, 0.2), (1.0, 0.0), (1 / 365, 0.01), (30.0, 5.0), (0.5, 0.15), (1 / 8760, 3.0)):
                yield s, s * m, t, 0.03, 0.01, v


def main():
    xs = [-745.1, -744.0, -730.5, -708.5, -708.0, -700.25, -100.0, -1e-10, 0.0, 1e-300, 0.3465, 0.3466, 1.0, 88.7, 699.9,
          700.5, 709.0, 709.78] + [random.uniform(-745, 709) for _ in range(60)] + [random.uniform(-1, 1) for _ in range(40)]
    ls = [5e-324, 1e-310, 2.2250738585072014e-308, 1e-300, 0.5, 0.7071067811865475, 0.7071067811865476, 0.9999999999999999,
          1.0, 1.0000000000000002, 1.4142135623730951, 2.0, 1e10, 1.7976931348623157e308] \
        + [10 ** random.uniform(-300, 300) for _ in range(50)] + [random.uniform(0.5, 2) for _ in range(60)]
    ns = [-38.0, -37.6, -37.5, -37.0, -36.0, -30.0, -20.0, -10.0, -5.0, -1.0, -1e-8, 0.0, 1e-8, 0.5, 1.0, 3.0, 6.0, 8.2, 9.0,
          40.0] + [-random.uniform(0, 37.5) for _ in range(80)] + [random.uniform(-3, 8) for _ in range(40)]
    prices, sensitivities = [], []
    for i, (s, k, t, r, q, v) in enumerate(points()):
        kinds = ("call", "put") if t == 0 or v == 0 or i >= 280 else (random.choice(("call", "put")),)
        for kind in kinds:
            prices.append([kind, s, k, t, r, q, v, out(price(kind, s, k, t, r, q, v))])
            if t > 0 and v > 0 and i < 220:
                sensitivities.append([kind, s, k, t, r, q, v] + [out(g) for g in greeks(kind, s, k, t, r, q, v)])
    data = dict(exp=[[x, out(exp(mpf(x)))] for x in xs], ln=[[x, out(log(mpf(x)))] for x in ls],
                normal_cdf=[[x, out(cdf(mpf(x)))] for x in ns], price=prices, greeks=sensitivities)
    with open("kernel.json", "w") as f:
        f.write("{\n" + ",\n".join(f' "{key}": [\n' + ",\n".join("  " + json.dumps([v if isinstance(v, str) else repr(v) for v in row]) for row in rows) + "\n ]"
                                   for key, rows in data.items()) + "\n}\n")
    print({key: len(rows) for key, rows in data.items()})


main()

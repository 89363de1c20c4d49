"""Writes surface.json: reference values for the volatility surface and the strike selection.

Tools: Python 3.11, QuantLib 1.44, scipy 1.17.1, numpy. Run: python3 surface.py DAX_CSV
- svi: total variances of QuantLib's SviSmileSection.
- svi_fits: raw SVI by scipy least_squares (five free parameters, best of eight starts, among positive smiles with wing slopes up to 2) to noisy points given here.
- dax_svi, dax_ssvi: the same, and SSVI with a power law, on the DAX surface of 5 July 2002; only errors are kept.
- strikes: European strikes for a delta under an SVI skew by scipy brentq, normal distribution from scipy.
"""
import csv
import json
import sys
from collections import defaultdict

import numpy as np
import QuantLib as ql
from scipy.optimize import brentq, least_squares
from scipy.stats import norm

rng = np.random.default_rng(20260705)


def raw(p, k):
    a, b, rho, m, s = p
    return a + b * (rho * (k - m) + np.sqrt((k - m) ** 2 + s * s))


def legal(u):
    """Smallest variance, share of the largest wing slope, rho, m, sigma: every point is a positive smile."""
    v, share, rho, m, s = u
    b = 2 * share / (1 + abs(rho))
    return [v - b * s * np.sqrt(1 - rho * rho), b, rho, m, s]


def fit(k, w):
    best = None
    spread = k.max() - k.min()
    for m in (k.min() + 0.3 * spread, k.max() - 0.3 * spread):
        for s in (0.05, 0.3):
            for rho in (-0.7, 0.2):
                start = [0.5 * w.min(), 0.1, rho, m, s]
                low = [0.0, 0.0, -0.9999, k.min() - spread, 0.00101 * spread]
                high = [w.max(), 1.0, 0.9999, k.max() + spread, 9.9 * spread]
                r = least_squares(lambda u: (raw(legal(u), k) - w) * 1e3, start, bounds=(low, high), x_scale="jac",
                                  xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=400)
                if best is None or r.cost < best.cost:
                    best = r
    p = legal(best.x)
    return p, float(np.sqrt(np.mean((raw(p, k) - w) ** 2)))


def svi_cases():
    cases = []
    for p in ([0.04, 0.1, -0.5, 0.0, 0.2], [-0.01, 0.3, 0.4, -0.1, 0.3], [0.01, 0.8, -0.9, 0.2, 0.05]):
        a, b, rho, m, s = p
        section = ql.SviSmileSection(1.0, 100.0, [a, b, s, rho, m])
        strikes = [40.0, 80.0, 99.0, 100.0, 130.0, 250.0]
        cases.append({"parameters": p, "strikes": strikes, "variances": [section.variance(x) for x in strikes]})
    return cases


def fit_cases():
    cases = []
    for p in ([0.02, 0.1, -0.6, 0.02, 0.15], [0.005, 0.05, -0.3, -0.05, 0.1], [0.03, 0.3, -0.75, 0.1, 0.25]):
        k = np.round(np.linspace(-0.5, 0.35, 18), 6)
        w = np.round(raw(p, k) * (1 + 0.01 * rng.standard_normal(k.size)), 8)
        x, rms = fit(k, w)
        cases.append({"log_moneyness": k.tolist(), "total_variance": w.tolist(), "rms": rms, "fitted": [float(v) for v in x]})
    return cases


def dax(path):
    slices = defaultdict(list)
    for row in csv.DictReader(open(path)):
        t = int(row["days"]) / 365
        forward = float(row["spot"]) * np.exp(float(row["zero_rate"]) * t)
        slices[int(row["days"])].append((np.log(float(row["strike"]) / forward), float(row["implied_vol"]) ** 2 * t))
    return {days: tuple(np.array(points).T) for days, points in sorted(slices.items())}


def ssvi(p, k, theta):
    rho, eta, gamma = np.tanh(p[0]), np.exp(p[1]), 1 / (1 + np.exp(-p[2]))
    phi = eta * theta ** -gamma
    return theta / 2 * (1 + rho * phi * k + np.sqrt((phi * k + rho) ** 2 + 1 - rho * rho))


def fit_ssvi(slices):
    def errors(p):
        return 1e3 * np.concatenate([ssvi(p, k, np.exp(t)) - w for t, (k, w) in zip(p[3:], slices.values())])
    atm = [np.log(np.interp(0.0, k, w)) for k, w in slices.values()]
    best = min((least_squares(errors, [rho, 0.0, g, *atm], xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=5000)
                for rho in (-1.0, -0.3) for g in (-0.5, 0.5)), key=lambda r: r.cost)
    rho, eta, gamma = np.tanh(best.x[0]), np.exp(best.x[1]), 1 / (1 + np.exp(-best.x[2]))
    return {"rms": float(np.sqrt(np.mean((errors(best.x) / 1e3) ** 2))), "rho": rho, "eta": eta, "gamma": gamma}


def strikes():
    p, spot, r, q, t = [0.02, 0.15, -0.7, 0.0, 0.15], 100.0, 0.03, 0.01, 1.0
    forward = spot * np.exp((r - q) * t)
    cases = []
    for sign, target in ((1, 0.1), (1, 0.25), (1, 0.6), (-1, -0.05), (-1, -0.3), (-1, -0.45)):
        def delta(strike):
            dev = np.sqrt(raw(p, np.log(strike / forward)))
            d1 = np.log(forward / strike) / dev + dev / 2
            return sign * np.exp(-q * t) * norm.cdf(sign * d1)
        strike = brentq(lambda x: delta(x) - target, 40.0, 200.0, xtol=1e-13, rtol=1e-14)
        h = 1e-3
        slope = (delta(strike + h) - delta(strike - h)) / (2 * h)
        cases.append({"call": sign > 0, "target": target, "strike": strike, "slope": slope})
    return {"parameters": p, "cases": cases}


slices = dax(sys.argv[1])
result = {
    "svi": svi_cases(),
    "svi_fits": fit_cases(),
    "dax_svi": [{"days": days, "rms": fit(*points)[1]} for days, points in slices.items()],
    "dax_ssvi": fit_ssvi(slices),
    "strikes": strikes(),
}
json.dump(result, open("surface.json", "w"), indent=1)

"""Golden values of the series diagnostics, by statsmodels 0.15.0 and scipy 1.17.1.

    python diagnostics.py > diagnostics.json
"""

import json
import warnings

import numpy as np
from statsmodels.stats.diagnostic import acorr_ljungbox, het_arch
from statsmodels.stats.stattools import jarque_bera
from statsmodels.tsa.stattools import adfuller, kpss

warnings.simplefilter("ignore")  # KPSS warns when its p-value is outside the table
rng = np.random.default_rng(20240131)


def garch(n):
    h, e, out = 1e-4, 0.0, []
    for _ in range(n):
        h = 4e-6 + 0.1 * e * e + 0.86 * h
        e = np.sqrt(h) * rng.standard_normal()
        out.append(round(0.0003 + e, 8))
    return out


def autoregression(n, rho, drift=0.0):
    y, out = 0.0, []
    for t in range(n):
        y = rho * y + rng.standard_normal()
        out.append(round(y + drift * t, 6))
    return out


series = {
    "returns": garch(400),
    "walk": autoregression(250, 1.0),
    "stationary": autoregression(250, 0.7),
    "trend": autoregression(250, 0.5, 0.05),
}


def portmanteau(x, model_df):
    frame = acorr_ljungbox(x, lags=[3, 10], boxpierce=True, model_df=model_df)
    return frame.to_numpy().tolist()


def arch_lm(x, lags, demean):
    x = np.asarray(x)
    return list(het_arch(x - x.mean() if demean else x, nlags=lags)[:4])


def adf(x, regression, lags, autolag):
    result = adfuller(x, maxlag=lags, regression=regression, autolag=autolag)
    if hasattr(result, "statistic"):
        raise SystemExit("unknown result type")
    crit = result[4]
    return {
        "regression": regression,
        "lags": lags,
        "autolag": autolag,
        "statistic": result[0],
        "p_value": result[1],
        "used": int(result[2]),
        "observations": int(result[3]),
        "critical": [crit["1%"], crit["5%"], crit["10%"]],
    }


def kpss_of(x, regression, lags):
    statistic, p, used, _ = kpss(x, regression=regression, nlags=lags)[:4]
    return {"regression": regression, "lags": lags, "statistic": statistic, "p_value": p, "used": int(used)}


out = {"series": series, "cases": {}}
for name, x in series.items():
    out["cases"][name] = {
        "portmanteau": portmanteau(x, 0),
        "portmanteau_of_residuals": portmanteau(x, 2),
        "arch_lm": arch_lm(x, 4, True),
        "arch_lm_raw": arch_lm(x, 4, False),
        "adf": [
            adf(x, regression, lags, autolag)
            for regression in ("n", "c", "ct")
            for lags, autolag in ((0, None), (3, None), (None, "AIC"), (None, "BIC"))
        ],
        "kpss": [kpss_of(x, regression, lags) for regression in ("c", "ct") for lags in ("auto", "legacy", 5)],
        "jarque_bera": [float(v) for v in jarque_bera(np.asarray(x))[:2]],
    }
print(json.dumps(out, default=float, indent=None, separators=(",", ":")))

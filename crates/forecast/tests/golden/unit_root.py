"""Unit-root and stationarity tests by statsmodels 0.15, quoted in src/time_series/diagnostics/unit_root.rs.

Run: python unit_root.py
"""
import warnings

import numpy as np
from statsmodels.tsa.stattools import adfuller, kpss

warnings.simplefilter("ignore")
t = np.arange(40)
y = np.sin(0.9 * t) + 0.02 * t + 0.3 * (t * t % 7)
for regression in ("n", "c", "ct"):
    found = adfuller(y, maxlag=2, regression=regression, autolag=None)
    print("adf", regression, repr(float(found[0])), repr(float(found[1])))
for regression in ("c", "ct"):
    print("kpss", regression, repr(float(kpss(y, regression=regression, nlags=3)[0])))

"""Log-densities of standardised laws at -1.7 by SciPy 1.17, quoted in src/innovations/tests.rs.

Run: python innovations.py
"""
import numpy as np
from scipy import special, stats

z = -1.7
print("normal", repr(float(stats.norm.logpdf(z))))
print("t 5", repr(float(stats.t.logpdf(z, 5, scale=np.sqrt(3 / 5)))))
eta, lam = 6.0, -0.3
c = stats.t.pdf(0, eta) * np.sqrt(eta / (eta - 2))
a = 4 * lam * c * (eta - 2) / (eta - 1)
b = np.sqrt(1 + 3 * lam**2 - a**2)
y = (b * z + a) / (1 + lam * np.sign(z + a / b))
print("skewed t", repr(float(np.log(b * c) - (eta + 1) / 2 * np.log1p(y**2 / (eta - 2)))))
scale = np.sqrt(special.gamma(1 / 1.3) / special.gamma(3 / 1.3))
print("generalised error", repr(float(stats.gennorm.logpdf(z, 1.3, scale=scale))))

"""Writes analytics.jsonl: every mapped op on a few returns, straight from its definition.

Run with Python 3, NumPy 2 and SciPy 1.17: python make.py
"""

import json
from pathlib import Path

import numpy as np
from scipy import optimize, stats

r = np.array([0.10, -0.20, 0.05, 0.30, -0.10, 0.02])
b = np.array([0.05, -0.10, 0.10, 0.20, -0.05, 0.00])
x = np.column_stack([r, b, [0.01, 0.03, -0.02, 0.00, 0.02, -0.01]])
n, m, sd0, sd1 = len(r), r.mean(), r.std(), r.std(ddof=1)
loss = np.sort(-r)[::-1]
c, a = 0.7, 0.3
phi, Phi, z = stats.norm.pdf, stats.norm.cdf, stats.norm.ppf(c)
lines = []


def case(op, expect, rel=1e-12, **args):
    for name, value in args.items():
        if isinstance(value, np.ndarray):
            args[name] = value.tolist()
    if isinstance(expect, np.ndarray):
        expect = expect.tolist()
    if isinstance(expect, dict):
        expect = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in expect.items()}
    lines.append(
        {"id": f"{op}/{len(lines)}", "op": op, "args": args, "expect": expect, "tol": {"rel": rel, "abs": 1e-14},
         "tier": "core", "source": "the definition, in NumPy and SciPy", "note": ""}
    )


def error(op, kind, **args):
    case(op, {"error": kind}, **args)


# moment
case("moment.variance", sd1**2, returns=r, ddof=1)
error("moment.variance", "invalid_input", returns=[], ddof=1)
error("moment.variance", "undefined", returns=[0.1], ddof=1)
case("moment.central", ((r - m) ** 4).mean(), returns=r, order=4, root="none")
case("moment.central", sd0, returns=r, order=2, root="square")
low, up = np.maximum(m - r, 0), np.maximum(r - 0.04, 0)
case("moment.partial", (low**3).mean() ** (1 / 3), returns=r, side="lower", target="mean", order=3, divisor="all", ddof=0, root="order")
case("moment.partial", (up**2).sum() / ((up > 0).sum() - 1), returns=r, side="upper", target=0.04, order=2, divisor="beyond_target", ddof=1, root="none")
case("moment.skewness", stats.skew(r), returns=r, estimator="population")
case("moment.skewness", stats.skew(r, bias=False), returns=r, estimator="bias_corrected")
case("moment.kurtosis", stats.kurtosis(r, fisher=False), returns=r, estimator="population", excess=False)
case("moment.kurtosis", stats.kurtosis(r, bias=False), returns=r, estimator="bias_corrected", excess=True)
case("moment.kurtosis", n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * (((r - m) / sd1) ** 4).sum(), returns=r, estimator="sample", excess=False)
test = stats.jarque_bera(r)
case("moment.jarque_bera", {"statistic": test.statistic, "p_value": test.pvalue}, returns=r)
for rule, method in {
    "linear_type7": "linear", "order_statistic": "inverted_cdf", "lower": "lower", "higher": "higher",
    "hazen_type5": "hazen", "weibull_type6": "weibull", "median_unbiased_type8": "median_unbiased",
}.items():
    case("moment.quantile", np.quantile(r, 0.3, method=method), returns=r, probability=0.3, rule=rule)
case("moment.comoment", ((r - m) * (b - b.mean()) ** 2).mean(), returns=r, benchmark=b, power=2, normalise="none")
case("moment.comoment", np.cov(r, b)[0, 1] / b.var(ddof=1), returns=r, benchmark=b, power=1, normalise="benchmark_moment")

# measure: two rules that differ on returns and on losses; the tail of mass 0.3 holds 1.8 of six losses
case("measure.value_at_risk", -np.quantile(r, a), returns=r, confidence=c, method="historical", quantile="linear_type7")
case("measure.value_at_risk", -np.quantile(r, a, method="inverted_cdf"), returns=r, confidence=c, method="historical", quantile="order_statistic")
case("measure.value_at_risk", -np.quantile(r, a, method="lower"), returns=r, confidence=c, method="historical", quantile="lower")
case("measure.value_at_risk", -m + z * sd1, returns=r, confidence=c, method="normal", ddof=1)
error("measure.value_at_risk", "invalid_input", returns=r, confidence=1.0, method="normal", ddof=1)
error("measure.value_at_risk", "invalid_input", returns=[], confidence=c, method="normal", ddof=1)
S, K, q = stats.skew(r), stats.kurtosis(r), -z
h = q + (q * q - 1) * S / 6 + (q**3 - 3 * q) * K / 24 - (2 * q**3 - 5 * q) * S * S / 36
E = phi(h) / a * (1 + h**3 * S / 6 + (h**6 - 9 * h**4 + 9 * h**2 + 3) * S * S / 72 + (h**4 - 2 * h**2 - 1) * K / 24)
case("measure.value_at_risk", -(m + h * sd0), returns=r, confidence=c, method="cornish_fisher")
case("measure.expected_shortfall", (loss[0] + 0.8 * loss[1]) / 1.8, returns=r, confidence=c, method="historical", tail_mean="fractional_atom")
v = -np.quantile(r, a)
case("measure.expected_shortfall", loss[loss > v].mean(), returns=r, confidence=c, method="historical", tail_mean="strictly_beyond", quantile="linear_type7")
v = -np.quantile(r, a, method="higher")
case("measure.expected_shortfall", loss[loss >= v].mean(), returns=r, confidence=c, method="historical", tail_mean="at_or_beyond", quantile="higher")
case("measure.expected_shortfall", loss[:2].mean(), returns=r, confidence=c, method="historical", tail_mean="whole_count")
case("measure.expected_shortfall", -m + sd0 * phi(z) / a, returns=r, confidence=c, method="normal", ddof=0)
case("measure.expected_shortfall", -m + sd0 * E, returns=r, confidence=c, method="cornish_fisher", floor_at_var=False)
case("measure.expected_shortfall", -m + sd0 * max(E, -h), returns=r, confidence=c, method="cornish_fisher", floor_at_var=True)


def entropic(losses):
    bound = lambda t: np.exp(t) * np.log(np.exp(losses / np.exp(t)).mean() / a)
    return optimize.minimize_scalar(bound, bounds=(-8, 2), method="bounded", options={"xatol": 1e-12}).fun


case("measure.entropic_var", entropic(-r), rel=1e-10, returns=r, confidence=c)
case("measure.entropic_risk", 0.5 * (np.log(np.exp(-r / 0.5).mean()) - np.log(a)), returns=r, theta=0.5, confidence=c)
k, u = 0.3, 1 / (a * n)
budget = (u**k - u**-k) / (2 * k)
divergence = lambda w: (w ** (1 + k) - w ** (1 - k)).sum() / (2 * k)
worst = optimize.minimize(
    lambda w: w @ r, np.full(n, 1 / n), method="SLSQP", bounds=[(1e-12, 1)] * n, options={"ftol": 1e-15, "maxiter": 1000},
    constraints=[{"type": "eq", "fun": lambda w: w.sum() - 1}, {"type": "ineq", "fun": lambda w: budget - divergence(w)}],
)
case("measure.relativistic_var", -worst.fun, rel=1e-6, returns=r, confidence=c, kappa=k)
case("measure.mean_absolute_deviation", np.abs(r - m).mean(), returns=r)
case("measure.gini_mean_difference", np.abs(r[:, None] - r).sum() / (n * (n - 1)), returns=r)
case("measure.worst_loss", 0.20, returns=r)
case("measure.range", 0.50, returns=r)


def shortfall(losses, tail):
    losses, count = np.sort(losses)[::-1], round(tail * n, 12)
    whole = int(count)
    return (losses[:whole].sum() + (count - whole) * losses[whole]) / count


levels = np.linspace(0.0001, a, 5)
step = np.append(levels[1:], a) - np.append(0, levels[:-1])
weights = step * levels / a**2
weights[-1] = (a - levels[-2]) / a
case("measure.tail_gini", weights @ [shortfall(-r, t) for t in levels], rel=1e-10, returns=r, confidence=c, levels=5)
case("measure.expected_shortfall_range", shortfall(-r, a) + shortfall(r, a), returns=r, confidence=c)

# drawdown
W, S = np.cumprod(np.append(1, 1 + r)), np.cumsum(np.append(1, r))
top = np.maximum.accumulate
paths = {"compounded": (1 - W / top(W))[1:], "uncompounded": (top(S) - S)[1:], "uncompounded_relative": (1 - S / top(S))[1:]}
for kind, d in paths.items():
    case("drawdown.max", d.max(), returns=r, drawdown=kind)
d = paths["compounded"]
assert (d > 0).tolist() == [False, True, True, False, True, True]
depths = np.array([d[1], max(d[4], d[5])])
sample = np.append(depths, [0, 0])
case("drawdown.average", d.mean(), returns=r, drawdown="compounded", over="periods")
case("drawdown.average", depths.mean(), returns=r, drawdown="compounded", over="episodes")
case("drawdown.ulcer_index", np.sqrt((d * d).sum() / (n - 1)), returns=r, drawdown="compounded", ddof=1)
case("drawdown.at_risk", -np.quantile(-d, a, method="inverted_cdf"), returns=r, drawdown="compounded", confidence=c, quantile="order_statistic")
case("drawdown.conditional", shortfall(d, a), returns=r, drawdown="compounded", confidence=c, over="periods", tail_mean="fractional_atom")
v = np.quantile(sample, c)
case("drawdown.conditional", sample[sample >= v].mean(), returns=r, drawdown="compounded", confidence=c, over="episodes", tail_mean="at_or_beyond", quantile="linear_type7")
case("drawdown.entropic", entropic(d), rel=1e-10, returns=r, drawdown="compounded", confidence=c)
case("drawdown.episode_mean", (3 + 3) / 2, returns=r, field="length")
case("drawdown.episode_mean", (2 + 2) / 2, returns=r, field="recovery")
case("drawdown.deviation", np.sqrt((depths**2).sum() / n), returns=r)
case("drawdown.table", {"depth": depths.tolist(), "start": [1, 4], "trough": [1, 4], "to_trough": [1, 1], "length": [3, 3], "recovery": [2, 2]}, returns=r, top=5)
error("drawdown.max", "invalid_input", returns=[0.1, -1.5], drawdown="compounded")

# covariance
cov, cor = np.cov(x.T), np.corrcoef(x.T)
case("covariance.sample", np.cov(x.T, ddof=0), returns=x, ddof=0)
eigen = np.linalg.eigvalsh(cov)
case("covariance.summary", {"trace": np.trace(cov), "frobenius_norm": np.linalg.norm(cov), "log_determinant": np.log(eigen).sum(),
     "largest_eigenvalue": eigen[2], "smallest_eigenvalue": eigen[0]}, rel=1e-9, returns=x, ddof=1)
case("covariance.correlation", cor, returns=x, method="pearson")
case("covariance.correlation", stats.spearmanr(x).statistic, returns=x, method="spearman")
pairs = [[stats.kendalltau(x[:, i], x[:, j]).statistic for j in range(3)] for i in range(3)]
case("covariance.correlation", pairs, returns=x, method="kendall_tau_b")
short = np.minimum(x - 0.01, 0)
case("covariance.semi", short.T @ short / n, returns=x, target=0.01, ddof=0)
short = np.minimum(x - x.mean(axis=0), 0)
case("covariance.semi", short.T @ short / (n - 1), returns=x, target="mean", ddof=1)
age, l = np.arange(n)[::-1], 0.9
w = l**age / (l**age).sum()
first = np.where(age == n - 1, l ** (n - 1), (1 - l) * l**age)
about = lambda centre, w: (x - centre).T @ np.diag(w) @ (x - centre)
ewma = lambda expect, **args: case("covariance.ewma", expect, returns=x, decay=l, **args)
ewma(about(x.mean(axis=0), w), centre="sample_mean", weights="normalised", bias_corrected=False)
ewma(about(w @ x, w) / (1 - w @ w), centre="weighted_mean", weights="normalised", bias_corrected=True)
ewma(about(0, first), centre="zero", weights="first_observation", bias_corrected=False)
case("covariance.nearest_correlation", {"correlation": [[1, 0.5], [0.5, 1]], "distance": 0.0}, rel=1e-8, matrix=[[1, 0.5], [0.5, 1]])
case("covariance.nearest_correlation", {"correlation": [[1, -1], [-1, 1]], "distance": np.sqrt(2)}, rel=1e-8, matrix=[[1, -2], [-2, 1]])

# volatility
v, recursion = r[0] ** 2, []
for value in r:
    recursion.append(v := v if not recursion else l * v + (1 - l) * value**2)
case("volatility.ewma", {"variance": recursion[-1], "volatility_annualised": np.sqrt(12 * recursion[-1]), "variance_horizon": 3 * recursion[-1]},
     returns=r, decay=l, initial_variance="first_square", periods_per_year=12, horizon=3)
case("volatility.ewma", {"variance": recursion[3]}, returns=r, decay=l, initial_variance="first_square", observations=4)
case("volatility.ewma_effective_observations", 74, decay=0.94, tail_weight=0.01)

# backtest
h = np.array([0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0])
rb = np.where(h == 1, -0.03, 0.01)
vb = 0.02 + 0.001 * np.arange(12)
vb[2] = 0.03  # a loss equal to value at risk is no breach
hits = (-rb > vb).astype(int)
N, X, p = len(hits), int(hits.sum()), 0.1
xl = lambda x, y: x * np.log(y) if x else 0.0
lr = lambda n, x, q: -2 * (xl(x, q) + xl(n - x, 1 - q) - xl(x, x / n) - xl(n - x, 1 - x / n))
pairs = [int(((hits[:-1] == i) & (hits[1:] == j)).sum()) for i in (0, 1) for j in (0, 1)]
case("backtest.breaches", {"count": X, "transitions": pairs}, returns=rb, var=vb)
error("backtest.breaches", "invalid_input", returns=rb, var=vb[1:])
case("backtest.kupiec_pof", {"statistic": lr(20, 3, p), "p_value": stats.chi2.sf(lr(20, 3, p), 1)}, rel=1e-10, observations=20, breaches=3, confidence=0.9)
error("backtest.kupiec_pof", "invalid_input", observations=20, breaches=21, confidence=0.9)
inside = [x for x in range(61) if lr(60, x, p) < stats.chi2.ppf(0.95, 1)]
case("backtest.kupiec_region", {"lowest": inside[0], "highest": inside[-1]}, observations=60, confidence=0.9, test_confidence=0.95)
days = [d for d in range(1, 500) if lr(d, 1, p) < stats.chi2.ppf(0.95, 1)]
case("backtest.kupiec_tuff_region", {"first": days[0], "last": days[-1]}, confidence=0.9, test_confidence=0.95)
case("backtest.mixed_kupiec_combine", {"statistic": 7.5, "p_value": stats.chi2.sf(7.5, 4), "time_between_failures_p_value": stats.chi2.sf(6.5, 3)}, rel=1e-10,
     breaches=3, time_between_failures_statistic=6.5, pof_statistic=1.0)
n00, n01, n10, n11 = 10, 3, 4, 2
pool = (n01 + n11) / 19
ind = -2 * (xl(n00 + n10, 1 - pool) + xl(n01 + n11, pool) - xl(n00, n00 / 13) - xl(n01, n01 / 13) - xl(n10, n10 / 6) - xl(n11, n11 / 6))
cc = ind + lr(20, 6, p)
case("backtest.christoffersen", {"independence_statistic": ind, "independence_p_value": stats.chi2.sf(ind, 1), "conditional_coverage_statistic": cc, "conditional_coverage_p_value": stats.chi2.sf(cc, 2)}, rel=1e-10,
     transitions=[n00, n01, n10, n11], observations=20, breaches=6, confidence=0.9)
for side, test in (("greater", "greater"), ("less", "less"), ("two_sided", "two-sided")):
    case("backtest.binomial", {"p_value": stats.binomtest(5, 20, p, alternative=test).pvalue}, rel=1e-10, observations=20, breaches=5, confidence=0.9, alternative=side)
case("backtest.binomial_table", {"exact_probability": stats.binom.pmf([0, 3, 7], 20, p), "at_least_probability": stats.binom.sf([-1, 2, 6], 20, p)}, rel=1e-10,
     observations=20, breaches=[0, 3, 7], confidence=0.9)
case("backtest.traffic_light", {"cumulative_probability": stats.binom.cdf(6, 20, p), "zone": "yellow"}, rel=1e-10, observations=20, breaches=6, confidence=0.9)
case("backtest.traffic_light", {"zone": "red", "multiplier_plus": 1.0}, observations=250, breaches=10, confidence=0.99)
y = hits - p
regressors = np.column_stack([np.ones(N - 1), y[:-1], vb[1:]])
for include, k in ((True, 3), (False, 2)):
    fitted = regressors[:, :k] @ np.linalg.lstsq(regressors[:, :k], y[1:])[0]
    case("backtest.dq", {"statistic": fitted @ fitted / (p * (1 - p)), "p_value": stats.chi2.sf(fitted @ fitted / (p * (1 - p)), k)}, rel=1e-9,
         returns=rb, var=vb, confidence=0.9, lags=1, include_var=include)
es = 1.25 * vb
case("backtest.acerbi_szekely", {"statistic": (rb * hits / es).sum() / (N * p) + 1}, returns=rb, var=vb, es=es, confidence=0.9, variant="z2")
case("backtest.acerbi_szekely", {"statistic": (rb * hits / es).sum() / X + 1}, returns=rb, var=vb, es=es, confidence=0.9, variant="z1")
error("backtest.acerbi_szekely", "undefined", returns=np.abs(rb), var=vb, es=es, confidence=0.9, variant="z1")
# One day at 90 %: with probability 0.9 there is no breach and the statistic is 1, so its upper quantiles are.
case("backtest.acerbi_szekely_critical", 1.0, variant="z2", observations=1, confidence=0.9, significance=0.5, simulations=99, distribution="normal")
error("backtest.acerbi_szekely_critical", "invalid_input", variant="z2", observations=10, confidence=0.9, significance=0.05, simulations=99, distribution="student_t", degrees_of_freedom=1)

text = "".join(json.dumps(line) + "\n" for line in lines)
Path(__file__).with_name("analytics.jsonl").write_text(text)

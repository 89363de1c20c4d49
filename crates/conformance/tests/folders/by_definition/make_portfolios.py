"""Writes portfolios.jsonl: portfolios of few assets, straight from the definitions of the ops.

With two assets and a budget a portfolio is one number, so its optimum is found by narrowing an interval. Run with
Python 3.11 and nothing else: python make_portfolios.py
"""

import json
import math
from itertools import combinations
from pathlib import Path
from statistics import NormalDist

normal = NormalDist()
lines = []


def case(op, expect, rel=1e-10, abs=1e-12, **args):
    lines.append(
        {"id": f"{op}/{len(lines)}", "op": op, "args": args, "expect": expect, "tol": {"rel": rel, "abs": abs},
         "tier": "core", "source": "the definition, in Python", "note": ""}
    )


def error(op, kind, **args):
    case(op, {"error": kind}, **args)


dot = lambda x, y: math.fsum(a * b for a, b in zip(x, y, strict=True))
times = lambda M, x: [dot(row, x) for row in M]
quadratic = lambda M, x: dot(x, times(M, x))
mean_of = lambda x: math.fsum(x) / len(x)


def solve(M, b):
    """Gaussian elimination with the largest pivot."""
    rows = [list(row) + [value] for row, value in zip(M, b, strict=True)]
    n = len(rows)
    for k in range(n):
        top = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[top] = rows[top], rows[k]
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * p for a, p in zip(rows[i], rows[k])]
    x = [0.0] * n
    for k in reversed(range(n)):
        x[k] = (rows[k][n] - dot(rows[k][k + 1 : n], x[k + 1 :])) / rows[k][k]
    return x


def least(f, low, high):
    """Where a convex function of one number is least."""
    ratio = (math.sqrt(5) - 1) / 2
    a, b = low, high
    for _ in range(200):
        c, d = b - ratio * (b - a), a + ratio * (b - a)
        a, b = (a, d) if f(c) < f(d) else (c, b)
    return min((low, high, (a + b) / 2), key=f)


def root(f, low, high):
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if (f(low) > 0) != (f(middle) > 0) else (middle, high)
    return (low + high) / 2


# Two assets, their moments and eight dates of their returns.
m, S = [0.10, 0.04], [[0.04, 0.006], [0.006, 0.01]]
R = [[0.05, 0.01], [-0.08, 0.02], [0.03, -0.03], [0.11, 0.00], [-0.06, -0.02], [0.02, 0.04], [-0.01, 0.01], [0.06, 0.03]]
B = [0.02, 0.00, 0.01, 0.05, -0.05, 0.04, -0.01, 0.03]
pair = lambda x: [x, 1 - x]
portfolio = lambda w: times(R, w)
sd = lambda w: math.sqrt(quadratic(S, w))
budget, long_only = {"type": "budget", "equals": 1.0}, {"type": "box", "lower": 0.0}
a, b, c = S[0][0], S[0][1], S[1][1]


# measures of scenarios
def tail_mean(losses, confidence):
    tail = (1 - confidence) * len(losses)
    worst = sorted(losses, reverse=True)
    whole = math.floor(tail + 1e-9)
    rest = (tail - whole) * worst[whole] if tail - whole > 1e-9 else 0.0
    return (math.fsum(worst[:whole]) + rest) / tail


def drawdowns(r):
    level, peak, found = 0.0, 0.0, []
    for value in r:
        level += value
        peak = max(peak, level)
        found.append(peak - level)
    return found


def entropic(losses, confidence):
    bound = lambda u: (math.log(mean_of([math.exp(l * math.exp(u)) for l in losses])) - math.log(1 - confidence)) / math.exp(u)
    return bound(least(bound, -2.0, 9.0))


cvar = lambda r, confidence: tail_mean([-x for x in r], confidence)
apart = lambda r: [x - mean_of(r) for x in r]
semivariance = lambda r: math.fsum(min(x, 0.0) ** 2 for x in apart(r)) / (len(r) - 1)
tracking = lambda r: math.fsum(x * x for x in apart([p - q for p, q in zip(r, B)])) / (len(r) - 1)
of_returns = {
    "mad": lambda r: mean_of([abs(x) for x in apart(r)]),
    "semivariance": semivariance,
    "semideviation": lambda r: math.sqrt(semivariance(r)),
    "worst_loss": lambda r: max(-x for x in r),
    "max_drawdown": lambda r: max(drawdowns(r)),
    "average_drawdown": lambda r: mean_of(drawdowns(r)),
    "ulcer_index": lambda r: math.sqrt(mean_of([d * d for d in drawdowns(r)])),
}


def optimum(objective, value, low=0.0, high=1.0, constraints=(), rel=1e-9, weights=1e-4, **inputs):
    """The least value over [low, high]; where that is flat weights are only known to the root of rounding."""
    sign = -1 if "maximise" in objective else 1
    x = least(lambda x: sign * value(pair(x)), low, high)
    given = dict(objective=objective, constraints=[budget, long_only, *constraints], **inputs)
    case("optimize.portfolio", {"objective": value(pair(x))}, rel=rel, **given)
    case("optimize.portfolio", {"weights": pair(x)}, rel=0.0, abs=weights, **given)


moments = dict(mean=m, covariance=S)
utility = lambda w: dot(m, w) - 2.5 * quadratic(S, w)
most_utility = {"maximise": "utility", "risk_aversion": 5.0}
optimum({"minimise": "variance"}, lambda w: quadratic(S, w), covariance=S)
optimum({"minimise": "volatility"}, sd, covariance=S)
optimum({"maximise": "mean"}, lambda w: dot(m, w), mean=m)
optimum(most_utility, utility, **moments)
optimum({"maximise": "sharpe", "risk_free_per_period": 0.01}, lambda w: (dot(m, w) - 0.01) / sd(w), **moments)
optimum({"maximise": "diversification_ratio"}, lambda w: (w[0] * math.sqrt(a) + w[1] * math.sqrt(c)) / sd(w), covariance=S)
robust = {"maximise": "robust_utility", "risk_aversion": 5.0, "kappa": 1.5, "observations": 60, "mean_error": "diagonal"}
error_of = lambda w: math.hypot(math.sqrt(a / 60) * w[0], math.sqrt(c / 60) * w[1])
optimum(robust, lambda w: utility(w) - 1.5 * error_of(w), **moments)
for name, k in [("normal_var", normal.inv_cdf(0.95)), ("normal_cvar", normal.pdf(normal.inv_cdf(0.95)) / 0.05)]:
    optimum({"minimise": name, "confidence": 0.95}, lambda w: k * sd(w) - dot(m, w), **moments)
for name, measure in of_returns.items():
    optimum({"minimise": name}, lambda w: measure(portfolio(w)), rel=1e-6, weights=1e-3, returns=R)
for confidence in [0.75, 0.8]:
    optimum({"minimise": "cvar", "confidence": confidence}, lambda w: cvar(portfolio(w), confidence), rel=1e-6, returns=R)
# At half the dates the bound is least at a finite t; closer to 1 it would be the worst loss.
optimum({"minimise": "evar", "confidence": 0.5}, lambda w: entropic([-x for x in portfolio(w)], 0.5), rel=1e-6, weights=1e-3, returns=R)
optimum({"minimise": "cdar", "confidence": 0.75}, lambda w: tail_mean(drawdowns(portfolio(w)), 0.75), rel=1e-6, returns=R)
optimum({"minimise": "tracking_error_variance"}, lambda w: tracking(portfolio(w)), rel=1e-8, returns=R, benchmark=B)
optimum({"maximise": "mean_log_growth"}, lambda w: mean_of([math.log1p(x) for x in portfolio(w)]), rel=1e-6, weights=1e-3, returns=R)
ratio = {"maximise": "mean_to_cvar", "confidence": 0.75, "risk_free_per_period": 0.001}
optimum(ratio, lambda w: (mean_of(portfolio(w)) - 0.001) / cvar(portfolio(w), 0.75), rel=1e-6, returns=R)

# every constraint, as the interval it leaves
free = {"type": "box", "lower": -1.0, "upper": 2.0}


def limited(low, high, *constraints):
    optimum(most_utility, utility, low, high, constraints, **moments)


limited(0.0, 0.3, {"type": "group", "members": [0], "upper": 0.3})
limited(0.6, 1.0, {"type": "group", "members": [0], "lower": 0.6, "upper": 1.0})
limited(0.4, 0.45, {"type": "box", "lower": 0.4}, {"type": "box", "upper": 0.6}, {"type": "group", "members": [1], "lower": 0.55})
limited(0.1, 0.3, {"type": "turnover", "reference": [0.2, 0.8], "limit": 0.2})
edge = root(lambda x: sd(pair(x)) - 0.13, 0.2, 1.0)
quiet = {"type": "max_volatility", "limit": 0.13}
optimum({"maximise": "mean"}, lambda w: dot(m, w), 0.0, edge, [quiet], rel=1e-7, **moments)
optimum({"minimise": "variance"}, lambda w: quadratic(S, w), 0.75, 1.0, [{"type": "target_return", "at_least": 0.085}], **moments)
short = lambda gross: [budget, free, {"type": "gross", "limit": gross}]
case("optimize.portfolio", {"weights": [1.1, -0.1]}, abs=1e-8, objective={"maximise": "mean"}, mean=m, constraints=short(1.2))
edge = root(lambda x: cvar(portfolio(pair(x)), 0.75) - 0.04, 0.4, 1.0)
tail = {"type": "max_cvar", "limit": 0.04, "confidence": 0.75}
average = [mean_of([row[i] for row in R]) for i in range(2)]
optimum({"maximise": "mean"}, lambda w: dot(average, w), 0.0, edge, [tail], rel=1e-6, returns=R)
case("optimize.portfolio", {"weights": [0.0, 1.0], "objective": c, "variance": c}, objective={"minimise": "variance"}, covariance=S,
     constraints=[budget, long_only, {"type": "cardinality", "equals": 1}])
at = lambda x: {"weights": pair(x), "objective": quadratic(S, pair(x))}
assert quadratic(S, pair(0.3)) > c
case("optimize.portfolio", at(0.0), abs=1e-9, objective={"minimise": "variance"}, covariance=S,
     constraints=[budget, {"type": "min_position", "lower": 0.3}])
case("optimize.portfolio", at(0.25), abs=1e-9, objective={"minimise": "variance"}, covariance=S,
     constraints=[budget, {"type": "min_position", "lower": 0.2}, {"type": "group", "members": [0], "lower": 0.25}])

# costs, from a fraction inside the interval, and a ridge
spent = lambda w: 0.02 * (abs(w[0] - 0.2) + abs(w[1] - 0.8))
optimum(most_utility, lambda w: utility(w) - spent(w), costs=[{"type": "linear", "rate": 0.02, "reference": [0.2, 0.8]}], **moments)
optimum({"minimise": "variance"}, lambda w: quadratic(S, w) + 0.05 * dot(w, w), ridge=0.05, covariance=S)
error("optimize.portfolio", "infeasible", objective={"minimise": "variance"}, covariance=S, constraints=[budget, {"type": "box", "upper": 0.4}])

# quadratic programs: a square one by elimination, one whose two rows hold with equality
P, q = [[4.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 2.0]], [-1.0, 0.5, -2.0]
A, right = [[1.0, 1.0, 1.0], [1.0, 0.0, -1.0]], [1.0, 0.25]
value = lambda x: 0.5 * quadratic(P, x) + dot(q, x) + 7.0
kkt = [P[i] + [row[i] for row in A] for i in range(3)] + [row + [0.0, 0.0] for row in A]
x = solve(kkt, [-v for v in q] + right)[:3]
case("optimize.quadratic_program", {"x": x, "objective": value(x)}, P=P, q=q, constant=7.0, A=A, b=right)
x = solve(P, [-v for v in q])
case("optimize.quadratic_program", {"x": x, "objective": value(x)}, P=P, q=q, constant=7.0)
# With G x <= h tight in both rows and the multipliers not negative that point is the optimum.
P, q, G, h = [[2.0, 0.0], [0.0, 2.0]], [-4.0, -6.0], [[1.0, 1.0], [-1.0, 2.0]], [2.0, 2.0]
x = solve(G, h)
slope = [v + w for v, w in zip(times(P, x), q)]
assert min(solve([list(column) for column in zip(*G)], [-v for v in slope])) > 0
case("optimize.quadratic_program", {"x": x, "objective": 0.5 * quadratic(P, x) + dot(q, x)}, P=P, q=q, constant=0.0, G=G, h=h)
case("optimize.quadratic_program", {"x": [1.0, 3.0], "objective": -12.0}, P=P, q=q, constant=0.0, lower=[0.0, 0.0], upper=[1.0, 5.0])
error("optimize.quadratic_program", "infeasible", P=P, q=q, constant=0.0, A=[[1.0, 1.0]], b=[3.0], upper=[1.0, 1.0])

# frontier
targets = [0.04, 0.07, 0.09]
lowest = (c - b) / (a + c - 2 * b)
variance = [quadratic(S, pair(max(lowest, (t - m[1]) / (m[0] - m[1])))) for t in targets]
case("frontier.target_returns", {"variance": variance}, constraints=[budget, long_only], targets=targets, **moments)
error("frontier.target_returns", "infeasible", constraints=[budget, long_only], targets=[0.12], **moments)
line = {"weights": [[1.0, 0.0], pair(lowest)], "lambda": [(a - b) / (m[0] - m[1]), 0.0], "count": 2}
case("frontier.critical_line", line, lower=0.0, upper=1.0, **moments)
# Between bounds above the least variance: the price of mean at which the weights leave the upper one, then 0.
price = (0.7 * (a + c - 2 * b) - (c - b)) / (m[0] - m[1])
assert lowest < 0.3
line = {"weights": [[0.7, 0.3], [0.3, 0.7]], "lambda": [price, 0.0], "count": 2}
case("frontier.critical_line", line, lower=0.3, upper=0.7, **moments)
error("frontier.critical_line", "infeasible", lower=0.6, upper=1.0, **moments)

# rules
D = [0.20, 0.10, 0.15]
C = [[1.0, 0.3, 0.5], [0.3, 1.0, -0.1], [0.5, -0.1, 1.0]]
T = three = [[C[i][j] * D[i] * D[j] for j in range(3)] for i in range(3)]
scaled = lambda x: [v / math.fsum(x) for v in x]
case("optimize.inverse_risk", {"weights": scaled([1 / d for d in D])}, covariance=T, risk="volatility")
case("optimize.inverse_risk", {"weights": scaled([1 / d**2 for d in D])}, covariance=T, risk="variance")
error("optimize.inverse_risk", "undefined", covariance=[[0.04, 0.0], [0.0, 0.0]], risk="volatility")
pairs = [C[i][j] for i, j in combinations(range(3), 2)]
centre = mean_of(pairs)
spread = math.sqrt(math.fsum((p - centre) ** 2 for p in pairs) / (len(pairs) - 1))
A = [[0.0 if i == j else 1 - normal.cdf((C[i][j] - centre) / spread) for j in range(3)] for i in range(3)]
rows = [math.fsum(row) / 2 for row in A]
ranks = scaled([float(1 + sum(other > own for other in rows)) for own in rows])
weights = scaled([x / d for x, d in zip(scaled(times(A, ranks)), D)])
case("optimize.minimum_correlation", {"weights": weights}, covariance=T)

# risk budgets
w = [0.5, 0.3, 0.2]
marginal = [v / math.sqrt(quadratic(T, w)) for v in times(T, w)]
parts = [x * v for x, v in zip(w, marginal)]
risk = {"volatility": math.fsum(parts), "marginal": marginal, "contribution": parts, "relative": scaled(parts)}
case("risk_budget.contributions", risk, covariance=T, weights=w)
error("risk_budget.contributions", "invalid_input", covariance=T, weights=w[:2])
for budgets in [[0.5, 0.5], [0.8, 0.2]]:
    # With x = w sd: (x1^2 + rho x1 x2) / (x2^2 + rho x1 x2) = b1 / b2.
    rho, odds = b / math.sqrt(a * c), budgets[0] / budgets[1]
    half = rho * (1 - odds) / 2
    x = -half + math.sqrt(half * half + odds)
    w = scaled([x / math.sqrt(a), 1 / math.sqrt(c)])
    case("risk_budget.solve", {"weights": w, "risk_contributions": budgets, "volatility": sd(w)}, rel=1e-9, budgets=budgets,
         measure="volatility", covariance=S)
    # One of four scenarios is the tail; its losses, shared as the budgets say.
    Q = [[0.03, 0.02], [-0.05, -0.02], [0.04, -0.01], [-0.02, 0.01]]
    w = scaled([budgets[0] / 0.05, budgets[1] / 0.02])
    assert min(times(Q, w)) == times(Q, w)[1]
    case("risk_budget.solve", {"weights": w, "risk_contributions": budgets}, rel=1e-6, budgets=budgets, measure="cvar", returns=Q,
         confidence=0.75)
error("risk_budget.solve", "invalid_input", budgets=[0.6, 0.6], measure="volatility", covariance=S)

# trees of five assets
D = [0.20, 0.10, 0.15, 0.30, 0.12]
C = [[1.0, 0.1, 0.7, 0.2, 0.15], [0.1, 1.0, 0.05, 0.6, 0.3], [0.7, 0.05, 1.0, 0.12, 0.22], [0.2, 0.6, 0.12, 1.0, 0.4],
     [0.15, 0.3, 0.22, 0.4, 1.0]]
T = [[C[i][j] * D[i] * D[j] for j in range(5)] for i in range(5)]
d = [[math.sqrt(max(0.0, (1 - C[i][j]) / 2)) for j in range(5)] for i in range(5)]
between_rows = [[math.dist(d[i], d[j]) for j in range(5)] for i in range(5)]
inner = lambda members: [[T[i][j] for j in members] for i in members]
inverse_variance = lambda members: scaled([1 / T[i][i] for i in members])
variance_of = lambda members: quadratic(inner(members), inverse_variance(members))


def tree(distances, linkage):
    """The nodes of the tree, leaves first: (number of the left child, of the right, members)."""
    nodes, alive = [(None, None, [i]) for i in range(5)], list(range(5))
    gap = {(i, j): distances[i][j] for i, j in combinations(range(5), 2)}
    while len(alive) > 1:
        i, j = min(combinations(alive, 2), key=gap.get)
        joined, size = len(nodes), lambda k: len(nodes[k][2])
        for k in (k for k in alive if k not in (i, j)):
            to_i, to_j = gap[min(i, k), max(i, k)], gap[min(j, k), max(j, k)]
            total = size(i) + size(j) + size(k)
            squares = (size(i) + size(k)) * to_i**2 + (size(j) + size(k)) * to_j**2 - size(k) * gap[i, j] ** 2
            gap[k, joined] = min(to_i, to_j) if linkage == "single" else math.sqrt(squares / total)
        nodes.append((i, j, nodes[i][2] + nodes[j][2]))
        alive = [k for k in alive if k not in (i, j)] + [joined]
    return nodes


def halves(order, capital, weights):
    if len(order) == 1:
        weights[order[0]] = capital
        return weights
    left, right = order[: len(order) // 2], order[len(order) // 2 :]
    share = 1 - variance_of(left) / (variance_of(left) + variance_of(right))
    return halves(right, capital * (1 - share), halves(left, capital * share, weights))


def groups(nodes, clusters):
    """The nodes that the highest clusters - 1 merges leave."""
    open_nodes = [len(nodes) - 1]
    for _ in range(clusters - 1):
        top = max(open_nodes)
        open_nodes = [k for k in open_nodes if k != top] + list(nodes[top][:2])
    return sorted(open_nodes)


for linkage in ["single", "ward"]:
    for distance, distances in [("correlation", d), ("euclidean_of_correlation_distance", between_rows)]:
        nodes = tree(distances, linkage)
        order = nodes[-1][2]
        portfolio_of = {"order": order, "weights": halves(order, 1.0, [0.0] * 5)}
        given = dict(covariance=T, linkage=linkage, distance=distance)
        case("hierarchical.hrp", portfolio_of, leaf_order="scipy", split="half_of_list", **given)
        for clusters in [2, 3]:
            cut = groups(nodes, clusters)
            risk_of = lambda k: variance_of(nodes[k][2]) if k in cut else risk_of(nodes[k][0]) + risk_of(nodes[k][1])

            def share(k, capital, weights):
                if k in cut:
                    for i, v in zip(nodes[k][2], inverse_variance(nodes[k][2])):
                        weights[i] = capital * v
                    return weights
                left, right, _ = nodes[k]
                part = risk_of(right) / (risk_of(left) + risk_of(right))
                return share(right, capital * (1 - part), share(left, capital * part, weights))

            case("hierarchical.herc", {"weights": share(len(nodes) - 1, 1.0, [0.0] * 5)}, clusters=clusters, cluster_risk="variance", **given)

            def minimum_variance(M):
                """The best of the portfolios without a short position that some set of assets has."""
                found = []
                for count in range(1, len(M) + 1):
                    for held in combinations(range(len(M)), count):
                        x = scaled(solve([[M[i][j] for j in held] for i in held], [1.0] * count))
                        if min(x) >= 0:
                            found.append([dict(zip(held, x)).get(i, 0.0) for i in range(len(M))])
                return min(found, key=lambda x: quadratic(M, x))

            members = [nodes[k][2] for k in cut]
            within = [dict(zip(group, minimum_variance(inner(group)))) for group in members]
            columns = [[own.get(i, 0.0) for i in range(5)] for own in within]
            between = [[dot(x, times(T, y)) for y in columns] for x in columns]
            outer = minimum_variance(between)
            weights = [dot(outer, [column[i] for column in columns]) for i in range(5)]
            case("hierarchical.nco", {"weights": weights}, rel=1e-8, clusters=clusters, inner="min_variance", outer="min_variance", **given)
error("hierarchical.hrp", "invalid_input", covariance=[[0.04, 0.0], [0.0, 0.0]], linkage="single", distance="correlation",
      leaf_order="scipy", split="half_of_list")
error("hierarchical.herc", "invalid_input", covariance=T, linkage="ward", distance="correlation", clusters=6, cluster_risk="variance")
error("hierarchical.nco", "invalid_input", covariance=T, linkage="ward", distance="correlation", clusters=0, inner="min_variance",
      outer="min_variance")

# Black and Litterman
tau, aversion, held = 0.05, 2.5, [0.5, 0.3, 0.2]
T = three
pi = [aversion * v for v in times(T, held)]
case("black_litterman.implied_returns", {"implied_returns": pi}, covariance=T, weights=held, risk_aversion=aversion)
error("black_litterman.implied_returns", "invalid_input", covariance=T, weights=held, risk_aversion=0.0)
noisy, product = [p + e for p, e in zip(pi, [0.01, -0.005, 0.002])], times(T, held)
price = dot(product, noisy) / dot(product, product)
case("black_litterman.implied_risk_aversion", price, covariance=T, weights=held, implied_returns=noisy)
error("black_litterman.implied_risk_aversion", "invalid_input", covariance=T, weights=held, implied_returns=[-p for p in pi])
error("black_litterman.implied_risk_aversion", "undefined", covariance=T, weights=[0.0, 0.0, 0.0], implied_returns=pi)
V, said = [[1.0, -1.0, 0.0], [0.0, 0.5, 0.5]], [0.06, 0.02]
case("black_litterman.view_variance", {"variance": [quadratic(T, p) for p in V]}, covariance=T, views=V)
error("black_litterman.view_variance", "invalid_input", covariance=T, views=[[0.0, 0.0, 0.0]])


def blend(omega):
    """K (a column a view), the mean and the covariance."""
    cross = [[tau * v for v in times(T, p)] for p in V]
    total = [[dot(V[i], cross[j]) + omega[i][j] for j in range(2)] for i in range(2)]
    K = [solve(total, [cross[k][i] for k in range(2)]) for i in range(3)]
    gap = [s - dot(p, pi) for s, p in zip(said, V)]
    covariance = [[(1 + tau) * T[i][j] - dot(K[i], [cross[k][j] for k in range(2)]) for j in range(3)] for i in range(3)]
    return [p + dot(k, gap) for p, k in zip(pi, K)], covariance


optimal = lambda M, mean: [v / aversion for v in solve(M, mean)]
proportional = [[tau * quadratic(T, V[i]) if i == j else 0.0 for j in range(2)] for i in range(2)]
full = [[0.0008, 0.0002], [0.0002, 0.0003]]
given = dict(covariance=T, prior_mean=pi, tau=tau, views=V, view_returns=said, risk_aversion=aversion)
for name, omega in [("proportional", proportional), (full, full)]:
    mean, after = blend(omega)
    weights = optimal(after, mean)
    tilt = [w - v / (1 + tau) for w, v in zip(weights, optimal(T, pi))]
    expect = {"mean": mean, "covariance": after, "weights": weights, "weights_minus_scaled_market": tilt}
    case("black_litterman.posterior", expect, view_covariance=name, weights_covariance="posterior", **given)
    weights = optimal(T, mean)
    case("black_litterman.posterior", {"weights": weights}, view_covariance=name, weights_covariance="prior", **given)
    case("black_litterman.posterior", {"weights": scaled(weights)}, view_covariance=name, weights_covariance="prior", normalise_weights=True,
         **given)
error("black_litterman.posterior", "invalid_input", view_covariance="proportional", weights_covariance="prior", **{**given, "tau": 0.0})
error("black_litterman.posterior", "infeasible", view_covariance=[[0.0, 0.0], [0.0, 0.0]], weights_covariance="prior",
      **{**given, "views": [V[0], V[0]]})
V, said = [[1.0, -1.0, 0.0], [0.0, 0.5, 0.5]], [0.10, 0.05]
certain, stated = (optimal(T, blend(omega)[0]) for omega in ([[0.0, 0.0], [0.0, 0.0]], proportional))
share_of = [(s - w) / (f - w) for s, f, w in zip(stated, certain, held)]
case("black_litterman.implied_confidence", {"full_confidence_weights": certain, "implied_confidence_first7": share_of}, covariance=T,
     market_weights=held, risk_aversion=aversion, tau=tau, views=V, view_returns=said)
error("black_litterman.implied_confidence", "invalid_input", covariance=T, market_weights=held, risk_aversion=aversion, tau=-0.1, views=V,
      view_returns=said)

# Kelly
growth = lambda p, odds, f: p * math.log1p(odds * f) + (1 - p) * math.log1p(-f)
for p, odds in [(0.53, 1.0), (0.3, 4.0)]:
    f = p - (1 - p) / odds
    case("kelly.binary", {"fraction": f, "growth": growth(p, odds, f)}, probability=p, odds=odds)
error("kelly.binary", "invalid_input", probability=1.2, odds=1.0)
excess, vol = 0.09 - 0.03, 0.2
ideal = {"fraction": excess / vol**2, "growth": 0.03 + excess**2 / (2 * vol**2), "sharpe": excess / vol}
case("kelly.continuous", ideal, mean=0.09, volatility=vol, risk_free=0.03)
error("kelly.continuous", "invalid_input", mean=0.09, volatility=0.0, risk_free=0.03)

# Sharpe ratios
r = [row[0] for row in R]
n = len(r)
around = apart(r)
moment = lambda k: mean_of([x**k for x in around])
ratio = mean_of(r) / math.sqrt(moment(2) * n / (n - 1))
skewness, kurtosis = moment(3) / moment(2) ** 1.5, moment(4) / moment(2) ** 2
corrected_skewness = skewness * math.sqrt(n * (n - 1)) / (n - 2)
corrected_kurtosis = 3 + (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (kurtosis - 3) + 6)
spread = lambda s, k: 1 - s * ratio + (k - 1) / 4 * ratio**2
above = lambda reference, s, k: normal.cdf((ratio - reference) * math.sqrt(n - 1) / math.sqrt(spread(s, k)))
record = lambda reference, confidence, s, k: 1 + spread(s, k) * (normal.inv_cdf(confidence) / (ratio - reference)) ** 2
case("metric.sharpe_ratio", ratio, returns=r, risk_free=0.0, periods_per_year=1, ddof=1)
error("metric.sharpe_ratio", "undefined", returns=[0.01, 0.01, 0.01, 0.01], risk_free=0.0, periods_per_year=1, ddof=1)
trials = [0.1, -0.05, 0.2, 0.02, 0.15]


def luck(variance, count):
    gamma = 0.5772156649015329
    return math.sqrt(variance) * ((1 - gamma) * normal.inv_cdf(1 - 1 / count) + gamma * normal.inv_cdf(1 - 1 / (count * math.e)))


variance_of_trials = lambda ddof: math.fsum(x * x for x in apart(trials)) / (len(trials) - ddof)
shapes = {"population": (skewness, kurtosis), "bias_corrected": (corrected_skewness, corrected_kurtosis)}
for name, shape in shapes.items():
    given = dict(returns=r, ddof=1, moments=name, kurtosis="estimated")
    for reference in [0.0, 0.1]:
        case("inference.probabilistic_sharpe_ratio", above(reference, *shape), reference=reference, **given)
        case("inference.minimum_track_record_length", record(reference, 0.95, *shape), reference=reference, confidence=0.95, **given)
    case("inference.deflated_sharpe_ratio", above(luck(variance_of_trials(1), 5), *shape), trial_sharpes=trials, **given)
for ddof in [0, 1]:
    case("inference.expected_maximum_sharpe", luck(variance_of_trials(ddof), 5), trial_sharpes=trials, ddof=ddof)
given = dict(sharpe=ratio, skewness=skewness, kurtosis=kurtosis)
case("inference.probabilistic_sharpe_from_moments", above(0.05, skewness, kurtosis), observations=n, reference=0.05, **given)
case("inference.minimum_track_record_from_moments", record(0.05, 0.9, skewness, kurtosis), reference=0.05, confidence=0.9, **given)
deflated = {"expected_maximum_sharpe": luck(0.01, 20), "probability": above(luck(0.01, 20), skewness, kurtosis)}
case("inference.deflated_sharpe_from_moments", deflated, observations=n, trials=20, trial_sharpe_variance=0.01, **given)
for op, more in [
    ("probabilistic_sharpe_ratio", dict(reference=0.0)),
    ("minimum_track_record_length", dict(reference=0.0, confidence=0.95)),
    ("deflated_sharpe_ratio", dict(trial_sharpes=trials)),
]:
    error(f"inference.{op}", "undefined", returns=[0.01, 0.01, 0.01, 0.01], ddof=1, moments="population", kurtosis="estimated", **more)
error("inference.expected_maximum_sharpe", "undefined", trial_sharpes=[0.1], ddof=1)
error("inference.minimum_track_record_from_moments", "undefined", reference=ratio + 0.1, confidence=0.9, **given)
error("inference.probabilistic_sharpe_from_moments", "insufficient_data", observations=1, reference=0.0, **given)
error("inference.deflated_sharpe_from_moments", "invalid_input", observations=n, trials=1, trial_sharpe_variance=0.01, **given)

# the block length of Politis and White
x, state = [0.0], 1
for _ in range(199):
    state = state * 16807 % 2147483647
    x.append(0.6 * x[-1] + state / 2147483647 - 0.5)
x = [round(v, 6) for v in x]
n, e = len(x), apart(x)
squares = lambda values: math.fsum(v * v for v in values)
covariance_at = lambda k: math.fsum(e[t] * e[t - k] for t in range(k, n)) / n
# Each autocorrelation over the stretches it multiplies, less one more date at an end of each.
correlation_at = lambda k: covariance_at(k) * n / math.sqrt(squares(e[k + 1 :]) * squares(e[: n - k - 1]))
run, critical = max(5, math.floor(math.log10(n))), 2 * math.sqrt(math.log10(n) / n)
most = math.ceil(math.sqrt(n)) + run
quiet_from = next(k for k in range(most) if all(abs(correlation_at(j)) < critical for j in range(k, k + run)))
reach = min(2 * max(quiet_from, 1), most)
flat = lambda k: 1.0 if k / reach <= 0.5 else 2 * (1 - k / reach)
every = range(-reach, reach + 1)
G = math.fsum(flat(abs(k)) * abs(k) * covariance_at(abs(k)) for k in every)
long_run = math.fsum(flat(abs(k)) * covariance_at(abs(k)) for k in every)
block = lambda D: (2 * G**2 / D) ** (1 / 3) * n ** (1 / 3)
blocks = {"stationary": block(2 * long_run**2), "circular": block(4 / 3 * long_run**2)}
case("timeseries.optimal_block_length", blocks, rel=1e-9, series=x)
error("timeseries.optimal_block_length", "undefined", series=[1.0] * 12)
error("timeseries.optimal_block_length", "insufficient_data", series=x[:9])

text = "".join(json.dumps(line) + "\n" for line in lines)
Path(__file__).with_name("portfolios.jsonl").write_text(text)
